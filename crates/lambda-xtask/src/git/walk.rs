//! One pass over history: streams commits from `git rev-list`, differences from `git diff-tree`,
//! and hands them to `lambda_images::history` until every image has its commit.
//!
//! Commits go through in growing batches, so that the usual case (all images were touched
//! lately) costs two short processes, and a long history few more.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context as _, bail};
use lambda_images::history::{ImageSet, NewestCommits, ParentDifference};
use lambda_images::touch::TouchIndex;

use super::Repository;

const FIRST_BATCH: usize = 64;
const LARGEST_BATCH: usize = 8192;

/// The newest commit of each image that has one.
pub(super) fn newest_commits(
    repository: &Repository,
    index: &TouchIndex,
) -> anyhow::Result<BTreeMap<usize, String>> {
    let all: ImageSet = (0..repository.workspace.graph.images().len()).collect();
    let mut newest = NewestCommits::new(&repository.head, all);
    let cut = shallow_commits(repository)?;
    let mut blobs = Blobs { repository, child: None };
    let mut list = CommitList::start(repository)?;
    let mut batch_size = FIRST_BATCH;
    while !newest.is_done() {
        let batch = list.next_batch(batch_size)?;
        if batch.is_empty() {
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
            newest.visit(&commit.id, &parents, cut.contains(&commit.id));
        }
    }
    Ok(newest.found())
}

fn touched(
    repository: &Repository,
    index: &TouchIndex,
    blobs: &mut Blobs,
    difference: &Difference,
) -> anyhow::Result<ImageSet> {
    let mut touched = ImageSet::new();
    for change in difference {
        let Some(path) = repository.in_workspace(&change.path) else { continue };
        touched.extend(index.touched_by_path(path));
        if index.holds_settings(path) {
            let (old, new) = (blobs.text(&change.old)?, blobs.text(&change.new)?);
            touched.extend(index.settings_touched(path, old.as_deref(), new.as_deref()));
        }
    }
    Ok(index.with_dependents(touched))
}

/// Commits of a shallow clone whose parents are missing.
fn shallow_commits(repository: &Repository) -> anyhow::Result<HashSet<String>> {
    if !repository.is_shallow {
        return Ok(HashSet::new());
    }
    let path = repository.output(&["rev-parse", "--git-path", "shallow"])?;
    let path = repository.workspace.root.join(String::from_utf8_lossy(&path).trim());
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

struct Commit {
    id: String,
    parents: Vec<String>,
}

/// A running `git rev-list`, ended when it is no longer needed.
struct CommitList {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl CommitList {
    fn start(repository: &Repository) -> anyhow::Result<CommitList> {
        let mut command = repository.git();
        command.args(["rev-list", "--topo-order", "--parents", &repository.head]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to run `git rev-list`")?;
        let stdout = child.stdout.take().context("`git rev-list` has no output")?;
        Ok(CommitList { child, lines: BufReader::new(stdout).lines() })
    }

    fn next_batch(&mut self, size: usize) -> anyhow::Result<Vec<Commit>> {
        let mut batch = Vec::new();
        for line in self.lines.by_ref().take(size) {
            let line = line.context("failed to read from `git rev-list`")?;
            let mut ids = line.split(' ').map(str::to_owned);
            let id = ids.next().unwrap_or_default();
            batch.push(Commit { id, parents: ids.collect() });
        }
        Ok(batch)
    }
}

impl Drop for CommitList {
    fn drop(&mut self) {
        // It may have more to say than anybody wants to hear; that it is gone already is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The changed paths between a commit and one parent.
type Difference = Vec<Change>;

struct Change {
    old: String,
    new: String,
    path: String,
}

/// The differences of all commits of a batch from each of their parents, in order.
fn differences(repository: &Repository, batch: &[Commit]) -> anyhow::Result<Vec<Difference>> {
    let pairs: Vec<String> = batch
        .iter()
        .flat_map(|commit| commit.parents.iter().map(|parent| format!("{} {parent}\n", commit.id)))
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
        "-r",
        "-z",
        "--raw",
        "--no-renames",
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
fn parse_differences(output: &[u8]) -> anyhow::Result<Vec<Difference>> {
    let mut differences: Vec<Difference> = Vec::new();
    let mut fields = output.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    while let Some(field) = fields.next() {
        let text = String::from_utf8_lossy(field);
        let Some(change) = text.strip_prefix(':') else {
            differences.push(Vec::new());
            continue;
        };
        let ids: Vec<&str> = change.split(' ').collect();
        let (Some(path), [_, _, old, new, _], Some(difference)) =
            (fields.next(), ids.as_slice(), differences.last_mut())
        else {
            bail!("`git diff-tree` printed an unknown line: `:{change}`");
        };
        let path = String::from_utf8_lossy(path).into_owned();
        difference.push(Change { old: (*old).to_owned(), new: (*new).to_owned(), path });
    }
    Ok(differences)
}

/// Texts of blobs, from one `git cat-file --batch` that starts when it is first needed.
struct Blobs<'a> {
    repository: &'a Repository<'a>,
    child: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Blobs<'_> {
    /// `None`: the id is all zeros, which stands for a file that does not exist.
    fn text(&mut self, id: &str) -> anyhow::Result<Option<String>> {
        if id.bytes().all(|byte| byte == b'0') {
            return Ok(None);
        }
        let (_, stdin, stdout) = self.child()?;
        let mut ask = || -> std::io::Result<Vec<u8>> {
            writeln!(stdin, "{id}")?;
            stdin.flush()?;
            let mut header = String::new();
            stdout.read_line(&mut header)?;
            let size = header.trim().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
            let size = size
                .ok_or_else(|| std::io::Error::other(format!("no such blob: {}", header.trim())))?;
            let mut bytes = vec![0; size + 1];
            stdout.read_exact(&mut bytes)?;
            bytes.pop();
            Ok(bytes)
        };
        let bytes = ask().context("failed to read from `git cat-file`")?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn child(&mut self) -> anyhow::Result<&mut (Child, ChildStdin, BufReader<ChildStdout>)> {
        if self.child.is_none() {
            let mut command = self.repository.git();
            command
                .args(["cat-file", "--batch"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = command.spawn().context("failed to run `git cat-file`")?;
            let stdin = child.stdin.take().context("`git cat-file` has no input")?;
            let stdout = child.stdout.take().context("`git cat-file` has no output")?;
            self.child = Some((child, stdin, BufReader::new(stdout)));
        }
        self.child.as_mut().context("`git cat-file` is gone")
    }
}

impl Drop for Blobs<'_> {
    fn drop(&mut self) {
        if let Some((mut child, stdin, _)) = self.child.take() {
            drop(stdin);
            drop(child.wait());
        }
    }
}
