//! What of all that a build reads may stay in its image.
//!
//! A file that is only mounted, or copied into a stage from which others take something else,
//! is no part of the image: it counts by what the commands make of it.
//!
//! # How it works
//! A copied file is followed to its place in its stage. It stays if the target stands on that
//! stage, or if a `COPY --from` or a mount of that stage, or of one that stands on it, takes a path
//! that may hold it.
//!
//! # Limitations
//! What a `RUN` does with a file can't be seen: one that copies it elsewhere goes unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Origin};
use super::{ContextRead, Resolved};
use crate::gomatch::has_wildcards;
use crate::gopath::clean;
use crate::reach::Reach;

/// Where the files of a read go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// They are mounted for one command.
    Mount,
    /// A path of the stage, absolute and clean.
    Path(String),
    /// Somewhere that only the base image knows.
    Unknown,
}

/// Who takes what from which stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keeping {
    target: usize,
    /// The stage that a stage stands on.
    bases: BTreeMap<usize, usize>,
    /// For each of [`Resolved::sources`]: its stage, and where its files go.
    reads: Vec<(usize, Destination)>,
    /// What is taken from stages: absolute paths, none where they aren't known.
    copies: Vec<(usize, Vec<String>)>,
}

impl Keeping {
    pub(super) fn new(target: usize, graph: &Graph<'_>) -> Keeping {
        let bases = graph.nodes.iter().enumerate().filter_map(|(index, node)| match node.base {
            Origin::Stage(base) => Some((index, base)),
            Origin::Scratch | Origin::Outside(_) => None,
        });
        Keeping { target, bases: bases.collect(), ..Keeping::default() }
    }

    /// The stage that is built.
    pub(super) fn target(&self) -> usize {
        self.target
    }

    pub(super) fn add_read(&mut self, stage: usize, destination: Destination) {
        self.reads.push((stage, destination));
    }

    pub(super) fn add_copy(&mut self, stage: usize, paths: Vec<String>) {
        self.copies.push((stage, paths));
    }

    /// Whether `stage` is `base`, or stands on it.
    fn stands_on(&self, mut stage: usize, base: usize) -> bool {
        while stage != base {
            match self.bases.get(&stage) {
                Some(&next) => stage = next,
                None => return false,
            }
        }
        true
    }

    pub(super) fn may_keep(&self, stage: usize, places: Option<&BTreeSet<String>>) -> bool {
        if self.stands_on(self.target, stage) {
            return true;
        }
        let copies = self.copies.iter().filter(|(from, _)| self.stands_on(*from, stage));
        copies.into_iter().any(|(_, paths)| match places {
            Some(places) if !paths.is_empty() => {
                paths.iter().any(|path| places.iter().any(|place| may_hold(path, place)))
            }
            _ => true,
        })
    }
}

impl Resolved {
    /// Whether a file of a context (`None`: the main one) may become part of the image's file
    /// system. Where that can't be known, it may.
    #[must_use]
    pub fn may_keep(&self, context: Option<&str>, path: &str) -> bool {
        let mut is_read = false;
        for (read, (stage, destination)) in self.sources.iter().zip(&self.keeping.reads) {
            let is_of_context = read.context.as_deref() == context;
            if !is_of_context || !Reach::new([read]).reads(path) {
                continue;
            }
            is_read = true;
            let kept = match destination {
                Destination::Mount => false,
                Destination::Path(folder) => {
                    self.keeping.may_keep(*stage, Some(&places(read, folder, path)))
                }
                Destination::Unknown => self.keeping.may_keep(*stage, None),
            };
            if kept {
                return true;
            }
        }
        // A link led there: nobody knows where from.
        !is_read
    }
}

/// Where a copy to `destination` may put the file at `path`.
pub(super) fn places(read: &ContextRead, destination: &str, path: &str) -> BTreeSet<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let below = |relative: &str| clean(&format!("{destination}/{relative}"));
    let mut places = BTreeSet::new();
    if read.parents {
        // A pivot cuts off as much as it likes of the front.
        let rests = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
        places.extend(rests.chain([path]).map(below));
    }
    for pattern in &read.patterns {
        let folder = if pattern == "." { "" } else { pattern.as_str() };
        let components: Vec<&str> = folder.split('/').filter(|c| !c.is_empty()).collect();
        let may_match = |(wanted, found): (&&str, &str)| {
            has_wildcards(wanted) || wanted.contains('\\') || *wanted == found
        };
        if !components.iter().zip(path.split('/')).all(may_match) {
            continue;
        }
        let rest: Vec<&str> = path.split('/').skip(components.len()).collect();
        match rest.is_empty() {
            // The file itself gets this name, or keeps its own in this folder.
            true => places.extend([destination.to_owned(), below(name)]),
            false => drop(places.insert(below(&rest.join("/")))),
        }
    }
    places
}

/// Whether a source of `COPY --from` may bring the file at `place`.
fn may_hold(source: &str, place: &str) -> bool {
    let mut components = place.split('/').filter(|component| !component.is_empty());
    for wanted in source.split('/').filter(|component| !component.is_empty()) {
        if has_wildcards(wanted) || wanted.contains('\\') {
            return true;
        }
        if components.next() != Some(wanted) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
