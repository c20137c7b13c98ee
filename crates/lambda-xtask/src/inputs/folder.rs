//! One folder of the disk: names, kinds, and the states of files, with as few questions to the
//! system as it takes. There are tens of thousands of both in a big repository.
//!
//! On Linux names come in a buffer that is used again for the next folder, and a file is looked at
//! from its folder, not by its whole path; elsewhere by the standard library.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use lambda_images::fingerprint::Mode;

use crate::hash_cache::Stamp;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    /// A socket, a pipe, a device.
    Other,
}

/// The state in which a file was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) mode: Mode,
    pub(crate) size: u64,
    pub(crate) stamp: Option<Stamp>,
}

/// Hears of an entry: its name, what it is, and a look at it, which says nothing of one that is gone.
pub(super) type Each<'e> = dyn FnMut(&OsStr, Kind, &dyn Fn() -> Option<Seen>) + 'e;

/// Calls `each` with every entry.
#[cfg(target_os = "linux")]
pub(super) fn read_folder(path: &Path, buffer: &mut Vec<u8>, each: &mut Each) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::fs::{AtFlags, FileType, OFlags, RawDir, open, statat};

    const BUFFER: usize = 32 * 1024;
    let kind_of = |kind: FileType| match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(path, flags, rustix::fs::Mode::empty())?;
    buffer.clear();
    buffer.reserve(BUFFER);
    let mut entries = RawDir::new(&folder, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let stat = || statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = match entry.file_type() {
            // Some file systems don't say.
            FileType::Unknown => match stat() {
                Ok(stat) => kind_of(FileType::from_raw_mode(stat.st_mode)),
                Err(_) => continue,
            },
            known => kind_of(known),
        };
        let look = || {
            let stat = stat().ok()?;
            // Git's rule: what its owner may execute is executable.
            let mode = if stat.st_mode & 0o100 == 0 { Mode::File } else { Mode::Executable };
            Some(Seen {
                mode,
                size: u64::try_from(stat.st_size).ok()?,
                stamp: Stamp::of_stat(&stat),
            })
        };
        each(OsStr::from_bytes(name.to_bytes()), kind, &look);
    }
    Ok(())
}

/// Calls `each` with every entry.
#[cfg(not(target_os = "linux"))]
pub(super) fn read_folder(path: &Path, _: &mut Vec<u8>, each: &mut Each) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // An error says that it went away.
        let Ok(kind) = entry.file_type() else { continue };
        let kind = if kind.is_dir() {
            Kind::Folder
        } else if kind.is_symlink() {
            Kind::Link
        } else if kind.is_file() {
            Kind::File
        } else {
            Kind::Other
        };
        let look = || {
            let metadata = entry.metadata().ok()?;
            let mode = super::file_mode(&metadata);
            Some(Seen { mode, size: metadata.len(), stamp: Stamp::of(&metadata) })
        };
        each(&entry.file_name(), kind, &look);
    }
    Ok(())
}
