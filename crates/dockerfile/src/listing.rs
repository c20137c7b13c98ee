//! What is in a context: paths, and what each of them is.
//!
//! A listing is made once and asked many times: a folder is a range of it, found by binary
//! search. It is filled by the caller and looks at no files.

use std::ops::Range;
use std::sync::OnceLock;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::gopath::below_root;
use crate::ignore::{Dockerignore, Sweep};

/// What is in a context, sorted by the bytes of the paths.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    entries: Vec<Entry>,
    /// The range of what is below each folder that isn't empty; found when it is first asked for.
    folders: OnceLock<FxHashMap<String, Range<usize>>>,
}

impl PartialEq for Listing {
    fn eq(&self, other: &Listing) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Listing {}

/// One thing in a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the context's root, cleaned, with `/` between components.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an [`Entry`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, or anything else that is neither of the others.
    File,
    /// A symbolic link with this text.
    Symlink(String),
    /// A folder. Only one without entries has to be listed: the others show in the paths of
    /// what is in them.
    Folder,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'l> {
    Nothing,
    File(usize),
    Symlink(usize, &'l str),
    Folder,
}

impl Listing {
    /// A listing of these entries, which may come in any order. Of two with one path, the later
    /// one counts. Paths that aren't clean are cleaned; the root itself is no entry.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Listing {
        entries.retain_mut(|entry| {
            let odd = |component: &str| matches!(component, "" | "." | "..");
            if entry.path.split('/').any(odd) {
                entry.path = below_root(&entry.path);
            }
            entry.path != "."
        });
        entries.reverse();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|later, first| later.path == first.path);
        Listing { entries, folders: OnceLock::new() }
    }

    /// A listing of entries that are sorted by their paths, each of them clean and none there twice:
    /// of a walk. That spares the work of making them so.
    #[must_use]
    pub fn of_sorted(entries: Vec<Entry>) -> Listing {
        debug_assert!(entries.is_sorted_by(|a, b| a.path < b.path), "sorted, each once");
        debug_assert!(
            entries.iter().all(|entry| entry.path == below_root(&entry.path)),
            "clean paths"
        );
        Listing { entries, folders: OnceLock::new() }
    }

    /// Finds out now where each folder is, which is else done when it is first asked for.
    pub fn prepare(&self) {
        self.folders();
    }

    /// What is left of the listing of a folder once its ignore file is applied.
    #[must_use]
    pub fn without_ignored(self, ignore: &Dockerignore) -> Listing {
        let mut sweep = Sweep::new(ignore);
        let mut entries = self.entries;
        entries.retain(|entry| !sweep.excludes(&entry.path));
        Listing { entries, folders: OnceLock::new() }
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The index of the entry at a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        let range = self.below(path.rsplit_once('/').map_or(".", |(folder, _)| folder));
        let start = range.start;
        let found = self.entries[range].binary_search_by(|entry| entry.path.as_str().cmp(path));
        found.ok().map(|index| start + index)
    }

    /// The indices of what is below a folder, itself left out; `.` is the root.
    #[must_use]
    pub fn below(&self, folder: &str) -> Range<usize> {
        match folder {
            "." => 0..self.entries.len(),
            folder => self.folders().get(folder).cloned().unwrap_or_default(),
        }
    }

    fn folders(&self) -> &FxHashMap<String, Range<usize>> {
        self.folders.get_or_init(|| {
            // A walk lists each of them.
            let is_folder = |entry: &&Entry| entry.kind == EntryKind::Folder;
            let count = self.entries.iter().filter(is_folder).count();
            let mut folders = FxHashMap::with_capacity_and_hasher(count, FxBuildHasher);
            // The folders that the entry before lies in, each with where it starts.
            let mut open: Vec<(&str, usize)> = Vec::new();
            for (index, entry) in self.entries.iter().enumerate() {
                let path = entry.path.as_str();
                let is_below = |folder: &str| {
                    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
                };
                while let Some((folder, start)) = open.pop_if(|(folder, _)| !is_below(folder)) {
                    folders.insert(folder.to_owned(), start..index);
                }
                let known = open.last().map_or(0, |(folder, _)| folder.len() + 1);
                let more = path[known..].match_indices('/');
                open.extend(more.map(|(at, _)| (&path[..known + at], index)));
            }
            let ends = open
                .into_iter()
                .map(|(folder, start)| (folder.to_owned(), start..self.entries.len()));
            folders.extend(ends);
            folders
        })
    }

    /// The indices of the paths that begin with `text`.
    fn with_prefix(&self, text: &str) -> Range<usize> {
        let start = self.entries.partition_point(|entry| entry.path.as_str() < text);
        let more = self.entries[start..].partition_point(|entry| entry.path.starts_with(text));
        start..start + more
    }

    /// What stands at a path none of whose folders is a symlink; `.` is the root.
    pub(crate) fn at(&self, path: &str) -> Found<'_> {
        // What has something below it is a folder, whether or not it is listed itself.
        if path == "." || !self.below(path).is_empty() {
            return Found::Folder;
        }
        let Some(index) = self.find(path) else { return Found::Nothing };
        match &self.entries[index].kind {
            EntryKind::File => Found::File(index),
            EntryKind::Symlink(text) => Found::Symlink(index, text),
            EntryKind::Folder => Found::Folder,
        }
    }

    /// The names in a folder that begin with `start`, in order.
    pub(crate) fn names<'l>(&'l self, folder: &str, start: &str) -> Vec<&'l str> {
        let before = if folder == "." { String::new() } else { format!("{folder}/") };
        let range = self.with_prefix(&format!("{before}{start}"));
        let mut names = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let rest = &self.entries[at].path[before.len()..];
            let Some((name, _)) = rest.split_once('/') else {
                names.push(rest);
                at += 1;
                continue;
            };
            names.push(name);
            let within = format!("{before}{name}/");
            at += self.entries[at..range.end].partition_point(|e| e.path.starts_with(&within));
        }
        // `a`, `a-b` and `a/c` come in this order.
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// `name` in `folder`; `.` is the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests;
