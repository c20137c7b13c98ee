//! Git's index: which files it keeps, with which modes.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use lambda_images::fingerprint::Mode;

use super::Repository;
use crate::failure::output_failure;

/// The files below the workspace root that git keeps, those of submodules included.
#[derive(Default)]
pub(super) struct Index {
    /// Paths are relative to the workspace root.
    files: HashMap<String, Mode>,
    /// Path and blob of each file that git was told not to compare with the tree.
    pub(super) unwatched: Vec<(String, String)>,
}

impl Index {
    pub(super) fn read(repository: &Repository) -> anyhow::Result<Index> {
        let mut index = Index::default();
        // `ls-files --recurse-submodules --stage` needs git 2.36: the recursion is done here.
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let submodules = index.add(repository, &folder)?;
            for submodule in submodules {
                let root = repository.workspace.root.join(&submodule);
                if root.join(".git").exists() {
                    index.add_link_to_repository(repository, &submodule);
                    folders.push(format!("{submodule}/"));
                }
            }
        }
        Ok(index)
    }

    /// Whether git keeps this file, with this mode.
    pub(super) fn keeps(&self, path: &str, mode: Mode) -> bool {
        self.files.get(path) == Some(&mode)
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Adds what the repository of one folder keeps; gives its submodules.
    fn add(&mut self, repository: &Repository, folder: &str) -> anyhow::Result<Vec<String>> {
        let root = repository.workspace.root.join(folder);
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
            let path = [folder, path].concat();
            let mode = match mode {
                "160000" => {
                    submodules.push(path);
                    continue;
                }
                "120000" => Mode::Symlink,
                "100755" => Mode::Executable,
                _ => Mode::File,
            };
            if tag == "H" {
                self.files.insert(path, mode);
            } else {
                self.unwatched.push((path, id.to_owned()));
            }
        }
        Ok(submodules)
    }

    /// The file `.git` of a submodule, which the build sees too, says where its repository is.
    /// In a plain clone that follows from the submodule's path, in a linked worktree it does not.
    fn add_link_to_repository(&mut self, repository: &Repository, submodule: &str) {
        let path = format!("{submodule}/.git");
        let text = std::fs::read_to_string(repository.workspace.root.join(&path));
        let depth = format!("{}{submodule}", repository.prefix).split('/').count();
        let plain = format!("gitdir: {}.git/modules/", "../".repeat(depth));
        if text.is_ok_and(|text| text.starts_with(&plain)) {
            self.files.insert(path, Mode::File);
        }
    }
}

/// Reads `tag SP mode SP id SP stage TAB path`. The tag is `H` for a file that git watches, `S`
/// for one left out by a sparse checkout, lowercase for one that is assumed not to change.
fn parse_entry(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (entry, path) = line.split_once('\t')?;
    let mut fields = entry.split(' ');
    Some((fields.next()?, fields.next()?, fields.next()?, path))
}
