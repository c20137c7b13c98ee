//! Selections: tables, and the ranges and binary searches against plain lists.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Selection, select};
use crate::ignore::parse_dockerignore;
use crate::listing::{Entry, EntryKind, Listing};
use crate::resolve::ContextRead;

pub(crate) mod generate;
mod oracle;

/// Paths separated by spaces; one with a `/` at its end is a folder, `a->b` a symlink.
pub(crate) fn listing(text: &str) -> Listing {
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

/// Sources separated by spaces, with `--exclude=` and `--parents` before them; a `;` ends an
/// instruction.
pub(crate) fn reads(text: &str) -> Vec<ContextRead> {
    let instructions = text.split(';').enumerate();
    instructions
        .map(|(index, text)| {
            let mut read = ContextRead {
                context: None,
                patterns: Vec::new(),
                excludes: Vec::new(),
                parents: false,
                line: index + 1,
            };
            for word in text.split_whitespace() {
                match word.strip_prefix("--exclude=") {
                    Some(exclude) => read.excludes.push(exclude.to_owned()),
                    None if word == "--parents" => read.parents = true,
                    None => read.patterns.push(word.to_owned()),
                }
            }
            read
        })
        .collect()
}

pub(crate) fn select_all(listing: &Listing, reads: &[ContextRead]) -> Selection {
    select(listing, &reads.iter().collect::<Vec<_>>())
}

fn render(listing: &Listing, selection: &Selection) -> String {
    let path = |index: usize| listing.entries()[index].path.as_str();
    let mut lines = Vec::new();
    let copied: Vec<&str> = selection.ranges.iter().cloned().flatten().map(path).collect();
    lines.push(format!("copies {}", copied.join(" ")));
    if !selection.links.is_empty() {
        let links: Vec<&str> = selection.links.iter().copied().map(path).collect();
        lines.push(format!("follows {}", links.join(" ")));
    }
    if !selection.roots.is_empty() {
        lines.push(format!("roots {}", selection.roots.join(" ")));
    }
    if selection.whole {
        lines.push("whole".to_owned());
    }
    lines.extend(selection.misses.iter().map(|miss| format!("{}: {miss}", miss.line)));
    lines.join("\n")
}

#[track_caller]
fn check(tree: &str, sources: &str, expected: &Expect) {
    let listing = listing(tree);
    expected.assert_eq(&render(&listing, &select_all(&listing, &reads(sources))));
}

const TREE: &str = "README.md pyproject.toml src/app.py src/lib/a.py src/lib/b.txt src-old/x.py \
                    tests/t.py empty/";

/// However often a folder is taken, what is excluded from it is looked for once.
#[test]
fn many_sources_with_many_exclusions() {
    let excludes = (0..2000).map(|n| format!("--exclude=x{n} ")).collect::<String>();
    let globs = (0..2000).map(|n| format!("sr{}c ", "*".repeat(n + 1))).collect::<String>();
    for sources in ["src ".repeat(2000), globs] {
        check(
            TREE,
            &format!("{excludes}--exclude=lib/a.py {sources}"),
            &expect![[r#"
                copies src/app.py src/lib/b.txt
                roots src"#]],
        );
    }
}

#[test]
fn paths() {
    check(
        TREE,
        "pyproject.toml src",
        &expect![[r#"
            copies pyproject.toml src/app.py src/lib/a.py src/lib/b.txt
            roots pyproject.toml src"#]],
    );
    check(
        TREE,
        ".",
        &expect![[r#"
            copies README.md empty pyproject.toml src-old/x.py src/app.py src/lib/a.py src/lib/b.txt tests/t.py
            roots .
            whole"#]],
    );
    check(
        TREE,
        "src/lib; src; src/app.py; empty",
        &expect![[r#"
            copies empty src/app.py src/lib/a.py src/lib/b.txt
            roots empty src src/app.py src/lib"#]],
    );
    check(
        "",
        ".",
        &expect![[r#"
            copies 
            roots .
            whole"#]],
    );
}

#[test]
fn misses() {
    check(
        TREE,
        "nope src/nope; README.md/x; no/*.py *.rs src/*.rs; [] src",
        &expect![[r#"
            copies src/app.py src/lib/a.py src/lib/b.txt
            roots no nope src src/nope
            1: `nope`: there is no such file or folder in the context
            1: `src/nope`: there is no such file or folder in the context
            2: `README.md/x`: a file stands where a folder has to
            3: `no/*.py`: there is no such file or folder in the context
            3: `*.rs`: nothing in the context matches
            3: `src/*.rs`: nothing in the context matches
            4: `[]`: the pattern is malformed"#]],
    );
    let long = "x/".repeat(3000);
    let long = format!("{long}x");
    let found = select_all(&listing("a"), &reads(&long));
    assert_eq!(
        found.misses[0].to_string().split_once(": ").map(|(_, reason)| reason),
        Some("the path is longer than Linux allows")
    );
}

#[test]
fn misses_say_where_links_lead() {
    let tree = listing("l->d/x d/y up->../../gone");
    let misses = select_all(&tree, &reads("l up l/*; --parents d/./z nope; --parents no/where"));
    let paths: Vec<&str> = misses.misses.iter().map(|miss| &*miss.path).collect();
    assert_eq!(paths, ["d/x", "gone", "d/x", "d/z", "nope", "no/where"]);
}

#[test]
fn globs() {
    check(
        TREE,
        "*.md *s",
        &expect![[r#"
            copies README.md tests/t.py
            roots README.md tests"#]],
    );
    check(
        TREE,
        "src/*",
        &expect![[r#"
            copies src/app.py src/lib/a.py src/lib/b.txt
            roots src/app.py src/lib"#]],
    );
    check(
        TREE,
        "*/*.py",
        &expect![[r#"
        copies src-old/x.py src/app.py tests/t.py
        roots src-old/x.py src/app.py tests/t.py"#]],
    );
    check(
        TREE,
        "s*/lib/[ab].*",
        &expect![[r#"
        copies src/lib/a.py src/lib/b.txt
        roots src/lib/a.py src/lib/b.txt"#]],
    );
    // No component of a source is a `**`.
    check(
        TREE,
        "**/*.py",
        &expect![[r#"
        copies src-old/x.py src/app.py tests/t.py
        roots src-old/x.py src/app.py tests/t.py"#]],
    );
    // A class matches a slash.
    check(
        TREE,
        "src[^x]app.py src[^x]*",
        &expect![[r#"
            copies src-old/x.py src/app.py src/lib/a.py src/lib/b.txt
            roots src-old src/app.py src/lib"#]],
    );
    // Names with special characters: a backslash counts only where a wildcard is.
    check(
        r"a[0] a\b a\*",
        r"a[[]0] a\b",
        &expect![[r#"
        copies a[0] a\b
        roots a[0] a\b"#]],
    );
    check(
        r"a* a\*",
        r"a\*",
        &expect![[r#"
        copies a\*
        roots a\*"#]],
    );
    check(
        r"a*b a\*b axb",
        r"?\*b",
        &expect![[r#"
        copies a*b
        roots a*b"#]],
    );
}

#[test]
fn links_in_a_source_are_followed() {
    let tree = "real/x real/sub/y link->real deep/up->../real/sub abs->/real/x file->link/x loop->loop \
                gone->nowhere out->../../real root->/ other";
    check(
        tree,
        "link",
        &expect![[r#"
            copies real/sub/y real/x
            follows link
            roots link real"#]],
    );
    check(
        tree,
        "link/x",
        &expect![[r#"
            copies real/x
            follows link
            roots link real/x"#]],
    );
    check(
        tree,
        "file",
        &expect![[r#"
            copies real/x
            follows file link
            roots file link real/x"#]],
    );
    check(
        tree,
        "deep/up/y abs",
        &expect![[r#"
            copies real/sub/y real/x
            follows abs deep/up
            roots abs deep/up real/sub/y real/x"#]],
    );
    check(
        tree,
        "link/*",
        &expect![[r#"
            copies real/sub/y real/x
            follows link
            roots link real/sub real/x"#]],
    );
    check(
        tree,
        "out/x",
        &expect![[r#"
            copies real/x
            follows out
            roots out real/x"#]],
    );
    check(
        tree,
        "loop; gone; other",
        &expect![[r#"
            copies other
            follows gone loop
            roots gone loop nowhere other
            1: `loop`: too many symlinks, or a circle of them
            2: `gone`: there is no such file or folder in the context"#]],
    );
    check(
        tree,
        "root",
        &expect![[r#"
            copies abs deep/up file gone link loop other out real/sub/y real/x root
            follows root
            roots . root
            whole"#]],
    );
    check(
        tree,
        "l*",
        &expect![[r#"
            copies real/sub/y real/x
            follows link loop
            roots link loop real
            1: `l*`: too many symlinks, or a circle of them"#]],
    );
    // A glob doesn't look behind a link.
    check(
        tree,
        "*/x",
        &expect![[r#"
        copies real/x
        roots real/x"#]],
    );
}

#[test]
fn links_in_a_folder_are_links() {
    check(
        "d/l->../secret d/f secret",
        "d",
        &expect![[r#"
            copies d/f d/l
            roots d"#]],
    );
    check(
        "d/l->f d/f",
        "d d/l",
        &expect![[r#"
            copies d/f d/l
            follows d/l
            roots d d/f d/l"#]],
    );
}

/// A pass puts a link's text in place of the link and doesn't look whether that is one too; a
/// `..` in the next link then counts from there.
#[test]
fn dots_behind_links() {
    check(
        "a->b b->d/e d/e/f->../x x d/x",
        "a/f",
        &expect![[r#"
            copies x
            follows a b d/e/f
            roots a b d/e/f x"#]],
    );
    check(
        "b->d/e d/e/f->../x x d/x",
        "b/f",
        &expect![[r#"
            copies d/x
            follows b d/e/f
            roots b d/e/f d/x"#]],
    );
}

#[test]
fn excludes() {
    // What the link leads to has to be there, though the copy leaves it out.
    check(
        "l->x a x",
        "--exclude=x .",
        &expect![[r#"
            copies a l
            roots . l x"#]],
    );
    check(
        TREE,
        "--exclude=lib src",
        &expect![[r#"
            copies src/app.py
            roots src"#]],
    );
    check(
        TREE,
        "--exclude=**/*.py --exclude=!lib/a.py src",
        &expect![[r#"
            copies src/lib/a.py src/lib/b.txt
            roots src"#]],
    );
    check(
        TREE,
        "--exclude=*.py .",
        &expect![[r#"
            copies README.md empty pyproject.toml src-old/x.py src/app.py src/lib/a.py src/lib/b.txt tests/t.py
            roots ."#]],
    );
    // A source itself is never left out.
    check(
        TREE,
        "--exclude=*.md *.md tests",
        &expect![[r#"
            copies README.md tests/t.py
            roots README.md tests"#]],
    );
    check(
        TREE,
        "--exclude=[ tests",
        &expect![[r#"
            copies tests/t.py
            roots tests"#]],
    );
}

#[test]
fn parents() {
    check(
        TREE,
        "--parents src/lib README.md",
        &expect![[r#"
            copies README.md src/lib/a.py src/lib/b.txt
            roots README.md src/lib/a.py src/lib/b.txt"#]],
    );
    check(
        TREE,
        "--parents **/*.py",
        &expect![[r#"
            copies src-old/x.py src/app.py src/lib/a.py tests/t.py
            roots src-old/x.py src/app.py src/lib/a.py tests/t.py"#]],
    );
    check(
        TREE,
        "--parents src/./**/*.py",
        &expect![[r#"
        copies src/app.py src/lib/a.py
        roots src/app.py src/lib/a.py"#]],
    );
    check(
        TREE,
        "--parents --exclude=src/lib src/**",
        &expect![[r#"
        copies src/app.py
        roots src/app.py"#]],
    );
    check(
        TREE,
        "--parents s*/./*.py",
        &expect![[r#"
        copies src-old/x.py src/app.py
        roots src-old/x.py src/app.py"#]],
    );
    check(
        TREE,
        "--parents src/./.",
        &expect![[r#"
            copies src/app.py src/lib/a.py src/lib/b.txt
            roots src"#]],
    );
    check(
        TREE,
        "--parents nope/*",
        &expect![[r#"
        copies 
        1: `nope/*`: nothing in the context matches"#]],
    );
    // Without wildcards a source has to be there, and something of it has to be copied.
    check(
        TREE,
        "--parents /nope; --parents src/./nope; --parents --exclude=** src; --parents s*/./nope",
        &expect![[r#"
            copies 
            1: `/nope`: there is no such file or folder in the context
            2: `src/./nope`: there is no such file or folder in the context
            3: `src`: there is no such file or folder in the context
            4: `s*/./nope`: nothing in the context matches"#]],
    );
    // Only in the part before the pivot are links followed.
    check(
        "l->d d/x",
        "--parents l/x l",
        &expect![[r#"
            copies l
            roots d l
            1: `l/x`: there is no such file or folder in the context"#]],
    );
    check(
        "l->d d/x",
        "--parents l/./x",
        &expect![[r#"
            copies d/x
            follows l
            roots d/x l"#]],
    );
}

#[test]
fn entries_are_in_order() {
    let listing = listing("a->m/f b m/f m/g z->a");
    let selection = select_all(&listing, &reads("z m"));
    let entries: Vec<usize> = selection.entries().collect();
    assert_eq!(entries, [0, 2, 3, 4]);
    assert!(selection.reads(0) && !selection.copies(0) && !selection.reads(1));
}

#[test]
fn ignored_files_are_not_read() {
    let ignore = parse_dockerignore("src/lib\n").expect("no faults");
    let listing = listing(TREE).without_ignored(&ignore);
    let selection = select_all(&listing, &reads("src"));
    assert_eq!(render(&listing, &selection), "copies src/app.py\nroots src");
}

/// A thousand images over one listing of a hundred thousand entries: each costs what it reads.
/// The time isn't measured; if each looked at all entries, the test would take minutes.
#[test]
fn many_images_over_one_listing() {
    const IMAGES: usize = 1000;
    const FILES: usize = 100;
    let file = |image: usize, file: usize| Entry {
        path: format!("lambdas/image-{image}/module_{file}.py"),
        kind: EntryKind::File,
    };
    let entries = (0..IMAGES).flat_map(|image| (0..FILES).map(move |index| file(image, index)));
    let listing = Listing::new(entries.collect());
    for image in 0..IMAGES {
        let text =
            format!("lambdas/image-{image}; lambdas/image-{image}/module_1*.py lambdas/nope");
        let selection = select_all(&listing, &reads(&text));
        assert_eq!(selection.entries().count(), FILES);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn as_the_oracle(tree in generate::trees(), reads in generate::reads()) {
        let listing = Listing::new(tree.clone());
        let selection = select_all(&listing, &reads);
        let expected = oracle::copy_all(&tree, &reads);
        let path = |index: usize| listing.entries()[index].path.clone();
        let copied: Vec<String> = selection.ranges.iter().cloned().flatten().map(path).collect();
        let followed: Vec<String> = selection.links.iter().copied().map(path).collect();
        prop_assert_eq!(copied, expected.copied.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(followed, expected.followed.into_iter().collect::<Vec<_>>());
        let refused: Vec<&str> = selection.misses.iter().map(|miss| &*miss.pattern).collect();
        prop_assert_eq!(refused, expected.missed);
    }

    /// What a read adds takes nothing away, and the order of reads and entries is no matter.
    #[test]
    fn reads_add_up(tree in generate::trees(), reads in generate::reads()) {
        let listing = Listing::new(tree);
        let all = select_all(&listing, &reads);
        let mut reversed = reads.clone();
        reversed.reverse();
        prop_assert_eq!(&select_all(&listing, &reversed).ranges, &all.ranges);
        for read in &reads {
            for index in select(&listing, &[read]).entries() {
                prop_assert!(all.reads(index));
            }
        }
    }

    #[test]
    fn never_panics(
        paths in prop::collection::vec("[a/.]{0,5}", 0..5),
        texts in prop::collection::vec("[a/.\u{e9}]{0,6}", 0..5),
        patterns in prop::collection::vec(any::<String>(), 1..4),
        parents in any::<bool>(),
    ) {
        let links = paths.iter().zip(&texts).map(|(path, text)| {
            Entry { path: path.clone(), kind: EntryKind::Symlink(text.clone()) }
        });
        let listing = Listing::new(links.collect());
        let excludes = patterns.clone();
        let read = ContextRead { context: None, patterns, excludes, parents, line: 1 };
        prop_assert!(select(&listing, &[&read]).entries().count() <= listing.entries().len());
    }
}
