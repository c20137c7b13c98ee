//! One pass over history: streams commits from `git rev-list`, differences from `git diff-tree`,
//! and hands them to `lambda_images::history` until every image has its commit.
//!
//! Commits go through in growing batches, so that the usual case (all images were touched
//! lately) costs two short processes, and a long history few more.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context as _, bail};
use lambda_images::history::{ImageSet, NewestCommits, ParentDifference};
use lambda_images::touch::{SettingsChange, TouchIndex};

use super::Repository;
use super::blobs::Blobs;
use crate::failure::child_failure;
use crate::workspace::Workspace;

const FIRST_BATCH: usize = 64;
const LARGEST_BATCH: usize = 8192;

/// The mode of a submodule.
const SUBMODULE: &str = "160000";

/// Commits of each image, the newest among them, where older ones are asked for too.
const EARLIER: usize = 4;
/// Commits that are looked at for those.
const MOST_COMMITS: usize = 2000;

/// The newest commit of each image that has one.
pub(super) fn newest_commits(
    repository: &Repository,
    workspace: &Workspace,
    index: &mut TouchIndex,
) -> anyhow::Result<BTreeMap<usize, String>> {
    let all: ImageSet = (0..workspace.graph.images().len()).collect();
    let mut newest = NewestCommits::new(&repository.head, all);
    walk(repository, index, &mut newest, usize::MAX)?;
    Ok(newest.found())
}

/// The newest commits that touched these images, a few of each, of a history that is not too long.
pub(super) fn earlier_commits(
    repository: &Repository,
    index: &mut TouchIndex,
    images: ImageSet,
) -> anyhow::Result<BTreeMap<usize, Vec<String>>> {
    let mut newest = NewestCommits::with_earlier(&repository.head, images, EARLIER);
    walk(repository, index, &mut newest, MOST_COMMITS)?;
    Ok(newest.found_with_earlier())
}

fn walk(
    repository: &Repository,
    index: &mut TouchIndex,
    newest: &mut NewestCommits,
    most: usize,
) -> anyhow::Result<()> {
    let mut blobs = Blobs::new(repository);
    let mut list = CommitList::start(repository)?;
    let mut batch_size = FIRST_BATCH;
    let mut left = most;
    while !newest.is_done() && left > 0 {
        let batch = list.next_batch(batch_size.min(left))?;
        left -= batch.len();
        if batch.is_empty() {
            list.check_end()?;
            break;
        }
        batch_size = (batch_size * 4).min(LARGEST_BATCH);
        let mut differences = differences(repository, &batch)?.into_iter();
        for commit in &batch {
            let of_commit: Vec<Difference> =
                differences.by_ref().take(commit.parents.len()).collect();
            if !newest.wants(&commit.id) {
                continue;
            }
            let mut parents = Vec::new();
            for (parent, difference) in commit.parents.iter().zip(of_commit) {
                let touched = touched(repository, index, &mut blobs, &difference)?;
                parents.push(ParentDifference { parent: parent.clone(), touched });
            }
            newest.visit(&commit.id, &parents);
        }
    }
    Ok(())
}

fn touched(
    repository: &Repository,
    index: &mut TouchIndex,
    blobs: &mut Blobs,
    difference: &Difference,
) -> anyhow::Result<ImageSet> {
    let mut touched = ImageSet::new();
    let mut settings = Vec::new();
    for change in difference {
        let Some(path) = repository.in_workspace(&change.path) else { continue };
        touched.extend(index.touched_by_path(path));
        if change.is_submodule {
            touched.extend(index.touched_by_folder(path));
        } else if index.holds_settings(path) {
            let (old, new) = (blobs.text(&change.old)?, blobs.text(&change.new)?);
            settings.push(SettingsChange { path: path.to_owned(), old, new });
        }
    }
    touched.extend(index.settings_touched(&settings).into_iter().flatten());
    Ok(index.with_dependents(touched))
}

struct Commit {
    id: String,
    /// What it is to be compared with: a root with nothing (`None`), a commit whose parents
    /// are missing with none at all.
    parents: Vec<Option<String>>,
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
            let mut parents: Vec<Option<String>> = ids.map(Some).collect();
            let is_cut = self.repository.cut.as_ref().is_some_and(|cut| cut.contains(&id));
            if parents.is_empty() && !is_cut {
                parents.push(None);
            }
            batch.push(Commit { id, parents });
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
    new: String,
    pub(super) path: String,
    pub(super) is_submodule: bool,
}

/// The differences of all commits of a batch from each of their parents, in order.
fn differences(repository: &Repository, batch: &[Commit]) -> anyhow::Result<Vec<Difference>> {
    let pairs: Vec<String> = batch
        .iter()
        .flat_map(|commit| {
            commit.parents.iter().map(|parent| match parent {
                Some(parent) => format!("{} {parent}\n", commit.id),
                None => format!("{}\n", commit.id),
            })
        })
        .collect();
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = repository.git();
    // With `--always` every pair gives its header, so that pairs and answers can be counted off.
    command.args([
        "diff-tree",
        "--stdin",
        "--always",
        "--root",
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
            new: (*new).to_owned(),
            path: path.to_owned(),
            is_submodule: [old_mode, new_mode].contains(&&SUBMODULE),
        });
    }
    Ok(differences)
}
