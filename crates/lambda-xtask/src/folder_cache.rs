//! Names in folders that have not changed since they were last listed.
//!
//! # How it works
//! As git's untracked cache: what creates, removes or renames an entry of a folder changes the
//! folder's times of modification and of status change. A folder whose device, inode and times are
//! those that were recorded holds the entries that it held. It is asked for its own state alone, and
//! each of its files for theirs, for what is in a file is not the folder's affair.
//!
//! Doubt means listing again: a folder that had just changed when it was listed could change once
//! more within the clock's grain, and is not recorded; a cache that is damaged, or of another
//! version, counts as empty; and only file systems are trusted that are known to keep these times
//! (git has a test for it, `git update-index --test-untracked-cache`, that takes ten seconds).
//!
//! What is known is looked at on threads of its own, while the workspace is read, before anybody
//! asks for it.
//!
//! # Limitations
//! Linux only: elsewhere every folder is listed.

mod format;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use self::format::Known;
pub(crate) use self::format::{EntryKind, Names};
use crate::hash_cache::Stamp;
use crate::inputs::{Root, Seen};

/// Folders that a thread looks at before it asks for more of them.
const AT_ONCE: usize = 64;

/// One run's view of the cache.
pub(crate) struct FolderCache {
    /// The workspace root; `None`: its file system is not one that is trusted.
    root: Option<Root>,
    bytes: Vec<u8>,
    /// In the order of the file.
    known: Vec<Remembered>,
    fresh: Mutex<Vec<(String, Stamp, Names)>>,
    /// How far its clock is ahead: tests do not wait for what they wrote to settle.
    ahead: Duration,
}

/// A folder of the last run.
struct Remembered {
    /// Where it stands in the bytes.
    at: u32,
    /// Whether this run asked for it.
    is_kept: AtomicBool,
    /// What its files look like now; `None`: it is not as it was.
    now: OnceLock<Option<Box<[Option<Seen>]>>>,
}

impl Remembered {
    fn new(at: u32) -> Remembered {
        Remembered { at, now: OnceLock::new(), is_kept: AtomicBool::new(false) }
    }
}

/// A folder that is as it was.
pub(crate) struct Unchanged<'c> {
    known: Known<'c>,
    now: &'c [Option<Seen>],
}

impl<'c> Unchanged<'c> {
    /// Its entries: name, kind, and the state of a file whose state was wanted before.
    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'c str, EntryKind, Option<Option<Seen>>)> {
        let mut now = self.now.iter();
        format::entries(self.known.names).map(move |(name, kind, is_wanted)| {
            let seen = if is_wanted { now.next().copied() } else { None };
            (name, kind, seen)
        })
    }
}

impl FolderCache {
    /// Reads the file's bytes. What can't be read counts as empty.
    pub(crate) fn parse(root: &Path, bytes: Vec<u8>) -> FolderCache {
        let root = Root::open(root);
        let known = root.as_ref().and_then(|_| format::parse(&bytes)).unwrap_or_default();
        let known = known.into_iter().map(Remembered::new).collect();
        FolderCache { root, known, bytes, ..FolderCache::none() }
    }

    /// A cache that knows nothing and records nothing.
    pub(crate) fn none() -> FolderCache {
        FolderCache {
            root: None,
            known: Vec::new(),
            bytes: Vec::new(),
            fresh: Mutex::default(),
            ahead: Duration::ZERO,
        }
    }

    /// Looks at everything that is known, until all of it has been looked at by somebody.
    pub(crate) fn look_ahead(&self) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let look = || loop {
            let start = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let Some(rest) = self.known.get(start..).filter(|rest| !rest.is_empty()) else { break };
            for known in rest.iter().take(AT_ONCE) {
                self.now(known);
            }
        };
        // One for each core, although these read the workspace meanwhile: all is waited for in the end,
        // and where there is a moment with nothing to read, no core rests.
        std::thread::scope(|scope| {
            for _ in 1..cores {
                scope.spawn(look);
            }
            look();
        });
    }

    fn folder(&self, known: &Remembered) -> Option<Known<'_>> {
        format::parse_folder(&mut &self.bytes[known.at as usize..])
    }

    fn now<'s>(&'s self, known: &'s Remembered) -> Option<Unchanged<'s>> {
        let folder = self.folder(known)?;
        let look = || {
            let wanted = format::entries(folder.names).filter(|(_, _, is_wanted)| *is_wanted);
            let wanted = wanted.map(|(name, ..)| name);
            self.root.as_ref()?.look_at_folder(folder.path, folder.stamp, wanted)
        };
        let now = known.now.get_or_init(look).as_deref()?;
        Some(Unchanged { known: folder, now })
    }

    /// Where a folder is, by its path from the workspace root. `next` is where it is looked for first,
    /// and becomes the place behind it.
    fn find(&self, path: &str, next: &mut usize) -> Option<&Remembered> {
        let path_of = |known: &Remembered| self.folder(known).map_or("", |folder| folder.path);
        if self.known.get(*next).is_none_or(|known| path_of(known) != path) {
            let order = |known: &Remembered| format::compare(path_of(known), path);
            *next = self.known.binary_search_by(order).ok()?;
        }
        *next += 1;
        self.known.get(*next - 1)
    }

    /// A folder, by its path from the workspace root; `None`: it must be listed. `next` is where it is
    /// looked for first: they come in the order of their paths.
    pub(crate) fn unchanged(&self, path: &str, next: &mut usize) -> Option<Unchanged<'_>> {
        let known = self.find(path, next)?;
        let unchanged = self.now(known)?;
        known.is_kept.store(true, Ordering::Relaxed);
        Some(unchanged)
    }

    /// Whether what is listed is recorded at all.
    pub(crate) fn records(&self) -> bool {
        self.root.is_some()
    }

    /// Records what was listed at `now`, a time before the folder was asked for its first name.
    pub(crate) fn record(
        &self,
        path: &str,
        (device, stamp): (u64, Stamp),
        now: SystemTime,
        names: Names,
    ) {
        let is_ours = self.root.as_ref().is_some_and(|root| root.is_on(device));
        if is_ours && stamp.is_settled(now + self.ahead) {
            self.keep(path, stamp, names);
        }
    }

    /// Records that the state of more files is wanted: of those at these places.
    pub(crate) fn record_wanted(&self, folder: &Unchanged, more: &[usize]) {
        let mut names = Names::default();
        for (place, (name, kind, is_wanted)) in format::entries(folder.known.names).enumerate() {
            names.push(name, kind, is_wanted || more.binary_search(&place).is_ok());
        }
        self.keep(folder.known.path, folder.known.stamp, names);
    }

    fn keep(&self, path: &str, stamp: Stamp, names: Names) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.push((path.to_owned(), stamp, names));
    }

    /// The new file, if there is anything new to write: only of the folders that this run asked for.
    pub(crate) fn render(&self) -> Option<Vec<u8>> {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.is_empty() {
            return None;
        }
        let kept = self.known.iter().filter(|known| known.is_kept.load(Ordering::Relaxed));
        let kept = kept.filter_map(|known| self.folder(known));
        // What was found now comes behind what was known, and counts.
        let fresh = fresh.iter().map(|(path, stamp, names)| Known {
            path,
            stamp: *stamp,
            names: names.bytes(),
        });
        Some(format::render(kept.chain(fresh).collect()))
    }
}

#[cfg(test)]
mod tests;
