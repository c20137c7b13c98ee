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

use std::cmp::Ordering;
use std::fs::Metadata;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use lambda_images::fingerprint::Sha256Sum;

use crate::sealed::{seal, unseal};

/// First bytes of the file: name and version.
const MAGIC: &[u8] = b"lambda-images hashes 4\n";
/// Bytes of an entry beside its path.
const ENTRY_LENGTH: usize = 4 + 32 + 32;
/// A file must have been left alone for this long before it was hashed: the coarsest grain of
/// a file system's times (FAT has two seconds).
const GRAIN: Duration = Duration::from_secs(2);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) inode: u64,
    /// In nanoseconds since 1970.
    pub(crate) modified: i64,
    /// When its status changed, in nanoseconds since 1970.
    pub(crate) changed: i64,
}

/// One run's view of the cache.
#[derive(Debug)]
pub(crate) struct HashCache {
    bytes: Vec<u8>,
    /// Where each entry stands in the bytes, sorted by path.
    known: Vec<u32>,
    fresh: Mutex<Vec<(String, Stamp, Sha256Sum)>>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Stamp {
        use std::os::unix::fs::MetadataExt as _;
        Stamp {
            size: metadata.size(),
            inode: metadata.ino(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The same of what the system says itself.
    #[cfg(target_os = "linux")]
    pub(crate) fn of_stat(stat: &rustix::fs::Stat) -> Stamp {
        let fraction = |part| i64::try_from(part).unwrap_or(i64::MAX);
        Stamp {
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            inode: stat.st_ino,
            modified: nanoseconds(stat.st_mtime, fraction(stat.st_mtime_nsec)),
            changed: nanoseconds(stat.st_ctime, fraction(stat.st_ctime_nsec)),
        }
    }

    /// Whether the file had been left alone for a while at `now`.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let at = |time: i64| {
            SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(time).unwrap_or(0))
        };
        let settled = |time| now.duration_since(at(time)).is_ok_and(|age| age > GRAIN);
        settled(self.modified) && settled(self.changed)
    }

    /// Its bytes in a cache's file.
    pub(crate) fn render(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(self.inode.to_le_bytes());
        bytes.extend(self.modified.to_le_bytes());
        bytes.extend(self.changed.to_le_bytes());
    }

    /// Takes it off the front of a cache's bytes.
    pub(crate) fn parse(rest: &mut &[u8]) -> Option<Stamp> {
        Some(Stamp {
            size: u64::from_le_bytes(take(rest)?),
            inode: u64::from_le_bytes(take(rest)?),
            modified: i64::from_le_bytes(take(rest)?),
            changed: i64::from_le_bytes(take(rest)?),
        })
    }
}

/// A time as one number. One that is centuries away is the last there is, which never settles.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    let whole = seconds.checked_mul(1_000_000_000);
    whole.and_then(|whole| whole.checked_add(nanoseconds)).unwrap_or(i64::MAX)
}

impl HashCache {
    /// Reads the file's bytes. What can't be read counts as empty.
    pub(crate) fn parse(bytes: Vec<u8>) -> HashCache {
        let known = parse_entries(&bytes).unwrap_or_default();
        HashCache { bytes, known, fresh: Mutex::default() }
    }

    /// An entry: path, stamp and sum.
    fn entry(&self, at: usize) -> Option<(&[u8], Stamp, Sha256Sum)> {
        parse_entry(&mut &self.bytes[*self.known.get(at)? as usize..])
    }

    /// The sum of a file in this state, if it is known. `next` is where it is looked for first, and
    /// becomes the place behind it.
    pub(crate) fn get(&self, path: &str, stamp: Stamp, next: &mut usize) -> Option<Sha256Sum> {
        let path = path.as_bytes();
        let is_next = self.entry(*next).is_some_and(|(known, ..)| known == path);
        if !is_next {
            let order = |at: &u32| {
                let entry = parse_entry(&mut &self.bytes[*at as usize..]);
                entry.map_or(Ordering::Less, |(known, ..)| known.cmp(path))
            };
            *next = self.known.binary_search_by(order).ok()?;
        }
        let (_, known, sum) = self.entry(*next)?;
        *next += 1;
        (known == stamp).then_some(sum)
    }

    /// Records what was hashed at `now`, a time before its first byte was read.
    pub(crate) fn record(&self, path: &str, stamp: Stamp, now: SystemTime, sum: Sha256Sum) {
        if stamp.is_settled(now) {
            self.keep(path, stamp, sum);
        }
    }

    /// Records the sum of a file that nothing but this program writes.
    pub(crate) fn keep(&self, path: &str, stamp: Stamp, sum: Sha256Sum) {
        let mut fresh = self.fresh.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        fresh.push((path.to_owned(), stamp, sum));
    }

    /// The new file, if there is anything new to write: only of the files that were seen, so that
    /// what is gone leaves.
    pub(crate) fn render(&self, is_seen: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
        let mut fresh = self.fresh.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if fresh.is_empty() {
            return None;
        }
        fresh.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        // A buffer that grows would for a moment be there twice.
        let of_fresh = fresh.iter().map(|(path, ..)| path.len() + ENTRY_LENGTH).sum::<usize>();
        let mut bytes = Vec::with_capacity(MAGIC.len() + self.bytes.len() + of_fresh);
        bytes.extend(MAGIC);
        let mut known = (0..self.known.len()).filter_map(|at| self.entry(at)).peekable();
        let mut render = |path: &[u8], stamp: &Stamp, sum: &Sha256Sum| {
            if std::str::from_utf8(path).is_ok_and(&is_seen) {
                render_entry(path, stamp, sum, &mut bytes);
            }
        };
        for (place, (path, stamp, sum)) in fresh.iter().enumerate() {
            while let Some((path, stamp, sum)) =
                known.next_if(|(known, ..)| *known < path.as_bytes())
            {
                render(path, &stamp, &sum);
            }
            known.next_if(|(known, ..)| *known == path.as_bytes());
            // Of two contexts that hold one file, both may have hashed it.
            if fresh.get(place + 1).is_none_or(|(next, ..)| next != path) {
                render(path.as_bytes(), stamp, sum);
            }
        }
        known.for_each(|(path, stamp, sum)| render(path, &stamp, &sum));
        seal(&mut bytes);
        Some(bytes)
    }
}

fn render_entry(path: &[u8], stamp: &Stamp, sum: &Sha256Sum, bytes: &mut Vec<u8>) {
    let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_le_bytes());
    bytes.extend(path);
    stamp.render(bytes);
    bytes.extend(sum.0);
}

/// Where the entries stand; `None`: the file is damaged, or of another version.
fn parse_entries(bytes: &[u8]) -> Option<Vec<u32>> {
    let content = unseal(bytes)?;
    let mut rest = content.strip_prefix(MAGIC)?;
    // An entry is some 125 bytes with a usual path.
    let mut known = Vec::with_capacity(rest.len() / 110);
    let mut last: Option<&[u8]> = None;
    while !rest.is_empty() {
        known.push(u32::try_from(content.len() - rest.len()).ok()?);
        let (path, ..) = parse_entry(&mut rest)?;
        if last.is_some_and(|last| last >= path) {
            return None;
        }
        last = Some(path);
    }
    Some(known)
}

fn parse_entry<'b>(rest: &mut &'b [u8]) -> Option<(&'b [u8], Stamp, Sha256Sum)> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (path, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((path, Stamp::parse(rest)?, Sha256Sum(take(rest)?)))
}

/// Takes so many bytes off the front.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*chunk)
}

#[cfg(test)]
mod tests;
