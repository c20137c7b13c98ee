//! The commit that the working tree is compared with, and what differs from it.
//!
//! Which commit is meant is decided by `lambda_images::base_commit`; here each candidate is looked
//! up, the best first, and the first that exists counts.
//!
//! # How it works
//! What differs between the commit and the head is told by `git diff-tree`, which goes only into
//! folders that differ; what differs between the head and the tree has been told by `git status`.
//! A path that is in neither, and that git keeps, is as it was.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use lambda_images::base_commit::{Base, Candidate, candidates};
use lambda_images::fingerprint::Mode;
use serde_json::Value;

use super::blobs::Blobs;
use super::walk::parse_differences;
use super::{Git, Repository};
use crate::environment::Environment;
use crate::inputs::Found;
use crate::workspace::Workspace;

/// A commit to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseCommit {
    pub(crate) id: String,
    /// Where it comes from, for people.
    pub(crate) source: String,
}

/// Why there is none, and the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoBase {
    pub(crate) why: String,
    pub(crate) hint: String,
}

/// A file as it was at the base commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Old {
    /// There was none.
    Absent,
    /// This blob.
    Blob { mode: Mode, id: String },
    /// The same bytes with this mode: git was told not to look at modes.
    Mode(Mode),
}

/// All that differs between the base commit and the tree.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// By path from the workspace root.
    pub(crate) files: BTreeMap<String, Old>,
    /// Submodules that differ in whatever way.
    pub(crate) submodules: BTreeSet<String>,
}

impl Git {
    /// Finds the commit that is meant by `--base`, or else by the CI service.
    pub(crate) fn find_base(
        &self,
        given: Option<&str>,
        environment: &Environment,
    ) -> Result<BaseCommit, NoBase> {
        let event = environment.get("GITHUB_EVENT_PATH");
        let event: Option<Value> = event
            .and_then(|path| std::fs::read(path).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let variable = |name: &str| environment.get(name).map(str::to_owned);
        let candidates = candidates(given, variable, event.as_ref());
        let found = candidates.iter().find_map(|candidate| {
            let id = self.repository.look_up(&candidate.base)?;
            Some(BaseCommit { id, source: candidate.source.clone() })
        });
        found.ok_or_else(|| self.repository.no_base(given, &candidates))
    }

    /// What differs between the commit and the tree, as far as it matters: of the files that git does
    /// not keep only those that somebody reads, or that shape the workspace.
    pub(crate) fn differences(
        &self,
        base: &BaseCommit,
        workspace: &Workspace,
        found: &Found,
    ) -> anyhow::Result<Differences> {
        let mut differences = self.repository.since(&base.id)?;
        for change in &self.work_tree.changes {
            if change.is_submodule {
                differences.submodules.insert(change.path.clone());
            }
            let old = || match &change.old {
                Some((mode, id)) => old_file(mode, id),
                None => Old::Absent,
            };
            differences.files.entry(change.path.clone()).or_insert_with(old);
        }
        for (path, kept) in self.work_tree.index.unknown(found) {
            let old = kept.map_or(Old::Absent, Old::Mode);
            differences.files.entry(path).or_insert(old);
        }
        let settings =
            workspace.settings_files().chain(found.ignore_files.iter().map(String::as_str));
        for path in settings.filter(|path| !self.work_tree.index.holds(path)) {
            differences.files.entry(path.to_owned()).or_insert(Old::Absent);
        }
        Ok(differences)
    }

    /// The bytes of blobs, in the order in which they are asked for.
    pub(crate) fn blobs(&self) -> Blobs<'_> {
        Blobs::new(&self.repository)
    }

    /// Whether git keeps a file.
    pub(crate) fn keeps(&self, path: &str) -> bool {
        self.work_tree.index.holds(path)
    }

    /// The files that git keeps below a folder, sorted, with their modes.
    pub(crate) fn kept_below(&self, folder: &str) -> impl Iterator<Item = (&str, Mode)> {
        self.work_tree.index.below(folder)
    }
}

impl Repository {
    fn look_up(&self, base: &Base) -> Option<String> {
        let id = match base {
            Base::Exactly(commit) => {
                self.output(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")])
            }
            Base::MergeBase(branch) => self.output(&["merge-base", "HEAD", branch]),
        };
        let id = String::from_utf8(id.ok()?).ok()?.trim().to_owned();
        // Behind the edge of a shallow clone an id can be known, and its tree not be there.
        let tree = self.output(&["cat-file", "-e", &format!("{id}^{{tree}}")]);
        (!id.is_empty() && tree.is_ok()).then_some(id)
    }

    fn no_base(&self, given: Option<&str>, candidates: &[Candidate]) -> NoBase {
        let sources: BTreeSet<&str> =
            candidates.iter().map(|candidate| candidate.source.as_str()).collect();
        let sources: Vec<&str> = sources.into_iter().collect();
        let why = match given {
            Some(given) => format!("this repository has no commit `{given}`"),
            None => format!("no commit to compare with: looked for {}", sources.join(", ")),
        };
        let hint = if self.cut.is_some() {
            "the clone is shallow: `git fetch --unshallow` (in GitHub Actions `fetch-depth: 0` of `actions/checkout`) brings the rest"
        } else if given.is_some() {
            "is it fetched? `git fetch origin` brings what the remote has"
        } else {
            "name one: `--base REF`"
        };
        NoBase { why, hint: hint.to_owned() }
    }

    /// What differs between a commit and the head.
    fn since(&self, base: &str) -> anyhow::Result<Differences> {
        let mut differences = Differences::default();
        if base == self.head {
            return Ok(differences);
        }
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--ignore-submodules=none",
            "--no-abbrev",
            base,
            &self.head,
        ];
        let output = self.output(&arguments).context("failed to compare with the base commit")?;
        // As behind `--stdin`, where each comparison begins with the commit.
        let changes = parse_differences(&[b"base\0", output.as_slice()].concat())?;
        for change in changes.into_iter().flatten() {
            let Some(path) = self.in_workspace(&change.path) else { continue };
            if change.is_submodule {
                differences.submodules.insert(path.to_owned());
            }
            differences.files.insert(path.to_owned(), old_file(&change.old_mode, &change.old));
        }
        Ok(differences)
    }
}

fn old_file(mode: &str, id: &str) -> Old {
    let mode = match mode {
        // Nothing, or a submodule.
        "000000" | "160000" => return Old::Absent,
        "120000" => Mode::Symlink,
        "100755" => Mode::Executable,
        _ => Mode::File,
    };
    Old::Blob { mode, id: id.to_owned() }
}
