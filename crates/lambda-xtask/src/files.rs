//! Opening files that others may have put there: without waiting, and no more of them than there can be
//! use for.
//!
//! Whoever opens a named pipe waits for somebody to write to it, and a device has no end. So what is
//! opened here is a regular file, or an error.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

/// What a file of settings may have: a `pyproject.toml`, a Dockerfile, an ignore file.
pub(crate) const SETTINGS_LIMIT: u64 = 16 * MIB;
/// What a lock may have: those of big repositories have some MiB.
pub(crate) const LOCK_LIMIT: u64 = 64 * MIB;
/// What a file of our own may have: the cache of hashes of some millions of files.
pub(crate) const OWN_LIMIT: u64 = 1024 * MIB;

const MIB: u64 = 1024 * 1024;

/// What becomes of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// How much is read of a file of the workspace that has this name.
pub(crate) fn limit_of(path: &str) -> u64 {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_lock =
        name.ends_with(".lock") || name.contains("requirements") || name.starts_with("pylock.");
    if is_lock { LOCK_LIMIT } else { SETTINGS_LIMIT }
}

/// Opens a regular file to read it.
pub(crate) fn open_regular(path: &Path, links: Links) -> io::Result<File> {
    // Nothing is waited for; a regular file is read as without the flag.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = if links == Links::Refuse { flags | OFlags::NOFOLLOW } else { flags };
    let file = open(path, flags, Mode::empty())?;
    let kind = FileType::from_raw_mode(fstat(&file)?.st_mode);
    if kind == FileType::RegularFile {
        return Ok(File::from(file));
    }
    Err(io::Error::other(match kind {
        FileType::Directory => "it is a folder, and must be a file",
        FileType::Fifo => "it is a named pipe, and must be a file",
        _ => "it is a device, and must be a file",
    }))
}

/// Room for a usual file, which then takes two reads, and no question for its size.
const USUAL: usize = 16 * 1024;

/// All bytes of a file, and no room for more.
///
/// # Errors
/// It has more than `limit`.
pub(crate) fn read_all(mut file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut start = [0; USUAL];
    let mut length = 0;
    while length < USUAL {
        match file.read(&mut start[length..]) {
            Ok(0) => return Ok(start[..length].to_vec()),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut bytes = start.to_vec();
    let rest = limit.saturating_sub(USUAL as u64).saturating_add(1);
    file.take(rest).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let limit = limit / MIB;
        return Err(io::Error::other(format!(
            "it is larger than {limit} MiB, the limit for such a file"
        )));
    }
    Ok(bytes)
}

/// Reads a regular file, of at most `limit` bytes.
pub(crate) fn read(path: &Path, links: Links, limit: u64) -> io::Result<Vec<u8>> {
    read_all(open_regular(path, links)?, limit)
}

/// The same of a file that must be text.
pub(crate) fn read_text(path: &Path, links: Links, limit: u64) -> io::Result<String> {
    let bytes = read(path, links, limit)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

#[cfg(test)]
pub(crate) fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        make_pipe(&path("pipe"));
        fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::os::unix::fs::symlink("pipe", path("link-to-pipe")).unwrap();
        let read = |name: &str, links| {
            read_text(&path(name), links, SETTINGS_LIMIT).map_err(|error| error.to_string())
        };
        let pipe = Err("it is a named pipe, and must be a file".to_owned());
        let folder = Err("it is a folder, and must be a file".to_owned());
        for links in [Links::Follow, Links::Refuse] {
            assert_eq!(read("file", links), Ok("text".to_owned()));
            assert_eq!(read("pipe", links), pipe);
            assert_eq!(read(".", links), folder);
        }
        assert_eq!(read("link", Links::Follow), Ok("text".to_owned()));
        assert_eq!(read("link-to-pipe", Links::Follow), pipe);
        assert!(read("link", Links::Refuse).is_err());
        let device = super::read(Path::new("/dev/zero"), Links::Follow, 10);
        assert_eq!(device.unwrap_err().to_string(), "it is a device, and must be a file");
    }

    #[test]
    fn a_file_is_read_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let check = |size: u64, limit: u64, fits: bool| {
            // It takes no room on disk.
            File::create(&path).unwrap().set_len(size).unwrap();
            let read = read(&path, Links::Refuse, limit);
            assert_eq!(read.as_ref().ok().map(|bytes| bytes.len() as u64), fits.then_some(size));
        };
        let usual = USUAL as u64;
        for size in [0, 1, usual - 1, usual, usual + 1, 3 * usual] {
            check(size, MIB, true);
        }
        check(MIB, MIB, true);
        check(MIB + 1, MIB, false);
        check(1 << 40, MIB, false);
    }

    #[test]
    fn locks_may_be_larger() {
        for name in ["uv.lock", "a/poetry.lock", "requirements-dev.txt", "pylock.dev.toml"] {
            assert_eq!(limit_of(name), LOCK_LIMIT, "{name}");
        }
        for name in ["Dockerfile", "uv.lock/pyproject.toml", "Cargo.toml", ".dockerignore"] {
            assert_eq!(limit_of(name), SETTINGS_LIMIT, "{name}");
        }
    }
}
