//! What git keeps, what differs from a commit, and the commits before it.
//!
//! Git is asked by its own command, always with `-z`, never taking its locks. What a difference means
//! for images is decided by who asks: [`crate::git_states`] and `affected`.

mod base;
mod blobs;
mod compare;
mod conversions;
mod ignored;
mod index;
mod index_file;
mod lfs;
mod no_git;
mod repository;
mod staged;
mod walk;
mod worktree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use lambda_images::fingerprint::Mode;

pub(crate) use self::base::{BaseCommit, Differences, NoBase};
pub(crate) use self::blobs::Blobs;
use self::conversions::Rules;
pub(crate) use self::conversions::{Unconverted, mend};
use self::index_file::IndexFile;
pub(crate) use self::no_git::NoGit;
use self::repository::{PARTIAL_HINT, Repository};
pub(crate) use self::walk::Delta;
use self::worktree::WorkTree;
use crate::environment::Environment;
use crate::hash_cache::Stamp;
use crate::inputs::Found;
use crate::workspace::Workspace;

/// What git says of a workspace's files, before anybody knows what they are for.
pub(crate) struct Git {
    repository: Repository,
    kept: Kept,
    /// The base commit, where it was asked for early.
    base: Option<Result<BaseCommit, NoBase>>,
    /// By what git converts files, once it was asked for.
    rules: OnceLock<Option<Rules>>,
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
    /// The head, with the index that is about to be committed, which may be a hook's own.
    Staged,
    /// The one that `--base` or the CI service means.
    Base(Option<&'g str>),
}

impl Git {
    /// Asks git.
    pub(crate) fn ask(
        root: &Path,
        environment: &Environment,
        against: &Against,
    ) -> Result<Git, NoGit> {
        let repository = Repository::open(root, environment)?;
        Git::read(repository, environment, against).map_err(|error| NoGit::failed(&error))
    }

    fn read(
        mut repository: Repository,
        environment: &Environment,
        against: &Against,
    ) -> anyhow::Result<Git> {
        if matches!(against, Against::Staged) {
            repository.use_index_of_hook(environment);
        }
        let base = match against {
            Against::Head | Against::Staged => None,
            Against::Base(given) => Some(repository.find_base(*given, environment)),
        };
        let Some((index, written)) = repository.read_index() else {
            let work_tree = WorkTree::read(&repository)?;
            let kept = Kept::Status(work_tree);
            return Ok(Git { repository, kept, base, rules: OnceLock::new() });
        };
        let commit = match &base {
            None => Some((&repository.head, &repository.head_tree)),
            Some(base) => base.as_ref().ok().map(|base| (&base.id, &base.tree)),
        };
        let staged = commit.map(|(commit, tree)| {
            let changes = repository.staged_of(&index, commit, tree)?;
            anyhow::Ok((commit.clone(), changes))
        });
        let staged = staged.transpose()?.into_iter().collect();
        let kept = Kept::File { index, written, staged };
        Ok(Git { repository, kept, base, rules: OnceLock::new() })
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
                    let known = changes.iter().map(|change| change.path.as_str()).collect();
                    let rest = compare::compare_rest(&self.repository, index, &known)?;
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

    /// The head, in full hex.
    pub(crate) fn head(&self) -> &str {
        &self.repository.head
    }

    /// The caller's environment, in the workspace root.
    pub(crate) fn environment(&self) -> &Environment {
        &self.repository.environment
    }

    /// What the history of this clone is, beside its commits: where it is cut off, and where the
    /// workspace is in it.
    pub(crate) fn place(&self) -> String {
        format!("{:?}\n{:?}", self.repository.cut, self.repository.prefix)
    }

    /// Goes through history. `false`: a partial clone lacks some of what was asked for, so that nothing that
    /// was found is certain.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn is_complete(
        &self,
        walk: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let before = self.repository.missing();
        match walk() {
            // Git ends where it would have to fetch a tree.
            Err(_) if self.repository.is_partial() => {
                self.repository.missing.fetch_add(1, Ordering::Relaxed);
                Ok(false)
            }
            done => done.map(|()| self.repository.missing() == before),
        }
    }

    /// What to do where objects are missing; `None`: none that was asked for is.
    pub(crate) fn missing_hint(&self) -> Option<&'static str> {
        (self.repository.missing() > 0).then_some(PARTIAL_HINT)
    }

    /// Why an image has no commit.
    pub(crate) fn why_no_commit(&self) -> String {
        self.repository.why_no_commit()
    }

    /// What differs between the head and the tree, as far as it matters.
    pub(crate) fn since_head(
        &self,
        workspace: &Workspace,
        found: &Found,
    ) -> anyhow::Result<Differences> {
        let differences = self.changes_since(&self.repository.head, workspace, found)?;
        // Whoever asks this asks for them next, and there is time now.
        self.rules();
        Ok(Differences::of(differences))
    }

    fn rules(&self) -> Option<&Rules> {
        self.rules.get_or_init(|| self.find_rules()).as_ref()
    }

    /// What differs between a commit and the head.
    pub(crate) fn before_head(&self, commit: &str) -> anyhow::Result<Differences> {
        Ok(Differences::of(self.repository.since(commit)?))
    }

    /// What else differs between the index and the tree, of all files that git keeps.
    pub(crate) fn rest(&self, known: &Differences) -> anyhow::Result<Differences> {
        match &self.kept {
            Kept::File { index, written, .. } => {
                let known: BTreeSet<&str> = known.files.keys().map(String::as_str).collect();
                let index = (index, written);
                Ok(Differences::of(compare::compare_rest(&self.repository, index, &known)?))
            }
            // It was asked about all of them.
            Kept::Status(_) => Ok(Differences::default()),
        }
    }

    /// Ends what waits for another question: nobody has one for now.
    pub(crate) fn end_batch(&self) {
        drop(self.repository.batch().take());
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

    /// Submodules whose files can't be told: they are not checked out, or their repositories are gone.
    pub(crate) fn missing_submodules(&self) -> Vec<&str> {
        let Kept::Status(WorkTree { index, .. }) = &self.kept else { return Vec::new() };
        let missing = index.submodules.iter().filter(|(_, is_there)| !is_there);
        missing.map(|(path, _)| path.as_str()).collect()
    }

    /// Files that git keeps and that a sparse checkout leaves out.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &str> {
        let left_out = match &self.kept {
            Kept::File { .. } => None,
            Kept::Status(work_tree) => Some(&work_tree.index.left_out),
        };
        left_out.into_iter().flatten().map(String::as_str)
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

#[cfg(test)]
mod tests;
