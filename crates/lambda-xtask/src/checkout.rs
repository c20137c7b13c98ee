//! The files of a workspace at one time: as they are on disk, as they were at a commit, or as they are
//! about to be committed.
//!
//! Whoever reads a workspace asks for them here, so that both are read by the same code and can be
//! compared.

use std::fs;
use std::io;
use std::path::Path;

use dockerfile::{Dockerignore, Reach};
use lambda_images::contexts::Contexts;
use lambda_images::problem::Problem;
use lambda_images::tree::Tree;

use crate::files::{Links, limit_of, read};
use crate::folders::{Glob, matching_folders};
use crate::inputs::{SeenFiles, hash_wanted, list_folder};
use crate::tree_caches::TreeCaches;

/// What can be asked of the files. All paths are relative to the workspace root.
pub(crate) trait Checkout: Sync {
    /// The bytes of a file; `None`: there is none. A link is a problem: git keeps nothing but its own
    /// text, so that a change of what it leads to would go unseen.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem>;

    /// The same of a file of settings or a lock. That it is larger than such files are is a problem.
    fn settings(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.bytes(path)
    }

    /// The same of one that must be text.
    fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some(bytes) = self.settings(path)? else { return Ok(None) };
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

impl Disk<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let full = self.root.join(path);
        let is_missing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let unreadable =
            |error: io::Error| Problem::of_file(path, format!("failed to read it: {error}"));
        match read(&full, Links::Refuse, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => match fs::symlink_metadata(&full) {
                Ok(metadata) if metadata.is_symlink() => Err(link_problem(path)),
                _ => Err(unreadable(error)),
            },
        }
    }
}

impl Checkout for Disk<'_> {
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.read(path, u64::MAX)
    }

    fn settings(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.read(path, limit_of(path))
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

/// Says that a file must not be a link.
pub(crate) fn link_problem(path: &str) -> Problem {
    Problem::of_file(path, "this is a symbolic link, and must be a file").hint("name what it leads to (`dockerfile = \"…\"` for a Dockerfile that is shared), or put a file in its place")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::make_pipe;

    #[track_caller]
    fn check(disk: &Disk, path: &str, expected: Result<Option<&str>, &str>) {
        let text = disk.text(path).map_err(|problem| problem.to_string());
        let expected = expected.map(|text| text.map(str::to_owned)).map_err(str::to_owned);
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_file_of_settings_is_a_problem_and_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let caches = TreeCaches::of_hashes(Vec::new());
        let disk = Disk { root: root.path(), caches: &caches };
        fs::write(root.path().join("file"), "text").unwrap();
        make_pipe(&root.path().join("Dockerfile"));
        fs::File::create(root.path().join("big")).unwrap().set_len(1 << 40).unwrap();
        check(&disk, "file", Ok(Some("text")));
        check(&disk, "none", Ok(None));
        check(&disk, "file/none", Ok(None));
        check(
            &disk,
            "Dockerfile",
            Err("Dockerfile: failed to read it: it is a named pipe, and must be a file"),
        );
        check(
            &disk,
            "big",
            Err("big: failed to read it: it is larger than 16 MiB, the limit for such a file"),
        );
    }
}
