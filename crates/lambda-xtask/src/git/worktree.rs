//! What differs from the head, by asking git: for repositories whose index is out of the ordinary.
//!
//! # How it works
//! `git status` tells of the files that git keeps and of nothing else: looking for others would
//! take it a second walk of the tree, and it would leave out what `.gitignore` names, which a
//! build may read all the same. The files that were found for the fingerprint are looked up in
//! the list of those that git keeps instead.

use std::process::{Child, Stdio};

use anyhow::{Context as _, bail};

use super::index::Index;
use super::{Change, Old, Repository};
use crate::failure::output_failure;

const STATUS: &[&str] = &["status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames"];

/// What differs between the head and the tree among the files that git keeps, and which those are.
pub(super) struct WorkTree {
    /// Files that git was told not to compare are among them.
    pub(super) changes: Vec<Change>,
    pub(super) index: Index,
}

impl WorkTree {
    /// Asks for both at once: either takes as long as a big repository has files.
    ///
    /// Git ends at the first submodule that it can't read. It is asked again without them then, and none of
    /// them is known.
    pub(super) fn read(repository: &Repository) -> anyhow::Result<WorkTree> {
        let status = start_status(repository, "--ignore-submodules=untracked")?;
        let index = Index::read(repository);
        let output = status.wait_with_output().context("failed to read from `git status`")?;
        let mut index = index?;
        let output = if output.status.success() {
            output.stdout
        } else if index.submodules.is_empty() {
            let words: Vec<String> =
                ["git"].iter().chain(STATUS).map(|word| (*word).to_owned()).collect();
            return Err(output_failure(&words, &output));
        } else {
            index.submodules.iter_mut().for_each(|(_, is_there)| *is_there = false);
            repository.output(&[STATUS, &["--ignore-submodules=all", "--", "."]].concat())?
        };
        let mut changes = parse_status(repository, &output)?;
        let unwatched = index.unwatched.iter();
        changes
            .extend(unwatched.map(|(path, mode, id)| Change::of(path.clone(), Old::of(mode, id))));
        // What would be in them is not known.
        let absent = index.submodules.iter().filter(|(_, is_there)| !is_there);
        changes.extend(absent.map(|(path, _)| Change {
            path: path.clone(),
            old: Old::Absent,
            is_submodule: true,
        }));
        Ok(WorkTree { changes, index })
    }
}

fn start_status(repository: &Repository, submodules: &str) -> anyhow::Result<Child> {
    let mut command = repository.git();
    command.args(STATUS).args([submodules, "--", "."]);
    let status = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    status.context("failed to run `git status`")
}

/// Reads porcelain v2: `1 XY sub mH mI mW hH hI path`, and for a conflict
/// `u XY sub m1 m2 m3 mW h1 h2 h3 path`, of which the second is ours.
fn parse_status(repository: &Repository, output: &[u8]) -> anyhow::Result<Vec<Change>> {
    let text = String::from_utf8_lossy(output);
    let mut changes = Vec::new();
    for line in text.split('\0').filter(|line| !line.is_empty()) {
        let (fields, mode_field, id_field) = match line.as_bytes()[0] {
            b'#' => continue,
            b'1' => (9, 3, 6),
            b'u' => (11, 4, 8),
            _ => bail!("`git status` printed an unknown line: `{line}`"),
        };
        let fields: Vec<&str> = line.splitn(fields, ' ').collect();
        let (Some(path), Some(submodule), Some(mode), Some(id)) =
            (fields.last(), fields.get(2), fields.get(mode_field), fields.get(id_field))
        else {
            bail!("`git status` printed an unknown line: `{line}`");
        };
        if let Some(path) = repository.in_workspace(path) {
            changes.push(Change {
                path: path.to_owned(),
                old: Old::of(mode, id),
                is_submodule: submodule.starts_with('S'),
            });
        }
    }
    Ok(changes)
}
