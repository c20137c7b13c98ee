//! SHA-256 of files that have not changed since they were last hashed.
//!
//! # How it works
//! As in git's index: a file whose size, inode, and times of modification and of status change
//! are those that were recorded is the file that was hashed. Two kinds of doubt are left, and
//! both mean hashing again: a file that had just changed when it was hashed could change once
//! more within the clock's grain (git calls such an entry racily clean), so it is not recorded
//! at all; and a cache that is damaged, or of another version, counts as empty.
//!
//! Entries are sorted by path, as the files of a folder are that ask for them: the next answer is
//! mostly right behind the last.
//!
//! Two runs at once each replace the file whole, and the last one wins: nothing is lost but
//! time.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use lambda_images::fingerprint::{Sha256Sum, sha256};

/// First bytes of the file: name and version.
const MAGIC: &[u8] = b"lambda-images hashes 2\n";
/// A file must have been left alone for this long before it was hashed: the coarsest grain of
/// a file system's times (FAT has two seconds).
const GRAIN: Duration = Duration::from_secs(2);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) inode: u64,
    /// Seconds and nanoseconds.
    pub(crate) modified: (i64, u32),
    /// Of its status, in seconds and nanoseconds.
    pub(crate) changed: (i64, u32),
}

/// One run's view of the cache.
#[derive(Debug)]
pub(crate) struct HashCache<'a> {
    /// Sorted by path.
    known: Vec<(&'a [u8], Stamp, Sha256Sum)>,
    fresh: Mutex<Vec<(String, Stamp, Sha256Sum)>>,
}

impl Stamp {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt as _;
        let nanoseconds = |value: i64| u32::try_from(value).ok();
        Some(Stamp {
            size: metadata.size(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), nanoseconds(metadata.mtime_nsec())?),
            changed: (metadata.ctime(), nanoseconds(metadata.ctime_nsec())?),
        })
    }

    /// The same of what the system says itself.
    #[cfg(target_os = "linux")]
    pub(crate) fn of_stat(stat: &rustix::fs::Stat) -> Option<Stamp> {
        Some(Stamp {
            size: u64::try_from(stat.st_size).ok()?,
            inode: stat.st_ino,
            modified: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).ok()?),
            changed: (stat.st_ctime, u32::try_from(stat.st_ctime_nsec).ok()?),
        })
    }

    /// Elsewhere there is no time of status change: nothing is recorded.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Option<Stamp> {
        None
    }

    /// Whether the file had been left alone for a while at `now`.
    fn is_settled(&self, now: SystemTime) -> bool {
        let at = |(seconds, nanoseconds): (i64, u32)| {
            let seconds = u64::try_from(seconds).unwrap_or(0);
            SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
        };
        let settled = |time| now.duration_since(at(time)).is_ok_and(|age| age > GRAIN);
        settled(self.modified) && settled(self.changed)
    }
}

impl<'a> HashCache<'a> {
    /// Reads the file's bytes. What can't be read counts as empty.
    pub(crate) fn parse(bytes: &'a [u8]) -> HashCache<'a> {
        HashCache { known: parse_entries(bytes).unwrap_or_default(), fresh: Mutex::default() }
    }

    /// The sum of a file in this state, if it is known. `next` is where it is looked for first, and
    /// becomes the place behind it.
    pub(crate) fn get(
        &self,
        path: &str,
        stamp: Option<Stamp>,
        next: &mut usize,
    ) -> Option<Sha256Sum> {
        let path = path.as_bytes();
        let at = match self.known.get(*next) {
            Some((known, ..)) if *known == path => *next,
            _ => self.known.binary_search_by(|(known, ..)| (*known).cmp(path)).ok()?,
        };
        *next = at + 1;
        let (_, known, sum) = self.known[at];
        (Some(known) == stamp).then_some(sum)
    }

    /// Records what was hashed at `now`, a time before its first byte was read.
    pub(crate) fn record(&self, path: &str, stamp: Option<Stamp>, now: SystemTime, sum: Sha256Sum) {
        let Some(stamp) = stamp.filter(|stamp| stamp.is_settled(now)) else { return };
        let mut fresh = self.fresh.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        fresh.push((path.to_owned(), stamp, sum));
    }

    /// The new file, if there is anything new to write: only of the files that were `seen`, so
    /// that what is gone leaves.
    pub(crate) fn render(self, seen: impl FnOnce() -> HashSet<String>) -> Option<Vec<u8>> {
        let fresh = self.fresh.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if fresh.is_empty() {
            return None;
        }
        let seen = seen();
        let known = self.known.into_iter().map(|(path, stamp, sum)| (path, (stamp, sum)));
        let mut all: BTreeMap<&[u8], (Stamp, Sha256Sum)> = known.collect();
        for (path, stamp, sum) in &fresh {
            all.insert(path.as_bytes(), (*stamp, *sum));
        }
        let mut bytes = MAGIC.to_vec();
        for (path, (stamp, sum)) in all {
            if std::str::from_utf8(path).is_ok_and(|path| seen.contains(path)) {
                render_entry(path, &stamp, &sum, &mut bytes);
            }
        }
        let sum = sha256(&bytes);
        bytes.extend(sum.0);
        Some(bytes)
    }
}

fn render_entry(path: &[u8], stamp: &Stamp, sum: &Sha256Sum, bytes: &mut Vec<u8>) {
    let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_le_bytes());
    bytes.extend(path);
    bytes.extend(stamp.size.to_le_bytes());
    bytes.extend(stamp.inode.to_le_bytes());
    for (seconds, nanoseconds) in [stamp.modified, stamp.changed] {
        bytes.extend(seconds.to_le_bytes());
        bytes.extend(nanoseconds.to_le_bytes());
    }
    bytes.extend(sum.0);
}

/// `None`: the file is damaged, or of another version.
fn parse_entries(bytes: &[u8]) -> Option<Vec<(&[u8], Stamp, Sha256Sum)>> {
    let (content, sum) = bytes.split_last_chunk::<32>()?;
    if sha256(content).0 != *sum {
        return None;
    }
    let mut rest = content.strip_prefix(MAGIC)?;
    // An entry is some 130 bytes with a usual path.
    let mut known: Vec<(&[u8], Stamp, Sha256Sum)> = Vec::with_capacity(rest.len() / 120);
    while !rest.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        let (path, after) = rest.split_at_checked(length)?;
        rest = after;
        let size = u64::from_le_bytes(take(&mut rest)?);
        let inode = u64::from_le_bytes(take(&mut rest)?);
        let modified = (i64::from_le_bytes(take(&mut rest)?), u32::from_le_bytes(take(&mut rest)?));
        let changed = (i64::from_le_bytes(take(&mut rest)?), u32::from_le_bytes(take(&mut rest)?));
        let sum = Sha256Sum(take(&mut rest)?);
        if known.last().is_some_and(|(last, ..)| *last >= path) {
            return None;
        }
        known.push((path, Stamp { size, inode, modified, changed }, sum));
    }
    Some(known)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*chunk)
}

#[cfg(test)]
mod tests;
