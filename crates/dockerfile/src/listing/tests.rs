//! Listings in any order.

use super::{Entry, EntryKind, Listing};
use crate::ignore::parse_dockerignore;

/// Paths separated by spaces; one with a `/` at its end is a folder, `a->b` a symlink.
fn listing(text: &str) -> Listing {
    let entries = text.split_whitespace().map(|word| match (word.split_once("->"), word) {
        (Some((path, text)), _) => {
            Entry { path: path.to_owned(), kind: EntryKind::Symlink(text.to_owned()) }
        }
        (None, word) => match word.strip_suffix('/') {
            Some(path) => Entry { path: path.to_owned(), kind: EntryKind::Folder },
            None => Entry { path: word.to_owned(), kind: EntryKind::File },
        },
    });
    Listing::new(entries.collect())
}

#[track_caller]
fn check_below(text: &str, folder: &str, expected: &[&str]) {
    let listing = listing(text);
    let below: Vec<&str> =
        listing.entries()[listing.below(folder)].iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(below, expected, "{text:?} below {folder:?}");
}

#[track_caller]
fn check_names(text: &str, folder: &str, start: &str, expected: &[&str]) {
    assert_eq!(listing(text).names(folder, start), expected, "{text:?} in {folder:?}");
}

#[test]
fn folders_are_ranges() {
    check_below("b a/y a a-b a/x a0", "a", &["a/x", "a/y"]);
    check_below("a/x a/y/z b", "a/y", &["a/y/z"]);
    check_below("a b/c", ".", &["a", "b/c"]);
    check_below("a b/c", "c", &[]);
}

#[test]
fn names_in_a_folder() {
    check_names("a/x/1 a/x-y a/x/2 a/z->q a/w/ b", "a", "", &["w", "x", "x-y", "z"]);
    check_names("a/x/1 a/x-y a/y", "a", "x", &["x", "x-y"]);
    check_names("a/x b", ".", "", &["a", "b"]);
    check_names("a/x b", "c", "", &[]);
}

#[test]
fn the_later_of_two_counts() {
    let listing = listing("a b a->x");
    assert_eq!(listing.entries().len(), 2);
    assert_eq!(listing.entries()[0].kind, EntryKind::Symlink("x".to_owned()));
}

#[test]
fn paths_are_cleaned() {
    assert_eq!(listing("./a //b/./c ../d ./ e/.. f/"), listing("a b/c d f/"));
}

#[test]
fn ignored_entries_go() {
    let ignore = parse_dockerignore("*\n!a/b").expect("no faults");
    let left = listing("a/b/c a/d a/ e").without_ignored(&ignore);
    assert_eq!(left, listing("a/b/c"));
}
