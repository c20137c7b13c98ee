//! The files of a workspace at one time: as they are on disk, as they were at a commit, or as they are
//! about to be committed.
//!
//! Whoever reads a workspace asks for them here, so that both are read by the same code and can be
//! compared.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use dockerfile::{Dockerignore, Reach};
use lambda_images::contexts::Contexts;
use lambda_images::problem::Problem;
use lambda_images::tree::Tree;
use rustix::fs::{Mode, OFlags, open};

use crate::folders::{Glob, matching_folders};
use crate::inputs::{SeenFiles, hash_wanted, list_folder};
use crate::tree_caches::TreeCaches;

/// What can be asked of the files. All paths are relative to the workspace root.
pub(crate) trait Checkout: Sync {
    /// The bytes of a file; `None`: there is none. A link is a problem: git keeps nothing but its own
    /// text, so that a change of what it leads to would go unseen.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem>;

    /// The same of a file that must be text.
    fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Problem::of_file(path, "failed to read it: it is not UTF-8")),
        }
    }

    /// The text of a symbolic link; `None` for what is none.
    fn link(&self, path: &str) -> Result<Option<String>, Problem>;

    /// The folders that match a glob, sorted. Those without a `pyproject.toml` may be left out.
    fn folders(&self, glob: &Glob) -> Vec<String>;

    /// What an ignore file leaves of a folder, as far as `reach` may lead; what links lead to is
    /// added to it.
    fn list(
        &self,
        folder: &str,
        ignore: Option<&Dockerignore>,
        reach: &mut Reach,
    ) -> Result<(Tree, SeenFiles), Vec<Problem>>;

    /// Fills the trees with the state of every file that somebody reads. `seen` is what
    /// [`Checkout::list`] gave with each tree; what comes back has the states of all of them, or is
    /// empty where nobody looked at the disk.
    fn fill(
        &self,
        contexts: &mut Contexts,
        seen: Vec<SeenFiles>,
    ) -> Result<Vec<SeenFiles>, Vec<Problem>>;
}

/// The files on disk.
pub(crate) struct Disk<'a> {
    pub(crate) root: &'a Path,
    pub(crate) caches: &'a TreeCaches,
}

impl Checkout for Disk<'_> {
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        let full = self.root.join(path);
        let is_missing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let unreadable =
            |error: io::Error| Problem::of_file(path, format!("failed to read it: {error}"));
        match open_file(&full).and_then(read_all) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => match fs::symlink_metadata(&full) {
                Ok(metadata) if metadata.is_symlink() => Err(link_problem(path)),
                _ => Err(unreadable(error)),
            },
        }
    }

    fn link(&self, path: &str) -> Result<Option<String>, Problem> {
        // What can't be asked for is no link; who reads it is told why.
        let text = fs::read_link(self.root.join(path)).ok();
        Ok(text.map(|text| text.to_string_lossy().into_owned()))
    }

    fn folders(&self, glob: &Glob) -> Vec<String> {
        matching_folders(self.root, glob)
    }

    fn list(
        &self,
        folder: &str,
        ignore: Option<&Dockerignore>,
        reach: &mut Reach,
    ) -> Result<(Tree, SeenFiles), Vec<Problem>> {
        let (listing, seen) = list_folder(self.root, folder, self.caches.folders(), ignore, reach)?;
        Ok((Tree::new(folder, listing), seen))
    }

    fn fill(
        &self,
        contexts: &mut Contexts,
        seen: Vec<SeenFiles>,
    ) -> Result<Vec<SeenFiles>, Vec<Problem>> {
        hash_wanted(self.root, contexts, seen, self.caches.hashes())
    }
}

/// Opens a file that is no link.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(open(path, flags, Mode::empty())?))
}

/// Room for a usual file, which then takes two reads, and no question for its size.
const USUAL: usize = 16 * 1024;

/// All bytes of a file, and no room for more.
fn read_all(mut file: File) -> io::Result<Vec<u8>> {
    let mut start = [0; USUAL];
    let mut length = 0;
    loop {
        match file.read(&mut start[length..]) {
            Ok(0) if length < USUAL => return Ok(start[..length].to_vec()),
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut bytes = start.to_vec();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Says that a file must not be a link.
pub(crate) fn link_problem(path: &str) -> Problem {
    Problem::of_file(path, "this is a symbolic link, and must be a file").hint("name what it leads to (`dockerfile = \"…\"` for a Dockerfile that is shared), or put a file in its place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_length_is_read_whole() {
        let root = tempfile::tempdir().unwrap();
        let caches = TreeCaches::of_hashes(Vec::new());
        let disk = Disk { root: root.path(), caches: &caches };
        for length in [0, 1, USUAL - 1, USUAL, USUAL + 1, 3 * USUAL] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            fs::write(root.path().join("file"), &bytes).unwrap();
            assert!(disk.bytes("file").unwrap() == Some(bytes), "{length}");
        }
        assert_eq!(disk.bytes("none"), Ok(None));
    }
}
