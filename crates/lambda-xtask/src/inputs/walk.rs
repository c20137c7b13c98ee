//! One folder: finds its files, then hashes them.
//!
//! # How it works
//! Folders are listed level by level, those of one level in parallel. Each hands down what the
//! ignore file's patterns made of it, so that an entry costs no more than a look at its own
//! name. A file is asked once for its mode and times; only one that the cache of hashes does not
//! know in this state is opened.
//!
//! # Limitations
//! Sockets are never sent by BuildKit; pipes and devices hold nothing to hash. All of them are
//! passed over.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dockerfile::{Dockerignore, Folder};
use lambda_images::fingerprint::{FileEntry, Hasher, Mode, Sha256Sum, sha256};
use lambda_images::paths;
use lambda_images::problem::Problem;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use crate::hash_cache::{HashCache, Stamp};

/// Bytes that are read at a time.
const BUFFER: usize = 128 * 1024;

/// Every file of a folder that `ignore` leaves, sorted by path.
pub(super) fn read_folder(
    root: &Path,
    folder: &str,
    ignore: Option<&Dockerignore>,
    hashes: &HashCache,
) -> Result<Vec<FileEntry>, Vec<Problem>> {
    let walk = Walk { root: root.join(folder), folder, ignore, hashes };
    if !walk.root.is_dir() {
        let message = match walk.root.exists() {
            true => "this is a build context, and not a folder",
            false => "this folder is a build context, and does not exist",
        };
        return Err(vec![Problem::of_file(paths::shown(folder), message)]);
    }
    let mut found = walk.find()?;
    found.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let read: Vec<Result<Option<FileEntry>, Problem>> = found
        .into_par_iter()
        .map_init(
            || vec![0; BUFFER],
            |buffer, found| match walk.read(&found, buffer) {
                Ok((mode, sha256, size)) => {
                    Ok(Some(FileEntry { path: found.path, mode, sha256, size }))
                }
                // It went away since the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(walk.unreadable(&found.path, &error)),
            },
        )
        .collect();
    let mut files = Vec::with_capacity(read.len());
    let mut problems = Vec::new();
    for result in read {
        match result {
            Ok(file) => files.extend(file),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

struct Walk<'a> {
    root: PathBuf,
    folder: &'a str,
    ignore: Option<&'a Dockerignore>,
    hashes: &'a HashCache<'a>,
}

/// A folder that is to be listed.
struct Level {
    /// Relative to the root; empty, or ending with `/`.
    path: String,
    /// The folder as the ignore file sees it.
    patterns: Option<Folder>,
}

/// A file that counts, before it is read.
struct Found {
    path: String,
    is_link: bool,
}

/// What one folder holds.
#[derive(Default)]
struct Listing {
    files: Vec<Found>,
    folders: Vec<Level>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn find(&self) -> Result<Vec<Found>, Vec<Problem>> {
        let patterns = self.ignore.map(Dockerignore::root);
        let mut levels = vec![Level { path: String::new(), patterns }];
        let mut all = Listing::default();
        while !levels.is_empty() {
            let listings: Vec<Listing> = levels.par_iter().map(|level| self.list(level)).collect();
            levels.clear();
            for listing in listings {
                all.files.extend(listing.files);
                all.problems.extend(listing.problems);
                levels.extend(listing.folders);
            }
        }
        if all.problems.is_empty() { Ok(all.files) } else { Err(all.problems) }
    }

    fn list(&self, level: &Level) -> Listing {
        let mut listing = Listing::default();
        let entries = fs::read_dir(self.root.join(&level.path)).and_then(Iterator::collect);
        let entries: Vec<fs::DirEntry> = match entries {
            Ok(entries) => entries,
            Err(error) => {
                // One that went away since the folder above was listed is no input.
                if error.kind() != io::ErrorKind::NotFound {
                    listing.problems.push(self.unreadable(&level.path, &error));
                }
                return listing;
            }
        };
        for entry in entries {
            // An error here, too, says that it went away.
            if let Ok(kind) = entry.file_type() {
                self.add(level, &entry.file_name(), kind, &mut listing);
            }
        }
        listing
    }

    fn add(&self, level: &Level, name: &OsStr, kind: fs::FileType, listing: &mut Listing) {
        let lossy = name.to_string_lossy();
        let path = || format!("{}{lossy}", level.path);
        if kind.is_dir() {
            let (excluded, patterns) = match (self.ignore, &level.patterns) {
                (Some(ignore), Some(patterns)) => {
                    let entered = ignore.enter(patterns, &lossy);
                    if entered.folder.is_none() {
                        return;
                    }
                    (entered.excluded, entered.folder)
                }
                _ => (false, None),
            };
            if name.to_str().is_some() {
                listing.folders.push(Level { path: path() + "/", patterns });
            } else if !excluded {
                listing.problems.push(self.not_utf8(&path()));
            }
        } else if kind.is_file() || kind.is_symlink() {
            let excluded = match (self.ignore, &level.patterns) {
                (Some(ignore), Some(patterns)) => ignore.excludes_entry(patterns, &lossy),
                _ => false,
            };
            if excluded {
            } else if name.to_str().is_some() {
                listing.files.push(Found { path: path(), is_link: kind.is_symlink() });
            } else {
                listing.problems.push(self.not_utf8(&path()));
            }
        }
    }

    fn read(&self, found: &Found, buffer: &mut [u8]) -> io::Result<(Mode, Sha256Sum, u64)> {
        let path = self.root.join(&found.path);
        if found.is_link {
            let target = fs::read_link(&path)?;
            let text = target.as_os_str().as_encoded_bytes();
            return Ok((Mode::Symlink, sha256(text), text.len() as u64));
        }
        let metadata = fs::metadata(&path)?;
        let (mode, stamp) = (file_mode(&metadata), Stamp::of(&metadata));
        let name = self.shown(&found.path);
        if let Some(sum) = self.hashes.get(&name, stamp) {
            return Ok((mode, sum, metadata.len()));
        }
        let now = SystemTime::now();
        let mut file = File::open(&path)?;
        let mut hasher = Hasher::default();
        let mut size = 0;
        loop {
            match file.read(buffer)? {
                0 => break,
                count => {
                    hasher.update(&buffer[..count]);
                    size += count as u64;
                }
            }
        }
        let sum = hasher.finish();
        self.hashes.record(&name, stamp, now, sum);
        Ok((mode, sum, size))
    }

    /// A path relative to the workspace root.
    fn shown(&self, path: &str) -> String {
        let path = path.trim_end_matches('/');
        match (self.folder, path) {
            (folder, "") => paths::shown(folder).to_owned(),
            ("", path) => path.to_owned(),
            (folder, path) => format!("{folder}/{path}"),
        }
    }

    fn unreadable(&self, path: &str, error: &io::Error) -> Problem {
        Problem::of_file(self.shown(path), format!("failed to read it: {error}"))
    }

    fn not_utf8(&self, path: &str) -> Problem {
        Problem::of_file(self.shown(path), "its name is not UTF-8, and BuildKit can't send it")
            .hint("rename it, or exclude it in `.dockerignore`")
    }
}

#[cfg(unix)]
pub(crate) fn file_mode(metadata: &fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt as _;
    // Git's rule: what its owner may execute is executable.
    if metadata.permissions().mode() & 0o100 == 0 { Mode::File } else { Mode::Executable }
}

#[cfg(not(unix))]
pub(crate) fn file_mode(_: &fs::Metadata) -> Mode {
    Mode::File
}
