//! The files of a workspace as they were at a commit, or as git's index has them.
//!
//! # How it works
//! What git says hasn't changed since is read from disk; only what has changed is read from git. A
//! folder that is seen as it is today, through the same ignore file and by no other reads, is
//! today's listing with what has changed put back: cost grows with changes, not with files. The index
//! is read by nothing but what differs from it: what there is today may have problems of its own.
//!
//! # Limitations
//! What is inside a submodule that differs isn't looked at: who reads any of it is taken for
//! affected by the caller.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dockerfile::{Dockerignore, Entry, EntryKind, Listing, Reach, Sweep};
use lambda_images::contexts::Contexts;
use lambda_images::fingerprint::{Mode, Sha256Sum, sha256};
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::tree::{FileState, Tree};

use crate::checkout::{Checkout, Disk, link_problem};
use crate::folders::Glob;
use crate::git::{Blobs, Differences, Git, Old};
use crate::inputs::{Found, SeenFiles, View, hash_file};

/// The files at a commit, or in the index.
pub(crate) struct AtCommit<'a, 'g> {
    disk: Disk<'a>,
    git: &'a Git,
    differences: &'a Differences,
    /// What was found on disk; nothing, for the index.
    now: &'a Found,
    /// Today's trees of each folder.
    trees: HashMap<&'a str, Vec<&'a Tree>>,
    objects: &'a Objects<'g>,
}

/// What was read of git's objects, for all commits that are looked at.
pub(crate) struct Objects<'a> {
    blobs: Mutex<Blobs<'a>>,
    /// SHA-256 and size of blobs, by their ids.
    hashed: Mutex<HashMap<String, (Sha256Sum, u64)>>,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(git: &'a Git) -> Objects<'a> {
        Objects { blobs: Mutex::new(git.blobs()), hashed: Mutex::default() }
    }

    /// The bytes of a blob; none of an id that stands for no file.
    pub(crate) fn bytes(&self, id: &str) -> anyhow::Result<Option<Vec<u8>>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).bytes(id)
    }

    /// The same as text; none too of a blob that can't be read, as in a partial clone. What isn't UTF-8 is
    /// replaced.
    pub(crate) fn text(&self, id: &str) -> Option<String> {
        let bytes = self.bytes(id).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text of a file with git's attributes, where there is one: one that can't be read may convert.
    pub(crate) fn attributes(&self, id: &str) -> Option<String> {
        let is_none = id.bytes().all(|byte| byte == b'0');
        self.text(id).or_else(|| (!is_none).then(|| format!("* unreadable-{id}")))
    }

    fn hashed(&self) -> MutexGuard<'_, HashMap<String, (Sha256Sum, u64)>> {
        self.hashed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, id: &str) -> anyhow::Result<(Sha256Sum, u64)> {
        if let Some(known) = self.hashed().get(id) {
            return Ok(*known);
        }
        let bytes = self.bytes(id)?.unwrap_or_default();
        let hash = (sha256(&bytes), bytes.len() as u64);
        self.hashed().insert(id.to_owned(), hash);
        Ok(hash)
    }
}

const PYPROJECT: &str = "/pyproject.toml";

impl<'a, 'g> AtCommit<'a, 'g> {
    pub(crate) fn new(
        disk: Disk<'a>,
        git: &'a Git,
        differences: &'a Differences,
        now: &'a Found,
        objects: &'a Objects<'g>,
    ) -> AtCommit<'a, 'g> {
        let mut trees: HashMap<&str, Vec<&Tree>> = HashMap::new();
        for tree in now.contexts.trees() {
            trees.entry(&tree.folder).or_default().push(tree);
        }
        AtCommit { disk, git, differences, now, trees, objects }
    }

    fn root(&self) -> &'a Path {
        self.disk.root
    }

    fn blob(&self, path: &str, id: &str) -> Result<Vec<u8>, Problem> {
        let bytes = self.objects.bytes(id).map_err(|error| unreadable(path, &error))?;
        Ok(bytes.unwrap_or_default())
    }

    /// The differences below a folder, by the paths that they have there.
    fn differences_below<'p>(
        &'p self,
        folder: &'p str,
    ) -> impl Iterator<Item = (&'p str, &'p Old)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.differences.files.range(prefix.clone()..);
        files
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter_map(move |(path, old)| Some((paths::strip_folder(folder, path)?, old)))
    }

    /// Today's tree, with what has changed put back.
    fn derive(
        &self,
        folder: &str,
        ignore: Option<&Dockerignore>,
        reach: &mut Reach,
    ) -> Option<Tree> {
        let patterns = |ignore: Option<&Dockerignore>| -> Vec<String> {
            ignore.map(|ignore| ignore.patterns().collect()).unwrap_or_default()
        };
        let mut trees = self.now.contexts.trees().iter().zip(&self.now.views);
        let (tree, today) = trees.find(|(tree, today)| {
            tree.folder == folder
                && patterns(today.ignore.as_ref()) == patterns(ignore)
                && today.reach.covers(reach)
        })?;
        *reach = today.reach.clone();
        self.changed(tree, today)
    }

    /// All of today's trees, with what has changed put back. `None`: one of them has to be listed
    /// anew.
    pub(crate) fn derive_all(&self) -> Option<Vec<Tree>> {
        let trees = self.now.contexts.trees().iter().zip(&self.now.views);
        trees.map(|(tree, view)| self.changed(tree, view)).collect()
    }

    fn changed(&self, tree: &Tree, View { ignore, reach }: &View) -> Option<Tree> {
        let entries = tree.listing().entries();
        let mut sweep = ignore.as_ref().map(Sweep::new);
        let (mut removed, mut added) = (BTreeSet::new(), Vec::new());
        let mut unknown = BTreeSet::new();
        for (path, old) in self.differences_below(&tree.folder) {
            let index = tree.listing().find(path);
            let index = index.filter(|&index| entries[index].kind != EntryKind::Folder);
            let is_link = |index: usize| matches!(entries[index].kind, EntryKind::Symlink(_));
            match (old, index) {
                (Old::Blob { mode: Mode::Symlink, .. }, _) => return None,
                (_, Some(index)) if is_link(index) => return None,
                (Old::Absent, Some(index)) => drop(removed.insert(index)),
                (Old::Absent | Old::Mode(_), None) => {}
                (Old::Blob { .. } | Old::Mode(_), Some(index)) => drop(unknown.insert(index)),
                (Old::Blob { .. }, None) => {
                    let is_excluded = sweep.as_mut().is_some_and(|sweep| sweep.excludes(path));
                    if !is_excluded && reach.touches(path) {
                        added.push(Entry { path: path.to_owned(), kind: EntryKind::File });
                    }
                }
            }
        }
        Some(tree.changed(&removed, added, &unknown))
    }

    /// The listing of everything that git kept then.
    fn list_all(
        &self,
        folder: &str,
        ignore: Option<&Dockerignore>,
        reach: &mut Reach,
    ) -> Result<Listing, Vec<Problem>> {
        let kept = self.git.kept_below(folder).into_iter().filter_map(|(path, mode)| {
            let is_different =
                matches!(self.differences.files.get(path), Some(Old::Absent | Old::Blob { .. }));
            (!is_different).then(|| (paths::strip_folder(folder, path).unwrap_or(path), mode, None))
        });
        let changed = self.differences_below(folder).filter_map(|(path, old)| match old {
            Old::Blob { mode, id } => Some((path, *mode, Some(id.as_str()))),
            Old::Absent | Old::Mode(_) => None,
        });
        let mut files: Vec<(&str, Mode, Option<&str>)> = kept.chain(changed).collect();
        files.sort_unstable_by_key(|(path, ..)| *path);
        loop {
            let mut sweep = ignore.map(Sweep::new);
            let mut entries = Vec::new();
            for &(path, mode, blob) in &files {
                if !reach.touches(path) || sweep.as_mut().is_some_and(|sweep| sweep.excludes(path))
                {
                    continue;
                }
                let kind = match mode {
                    Mode::Symlink => EntryKind::Symlink(self.link_text(folder, path, blob)?),
                    Mode::File | Mode::Executable => EntryKind::File,
                };
                entries.push(Entry { path: path.to_owned(), kind });
            }
            let listing = Listing::new(entries);
            if !reach.add_links(&listing) {
                return Ok(listing);
            }
        }
    }

    fn link_text(
        &self,
        folder: &str,
        path: &str,
        blob: Option<&str>,
    ) -> Result<String, Vec<Problem>> {
        let path = paths::in_folder(folder, path);
        let unreadable = |error: std::io::Error| {
            vec![Problem::of_file(path.clone(), format!("failed to read it: {error}"))]
        };
        match blob {
            Some(id) => {
                let bytes = self.blob(&path, id).map_err(|problem| vec![problem])?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            None => {
                let text = std::fs::read_link(self.root().join(&path)).map_err(unreadable)?;
                Ok(text.to_string_lossy().into_owned())
            }
        }
    }

    /// What a file that somebody reads was.
    fn state(&self, path: &str) -> Result<FileState, Problem> {
        let on_disk = || {
            self.known(path)
                .map_or_else(|| hash_file(self.root(), path, self.disk.caches.hashes()), Ok)
                .map_err(|error| Problem::of_file(path, format!("failed to read it: {error}")))
        };
        match self.differences.files.get(path) {
            Some(Old::Blob { mode, id }) => {
                let hash = self.objects.hash(id).map_err(|error| unreadable(path, &error))?;
                Ok(FileState { mode: *mode, sha256: hash.0, size: hash.1 })
            }
            Some(Old::Mode(mode)) => Ok(FileState { mode: *mode, ..on_disk()? }),
            Some(Old::Absent) | None => on_disk(),
        }
    }

    /// What was found of a file on disk.
    fn known(&self, path: &str) -> Option<FileState> {
        let mut folder = path;
        loop {
            folder = paths::parent(folder);
            for tree in self.trees.get(folder).into_iter().flatten() {
                let index = tree.listing().find(paths::strip_folder(folder, path)?);
                if let Some(file) = index.and_then(|index| tree.file(index)) {
                    return Some(*file);
                }
            }
            if folder.is_empty() {
                return None;
            }
        }
    }
}

fn unreadable(path: &str, error: &anyhow::Error) -> Problem {
    Problem::of_file(path, format!("failed to read it: {error:#}"))
}

impl Checkout for AtCommit<'_, '_> {
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        match self.differences.files.get(path) {
            Some(Old::Absent) => Ok(None),
            Some(Old::Blob { mode: Mode::Symlink, .. }) => Err(link_problem(path)),
            Some(Old::Blob { id, .. }) => self.blob(path, id).map(Some),
            Some(Old::Mode(_)) => self.disk.bytes(path),
            None if self.git.keeps(path) => self.disk.bytes(path),
            None => Ok(None),
        }
    }

    fn link(&self, path: &str) -> Result<Option<String>, Problem> {
        match self.differences.files.get(path) {
            Some(Old::Blob { mode: Mode::Symlink, id }) => {
                let bytes = self.blob(path, id)?;
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Some(_) => Ok(None),
            None if self.git.keeps(path) => self.disk.link(path),
            None => Ok(None),
        }
    }

    fn folders(&self, glob: &Glob) -> Vec<String> {
        let mut folders: BTreeSet<String> = self.disk.folders(glob).into_iter().collect();
        let gone = self.differences.files.iter().filter_map(|(path, old)| {
            let folder = path.strip_suffix(PYPROJECT)?;
            (matches!(old, Old::Blob { .. }) && glob.matches(folder)).then(|| folder.to_owned())
        });
        folders.extend(gone);
        folders.into_iter().collect()
    }

    fn list(
        &self,
        folder: &str,
        ignore: Option<&Dockerignore>,
        reach: &mut Reach,
    ) -> Result<(Tree, SeenFiles), Vec<Problem>> {
        let tree = match self.derive(folder, ignore, reach) {
            Some(tree) => tree,
            None => Tree::new(folder, self.list_all(folder, ignore, reach)?),
        };
        Ok((tree, SeenFiles::new()))
    }

    fn fill(
        &self,
        contexts: &mut Contexts,
        _: Vec<SeenFiles>,
    ) -> Result<Vec<SeenFiles>, Vec<Problem>> {
        let mut problems = Vec::new();
        let wanted = contexts.wanted();
        for (tree, wanted) in contexts.trees_mut().iter_mut().zip(wanted) {
            for index in (0..wanted.len()).filter(|&index| wanted[index]) {
                let is_folder = tree.listing().entries()[index].kind == EntryKind::Folder;
                if is_folder || tree.file(index).is_some() {
                    continue;
                }
                match self.state(&tree.path(index)) {
                    Ok(state) => tree.set_file(index, state),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if problems.is_empty() { Ok(Vec::new()) } else { Err(problems) }
    }
}
