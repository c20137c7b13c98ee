//! The files of a context, and digests of what is read of them.
//!
//! # How it works
//! As in git, a folder's digest is made from the digests of what is in it: name, mode and content
//! of each file, name and digest of each folder. What is read of a folder is told by a
//! [`Selection`]; a folder that is read whole has one digest, computed once, however many images
//! read it. Cost grows with files, and with what each image reads beside whole folders.
//!
//! It reads no file: whoever fills it has.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dockerfile::{Entry, EntryKind, Listing, Selection};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::fingerprint::{Encoder, Mode, Sha256Sum, TreeDigest};
use crate::locks::{may_be_lock, may_decide};
use crate::paths;

/// One file as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// As git records it.
    pub mode: Mode,
    /// SHA-256 of its bytes, or of a link's text.
    pub sha256: Sha256Sum,
    /// Its length in bytes: for people, not for the fingerprint.
    #[serde(skip)]
    pub size: u64,
}

/// A folder of the workspace as one ignore file leaves it.
#[derive(Debug)]
pub struct Tree {
    /// Relative to the workspace root.
    pub folder: String,
    listing: Arc<Listing>,
    /// For each entry of the listing; `None`: not a file, or read by nobody. Shared by trees that list
    /// the same, but for the entries in `unknown`.
    files: Arc<Vec<Option<FileState>>>,
    /// Entries of which nothing was known any more when the tree was changed, ascending.
    unknown: Vec<usize>,
    /// What has been found out about those.
    known: HashMap<usize, FileState>,
    /// Shared as `files` are: of folders that hold none of the `unknown` entries.
    shared_digests: Arc<Mutex<Digests>>,
    /// Of the other folders.
    own_digests: Arc<Mutex<Digests>>,
    /// Entries that may be locks, or decide what is installed from one, ascending.
    locks: OnceLock<Vec<usize>>,
}

/// Digests of folders, by their range in the listing.
#[derive(Debug, Default)]
struct Digests {
    /// Of those that are read whole. `None`: there is no file in it.
    whole: FxHashMap<(usize, usize), Option<Sha256Sum>>,
    /// Of those that are read in part, which many images do alike: by what is read of it, behind the
    /// folder's own range.
    partial: FxHashMap<Box<[usize]>, Option<Sha256Sum>>,
}

/// Ranges that are read of a folder, at most, for its digest to be kept: others are rarely asked for
/// twice.
const FEW: usize = 4;

impl Tree {
    /// A tree of which no file has been read yet.
    pub fn new(folder: impl Into<String>, listing: Listing) -> Tree {
        let files = vec![None; listing.entries().len()];
        Tree {
            folder: folder.into(),
            listing: Arc::new(listing),
            files: Arc::new(files),
            unknown: Vec::new(),
            known: HashMap::new(),
            shared_digests: Arc::default(),
            own_digests: Arc::default(),
            locks: OnceLock::new(),
        }
    }

    /// The same tree without the `removed` entries, with the `added` ones, and with nothing known of
    /// those and of the `unknown` ones.
    #[must_use]
    pub fn changed(
        &self,
        removed: &BTreeSet<usize>,
        added: Vec<Entry>,
        unknown: &BTreeSet<usize>,
    ) -> Tree {
        let folder = self.folder.clone();
        if removed.is_empty() && added.is_empty() && self.unknown.is_empty() {
            return Tree {
                folder,
                listing: Arc::clone(&self.listing),
                files: Arc::clone(&self.files),
                unknown: unknown.iter().copied().collect(),
                known: HashMap::new(),
                shared_digests: Arc::clone(&self.shared_digests),
                own_digests: Arc::default(),
                locks: OnceLock::new(),
            };
        }
        let entries = self.listing.entries();
        let kept = (0..entries.len()).filter(|index| !removed.contains(index));
        let kept_entries = kept.clone().map(|index| entries[index].clone());
        let mut tree = Tree::new(folder, Listing::new(kept_entries.chain(added).collect()));
        // Both are sorted by path: what was kept comes in the same order.
        let mut at = 0;
        let (listing, files) = tree.files_mut();
        for index in kept {
            while listing.entries()[at].path != entries[index].path {
                at += 1;
            }
            files[at] = self.file(index).filter(|_| !unknown.contains(&index)).copied();
            at += 1;
        }
        tree
    }

    /// What is in it.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The entries of which nothing was known when the tree was made by [`Tree::changed`] without
    /// another listing.
    pub fn unknown(&self) -> &[usize] {
        &self.unknown
    }

    /// Whether the two trees list the same, which need not be found out.
    pub fn shares_listing_with(&self, other: &Tree) -> bool {
        Arc::ptr_eq(&self.listing, &other.listing)
    }

    /// The entries whose names may be those of locks, ascending.
    pub fn lock_files(&self) -> &[usize] {
        self.locks.get_or_init(|| {
            let entries = self.listing.entries().iter().enumerate();
            let may_be = entries.filter(|(_, entry)| {
                entry.kind == EntryKind::File
                    && (may_be_lock(&entry.path) || may_decide(&entry.path))
            });
            may_be.map(|(index, _)| index).collect()
        })
    }

    /// Path of an entry, relative to the workspace root.
    pub fn path(&self, index: usize) -> String {
        paths::in_folder(&self.folder, &self.listing.entries()[index].path)
    }

    /// What is known of an entry.
    pub fn file(&self, index: usize) -> Option<&FileState> {
        match self.unknown.binary_search(&index) {
            Ok(_) => self.known.get(&index),
            Err(_) => self.files[index].as_ref(),
        }
    }

    /// What is in it, and what is known of each entry, to be told side by side: of a tree of which
    /// nothing was made unknown.
    pub fn files_mut(&mut self) -> (&Listing, &mut [Option<FileState>]) {
        debug_assert!(self.unknown.is_empty(), "what was unknown is told entry by entry");
        (&self.listing, Arc::make_mut(&mut self.files).as_mut_slice())
    }

    /// Tells what an entry is.
    pub fn set_file(&mut self, index: usize, file: FileState) {
        if self.unknown.binary_search(&index).is_ok() {
            self.known.insert(index, file);
            self.own_digests = Arc::default();
        } else {
            Arc::make_mut(&mut self.files)[index] = Some(file);
            // From here on it differs from the tree that it was made from in more than was said.
            self.shared_digests = Arc::default();
        }
    }

    /// The files of a selection with their paths from the workspace root. A file that went away
    /// before it was read is none.
    pub fn files<'t>(
        &'t self,
        selection: &'t Selection,
    ) -> impl Iterator<Item = (String, &'t FileState)> {
        selection.entries().filter_map(|index| Some((self.path(index), self.file(index)?)))
    }

    /// Bytes of a selection.
    pub fn size(&self, selection: &Selection) -> u64 {
        selection.entries().filter_map(|index| self.file(index)).map(|file| file.size).sum()
    }

    /// Digest of the files of a selection, without those in `left_out` (ascending indices).
    pub fn digest(&self, selection: &Selection, left_out: &[usize]) -> TreeDigest {
        let selected = ranges(selection, left_out);
        let whole = 0..self.listing.entries().len();
        TreeDigest(self.folder_digest("", whole, &selected).unwrap_or_else(empty_folder))
    }

    /// `None`: nothing of it is selected. `prefix` is the folder's path with a slash behind it,
    /// or empty; `within` the range of all that is below it.
    fn folder_digest(
        &self,
        prefix: &str,
        within: Range<usize>,
        selected: &[Range<usize>],
    ) -> Option<Sha256Sum> {
        let first = selected.partition_point(|range| range.end <= within.start);
        let more = selected[first..].partition_point(|range| range.start < within.end);
        let selected = &selected[first..first + more];
        let clip = |range: &Range<usize>| range.start.max(within.start)..range.end.min(within.end);
        let digests = || {
            let digests = self.digests_of(&within);
            digests.lock().unwrap_or_else(PoisonError::into_inner)
        };
        let digest = || self.new_folder_digest(prefix, within.clone(), selected);
        match selected {
            [] => None,
            [range] if clip(range) == within => {
                let key = (within.start, within.end);
                let known = digests().whole.get(&key).copied();
                known.unwrap_or_else(|| {
                    let digest = digest();
                    digests().whole.insert(key, digest);
                    digest
                })
            }
            [_, rest @ ..] if rest.len() < FEW => {
                let mut key = vec![within.start, within.end];
                key.extend(selected.iter().map(clip).flat_map(|range| [range.start, range.end]));
                let known = digests().partial.get(key.as_slice()).copied();
                known.unwrap_or_else(|| {
                    let digest = digest();
                    digests().partial.insert(key.into(), digest);
                    digest
                })
            }
            _ => digest(),
        }
    }

    /// The same of one that has not been asked for yet; `selected` lies in it.
    fn new_folder_digest(
        &self,
        prefix: &str,
        within: Range<usize>,
        selected: &[Range<usize>],
    ) -> Option<Sha256Sum> {
        let entries = self.listing.entries();
        let mut encoder = Encoder::new("folder");
        let mut is_empty = true;
        let mut at = within.start;
        for range in selected {
            at = at.max(range.start);
            while at < range.end.min(within.end) {
                let path = &entries[at].path;
                let below = &path[prefix.len()..];
                let Some((name, _)) = below.split_once('/') else {
                    if let (Some(file), false) =
                        (self.file(at), entries[at].kind == EntryKind::Folder)
                    {
                        encoder.field(below.as_bytes());
                        encoder.field(file.mode.as_str().as_bytes());
                        encoder.field(&file.sha256.0);
                        is_empty = false;
                    }
                    at += 1;
                    continue;
                };
                let child = &path[..prefix.len() + name.len()];
                let child_range = self.listing.below(child);
                let child_prefix = &path[..=child.len()];
                let next = child_range.end;
                if let Some(digest) = self.folder_digest(child_prefix, child_range, selected) {
                    encoder.field(name.as_bytes());
                    encoder.field(b"040000");
                    encoder.field(&digest.0);
                    is_empty = false;
                }
                at = next;
            }
        }
        (!is_empty).then(|| encoder.finish())
    }

    /// Where the digest of a folder is kept.
    fn digests_of(&self, within: &Range<usize>) -> &Mutex<Digests> {
        let first = self.unknown.partition_point(|&entry| entry < within.start);
        let is_shared = self.unknown.get(first).is_none_or(|&entry| entry >= within.end);
        if is_shared { &self.shared_digests } else { &self.own_digests }
    }
}

fn empty_folder() -> Sha256Sum {
    Encoder::new("folder").finish()
}

/// Everything that a selection reads, as ascending ranges with gaps between them.
fn ranges(selection: &Selection, left_out: &[usize]) -> Vec<Range<usize>> {
    if selection.links.is_empty() && left_out.is_empty() {
        return selection.ranges.clone();
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for index in selection.entries().filter(|index| left_out.binary_search(index).is_err()) {
        match ranges.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => ranges.push(index..index + 1),
        }
    }
    ranges
}

#[cfg(test)]
mod tests;
