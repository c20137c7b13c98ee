//! Git's index: which files it keeps, with which modes, and which of them are not checked out.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use anyhow::{Context as _, bail};
use lambda_images::fingerprint::Mode;

use super::Repository;
use crate::failure::output_failure;
use crate::files::{Links, SETTINGS_LIMIT, read_text};
use crate::inputs::Found;

/// The files below the workspace root that git keeps, those of submodules included.
#[derive(Default)]
pub(super) struct Index {
    /// All paths, relative to the workspace root, one behind the other.
    paths: String,
    /// Sorted by path.
    files: Vec<(Range<usize>, Mode)>,
    /// Files of submodules that say where their repositories are, and aren't as in a plain clone.
    own_links: BTreeSet<String>,
    /// Path, mode and blob of each file that git was told not to compare with the tree.
    pub(super) unwatched: Vec<(String, String, String)>,
    /// Those of them that a sparse checkout leaves out (`skip-worktree`).
    pub(super) left_out: HashSet<String>,
    /// All submodules, each with whether its files can be told.
    pub(super) submodules: Vec<(String, bool)>,
}

impl Index {
    pub(super) fn read(repository: &Repository) -> anyhow::Result<Index> {
        let mut index = Index::default();
        // `ls-files --recurse-submodules --stage` needs git 2.36: the recursion is done here.
        let mut folders = vec![String::new()];
        let mut is_sorted = true;
        while let Some(folder) = folders.pop() {
            let submodules = match index.add(repository, &folder) {
                Ok(submodules) => submodules,
                Err(error) if folder.is_empty() => return Err(error),
                // Its repository is gone, or another's.
                Err(_) => {
                    let is_it = |(path, _): &&mut (String, bool)| folder == format!("{path}/");
                    index.submodules.iter_mut().filter(is_it).for_each(|(_, is_there)| {
                        *is_there = false;
                    });
                    continue;
                }
            };
            for submodule in submodules {
                let is_there = repository.root.join(&submodule).join(".git").exists();
                if is_there {
                    index.add_link_to_repository(repository, &submodule);
                    folders.push(format!("{submodule}/"));
                    is_sorted = false;
                }
                index.submodules.push((submodule, is_there));
            }
        }
        if !is_sorted {
            let Index { paths, files, .. } = &mut index;
            files.sort_by(|(a, _), (b, _)| paths[a.clone()].cmp(&paths[b.clone()]));
        }
        Ok(index)
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    fn find(&self, path: &str) -> Result<usize, usize> {
        self.files.binary_search_by(|(range, _)| self.paths[range.clone()].cmp(path))
    }

    /// The files below a folder, sorted.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, Mode)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start =
            self.files.partition_point(|(range, _)| self.paths[range.clone()] < *prefix.as_str());
        let files = self.files[start..].iter();
        files
            .map(|(range, mode)| (&self.paths[range.clone()], *mode))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// The files that somebody reads and that git does not keep, or keeps with other modes: those.
    pub(super) fn unknown(&self, found: &Found) -> Vec<(String, Option<Mode>)> {
        let mut unknown = Vec::new();
        for (tree, wanted) in found.contexts.trees().iter().zip(found.contexts.wanted()) {
            // Both are sorted: the next one is mostly found right behind the last.
            let mut next = self.find(&tree.folder).unwrap_or_else(|at| at);
            for (index, _) in wanted.iter().enumerate().filter(|(_, wanted)| **wanted) {
                let Some(file) = tree.file(index) else { continue };
                let path = tree.path(index);
                let is_next = |at: usize| {
                    self.files.get(at).is_some_and(|(range, _)| self.paths[range.clone()] == path)
                };
                let at = if is_next(next) { Ok(next) } else { self.find(&path) };
                match at {
                    Ok(at) => {
                        next = at + 1;
                        if self.own_links.contains(&path) {
                            unknown.push((path, None));
                        } else if self.files[at].1 != file.mode {
                            unknown.push((path, Some(self.files[at].1)));
                        }
                    }
                    Err(_) => unknown.push((path, None)),
                }
            }
        }
        unknown
    }

    fn push(&mut self, folder: &str, path: &str, mode: Mode) {
        let start = self.paths.len();
        self.paths.push_str(folder);
        self.paths.push_str(path);
        self.files.push((start..self.paths.len(), mode));
    }

    /// Adds what the repository of one folder keeps; gives its submodules.
    fn add(&mut self, repository: &Repository, folder: &str) -> anyhow::Result<Vec<String>> {
        let root = repository.root.join(folder);
        let arguments = ["ls-files", "-z", "-v", "--stage"];
        let output = repository.git().current_dir(root).args(arguments).output();
        let output = output.context("failed to run `git ls-files`")?;
        if !output.status.success() {
            let words: Vec<String> =
                ["git"].iter().chain(&arguments).map(|word| (*word).to_owned()).collect();
            return Err(output_failure(&words, &output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut submodules = Vec::new();
        for line in text.split('\0').filter(|line| !line.is_empty()) {
            let Some((tag, mode, id, path)) = parse_entry(line) else {
                bail!("`git ls-files` printed an unknown line: `{line}`");
            };
            let kind = match mode {
                "160000" => {
                    submodules.push([folder, path].concat());
                    continue;
                }
                "120000" => Mode::Symlink,
                "100755" => Mode::Executable,
                _ => Mode::File,
            };
            if tag == "H" {
                self.push(folder, path, kind);
                continue;
            }
            let path = [folder, path].concat();
            if tag.eq_ignore_ascii_case("S") {
                self.left_out.insert(path.clone());
            }
            self.unwatched.push((path, mode.to_owned(), id.to_owned()));
        }
        Ok(submodules)
    }

    /// The file `.git` of a submodule, which the build sees too, says where its repository is.
    /// In a plain clone that follows from the submodule's path, in a linked worktree it does not.
    fn add_link_to_repository(&mut self, repository: &Repository, submodule: &str) {
        let path = format!("{submodule}/.git");
        let text = read_text(&repository.root.join(&path), Links::Refuse, SETTINGS_LIMIT);
        let depth = format!("{}{submodule}", repository.prefix).split('/').count();
        let plain = format!("gitdir: {}.git/modules/", "../".repeat(depth));
        self.push("", &path, Mode::File);
        if !text.is_ok_and(|text| text.starts_with(&plain)) {
            self.own_links.insert(path);
        }
    }
}

/// Reads `tag SP mode SP id SP stage TAB path`. The tag is `H` for a file that git watches, `S`
/// for one that a sparse checkout leaves out, lowercase for one that is assumed not to change.
fn parse_entry(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (entry, path) = line.split_once('\t')?;
    let mut fields = entry.split(' ');
    Some((fields.next()?, fields.next()?, fields.next()?, path))
}
