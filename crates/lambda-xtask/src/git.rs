//! What git says of every image's inputs: clean or dirty, and the newest commit that touched them.
//!
//! Git is asked by its own command, always with `-z`, never taking its locks. Which commit
//! counts is decided by `lambda_images::history`, and what a path belongs to by
//! `lambda_images::touch`.
//!
//! # Limitations
//! A file that git converts on checkout (line endings, Git LFS) counts as git sees it: clean
//! where git calls it so.

mod base;
mod blobs;
mod compare;
mod dirty;
mod index;
mod index_file;
mod walk;
mod worktree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::{Mode, sha256};
use lambda_images::tag::GitState;
use lambda_images::touch::TouchIndex;
use serde::{Deserialize, Serialize};

pub(crate) use self::base::{BaseCommit, Differences, NoBase};
pub(crate) use self::blobs::Blobs;
use self::index_file::IndexFile;
use self::worktree::WorkTree;
use crate::environment::Environment;
use crate::failure::output_failure;
use crate::hash_cache::Stamp;
use crate::inputs::Found;
use crate::state::{State, read_json, write_json};
use crate::workspace::Workspace;

/// The repository of a workspace.
pub(crate) struct Repository {
    environment: Environment,
    /// The workspace root.
    root: PathBuf,
    head: String,
    /// Commits of a shallow clone whose parents are missing; `None`: the clone is whole.
    cut: Option<BTreeSet<String>>,
    /// The workspace root, seen from the repository's: empty, or ending with `/`.
    prefix: String,
    /// Git's index.
    index: PathBuf,
}

/// What git says of a workspace's files, before anybody knows what they are for.
pub(crate) struct Git {
    repository: Repository,
    kept: Kept,
    /// The base commit, where it was asked for early.
    base: Option<Result<BaseCommit, NoBase>>,
}

/// Which files git keeps, and how they are compared with the tree.
enum Kept {
    /// By git's index and what was found of each file.
    File {
        index: IndexFile,
        /// The index's own state.
        written: Stamp,
        /// What differs between a commit and the index, of the commits that were asked for early.
        staged: BTreeMap<String, Vec<Change>>,
    },
    /// By asking git.
    Status(WorkTree),
}

/// A difference from a commit.
#[derive(Debug, Clone)]
struct Change {
    /// From the workspace root.
    path: String,
    old: Old,
    is_submodule: bool,
}

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Old {
    /// There was none.
    Absent,
    /// This blob.
    Blob { mode: Mode, id: String },
    /// The same bytes with this mode: git was told not to look at modes.
    Mode(Mode),
}

impl Change {
    fn of(path: String, old: Old) -> Change {
        Change { path, old, is_submodule: false }
    }
}

impl Old {
    /// By git's mode and id.
    fn of(mode: &str, id: &str) -> Old {
        let mode = match mode {
            // Nothing, or a submodule.
            "000000" | "160000" => return Old::Absent,
            "120000" => Mode::Symlink,
            "100755" => Mode::Executable,
            _ => Mode::File,
        };
        Old::Blob { mode, id: id.to_owned() }
    }
}

/// The commit that the tree will be compared with first.
pub(crate) enum Against<'g> {
    /// The head.
    Head,
    /// The one that `--base` or the CI service means.
    Base(Option<&'g str>),
}

impl Git {
    /// Asks git. `Ok(Err(…))`: there is no repository, or none with a commit; why, as a lowercase
    /// fragment.
    pub(crate) fn ask(
        root: &Path,
        environment: &Environment,
        against: &Against,
    ) -> anyhow::Result<Result<Git, String>> {
        let repository = match Repository::open(root, environment) {
            Ok(repository) => repository,
            Err(why) => return Ok(Err(why)),
        };
        let base = match against {
            Against::Head => None,
            Against::Base(given) => Some(repository.find_base(*given, environment)),
        };
        let Some((index, written)) = repository.read_index() else {
            let work_tree = WorkTree::read(&repository)?;
            return Ok(Ok(Git { repository, kept: Kept::Status(work_tree), base }));
        };
        let commit = match &base {
            None => Some(repository.head.clone()),
            Some(base) => base.as_ref().ok().map(|base| base.id.clone()),
        };
        let staged = commit.map(|commit| {
            let changes = repository.staged_since(&commit)?;
            anyhow::Ok((commit, changes))
        });
        let staged = staged.transpose()?.into_iter().collect();
        Ok(Ok(Git { repository, kept: Kept::File { index, written, staged }, base }))
    }

    /// Everything that differs between a commit and the tree, as far as it matters: of the files
    /// that git does not keep only those that somebody reads, or that shape the workspace.
    fn changes_since(
        &self,
        commit: &str,
        workspace: &Workspace,
        found: &Found,
    ) -> anyhow::Result<Vec<Change>> {
        match &self.kept {
            Kept::File { index, written, staged } => {
                let mut changes = match staged.get(commit) {
                    Some(changes) => changes.clone(),
                    None => self.repository.staged_since(commit)?,
                };
                let index = (index, written);
                let more = compare::compare_index(&self.repository, index, workspace, found)?;
                add_new(&mut changes, more);
                if changes.iter().any(|change| workspace.is_settings(&change.path)) {
                    let rest = compare::compare_rest(&self.repository, index, &changes)?;
                    add_new(&mut changes, rest);
                }
                Ok(changes)
            }
            Kept::Status(work_tree) => {
                let mut changes = self.repository.since(commit)?;
                add_new(&mut changes, work_tree.changes.clone());
                let unknown = work_tree
                    .index
                    .unknown(found)
                    .into_iter()
                    .map(|(path, mode)| Change::of(path, mode.map_or(Old::Absent, Old::Mode)));
                add_new(&mut changes, unknown.collect());
                let read = found.ignore_files.iter().map(String::as_str);
                let settings = workspace.settings_files().chain(read);
                let settings = settings.filter(|path| !work_tree.index.holds(path));
                let absent = settings.map(|path| Change::of(path.to_owned(), Old::Absent));
                add_new(&mut changes, absent.collect());
                Ok(changes)
            }
        }
    }

    /// Whether git keeps a file.
    pub(crate) fn keeps(&self, path: &str) -> bool {
        match &self.kept {
            Kept::File { index, .. } => {
                index.find(&format!("{}{path}", self.repository.prefix)).is_some()
            }
            Kept::Status(work_tree) => work_tree.index.holds(path),
        }
    }

    /// The files that git keeps below a folder, sorted, with their modes.
    pub(crate) fn kept_below(&self, folder: &str) -> Vec<(&str, Mode)> {
        let (Kept::File { index, .. }, prefix) = (&self.kept, &self.repository.prefix) else {
            let Kept::Status(work_tree) = &self.kept else { return Vec::new() };
            return work_tree.index.below(folder).collect();
        };
        let below = if folder.is_empty() { prefix.clone() } else { format!("{prefix}{folder}/") };
        let mode = |entry: usize| match index.mode(entry) {
            "120000" => Mode::Symlink,
            "100755" => Mode::Executable,
            _ => Mode::File,
        };
        let kept = index.below(&below);
        kept.map(|entry| (&index.path(entry)[prefix.len()..], mode(entry))).collect()
    }
}

/// Adds changes of paths that are not among the first: what was told of a path first counts.
fn add_new(changes: &mut Vec<Change>, more: Vec<Change>) {
    let known: BTreeSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let more: Vec<Change> =
        more.into_iter().filter(|change| !known.contains(change.path.as_str())).collect();
    changes.extend(more);
}

/// What git says of each image, by name.
pub(crate) fn git_states(
    git: &Result<Git, String>,
    workspace: &Workspace,
    found: &Found,
    state: &State,
) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
    let images = workspace.graph.images();
    let git = match git {
        Ok(git) => git,
        Err(why) => {
            let unknown = |name: &ImageName| (name.clone(), GitState::Unknown { why: why.clone() });
            return Ok(images.iter().map(|image| unknown(image.name())).collect());
        }
    };
    let repository = &git.repository;
    let (dirty, newest) = std::thread::scope(|scope| {
        let newest = scope.spawn(|| repository.newest_commits(workspace, found, state));
        let changes = git.changes_since(&repository.head, workspace, found);
        let dirty =
            changes.and_then(|changes| dirty::dirty_paths(repository, &changes, workspace, found));
        (dirty, newest.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (mut dirty, newest) = (dirty?, newest?);
    let states = images.iter().enumerate().map(|(number, image)| {
        let paths = dirty.remove(&number).unwrap_or_default();
        let state = match newest.get(&number) {
            None => GitState::Unknown { why: repository.why_no_commit() },
            Some(commit) if paths.is_empty() => GitState::Clean { commit: commit.clone() },
            Some(commit) => {
                GitState::Dirty { commit: commit.clone(), paths: paths.into_iter().collect() }
            }
        };
        (image.name().clone(), state)
    });
    Ok(states.collect())
}

impl Repository {
    /// `Err`: there is no repository, or none with a commit; why, as a lowercase fragment.
    fn open(root: &Path, environment: &Environment) -> Result<Repository, String> {
        let mut environment =
            environment.clone().in_folder(root).with("GIT_OPTIONAL_LOCKS", "0").with("LC_ALL", "C");
        // A hook or `git rebase --exec` sets these, for another folder than this one.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
            environment = environment.without(name);
        }
        let mut command = environment.command("git");
        command.args(["rev-parse", "--git-path", "index", "--is-shallow-repository"]);
        command.args(["--show-prefix", "HEAD^{commit}"]);
        let output = command.output().map_err(|error| format!("git can't be run: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("ambiguous argument 'HEAD^{commit}'") {
                return Err("the repository has no commit yet".to_owned());
            }
            let first = said.lines().next().unwrap_or("git failed");
            return Err(first.trim_start_matches("fatal: ").to_owned());
        }
        // The prefix is in the middle, as it may hold a line break.
        let text = String::from_utf8_lossy(&output.stdout);
        let (index, rest) = text.split_once('\n').unwrap_or_default();
        let (shallow, rest) = rest.split_once('\n').unwrap_or_default();
        let (prefix, head) = rest.trim_end().rsplit_once('\n').ok_or("git gave no head")?;
        let mut repository = Repository {
            environment,
            root: root.to_owned(),
            head: head.to_owned(),
            cut: None,
            prefix: prefix.to_owned(),
            index: root.join(index),
        };
        if shallow == "true" {
            let cut = repository.shallow_commits().map_err(|error| format!("{error:#}"))?;
            repository.cut = Some(cut);
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
    fn read_index(&self) -> Option<(IndexFile, Stamp)> {
        let file = fs::File::open(&self.index).ok()?;
        let written = Stamp::of(&file.metadata().ok()?)?;
        let mut bytes = Vec::with_capacity(usize::try_from(written.size).ok()?);
        (&file).read_to_end(&mut bytes).ok()?;
        Some((IndexFile::parse(&bytes, self.head.len() / 2)?, written))
    }

    /// What differs between a commit and the index.
    fn staged_since(&self, commit: &str) -> anyhow::Result<Vec<Change>> {
        let arguments = [
            "diff-index",
            "--cached",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--ignore-submodules=none",
            "--no-abbrev",
            commit,
        ];
        let output = self.output(&arguments).context("failed to compare the index")?;
        self.parse_changes(&output)
    }

    /// What differs between a commit and the head.
    fn since(&self, commit: &str) -> anyhow::Result<Vec<Change>> {
        if commit == self.head {
            return Ok(Vec::new());
        }
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--ignore-submodules=none",
            "--no-abbrev",
            commit,
            &self.head,
        ];
        let output = self.output(&arguments).context("failed to compare with the base commit")?;
        self.parse_changes(&output)
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

    fn git(&self) -> Command {
        self.environment.command("git")
    }

    fn output(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
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
    fn in_workspace<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str())
    }

    fn why_no_commit(&self) -> String {
        if self.cut.is_some() {
            "the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest".to_owned()
        } else {
            "no commit has its inputs".to_owned()
        }
    }

    /// The newest commit of each image that has one: from the last answer, while the head and
    /// the question are the same, else from history.
    fn newest_commits(
        &self,
        workspace: &Workspace,
        found: &Found,
        state: &State,
    ) -> anyhow::Result<BTreeMap<usize, String>> {
        let question = self.question(workspace, found);
        if let Some(answer) = read_json::<Answer>(&state.git_path())
            && answer.question == question
        {
            return Ok(answer.commits);
        }
        let commits = walk::newest_commits(self, workspace, &mut touch_index(workspace, found))?;
        let answer = Answer { question, commits };
        // An answer that can't be kept, say in a tree that is read-only, is found anew.
        write_json(&state.git_path(), &answer).unwrap_or_default();
        Ok(answer.commits)
    }

    /// All that the answer depends on, in one hash.
    fn question(&self, workspace: &Workspace, found: &Found) -> String {
        let Workspace { graph, config, pyprojects, .. } = workspace;
        let mut text = format!("4\n{}\n{:?}\n{:?}\n", self.head, self.cut, self.prefix);
        let written = "a string takes all that is written";
        write!(text, "{config:?}\n{pyprojects:?}\n").expect(written);
        for (index, image) in graph.images().iter().enumerate() {
            for read in found.of_image(index).iter().filter(|read| !read.selection.links.is_empty())
            {
                let tree = &found.contexts.trees()[read.tree];
                let paths = read.selection.entries().map(|entry| tree.path(entry));
                writeln!(text, "{:?}", paths.collect::<Vec<_>>()).expect(written);
            }
            writeln!(
                text,
                "{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
                image.declaration,
                image.contexts,
                image.bases,
                image.depends_on,
                image.resolved.declared_args
            )
            .expect(written);
        }
        for (folder, ignore) in &found.ignores {
            writeln!(text, "{folder:?}\n{:?}", ignore.patterns().collect::<Vec<_>>())
                .expect(written);
        }
        sha256(text.as_bytes()).to_string()
    }
}

fn touch_index<'a>(workspace: &'a Workspace, found: &'a Found) -> TouchIndex<'a> {
    let Workspace { graph, config, pyprojects, .. } = workspace;
    TouchIndex::new(graph, config, &found.ignores, pyprojects, &found.contexts)
}

/// What git said last.
#[derive(Serialize, Deserialize)]
struct Answer {
    question: String,
    commits: BTreeMap<usize, String>,
}

#[cfg(test)]
mod tests;
