//! SHA-256 and mode of the files that somebody reads.
//!
//! A file is asked once for its mode and times; only one that the cache of hashes does not know in
//! this state is opened.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dockerfile::{Entry, EntryKind};
use lambda_images::contexts::Contexts;
use lambda_images::fingerprint::{Hasher, Mode, sha256};
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::tree::FileState;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, IntoParallelRefMutIterator as _,
    ParallelIterator as _,
};

use super::SeenFiles;
use super::folder::Seen;
use crate::files::{Links, open_regular};
use crate::hash_cache::{HashCache, Stamp};

/// Bytes that are read at a time.
const BUFFER: usize = 128 * 1024;

/// Fills the trees with the state of every file that somebody reads; `seen` becomes that of all of
/// them.
///
/// # Errors
/// Files that can't be read, all of them. One that went away since its folder was listed is none.
pub(crate) fn hash_wanted(
    root: &Path,
    contexts: &mut Contexts,
    mut seen: Vec<SeenFiles>,
    hashes: &HashCache,
) -> Result<Vec<SeenFiles>, Vec<Problem>> {
    let wanted = contexts.wanted();
    seen.resize_with(wanted.len(), SeenFiles::new);
    let mut problems = Vec::new();
    for ((tree, wanted), seen) in contexts.trees_mut().iter_mut().zip(wanted).zip(&mut seen) {
        seen.resize(wanted.len(), None);
        let folder = tree.folder.clone();
        let (listing, files) = tree.files_mut();
        let entries = listing.entries().par_iter().zip(wanted);
        let hash = |place: &mut Place, (((entry, wanted), file), seen): ToFill| {
            if !wanted || entry.kind == EntryKind::Folder {
                return None;
            }
            let state = match &entry.kind {
                EntryKind::Symlink(text) => Ok(link_state(text)),
                _ => hash_into(place.of(root, &folder, &entry.path), seen, hashes),
            };
            match state {
                Ok(state) => *file = Some(state),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = paths::in_folder(&folder, &entry.path);
                    return Some(Problem::of_file(path, format!("failed to read it: {error}")));
                }
            }
            None
        };
        let filled = entries.zip(files.par_iter_mut()).zip(seen.par_iter_mut());
        let found: Vec<Problem> = filled.map_init(Place::default, hash).flatten_iter().collect();
        problems.extend(found);
    }
    if problems.is_empty() { Ok(seen) } else { Err(problems) }
}

/// An entry, whether somebody reads it, and what is to be told of it.
type ToFill<'t> = (((&'t Entry, bool), &'t mut Option<FileState>), &'t mut Option<Seen>);

fn link_state(text: &str) -> FileState {
    FileState { mode: Mode::Symlink, sha256: sha256(text.as_bytes()), size: text.len() as u64 }
}

/// The state of one file, by its path from the workspace root.
pub(crate) fn hash_file(root: &Path, path: &str, hashes: &HashCache) -> io::Result<FileState> {
    if fs::symlink_metadata(root.join(path))?.is_symlink() {
        return Ok(link_state(&fs::read_link(root.join(path))?.to_string_lossy()));
    }
    hash_into(Place::default().of(root, "", path), &mut None, hashes)
}

/// One file after the other, without new memory for each.
#[derive(Default)]
struct Place {
    root: PathBuf,
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
        if self.root != root {
            root.clone_into(&mut self.root);
        }
        self
    }
}

/// `seen` is where the file's state is, or comes to be.
fn hash_into(
    place: &mut Place,
    seen: &mut Option<Seen>,
    hashes: &HashCache,
) -> io::Result<FileState> {
    let Place { root, path, buffer, next } = place;
    let full = || root.join(&*path);
    let Seen { mode, stamp } = match seen {
        Some(seen) => *seen,
        None => {
            let metadata = fs::metadata(full())?;
            *seen.insert(Seen { mode: file_mode(&metadata), stamp: Stamp::of(&metadata) })
        }
    };
    if let Some(sha256) = hashes.get(path, stamp, next) {
        return Ok(FileState { mode, sha256, size: stamp.size });
    }
    let now = SystemTime::now();
    let mut file = open_regular(&full(), Links::Follow)?;
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
    Ok(FileState { mode, sha256, size })
}

pub(crate) fn file_mode(metadata: &fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt as _;
    // Git's rule: what its owner may execute is executable.
    if metadata.permissions().mode() & 0o100 == 0 { Mode::File } else { Mode::Executable }
}
