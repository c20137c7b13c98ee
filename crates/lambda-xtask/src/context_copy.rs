//! The copies of contexts that builders are given in place of the workspace's folders.
//!
//! A builder asks only for files whose size, time or mode differ from what it kept of an earlier build,
//! and it reads them later than they were hashed. So it is given copies: each file is copied once, is
//! compared with the hash that the fingerprint was made from, has git's mode and a time that is made from
//! its bytes. What is built is then what was hashed, whatever happens to the workspace meanwhile, and a
//! builder is sent what differs and nothing else.
//!
//! # How it works
//! The copy of a context holds files that some image reads of it. Before a run builds, everything else
//! is removed from the copies that it needs, and what is missing is copied. A file that is there already is
//! taken for what it should be by its size, mode and time, and by the state in which this program left
//! it (as in git's index); in doubt it is hashed.
//!
//! # Limitations
//! - A run holds the lock of the workspace's state while builders read the copies. A bake file is used
//!   after that: another run may change them under it.
//! - On a file system that keeps whole seconds only, a changed file of equal size has the time that it
//!   had before once in some 500 million times.

mod file;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use dockerfile::{EntryKind, ignore_text, parse_dockerignore};
use lambda_images::context_copy::{CONTEXT_COPIES, context_copy};
use lambda_images::contexts::ReadContext;
use lambda_images::discovery::ContextSource;
use lambda_images::graph::{ContextRole, Image};
use lambda_images::paths;
use lambda_images::tree::{FileState, Tree};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::hash_cache::HashCache;
use crate::inputs::Found;
use crate::state::{State, of_own, refuse_links};

pub(crate) use file::write_file;

/// What one image is built from.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    pub(crate) found: &'a Found,
    /// Which of the images that were read it is.
    pub(crate) index: usize,
    pub(crate) image: &'a Image,
    /// Where the Dockerfile lies that the builder is given, relative to the workspace root.
    pub(crate) staged: String,
    /// The text of that.
    pub(crate) dockerfile: &'a str,
}

/// A file that can't be given to a builder.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Relative to the workspace root.
    pub(crate) path: String,
    pub(crate) why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, why } = self;
        match why.as_str() {
            file::CHANGED => {
                write!(f, "`{path}` changed while the workspace was read\nhint: build again")
            }
            why => write!(f, "`{path}`: {why}"),
        }
    }
}

impl<'a> Source<'a> {
    /// What the builder is sent of folders.
    fn reads(&self) -> impl Iterator<Item = (&'a Tree, &'a ReadContext)> + use<'a> {
        let trees = self.found.contexts.trees();
        let reads = self.found.of_image(self.index).iter();
        reads
            .filter(|read| !matches!(read.role, ContextRole::Package(_)))
            .map(|read| (&trees[read.tree], read))
    }

    /// Whether the builder is sent a file.
    pub(crate) fn is_sent(&self, path: &str) -> bool {
        let is_read = |(tree, read): (&Tree, &ReadContext)| {
            paths::strip_folder(&tree.folder, path).is_some_and(|below| {
                let is_read = tree.listing().find(below).is_some_and(|at| read.selection.reads(at));
                is_read || read.selection.roots().iter().any(|root| root == below)
            })
        };
        let mut contexts = self.image.contexts.iter();
        self.reads().any(is_read)
            || contexts.any(|context| context.folder.ignore_files.iter().any(|file| file == path))
    }
}

/// The folders that are contexts of an image's build.
pub(crate) fn context_folders(image: &Image) -> impl Iterator<Item = &str> {
    let named = image.declaration.contexts.values().filter_map(|source| match source {
        ContextSource::Folder(folder) => Some(folder.as_str()),
        _ => None,
    });
    named.chain([image.declaration.context.as_str()])
}

/// Makes the copies of the contexts of some images; gives the files that have changed since they were
/// hashed, or can't be copied. `known` are the context folders of the workspace: copies of others go.
///
/// # Errors
/// Nothing can be written there.
pub(crate) fn copy_contexts(
    root: &Path,
    state: &State,
    sources: &[Source],
    known: &BTreeSet<&str>,
) -> anyhow::Result<Vec<Fault>> {
    let top = root.join(CONTEXT_COPIES);
    let failed = || format!("failed to write to `{}`", top.display());
    let places: BTreeSet<String> = known.iter().map(|folder| place_of(folder)).collect();
    refuse_links(&top).map_err(|error| of_own(error, "write to", &top))?;
    file::make_folder(&top).and_then(|()| sweep::prune(&top, "", &places)).with_context(failed)?;
    let hashes = HashCache::parse(state.read_copy_hashes());
    let (copies, mut faults) = copies_of(root, sources);
    for copy in copies.values() {
        faults.extend(copy.make(root, &hashes).with_context(failed)?);
    }
    let is_there = |path: &str| {
        split_place(path).is_some_and(|(folder, below)| {
            copies.get(folder).is_none_or(|copy| copy.there().contains(below))
        })
    };
    if let Some(bytes) = hashes.render(is_there) {
        state.write_copy_hashes(&bytes);
    }
    Ok(faults)
}

/// Where the copy of a folder lies in the folder of copies.
fn place_of(folder: &str) -> String {
    context_copy(folder)[CONTEXT_COPIES.len() + 1..].to_owned()
}

/// The context folder of a path in the folder of copies, and the path in that.
fn split_place(path: &str) -> Option<(&str, &str)> {
    let (depth, rest) = path.split_once('/')?;
    match depth.parse::<usize>().ok()?.checked_sub(1) {
        None => Some(("", rest)),
        Some(last) => {
            let (end, _) = rest.match_indices('/').nth(last)?;
            Some((&rest[..end], &rest[end + 1..]))
        }
    }
}

/// The copy of one context folder.
struct Copy<'a> {
    /// The folder, relative to the workspace root.
    folder: &'a str,
    /// Where the copy lies in the folder of copies.
    place: String,
    path: PathBuf,
    /// What may be there: the inputs of all images.
    expected: FxHashMap<&'a str, Expected<'a>>,
    /// What must be there.
    needed: FxHashSet<&'a str>,
    /// Folders that must be there, whatever is in them.
    folders: BTreeSet<&'a str>,
    /// The ignore file of a named context, and the lines of it that are no file's.
    ignore: Option<(String, &'a [&'static str])>,
    /// Files that are there.
    there: Mutex<FxHashSet<String>>,
}

/// What is at a path of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected<'a> {
    /// The workspace's file, as it was hashed.
    File(FileState),
    Link(&'a str),
    /// A file of our own.
    Text(String),
}

type Copies<'a> = BTreeMap<&'a str, Copy<'a>>;

/// The copies that some images need, and the files that were hashed twice and differ.
fn copies_of<'a>(root: &Path, sources: &[Source<'a>]) -> (Copies<'a>, Vec<Fault>) {
    let mut copies = Copies::new();
    let mut founds: Vec<&'a Found> = Vec::new();
    for source in sources {
        for folder in context_folders(source.image) {
            copies.entry(folder).or_insert_with(|| Copy::new(root, folder));
        }
        if !founds.iter().any(|found| std::ptr::eq(*found, source.found)) {
            founds.push(source.found);
        }
    }
    let mut faults = Vec::new();
    for found in founds {
        let trees = found.contexts.trees();
        for tree in trees {
            if let Some(copy) = copies.get_mut(tree.folder.as_str()) {
                copy.expect_files(tree);
            }
        }
        let mut read: Vec<Vec<bool>> = Vec::new();
        read.resize_with(trees.len(), Vec::new);
        let own = sources.iter().filter(|source| std::ptr::eq(source.found, found));
        for (tree, of_tree) in own.flat_map(Source::reads) {
            let Some(copy) = copies.get_mut(tree.folder.as_str()) else { continue };
            copy.need_roots(tree, of_tree);
            let read = &mut read[of_tree.tree];
            read.resize(tree.listing().entries().len(), false);
            of_tree.selection.mark(read);
        }
        for (tree, read) in trees.iter().zip(read).filter(|(_, read)| !read.is_empty()) {
            if let Some(copy) = copies.get_mut(tree.folder.as_str()) {
                faults.extend(copy.need_files(tree, &read));
            }
        }
    }
    for source in sources {
        for context in &source.image.contexts {
            if let ContextRole::Named(_) = context.role
                && let Some(copy) = copies.get_mut(context.folder.folder.as_str())
                && let Some(ignore) = source.found.ignore_of(&context.folder)
            {
                copy.need_ignore_file(ignore_text(ignore), &context.folder.left_out);
            }
        }
    }
    (copies, faults)
}

impl<'a> Copy<'a> {
    fn new(root: &Path, folder: &'a str) -> Copy<'a> {
        let place = place_of(folder);
        Copy {
            folder,
            path: root.join(CONTEXT_COPIES).join(&place),
            place,
            expected: FxHashMap::default(),
            needed: FxHashSet::default(),
            folders: BTreeSet::new(),
            ignore: None,
            there: Mutex::default(),
        }
    }

    /// Expects what was hashed of a tree.
    fn expect_files(&mut self, tree: &'a Tree) {
        for (at, entry) in tree.listing().entries().iter().enumerate() {
            let expected = match (&entry.kind, tree.file(at)) {
                (EntryKind::Folder, _) | (_, None) => continue,
                (EntryKind::Symlink(text), Some(_)) => Expected::Link(text),
                (EntryKind::File, Some(state)) => Expected::File(*state),
            };
            self.expected.entry(&entry.path).or_insert(expected);
        }
    }

    /// Needs the files that are read. A folder that holds none counts for nothing, and git keeps none.
    fn need_files(&mut self, tree: &'a Tree, read: &[bool]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (at, entry) in tree.listing().entries().iter().enumerate().filter(|(at, _)| read[*at]) {
            let Some(state) = tree.file(at).filter(|_| entry.kind != EntryKind::Folder) else {
                continue;
            };
            if let Some(Expected::File(other)) = self.expected.get(entry.path.as_str())
                && other != state
            {
                let path = paths::in_folder(self.folder, &entry.path);
                faults.push(Fault { path, why: file::CHANGED.to_owned() });
            }
            self.needed.insert(&entry.path);
        }
        faults
    }

    /// Needs what has to be there for BuildKit to go on, whether or not its content matters.
    fn need_roots(&mut self, tree: &'a Tree, read: &'a ReadContext) {
        for root in read.selection.roots() {
            let listing = tree.listing();
            let entry = listing.find(root).map(|at| &listing.entries()[at]);
            let expected = match entry.map(|entry| &entry.kind) {
                None if root != "." && listing.below(root).is_empty() => continue,
                None | Some(EntryKind::Folder) => {
                    self.folders.insert(root);
                    continue;
                }
                Some(EntryKind::Symlink(text)) => Expected::Link(text),
                Some(EntryKind::File) => Expected::Text(String::new()),
            };
            self.expected.entry(root).or_insert(expected);
            self.needed.insert(root);
        }
    }

    fn need_ignore_file(&mut self, text: String, left_out: &'a [&'static str]) {
        self.expected.entry(".dockerignore").or_insert_with(|| Expected::Text(text.clone()));
        self.needed.insert(".dockerignore");
        self.ignore = Some((text, left_out));
    }

    fn there(&self) -> MutexGuard<'_, FxHashSet<String>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the copy what it is to be.
    fn make(&self, root: &Path, hashes: &HashCache) -> io::Result<Vec<Fault>> {
        let kept = sweep::sweep(self, hashes)?;
        let mut folders: BTreeSet<&str> = kept.iter().map(String::as_str).collect();
        for folder in self.folders.iter().filter(|folder| **folder != ".") {
            folders.extend([folder].into_iter().copied().chain(folders_above(folder)));
        }
        self.needed.iter().for_each(|path| folders.extend(folders_above(path)));
        for folder in &folders {
            file::make_folder(&self.path.join(folder))?;
        }
        let missing: Vec<(&str, &Expected)> = {
            let there = self.there();
            let missing = self.needed.iter().filter(|path| !there.contains(**path));
            missing.filter_map(|path| Some((*path, self.expected.get(path)?))).collect()
        };
        let place = |(path, expected): &(&str, &Expected)| {
            let placed = self.place(root, path, expected, hashes);
            placed.err().map(|why| self.fault(path, why))
        };
        let mut faults: Vec<Fault> = missing.par_iter().filter_map(place).collect();
        faults.extend(self.changed_ignore_file());
        file::set_folder_time(&self.path)?;
        for folder in folders {
            file::set_folder_time(&self.path.join(folder))?;
        }
        Ok(faults)
    }

    /// Puts a file or a link in its place, where nothing is.
    fn place(
        &self,
        root: &Path,
        path: &str,
        expected: &Expected,
        hashes: &HashCache,
    ) -> Result<(), String> {
        let to = self.path.join(path);
        let placed = match expected {
            Expected::Link(text) => file::make_link(text, &to).map(|()| None),
            Expected::Text(text) => file::write(&to, text.as_bytes()).map(Some),
            Expected::File(state) => {
                Ok(Some(file::copy(&root.join(self.folder).join(path), &to, state)?))
            }
        };
        let placed = placed.map_err(|error| file::failed_to_write(&to, &error))?;
        if let Some((stamp, sum)) = placed {
            hashes.keep(&paths::in_folder(&self.place, path), stamp, sum);
        }
        self.there().insert(path.to_owned());
        Ok(())
    }

    /// The ignore file, where it is not the one by which the context was listed.
    fn changed_ignore_file(&self) -> Option<Fault> {
        let (ignore, left_out) = self.ignore.as_ref()?;
        let text = fs::read_to_string(self.path.join(".dockerignore")).ok()?;
        let is_same = parse_dockerignore(&text).is_ok_and(|read| {
            let more = ignore.strip_prefix(&ignore_text(&read));
            more.is_some_and(|more| more.lines().all(|line| left_out.contains(&line)))
        });
        (!is_same).then(|| self.fault(".dockerignore", file::CHANGED.to_owned()))
    }

    fn fault(&self, path: &str, why: String) -> Fault {
        Fault { path: paths::in_folder(self.folder, path), why }
    }
}

/// The folders above a path, without the root.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests;
