//! The commit that the working tree is compared with, and what differs from it.
//!
//! Which commit is meant is decided by `lambda_images::base_commit`; here each candidate is looked
//! up, the best first, and the first that exists counts.
//!
//! A path that does not differ, and that git keeps, is as it was.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::base_commit::{Base, Candidate, candidates};
use serde_json::Value;

use super::blobs::Blobs;
use super::{Change, Git, Old, Repository};
use crate::environment::Environment;
use crate::inputs::Found;
use crate::workspace::Workspace;

/// A commit to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseCommit {
    pub(crate) id: String,
    /// Where it comes from, for people.
    pub(crate) source: String,
    /// Its tree.
    pub(super) tree: String,
}

/// Why there is none, and the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoBase {
    pub(crate) why: String,
    pub(crate) hint: String,
    /// Whether somebody asked for what there can't be, by a typing error mostly: no doubt, a mistake.
    pub(crate) is_mistake: bool,
}

/// All that differs between the base commit, or the index, and the tree.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// By path from the workspace root.
    pub(crate) files: BTreeMap<String, Old>,
    /// Submodules that differ in whatever way.
    pub(crate) submodules: BTreeSet<String>,
}

impl Differences {
    pub(super) fn of(changes: Vec<Change>) -> Differences {
        let mut differences = Differences::default();
        for Change { path, old, is_submodule } in changes {
            if is_submodule {
                differences.submodules.insert(path.clone());
            }
            differences.files.insert(path, old);
        }
        differences
    }
}

impl Git {
    /// What differs between the commit and the tree, as far as it matters.
    pub(crate) fn differences(
        &self,
        base: &BaseCommit,
        workspace: &Workspace,
        found: &Found,
    ) -> anyhow::Result<Differences> {
        Ok(Differences::of(self.changes_since(&base.id, workspace, found)?))
    }

    /// The bytes of blobs.
    pub(crate) fn blobs(&self) -> Blobs<'_> {
        Blobs::new(&self.repository)
    }

    /// Finds the commit that is meant by `--base`, or else by the CI service.
    pub(crate) fn find_base(
        &self,
        given: Option<&str>,
        environment: &Environment,
    ) -> Result<BaseCommit, NoBase> {
        match &self.base {
            Some(base) => base.clone(),
            None => self.repository.find_base(given, environment),
        }
    }
}

impl Repository {
    /// Finds the commit that is meant by `--base`, or else by the CI service.
    pub(super) fn find_base(
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
            let (id, tree) = self.look_up(&candidate.base)?;
            Some(BaseCommit { id, tree, source: candidate.source.clone() })
        });
        found.ok_or_else(|| self.no_base(given, &candidates))
    }

    /// The commit and its tree.
    fn look_up(&self, base: &Base) -> Option<(String, String)> {
        let named = match base {
            Base::Exactly(commit) => commit.clone(),
            Base::MergeBase(branch) => {
                let id = self.output(&["merge-base", "HEAD", branch]).ok()?;
                String::from_utf8(id).ok()?.trim().to_owned()
            }
        };
        // Questions come by lines, and git reads a name to its first zero byte.
        if named.is_empty() || named.contains(char::is_control) {
            return None;
        }
        let mut objects = Blobs::new(self);
        let commit = objects.find(&format!("{named}^{{commit}}")).ok()??;
        // Behind the edge of a shallow clone an id can be known, and its tree not be there.
        let tree = objects.find(&format!("{commit}^{{tree}}")).ok()??;
        Some((commit, tree))
    }

    fn no_base(&self, given: Option<&str>, candidates: &[Candidate]) -> NoBase {
        let given = given.filter(|given| !given.is_empty());
        let why = match given {
            Some(given) => format!("this repository has no commit `{given}`"),
            None => format!("no commit to compare with: looked for {}", looked_for(candidates)),
        };
        let hint = if self.cut.is_some() {
            "the clone is shallow: `git fetch --unshallow` (in GitHub Actions `fetch-depth: 0` of `actions/checkout`) brings the rest"
        } else if given.is_some() {
            "is it fetched? `git fetch origin` brings what the remote has"
        } else {
            "name one: `--base REF`"
        };
        // What a push was made on may be gone, and the edge of a shallow clone hides the rest.
        let is_id = |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_mistake = self.cut.is_none() && given.is_some_and(|given| !is_id(given));
        NoBase { why, hint: hint.to_owned(), is_mistake }
    }
}

/// Each source, with the names that were tried.
fn looked_for(candidates: &[Candidate]) -> String {
    let mut sources: Vec<(&str, Vec<String>)> = Vec::new();
    for Candidate { base, source } in candidates {
        let (Base::Exactly(name) | Base::MergeBase(name)) = base;
        let name = format!("`{name}`");
        match sources.iter_mut().find(|(known, _)| known == source) {
            Some((_, names)) => names.push(name),
            None => sources.push((source, vec![name])),
        }
    }
    let shown = sources.iter().map(|(source, names)| format!("{source} ({})", names.join(", ")));
    shown.collect::<Vec<_>>().join(", ")
}
