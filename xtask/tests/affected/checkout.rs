//! A monorepo on disk, under git, and the program run in it.
//!
//! The program finds `git` on its `PATH` and nothing else: no answer comes from an engine.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, UNIX_EPOCH};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::monorepo::{Content, Monorepo, is_within};
use crate::mutation::{After, Mutation, Step};

mod branches;
mod submodules;

/// A repository with the monorepo in it.
pub(crate) struct Checkout {
    folder: TempDir,
    /// The workspace's folder inside the repository; empty: its root.
    subfolder: &'static str,
    first: Monorepo,
    now: Monorepo,
    touched: u64,
}

/// What the program gave.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(Value),
    /// Exit code 3, or 4 where nothing is a workspace.
    Problems(String),
}

impl Checkout {
    /// Writes everything and commits it.
    pub(crate) fn create(monorepo: &Monorepo, subfolder: &'static str) -> Checkout {
        let folder = tempfile::Builder::new().prefix("affected-").tempdir().unwrap();
        fs::create_dir(folder.path().join("tools")).unwrap();
        symlink(find_git(), folder.path().join("tools/git")).unwrap();
        fs::create_dir_all(folder.path().join("repository").join(subfolder)).unwrap();
        let now = Monorepo::default();
        let mut checkout = Checkout { folder, subfolder, first: monorepo.clone(), now, touched: 0 };
        checkout.git(&["init", "--quiet", "--initial-branch=main", &checkout.repository()]);
        checkout.bring_to(monorepo);
        checkout.git(&["add", "--all", "--force"]);
        checkout.git(&["commit", "--quiet", "--message=first"]);
        checkout
    }

    /// Does one step after the other.
    pub(crate) fn run_steps(&mut self, steps: &[Step]) {
        for Step { mutation, after, .. } in steps {
            let mut next = self.now.clone();
            mutation.apply(&mut next, &self.first);
            if let Mutation::Merge { theirs, .. } = mutation {
                self.merge(theirs, &next);
            }
            self.bring_to(&next);
            match mutation {
                Mutation::Touch { path } => self.touch(path),
                Mutation::Untrack { path } => {
                    self.try_git(&["rm", "--cached", "--quiet", "--", path]);
                }
                Mutation::AssumeUnchanged { path } => {
                    self.try_git(&["update-index", "--assume-unchanged", "--", path]);
                }
                _ => {}
            }
            let is_untracked = matches!(mutation, Mutation::Untrack { .. });
            match after {
                After::Nothing => {}
                After::Stage => self.stage(),
                // A file that git keeps no longer must not come back by the next commit, nor does a
                // merge end by that whose conflicts nobody has staged.
                After::Commit if is_untracked => {
                    self.try_git(&["commit", "--quiet", "--allow-empty", "--message=next"]);
                }
                After::Commit => self.commit(),
            }
        }
    }

    /// Stages everything, in submodules too.
    pub(crate) fn stage(&self) {
        self.stage_submodules();
        self.git(&["add", "--all"]);
    }

    /// Commits everything, in submodules too.
    pub(crate) fn commit(&self) {
        self.commit_submodules();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=next"]);
    }

    /// The workspace's root.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repository").join(self.subfolder)
    }

    /// The workspace's root in a clean clone of a commit.
    pub(crate) fn clone_of(&self, commit: &str, name: &str) -> PathBuf {
        let to = self.folder.path().join(name);
        let to = to.to_str().unwrap();
        self.git(&["clone", "--quiet", "--no-checkout", "--shared", &self.repository(), to]);
        self.git(&["-C", to, "checkout", "--quiet", commit]);
        self.fetch_submodules(to);
        Path::new(to).join(self.subfolder)
    }

    fn repository(&self) -> String {
        self.folder.path().join("repository").to_str().unwrap().to_owned()
    }

    /// A path beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The id of the first commit.
    pub(crate) fn first_commit(&self) -> String {
        let output = self.try_git(&["rev-list", "--max-parents=0", "HEAD"]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes the tree on disk what the value says. Folders that become empty stay.
    fn bring_to(&mut self, next: &Monorepo) {
        for folder in self.now.submodules.clone().difference(&next.submodules) {
            self.remove_submodule(folder);
            self.now.files.retain(|path, _| !is_within(folder, path));
        }
        let root = self.root();
        for path in self.now.files.keys().filter(|path| !next.files.contains_key(*path)) {
            fs::remove_file(root.join(path)).unwrap();
        }
        for (path, content) in &next.files {
            let old = self.now.files.get(path);
            if old != Some(content) {
                write(&root.join(path), old, content);
            }
        }
        for folder in next.submodules.difference(&self.now.submodules) {
            self.add_submodule(folder);
        }
        self.now = next.clone();
    }

    fn touch(&mut self, path: &str) {
        if let Some(Content::File { .. }) = self.now.files.get(path) {
            self.touched += 1;
            let file = fs::File::options().append(true).open(self.root().join(path)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(self.touched)).unwrap();
        }
    }

    /// The program's answer, which is JSON.
    #[track_caller]
    pub(crate) fn ask(&self, root: &Path, arguments: &[&str]) -> Answer {
        let output = self.run(root, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => Answer::Json(serde_json::from_slice(&output.stdout).unwrap()),
            Some(3 | 4) => Answer::Problems(stderr),
            _ => panic!("{arguments:?} ended with {}:\n{stderr}", output.status),
        }
    }

    /// The images that are affected since a commit.
    #[track_caller]
    pub(crate) fn affected(&self, base: &str) -> BTreeSet<String> {
        let answer = match self.ask(&self.root(), &["affected", "--base", base, "--format", "json"])
        {
            Answer::Json(answer) => answer,
            Answer::Problems(problems) => panic!("{problems}"),
        };
        let images = answer["images"].as_array().expect("there is a list of images").iter();
        let affected = images.filter(|image| image["affected"] == true);
        affected.filter_map(|image| image["name"].as_str()).map(str::to_owned).collect()
    }

    fn run(&self, root: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments).current_dir(root);
        self.surround(&mut command);
        command.env("PATH", self.folder.path().join("tools"));
        // Neither the engine of this checkout nor anybody else's.
        command.env("DOCKER_HOST", "unix:///no-such-folder/docker.sock");
        // What `cargo xtask test` says of its engine; plans don't ask that engine anything.
        for name in ["LAMBDA_IMAGES_MIRRORS", "LAMBDA_IMAGES_NETWORK"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.output().unwrap()
    }

    fn surround(&self, command: &mut Command) {
        command.env_clear();
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@example.com"),
            ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
            ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
        ] {
            command.env(name, value);
        }
        command.env("GIT_CEILING_DIRECTORIES", self.folder.path());
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) {
        let output = self.try_git(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} failed: {said}");
    }

    fn try_git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(find_git());
        self.surround(&mut command);
        // No commit of a test has to outlast a power failure.
        command.args(["-c", "core.fsync=none", "-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
        command.args(arguments).current_dir(self.root()).output().unwrap()
    }
}

fn write(path: &Path, old: Option<&Content>, content: &Content) {
    // A folder that has become empty may be in the way, or a link.
    let is_file = matches!((old, content), (Some(Content::File { .. }), Content::File { .. }));
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).unwrap();
    } else if path.is_symlink() || (path.exists() && !is_file) {
        fs::remove_file(path).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match content {
        Content::Link(text) => symlink(text, path).unwrap(),
        Content::File { text, is_executable } => {
            fs::write(path, text).unwrap();
            let mode = if *is_executable { 0o755 } else { 0o644 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

fn find_git() -> PathBuf {
    let path = env::var_os("PATH").expect("there is a `PATH`");
    let programs = env::split_paths(&path).map(|folder| folder.join("git"));
    programs.into_iter().find(|program| program.is_file()).expect("git is installed")
}
