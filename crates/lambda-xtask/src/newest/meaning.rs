//! What a difference between a commit and its parent means for images, as far as its paths and the files
//! that shape the workspace tell.
//!
//! What is left in question is for fingerprints to decide.

use std::collections::BTreeSet;

use lambda_images::base_lock::BASE_LOCK;
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::Mode;
use lambda_images::history::ImageSet;
use lambda_images::readers::Readers;
use lambda_images::same_settings::{
    PackageNames, project_names, same_base_lock, same_config, same_project,
};

use crate::at_commit::Objects;
use crate::doubts::{Doubts, conversion_doubts, submodule_doubts};
use crate::git::{Delta, Old};
use crate::past::View;
use crate::workspace::{CONFIG_FILE, is_attributes};

/// What a difference means for the images of a view.
#[derive(Default)]
pub(super) struct Meaning {
    /// What they read can't be told.
    pub(super) doubted: BTreeSet<ImageName>,
    /// The workspace may have another shape: their files may have been elsewhere.
    pub(super) is_other_workspace: bool,
    /// A file that they read differs.
    pub(super) differing: BTreeSet<ImageName>,
    /// Their Dockerfile or ignore file differs.
    pub(super) reshaped: BTreeSet<ImageName>,
    /// They read something of it that may count, or not.
    pub(super) in_question: BTreeSet<ImageName>,
}

impl Meaning {
    /// # Errors
    /// Git can't be asked.
    pub(super) fn of(
        view: &View,
        readers: &Readers,
        delta: &Delta,
        objects: &Objects,
    ) -> anyhow::Result<Meaning> {
        let images = view.graph().images();
        let mut meaning = Meaning::default();
        let submodules = submodule_doubts(&[view], &delta.old.submodules)?;
        let doubted = submodules.into_keys().chain(conversions(view, delta, objects).into_keys());
        meaning.doubted.extend(doubted);
        for (path, old) in &delta.old.files {
            for image in readers.of_path(path) {
                let name = images[image].name().clone();
                match counts_by_bytes(view, image, path) {
                    true => meaning.differing.insert(name),
                    false => meaning.in_question.insert(name),
                };
            }
            if view.workspace().shapes(path) {
                match reshaped(view, readers, delta, (path, old), objects) {
                    Some(of_file) => {
                        let names = of_file.into_iter().map(|image| images[image].name().clone());
                        meaning.reshaped.extend(names);
                    }
                    None => meaning.is_other_workspace = true,
                }
            }
        }
        Ok(meaning)
    }
}

/// The images that a change of a file that shapes the workspace may reshape, where that is all it
/// can do. `None`: it may shape another workspace.
fn reshaped(
    view: &View,
    readers: &Readers,
    delta: &Delta,
    (path, old): (&str, &Old),
    objects: &Objects,
) -> Option<ImageSet> {
    let of_file = || readers.of_file(path);
    if view.workspace().is_linked(path) {
        return None;
    }
    if path.ends_with(".dockerignore") {
        return Some(of_file());
    }
    let (old, new) = texts(delta, path, old, objects)?;
    let is_same = match path.rsplit('/').next() {
        _ if path == CONFIG_FILE => same_config(&old, &new),
        _ if path == BASE_LOCK => same_base_lock(&old, &new),
        Some("pyproject.toml") => same_project(&old, &new, &internal_names(view, delta, objects)),
        // A Dockerfile; that of a package's folder may have made an image of it.
        _ => return Some(of_file()).filter(|images| !images.is_empty()),
    };
    is_same.then(ImageSet::new)
}

/// The texts of a file at the parent and at the commit, where both have it.
fn texts(delta: &Delta, path: &str, old: &Old, objects: &Objects) -> Option<(String, String)> {
    let Old::Blob { id, mode } = old else { return None };
    if *mode == Mode::Symlink {
        return None;
    }
    objects.text(id).zip(objects.text(delta.new.get(path)?))
}

/// The names of all packages of the view, and of those whose projects differ.
fn internal_names(view: &View, delta: &Delta, objects: &Objects) -> PackageNames {
    let mut names: PackageNames = view.graph().packages().keys().cloned().collect();
    for (path, old) in &delta.old.files {
        if path.rsplit('/').next() != Some("pyproject.toml") {
            continue;
        }
        let id = match old {
            Old::Blob { id, .. } => Some(id),
            Old::Absent | Old::Mode(_) => None,
        };
        for id in id.into_iter().chain(delta.new.get(path)) {
            names.extend(project_names(&objects.text(id).unwrap_or_default()));
        }
    }
    names
}

fn conversions(view: &View, delta: &Delta, objects: &Objects) -> Doubts {
    let mut changes = Vec::new();
    for (path, old) in delta.old.files.iter().filter(|(path, _)| is_attributes(path)) {
        let old = match old {
            Old::Blob { id, .. } => objects.attributes(id),
            Old::Absent | Old::Mode(_) => None,
        };
        let new = delta.new.get(path).and_then(|id| objects.attributes(id));
        changes.push((path.as_str(), old, new));
    }
    conversion_doubts(view, changes)
}

/// Whether an image reads a file that counts by its bytes.
fn counts_by_bytes(view: &View, image: usize, path: &str) -> bool {
    let inputs = view.inputs(view.graph().images()[image].name());
    let is_lock = inputs.is_some_and(|(inputs, _)| inputs.locks.contains_key(path));
    !is_lock && view.reads(image, path)
}
