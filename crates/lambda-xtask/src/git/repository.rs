//! The repository of a workspace: git's command in it, and what it is asked.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

use super::blobs::{Batch, Blobs};
use super::index_file::IndexFile;
use super::no_git::NoGit;
use super::{Change, Old, walk};
use crate::environment::Environment;
use crate::failure::output_failure;
use crate::hash_cache::Stamp;

/// What git is run with. What a partial clone lacks is not fetched: `GIT_NO_LAZY_FETCH` says so to git
/// 2.45, and an older git finds no protocol to fetch by.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("LC_ALL", "C"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// How a partial clone gets what it lacks.
pub(super) const PARTIAL_HINT: &str = "the clone is partial, and nothing is fetched without your asking: `git fetch --refetch --no-filter origin` brings the rest (in GitHub Actions leave out `filter` of `actions/checkout`)";

/// The repository of a workspace.
pub(super) struct Repository {
    /// Git.
    program: OsString,
    pub(super) environment: Environment,
    /// The workspace root.
    pub(super) root: PathBuf,
    pub(super) head: String,
    /// The head's tree.
    pub(super) head_tree: String,
    /// Commits of a shallow clone whose parents are missing; `None`: the clone is whole.
    pub(super) cut: Option<BTreeSet<String>>,
    /// The workspace root, seen from the repository's: empty, or ending with `/`.
    pub(super) prefix: String,
    /// Git's index.
    pub(super) index: PathBuf,
    batch: Mutex<Option<Batch>>,
    /// How often a blob was asked for that is not there.
    pub(super) missing: AtomicUsize,
}

impl Repository {
    /// `Err`: there is no repository, none that git reads, or none with a commit.
    pub(super) fn open(root: &Path, environment: &Environment) -> Result<Repository, NoGit> {
        let mut environment = environment.clone().in_folder(root);
        for (name, value) in VARIABLES {
            environment = environment.with(*name, *value);
        }
        // A hook or `git rebase --exec` sets these, for another folder than this one.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
            environment = environment.without(name);
        }
        let program = environment.find_program("git");
        let mut command = environment.command(&program);
        command.args(["rev-parse", "--git-path", "index", "--is-shallow-repository"]);
        command.args(["--show-prefix", "HEAD^{commit}", "HEAD^{tree}"]);
        let output =
            command.output().map_err(|error| NoGit::not_started(root, &environment, &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            if !said.contains("ambiguous argument 'HEAD^{") {
                return Err(NoGit::said(root, &environment, &said));
            }
            let mut command = environment.command(&program);
            let head = command.args(["rev-parse", "--quiet", "--verify", "HEAD"]).output();
            return Err(match head.is_ok_and(|output| output.status.success()) {
                true => NoGit::without_head(),
                false => NoGit::without_commit(),
            });
        }
        // The prefix is in the middle, as it may hold a line break.
        let text = String::from_utf8_lossy(&output.stdout);
        let parts = || {
            let (index, rest) = text.split_once('\n')?;
            let (shallow, rest) = rest.split_once('\n')?;
            let (rest, head_tree) = rest.trim_end().rsplit_once('\n')?;
            let (prefix, head) = rest.rsplit_once('\n')?;
            Some((index, shallow, prefix, head, head_tree))
        };
        let (index, shallow, prefix, head, head_tree) =
            parts().ok_or_else(|| NoGit::said(root, &environment, "git gave no head"))?;
        let mut repository = Repository {
            program,
            environment,
            root: root.to_owned(),
            head: head.to_owned(),
            head_tree: head_tree.to_owned(),
            cut: None,
            prefix: prefix.to_owned(),
            index: root.join(index),
            batch: Mutex::default(),
            missing: AtomicUsize::new(0),
        };
        if shallow == "true" {
            let cut = repository.shallow_commits();
            repository.cut = Some(cut.map_err(|error| NoGit::failed(&error))?);
        }
        Ok(repository)
    }

    fn shallow_commits(&self) -> anyhow::Result<BTreeSet<String>> {
        let path = self.output(&["rev-parse", "--git-path", "shallow"])?;
        let path = String::from_utf8_lossy(&path);
        let path = self.root.join(path.trim_end_matches('\n'));
        let text = fs::read_to_string(&path)
            .with_context(|| format!("failed to read `{}`", path.display()))?;
        let mut cut = BTreeSet::new();
        let mut objects = Blobs::new(self);
        for id in text.lines() {
            // A root that happens to lie at the edge is whole.
            let object = objects.text(id)?.unwrap_or_default();
            if object.split("\n\n").next().is_some_and(|header| header.contains("\nparent ")) {
                cut.insert(id.to_owned());
            }
        }
        Ok(cut)
    }

    /// The index, with its own state; `None` where git has to be asked.
    pub(super) fn read_index(&self) -> Option<(IndexFile, Stamp)> {
        let file = fs::File::open(&self.index).ok()?;
        let written = Stamp::of(&file.metadata().ok()?);
        let mut bytes = Vec::with_capacity(usize::try_from(written.size).ok()?);
        (&file).read_to_end(&mut bytes).ok()?;
        Some((IndexFile::parse(&bytes, self.head.len() / 2)?, written))
    }

    /// A `git cat-file` that somebody has left for the next who asks.
    pub(super) fn batch(&self) -> MutexGuard<'_, Option<Batch>> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What differs between a commit and the index, which may be known to hold the commit's tree.
    pub(super) fn staged_of(
        &self,
        index: &IndexFile,
        commit: &str,
        tree: &str,
    ) -> anyhow::Result<Vec<Change>> {
        match index.tree() {
            Some(kept) if kept == tree => Ok(Vec::new()),
            _ => self.staged_since(commit),
        }
    }

    /// What differs between a commit and the index.
    pub(super) fn staged_since(&self, commit: &str) -> anyhow::Result<Vec<Change>> {
        self.differences(&["diff-index", "--cached"], &[commit])
    }

    /// What differs between the index and the tree, among the files that git keeps.
    pub(super) fn unstaged(&self) -> anyhow::Result<Vec<Change>> {
        self.differences(&["diff-files"], &[])
    }

    /// What differs between a commit and the head.
    pub(super) fn since(&self, commit: &str) -> anyhow::Result<Vec<Change>> {
        if commit == self.head {
            return Ok(Vec::new());
        }
        self.differences(&["diff-tree"], &[commit, &self.head])
    }

    fn differences(&self, command: &[&str], commits: &[&str]) -> anyhow::Result<Vec<Change>> {
        const FORM: &[&str] =
            &["-r", "-z", "--raw", "--no-renames", "--ignore-submodules=none", "--no-abbrev"];
        let output = self.output(&[command, FORM, commits].concat());
        self.parse_changes(&output.context("failed to compare with a commit")?)
    }

    fn parse_changes(&self, output: &[u8]) -> anyhow::Result<Vec<Change>> {
        // As behind `--stdin`, where each comparison begins with the commit.
        let parsed = walk::parse_differences(&[b"commit\0", output].concat())?;
        let change = |change: walk::Change| {
            let path = self.in_workspace(&change.path)?.to_owned();
            let old = Old::of(&change.old_mode, &change.old);
            Some(Change { path, old, is_submodule: change.is_submodule })
        };
        Ok(parsed.into_iter().flatten().filter_map(change).collect())
    }

    /// How many questions for objects had no answer.
    pub(super) fn missing(&self) -> usize {
        self.missing.load(Ordering::Relaxed)
    }

    /// Whether this clone may lack objects that its remote has.
    pub(super) fn is_partial(&self) -> bool {
        let settings = r"^(extensions\.partialclone|remote\..*\.promisor)$";
        self.output(&["config", "--get-regexp", settings]).is_ok()
    }

    pub(super) fn git(&self) -> Command {
        self.environment.command(&self.program)
    }

    pub(super) fn output(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let mut words = vec!["git".to_owned()];
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let output = self.git().args(arguments).output().context("failed to run `git`")?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(output_failure(&words, &output))
        }
    }

    /// A path of the repository, relative to the workspace root; `None` if it lies elsewhere.
    pub(super) fn in_workspace<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str())
    }

    pub(super) fn why_no_commit(&self) -> String {
        if self.cut.is_some() {
            "the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest".to_owned()
        } else if self.missing() > 0 {
            format!("history has files that are not here: {PARTIAL_HINT}")
        } else {
            "no commit has its inputs".to_owned()
        }
    }
}
