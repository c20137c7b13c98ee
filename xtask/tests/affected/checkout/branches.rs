//! Other branches of a checkout, and what merging them leaves: conflicts, of which git knows until
//! somebody has staged what became of them.
//!
//! It does not know submodules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Checkout, write};
use crate::monorepo::Monorepo;
use crate::mutation::Mutation;

impl Checkout {
    /// A commit on another branch, on which this was done since the first commit.
    pub(crate) fn branch(&self, mutations: &[Mutation]) -> String {
        let mut monorepo = self.first.clone();
        mutations.iter().for_each(|mutation| mutation.apply(&mut monorepo, &self.first));
        assert!(monorepo.submodules.is_empty(), "a branch has no submodules");
        let folder = tempfile::Builder::new().prefix("branch-").tempdir_in(self.folder.path());
        let folder = folder.unwrap();
        let clone = folder.path().join("clone");
        let to = clone.to_str().unwrap();
        self.git(&["clone", "--quiet", "--no-checkout", "--shared", &self.repository(), to]);
        self.git(&["-C", to, "checkout", "--quiet", &self.first_commit()]);
        settle(&clone.join(self.subfolder), &monorepo);
        self.git(&["-C", to, "add", "--all", "--force"]);
        self.git(&["-C", to, "commit", "--quiet", "--allow-empty", "--message=other"]);
        self.git(&["fetch", "--quiet", to, "HEAD"]);
        let id = self.try_git(&["rev-parse", "FETCH_HEAD"]);
        String::from_utf8(id.stdout).unwrap().trim().to_owned()
    }

    /// Lets git merge another branch, and then makes the tree what it has become by hand. Neither
    /// is staged or committed.
    pub(super) fn merge(&mut self, theirs: &[Mutation], next: &Monorepo) {
        assert!(self.now.submodules.is_empty(), "what is merged has no submodules");
        self.commit();
        let commit = self.branch(theirs);
        self.try_git(&["merge", "--quiet", "--no-commit", "--no-ff", &commit]);
        assert!(
            self.is_merging() || self.has_unwatched(),
            "git merges no branch: {:?}",
            self.try_git(&["status"])
        );
        settle(&self.root(), next);
        self.now = next.clone();
    }

    fn is_merging(&self) -> bool {
        self.try_git(&["rev-parse", "--quiet", "--verify", "MERGE_HEAD"]).status.success()
    }

    /// Whether there are files that git was told not to look at: where they differ, it won't merge.
    fn has_unwatched(&self) -> bool {
        let listed = self.try_git(&["ls-files", "-v"]).stdout;
        String::from_utf8(listed).unwrap().lines().any(|line| line.starts_with('h'))
    }

    /// How many files have conflicts that nobody has staged an end of.
    pub(crate) fn conflicts(&self) -> usize {
        let listed = self.try_git(&["diff", "--name-only", "--diff-filter=U"]).stdout;
        String::from_utf8(listed).unwrap().lines().count()
    }

    /// How many parents the head has.
    pub(crate) fn parents(&self) -> usize {
        let output = self.try_git(&["rev-list", "--parents", "--max-count=1", "HEAD"]).stdout;
        String::from_utf8(output).unwrap().split_whitespace().count() - 1
    }
}

/// Makes a tree on disk what the value says, whatever is there, but for git's and the program's own.
fn settle(root: &Path, monorepo: &Monorepo) {
    let mut paths = BTreeSet::new();
    collect(root, "", &mut paths);
    for path in paths.iter().filter(|path| !monorepo.files.contains_key(*path)) {
        fs::remove_file(root.join(path)).unwrap();
    }
    for (path, content) in &monorepo.files {
        write(&root.join(path), None, content);
    }
}

fn collect(root: &Path, folder: &str, paths: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_own = folder.is_empty() && [".git", "target"].contains(&name.as_str());
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            if !is_own {
                collect(root, &path, paths);
            }
        } else {
            paths.insert(path);
        }
    }
}
