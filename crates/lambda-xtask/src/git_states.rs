//! What git says of every image's inputs: clean or dirty, and the commit at which they became what they
//! are.
//!
//! # How it works
//! An image is dirty where `affected` would say that it differs from the head. The commit is found by
//! comparing fingerprints ([`crate::newest`]). So the fingerprint, the tag and what counts as dirty,
//! stale or affected go by one definition of inputs.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::discovery::ImageName;
use lambda_images::tag::GitState;

use crate::difference::Difference;
use crate::display::note;
use crate::git::{Differences, Git, NoGit, Unconverted, mend};
use crate::inputs::Found;
use crate::newest::{self, newest_commits};
use crate::past::{Now, View};
use crate::state::State;
use crate::workspace::Workspace;

/// What git says of each image, by name. `since_head` is what differs from the head.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn git_states(
    git: &Result<Git, NoGit>,
    since_head: &Differences,
    now: &Now,
    state: &State,
) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
    let images = now.workspace.graph.images().iter();
    let git = match git {
        Ok(git) => git,
        Err(none) => return Ok(images.map(|image| (image.name().clone(), none.state())).collect()),
    };
    let difference = Difference::find(now, git, since_head, "the head", git.environment())?;
    let mut dirty = difference.paths(since_head);
    add_unconverted(git, since_head, now, state, &mut dirty)?;
    let newest = newest_commits(git, &difference.past, since_head, state)?;
    let states = images.map(|image| {
        let name = image.name();
        let paths: Vec<String> = dirty.remove(name).unwrap_or_default().into_iter().collect();
        let state = match newest.get(name).cloned() {
            None => GitState::Unknown { why: git.why_no_commit(), paths },
            Some(commit) if paths.is_empty() => GitState::Clean { commit },
            Some(commit) => GitState::Dirty { commit, paths },
        };
        (name.clone(), state)
    });
    Ok(states.collect())
}

/// Adds the files that git calls unchanged, and that another checkout would hold otherwise: a clean name
/// would stand for two contents.
fn add_unconverted(
    git: &Git,
    since_head: &Differences,
    now: &Now,
    state: &State,
    dirty: &mut BTreeMap<ImageName, BTreeSet<String>>,
) -> anyhow::Result<()> {
    let view = View::now(now);
    for Unconverted { path, .. } in git.unconverted(now.found, since_head, state)? {
        let images = view.graph().images().iter().enumerate();
        let readers = images.filter(|(index, _)| view.reads(*index, &path));
        let readers = readers.map(|(_, image)| image.name().clone()).collect();
        for name in view.with_dependents(&readers) {
            dirty.entry(name).or_default().insert(path.clone());
        }
    }
    Ok(())
}

/// Says which files git calls unchanged, and another checkout would hold otherwise.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn tell_unconverted(
    git: &Result<Git, NoGit>,
    found: &Found,
    since_head: &Differences,
    state: &State,
) -> anyhow::Result<()> {
    let Ok(git) = git else { return Ok(()) };
    for Unconverted { path, why } in git.unconverted(found, since_head, state)? {
        note(&format!("warning: `{path}`: {why}\n  hint: {}", mend(&path)));
    }
    Ok(())
}

/// The newest commits at which the inputs of each of some images changed, newest first.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn earlier_commits(
    git: &Git,
    now: &Now,
    since_head: &Differences,
    images: &BTreeSet<&ImageName>,
) -> anyhow::Result<BTreeMap<ImageName, Vec<String>>> {
    let difference = Difference::find(now, git, since_head, "the head", git.environment())?;
    newest::earlier_commits(git, &difference.past, since_head, images)
}

/// What differs from the head; nothing without git.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn since_head(
    git: &Result<Git, NoGit>,
    workspace: &Workspace,
    found: &Found,
) -> anyhow::Result<Differences> {
    match git {
        Ok(git) => git.since_head(workspace, found),
        Err(_) => Ok(Differences::default()),
    }
}
