//! A monorepo as a value: what git would keep of it, by path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    File { text: String, is_executable: bool },
    Link(String),
}

/// Files and links by their path from the workspace root; no path leads through another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Monorepo {
    pub(crate) files: BTreeMap<String, Content>,
    /// Folders that are repositories of their own; none is within another.
    pub(crate) submodules: BTreeSet<String>,
}

impl Monorepo {
    /// Puts something at a path; what stands in its way goes.
    pub(crate) fn put(&mut self, path: &str, content: Content) {
        self.remove(path);
        self.submodules.retain(|folder| !is_within(path, folder));
        for (at, _) in path.match_indices('/') {
            self.files.remove(&path[..at]);
        }
        self.files.insert(path.to_owned(), content);
    }

    /// Writes a file; one that was there stays as executable as it was.
    pub(crate) fn write(&mut self, path: &str, text: impl Into<String>) {
        let is_executable =
            matches!(self.files.get(path), Some(Content::File { is_executable: true, .. }));
        self.put(path, Content::File { text: text.into(), is_executable });
    }

    pub(crate) fn link(&mut self, path: &str, text: &str) {
        self.put(path, Content::Link(text.to_owned()));
    }

    /// Takes away a file, or a folder with all that is in it.
    pub(crate) fn remove(&mut self, path: &str) {
        self.files.retain(|other, _| !is_within(path, other));
    }

    /// Makes a folder that has files a submodule, where none is around it or in it.
    pub(crate) fn add_submodule(&mut self, folder: &str) {
        let overlaps = |other: &String| is_within(folder, other) || is_within(other, folder);
        let has_files = self.files.keys().any(|path| path != folder && is_within(folder, path));
        if has_files && !self.submodules.iter().any(overlaps) {
            self.submodules.insert(folder.to_owned());
        }
    }

    /// The text of a file; empty where there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        match self.files.get(path) {
            Some(Content::File { text, .. }) => text,
            _ => "",
        }
    }

    /// The paths at and below a folder, relative to it; empty: the root.
    pub(crate) fn below(&self, folder: &str) -> Vec<String> {
        let relative = |path: &String| match folder {
            "" => Some(path.clone()),
            _ => Some(path.strip_prefix(folder)?.strip_prefix('/')?.to_owned()),
        };
        self.files.keys().filter_map(relative).collect()
    }

    /// The folders right below one that have a `pyproject.toml`.
    pub(crate) fn projects(&self, folder: &str) -> Vec<String> {
        let project = |path: String| {
            let name = path.strip_suffix("/pyproject.toml")?;
            (!name.contains('/')).then(|| format!("{folder}/{name}"))
        };
        self.below(folder).into_iter().filter_map(project).collect()
    }
}

/// Whether a path is that of a folder, or of something in it.
pub(crate) fn is_within(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder of a path; empty: the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path in a folder; empty: the root.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

impl fmt::Display for Monorepo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for folder in &self.submodules {
            writeln!(f, "  {folder} (a submodule)")?;
        }
        for (path, content) in &self.files {
            match content {
                Content::Link(text) => writeln!(f, "  {path} -> {text}")?,
                Content::File { text, is_executable } => {
                    writeln!(f, "  {path}{}", if *is_executable { " (executable)" } else { "" })?;
                    for line in text.lines() {
                        writeln!(f, "    | {line}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
