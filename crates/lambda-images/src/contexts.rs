//! What each image reads of its contexts.
//!
//! # How it works
//! A [`Tree`] is a folder as an ignore file leaves it, shared by all images that see it alike.
//! What an image's Dockerfile reads of it is found by [`dockerfile::select`]; only files that
//! somebody reads need to be hashed. Locks that the image installs from, and does not keep, are
//! taken out and counted by what they install.
//!
//! It reads no file: trees come in, filled by the caller.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dockerfile::{ContextRead, Selection, select};
use pyproject::PackageName;
use pyproject::lock::Lock;
use rustc_hash::FxHashMap;

use crate::discovery::DefaultGroups;
use crate::fingerprint::{ReadInputs, Sha256Sum};
use crate::graph::{ContextFolder, ContextRole, ContextUse, Declared, Image, ImageGraph};
use crate::installs::{Installs, Project, Tool, are_known, installs};
use crate::locks::{LockFile, Locked, Locks};
use crate::paths;
use crate::tree::{FileState, Tree};

/// The trees of some images, and what each image reads of them.
#[derive(Debug, Default)]
pub struct Contexts {
    trees: Vec<Tree>,
    by_folder: Arc<FxHashMap<ContextFolder, usize>>,
    /// In the order of the images; shared with what differs only in other images.
    by_image: Vec<Arc<Vec<ReadContext>>>,
}

/// What an image reads of one folder.
#[derive(Debug, Clone)]
pub struct ReadContext {
    /// The folder's part in the build.
    pub role: ContextRole,
    /// Which of the trees.
    pub tree: usize,
    /// What is read of it.
    pub selection: Selection,
    /// Files that may count by what is installed from them, ascending.
    locks: Vec<usize>,
}

impl Contexts {
    /// Adds a tree as which these folders are seen.
    pub fn add_tree(&mut self, tree: Tree, folders: impl IntoIterator<Item = ContextFolder>) {
        let index = self.trees.len();
        self.trees.push(tree);
        let folders = folders.into_iter().map(|folder| (folder, index));
        Arc::make_mut(&mut self.by_folder).extend(folders);
    }

    /// What an image reads by these contexts, whose trees have been added.
    pub fn read(&self, image: &Image, contexts: &[ContextUse]) -> Vec<ReadContext> {
        let read = |context: &ContextUse| {
            let tree = *self.by_folder.get(&context.folder)?;
            let listing = self.trees[tree].listing();
            let selection = select(listing, &context.reads.iter().collect::<Vec<&ContextRead>>());
            let name = match &context.role {
                ContextRole::Main => Some(None),
                ContextRole::Named(name) => Some(Some(name.as_str())),
                ContextRole::Package(_) => None,
            };
            // Links, reads that aren't written in the Dockerfile, and commands that aren't known
            // may bring a lock's bytes into the image unseen.
            let sources = image.resolved.sources.iter();
            let written = sources.filter(|read| Some(read.context.as_deref()) == name).count();
            let is_plain = selection.links.is_empty()
                && written == context.reads.len()
                && image.resolved.undetermined.is_empty()
                && are_known(&image.resolved.commands);
            let is_lock = |index: &usize| {
                let path = &listing.entries()[*index].path;
                is_plain
                    && selection.reads(*index)
                    && name.is_some_and(|name| !image.resolved.may_keep(name, path))
            };
            let locks = self.trees[tree].may_be_locks().iter().copied().filter(is_lock).collect();
            Some(ReadContext { role: context.role.clone(), tree, selection, locks })
        };
        contexts.iter().filter_map(read).collect()
    }

    /// Tells what each image reads, in the order of the images.
    pub fn set_reads(&mut self, reads: Vec<Vec<ReadContext>>) {
        self.by_image = reads.into_iter().map(Arc::new).collect();
    }

    /// Adds to what an image reads.
    pub fn add_reads(&mut self, image: usize, reads: Vec<ReadContext>) {
        Arc::make_mut(&mut self.by_image[image]).extend(reads);
    }

    /// The same folders and reads, of other trees in the same order. What an image reads of a tree
    /// that lists something else has to be found anew, see [`Contexts::set_read`].
    #[must_use]
    pub fn with_trees(&self, trees: Vec<Tree>) -> Contexts {
        let (by_folder, by_image) = (self.by_folder.clone(), self.by_image.clone());
        Contexts { trees, by_folder, by_image }
    }

    /// Replaces what an image reads.
    pub fn set_read(&mut self, image: usize, reads: Vec<ReadContext>) {
        self.by_image[image] = Arc::new(reads);
    }

    /// All trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// All trees, to be filled.
    pub fn trees_mut(&mut self) -> &mut [Tree] {
        &mut self.trees
    }

    /// Which of the trees is that of a folder.
    pub fn index_of(&self, folder: &ContextFolder) -> Option<usize> {
        self.by_folder.get(folder).copied()
    }

    /// The tree of a folder.
    pub fn tree_of(&self, folder: &ContextFolder) -> Option<&Tree> {
        self.by_folder.get(folder).map(|index| &self.trees[*index])
    }

    /// What an image reads.
    pub fn of_image(&self, image: usize) -> &[ReadContext] {
        self.by_image.get(image).map_or(&[], |reads| reads.as_slice())
    }

    /// The packages that an image depends on and whose folders its contexts could bring in, and
    /// don't: an ignore file keeps them out, or they are empty.
    pub fn left_out<'i>(
        &self,
        index: usize,
        image: &'i Image,
        graph: &'i ImageGraph,
    ) -> Vec<(&'i PackageName, &'i Declared)> {
        let is_left_out = |package: &PackageName| {
            let Some(package) = graph.packages().get(package) else { return false };
            !self.by_image[index].iter().any(|read| {
                let tree = &self.trees[read.tree];
                match paths::strip_folder(&tree.folder, &package.folder) {
                    // The context lies inside the package: what is read of it is the package's.
                    None => !read.selection.ranges.is_empty(),
                    Some("") => !read.selection.ranges.is_empty(),
                    Some(below) => {
                        let below = tree.listing().below(below);
                        let after =
                            read.selection.ranges.partition_point(|range| range.end <= below.start);
                        let first = read.selection.ranges.get(after);
                        first.is_some_and(|range| range.start < below.end)
                    }
                }
            })
        };
        image.copied.iter().filter(|(package, _)| is_left_out(package)).collect()
    }

    /// For each tree, which of its entries somebody reads.
    pub fn wanted(&self) -> Vec<Vec<bool>> {
        let mut wanted: Vec<Vec<bool>> =
            self.trees.iter().map(|tree| vec![false; tree.listing().entries().len()]).collect();
        for read in self.by_image.iter().flat_map(|reads| reads.iter()) {
            read.selection.mark(&mut wanted[read.tree]);
        }
        wanted
    }

    /// The files that may count by what is installed from them: path and content.
    pub fn locks(&self) -> BTreeMap<(String, Sha256Sum), (usize, usize)> {
        let of_read = |read: &ReadContext| {
            let tree = &self.trees[read.tree];
            let lock = |&index: &usize| {
                let file = tree.file(index)?;
                Some(((tree.path(index), file.sha256), (read.tree, index)))
            };
            read.locks.iter().filter_map(lock).collect::<Vec<_>>()
        };
        self.by_image.iter().flat_map(|reads| reads.iter()).flat_map(of_read).collect()
    }

    /// What an image reads, as it counts. `locks` knows the contents of [`Contexts::locks`].
    pub fn read_inputs(
        &self,
        index: usize,
        image: &Image,
        graph: &ImageGraph,
        locks: &Mutex<Locks>,
    ) -> ReadInputs {
        let mut inputs = ReadInputs::default();
        for read in self.by_image[index].iter() {
            let tree = &self.trees[read.tree];
            let mut left_out = Vec::new();
            for &lock in &read.locks {
                let Some(file) = tree.file(lock) else { continue };
                let path = tree.path(lock);
                let mut locks = locks.lock().unwrap_or_else(PoisonError::into_inner);
                let installs = match locks.get(&path, &file.sha256) {
                    None => continue,
                    Some(LockFile::Graph(tool, lock)) => {
                        installs_of(image, graph, &path, *tool, lock)
                    }
                    Some(LockFile::Requirements(_)) => Installs::Everything,
                };
                let platform = &image.declaration.platform;
                if let Some(locked) = locks.locked(&path, &file.sha256, &installs, platform) {
                    left_out.push(lock);
                    inputs.locks.insert(path, locked);
                }
            }
            let digest = tree.digest(&read.selection, &left_out);
            inputs.contexts.insert(read.role.to_string(), digest);
        }
        inputs
    }

    /// The files that an image reads, without the locks in `inputs`.
    pub fn files(
        &self,
        index: usize,
        locks: &BTreeMap<String, Arc<Locked>>,
    ) -> BTreeMap<String, FileState> {
        let mut files = BTreeMap::new();
        for read in self.by_image[index].iter() {
            let of_read = self.trees[read.tree].files(&read.selection);
            files.extend(of_read.map(|(path, file)| (path, *file)));
        }
        files.retain(|path, _| !locks.contains_key(path));
        files
    }

    /// The files of an image that can differ from those of `then`, which is of the same graph: as they
    /// were, and as they are, without the locks of each.
    pub fn files_that_may_differ(
        &self,
        index: usize,
        locks: &BTreeMap<String, Arc<Locked>>,
        then: &Contexts,
        locks_then: &BTreeMap<String, Arc<Locked>>,
    ) -> (BTreeMap<String, FileState>, BTreeMap<String, FileState>) {
        let (reads, reads_then) = (&self.by_image[index], &then.by_image[index]);
        let is_known = Arc::ptr_eq(reads, reads_then)
            && (reads.iter()).all(|r| self.trees[r.tree].shares_listing_with(&then.trees[r.tree]));
        if !is_known {
            return (then.files(index, locks_then), self.files(index, locks));
        }
        let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
        for read in reads.iter() {
            let (tree, tree_then) = (&self.trees[read.tree], &then.trees[read.tree]);
            let unknown = tree_then.unknown().iter().copied();
            for entry in unknown.filter(|&entry| read.selection.reads(entry)) {
                was.extend(tree_then.file(entry).map(|file| (tree.path(entry), *file)));
                is.extend(tree.file(entry).map(|file| (tree.path(entry), *file)));
            }
        }
        was.retain(|path, _| !locks_then.contains_key(path));
        is.retain(|path, _| !locks.contains_key(path));
        (was, is)
    }

    /// Bytes that an image reads.
    pub fn size(&self, index: usize) -> u64 {
        let reads = self.by_image[index].iter();
        reads.map(|read| self.trees[read.tree].size(&read.selection)).sum()
    }
}

/// What an image's commands install from the lock at `path`.
fn installs_of(image: &Image, graph: &ImageGraph, path: &str, tool: Tool, lock: &Lock) -> Installs {
    let folder = paths::parent(path);
    let own = image.declaration.package.as_ref();
    let own = own.filter(|own| graph.packages().get(*own).is_some_and(|p| p.folder == folder));
    // A `uv.lock` names its project, whatever the image is made from.
    let own = match tool {
        Tool::Uv => lock.project_in("."),
        Tool::Poetry => own,
    };
    let default_groups =
        graph.packages().values().filter_map(|package| match &package.default_groups {
            DefaultGroups::Unset => None,
            DefaultGroups::All => Some((&package.name, None)),
            DefaultGroups::These(names) => Some((&package.name, Some(names.as_slice()))),
        });
    // What isn't a package of this workspace may have any default groups.
    let is_foreign = |name: &&PackageName| !graph.packages().contains_key(*name);
    let foreign = own.into_iter().filter(is_foreign).map(|name| (name, None));
    let default_groups = default_groups.chain(foreign).collect();
    let project = Project { beside_lock: own, default_groups };
    installs(tool, &image.resolved.commands, &project)
}

#[cfg(test)]
mod tests;
