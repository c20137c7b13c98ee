//! One folder: what is in it, as far as somebody may read it.
//!
//! # How it works
//! Folders are listed level by level, those of one level in parallel. Each hands down what the
//! ignore file's patterns made of it, and how far the reads' patterns have come, so that an entry
//! costs no more than a look at its own name, and a folder that nobody reads isn't entered. What
//! links lead to is looked at in another round, until no link leads to anything new.
//!
//! # Limitations
//! Sockets are never sent by BuildKit; pipes and devices hold nothing to hash. All of them are
//! passed over.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{Kind, Seen, read_folder};
use dockerfile::{Dockerignore, Entry, EntryKind, Folder, Listing, Reach, Reached};
use lambda_images::paths;
use lambda_images::problem::Problem;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

/// The state in which each entry of a listing was found; of those that are read for certain.
pub(crate) type SeenFiles = Vec<Option<Seen>>;

/// What `ignore` leaves of a folder, as far as `reach` may lead; what links lead to is added to it.
pub(crate) fn list_folder(
    root: &Path,
    folder: &str,
    ignore: Option<&Dockerignore>,
    reach: &mut Reach,
) -> Result<(Listing, SeenFiles), Vec<Problem>> {
    let path = root.join(folder);
    if !path.is_dir() {
        let message = match path.exists() {
            true => "this is a build context, and not a folder",
            false => "this folder is a build context, and does not exist",
        };
        return Err(vec![Problem::of_file(paths::shown(folder), message)]);
    }
    loop {
        let mut entries = Walk { root: &path, folder, ignore, reach }.find()?;
        entries.par_sort_unstable_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (entries, seen) = entries.into_iter().unzip();
        let listing = Listing::of_sorted(entries);
        if !reach.add_links(&listing) {
            return Ok((listing, seen));
        }
    }
}

struct Walk<'a> {
    root: &'a PathBuf,
    folder: &'a str,
    ignore: Option<&'a Dockerignore>,
    reach: &'a Reach,
}

/// A folder that is to be listed.
struct Level {
    /// Relative to the root; empty, or ending with `/`.
    path: String,
    /// The folder as the ignore file sees it.
    patterns: Option<Folder>,
    reached: Reached,
}

/// What one folder holds.
#[derive(Default)]
struct Listed {
    entries: Vec<(Entry, Option<Seen>)>,
    folders: Vec<Level>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn find(&self) -> Result<Vec<(Entry, Option<Seen>)>, Vec<Problem>> {
        let Some(reached) = self.reach.root() else { return Ok(Vec::new()) };
        let patterns = self.ignore.map(Dockerignore::root);
        let mut levels = vec![Level { path: String::new(), patterns, reached }];
        let mut all = Listed::default();
        while !levels.is_empty() {
            let list = |buffer: &mut Vec<u8>, level: &Level| self.list(level, buffer);
            let listed: Vec<Listed> = levels.par_iter().map_init(Vec::new, list).collect();
            levels.clear();
            for listed in listed {
                all.entries.extend(listed.entries);
                all.problems.extend(listed.problems);
                levels.extend(listed.folders);
            }
        }
        if all.problems.is_empty() { Ok(all.entries) } else { Err(all.problems) }
    }

    fn list(&self, level: &Level, buffer: &mut Vec<u8>) -> Listed {
        let mut listed = Listed::default();
        let read = read_folder(&self.root.join(&level.path), buffer, &mut |name, kind, look| {
            self.add(level, name, kind, look, &mut listed);
        });
        match read {
            // One that went away since the folder above was listed is no input.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                listed.problems.push(self.unreadable(&level.path, &error));
            }
            _ => {}
        }
        listed
    }

    fn add(
        &self,
        level: &Level,
        name: &OsStr,
        kind: Kind,
        look: &dyn Fn() -> Option<Seen>,
        listed: &mut Listed,
    ) {
        let lossy = name.to_string_lossy();
        let path = || [level.path.as_str(), &lossy].concat();
        let reached = self.reach.enter(&level.reached, &lossy);
        if kind == Kind::Folder {
            let (excluded, patterns) = match (self.ignore, &level.patterns) {
                (Some(ignore), Some(patterns)) => {
                    let entered = ignore.enter(patterns, &lossy);
                    if entered.folder.is_none() {
                        return;
                    }
                    (entered.excluded, entered.folder)
                }
                _ => (false, None),
            };
            if name.to_str().is_some() {
                if !excluded {
                    listed.entries.push((Entry { path: path(), kind: EntryKind::Folder }, None));
                }
                if let Some(reached) = reached {
                    let path = [level.path.as_str(), &lossy, "/"].concat();
                    listed.folders.push(Level { path, patterns, reached });
                }
            } else if !excluded && reached.is_some() {
                listed.problems.push(self.not_utf8(&path()));
            }
            return;
        }
        let is_excluded = match (self.ignore, &level.patterns) {
            (Some(ignore), Some(patterns)) => ignore.excludes_entry(patterns, &lossy),
            _ => false,
        };
        if kind == Kind::Other || is_excluded {
        } else if name.to_str().is_none() {
            if reached.is_some() {
                listed.problems.push(self.not_utf8(&path()));
            }
        } else if kind == Kind::Link {
            match fs::read_link(self.root.join(path())) {
                Ok(text) => {
                    let kind = EntryKind::Symlink(text.to_string_lossy().into_owned());
                    listed.entries.push((Entry { path: path(), kind }, None));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => listed.problems.push(self.unreadable(&path(), &error)),
            }
        } else {
            let seen = if reached == Some(Reached::All) { look() } else { None };
            listed.entries.push((Entry { path: path(), kind: EntryKind::File }, seen));
        }
    }

    /// A path relative to the workspace root.
    fn shown(&self, path: &str) -> String {
        match (self.folder, path.trim_end_matches('/')) {
            (folder, "") => paths::shown(folder).to_owned(),
            (folder, path) => paths::in_folder(folder, path),
        }
    }

    fn unreadable(&self, path: &str, error: &io::Error) -> Problem {
        Problem::of_file(self.shown(path), format!("failed to read it: {error}"))
    }

    fn not_utf8(&self, path: &str) -> Problem {
        Problem::of_file(self.shown(path), "its name is not UTF-8, and BuildKit can't send it")
            .hint("rename it, or exclude it in `.dockerignore`")
    }
}
