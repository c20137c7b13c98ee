use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{ContextRead, Entry, select};
use proptest::prelude::*;

use super::*;
use crate::fingerprint::sha256;

type Files = BTreeMap<String, (bool, String)>;

fn tree(files: &Files) -> Tree {
    let entries = files.keys().map(|path| Entry { path: path.clone(), kind: EntryKind::File });
    let mut tree = Tree::new("", Listing::new(entries.collect()));
    for index in 0..tree.listing().entries().len() {
        let (executable, content) = &files[&tree.path(index)];
        let mode = if *executable { Mode::Executable } else { Mode::File };
        let state = FileState { mode, sha256: sha256(content.as_bytes()), size: 0 };
        tree.set_file(index, state);
    }
    tree
}

fn selection(tree: &Tree, patterns: &[&str]) -> Selection {
    let read = ContextRead {
        context: None,
        patterns: patterns.iter().map(|text| (*text).to_owned()).collect(),
        excludes: Vec::new(),
        parents: false,
        line: 1,
    };
    select(tree.listing(), &[&read])
}

/// Names of which none is a folder here and a file there.
fn files() -> impl Strategy<Value = Files> {
    prop::collection::btree_map(
        "[a-c]{1,2}(/[a-c-]{1,2}){0,2}/?",
        (any::<bool>(), "[xy]{0,2}"),
        0..8,
    )
    .prop_map(|files| {
        let paths: BTreeSet<String> =
            files.keys().map(|path| path.trim_end_matches('/').to_owned()).collect();
        let is_folder = |path: &str| paths.iter().any(|p| p.starts_with(&format!("{path}/")));
        let all =
            files.into_iter().map(|(path, file)| (path.trim_end_matches('/').to_owned(), file));
        all.filter(|(path, _)| !is_folder(path)).collect()
    })
}

fn whole(files: &Files) -> TreeDigest {
    let tree = tree(files);
    tree.digest(&selection(&tree, &["."]), &[])
}

proptest! {
    #[test]
    fn equal_trees_and_only_they_have_equal_digests(a in files(), b in files()) {
        prop_assert_eq!(whole(&a) == whole(&b), a == b);
    }

    /// What is beside the selection doesn't count, nor does what was asked before.
    #[test]
    fn a_digest_is_of_what_is_selected(
        files in files(),
        patterns in prop::collection::vec(prop::sample::select(vec!["a", "b*", "a/b", "*/c", "ab", "?"]), 1..4),
        before in prop::sample::select(vec![".", "a", "*", "a/b", "*/c", "*/?"]),
    ) {
        let all = tree(&files);
        all.digest(&selection(&all, &[before]), &[]);
        let selected = selection(&all, &patterns);
        let of_selected: Files = all
            .files(&selected)
            .map(|(path, _)| (path.clone(), files[&path].clone()))
            .collect();
        prop_assert_eq!(all.digest(&selected, &[]), whole(&of_selected));
        for (index, (path, _)) in selected.entries().zip(all.files(&selected)) {
            let mut without = of_selected.clone();
            without.remove(&path);
            prop_assert_eq!(all.digest(&selected, &[index]), whole(&without));
        }
    }
}

proptest! {
    /// A tree that is changed into another has that one's digest, once its gaps are filled.
    #[test]
    fn a_changed_tree_is_the_other_tree(before in files(), after in files()) {
        let (old, new) = (tree(&before), tree(&after));
        old.digest(&selection(&old, &["."]), &[]);
        let paths = |from: &Files, without: &Files| -> Vec<String> {
            from.keys().filter(|path| !without.contains_key(*path)).cloned().collect()
        };
        let find = |path: &String| old.listing().find(path).unwrap();
        let removed: BTreeSet<usize> = paths(&before, &after).iter().map(find).collect();
        let added = paths(&after, &before);
        let added = added.into_iter().map(|path| Entry { path, kind: EntryKind::File }).collect();
        let differs = |path: &&String| after.get(*path).is_some_and(|file| file != &before[*path]);
        let unknown = before.keys().filter(differs).map(find).collect();
        let mut changed = old.changed(&removed, added, &unknown);
        prop_assert_eq!(changed.listing(), new.listing());
        for index in 0..new.listing().entries().len() {
            match changed.file(index) {
                None => changed.set_file(index, *new.file(index).unwrap()),
                known => prop_assert_eq!(known, new.file(index)),
            }
        }
        prop_assert_eq!(changed.digest(&selection(&changed, &["."]), &[]), whole(&after));
    }

    /// Trees that share what has not changed keep apart what has, whichever is asked first.
    #[test]
    fn trees_that_list_the_same_keep_apart_what_differs(
        before in files(),
        picks in prop::collection::vec(any::<bool>(), 8),
        asked_before in any::<bool>(),
    ) {
        let mut after = before.clone();
        let mut unknown = BTreeSet::new();
        for (index, (_, content)) in after.values_mut().enumerate() {
            if picks[index] {
                content.push('z');
                unknown.insert(index);
            }
        }
        let old = tree(&before);
        let digest = |tree: &Tree| tree.digest(&selection(tree, &["."]), &[]);
        if asked_before {
            digest(&old);
        }
        let mut changed = old.changed(&BTreeSet::new(), Vec::new(), &unknown);
        prop_assert!(changed.shares_listing_with(&old));
        let new = tree(&after);
        for &index in &unknown {
            prop_assert_eq!(changed.file(index), None);
            changed.set_file(index, *new.file(index).unwrap());
        }
        prop_assert_eq!(digest(&changed), whole(&after));
        prop_assert_eq!(digest(&old), whole(&before));
        prop_assert_eq!(digest(&changed), whole(&after));
    }
}

#[test]
fn a_file_that_went_away_is_none() {
    let files: Files = [("a/x", "1"), ("b", "2")]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), (false, text.to_owned())))
        .collect();
    let all = tree(&files);
    let gone = Tree::new("", Listing::clone(all.listing()));
    assert_eq!(gone.digest(&selection(&gone, &["."]), &[]), whole(&Files::new()));
    assert_ne!(whole(&files), whole(&Files::new()));
}

#[test]
fn paths_are_from_the_workspace_root() {
    let entries = vec![Entry { path: "src/x.py".to_owned(), kind: EntryKind::File }];
    let tree = Tree::new("lambdas/one", Listing::new(entries));
    assert_eq!(tree.path(0), "lambdas/one/src/x.py");
}
