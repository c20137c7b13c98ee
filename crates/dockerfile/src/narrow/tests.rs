//! Narrowed ignore files: tables, and that they let through what is read.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{gather, narrowed_ignore};
use crate::gomatch::has_wildcards;
use crate::ignore::{Dockerignore, parse_dockerignore};
use crate::listing::{Entry, EntryKind, Listing};
use crate::select::tests::{generate, listing, reads, select_all};

fn parse(text: &str) -> Dockerignore {
    parse_dockerignore(text).expect("no faults")
}

#[track_caller]
fn check(tree: &str, ignore: &str, sources: &str, expected: &Expect) {
    let ignore = parse(ignore);
    let listing = listing(tree).without_ignored(&ignore);
    let selection = select_all(&listing, &reads(sources));
    expected.assert_eq(&narrowed_ignore(&ignore, &listing, &selection));
}

#[test]
fn without_exceptions() {
    check(
        "a/x a/y b c l->a/x",
        "**/*.pyc\n",
        "a b",
        &expect![[r#"
        *
        !a
        !b
        **/*.pyc
    "#]],
    );
    check(
        "a/x a/y b l->a/x",
        "",
        "l; a/y; nope",
        &expect![[r#"
        *
        !a/x
        !a/y
        !l
        !nope
    "#]],
    );
    check(
        "a b",
        "b\n",
        ".",
        &expect![[r#"
        b
    "#]],
    );
    check(
        "a b",
        "x",
        "b*",
        &expect![[r#"
        *
        !b
        x
    "#]],
    );
}

/// Were it named, it would come back from the folder that is excluded.
#[test]
fn an_excluded_source_stays_excluded() {
    check(
        "secrets/key a",
        "secrets\n",
        "secrets/key a",
        &expect![[r#"
        *
        !a
        secrets
    "#]],
    );
}

#[test]
fn with_exceptions() {
    check(
        "p/a/x p/b/x p/c/x q top",
        "*\n!p\n!top\n",
        "p/b",
        &expect![[r#"
            *
            !p
            !top
            top
            p/a
            p/c
        "#]],
    );
}

/// The folder is excluded already, so that a line for it wouldn't be asked.
#[test]
fn what_came_back_is_kept_out_by_its_own_name() {
    check(
        "a-b/b a-b/c x.py",
        "a*\n!**/b\n",
        "x.py",
        &expect![[r#"
            a*
            !**/b
            a-b/b
        "#]],
    );
}

#[test]
fn odd_names() {
    check(
        "a[1]*!#^ b",
        " #x\n",
        "a[[]1]*",
        &expect![[r"
        *
        !a\[1\]\*\!\#\^
        /#x
    "]],
    );
    let space = Listing::new(vec![
        Entry { path: " a ".to_owned(), kind: EntryKind::File },
        Entry { path: "b c".to_owned(), kind: EntryKind::File },
        Entry { path: "d".to_owned(), kind: EntryKind::File },
    ]);
    let mut read = reads("d");
    let ignore = parse("!x");
    let selection = select_all(&space, &read);
    assert_eq!(narrowed_ignore(&ignore, &space, &selection), "!x\nb c\n");
    read[0].patterns = vec![" a ".to_owned()];
    let selection = select_all(&space, &read);
    assert_eq!(narrowed_ignore(&parse(""), &space, &selection), "*\n!?a?\n");
}

#[test]
fn too_many_paths_become_their_folders() {
    let paths = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(gather(paths("a/b/c a/b/d a/e f"), 4), paths("a/b/c a/b/d a/e f"));
    assert_eq!(gather(paths("a/b/c a/b/d a/e f"), 3), paths("a/b a/e f"));
    assert_eq!(gather(paths("a/b/c a/b/d a/e f"), 2), paths("a f"));
    assert_eq!(gather(paths("a/b/c a/b/d a/e f"), 1), paths("."));
    assert_eq!(gather(paths("a a/b a-b"), 9), paths("a a-b"));
}

fn ignores() -> impl Strategy<Value = String> {
    let lines = prop::sample::select(vec![
        "*", "a", "b", "**/a", "a/*", "*/b", "a*", "**/*.py", "!a", "!a/b", "!**/b", "!*/a",
        "!b/a/c", "a/b", "c/**", "!c", "[[]a]",
    ]);
    prop::collection::vec(lines, 0..5).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn lets_through_what_is_read(
        tree in generate::trees(), reads in generate::reads(), lines in ignores(),
    ) {
        let ignore = parse(&lines);
        let all = Listing::new(tree);
        let listing = all.clone().without_ignored(&ignore);
        let selection = select_all(&listing, &reads);
        let text = narrowed_ignore(&ignore, &listing, &selection);
        let narrowed = all.clone().without_ignored(&parse(&text));
        let read: Vec<&Entry> = selection.entries().map(|i| &listing.entries()[i]).collect();
        for entry in &read {
            prop_assert!(narrowed.find(&entry.path).is_some(), "{:?} lost by {}", entry, text);
        }
        for entry in narrowed.entries() {
            prop_assert!(listing.find(&entry.path).is_some(), "{:?} let in by {}", entry, text);
        }
        // What it leaves is read just like the whole.
        let again = select_all(&narrowed, &reads);
        let same: Vec<&Entry> = again.entries().map(|i| &narrowed.entries()[i]).collect();
        prop_assert_eq!(&same, &read, "{}", text);
        // Nothing else comes, if nothing is left out of a folder and no `..` goes through one.
        let is_file = |entry: &&Entry| entry.kind != EntryKind::Folder;
        let dots = all.entries().iter().any(|entry| match &entry.kind {
            EntryKind::Symlink(text) => text.contains(".."),
            _ => false,
        });
        // What links below a glob's folders lead to has to be there as well.
        let globs = reads.iter().flat_map(|read| &read.patterns).any(|p| has_wildcards(p));
        let exact = !dots && !globs && selection.misses.is_empty();
        if exact && reads.iter().all(|read| read.excludes.is_empty()) {
            let left: Vec<&Entry> = narrowed.entries().iter().filter(is_file).collect();
            let read: Vec<&Entry> = read.into_iter().filter(is_file).collect();
            prop_assert_eq!(left, read, "{}", text);
        }
    }
}
