//! Whether BuildKit finds what an instruction copies: most Dockerfiles have to be such that they can
//! be built.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{ContextRead, Entry, EntryKind, Listing, Selection, Settings, select};

use crate::monorepo::{Content, Monorepo, join};

/// Whether all sources are in the context whose root is `root`, as an ignore file leaves it.
pub(crate) fn are_there(monorepo: &Monorepo, root: &str, ignore: &str, sources: &[String]) -> bool {
    are_there_with(monorepo, root, ignore, &[], sources)
}

/// The same for an instruction with flags.
pub(crate) fn are_there_with(
    monorepo: &Monorepo,
    root: &str,
    ignore: &str,
    flags: &[String],
    sources: &[String],
) -> bool {
    let ignore = dockerfile::parse_dockerignore(monorepo.text(ignore)).unwrap();
    let entry = |path: String| {
        let kind = match &monorepo.files[&join(root, &path)] {
            Content::File { .. } => EntryKind::File,
            Content::Link(text) => EntryKind::Symlink(text.clone()),
        };
        Entry { path, kind }
    };
    let listing = Listing::new(monorepo.below(root).into_iter().map(entry).collect());
    let listing = listing.without_ignored(&ignore);
    let words: Vec<&str> = sources.iter().map(String::as_str).chain(["/"]).collect();
    let found = read(&listing, &format!("COPY {} {words:?}", flags.join(" ")));
    let entries = listing.entries();
    let links = found.entries().map(|index| &entries[index]);
    let mut links = links.filter(|entry| matches!(entry.kind, EntryKind::Symlink(_)));
    // For the key of its cache, BuildKit follows each link that a glob brings in.
    let is_glob = sources.iter().any(|source| source.contains(['*', '?', '[']));
    let leads_somewhere = |entry: &Entry| {
        let path = entry.path.as_str();
        read(&listing, &format!("COPY {:?}", [path, "/"])).misses.is_empty()
    };
    found.misses.is_empty() && (!is_glob || links.all(leads_somewhere))
}

fn read(listing: &Listing, instruction: &str) -> Selection {
    let text = format!("FROM scratch\n{instruction}\n");
    let settings = Settings {
        target: None,
        args: &BTreeMap::new(),
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &BTreeSet::new(),
    };
    let reads = dockerfile::parse_dockerfile(&text).unwrap().resolve(&settings).unwrap().sources;
    select(listing, &reads.iter().collect::<Vec<&ContextRead>>())
}
