//! A walk that asks where to go finds all that a walk of everything finds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Reach, Reached};
use crate::listing::{Entry, EntryKind, Listing};
use crate::select::select;
use crate::select::tests::{generate, listing, reads};

/// The listing that a walk by `reach` makes of a context.
fn walk(whole: &Listing, reach: &Reach) -> Listing {
    let mut found: BTreeMap<String, EntryKind> = BTreeMap::new();
    for entry in whole.entries() {
        let Some(mut at) = reach.root() else { break };
        let mut path = String::new();
        let components: Vec<&str> = entry.path.split('/').collect();
        for (index, component) in components.iter().enumerate() {
            path = if path.is_empty() {
                (*component).to_owned()
            } else {
                format!("{path}/{component}")
            };
            if index + 1 == components.len() {
                found.insert(path.clone(), entry.kind.clone());
                break;
            }
            found.entry(path.clone()).or_insert(EntryKind::Folder);
            match reach.enter(&at, component) {
                Some(next) => at = next,
                None => break,
            }
        }
    }
    Listing::new(found.into_iter().map(|(path, kind)| Entry { path, kind }).collect())
}

fn walk_with_links(whole: &Listing, reach: &mut Reach) -> Listing {
    loop {
        let found = walk(whole, reach);
        if !reach.add_links(&found) {
            return found;
        }
    }
}

/// Folders of the tree that the reads lead into, the root left out.
#[track_caller]
fn check(tree: &str, sources: &str, expected: &str) {
    let reads = reads(sources);
    let mut reach = Reach::new(&reads);
    let found = walk_with_links(&listing(tree), &mut reach);
    let entered = found.entries().iter().filter_map(|entry| entry.path.rsplit_once('/'));
    let entered: BTreeSet<&str> = entered.map(|(folder, _)| folder).collect();
    assert_eq!(entered.into_iter().collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn a_walk_goes_where_something_may_be_read() {
    check("a/x b/x c/d/x c/e/x", "a c/d", "a c c/d");
    check("a/x b/x", "", "");
    check("a/x b/x", ".", "a b");
    check("a/s/x b/s/x b/t/x", "*/s", "a a/s b b/s");
    check("a/x b/x", "[", "a b");
    check("a/x b/c/x d/x", "--parents b/**/x", "b b/c");
    check("a/b/x a/c/x", "--parents a/./b", "a a/b");
}

#[test]
fn a_walk_follows_links() {
    check("a->b b/x c/x", "a", "b");
    check("a->b/../c b/x c/x d/x", "a", "b c");
    check("a/l->../../b/x b/x c/x", "a", "a b");
    check("a->b b->c c->d d/x e/x", "a", "d");
}

#[test]
fn paths_that_may_be_read() {
    let reads = reads("src *.py; --parents data/**/x.csv");
    let reach = Reach::new(&reads);
    for path in ["src", "src/a/b", "x.py", "x.py/y", "data/a"] {
        assert!(reach.reads(path), "{path}");
    }
    for path in ["README.md", "sr", "lib/x.py"] {
        assert!(!reach.reads(path) && !reach.touches(path), "{path}");
    }
    assert_eq!(reach.root(), Some(Reached::Nodes(vec![0])));
    assert!(reach.touches(".") && !reach.reads("."));
    assert_eq!(Reach::everything().root(), Some(Reached::All));
}

#[test]
fn each_path_has_its_readers() {
    let mut reach = Reach::default();
    assert!(reach.readers("a").is_empty());
    reach = Reach::new([]);
    reach.add_reads(1, &reads("src"));
    reach.add_reads(2, &reads("s*/a; b"));
    reach.add_path(3, "src/a/b");
    let readers = |path: &str| reach.readers(path).into_iter().collect::<Vec<_>>();
    assert_eq!(readers("src/a/b/c"), [1, 2, 3]);
    assert_eq!(readers("src/x"), [1]);
    assert_eq!(readers("b"), [2]);
    assert_eq!(readers("sr"), [0_usize; 0]);
    let below = |path: &str| reach.readers_below(path).into_iter().collect::<Vec<_>>();
    assert_eq!(below("."), [1, 2, 3]);
    assert_eq!(below("src/a"), [1, 2, 3]);
    assert_eq!(below("src/x"), [1]);
    assert_eq!(below("s"), [2]);
}

#[test]
fn one_reach_covers_another() {
    let covers =
        |one: &str, other: &str| Reach::new(&reads(one)).covers(&Reach::new(&reads(other)));
    assert!(covers("a b", "a") && covers("a", "a/b") && covers(".", "a*") && covers("", ""));
    assert!(covers("*/b", "a/b") && covers("*/b", "*/b") && covers("a*", "a*/x"));
    assert!(!covers("a", "a b") && !covers("a/b", "a") && !covers("a", "*") && !covers("", "a"));
}

proptest! {
    #[test]
    fn a_walk_finds_what_is_read(tree in generate::trees(), reads in generate::reads()) {
        let whole = walk(&Listing::new(tree), &Reach::everything());
        let all: Vec<_> = reads.iter().collect();
        let found = walk_with_links(&whole, &mut Reach::new(&reads));
        let (expected, selected) = (select(&whole, &all), select(&found, &all));
        let paths = |listing: &Listing, indices: Vec<usize>| -> BTreeSet<String> {
            indices.into_iter().map(|index| listing.entries()[index].path.clone()).collect()
        };
        prop_assert_eq!(
            paths(&found, selected.entries().collect()),
            paths(&whole, expected.entries().collect())
        );
        prop_assert_eq!(paths(&found, selected.links.clone()), paths(&whole, expected.links.clone()));
        let mut with_more = Reach::new(&reads);
        with_more.add_path(0, "a/b");
        prop_assert!(with_more.covers(&Reach::new(&reads)));
        prop_assert_eq!((&selected.misses, selected.whole), (&expected.misses, expected.whole));
        prop_assert_eq!(&selected.roots, &expected.roots);
    }
}
