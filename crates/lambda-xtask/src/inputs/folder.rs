//! One folder of the disk: names, kinds, and the states of files, with as few questions to the
//! system as it takes. There are tens of thousands of both in a big repository.
//!
//! A folder that the cache of folders knows isn't listed. On Linux names come in a buffer that is used
//! again for the next folder, and a file is looked at from its folder, not by its whole path;
//! elsewhere by the standard library.

#[cfg_attr(target_os = "linux", path = "folder/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "folder/elsewhere.rs")]
mod system;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use lambda_images::fingerprint::Mode;

pub(crate) use self::system::Root;
use crate::folder_cache::{EntryKind, FolderCache};
use crate::hash_cache::Stamp;

/// The state in which a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) mode: Mode,
    /// With its size.
    pub(crate) stamp: Stamp,
}

/// A look at an entry, which says nothing of one that is gone.
pub(crate) type Look<'e> = dyn FnMut() -> Option<Seen> + 'e;

/// Hears of an entry: its name, what it is, and how to look at it.
pub(crate) type Each<'e> = dyn FnMut(&OsStr, EntryKind, &mut Look) + 'e;

/// Calls `each` with every entry of a folder, which is `path` from the workspace root. `next` is where
/// the cache looks for it first.
pub(crate) fn read_folder(
    root: &Path,
    path: &str,
    (cache, next): (&FolderCache, &mut usize),
    each: &mut Each,
) -> io::Result<()> {
    let Some(folder) = cache.unchanged(path, next) else {
        return system::list_folder(root, path, cache, each);
    };
    // Places of the files whose state was not wanted the last time.
    let mut more = Vec::new();
    for (place, (name, kind, seen)) in folder.entries().enumerate() {
        let mut look = || {
            seen.unwrap_or_else(|| {
                more.push(place);
                fs::symlink_metadata(root.join(path).join(name)).ok().as_ref().map(Seen::of)
            })
        };
        each(OsStr::new(name), kind, &mut look);
    }
    if !more.is_empty() {
        cache.record_wanted(&folder, &more);
    }
    Ok(())
}

impl Seen {
    fn of(metadata: &fs::Metadata) -> Seen {
        let mode = super::file_mode(metadata);
        Seen { mode, stamp: Stamp::of(metadata) }
    }
}
