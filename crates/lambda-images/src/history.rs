//! The commit at which each image's inputs became what they are, for all images in one pass over
//! history.
//!
//! # How it works
//! Commits come newest first, parents after children (`git rev-list --topo-order`). An image starts
//! at the head. Where its inputs equal those at a parent, it moves on to the first such parent (git's
//! own history simplification); a commit at which they differ from those at *every* parent is its
//! newest. So its inputs at that commit are its inputs at the head: one commit names one content,
//! merges included. At a root everything is new.
//!
//! Whether inputs differ is the caller's to say, and asked only where it decides something.
//!
//! # Limitations
//! A shallow clone ends at commits whose parents are unknown: an image that gets there has no
//! newest commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A set of images, by their index in the graph.
pub type ImageSet = BTreeSet<usize>;

/// The pass over history.
#[derive(Debug)]
pub struct NewestCommits {
    waiting: HashMap<String, ImageSet>,
    /// Newest first.
    found: BTreeMap<usize, Vec<String>>,
    /// How many are wanted of each image.
    count: usize,
    left: usize,
}

/// What is before a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// These commits, in full hex: none before a root.
    Parents(Vec<String>),
    /// Commits that are not there: a shallow clone.
    Unknown,
}

impl NewestCommits {
    /// Starts `images` at `head`.
    pub fn new(head: &str, images: ImageSet) -> NewestCommits {
        NewestCommits::with_earlier(head, images, 1)
    }

    /// Wants the newest and those before it, `count` in all: from each the first parent is gone on from.
    pub fn with_earlier(head: &str, images: ImageSet, count: usize) -> NewestCommits {
        let left = images.len();
        NewestCommits {
            waiting: HashMap::from([(head.to_owned(), images)]),
            found: BTreeMap::new(),
            count,
            left,
        }
    }

    /// Whether any image has come to this commit: if not, it need not be looked at.
    pub fn wants(&self, commit: &str) -> bool {
        self.waiting.get(commit).is_some_and(|images| !images.is_empty())
    }

    /// Whether every image has its commit, or can get none.
    pub fn is_done(&self) -> bool {
        self.left == 0
    }

    /// The images that have come to this commit.
    pub fn waiting(&self, commit: &str) -> ImageSet {
        self.waiting.get(commit).cloned().unwrap_or_default()
    }

    /// Ends the search for an image that waits at a commit from which its newest is known; `None`:
    /// it is known to have none.
    pub fn settle(&mut self, commit: &str, image: usize, newest: Option<String>) {
        self.end(commit, image);
        if let Some(newest) = newest {
            self.found.entry(image).or_default().push(newest);
        }
    }

    /// Takes in the next commit. `differing` gives those of some images whose inputs differ between
    /// the commit and one of its parents.
    ///
    /// Gives the images that were found here and go on to the first parent, for an earlier one.
    ///
    /// # Errors
    /// Those of `differing`.
    pub fn visit<E>(
        &mut self,
        commit: &str,
        before: &Before,
        differing: &mut dyn FnMut(usize, &ImageSet) -> Result<ImageSet, E>,
    ) -> Result<ImageSet, E> {
        let Some(mut images) = self.waiting.remove(commit) else { return Ok(ImageSet::new()) };
        let Before::Parents(parents) = before else {
            // It is unknown which commit has their inputs first.
            self.left -= images.len();
            return Ok(ImageSet::new());
        };
        for (number, parent) in parents.iter().enumerate() {
            if images.is_empty() {
                break;
            }
            let differ = differing(number, &images)?;
            let equal = images.difference(&differ).copied();
            self.waiting.entry(parent.clone()).or_default().extend(equal);
            images = differ;
        }
        let mut going_on = ImageSet::new();
        for image in images {
            let found = self.found.entry(image).or_default();
            found.push(commit.to_owned());
            match parents.first().filter(|_| found.len() < self.count) {
                Some(first) => {
                    self.waiting.entry(first.clone()).or_default().insert(image);
                    going_on.insert(image);
                }
                None => self.left -= 1,
            }
        }
        Ok(going_on)
    }

    /// Gives up the search for earlier commits of an image.
    pub fn end(&mut self, commit: &str, image: usize) {
        if self.waiting.get_mut(commit).is_some_and(|images| images.remove(&image)) {
            self.left -= 1;
        }
    }

    /// The newest commit of each image that has one.
    pub fn found(self) -> BTreeMap<usize, String> {
        let newest =
            |(image, commits): (usize, Vec<String>)| Some((image, commits.into_iter().next()?));
        self.found.into_iter().filter_map(newest).collect()
    }

    /// All that were found of each image, newest first.
    pub fn found_with_earlier(self) -> BTreeMap<usize, Vec<String>> {
        self.found
    }
}

#[cfg(test)]
mod tests;
