//! Folders by Linux's own calls.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::SystemTime;

use lambda_images::fingerprint::Mode;
use rustix::fs::{AtFlags, FileType, OFlags, RawDir, Stat, fstat, fstatfs, open, openat, statat};

use super::{Each, Seen};
use crate::folder_cache::{EntryKind, FolderCache, Names};
use crate::hash_cache::Stamp;

/// Room for the names of a usual folder.
const BUFFER: usize = 32 * 1024;

/// File systems that change a folder's times with its entries (`linux/magic.h`, and the file systems'
/// own headers). What a network or another system's folder tells may be late.
const TRUSTED: [u64; 8] = [
    0xEF53,      // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683E, // Btrfs
    0x0102_1994, // tmpfs
    0x794C_7630, // overlayfs
    0x2FC1_2FC1, // ZFS
    0xF2F5_2010, // F2FS
    0xCA45_1A4E, // bcachefs
];

thread_local! {
    /// Used again for the next folder.
    static NAMES: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Calls `each` with every entry.
pub(super) fn list_folder(
    root: &Path,
    path: &str,
    cache: &FolderCache,
    each: &mut Each,
) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(root.join(path), flags, rustix::fs::Mode::empty())?;
    let before = if cache.records() { Some((fstat(&folder)?, SystemTime::now())) } else { None };
    let mut names = Names::default();
    let mut is_text = true;
    // What is called for an entry lists no folder.
    NAMES.with_borrow_mut(|buffer| -> io::Result<()> {
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
            let mut is_looked_at = false;
            let mut look = || {
                is_looked_at = true;
                Some(seen(&stat().ok()?))
            };
            each(OsStr::from_bytes(name.to_bytes()), kind, &mut look);
            match name.to_str() {
                Ok(name) if before.is_some() => names.push(name, kind, is_looked_at),
                Ok(_) => {}
                Err(_) => is_text = false,
            }
        }
        Ok(())
    })?;
    if let Some((stat, now)) = before.filter(|_| is_text) {
        cache.record(path, (stat.st_dev, Stamp::of_stat(&stat)), now, names);
    }
    Ok(())
}

fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

fn seen(stat: &Stat) -> Seen {
    // Git's rule: what its owner may execute is executable.
    let mode = if stat.st_mode & 0o100 == 0 { Mode::File } else { Mode::Executable };
    Seen { mode, stamp: Stamp::of_stat(stat) }
}

/// The workspace root, on a file system that is trusted.
pub(crate) struct Root {
    /// From here a folder is found without the root's own path.
    folder: OwnedFd,
    device: u64,
}

impl Root {
    /// `None`: its file system is not one that is trusted.
    pub(crate) fn open(path: &Path) -> Option<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(path, flags, rustix::fs::Mode::empty()).ok()?;
        let kind = u64::try_from(fstatfs(&folder).ok()?.f_type).ok()?;
        let device = fstat(&folder).ok()?.st_dev;
        TRUSTED.contains(&kind).then_some(Root { folder, device })
    }

    /// Whether a folder of this device is on its file system.
    pub(crate) fn is_on(&self, device: u64) -> bool {
        self.device == device
    }

    /// The states of the files of a folder that are wanted; `None`: the folder, which is `path` from
    /// here and had this stamp, is not as it was.
    pub(crate) fn look_at_folder<'n>(
        &self,
        path: &str,
        stamp: Stamp,
        wanted: impl Iterator<Item = &'n str>,
    ) -> Option<Box<[Option<Seen>]>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = if path.is_empty() { "." } else { path };
        let folder = openat(&self.folder, path, flags, rustix::fs::Mode::empty()).ok()?;
        let now = fstat(&folder).ok()?;
        if !self.is_on(now.st_dev) || Stamp::of_stat(&now) != stamp {
            return None;
        }
        let look = |name: &str| Some(seen(&statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?));
        Some(wanted.map(look).collect())
    }
}
