//! The cache's file: folders, one behind the other, and a sum of all of it.
//!
//! A folder is its path from the workspace root, its stamp, and its names; a name is a byte for what
//! it is, its length and its text. Numbers are little-endian.

use std::cmp::Ordering;

use crate::hash_cache::{Stamp, take};
use crate::sealed::{seal, unseal};

/// First bytes of the file: name and version.
const MAGIC: &[u8] = b"lambda-images folders 2\n";
/// Bytes of a folder beside its path and its names.
const FOLDER_LENGTH: usize = 4 + 32 + 4;
/// Marks a file whose state somebody wants to know.
const LOOKED_AT: u8 = 0x80;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    Link,
    /// A socket, a pipe, a device.
    Other,
}

/// A folder as it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'f> {
    /// From the workspace root.
    pub(super) path: &'f str,
    pub(super) stamp: Stamp,
    /// As in the file.
    pub(super) names: &'f [u8],
}

/// The order of the file: a folder comes right before those that lie in it.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    fn with_end(path: &str) -> impl Iterator<Item = u8> {
        path.bytes().chain(std::iter::once(b'/'))
    }
    with_end(a).cmp(with_end(b))
}

/// The names of a folder, as in the file.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<u8>);

impl Names {
    /// Adds a name, and whether its state is wanted.
    pub(crate) fn push(&mut self, name: &str, kind: EntryKind, is_looked_at: bool) {
        let kind = match kind {
            EntryKind::File => 0,
            EntryKind::Folder => 1,
            EntryKind::Link => 2,
            EntryKind::Other => 3,
        };
        self.0.push(if is_looked_at { kind | LOOKED_AT } else { kind });
        push_text(name, &mut self.0);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The entries that names stand for: name, kind, whether its state is wanted.
pub(super) fn entries(mut names: &[u8]) -> impl Iterator<Item = (&str, EntryKind, bool)> {
    std::iter::from_fn(move || parse_entry(&mut names))
}

fn parse_entry<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, EntryKind, bool)> {
    let [kind] = take(rest)?;
    let is_looked_at = kind & LOOKED_AT != 0;
    let kind = match kind & !LOOKED_AT {
        0 => EntryKind::File,
        1 => EntryKind::Folder,
        2 => EntryKind::Link,
        3 => EntryKind::Other,
        _ => return None,
    };
    Some((parse_text(rest)?, kind, is_looked_at))
}

fn push_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn parse_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

/// Where the folders stand; `None`: the file is damaged, or of another version.
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<u32>> {
    let content = unseal(bytes)?;
    let mut rest = content.strip_prefix(MAGIC)?;
    // A folder is some 180 bytes with what usually is in it.
    let mut known = Vec::with_capacity(rest.len() / 160);
    while !rest.is_empty() {
        known.push(u32::try_from(content.len() - rest.len()).ok()?);
        parse_folder(&mut rest)?;
    }
    Some(known)
}

/// Takes a folder off the front.
pub(super) fn parse_folder<'f>(rest: &mut &'f [u8]) -> Option<Known<'f>> {
    let path = parse_text(rest)?;
    let stamp = Stamp::parse(rest)?;
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (names, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(Known { path, stamp, names })
}

/// The file of these folders; of two of one path the later counts.
pub(super) fn render(mut folders: Vec<Known>) -> Vec<u8> {
    folders.sort_by(|a, b| compare(a.path, b.path));
    // A buffer that grows would for a moment be there twice.
    let length = |known: &Known| known.path.len() + known.names.len() + FOLDER_LENGTH;
    let length = MAGIC.len() + folders.iter().map(length).sum::<usize>();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    for (place, &Known { path, stamp, names }) in folders.iter().enumerate() {
        if folders.get(place + 1).is_some_and(|next| next.path == path) {
            continue;
        }
        push_text(path, &mut bytes);
        stamp.render(&mut bytes);
        bytes.extend(u32::try_from(names.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(names);
    }
    seal(&mut bytes);
    bytes
}
