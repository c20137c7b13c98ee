//! What each image reads of its contexts.
//!
//! # How it works
//! A [`Tree`] is a folder as an ignore file leaves it, shared by all images that see it alike.
//! What an image's Dockerfile reads of it is found by [`dockerfile::select`]; only files that
//! somebody reads need to be hashed. Locks that the image installs from, and does not keep, are
//! taken out and counted by what they install; so is a `pyproject.toml` that only an installer reads.
//!
//! It reads no file: trees come in, filled by the caller.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dockerfile::{ContextRead, Selection, select};
use pyproject::{Installer, PackageName};
use rustc_hash::FxHashMap;

use crate::fingerprint::{ReadInputs, Sha256Sum};
use crate::graph::{ContextFolder, ContextRole, ContextUse, Declared, Image, ImageGraph};
use crate::lock_use::{Doubt, Installs, Scene, installs, reader};
use crate::locks::{LockFile, Locked, Locks, ProjectFile, is_project, may_be_lock};
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
    /// Locks that count by their bytes, whatever is installed from them.
    kept: Vec<usize>,
    /// Why all of them do.
    why_bytes: Option<&'static str>,
    /// Files that may decide what is installed from a lock, ascending.
    deciding: Vec<usize>,
    /// Those `pyproject.toml`s of them that may count by what an installer reads.
    projects: Vec<usize>,
}

/// How files of a context count that need not count by their bytes.
#[derive(Default)]
struct Judged {
    locks: Vec<(usize, Result<Installs, Doubt>)>,
    projects: Vec<(usize, Result<Installer, Doubt>)>,
}

/// The context's name in a Dockerfile; `Some(None)` for the main one.
fn name_of(role: &ContextRole) -> Option<Option<&str>> {
    match role {
        ContextRole::Main => Some(None),
        ContextRole::Named(name) => Some(Some(name.as_str())),
        ContextRole::Package(_) => None,
    }
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
            let name = name_of(&context.role);
            let sources = image.resolved.sources.iter();
            let written = sources.filter(|read| Some(read.context.as_deref()) == name).count();
            let why_bytes = if !selection.links.is_empty() {
                Some("files are read through a link")
            } else if !image.resolved.undetermined.is_empty() {
                Some("it can't be determined what all instructions read")
            } else if written != context.reads.len() {
                Some("more is read than the Dockerfile says")
            } else {
                None
            };
            let of_locks = self.trees[tree].lock_files().iter().copied();
            let of_locks = of_locks.filter(|&index| selection.reads(index));
            let (locks, deciding): (Vec<usize>, Vec<usize>) =
                of_locks.partition(|&index| may_be_lock(&listing.entries()[index].path));
            let is_narrow = |index: &usize| {
                let path = &listing.entries()[*index].path;
                why_bytes.is_none() && name.is_some_and(|name| !image.resolved.may_keep(name, path))
            };
            let (locks, kept) = locks.into_iter().partition(is_narrow);
            let is_project = |index: &usize| is_project(&listing.entries()[*index].path);
            let projects = deciding.iter().copied().filter(is_project).filter(is_narrow).collect();
            let role = context.role.clone();
            Some(ReadContext { role, tree, selection, locks, kept, why_bytes, deciding, projects })
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
            // A project matters only beside a lock.
            let deciding = if read.locks.is_empty() { &[][..] } else { read.deciding.as_slice() };
            read.locks.iter().chain(deciding).filter_map(lock).collect::<Vec<_>>()
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
            let judged = self.judge(index, read, image, graph, locks);
            for (lock, installs) in judged.locks {
                let (Ok(installs), Some(file)) = (installs, tree.file(lock)) else { continue };
                let path = tree.path(lock);
                let mut locks = locks.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(locked) = locks.locked(&path, &file.sha256, &installs)
                    && inputs.narrow(path, &locked)
                {
                    left_out.push(lock);
                }
            }
            for (project, installer) in judged.projects {
                let (Ok(installer), Some(file)) = (installer, tree.file(project)) else { continue };
                let path = tree.path(project);
                let locks = locks.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(settings) = locks.settings(&path, &file.sha256, installer)
                    && inputs.narrow(path, &settings)
                {
                    left_out.push(project);
                }
            }
            left_out.sort_unstable();
            let digest = tree.digest(&read.selection, &left_out);
            inputs.contexts.insert(read.role.to_string(), digest);
        }
        inputs
    }

    /// What an image installs from each lock that may count by that, and who reads its projects.
    fn judge(
        &self,
        index: usize,
        read: &ReadContext,
        image: &Image,
        graph: &ImageGraph,
        locks: &Mutex<Locks>,
    ) -> Judged {
        let (false, Some(context)) = (read.locks.is_empty(), name_of(&read.role)) else {
            return Judged::default();
        };
        let tree = &self.trees[read.tree];
        let path_in = |entry: usize| tree.listing().entries()[entry].path.clone();
        let file_of = |entry: usize| {
            let locks = locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.get(&tree.path(entry), &tree.file(entry)?.sha256)
        };
        let projects: Vec<(String, Option<Arc<LockFile>>)> = read
            .deciding
            .iter()
            .filter(|entry| is_project(&path_in(**entry)))
            .map(|&entry| (path_in(entry), file_of(entry)))
            .collect();
        let projects: Vec<(String, Option<&ProjectFile>)> = projects
            .iter()
            .map(|(path, file)| match file.as_deref() {
                Some(LockFile::Project(project)) => (path.clone(), Some(project)),
                _ => (path.clone(), None),
            })
            .collect();
        let settings: Vec<String> = self.by_image[index]
            .iter()
            .flat_map(|read| read.deciding.iter().map(|entry| self.trees[read.tree].path(*entry)))
            .filter_map(|path| Some(path.rsplit('/').next()?.to_owned()))
            .collect();
        let (projects, settings) = (projects.as_slice(), settings.as_slice());
        let scene = Scene { image, graph, context, projects, settings };
        let installs = |&lock: &usize| {
            let installs = match file_of(lock) {
                Some(file) => installs(&scene, &path_in(lock), &file),
                None => Err(Doubt(
                    "it is not understood, or not everything in it has a hash".to_owned(),
                )),
            };
            (lock, installs)
        };
        let locks: Vec<_> = read.locks.iter().map(installs).collect();
        let narrowed = locks.iter().filter(|(_, installs)| installs.is_ok());
        let narrowed: Vec<(String, Arc<LockFile>)> =
            narrowed.filter_map(|(lock, _)| Some((path_in(*lock), file_of(*lock)?))).collect();
        let reader = |&project: &usize| (project, reader(&scene, &path_in(project), &narrowed));
        let projects = read.projects.iter().map(reader).collect();
        Judged { locks, projects }
    }

    /// The locks and `pyproject.toml`s that count by their bytes, and why.
    pub fn doubts(
        &self,
        index: usize,
        image: &Image,
        graph: &ImageGraph,
        locks: &Mutex<Locks>,
    ) -> BTreeMap<String, Doubt> {
        let mut doubts = BTreeMap::new();
        for read in self.by_image[index].iter() {
            let tree = &self.trees[read.tree];
            let why = read.why_bytes.unwrap_or("it may become part of the image");
            let kept = read.kept.iter().map(|&lock| (lock, Doubt(why.to_owned())));
            let judged = self.judge(index, read, image, graph, locks);
            let of_locks = judged.locks.into_iter();
            let of_locks = of_locks.filter_map(|(lock, found)| Some((lock, found.err()?)));
            let of_projects = judged.projects.into_iter();
            let of_projects = of_projects.filter_map(|(file, found)| Some((file, found.err()?)));
            doubts.extend(
                kept.chain(of_locks)
                    .chain(of_projects)
                    .map(|(lock, doubt)| (tree.path(lock), doubt)),
            );
        }
        doubts
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

#[cfg(test)]
mod tests;
