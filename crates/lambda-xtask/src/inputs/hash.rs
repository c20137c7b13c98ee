//! SHA-256 and mode of the files that somebody reads.
//!
//! A file is asked once for its mode and times; only one that the cache of hashes does not know in
//! this state is opened.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dockerfile::EntryKind;
use lambda_images::contexts::Contexts;
use lambda_images::fingerprint::{Hasher, Mode, sha256};
use lambda_images::problem::Problem;
use lambda_images::tree::FileState;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::checkout::Stamps;
use crate::hash_cache::{HashCache, Stamp};

/// Bytes that are read at a time.
const BUFFER: usize = 128 * 1024;

/// An entry of a listing, what it is, and the state in which it was found.
type Hashed = (usize, FileState, Option<Stamp>);

/// Fills the trees with the state of every file that somebody reads.
///
/// # Errors
/// Files that can't be read, all of them. One that went away since its folder was listed is none.
pub(crate) fn hash_wanted(
    root: &Path,
    contexts: &mut Contexts,
    hashes: &HashCache,
) -> Result<Stamps, Vec<Problem>> {
    let mut stamps = Stamps::new();
    let mut problems = Vec::new();
    let wanted = contexts.wanted();
    for (tree, wanted) in contexts.trees_mut().iter_mut().zip(wanted) {
        let indices: Vec<usize> = (0..wanted.len()).filter(|&index| wanted[index]).collect();
        let hash = |place: &mut Place, index: usize| {
            let entry = &tree.listing().entries()[index];
            let state = match &entry.kind {
                EntryKind::Folder => return Ok(None),
                EntryKind::Symlink(text) => Ok((link_state(text), None)),
                EntryKind::File => hash_into(place.of(root, &tree.folder, &entry.path), hashes),
            };
            match state {
                Ok((state, stamp)) => Ok(Some((index, state, stamp))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    Err(Problem::of_file(tree.path(index), format!("failed to read it: {error}")))
                }
            }
        };
        let states: Vec<Result<Option<Hashed>, Problem>> =
            indices.into_par_iter().map_init(Place::default, hash).collect();
        let mut of_tree = vec![None; wanted.len()];
        for state in states {
            match state {
                Ok(Some((index, state, stamp))) => {
                    tree.set_file(index, state);
                    of_tree[index] = stamp;
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        stamps.push(of_tree);
    }
    if problems.is_empty() { Ok(stamps) } else { Err(problems) }
}

fn link_state(text: &str) -> FileState {
    FileState { mode: Mode::Symlink, sha256: sha256(text.as_bytes()), size: text.len() as u64 }
}

/// The state of one file, by its path from the workspace root.
pub(crate) fn hash_file(root: &Path, path: &str, hashes: &HashCache) -> io::Result<FileState> {
    if fs::symlink_metadata(root.join(path))?.is_symlink() {
        return Ok(link_state(&fs::read_link(root.join(path))?.to_string_lossy()));
    }
    hash_into(Place::default().of(root, "", path), hashes).map(|(state, _)| state)
}

/// One file after the other, without new memory for each.
#[derive(Default)]
struct Place {
    full: PathBuf,
    /// From the workspace root.
    path: String,
    buffer: Vec<u8>,
    /// Where the cache of hashes is asked first.
    next: usize,
}

impl Place {
    fn of(&mut self, root: &Path, folder: &str, path: &str) -> &mut Place {
        self.path.clear();
        self.path.push_str(folder);
        if !folder.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(path);
        self.full.clear();
        self.full.push(root);
        self.full.push(&self.path);
        self
    }
}

fn hash_into(place: &mut Place, hashes: &HashCache) -> io::Result<(FileState, Option<Stamp>)> {
    let Place { full, path, buffer, next } = place;
    let metadata = fs::metadata(&full)?;
    let (mode, stamp) = (file_mode(&metadata), Stamp::of(&metadata));
    if let Some(sha256) = hashes.get(path, stamp, next) {
        return Ok((FileState { mode, sha256, size: metadata.len() }, stamp));
    }
    let now = SystemTime::now();
    let mut file = File::open(&full)?;
    let mut hasher = Hasher::default();
    let mut size = 0;
    buffer.resize(BUFFER, 0);
    loop {
        match file.read(buffer)? {
            0 => break,
            count => {
                hasher.update(&buffer[..count]);
                size += count as u64;
            }
        }
    }
    let sha256 = hasher.finish();
    hashes.record(path, stamp, now, sha256);
    Ok((FileState { mode, sha256, size }, stamp))
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
