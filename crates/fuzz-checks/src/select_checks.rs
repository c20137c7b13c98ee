//! What must hold of the files that a build reads: a narrowed ignore file lets all of them through,
//! and nothing that the original keeps out.
//!
//! A text is three parts, separated by lines `---`: an ignore file; the context, a path per line
//! (`folder/`, `link -> text`); the instructions of a stage.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{
    ContextRead, Dockerignore, Entry, EntryKind, Listing, Reach, Settings, narrowed_ignore,
    parse_dockerfile, parse_dockerignore, select,
};

use crate::dockerfile_checks::{LONGEST_PATH, read_ignore};

const LONGEST_NAME: usize = 255;

pub(crate) fn check_select(text: &str) {
    if let Some((ignore, listing, reads)) = read_parts(text) {
        check_reads(&ignore, &listing, &reads);
    }
}

/// Of [`check_select`] only what reads.
pub(crate) fn read_large_select(text: &str) {
    if let Some((ignore, listing, reads)) = read_parts(text) {
        let listing = listing.without_ignored(&ignore);
        let selection = select(&listing, &reads.iter().collect::<Vec<_>>());
        let narrowed = parse_dockerignore(&narrowed_ignore(&ignore, &listing, &selection));
        assert!(narrowed.is_ok(), "a narrowed ignore file is valid");
    }
}

fn read_parts(text: &str) -> Option<(Dockerignore, Listing, Vec<ContextRead>)> {
    let mut parts = text.split("\n---\n");
    let (ignore, tree, stage) = (parts.next()?, parts.next()?, parts.next()?);
    Some((read_ignore(ignore)?, Listing::new(read_tree(tree)), read_stage(stage)?))
}

fn check_reads(ignore: &Dockerignore, all: &Listing, reads: &[ContextRead]) {
    let reads: Vec<&ContextRead> = reads.iter().collect();
    let listing = all.clone().without_ignored(ignore);
    let selection = select(&listing, &reads);
    let read: Vec<usize> = selection.entries().collect();
    assert!(read.is_sorted_by(|a, b| a < b), "{read:?}");
    assert!(read.iter().all(|&index| selection.reads(index)));
    assert!(selection.misses.iter().all(|miss| !miss.to_string().is_empty()));

    check_reach(&listing, &reads, &read);
    let text = narrowed_ignore(ignore, &listing, &selection);
    let narrowed = parse_dockerignore(&text).expect("a narrowed ignore file is valid");
    let narrowed = all.clone().without_ignored(&narrowed);
    let read: Vec<&Entry> = read.into_iter().map(|index| &listing.entries()[index]).collect();
    for entry in &read {
        assert!(narrowed.find(&entry.path).is_some(), "{entry:?} is lost by {text}");
    }
    for entry in narrowed.entries() {
        assert!(listing.find(&entry.path).is_some(), "{entry:?} is let in by {text}");
    }
    let again = select(&narrowed, &reads);
    let same: Vec<&Entry> = again.entries().map(|index| &narrowed.entries()[index]).collect();
    assert_eq!(same, read, "what is left reads differently by {text}");
}

/// A walk that goes where reads can lead comes by all that is read.
fn check_reach(listing: &Listing, reads: &[&ContextRead], read: &[usize]) {
    let mut reach = Reach::new(reads.iter().copied());
    while reach.add_links(listing) {}
    assert!(reach.covers(&Reach::new(reads.iter().copied())));
    for path in read.iter().map(|&index| &listing.entries()[index].path) {
        assert!(reach.touches(path), "a walk goes nowhere near {path:?}");
        assert_eq!(reach.reads(path), !reach.readers(path).is_empty(), "{path:?}");
        assert!(reach.readers(path).is_subset(&reach.readers_below(path)), "{path:?}");
    }
}

/// What a stage of these instructions reads of the main context.
fn read_stage(instructions: &str) -> Option<Vec<ContextRead>> {
    let dockerfile = parse_dockerfile(&format!("FROM scratch\n{instructions}")).ok()?;
    let settings = Settings {
        target: None,
        args: &BTreeMap::new(),
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &BTreeSet::new(),
    };
    let resolved = dockerfile.resolve(&settings).ok()?;
    Some(resolved.sources.into_iter().filter(|read| read.context.is_none()).collect())
}

/// Entries that a real tree could have: names that Linux takes, and nothing below a file or a link.
fn read_tree(text: &str) -> Vec<Entry> {
    let mut kinds = BTreeMap::new();
    for line in text.lines() {
        let (path, kind) = match (line.split_once(" -> "), line.strip_suffix('/')) {
            (Some((path, text)), _) if !text.is_empty() && !text.contains('\0') => {
                (path, EntryKind::Symlink(text.to_owned()))
            }
            (None, Some(path)) => (path, EntryKind::Folder),
            _ => (line, EntryKind::File),
        };
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.len() <= LONGEST_NAME;
        if path.len() <= LONGEST_PATH && path.split('/').all(is_name) && !path.contains('\0') {
            kinds.insert(path, kind);
        }
    }
    let is_possible = |path: &str| {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders
            .into_iter()
            .all(|folder| matches!(kinds.get(folder), None | Some(EntryKind::Folder)))
    };
    let possible = kinds.iter().filter(|(path, _)| is_possible(path));
    possible.map(|(path, kind)| Entry { path: (*path).to_owned(), kind: kind.clone() }).collect()
}
