//! Removes from a copy what is not to be there.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use lambda_images::fingerprint::{Mode, sha256};
use lambda_images::paths;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::file::{hash, is_of, open};
use super::{Copy, Expected};
use crate::hash_cache::{HashCache, Stamp};

/// Removes whatever is neither a copy of a known context, which lies at one of `places`, nor a folder
/// above one.
pub(super) fn prune(full: &Path, path: &str, places: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(full)? {
        let entry = entry?;
        let below = entry.file_name().to_str().map(|name| paths::in_folder(path, name));
        let is_folder = entry.file_type()?.is_dir();
        let below = below.filter(|_| is_folder);
        if below.as_ref().is_some_and(|below| places.contains(below)) {
            continue;
        }
        let is_above = |below: &String| {
            let inside = format!("{below}/");
            places.range(inside.clone()..).next().is_some_and(|place| place.starts_with(&inside))
        };
        match below.filter(is_above) {
            Some(below) => prune(&entry.path(), &below, places)?,
            None => remove(&entry)?,
        }
    }
    Ok(())
}

/// Removes from a copy what is not as it is expected, and notes the rest; gives the folders that are left.
pub(super) fn sweep(copy: &Copy, hashes: &HashCache) -> io::Result<Vec<String>> {
    // A link in place of one of these folders would lead elsewhere.
    let mut above = copy.path.clone();
    let mut folders = Vec::new();
    for _ in copy.place.split('/') {
        folders.push(above.clone());
        above.pop();
    }
    for folder in folders.iter().rev() {
        super::file::make_folder(folder)?;
    }
    sweep_folder(copy, &copy.path, "", hashes)
}

fn sweep_folder(
    copy: &Copy,
    full: &Path,
    path: &str,
    hashes: &HashCache,
) -> io::Result<Vec<String>> {
    let mut folders = Vec::new();
    let mut next = 0;
    for entry in fs::read_dir(full)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(below) = name.to_str().map(|name| paths::in_folder(path, name)) else {
            remove(&entry)?;
            continue;
        };
        if entry.file_type()?.is_dir() {
            folders.push((entry, below));
            continue;
        }
        let mut is_as_expected = |expected: &Expected| {
            is_as(&entry, expected, &paths::in_folder(&copy.place, &below), hashes, &mut next)
        };
        if copy.expected.get(below.as_str()).is_some_and(&mut is_as_expected) {
            copy.there().insert(below);
        } else {
            remove(&entry)?;
        }
    }
    let swept = folders.par_iter().map(|(entry, below)| {
        let mut kept = sweep_folder(copy, &entry.path(), below, hashes)?;
        let is_kept = copy.folders.contains(below.as_str())
            || !kept.is_empty()
            || fs::read_dir(entry.path())?.next().is_some();
        if is_kept {
            kept.push(below.clone());
        } else {
            fs::remove_dir(entry.path())?;
        }
        Ok(kept)
    });
    let swept: io::Result<Vec<Vec<String>>> = swept.collect();
    Ok(swept?.concat())
}

/// Whether an entry is what is expected there; `path` is its own in the folder of copies. What can't be
/// read is not.
fn is_as(
    entry: &DirEntry,
    expected: &Expected,
    path: &str,
    hashes: &HashCache,
    next: &mut usize,
) -> bool {
    let Ok(metadata) = entry.metadata() else { return false };
    let (mode, sum, size) = match expected {
        Expected::Link(text) => {
            let found = fs::read_link(entry.path());
            return found.is_ok_and(|found| found.as_os_str() == *text);
        }
        Expected::File(state) => (state.mode, state.sha256, state.size),
        Expected::Text(text) => (Mode::File, sha256(text.as_bytes()), text.len() as u64),
    };
    if !metadata.is_file() || metadata.len() != size || !is_of(&metadata, mode, &sum) {
        return false;
    }
    let stamp = Stamp::of(&metadata);
    if hashes.get(path, stamp, next) == Some(sum) {
        return true;
    }
    // As after a crash, or where the record is lost.
    let is_same =
        open(&entry.path()).and_then(|mut file| hash(&mut file)).is_ok_and(|found| found == sum);
    if is_same {
        hashes.keep(path, stamp, sum);
    }
    is_same
}

fn remove(entry: &DirEntry) -> io::Result<()> {
    if entry.file_type()?.is_dir() {
        fs::remove_dir_all(entry.path())
    } else {
        fs::remove_file(entry.path())
    }
}
