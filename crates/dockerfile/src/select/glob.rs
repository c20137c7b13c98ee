//! Sources with wildcards: which paths of a listing they match.
//!
//! As fsutil's `ResolveWildcards`, which walks everything below a folder. Here only those
//! folders are looked into that a pattern can match in, wherever the pattern allows it.

use crate::gomatch::{GoPattern, has_wildcards};
use crate::listing::{Found, Listing, join};

/// The folder before the first component with a wildcard, and the rest; `None` for a path
/// without wildcards.
pub(super) fn split(source: &str) -> Option<(&str, &str)> {
    let mut start = 0;
    for component in source.split('/') {
        if has_wildcards(component) {
            let folder = if start == 0 { "." } else { &source[..start - 1] };
            return Some((folder, &source[start..]));
        }
        start += component.len() + 1;
    }
    None
}

/// The paths below a folder that match, seen from the root; `None` for a malformed pattern.
pub(super) fn expand(listing: &Listing, folder: &str, pattern: &str) -> Option<Vec<String>> {
    let whole = GoPattern::parse(pattern)?;
    if whole.splits() {
        by_component(listing, folder, pattern)
    } else {
        walk(listing, folder, &whole)
    }
}

fn by_component(listing: &Listing, folder: &str, pattern: &str) -> Option<Vec<String>> {
    let mut found = vec![folder.to_owned()];
    for component in pattern.split('/') {
        let pattern = GoPattern::parse(component)?;
        let start = pattern.start();
        let folders = found.iter().filter(|path| listing.at(path) == Found::Folder);
        found = folders
            .flat_map(|folder| {
                let names = listing.names(folder, &start).into_iter();
                names.filter(|name| pattern.matches(name)).map(|name| join(folder, name))
            })
            .collect();
    }
    Some(found)
}

/// For a pattern that can match across slashes. What is in a folder that matches isn't asked.
fn walk(listing: &Listing, folder: &str, pattern: &GoPattern) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = waiting.pop() {
        for name in listing.names(&folder, "") {
            let path = join(&folder, name);
            let relative = format!("{before}{name}");
            if pattern.matches(&relative) {
                found.push(path);
            } else if listing.at(&path) == Found::Folder {
                waiting.push((path, relative + "/"));
            }
        }
    }
    Some(found)
}
