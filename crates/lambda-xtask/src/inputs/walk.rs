//! One folder: what is in it, as far as somebody may read it.
//!
//! # How it works
//! Folders that lie in one folder are listed in parallel. Each hands down what the ignore file's
//! patterns made of it, and how far the reads' patterns have come, so that an entry costs no more
//! than a look at its own name, and a folder that nobody reads isn't entered. What comes back is
//! sorted already. What links lead to is looked at in another round, until no link leads to anything
//! new.
//!
//! # Limitations
//! Sockets are never sent by BuildKit; pipes and devices hold nothing to hash. All of them are
//! passed over.

use std::collections::LinkedList;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use super::folder::{Look, Seen, read_folder};
use crate::folder_cache::{EntryKind as SystemKind, FolderCache};
use dockerfile::{Dockerignore, Entry, EntryKind, Folder, Listing, Reach, Reached};
use lambda_images::paths;
use lambda_images::problem::Problem;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

/// The state in which each entry of a listing was found; of those that are read for certain.
pub(crate) type SeenFiles = Vec<Option<Seen>>;

/// What `ignore` leaves of a folder, as far as `reach` may lead; what links lead to is added to it.
pub(crate) fn list_folder(
    root: &Path,
    folder: &str,
    cache: &FolderCache,
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
        let (entries, seen) = Walk { root, folder, cache, ignore, reach }.find()?;
        let whole = || {
            let count = entries.iter().map(Vec::len).sum();
            let mut all = Vec::with_capacity(count);
            entries.into_iter().for_each(|mut piece| all.append(&mut piece));
            let listing = Listing::of_sorted(all);
            listing.prepare();
            listing
        };
        let (listing, seen) = rayon::join(whole, || seen.into_iter().flatten().collect());
        if !reach.add_links(&listing) {
            return Ok((listing, seen));
        }
    }
}

struct Walk<'a> {
    /// The workspace root.
    root: &'a Path,
    /// Relative to it.
    folder: &'a str,
    cache: &'a FolderCache,
    ignore: Option<&'a Dockerignore>,
    reach: &'a Reach,
}

/// A folder that is to be listed.
struct Level {
    /// Relative to the folder of the walk; empty, or ending with `/`.
    path: String,
    /// The folder as the ignore file sees it.
    patterns: Option<Folder>,
    reached: Reached,
}

/// What comes of an entry of a folder.
enum Item {
    Entry(Entry, Option<Seen>),
    /// All that is below it. Its own entry stands elsewhere: `a.py` comes before `a/b`.
    Below(Level),
}

impl Item {
    /// Where it belongs: below a folder are the paths that its own path is the start of.
    fn path(&self) -> &str {
        match self {
            Item::Entry(entry, _) => &entry.path,
            Item::Below(level) => &level.path,
        }
    }
}

/// Folders at this depth and above are listed in parallel, and below it those in a folder that holds
/// many: each of the others is little work.
const DEPTH: usize = 3;
const MANY: usize = 16;

/// Entries of a piece at most: a bigger one would be moved again and again as it grows, and the last
/// of each folder that is listed by itself is half empty.
const PIECE: usize = 64;

/// Entries, in pieces that stand one behind the other in the order of their paths.
#[derive(Default)]
struct Listed {
    pieces: LinkedList<Piece>,
    /// The last piece.
    last: Piece,
    problems: Vec<Problem>,
    /// Where the cache of folders looks first.
    next: usize,
}

/// All entries, and their states, each in pieces.
type Pieces = (Vec<Vec<Entry>>, Vec<SeenFiles>);

/// Entries, and the state in which each was found.
#[derive(Default)]
struct Piece {
    entries: Vec<Entry>,
    seen: SeenFiles,
}

impl Listed {
    fn push(&mut self, entry: Entry, seen: Option<Seen>) {
        if self.last.entries.len() == PIECE {
            let next =
                Piece { entries: Vec::with_capacity(PIECE), seen: SeenFiles::with_capacity(PIECE) };
            self.pieces.push_back(std::mem::replace(&mut self.last, next));
        }
        self.last.entries.push(entry);
        self.last.seen.push(seen);
    }

    fn append(&mut self, mut more: Listed) {
        self.pieces.push_back(std::mem::take(&mut self.last));
        self.pieces.append(&mut more.pieces);
        self.last = more.last;
        self.problems.append(&mut more.problems);
        self.next = more.next;
    }
}

impl Walk<'_> {
    /// All entries in pieces, sorted by path, and the state in which each was found.
    fn find(&self) -> Result<Pieces, Vec<Problem>> {
        let Some(reached) = self.reach.root() else { return Ok(Pieces::default()) };
        let patterns = self.ignore.map(Dockerignore::root);
        let mut listed = Listed::default();
        self.list(&Level { path: String::new(), patterns, reached }, 0, &mut listed);
        listed.pieces.push_back(listed.last);
        if !listed.problems.is_empty() {
            return Err(listed.problems);
        }
        Ok(listed.pieces.into_iter().map(|piece| (piece.entries, piece.seen)).unzip())
    }

    /// Adds what is in a folder, and below it.
    fn list(&self, level: &Level, depth: usize, listed: &mut Listed) {
        let mut items = Vec::new();
        let Listed { next, problems, .. } = listed;
        let path = self.full(&level.path);
        let read = read_folder(self.root, &path, (self.cache, next), &mut |name, kind, look| {
            self.add(level, name, kind, look, &mut items, problems);
        });
        match read {
            // One that went away since the folder above was listed is no input.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                problems.push(self.unreadable(&level.path, &error));
            }
            _ => {}
        }
        let before = level.path.len();
        items.sort_unstable_by(|a, b| a.path()[before..].cmp(&b.path()[before..]));
        let folders = items.iter().filter(|item| matches!(item, Item::Below(_))).count();
        let mut below = Vec::new();
        if folders > 1 && (depth < DEPTH || folders >= MANY) {
            let folders = items.par_iter().filter_map(|item| match item {
                Item::Below(level) => Some(level),
                Item::Entry(..) => None,
            });
            let list = |level: &Level| {
                let mut listed = Listed::default();
                self.list(level, depth + 1, &mut listed);
                listed
            };
            below = folders.map(list).collect();
        }
        let mut below = below.into_iter();
        for item in items {
            match item {
                Item::Entry(entry, seen) => listed.push(entry, seen),
                Item::Below(level) => match below.next() {
                    Some(below) => listed.append(below),
                    None => self.list(&level, depth + 1, listed),
                },
            }
        }
    }

    fn add(
        &self,
        level: &Level,
        name: &OsStr,
        kind: SystemKind,
        look: &mut Look,
        items: &mut Vec<Item>,
        problems: &mut Vec<Problem>,
    ) {
        let lossy = name.to_string_lossy();
        let path = || [level.path.as_str(), &lossy].concat();
        let reached = self.reach.enter(&level.reached, &lossy);
        if kind == SystemKind::Folder {
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
                    items.push(Item::Entry(Entry { path: path(), kind: EntryKind::Folder }, None));
                }
                if let Some(reached) = reached {
                    let path = [level.path.as_str(), &lossy, "/"].concat();
                    items.push(Item::Below(Level { path, patterns, reached }));
                }
            } else if !excluded && reached.is_some() {
                problems.push(self.not_utf8(&path()));
            }
            return;
        }
        let is_excluded = match (self.ignore, &level.patterns) {
            (Some(ignore), Some(patterns)) => ignore.excludes_entry(patterns, &lossy),
            _ => false,
        };
        if kind == SystemKind::Other || is_excluded {
        } else if name.to_str().is_none() {
            if reached.is_some() {
                problems.push(self.not_utf8(&path()));
            }
        } else if kind == SystemKind::Link {
            match fs::read_link(self.root.join(self.folder).join(path())) {
                Ok(text) => match text.into_os_string().into_string() {
                    Ok(text) => {
                        let kind = EntryKind::Symlink(text);
                        items.push(Item::Entry(Entry { path: path(), kind }, None));
                    }
                    Err(_) if reached.is_none() => {}
                    Err(_) => {
                        let message =
                            "the text of this link is not UTF-8, and BuildKit can't send it";
                        let path = self.full(&path());
                        let problem = Problem::of_file(paths::shown(&path), message);
                        problems.push(problem.hint("exclude it in `.dockerignore`"));
                    }
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => problems.push(self.unreadable(&path(), &error)),
            }
        } else {
            let seen = if reached == Some(Reached::All) { look() } else { None };
            items.push(Item::Entry(Entry { path: path(), kind: EntryKind::File }, seen));
        }
    }

    /// A path relative to the workspace root.
    fn full(&self, path: &str) -> String {
        match (self.folder, path.trim_end_matches('/')) {
            (folder, "") => folder.to_owned(),
            (folder, path) => paths::in_folder(folder, path),
        }
    }

    fn unreadable(&self, path: &str, error: &io::Error) -> Problem {
        Problem::of_file(paths::shown(&self.full(path)), format!("failed to read it: {error}"))
    }

    fn not_utf8(&self, path: &str) -> Problem {
        Problem::of_file(
            paths::shown(&self.full(path)),
            "its name is not UTF-8, and BuildKit can't send it",
        )
        .hint("rename it, or exclude it in `.dockerignore`")
    }
}
