//! The commit that the working tree is compared with, and what differs from it.
//!
//! Which commit is meant is decided by `lambda_images::base_commit`; here each candidate is looked
//! up, the best first, and the first that exists counts.
//!
//! A path that does not differ, and that git keeps, is as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lambda_images::base_commit::{
    Base, BaseSearch, Candidate, EventFile, LAST_SUCCESS, base_search,
};

use super::blobs::Blobs;
use super::repository::PARTIAL_HINT;
use super::{Change, Git, Old, Repository};
use crate::environment::Environment;
use crate::files::{self, Links, SETTINGS_LIMIT};
use crate::inputs::Found;
use crate::workspace::Workspace;

/// A commit to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseCommit {
    pub(crate) id: String,
    /// Where it comes from, for people.
    pub(crate) source: String,
    /// What could not be read of the event, where the commit was found without it.
    pub(crate) note: Option<String>,
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
#[derive(Debug, Clone, Default)]
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
            // What was said of a path first counts: a conflict has more than one entry.
            differences.files.entry(path).or_insert(old);
        }
        differences
    }

    /// Adds what is said of paths that nothing is said of yet.
    pub(crate) fn add(&mut self, more: &Differences) {
        for (path, old) in &more.files {
            self.files.entry(path.clone()).or_insert_with(|| old.clone());
        }
        self.submodules.extend(more.submodules.iter().cloned());
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
        let event = read_event(environment);
        let search = base_search(given, |name| environment.get(name).map(str::to_owned), &event);
        let is_usable = |candidate: &&Candidate| !candidate.needs_whole_clone || self.cut.is_none();
        let found = search.candidates.iter().filter(is_usable).find_map(|candidate| {
            let (id, tree) = self.look_up(&candidate.base)?;
            Some(BaseCommit { id, tree, source: candidate.source.clone(), note: None })
        });
        match (found, event) {
            (Some(base), EventFile::Unreadable(why)) if search.trouble.is_some() => {
                Ok(BaseCommit { note: Some(why), ..base })
            }
            (Some(base), _) => Ok(base),
            (None, _) => Err(self.no_base(given, &search)),
        }
    }

    /// The commit and its tree.
    fn look_up(&self, base: &Base) -> Option<(String, String)> {
        let merge_base = |branch: &str| {
            // Git would take it for an option.
            if branch.starts_with('-') {
                return None;
            }
            let id = self.output(&["merge-base", "HEAD", branch]).ok()?;
            Some(String::from_utf8(id).ok()?.trim().to_owned())
        };
        let named = match base {
            Base::Exactly(commit) => commit.clone(),
            Base::MergeBase(branch) => merge_base(branch)?,
            Base::ForkPoint(branch) => merge_base(branch).filter(|id| *id != self.head)?,
            Base::FirstParentOfMerge(second) => {
                let found = Blobs::new(self).find("HEAD^2").ok()??;
                (found == *second).then(|| "HEAD^1".to_owned())?
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

    fn no_base(&self, given: Option<&str>, search: &BaseSearch) -> NoBase {
        let given = given.filter(|given| !given.is_empty() && *given != LAST_SUCCESS);
        let why = match (given, &search.trouble) {
            (Some(given), _) => format!("this repository has no commit `{given}`"),
            (None, Some(why)) if search.candidates.is_empty() => {
                format!("no commit to compare with: {why}")
            }
            (None, _) if search.candidates.is_empty() => {
                format!("{} has no commit to compare with", search.run)
            }
            (None, _) => {
                let sources = looked_for(&search.candidates);
                format!("no commit to compare with: looked for {sources}")
            }
        };
        let hint = if let Some(hint) = &search.hint {
            hint
        } else if given.is_none() && search.candidates.is_empty() {
            "name one by `--base REF`, or let the workflow record the last success: `--base last-success`"
        } else if self.cut.is_some() {
            "the clone is shallow: `git fetch --unshallow` brings the rest (in GitHub Actions set `fetch-depth: 0` of `actions/checkout`, in GitLab `GIT_DEPTH: 0`)"
        } else if self.is_partial() {
            PARTIAL_HINT
        } else {
            "is it fetched? `git fetch origin` brings what the remote has; or name another: `--base REF`"
        };
        // What a push was made on may be gone, and the edge of a shallow clone hides the rest.
        let is_id = |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_mistake = self.cut.is_none() && given.is_some_and(|given| !is_id(given));
        NoBase { why, hint: hint.to_owned(), is_mistake }
    }
}

/// The content of the file that describes the event of a GitHub Actions run.
fn read_event(environment: &Environment) -> EventFile {
    let Some(path) = environment.get("GITHUB_EVENT_PATH") else { return EventFile::NotNamed };
    let read = |path: &Path| {
        anyhow::Ok(serde_json::from_slice(&files::read(path, Links::Follow, SETTINGS_LIMIT)?)?)
    };
    match read(&environment.current_dir().join(path)) {
        Ok(content) => EventFile::Content(content),
        Err(error) => EventFile::Unreadable(format!(
            "failed to read the event's file `{path}` (`GITHUB_EVENT_PATH`): {error}"
        )),
    }
}

/// Each source, with the names that were tried.
fn looked_for(candidates: &[Candidate]) -> String {
    let mut sources: Vec<(&str, Vec<String>)> = Vec::new();
    for Candidate { base, source, .. } in candidates {
        let name = match base {
            Base::Exactly(name) | Base::MergeBase(name) | Base::ForkPoint(name) => name,
            // It is there, or the next one counts.
            Base::FirstParentOfMerge(_) => continue,
        };
        let name = format!("`{name}`");
        match sources.iter_mut().find(|(known, _)| known == source) {
            Some((_, names)) => names.push(name),
            None => sources.push((source, vec![name])),
        }
    }
    let shown = sources.iter().map(|(source, names)| format!("{source} ({})", names.join(", ")));
    shown.collect::<Vec<_>>().join(", ")
}
