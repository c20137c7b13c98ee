//! Inputs that git can't vouch for: `git status` finds nothing, and yet the files on disk are not those of the
//! commit.
//!
//! # How it works
//! A submodule without its files, and what a sparse checkout leaves out, differ from the head as `git` is
//! asked here: images that would read them are dirty. A pointer of Git LFS does not differ: it is what
//! the commit has, and not what a checkout with Git LFS has. It is found by its text, where an attribute
//! says that Git LFS converts the file.
//!
//! `affected` compares pointers, which name the contents: an image changes where its pointers do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::Mode;
use lambda_images::graph::ImageGraph;
use lambda_images::tag::GitState;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::display::note;
use crate::git::{Git, NoGit};
use crate::inputs::Found;

/// What git can't vouch for, by path from the workspace root.
#[derive(Debug, Default)]
pub(crate) struct Unvouched(BTreeMap<String, Kind>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Submodule,
    LeftOut,
    Pointer,
}

/// How a pointer of Git LFS begins, by its specification.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// Bytes of a pointer: with the shortest size, and as the specification limits them.
const POINTER_SIZE: std::ops::RangeInclusive<u64> = 126..=1024;

impl Unvouched {
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn find(root: &Path, git: &Git, found: &Found) -> anyhow::Result<Unvouched> {
        let mut paths: BTreeMap<String, Kind> = BTreeMap::new();
        let submodules = git.missing_submodules().into_iter();
        paths.extend(submodules.map(|path| (path.to_owned(), Kind::Submodule)));
        paths.extend(git.left_out().map(|path| (path.to_owned(), Kind::LeftOut)));
        if git.uses_lfs() {
            let pointers = git.converted_by_lfs(&pointers(root, found))?;
            paths.extend(pointers.into_iter().map(|path| (path, Kind::Pointer)));
        }
        Ok(Unvouched(paths))
    }

    /// Makes the images dirty that read a pointer, and those that depend on them. Lambdas on a base of
    /// `stable` do not contain what it reads now.
    pub(crate) fn mark(
        &self,
        states: &mut BTreeMap<ImageName, GitState>,
        graph: &ImageGraph,
        found: &Found,
        stable: &BTreeSet<ImageName>,
    ) {
        if !self.0.values().any(|kind| *kind == Kind::Pointer) {
            return;
        }
        let mut read: BTreeMap<&ImageName, BTreeSet<String>> = BTreeMap::new();
        for (index, image) in graph.images().iter().enumerate() {
            let files = found.contexts.files(index, &BTreeMap::new()).into_keys();
            let is_pointer = |path: &String| self.0.get(path) == Some(&Kind::Pointer);
            let mut paths: BTreeSet<String> = files.filter(is_pointer).collect();
            let bases = image.depends_on.keys().filter(|base| !stable.contains(*base));
            paths.extend(bases.filter_map(|base| read.get(base)).flatten().cloned());
            if let Some(state) = states.remove(image.name()) {
                states.insert(image.name().clone(), state.with_dirty(paths.iter().cloned()));
            }
            read.insert(image.name(), paths);
        }
    }

    /// Says of which inputs git can't tell whether they are those of a commit.
    pub(crate) fn tell(&self, no_git: Option<&NoGit>, states: &BTreeMap<ImageName, GitState>) {
        if let Some(NoGit { why, hint, .. }) = no_git {
            let what = "git can't say whether inputs are committed";
            note(&format!("warning: {what}: {why}\n  hint: {hint}"));
        }
        self.warnings(states).iter().for_each(|text| note(text));
    }

    /// One warning for each kind, about the images that are dirty by it.
    fn warnings(&self, states: &BTreeMap<ImageName, GitState>) -> Vec<String> {
        let mut readers: BTreeMap<Kind, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
        for (name, state) in states {
            for path in state.dirty_paths() {
                if let Some(kind) = self.0.get(path) {
                    let (paths, images) = readers.entry(*kind).or_default();
                    paths.insert(path);
                    images.insert(name.as_str());
                }
            }
        }
        let warnings = readers.into_iter().map(|(kind, (paths, images))| {
            let what = match kind {
                Kind::Submodule => "submodules that are not checked out",
                Kind::LeftOut => "files that the sparse checkout leaves out",
                Kind::Pointer => "pointers of Git LFS instead of the files",
            };
            let (paths, images) = (some(&paths), some(&images));
            let mend = kind.mend();
            format!("warning: {what}: {paths}, read by {images}\n  hint: {mend}")
        });
        warnings.collect()
    }

    /// How to mend what makes images dirty by these paths; the last one is of files that differ by
    /// themselves.
    pub(crate) fn mends<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p String>,
    ) -> Vec<&'static str> {
        let kinds: BTreeSet<Option<Kind>> =
            paths.into_iter().map(|path| self.0.get(path).copied()).collect();
        let known = kinds.iter().flatten().map(|kind| kind.mend());
        known.chain(kinds.contains(&None).then_some("commit these files")).collect()
    }
}

impl Kind {
    fn mend(self) -> &'static str {
        match self {
            Kind::Submodule => {
                "`git submodule update --init --recursive` (in GitHub Actions set `submodules: recursive` of `actions/checkout`)"
            }
            Kind::LeftOut => "`git sparse-checkout add FOLDER`, or `git sparse-checkout disable`",
            Kind::Pointer => {
                "`git lfs pull` (in GitHub Actions set `lfs: true` of `actions/checkout`)"
            }
        }
    }
}

/// The first few of some names.
fn some(names: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}

/// The files that images read and that have the text of a pointer.
fn pointers(root: &Path, found: &Found) -> Vec<String> {
    let mut candidates = BTreeSet::new();
    for (tree, wanted) in found.contexts.trees().iter().zip(found.contexts.wanted()) {
        for index in (0..wanted.len()).filter(|&index| wanted[index]) {
            let is_candidate = tree.file(index).is_some_and(|file| {
                file.mode != Mode::Symlink && POINTER_SIZE.contains(&file.size)
            });
            if is_candidate {
                candidates.insert(tree.path(index));
            }
        }
    }
    let is_pointer = |path: &String| {
        let mut start = [0; POINTER.len()];
        let read = File::open(root.join(path)).and_then(|mut file| file.read_exact(&mut start));
        read.is_ok() && start == *POINTER
    };
    candidates.into_par_iter().filter(is_pointer).collect()
}

#[cfg(test)]
mod tests;
