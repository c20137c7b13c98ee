//! An ignore file that lets through what a build reads, and next to nothing else.
//!
//! BuildKit walks, compares and sends a context before it copies from it. A build that is
//! handed this text as `<Dockerfile>.dockerignore` gives the same result and is spared the rest.
//!
//! # How it works
//! Whatever the text is, it must let through no entry that the original keeps out (a folder that
//! is copied would grow), and keep out none that is read.
//! - Where the original has no exceptions: `*`, `!path` for each path that is read, then the
//!   original. An entry that the original keeps out is kept out: none of its patterns matches a
//!   path that is read, or a folder above it, so that all of them are asked below it as ever.
//! - Where it has some, this doesn't hold: a pattern isn't asked at a folder that `*` has already
//!   excluded, and an exception would let things through again. Then the original comes first,
//!   and each entry beside the paths that are read is kept out by its name. Patterns that only
//!   exclude, at the end, take nothing back.
//!
//! # Limitations
//! More than [`MOST_LINES`] paths are put together to their folders; a name that a line can't hold
//! is let through.

use std::collections::BTreeSet;

use crate::ignore::Dockerignore;
use crate::listing::{Found, Listing, join};
use crate::select::Selection;

/// BuildKit tries each pattern on each path.
const MOST_LINES: usize = 1000;

/// The text of an ignore file that lets the selection through.
///
/// `original` is the context's own ignore file, `listing` what it leaves of the context, and
/// `selection` what the build reads of that. The original comes back where nothing can be spared.
#[must_use]
pub fn narrowed_ignore(
    original: &Dockerignore,
    listing: &Listing,
    selection: &Selection,
) -> String {
    // What isn't there may be so because the original keeps out a folder above it.
    let there = |root: &&String| listing.at(root) != Found::Nothing || !original.excludes(root);
    let roots = selection.roots.iter().filter(there).cloned().collect();
    let roots = gather(roots, MOST_LINES);
    let mut lines = Vec::new();
    if roots.contains(".") {
        lines.extend(original.patterns().map(in_first_column));
    } else if original.has_exceptions() {
        lines.extend(original.patterns().map(in_first_column));
        lines.extend(beside(original, listing, &roots));
    } else {
        lines.push("*".to_owned());
        lines.extend(roots.iter().map(|root| format!("!{}", Line::of(root).text)));
        lines.extend(original.patterns().map(in_first_column));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// An ignore file that means the same as one that was read.
#[must_use]
pub fn ignore_text(ignore: &Dockerignore) -> String {
    ignore.patterns().map(|line| in_first_column(line) + "\n").collect()
}

/// A `#` in the first column makes a comment, and a byte order mark may get lost there; a slash
/// before them changes nothing else.
fn in_first_column(line: String) -> String {
    if line.starts_with(['#', '\u{feff}']) { format!("/{line}") } else { line }
}

/// The paths without those below others; where they are too many, the deepest become their
/// folders.
fn gather(mut paths: BTreeSet<String>, most: usize) -> BTreeSet<String> {
    loop {
        let within = |path: &str| parents(path).any(|parent| paths.contains(parent));
        let outermost: BTreeSet<String> =
            paths.iter().filter(|path| !within(path)).cloned().collect();
        if outermost.len() <= most {
            return outermost;
        }
        let depth = |path: &String| path.matches('/').count();
        let deepest = outermost.iter().map(depth).max().unwrap_or_default();
        let (deep, rest): (BTreeSet<_>, BTreeSet<_>) =
            outermost.into_iter().partition(|path| depth(path) == deepest);
        paths = rest;
        paths.extend(deep.iter().filter_map(|path| parents(path).next()).map(str::to_owned));
    }
}

/// The folders above a path, innermost first, the root last.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    folders.chain((path != ".").then_some("."))
}

/// A line for each entry that is neither a root, nor below or above one. A folder that the
/// original excludes, and from inside which something came back, needs lines for what is in it:
/// a pattern for the folder isn't asked there any more.
fn beside(original: &Dockerignore, listing: &Listing, roots: &BTreeSet<String>) -> Vec<String> {
    let above: BTreeSet<&str> = roots.iter().flat_map(|root| parents(root)).collect();
    let mut lines = Vec::new();
    let mut waiting = vec![".".to_owned()];
    while let Some(folder) = waiting.pop() {
        let mut unread = Vec::new();
        for name in listing.names(&folder, "") {
            let path = join(&folder, name);
            if roots.contains(&path) {
                continue;
            }
            let is_folder = listing.at(&path) == Found::Folder;
            if is_folder && (above.contains(path.as_str()) || original.excludes(&path)) {
                waiting.push(path);
            } else if !above.contains(path.as_str()) {
                unread.push(path);
            }
        }
        if lines.len() + unread.len() <= MOST_LINES {
            let exact = unread.iter().map(|path| Line::of(path)).filter(|line| line.exact);
            lines.extend(exact.map(|line| line.text));
        }
    }
    lines
}

/// A path as a pattern.
struct Line {
    text: String,
    /// Whether it matches that path only.
    exact: bool,
}

impl Line {
    /// Characters that a line can't hold, or not at its ends, become `?`.
    fn of(path: &str) -> Line {
        let ends = path.len() - path.trim_start().len()..path.trim_end().len();
        let mut line = Line { text: String::with_capacity(path.len()), exact: true };
        for (at, c) in path.char_indices() {
            match c {
                '\n' | '\r' | '\u{feff}' | '\0' => line.any(),
                c if c.is_whitespace() && !ends.contains(&at) => line.any(),
                '*' | '?' | '[' | ']' | '\\' | '^' | '!' | '#' => line.text.extend(['\\', c]),
                c => line.text.push(c),
            }
        }
        line
    }

    fn any(&mut self) {
        self.text.push('?');
        self.exact = false;
    }
}

#[cfg(test)]
mod tests;
