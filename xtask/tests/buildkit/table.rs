//! Worlds that are known to be tricky, each counter-example that was ever found among them.

use dockerfile::{Entry, EntryKind};

use crate::world::{Instruction, World};

/// Words for the tree: `a` is a file, `a/` a folder, `a->b` a symlink. Lines for the ignore file,
/// separated by spaces. Words for each `COPY`, those with `-` before them for its `--exclude`.
fn world(tree: &str, ignore: &str, copies: &[&str]) -> World {
    let entries = tree.split_whitespace().map(|word| match (word.split_once("->"), word) {
        (Some((path, text)), _) => {
            Entry { path: path.to_owned(), kind: EntryKind::Symlink(text.to_owned()) }
        }
        (None, word) => match word.strip_suffix('/') {
            Some(path) => Entry { path: path.to_owned(), kind: EntryKind::Folder },
            None => Entry { path: word.to_owned(), kind: EntryKind::File },
        },
    });
    let instructions = copies.iter().map(|words| {
        let (excludes, sources): (Vec<&str>, Vec<&str>) =
            words.split_whitespace().partition(|word| word.starts_with('-'));
        Instruction {
            is_add: false,
            sources: sources.into_iter().map(str::to_owned).collect(),
            excludes: excludes.into_iter().map(|word| word[1..].to_owned()).collect(),
        }
    });
    World {
        entries: entries.collect(),
        ignore: ignore.split_whitespace().map(|line| format!("{line}\n")).collect(),
        instructions: instructions.collect(),
    }
}

/// One build each. A main context is sent once for all its instructions, a named one for each
/// of them: what an instruction reads and doesn't have sent is there only in the former.
pub(crate) fn known_worlds() -> Vec<Vec<World>> {
    // A pass of `RootPath` doesn't look at what it has just put in a link's place.
    let dots = [
        world("a->b b->d/e d/e/f->../x x d/x", "", &["a/f", "."]),
        world("b->d/e d/e/f->../x x d/x", "", &["b/f", "."]),
    ];
    dots.into_iter().map(|world| vec![world]).chain([various_worlds()]).collect()
}

fn various_worlds() -> Vec<World> {
    let links = "real/x real/sub/y link->real deep/up->../real/sub abs->/real/x file->link/x \
                 loop->loop gone->nowhere out->../../real root->/ other";
    vec![
        world(
            links,
            "",
            &["link", "link/x", "file", "deep/up/y", "abs", "link/*", "out/x", "root"],
        ),
        world(links, "", &["*/x", "real/../link", "other loo[x]", "deep"]),
        world(links, "real/sub", &["link", "."]),
        // The sources are sent in an order of their own.
        world("l->. a b", "", &["l/a l"]),
        // Links in a folder stay links.
        world("d/l->../secret d/f secret", "", &["d"]),
        world("d/l->f d/f", "", &["d d/l"]),
        // A class matches a slash, and no source knows `**`.
        world("a/b axb a.b c/a/b", "", &["a[^x]b", "a[.-0]b"]),
        world("s/a.py s/t/b.py c.py", "", &["**/*.py", "s/**", "**"]),
        world("arr[0] a*b axb a]c", "", &["arr[[]0]", r"?\*b", "a]c"]),
        // A folder none of whose files is left is still a folder.
        world("static/x.pyc a", "**/*.pyc", &["static", "a"]),
        world("empty/ a", "", &["empty", "a"]),
        // Exceptions.
        world("p/a/x p/b/x p/c/x q top", "* !p !top", &["p/b", "top"]),
        world("a/b/c a/d a/b/e", "a !a/b", &["a", "a/b/c"]),
        world("d/c d/x dd/y", "d !d/c d*", &["."]),
        world("secrets/key secrets/pub a", "secrets !secrets/pub", &["secrets a"]),
    ]
}

/// For a frontend that knows `--exclude`.
pub(crate) fn excluding_worlds() -> Vec<World> {
    let tree = "a.py b.txt d/a.py d/b.txt d/e/a.py d/e/c.txt f";
    vec![
        world(tree, "", &[". -*.py", ". -**/*.py", ". -d", ". -d/e -!d/e/a.py"]),
        // Below the folder that is copied, and not from the root.
        world(tree, "", &["d -a.py", "d -d/a.py", "d/ -e", "d/e d -a.py"]),
        // What a source names itself is never left out; what a glob matches neither.
        world(tree, "", &["a.py -a.py", "*.py -*.py", "d/*.py -**", "d* -*.txt"]),
        world(tree, "", &[". -*", ". -* -!b.txt", ". -** -!d/e", ". -.", ". -/d"]),
        world(tree, "d/e", &[". -b.txt", "d -b.txt"]),
        world("real/x real/y link->real in/l->../real in/x", "", &["link -x", "in -l", ". -real"]),
        // BuildKit asks for what a link leads to, though it copies the link alone.
        world("l->x a x", "", &[". -x"]),
    ]
}

pub(crate) fn refused_worlds() -> Vec<World> {
    vec![
        world("a", "", &["nope"]),
        world("a b->b", "", &["b"]),
        world("a b->nope", "", &["b"]),
        world("a", "", &["a/x"]),
        world("a b", "a", &["a"]),
        world("secrets/key a", "secrets", &["secrets/key"]),
    ]
}
