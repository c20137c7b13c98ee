//! Commits, newest first, each with what differs from each of its parents: streams commits from `git
//! rev-list` and differences from `git diff-tree`.
//!
//! Commits go through in growing batches, so that the usual case (all images changed lately) costs
//! two short processes, and a long history few more. What a difference means for images is decided by
//! who asks.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context as _, bail};
use lambda_images::history::Before;

use super::base::Differences;
use super::{Git, Old, Repository};
use crate::failure::child_failure;

const FIRST_BATCH: usize = 16;
const LARGEST_BATCH: usize = 8192;

/// The mode of a submodule.
const SUBMODULE: &str = "160000";

/// The commits from the head on.
pub(crate) struct History<'a> {
    list: CommitList<'a>,
    batch_size: usize,
    /// Of the last batch.
    waiting: VecDeque<HistoryCommit>,
}

/// A commit of history.
pub(crate) struct HistoryCommit {
    /// In full hex.
    pub(crate) id: String,
    pub(crate) before: Before,
    /// What differs from each of its parents.
    pub(crate) deltas: Vec<Delta>,
}

/// What differs between a commit and one of its parents.
#[derive(Default)]
pub(crate) struct Delta {
    /// As it was at the parent.
    pub(crate) old: Differences,
    /// The blobs that the commit has, by path; zeros for a file that it removes.
    pub(crate) new: BTreeMap<String, String>,
}

impl Git {
    /// Reads history from the head on.
    pub(crate) fn history(&self) -> anyhow::Result<History<'_>> {
        let list = CommitList::start(&self.repository)?;
        Ok(History { list, batch_size: FIRST_BATCH, waiting: VecDeque::new() })
    }
}

impl History<'_> {
    /// The next commit; `None`: there are no more.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<HistoryCommit>> {
        if self.waiting.is_empty() {
            let batch = self.list.next_batch(self.batch_size)?;
            if batch.is_empty() {
                self.list.check_end()?;
                return Ok(None);
            }
            self.batch_size = (self.batch_size * 4).min(LARGEST_BATCH);
            let repository = self.list.repository;
            let mut differences = differences(repository, &batch)?.into_iter();
            for Commit { id, before } in batch {
                let count = match &before {
                    Before::Parents(parents) => parents.len(),
                    Before::Unknown => 0,
                };
                let of_commit = differences.by_ref().take(count);
                let deltas = of_commit.map(|difference| Delta::of(repository, difference));
                let deltas = deltas.collect();
                self.waiting.push_back(HistoryCommit { id, before, deltas });
            }
        }
        Ok(self.waiting.pop_front())
    }
}

impl Delta {
    /// What is in the workspace; modes that are one for every build are no difference.
    fn of(repository: &Repository, difference: Difference) -> Delta {
        let mut delta = Delta::default();
        for change in difference {
            let Some(path) = repository.in_workspace(&change.path) else { continue };
            let old = Old::of(&change.old_mode, &change.old);
            if change.is_submodule {
                delta.old.submodules.insert(path.to_owned());
            } else if old == Old::of(&change.new_mode, &change.new) {
                continue;
            }
            delta.new.insert(path.to_owned(), change.new);
            delta.old.files.insert(path.to_owned(), old);
        }
        delta
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.old.files.is_empty() && self.old.submodules.is_empty()
    }
}

struct Commit {
    id: String,
    before: Before,
}

/// A running `git rev-list`, ended when it is no longer needed.
struct CommitList<'a> {
    repository: &'a Repository,
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl CommitList<'_> {
    fn start<'a>(repository: &'a Repository) -> anyhow::Result<CommitList<'a>> {
        let mut command = repository.git();
        command.args(["rev-list", "--topo-order", "--parents", &repository.head]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("failed to run `git rev-list`")?;
        let stdout = child.stdout.take().context("`git rev-list` has no output")?;
        Ok(CommitList { repository, child, lines: BufReader::new(stdout).lines() })
    }

    fn next_batch(&mut self, size: usize) -> anyhow::Result<Vec<Commit>> {
        let mut batch = Vec::new();
        for line in self.lines.by_ref().take(size) {
            let line = line.context("failed to read from `git rev-list`")?;
            let mut ids = line.split(' ').map(str::to_owned);
            let id = ids.next().unwrap_or_default();
            let is_cut = self.repository.cut.as_ref().is_some_and(|cut| cut.contains(&id));
            let before = if is_cut { Before::Unknown } else { Before::Parents(ids.collect()) };
            batch.push(Commit { id, before });
        }
        Ok(batch)
    }

    /// After its last line: whether that was the end of history or of `git rev-list`.
    fn check_end(&mut self) -> anyhow::Result<()> {
        let status = self.child.wait().context("failed to wait for `git rev-list`")?;
        if status.success() {
            return Ok(());
        }
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            stderr.read_to_string(&mut said).context("failed to read from `git rev-list`")?;
        }
        let words = ["git", "rev-list", &self.repository.head].map(str::to_owned);
        Err(child_failure(&words, status, &said))
    }
}

impl Drop for CommitList<'_> {
    fn drop(&mut self) {
        // It may have more to say than anybody wants to hear; that it is gone already is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The changed paths between a commit and one parent.
pub(super) type Difference = Vec<Change>;

pub(super) struct Change {
    pub(super) old_mode: String,
    pub(super) old: String,
    new_mode: String,
    new: String,
    pub(super) path: String,
    pub(super) is_submodule: bool,
}

/// The differences of all commits of a batch from each of their parents, in order.
fn differences(repository: &Repository, batch: &[Commit]) -> anyhow::Result<Vec<Difference>> {
    let mut pairs: Vec<String> = Vec::new();
    for Commit { id, before } in batch {
        if let Before::Parents(parents) = before {
            pairs.extend(parents.iter().map(|parent| format!("{id} {parent}\n")));
        }
    }
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = repository.git();
    // With `--always` every pair gives its header, so that pairs and answers can be counted off.
    command.args([
        "diff-tree",
        "--stdin",
        "--always",
        "-r",
        "-z",
        "--raw",
        "--no-renames",
        "--ignore-submodules=none",
        "--no-abbrev",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("failed to run `git diff-tree`")?;
    let mut stdin = child.stdin.take().context("`git diff-tree` has no input")?;
    let wanted = pairs.len();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            for pair in pairs {
                if stdin.write_all(pair.as_bytes()).is_err() {
                    // It ended early; that shows below, by its status.
                    return;
                }
            }
        });
        child.wait_with_output()
    });
    let output = output.context("failed to read from `git diff-tree`")?;
    let differences = parse_differences(&output.stdout)?;
    if !output.status.success() || differences.len() != wanted {
        bail!(
            "`git diff-tree` compared {} of {wanted} commits: is the repository whole? (`git fsck`)",
            differences.len()
        );
    }
    Ok(differences)
}

/// Reads `id NUL (":" modes ids status NUL path NUL)*` for each pair.
pub(super) fn parse_differences(output: &[u8]) -> anyhow::Result<Vec<Difference>> {
    let mut differences: Vec<Difference> = Vec::new();
    let text = String::from_utf8_lossy(output);
    let mut fields = text.split('\0').filter(|field| !field.is_empty());
    while let Some(field) = fields.next() {
        let Some(change) = field.strip_prefix(':') else {
            differences.push(Vec::new());
            continue;
        };
        let ids: Vec<&str> = change.split(' ').collect();
        let (Some(path), [old_mode, new_mode, old, new, _], Some(difference)) =
            (fields.next(), ids.as_slice(), differences.last_mut())
        else {
            bail!("`git diff-tree` printed an unknown line: `:{change}`");
        };
        difference.push(Change {
            old_mode: (*old_mode).to_owned(),
            old: (*old).to_owned(),
            new_mode: (*new_mode).to_owned(),
            new: (*new).to_owned(),
            path: path.to_owned(),
            is_submodule: [old_mode, new_mode].contains(&&SUBMODULE),
        });
    }
    Ok(differences)
}
