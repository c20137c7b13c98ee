//! What has changed on disk since it was read.

use std::fs;
use std::path::Path;

use lambda_images::paths;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::{Found, hash_file};
use crate::hash_cache::{HashCache, Stamp};

impl Found {
    /// The states in which the files were found that some images read.
    pub(crate) fn stamps(&self, images: &[usize]) -> impl Iterator<Item = &Stamp> {
        self.entries(images).into_iter().filter_map(|(tree, entry)| self.stamp(tree, entry))
    }

    /// Files of some images that are no longer what was hashed. Those that were added since are none.
    pub(crate) fn changed_since(&self, root: &Path, images: &[usize]) -> Vec<String> {
        let trees = self.contexts.trees();
        let changed = self.entries(images).into_par_iter().filter_map(|(tree, entry)| {
            let path = trees[tree].path(entry);
            let now = fs::symlink_metadata(root.join(&path)).ok();
            let is_left = now.is_some_and(|now| self.stamp(tree, entry) == Some(&Stamp::of(&now)));
            // It may have been written as it was.
            let is_same = || {
                let unknown = HashCache::parse(Vec::new());
                hash_file(root, &path, &unknown).ok().as_ref() == trees[tree].file(entry)
            };
            (!is_left && !is_same()).then_some(path)
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
    fn entries(&self, images: &[usize]) -> Vec<(usize, usize)> {
        let trees = self.contexts.trees();
        let mut wanted: Vec<Vec<bool>> = Vec::new();
        wanted.resize_with(trees.len(), Vec::new);
        for read in images.iter().flat_map(|image| self.of_image(*image)) {
            let wanted = &mut wanted[read.tree];
            wanted.resize(trees[read.tree].listing().entries().len(), false);
            read.selection.mark(wanted);
        }
        let entries = wanted.iter().enumerate().flat_map(|(tree, wanted)| {
            wanted.iter().enumerate().filter(|(_, wanted)| **wanted).map(move |(at, _)| (tree, at))
        });
        entries.filter(|(tree, entry)| trees[*tree].file(*entry).is_some()).collect()
    }
}
