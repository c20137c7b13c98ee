//! Which inputs of each image differ from the head, or are in no commit at all.
//!
//! # How it works
//! `git status` tells of the files that git keeps and of nothing else: looking for others would
//! take it a second walk of the tree, and it would leave out what `.gitignore` names, which a
//! build may read all the same. The files that were found for the fingerprint are looked up in
//! git's index instead.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use lambda_images::touch::{SettingsChange, TouchIndex};

use super::blobs::Blobs;
use super::index::Index;
use super::{Repository, touch_index};
use crate::failure::output_failure;
use crate::inputs::Found;
use crate::workspace::Workspace;

const STATUS: &[&str] = &[
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=no",
    "--ignore-submodules=untracked",
    "--no-renames",
    "--",
    ".",
];

/// Paths by image.
pub(super) type DirtyPaths = BTreeMap<usize, BTreeSet<String>>;

/// What differs between the head and the tree among the files that git keeps, and which those are.
pub(super) struct WorkTree {
    /// Files that git was told not to compare are among them.
    pub(super) changes: Vec<Change>,
    pub(super) index: Index,
}

/// A difference between the head and the tree.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) path: String,
    /// Its mode and blob at the head.
    pub(super) old: Option<(String, String)>,
    pub(super) is_submodule: bool,
}

impl WorkTree {
    /// Asks for both at once: either takes as long as a big repository has files.
    pub(super) fn read(repository: &Repository) -> anyhow::Result<WorkTree> {
        let mut command = repository.git();
        let status = command.args(STATUS).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let status = status.context("failed to run `git status`")?;
        let index = Index::read(repository);
        let output = status.wait_with_output().context("failed to read from `git status`")?;
        if !output.status.success() {
            let words: Vec<String> =
                ["git"].iter().chain(STATUS).map(|word| (*word).to_owned()).collect();
            return Err(output_failure(&words, &output));
        }
        let (mut changes, index) = (parse_status(repository, &output.stdout)?, index?);
        changes.extend(index.unwatched.iter().map(|(path, mode, id)| Change {
            path: path.clone(),
            old: Some((mode.clone(), id.clone())),
            is_submodule: false,
        }));
        Ok(WorkTree { changes, index })
    }
}

/// Each image's inputs that differ from the head, those of its bases included.
pub(super) fn dirty_paths(
    repository: &Repository,
    work_tree: &WorkTree,
    workspace: &Workspace,
    found: &Found,
) -> anyhow::Result<DirtyPaths> {
    let mut touch = touch_index(workspace, found);
    let mut changes = work_tree.changes.clone();
    let uncommitted = touch.single_files().filter(|path| !work_tree.index.holds(path));
    let uncommitted: BTreeSet<String> =
        uncommitted.filter(|path| workspace.root.join(path).exists()).map(str::to_owned).collect();
    let change = |path| Change { path, old: None, is_submodule: false };
    changes.extend(uncommitted.into_iter().map(change));
    let mut dirty = Dirty { touch: &mut touch, paths: DirtyPaths::new() };
    dirty.add_changes(&changes);
    dirty.add_settings(repository, &changes)?;
    dirty.add_unknown_to(&work_tree.index, found);
    Ok(dirty.paths)
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
                old: Some(((*mode).to_owned(), (*id).to_owned())),
                is_submodule: submodule.starts_with('S'),
            });
        }
    }
    Ok(changes)
}

struct Dirty<'t, 'a> {
    touch: &'t mut TouchIndex<'a>,
    paths: DirtyPaths,
}

impl Dirty<'_, '_> {
    fn add(&mut self, path: &str, touched: lambda_images::history::ImageSet) {
        for image in self.touch.with_dependents(touched) {
            self.paths.entry(image).or_default().insert(path.to_owned());
        }
    }

    fn add_changes(&mut self, changes: &[Change]) {
        for change in changes {
            let mut touched = self.touch.touched_by_path(&change.path);
            if change.is_submodule {
                touched.extend(self.touch.touched_by_folder(&change.path));
            }
            self.add(&change.path, touched);
        }
    }

    fn add_settings(&mut self, repository: &Repository, changes: &[Change]) -> anyhow::Result<()> {
        let mut blobs = Blobs::new(repository);
        let mut settings = Vec::new();
        for Change { path, old, is_submodule } in changes {
            if !is_submodule && self.touch.holds_settings(path) {
                let old = old.as_ref().map_or(Ok(None), |(_, id)| blobs.text(id))?;
                let new = std::fs::read_to_string(repository.root.join(path)).ok();
                settings.push(SettingsChange { path: path.clone(), old, new });
            }
        }
        let touched = self.touch.settings_touched(&settings);
        for (change, touched) in settings.iter().zip(touched) {
            self.add(&change.path, touched);
        }
        Ok(())
    }

    /// Files of the fingerprint that git does not keep as they are.
    fn add_unknown_to(&mut self, index: &Index, found: &Found) {
        for (path, _) in index.unknown(found) {
            let touched = self.touch.touched_by_path(&path);
            self.add(&path, touched);
        }
    }
}
