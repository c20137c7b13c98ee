//! The commit at which the inputs of each image became what they are: one pass over history that
//! compares fingerprints.
//!
//! # How it works
//! [`lambda_images::history`] decides which commits are compared; here it is found out whether an image's
//! inputs differ between a commit and its parent. Mostly the paths that differ are enough: a file that
//! counts by its bytes decides, a path that the image can't read doesn't count. For all else, such as
//! a Dockerfile or a lock that counts by what is installed, the fingerprint at the parent is computed,
//! by the code that reads the tree.
//!
//! While an image waits at a commit, its inputs there are those that it started with. What is known of
//! the image is a view of the workspace: that of the head, or of the last commit at which its shape
//! had to be looked at.
//!
//! Answers are kept on disk, by the head that they are of: from a new head only new commits are gone
//! through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::Fingerprint;
use lambda_images::history::{Before, ImageSet, NewestCommits};
use lambda_images::readers::Readers;

use self::answers::Answers;
use self::meaning::Meaning;
use crate::at_commit::{AtCommit, Objects};
use crate::doubts::submodule_doubts;
use crate::git::{Delta, Differences, Git};
use crate::inputs::Found;
use crate::past::{Past, View};
use crate::state::State;

mod answers;
mod meaning;

/// Commits of each image, the newest among them, where older ones are asked for too.
const EARLIER: usize = 4;
/// Commits that are looked at for those.
const MOST_COMMITS: usize = 2000;

/// The newest commit of each image that the head has and that has one.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn newest_commits(
    git: &Git,
    head: &View,
    since_head: &Differences,
    state: &State,
) -> anyhow::Result<BTreeMap<ImageName, String>> {
    // Development mode asks beside the usual question, and must not take its answers' place.
    let path = state.git_path(!head.now.stable.is_empty());
    let mut answers = Answers::read(&path, git.place());
    let images = head.graph().images().iter().filter_map(|image| {
        let name = image.name();
        Some((name.clone(), head.fingerprint(name)?))
    });
    let images: Vec<(ImageName, Fingerprint)> = images.collect();
    if let Some(known) = answers.all_at(git.head(), &images) {
        return Ok(known);
    }
    let names: Vec<ImageName> = images.iter().map(|(name, _)| name.clone()).collect();
    let all: ImageSet = (0..names.len()).collect();
    let mut newest = NewestCommits::new(git.head(), all);
    let mut walk = Walk::new(git, head, since_head, names);
    if !git.is_complete(|| walk.run(&mut newest, usize::MAX, &answers))? {
        return Ok(BTreeMap::new());
    }
    let found = newest.found();
    answers.add(git.head(), &images, |number| found.get(&number));
    // An answer that can't be kept, say in a tree that is read-only, is found anew.
    answers.write(&path);
    let found = found.into_iter().map(|(number, commit)| (images[number].0.clone(), commit));
    Ok(found.collect())
}

/// The newest commits of some images, a few of each, of a history that is not too long; none where
/// history ends too soon.
///
/// # Errors
/// Git can't be asked.
pub(crate) fn earlier_commits(
    git: &Git,
    head: &View,
    since_head: &Differences,
    images: &BTreeSet<&ImageName>,
) -> anyhow::Result<BTreeMap<ImageName, Vec<String>>> {
    let is_known = |name: &&&ImageName| head.fingerprint(name).is_some();
    let names: Vec<ImageName> =
        images.iter().filter(is_known).map(|name| (*name).clone()).collect();
    let all: ImageSet = (0..names.len()).collect();
    let mut newest = NewestCommits::with_earlier(git.head(), all, EARLIER);
    let mut walk = Walk::new(git, head, since_head, names.clone());
    if !git.is_complete(|| walk.run(&mut newest, MOST_COMMITS, &Answers::default()))? {
        return Ok(BTreeMap::new());
    }
    let found = newest.found_with_earlier().into_iter();
    Ok(found.map(|(number, commits)| (names[number].clone(), commits)).collect())
}

/// What is known of an image that waits at a commit: a view of the workspace in which the image has the
/// inputs that it has there.
struct Knowledge<'a> {
    view: View<'a>,
    readers: OnceLock<Readers>,
}

impl<'a> Knowledge<'a> {
    fn new(view: View<'a>) -> Arc<Knowledge<'a>> {
        Arc::new(Knowledge { view, readers: OnceLock::new() })
    }

    fn readers(&self) -> &Readers {
        self.readers.get_or_init(|| self.view.readers())
    }
}

/// One pass over history.
struct Walk<'a> {
    git: &'a Git,
    head: View<'a>,
    since_head: &'a Differences,
    names: Vec<ImageName>,
    /// By image.
    known: Vec<Arc<Knowledge<'a>>>,
    objects: Objects<'a>,
    /// What else differs between the index and the tree, once it was asked for.
    rest: OnceLock<Differences>,
}

impl<'a> Walk<'a> {
    fn new(
        git: &'a Git,
        head: &View<'a>,
        since_head: &'a Differences,
        names: Vec<ImageName>,
    ) -> Walk<'a> {
        let known = vec![Knowledge::new(head.clone()); names.len()];
        let objects = Objects::new(git);
        Walk { git, head: head.clone(), since_head, names, known, objects, rest: OnceLock::new() }
    }

    fn run(
        &mut self,
        newest: &mut NewestCommits,
        most: usize,
        answers: &Answers,
    ) -> anyhow::Result<()> {
        let mut history = self.git.history()?;
        let mut left = most;
        while !newest.is_done() && left > 0 {
            let Some(commit) = history.next()? else { break };
            left -= 1;
            for image in newest.waiting(&commit.id) {
                let name = &self.names[image];
                let Some(fingerprint) = self.known[image].view.fingerprint(name) else { continue };
                if let Some(known) = answers.at(&commit.id, name, fingerprint) {
                    newest.settle(&commit.id, image, known);
                }
            }
            if !newest.wants(&commit.id) {
                continue;
            }
            let parents = match &commit.before {
                Before::Parents(parents) => parents.as_slice(),
                Before::Unknown => &[],
            };
            let going_on = newest.visit(&commit.id, &commit.before, &mut |number, images| {
                self.differing(&parents[number], &commit.deltas[number], images)
            })?;
            if let (Some(first), false) = (parents.first(), going_on.is_empty()) {
                self.go_on(first, &going_on, newest)?;
            }
        }
        Ok(())
    }

    /// Looks at images at the commit before the one that is theirs: for the next one.
    fn go_on(
        &mut self,
        commit: &str,
        images: &ImageSet,
        newest: &mut NewestCommits,
    ) -> anyhow::Result<()> {
        let knowledge = self.read(commit, images)?;
        for &image in images {
            match knowledge.view.fingerprint(&self.names[image]) {
                Some(_) => self.known[image] = Arc::clone(&knowledge),
                None => newest.end(commit, image),
            }
        }
        Ok(())
    }

    /// Those of some images whose inputs differ between a commit and its parent.
    fn differing(
        &mut self,
        parent: &str,
        delta: &Delta,
        images: &ImageSet,
    ) -> anyhow::Result<ImageSet> {
        let mut differing = ImageSet::new();
        if delta.is_empty() {
            return Ok(differing);
        }
        let mut reshaped = ImageSet::new();
        for (knowledge, group) in self.groups(images) {
            let view = &knowledge.view;
            let meaning = Meaning::of(view, knowledge.readers(), delta, &self.objects)?;
            let doubted = view.with_dependents(&meaning.doubted);
            let certain = view.with_dependents(&meaning.differing);
            let changed_shape = view.with_dependents(&meaning.reshaped);
            let questions = view.with_dependents(&meaning.in_question);
            let mut open = BTreeSet::new();
            for image in group {
                let name = &self.names[image];
                if doubted.contains(name) {
                    differing.insert(image);
                } else if meaning.is_other_workspace {
                    reshaped.insert(image);
                } else if certain.contains(name) {
                    differing.insert(image);
                } else if changed_shape.contains(name) {
                    reshaped.insert(image);
                } else if questions.contains(name) {
                    open.insert(image);
                }
            }
            if open.is_empty() {
                continue;
            }
            match self.derive(view, delta, &open)? {
                Some(differ) => differing.extend(differ),
                None => reshaped.extend(open),
            }
        }
        if !reshaped.is_empty() {
            let there = self.read(parent, &reshaped)?;
            for image in reshaped {
                let name = &self.names[image];
                if there.view.fingerprint(name) == self.known[image].view.fingerprint(name) {
                    self.known[image] = Arc::clone(&there);
                } else {
                    differing.insert(image);
                }
            }
        }
        Ok(differing)
    }

    /// Images by what is known of them.
    fn groups(&self, images: &ImageSet) -> Vec<(Arc<Knowledge<'a>>, Vec<usize>)> {
        let mut groups: Vec<(Arc<Knowledge>, Vec<usize>)> = Vec::new();
        for &image in images {
            let knowledge = &self.known[image];
            match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, knowledge)) {
                Some((_, group)) => group.push(image),
                None => groups.push((Arc::clone(knowledge), vec![image])),
            }
        }
        groups
    }

    /// Those of some images whose inputs differ, where nothing that shapes them does. `None`: it is not
    /// as simple as that.
    fn derive(
        &self,
        view: &View<'a>,
        delta: &Delta,
        images: &ImageSet,
    ) -> anyhow::Result<Option<ImageSet>> {
        let names = images.iter().map(|&image| self.names[image].clone()).collect();
        let names = view.with_bases(&names);
        let checkout = self.checkout(&delta.old, view.found());
        let Some((_, inputs)) = view.derive(&checkout, Some(&names))? else { return Ok(None) };
        let differs = |image: &&usize| {
            let name = &self.names[**image];
            let there = inputs.get(name).map(|(_, fingerprint)| *fingerprint);
            there.is_some() && there != view.fingerprint(name)
        };
        Ok(Some(images.iter().filter(differs).copied().collect()))
    }

    fn checkout<'c>(&'c self, differences: &'c Differences, found: &'c Found) -> AtCommit<'c, 'a> {
        AtCommit::new(self.head.now.disk(), self.git, differences, found, &self.objects)
    }

    /// Reads the workspace at a commit, with the inputs of some images.
    fn read(&self, commit: &str, images: &ImageSet) -> anyhow::Result<Arc<Knowledge<'a>>> {
        let now = self.head.now;
        let mut differences = self.git.before_head(commit)?;
        differences.add(self.since_head);
        let rest = match self.rest.get() {
            Some(rest) => rest,
            None => {
                let rest = self.git.rest(self.since_head)?;
                self.rest.get_or_init(|| rest)
            }
        };
        differences.add(rest);
        let checkout = self.checkout(&differences, now.found);
        let names = images.iter().map(|&image| self.names[image].clone()).collect();
        let root = now.workspace.root.clone();
        let environment = self.git.environment();
        let past = Past::read(root, &checkout, environment, now.stable, Some(&names))?;
        let view = View::at(now, Arc::new(past));
        let unknown = submodule_doubts(&[&view], &differences.submodules)?;
        Ok(Knowledge::new(view.without(unknown.into_iter().map(|(name, it)| (name, it.message)))))
    }
}
