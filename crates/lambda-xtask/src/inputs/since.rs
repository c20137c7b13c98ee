//! What has changed on disk since it was read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dockerfile::EntryKind;
use lambda_images::paths;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::Found;
use crate::hash_cache::Stamp;

impl Found {
    /// The states in which the files were found that some images read.
    pub(crate) fn stamps(&self, images: &[usize]) -> impl Iterator<Item = &Stamp> {
        self.entries(images).into_iter().filter_map(|(tree, entry)| self.stamp(tree, entry))
    }

    /// Files of some images that are not in the state in which they were found. Those that were added
    /// since are none.
    pub(crate) fn changed_since(&self, root: &Path, images: &[usize]) -> Vec<String> {
        let trees = self.contexts.trees();
        let changed = self.entries(images).into_par_iter().filter_map(|(tree, entry)| {
            let path = trees[tree].path(entry);
            let full = root.join(&path);
            let is_same = match &trees[tree].listing().entries()[entry].kind {
                EntryKind::Folder => true,
                EntryKind::Symlink(text) => {
                    fs::read_link(full).is_ok_and(|now| now.as_os_str() == text.as_str())
                }
                EntryKind::File => fs::symlink_metadata(full)
                    .is_ok_and(|now| self.stamp(tree, entry) == Some(&Stamp::of(&now))),
            };
            (!is_same).then_some(path)
        });
        changed.collect()
    }

    /// Whether an image reads a file.
    pub(crate) fn reads(&self, image: usize, path: &str) -> bool {
        self.of_image(image).iter().any(|read| {
            let tree = &self.contexts.trees()[read.tree];
            let below = paths::strip_folder(&tree.folder, path);
            let entry = below.and_then(|below| tree.listing().find(below));
            entry.is_some_and(|entry| read.selection.reads(entry))
        })
    }

    /// Each tree and entry that is hashed and that one of some images reads.
    fn entries(&self, images: &[usize]) -> BTreeSet<(usize, usize)> {
        let reads = images.iter().flat_map(|image| self.of_image(*image));
        let entries =
            reads.flat_map(|read| read.selection.entries().map(|entry| (read.tree, entry)));
        entries
            .filter(|(tree, entry)| self.contexts.trees()[*tree].file(*entry).is_some())
            .collect()
    }
}
