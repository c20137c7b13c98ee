//! Images of which nobody can tell what they read at the commit: of a submodule that differs git knows
//! only that.
//!
//! It does not look into the repositories of submodules, which may not have the older commit. A
//! package that is in a submodule, and had another name in it, is not seen by who only declares it.

use std::collections::BTreeMap;

use lambda_images::discovery::{ImageName, PyprojectFile};
use lambda_images::paths;
use lambda_images::reason::Reason;

use super::{Before, Now};
use crate::folders::Glob;
use crate::git::{Differences, touch_index};
use crate::workspace::{Workspace, is_attributes};

/// Images that read anything of a submodule that differs, or where git's conversions do.
pub(super) fn doubts(
    now: &Now,
    before: &Before,
    differences: &Differences,
) -> anyhow::Result<BTreeMap<ImageName, Reason>> {
    let mut doubts = BTreeMap::new();
    let images = now.workspace.graph.images();
    for path in differences.files.keys().filter(|path| is_attributes(path)) {
        let folder = paths::parent(path);
        let inside = |file: &str| paths::strip_folder(folder, file).is_some();
        let message = format!("`{path}` differs: git may convert other files");
        for (index, image) in images.iter().enumerate() {
            let settings = [&image.declaration.dockerfile, &image.declaration.declared_in];
            let files = || now.found.contexts.files(index, &BTreeMap::new());
            if settings.into_iter().any(|file| inside(file)) || files().keys().any(|f| inside(f)) {
                let reason = Reason::BaseUnknown { message: message.clone() };
                doubts.insert(image.name().clone(), reason);
            }
        }
    }
    for (name, path) in readers_of_submodules(now, before, differences)? {
        let message = format!("the submodule `{path}` differs");
        doubts.entry(name).or_insert(Reason::BaseUnknown { message });
    }
    Ok(doubts)
}

/// Images that would read a file of a submodule that differs, if it were there: nobody knows which
/// files it had. Each with the submodule.
fn readers_of_submodules(
    now: &Now,
    before: &Before,
    differences: &Differences,
) -> anyhow::Result<BTreeMap<ImageName, String>> {
    let mut readers = BTreeMap::new();
    if differences.submodules.is_empty() {
        return Ok(readers);
    }
    // What was read then may be left out today.
    let then = before.workspace.as_ref().zip(before.found.as_ref());
    for (workspace, found) in [(now.workspace, now.found)].into_iter().chain(then) {
        let mut touch = touch_index(workspace, found);
        for path in &differences.submodules {
            for index in touch.touched_by_folder(path) {
                let name = workspace.graph.images()[index].name();
                readers.insert(name.clone(), path.clone());
            }
        }
    }
    for path in &differences.submodules {
        if may_have_been_package(now.workspace, path)? {
            let images = now.workspace.graph.images().iter();
            readers.extend(images.map(|image| (image.name().clone(), path.clone())));
        }
    }
    Ok(readers)
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
