//! Why git can't be asked, and whether there is a repository nevertheless.
//!
//! A folder without a repository is one thing: its images have no commit, and can be pushed. A repository that
//! git refuses or can't read is another: whether the inputs are committed is unknown, and unknown is never
//! treated as clean.

use std::path::{Path, PathBuf};

use lambda_images::tag::GitState;

use crate::environment::Environment;

/// Why git can't be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoGit {
    /// A lowercase fragment, in git's own words where it has some.
    pub(crate) why: String,
    /// How to mend it.
    pub(crate) hint: String,
    /// Whether there is a repository, which git can't or won't read, or which has no commit.
    pub(crate) is_repository: bool,
}

impl NoGit {
    /// Why there is no git to ask in a repository before its first commit.
    pub(crate) const NO_COMMIT: &str = "the repository has no commit yet";

    pub(super) fn without_commit() -> NoGit {
        let hint = "commit the files: `git add --all && git commit`";
        NoGit { why: NoGit::NO_COMMIT.to_owned(), hint: hint.to_owned(), is_repository: true }
    }

    /// The head's commit or tree is not in the repository.
    pub(super) fn without_head() -> NoGit {
        NoGit {
            why: "the head's commit or its tree is missing".to_owned(),
            hint: "`git fsck` says what is missing: fetch it, or clone again".to_owned(),
            is_repository: true,
        }
    }

    /// The program does not start.
    pub(super) fn not_started(
        root: &Path,
        environment: &Environment,
        error: &std::io::Error,
    ) -> NoGit {
        NoGit {
            why: format!("git can't be run: {error}"),
            hint: "install git, or put it on the `PATH`".to_owned(),
            is_repository: has_repository(root, environment),
        }
    }

    /// What git said in place of an answer.
    pub(super) fn said(root: &Path, environment: &Environment, said: &str) -> NoGit {
        let fatal = said.lines().find_map(|line| line.strip_prefix("fatal: "));
        let why = fatal.or_else(|| said.lines().next()).unwrap_or("git failed");
        let command = said.lines().map(str::trim).find(|line| line.starts_with("git config "));
        let is_repository = has_repository(root, environment);
        let hint = match command {
            Some(command) => format!("`{command}`, if you trust the owner of the folder"),
            None if is_repository => {
                "`git status` in this folder shows the fault: repair the repository, mount all of it, or clone again".to_owned()
            }
            None => "run this in a git repository that has a commit".to_owned(),
        };
        NoGit { why: why.to_owned(), hint, is_repository }
    }

    /// Git failed after the repository was found.
    pub(super) fn failed(error: &anyhow::Error) -> NoGit {
        NoGit {
            why: format!("{error:#}"),
            hint:
                "`git status` in this folder shows the fault: repair the repository, or clone again"
                    .to_owned(),
            is_repository: true,
        }
    }

    /// What is known of every image.
    pub(crate) fn state(&self) -> GitState {
        let paths = if self.is_repository { vec![".git".to_owned()] } else { Vec::new() };
        GitState::Unknown { why: self.why.clone(), paths }
    }
}

/// Whether there is a `.git` where git would look for one, whatever it is.
fn has_repository(root: &Path, environment: &Environment) -> bool {
    let ceilings: Vec<PathBuf> = environment
        .get("GIT_CEILING_DIRECTORIES")
        .map(|folders| std::env::split_paths(folders).collect())
        .unwrap_or_default();
    let is_ceiling = |folder: &Path| ceilings.iter().any(|ceiling| ceiling == folder);
    let folders = root.ancestors().take_while(|folder| *folder == root || !is_ceiling(folder));
    folders.map(|folder| folder.join(".git")).any(|path| path.symlink_metadata().is_ok())
}
