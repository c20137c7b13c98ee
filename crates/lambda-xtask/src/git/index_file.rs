//! Git's index as a file: paths, modes, blobs, and the state in which git last saw each file.
//!
//! By Git's documentation of the format (`gitformat-index`), versions 2 to 4. To ask git itself
//! (`git status`) costs a second look at every file of the repository, which is more than all the
//! rest; so the file is read here, and only that much of it: whatever is out of the ordinary (a
//! split or sparse index, a submodule, a conflict, a file that git was told not to look at, a path
//! that is not UTF-8, a version to come) makes it unreadable here, and then git is asked.

use std::ops::Range;

use crate::hash_cache::Stamp;

/// An index in which nothing is out of the ordinary.
#[derive(Debug)]
pub(super) struct IndexFile {
    /// All paths, seen from the repository's root, one behind the other.
    paths: String,
    /// All blobs' ids, one behind the other.
    ids: Vec<u8>,
    id_length: usize,
    entries: Vec<IndexEntry>,
    /// The tree that a commit of this index would have, in hex, where git keeps it.
    tree: Option<String>,
}

/// One file.
#[derive(Debug, Clone)]
struct IndexEntry {
    path: Range<u32>,
    mode: u32,
    stat: Stat,
}

/// What git keeps of a file's state: each the lower 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    changed: (u32, u32),
    modified: (u32, u32),
    inode: u32,
    size: u32,
}

const SIGNATURE: &[u8] = b"DIRC";
/// The extension that holds the trees of folders without changes.
const CACHED_TREE: &[u8] = b"TREE";
/// Times, device, inode, mode, owner, group, size.
const STAT_LENGTH: usize = 40;
const ASSUME_VALID: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;

impl IndexFile {
    /// `None`: git has to be asked. `id_length` is that of an object's id, in bytes.
    pub(super) fn parse(bytes: &[u8], id_length: usize) -> Option<IndexFile> {
        let content = bytes.get(..bytes.len().checked_sub(id_length)?)?;
        let mut rest = content.strip_prefix(SIGNATURE)?;
        let version = u32(&mut rest)?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let count = usize::try_from(u32(&mut rest)?).ok()?;
        let mut index = IndexFile {
            paths: String::with_capacity(content.len() / 2),
            ids: Vec::with_capacity((count * id_length).min(content.len())),
            id_length,
            entries: Vec::with_capacity(count.min(content.len() / STAT_LENGTH)),
            tree: None,
        };
        for _ in 0..count {
            rest = index.add_entry(rest, version)?;
        }
        while !rest.is_empty() {
            let (name, after) = rest.split_at_checked(4)?;
            rest = after;
            let length = usize::try_from(u32(&mut rest)?).ok()?;
            // Those with a small letter must be understood.
            if !name[0].is_ascii_uppercase() {
                return None;
            }
            let (extension, after) = rest.split_at_checked(length)?;
            if name == CACHED_TREE {
                index.tree = parse_cached_tree(extension, count, id_length);
            }
            rest = after;
        }
        Some(index)
    }

    fn add_entry<'b>(&mut self, bytes: &'b [u8], version: u32) -> Option<&'b [u8]> {
        let mut rest = bytes;
        let changed = (u32(&mut rest)?, u32(&mut rest)?);
        let modified = (u32(&mut rest)?, u32(&mut rest)?);
        let [_, inode, mode] = [u32(&mut rest)?, u32(&mut rest)?, u32(&mut rest)?];
        let [_, _, size] = [u32(&mut rest)?, u32(&mut rest)?, u32(&mut rest)?];
        let (id, after) = rest.split_at_checked(self.id_length)?;
        let (flags, after) = after.split_first_chunk::<2>()?;
        let flags = u16::from_be_bytes(*flags);
        let is_file = matches!(mode, 0o100_644 | 0o100_755 | 0o120_000);
        if !is_file || flags & (ASSUME_VALID | STAGE) != 0 {
            return None;
        }
        // Extended flags say that a file is not there, or not yet added.
        let mut rest = after;
        if flags & EXTENDED != 0 {
            let (extended, after) = rest.split_first_chunk::<2>()?;
            if version < 3 || u16::from_be_bytes(*extended) != 0 {
                return None;
            }
            rest = after;
        }
        self.add_path(bytes, rest, version, (mode, id, Stat { changed, modified, inode, size }))
    }

    fn add_path<'b>(
        &mut self,
        entry: &[u8],
        rest: &'b [u8],
        version: u32,
        (mode, id, stat): (u32, &[u8], Stat),
    ) -> Option<&'b [u8]> {
        let start = self.paths.len();
        let (rest, kept) = match version {
            4 => strip_varint(rest)?,
            _ => (rest, 0),
        };
        if version == 4 {
            let last = self.entries.last().map_or(0..0, |last| bounds(&last.path));
            let shared = last.len().checked_sub(kept)?;
            let shared = self.paths.get(last.start..last.start + shared)?.to_owned();
            self.paths.push_str(&shared);
        }
        let end = rest.iter().position(|&byte| byte == 0)?;
        self.paths.push_str(std::str::from_utf8(&rest[..end]).ok()?);
        let path = u32::try_from(start).ok()?..u32::try_from(self.paths.len()).ok()?;
        // Entries are sorted; one that is not belongs to an index that nobody wrote.
        if let Some(last) = self.entries.last()
            && self.paths[bounds(&last.path)] >= self.paths[bounds(&path)]
        {
            return None;
        }
        self.entries.push(IndexEntry { path, mode, stat });
        self.ids.extend(id);
        match version {
            4 => rest.get(end + 1..),
            // Filled up with 1 to 8 zeros to a multiple of eight.
            _ => {
                let length = entry.len() - rest.len() + end;
                entry_after(rest, end, length)
            }
        }
    }

    /// The entries whose paths begin with `prefix`.
    pub(super) fn below(&self, prefix: &str) -> Range<usize> {
        let start = self.entries.partition_point(|entry| self.paths[bounds(&entry.path)] < *prefix);
        let more = self.entries[start..]
            .partition_point(|entry| self.paths[bounds(&entry.path)].starts_with(prefix));
        start..start + more
    }

    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| self.paths[bounds(&entry.path)].cmp(path)).ok()
    }

    pub(super) fn path(&self, entry: usize) -> &str {
        &self.paths[bounds(&self.entries[entry].path)]
    }

    /// As git writes it: `100644`.
    pub(super) fn mode(&self, entry: usize) -> &'static str {
        match self.entries[entry].mode {
            0o120_000 => "120000",
            0o100_755 => "100755",
            _ => "100644",
        }
    }

    /// In hex.
    pub(super) fn id(&self, entry: usize) -> String {
        hex(&self.ids[entry * self.id_length..(entry + 1) * self.id_length])
    }

    /// The tree that a commit of this index would have, in hex. `None`: git has not kept it, or has
    /// crossed it out since something was added.
    pub(super) fn tree(&self) -> Option<&str> {
        self.tree.as_deref()
    }

    /// Whether a file in this state is the one that git saw, by the time at which the index was
    /// written. As git does it, a file that was modified no earlier is in doubt (racily clean).
    pub(super) fn is_unchanged(&self, entry: usize, stamp: &Stamp, written: &Stamp) -> bool {
        let seen = self.entries[entry].stat;
        stat(stamp) == seen && seen.modified < stat(written).modified
    }
}

fn stat(stamp: &Stamp) -> Stat {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "git keeps the lower 32 bits"
    )]
    let time =
        |time: i64| (time.div_euclid(1_000_000_000) as u32, time.rem_euclid(1_000_000_000) as u32);
    #[expect(clippy::cast_possible_truncation, reason = "git keeps the lower 32 bits")]
    let low = |number: u64| number as u32;
    Stat {
        changed: time(stamp.changed),
        modified: time(stamp.modified),
        inode: low(stamp.inode),
        size: low(stamp.size),
    }
}

/// The tree of the root, which comes first: an empty path, the number of entries, which is below zero
/// where the tree is crossed out, the number of folders, the id.
fn parse_cached_tree(extension: &[u8], count: usize, id_length: usize) -> Option<String> {
    let rest = extension.strip_prefix(b"\0")?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    let counts = std::str::from_utf8(&rest[..end]).ok()?;
    let (entries, _) = counts.split_once(' ')?;
    if entries.parse::<usize>() != Ok(count) {
        return None;
    }
    rest.get(end + 1..end + 1 + id_length).map(hex)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bounds(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// What is behind an entry of `length` bytes, of which the path ends at `end` of `rest`.
fn entry_after(rest: &[u8], end: usize, length: usize) -> Option<&[u8]> {
    let padding = 8 - length % 8;
    rest.get(end + padding..)
}

/// How much to take off the path before: `OFS_DELTA`'s encoding of numbers in packs.
fn strip_varint(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut rest = bytes;
    let mut value = 0_usize;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        value = value.checked_shl(7)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((rest, value));
        }
        value = value.checked_add(1)?;
    }
}

fn u32(rest: &mut &[u8]) -> Option<u32> {
    let (chunk, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*chunk))
}

#[cfg(test)]
mod tests;
