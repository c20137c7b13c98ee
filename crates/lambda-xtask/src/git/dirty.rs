//! Which inputs of each image differ from the head, or are in no commit at all.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::history::ImageSet;
use lambda_images::touch::{SettingsChange, TouchIndex};

use super::blobs::Blobs;
use super::{Change, Images, Old, Repository};

/// Paths by image.
pub(super) type DirtyPaths = BTreeMap<usize, BTreeSet<String>>;

/// Each image's inputs that differ from the head, those of its bases included. `text` is what a
/// file's text is now.
pub(super) fn dirty_paths(
    repository: &Repository,
    changes: &[Change],
    images: &Images,
    text: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<DirtyPaths> {
    if changes.is_empty() {
        return Ok(DirtyPaths::new());
    }
    let mut touch = images.touch_index();
    let mut dirty = Dirty { touch: &mut touch, paths: DirtyPaths::new() };
    dirty.add_changes(changes);
    dirty.add_settings(repository, changes, text)?;
    Ok(dirty.paths)
}

struct Dirty<'t, 'a> {
    touch: &'t mut TouchIndex<'a>,
    paths: DirtyPaths,
}

impl Dirty<'_, '_> {
    fn add(&mut self, path: &str, touched: ImageSet) {
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

    fn add_settings(
        &mut self,
        repository: &Repository,
        changes: &[Change],
        text: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<()> {
        let mut blobs = Blobs::new(repository);
        let mut settings = Vec::new();
        for Change { path, old, is_submodule } in changes {
            if !is_submodule && self.touch.holds_settings(path) {
                let old = match old {
                    Old::Blob { id, .. } => blobs.text(id)?,
                    Old::Absent => None,
                    // Only its mode differs.
                    Old::Mode(_) => continue,
                };
                settings.push(SettingsChange { path: path.clone(), old, new: text(path) });
            }
        }
        let touched = self.touch.settings_touched(&settings);
        for (change, touched) in settings.iter().zip(touched) {
            self.add(&change.path, touched);
        }
        Ok(())
    }
}
