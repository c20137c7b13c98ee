//! Git's index against the tree, for the files that matter.
//!
//! # How it works
//! Every file that somebody reads has been looked at already, for the cache of hashes; so have the
//! folders that they lie in. Git's index is sorted as these listings are: both are gone through
//! side by side. What git keeps in the state in which it was found is unchanged; what is in
//! another state is hashed by git itself, so that its own conversions count.
//!
//! # Limitations
//! A file that nobody reads is not looked at: what it is doesn't matter to any image.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io::Write as _;
use std::process::Stdio;

use anyhow::Context as _;
use dockerfile::{EntryKind, Sweep};
use lambda_images::fingerprint::Mode;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::index_file::IndexFile;
use super::{Change, Old, Repository};
use crate::hash_cache::Stamp;
use crate::inputs::{Found, View, file_mode};
use crate::workspace::Workspace;

/// Everything that differs between the index and the tree, with what the index has of it.
pub(super) fn compare_index(
    repository: &Repository,
    (index, written): (&IndexFile, &Stamp),
    workspace: &Workspace,
    found: &Found,
) -> anyhow::Result<Vec<Change>> {
    let mut compare = Compare::new(repository, (index, written));
    for (number, view) in found.views.iter().enumerate() {
        compare.tree(found, number, view);
    }
    compare.settings(workspace, found);
    compare.decide_suspects()?;
    Ok(compare.changes)
}

/// The same of all other files that git keeps: where the graph has changed, what was read then need
/// not be read now.
pub(super) fn compare_rest(
    repository: &Repository,
    (index, written): (&IndexFile, &Stamp),
    known: &BTreeSet<&str>,
) -> anyhow::Result<Vec<Change>> {
    let mut compare = Compare::new(repository, (index, written));
    for entry in index.below(&repository.prefix) {
        let path = &index.path(entry)[repository.prefix.len()..];
        if !known.contains(path) {
            let metadata = fs::symlink_metadata(repository.root.join(path)).ok();
            compare.on_disk(entry, metadata);
        }
    }
    compare.decide_suspects()?;
    Ok(compare.changes)
}

struct Compare<'a> {
    repository: &'a Repository,
    index: &'a IndexFile,
    written: &'a Stamp,
    changes: Vec<Change>,
    /// Entries whose files have another state than git saw, with their modes.
    suspects: Vec<(usize, Mode)>,
    /// Entries of which it has been found out.
    is_compared: Vec<bool>,
}

impl<'a> Compare<'a> {
    fn new(
        repository: &'a Repository,
        (index, written): (&'a IndexFile, &'a Stamp),
    ) -> Compare<'a> {
        let is_compared = vec![false; index.below("").len()];
        let (changes, suspects) = (Vec::new(), Vec::new());
        Compare { repository, index, written, changes, suspects, is_compared }
    }

    fn tree(&mut self, found: &Found, number: usize, View { ignore, reach }: &View) {
        let tree = &found.contexts.trees()[number];
        let prefix = match tree.folder.as_str() {
            "" => self.repository.prefix.clone(),
            folder => format!("{}{folder}/", self.repository.prefix),
        };
        let kept = self.index.below(&prefix);
        let mut sweep = ignore.as_ref().map(Sweep::new);
        let mut next = kept.start;
        let listing = tree.listing().entries();
        for (place, entry) in listing.iter().enumerate() {
            if entry.kind == EntryKind::Folder {
                continue;
            }
            let mut is_kept = false;
            while next < kept.end {
                match self.index.path(next)[prefix.len()..].cmp(&entry.path) {
                    Ordering::Less => self.gone(next, &prefix, reach, sweep.as_mut()),
                    order => {
                        is_kept = order == Ordering::Equal;
                        break;
                    }
                }
                next += 1;
            }
            if let Some(file) = tree.file(place) {
                if is_kept {
                    self.found(next, file.mode, found.stamp(number, place));
                } else {
                    self.changes.push(Change::of(tree.path(place), Old::Absent));
                }
            }
            next += usize::from(is_kept);
        }
        while next < kept.end {
            self.gone(next, &prefix, reach, sweep.as_mut());
            next += 1;
        }
    }

    /// A file that git keeps and that was not found: somebody would read it if it were there.
    fn gone(
        &mut self,
        entry: usize,
        prefix: &str,
        reach: &dockerfile::Reach,
        sweep: Option<&mut Sweep>,
    ) {
        let path = &self.index.path(entry)[prefix.len()..];
        if reach.reads(path) && !sweep.is_some_and(|sweep| sweep.excludes(path)) {
            self.changed(entry);
        }
    }

    fn changed(&mut self, entry: usize) {
        let path = self.index.path(entry)[self.repository.prefix.len()..].to_owned();
        let old = Old::of(self.index.mode(entry), &self.index.id(entry));
        self.changes.push(Change::of(path, old));
        self.is_compared[entry] = true;
    }

    fn found(&mut self, entry: usize, mode: Mode, stamp: Option<&Stamp>) {
        let is_same = stamp.is_some_and(|stamp| {
            self.index.mode(entry) == mode.as_str()
                && self.index.is_unchanged(entry, stamp, self.written)
        });
        if !is_same {
            self.suspects.push((entry, mode));
        }
        self.is_compared[entry] = true;
    }

    /// The files that shape the graph, whether or not anybody copies them: those that were read, and
    /// those that git keeps and that could have been.
    fn settings(&mut self, workspace: &Workspace, found: &Found) {
        let prefix = self.repository.prefix.clone();
        let read = workspace.settings_files().chain(found.ignore_files.iter().map(String::as_str));
        let is_open = |entry: &usize| !self.is_compared[*entry];
        let path_of = |entry: usize| &self.index.path(entry)[prefix.len()..];
        let kept = self.index.below(&prefix).filter(is_open).map(path_of);
        let mut paths: BTreeSet<String> =
            kept.filter(|path| workspace.is_settings(path)).map(str::to_owned).collect();
        let in_index = |path: &str| self.index.find(&format!("{prefix}{path}"));
        paths.extend(
            read.filter(|path| in_index(path).is_none_or(|entry| is_open(&entry)))
                .map(str::to_owned),
        );
        let root = &self.repository.root;
        let looked_at: Vec<(String, Option<Metadata>)> = paths
            .into_par_iter()
            .map(|path| (fs::symlink_metadata(root.join(&path)).ok(), path))
            .map(|(metadata, path)| (path, metadata))
            .collect();
        for (path, metadata) in looked_at {
            match (self.index.find(&format!("{prefix}{path}")), metadata) {
                (Some(entry), metadata) => self.on_disk(entry, metadata),
                (None, None) => {}
                (None, Some(_)) => self.changes.push(Change::of(path, Old::Absent)),
            }
        }
    }

    /// An entry by a look at the disk.
    fn on_disk(&mut self, entry: usize, metadata: Option<Metadata>) {
        match metadata.filter(|metadata| !metadata.is_dir()) {
            None => self.changed(entry),
            Some(metadata) => {
                let mode = match metadata.is_symlink() {
                    true => Mode::Symlink,
                    false => file_mode(&metadata),
                };
                self.found(entry, mode, Some(&Stamp::of(&metadata)));
            }
        }
    }

    /// Files in another state may hold what they held all the same: after a checkout, a copy, a
    /// `touch`.
    fn decide_suspects(&mut self) -> anyhow::Result<()> {
        let mut suspects = std::mem::take(&mut self.suspects);
        suspects.sort_unstable();
        suspects.dedup();
        let files: Vec<&str> = suspects
            .iter()
            .filter(|(_, mode)| *mode != Mode::Symlink)
            .map(|(entry, _)| self.index.path(*entry))
            .collect();
        let mut ids = self.repository.hash_files(&files)?.into_iter();
        for (entry, mode) in suspects {
            let id = match mode {
                Mode::Symlink => self.link_id(entry),
                Mode::File | Mode::Executable => ids.next().flatten(),
            };
            let is_same = self.index.mode(entry) == mode.as_str()
                && id.is_some_and(|id| id == self.index.id(entry));
            if !is_same {
                self.changed(entry);
            }
        }
        Ok(())
    }

    /// A link's own id, if its text is what git keeps.
    fn link_id(&self, entry: usize) -> Option<String> {
        let id = self.index.id(entry);
        let path = &self.index.path(entry)[self.repository.prefix.len()..];
        let text = fs::read_link(self.repository.root.join(path)).ok()?;
        let kept = super::Blobs::new(self.repository).bytes(&id).ok()??;
        (text.as_os_str().as_encoded_bytes() == kept).then_some(id)
    }
}

impl Repository {
    /// The ids that files would have as blobs, after git's own conversions; none where a file can't
    /// be hashed. Paths are seen from the repository's root.
    fn hash_files(&self, paths: &[&str]) -> anyhow::Result<Vec<Option<String>>> {
        // Paths come by lines.
        let can_be_asked = |path: &&str| !path.contains('\n');
        let asked: Vec<&str> = paths.iter().copied().filter(can_be_asked).collect();
        let mut ids = Vec::new().into_iter();
        if !asked.is_empty() {
            let depth = self.prefix.matches('/').count();
            let mut command = self.git();
            command
                .args(["hash-object", "--stdin-paths"])
                .current_dir(self.root.join("../".repeat(depth)))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = command.spawn().context("failed to run `git hash-object`")?;
            let mut stdin = child.stdin.take().context("`git hash-object` has no input")?;
            let text = asked.join("\n") + "\n";
            let output = std::thread::scope(|scope| {
                // Where it ends early, the answers that are missing tell.
                scope.spawn(move || drop(stdin.write_all(text.as_bytes())));
                child.wait_with_output()
            });
            let output = output.context("failed to read from `git hash-object`")?;
            let text = String::from_utf8_lossy(&output.stdout);
            ids = text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter();
        }
        let answer = |path: &&str| if can_be_asked(path) { ids.next() } else { None };
        Ok(paths.iter().map(answer).collect())
    }
}
