//! What BuildKit's client sends of a context, before anything is copied from it.
//!
//! The client reads the sources as ignore patterns, and follows links in a way of its own, which
//! doesn't find all of them. What it doesn't send isn't there for the copy. `dockerfile::select`
//! deliberately ignores this and names what would be read of a context that was sent whole; here
//! it is needed to say exactly what arrives. As `followlinks.go` of tonistiigi/fsutil, with the
//! real files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

use dockerfile::{ContextRead, Entry, EntryKind, Listing, parse_dockerignore, select};

/// What is sent of the entries in `folder` that the ignore file leaves; `None` where the client
/// fails.
pub(crate) fn sent(folder: &Path, listing: Listing, patterns: &[String]) -> Option<Listing> {
    if patterns.iter().any(|pattern| pattern == ".") {
        return Some(listing);
    }
    let mut links = FollowLinks { folder, resolved: BTreeSet::new() };
    // In this order, which decides which links it doesn't find: `normalizeContextPaths` of BuildKit.
    let patterns: BTreeSet<String> = patterns.iter().map(|pattern| clean(pattern)).collect();
    for pattern in &patterns {
        links.append(pattern).ok()?;
    }
    if links.resolved.contains(".") {
        return Some(listing);
    }
    let lines: Vec<String> = links.resolved.into_iter().collect();
    let included = parse_dockerignore(&lines.join("\n")).ok()?;
    let entries = listing.entries().iter().filter(|entry| included.excludes(&entry.path));
    Some(Listing::new(entries.cloned().collect()))
}

struct FollowLinks<'f> {
    folder: &'f Path,
    resolved: BTreeSet<String>,
}

impl FollowLinks<'_> {
    fn append(&mut self, path: &str) -> Result<(), Error> {
        let path = clean(path);
        let mut current = ".".to_owned();
        let mut rest = path.as_str();
        loop {
            let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
            current = clean(&format!("{current}/{name}"));
            let targets = self.read_symlink(&current, true)?;
            rest = after;
            if (rest.is_empty() || !targets.is_empty()) && self.resolved.contains(&current) {
                return Ok(());
            }
            if !targets.is_empty() {
                self.resolved.insert(current);
                return targets
                    .iter()
                    .try_for_each(|target| self.append(&format!("{target}/{rest}")));
            }
            if rest.is_empty() {
                self.resolved.insert(current);
                return Ok(());
            }
        }
    }

    /// Where the link at a path leads, or the links that the path matches.
    fn read_symlink(&self, path: &str, with_wildcards: bool) -> Result<Vec<String>, Error> {
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        if with_wildcards && has_wildcards(name) {
            let names = or_not_found(self.names(parent))?.unwrap_or_default();
            let mut targets = Vec::new();
            for name in names.iter().filter(|own| go_matches(name, own)) {
                targets.extend(self.read_symlink(&clean(&format!("{parent}/{name}")), false)?);
            }
            return Ok(targets);
        }
        let full = self.folder.join(path);
        let Some(metadata) = or_not_found(fs::symlink_metadata(&full))? else {
            return Ok(Vec::new());
        };
        if path == "." || !metadata.is_symlink() {
            return Ok(Vec::new());
        }
        let text = fs::read_link(full)?.into_os_string().into_string().unwrap();
        let target = if text.starts_with('/') { text } else { format!("{parent}/{text}") };
        Ok(vec![target])
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let folder = self.folder.join(folder);
        if !fs::symlink_metadata(&folder)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let name =
            |entry: Result<fs::DirEntry, Error>| Ok(entry?.file_name().into_string().unwrap());
        fs::read_dir(folder)?.map(name).collect()
    }
}

fn or_not_found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Below the root, without a slash before it.
fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    if kept.is_empty() { ".".to_owned() } else { kept.join("/") }
}

/// No name here has a backslash in it.
pub(crate) fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Go's `filepath.Match` on one component, asked where it is known.
fn go_matches(pattern: &str, name: &str) -> bool {
    let listing = Listing::new(vec![Entry { path: name.to_owned(), kind: EntryKind::File }]);
    let read = ContextRead {
        context: None,
        patterns: vec![pattern.to_owned()],
        excludes: Vec::new(),
        parents: false,
        line: 1,
    };
    select(&listing, &[&read]).entries().next().is_some()
}
