//! What git's blobs don't tell of a commit: what is inside a submodule that differs, and which bytes a
//! file has where git's conversions differ. Images that read any of it count as changed.
//!
//! It does not look into the repositories of submodules, which may not have the older commit.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::attributes::same_conversions;
use lambda_images::discovery::{ImageName, PyprojectFile};
use lambda_images::graph::Image;
use lambda_images::paths;

use crate::at_commit::Objects;
use crate::folders::Glob;
use crate::git::{Differences, Old};
use crate::past::View;
use crate::workspace::{Workspace, is_attributes};

/// Why nobody can tell what an image read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// The submodule, or the file with git's attributes.
    pub(crate) path: String,
    pub(crate) message: String,
}

pub(crate) type Doubts = BTreeMap<ImageName, Doubt>;

/// The images that read anything of a submodule that differs, or would: which files it had is not
/// known.
pub(crate) fn submodule_doubts(
    views: &[&View],
    submodules: &BTreeSet<String>,
) -> anyhow::Result<Doubts> {
    let mut doubts = Doubts::new();
    for view in views.iter().filter(|_| !submodules.is_empty()) {
        let readers = view.readers();
        let images = view.graph().images();
        for path in submodules {
            let of_folder = readers.of_folder(path);
            let may_be_package = may_have_been_package(view.workspace(), path)?;
            for (index, image) in images.iter().enumerate() {
                if may_be_package || of_folder.contains(&index) || has_package(view, image, path) {
                    let message = format!("the submodule `{path}` differs");
                    let doubt = Doubt { path: path.clone(), message };
                    doubts.entry(image.name().clone()).or_insert(doubt);
                }
            }
        }
    }
    Ok(doubts)
}

/// Whether an image requires a package that lies in a folder.
fn has_package(view: &View, image: &Image, folder: &str) -> bool {
    let packages = view.graph().packages_of(image);
    packages.values().any(|package| paths::strip_folder(folder, &package.declared_in).is_some())
}

/// Whether a package may have been in a submodule, or have been one, in which there is none today.
fn may_have_been_package(workspace: &Workspace, submodule: &str) -> anyhow::Result<bool> {
    let is_inside = |file: &PyprojectFile| paths::strip_folder(submodule, &file.path).is_some();
    if workspace.pyprojects.iter().any(is_inside) {
        return Ok(false);
    }
    for packages in &workspace.config.packages {
        if Glob::parse(&packages.value)?.may_match_within(submodule) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The images that read a file below a `.gitattributes` whose conversions differ. `old` and `new` are
/// its texts, by its path.
pub(crate) fn conversion_doubts<'p>(
    view: &View,
    changes: impl IntoIterator<Item = (&'p str, Option<String>, Option<String>)>,
) -> Doubts {
    let mut doubts = Doubts::new();
    for (path, old, new) in changes {
        if same_conversions(&old.unwrap_or_default(), &new.unwrap_or_default()) {
            continue;
        }
        let folder = paths::parent(path);
        let inside = |file: &str| paths::strip_folder(folder, file).is_some();
        for (index, image) in view.graph().images().iter().enumerate() {
            let settings = [&image.declaration.dockerfile, &image.declaration.declared_in];
            let files = || view.found().contexts.files(index, &BTreeMap::new());
            if settings.into_iter().any(|file| inside(file)) || files().keys().any(|f| inside(f)) {
                let message = format!("`{path}` differs: git may convert other files");
                let doubt = Doubt { path: path.to_owned(), message };
                doubts.entry(image.name().clone()).or_insert(doubt);
            }
        }
    }
    doubts
}

/// All doubts about what images of today read, or images at the other time.
pub(crate) fn doubts(
    now: &View,
    past: &View,
    differences: &Differences,
    objects: &Objects,
) -> anyhow::Result<Doubts> {
    let mut doubts = submodule_doubts(&[now, past], &differences.submodules)?;
    let attributes = differences.files.iter().filter(|(path, _)| is_attributes(path));
    let mut changes = Vec::new();
    for (path, old) in attributes {
        let new = now.now.checkout.text(path).ok().flatten();
        let old = match old {
            Old::Absent => None,
            Old::Blob { id, .. } => objects.attributes(id),
            Old::Mode(_) => continue,
        };
        changes.push((path.as_str(), old, new));
    }
    for (name, doubt) in conversion_doubts(now, changes) {
        doubts.entry(name).or_insert(doubt);
    }
    Ok(doubts)
}
