//! Random small trees, and reads that are likely to hit them.

use proptest::prelude::*;

use crate::listing::{Entry, EntryKind};
use crate::resolve::ContextRead;

const NAMES: &[&str] = &["a", "b", "c", "a-b", "ab", "x.py", "[a]", "é"];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(NAMES).prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..4).prop_map(|names| names.join("/"))
}

fn link_text() -> impl Strategy<Value = String> {
    let component = prop_oneof![4 => name(), 2 => Just("..".to_owned()), 1 => Just(".".to_owned())];
    let start = prop::sample::select(vec!["", "", "/", "/../", "//"]);
    let end = prop::sample::select(vec!["", "", "", "/"]);
    (start, prop::collection::vec(component, 1..4), end)
        .prop_map(|(start, components, end)| format!("{start}{}{end}", components.join("/")))
}

/// Entries of which none is below a file or a link.
pub(crate) fn trees() -> impl Strategy<Value = Vec<Entry>> {
    let kind = prop_oneof![
        4 => Just(EntryKind::File),
        3 => link_text().prop_map(EntryKind::Symlink),
        1 => Just(EntryKind::Folder),
    ];
    let entry = (path(), kind).prop_map(|(path, kind)| Entry { path, kind });
    prop::collection::vec(entry, 0..14).prop_map(|entries| {
        let mut tree: Vec<Entry> = Vec::new();
        for entry in entries {
            let fits = tree.iter().all(|other| {
                let below = |path: &str, folder: &str| path.starts_with(&format!("{folder}/"));
                entry.path != other.path
                    && (!below(&entry.path, &other.path) || other.kind == EntryKind::Folder)
                    && (!below(&other.path, &entry.path) || entry.kind == EntryKind::Folder)
            });
            if fits {
                tree.push(entry);
            }
        }
        tree
    })
}

fn source() -> impl Strategy<Value = String> {
    let globs =
        vec!["*", "?", "a*", "*b", "[ab]", "[^a]", "**", "*.py", "[[]a]", r"\[*", "x[^/]*", "["];
    let component =
        prop_oneof![4 => name(), 2 => prop::sample::select(globs).prop_map(str::to_owned)];
    let path = prop::collection::vec(component, 1..4).prop_map(|components| components.join("/"));
    let odd = prop::sample::select(vec![".", "[^x]*", "a[^x]b", "a/./b", "*/./**"]);
    prop_oneof![9 => path, 1 => odd.prop_map(str::to_owned)]
}

pub(crate) fn reads() -> impl Strategy<Value = Vec<ContextRead>> {
    let excludes = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(
            prop::sample::select(vec!["*", "a", "**/b", "!a", "!a/b", "*/a", "*.py"])
                .prop_map(str::to_owned),
            1..4,
        ),
    ];
    let read = (prop::collection::vec(source(), 1..3), excludes, prop::bool::weighted(0.2));
    let read = read.prop_map(|(patterns, excludes, parents)| {
        let cleaned = patterns.into_iter().map(|pattern| match parents {
            true => pattern,
            false => crate::gopath::below_root(&pattern),
        });
        let patterns = cleaned.collect();
        ContextRead { context: None, patterns, excludes, parents, line: 1 }
    });
    prop::collection::vec(read, 1..4)
}
