//! The newest commit that touched each image's inputs, for all images in one pass over history.
//!
//! # How it works
//! Commits come newest first, parents after children (`git rev-list --topo-order`), each with
//! the images that differ from each of its parents. An image starts at the head. Where it
//! equals a parent, it moves on to the first that it equals (git's own history simplification);
//! a commit that differs from *every* parent is its newest. So its inputs at that commit are
//! its inputs at the head: one commit names one content, merges included. A root is compared
//! with nothing: an image that equals even that has no inputs in any commit.
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

/// A commit's difference from one of its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentDifference {
    /// The parent, in full hex; `None` stands for the nothing before a root.
    pub parent: Option<String>,
    /// The images whose inputs differ between the two.
    pub touched: ImageSet,
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

    /// Takes in the next commit. `parents` is empty where they are unknown (a shallow clone).
    pub fn visit(&mut self, commit: &str, parents: &[ParentDifference]) {
        let Some(images) = self.waiting.remove(commit) else { return };
        for image in images {
            let mut equal = parents.iter().filter(|parent| !parent.touched.contains(&image));
            match equal.next().map(|difference| &difference.parent) {
                Some(Some(parent)) => {
                    self.waiting.entry(parent.clone()).or_default().insert(image);
                    continue;
                }
                None if !parents.is_empty() => {
                    let found = self.found.entry(image).or_default();
                    found.push(commit.to_owned());
                    let before = parents.first().and_then(|difference| difference.parent.clone());
                    if let Some(before) = before.filter(|_| found.len() < self.count) {
                        self.waiting.entry(before).or_default().insert(image);
                        continue;
                    }
                }
                // Its inputs are in no commit, or it is unknown which has them.
                Some(None) | None => {}
            }
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
