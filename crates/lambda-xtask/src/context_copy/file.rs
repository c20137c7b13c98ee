//! One file of a copy: written beside its place, compared with its hash, then renamed.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lambda_images::context_copy::{FIRST_TIME, time_of_content};
use lambda_images::fingerprint::{Hasher, Mode, Sha256Sum, sha256};
use lambda_images::tree::FileState;
use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps};
use tempfile::NamedTempFile;

use crate::hash_cache::Stamp;
use crate::state::{of_own, refuse_links};

/// Why a file is not copied whose bytes or mode are no longer those that were hashed.
pub(super) const CHANGED: &str = "it changed while the workspace was read";

/// Bytes that are hashed at a time.
const BUFFER: usize = 128 * 1024;

/// The mode of every folder.
const FOLDER: u32 = 0o755;

/// A file in its place: its state there, and the hash of its bytes.
pub(super) type Placed = (Stamp, Sha256Sum);

pub(super) fn failed_to_write(path: &Path, error: &io::Error) -> String {
    format!("failed to write its copy `{}`: {error}", path.display())
}

/// Copies a file that was hashed.
pub(super) fn copy(from: &Path, to: &Path, state: &FileState) -> Result<Placed, String> {
    let mut source = match open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CHANGED.to_owned()),
        // A link has taken its place.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(CHANGED.to_owned());
        }
        Err(error) => return Err(format!("failed to read it: {error}")),
    };
    let mut copied = || -> io::Result<Option<Placed>> {
        let metadata = source.metadata()?;
        if !metadata.is_file() || crate::inputs::file_mode(&metadata) != state.mode {
            return Ok(None);
        }
        let mut copy = temporary(to)?;
        // The system copies, or shares the blocks of one file between two.
        io::copy(&mut source, copy.as_file_mut())?;
        copy.as_file_mut().rewind()?;
        if hash(copy.as_file_mut())? != state.sha256 {
            return Ok(None);
        }
        finish(copy, to, state.mode, state.sha256).map(Some)
    };
    match copied() {
        Ok(Some(placed)) => Ok(placed),
        Ok(None) => Err(CHANGED.to_owned()),
        Err(error) => Err(failed_to_write(to, &error)),
    }
}

/// Writes a file of our own.
pub(super) fn write(to: &Path, bytes: &[u8]) -> io::Result<Placed> {
    let mut file = temporary(to)?;
    io::Write::write_all(file.as_file_mut(), bytes)?;
    finish(file, to, Mode::File, sha256(bytes))
}

/// Writes a file that a builder is given beside the copies, where it is not there as it should be.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        refuse_links(path)?;
        let sum = sha256(bytes);
        let is_same = |metadata: &fs::Metadata| {
            metadata.is_file()
                && is_of(metadata, Mode::File, &sum)
                && fs::read(path).is_ok_and(|found| found == bytes)
        };
        if fs::symlink_metadata(path).is_ok_and(|metadata| is_same(&metadata)) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        write(path, bytes).map(drop)
    };
    write().map_err(|error| of_own(error, "write", path))
}

/// Makes a link of this text.
pub(super) fn make_link(text: &str, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(text, to)?;
    let (seconds, nanoseconds) = time_of_content(&sha256(text.as_bytes()));
    let time = Timespec {
        tv_sec: i64::try_from(seconds).unwrap_or_default(),
        tv_nsec: nanoseconds.into(),
    };
    let times = Timestamps { last_access: time, last_modification: time };
    // A builder compares the texts of links too: their times only make layers equal.
    rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap_or_default();
    Ok(())
}

/// Makes a folder, whose parent is there, in place of anything else.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() && metadata.mode() & 0o7777 == FOLDER => return Ok(()),
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            fs::remove_file(path)?;
            fs::create_dir(path)?;
        }
        Err(_) => fs::create_dir_all(path)?,
    }
    fs::set_permissions(path, Permissions::from_mode(FOLDER))
}

/// A folder of a copy has the same time wherever it is.
pub(super) fn set_folder_time(path: &Path) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_TIME);
    File::open(path)?.set_times(FileTimes::new().set_modified(time))
}

/// Whether mode and time of a file are those of this content.
pub(super) fn is_of(metadata: &fs::Metadata, mode: Mode, sum: &Sha256Sum) -> bool {
    let (seconds, nanoseconds) = time_of_content(sum);
    let is_time = i64::try_from(seconds) == Ok(metadata.mtime())
        && [0, i64::from(nanoseconds)].contains(&metadata.mtime_nsec());
    is_time && metadata.mode() & 0o7777 == permissions(mode)
}

/// SHA-256 of the bytes from here on.
pub(super) fn hash(file: &mut File) -> io::Result<Sha256Sum> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Opens a file that is no link, and waits for nothing.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?))
}

fn temporary(to: &Path) -> io::Result<NamedTempFile> {
    let folder = to.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".lambda-images-").tempfile_in(folder)
}

/// Gives a file that was written its mode, its time and its name.
fn finish(file: NamedTempFile, to: &Path, mode: Mode, sum: Sha256Sum) -> io::Result<Placed> {
    let (seconds, nanoseconds) = time_of_content(&sum);
    let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
    file.as_file().set_permissions(Permissions::from_mode(permissions(mode)))?;
    file.as_file().set_times(FileTimes::new().set_modified(time))?;
    let file = file.persist(to)?;
    let metadata = file.metadata()?;
    if !is_of(&metadata, mode, &sum) {
        // Else a builder could not tell it from what was there before.
        fs::remove_file(to)?;
        return Err(io::Error::other("the file system does not keep the time and mode of a file"));
    }
    Ok((Stamp::of(&metadata), sum))
}

fn permissions(mode: Mode) -> u32 {
    if mode == Mode::Executable { 0o755 } else { 0o644 }
}
