//! The state of all vertexes so far: what BuildKit's `progressui` calls a trace, without its
//! display. [`Progress`](crate::Progress) and [`PlainLog`](crate::PlainLog) both stand on it.
//!
//! It doesn't keep logs, statuses or warnings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{Timestamp, Vertex};

/// Vertexes in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    shown: Vec<Shown>,
    /// Digest of a vertex, or id of a group, to the index of what stands for it.
    indices: HashMap<String, usize>,
}

/// What the reader sees as one: a vertex, or a group of them.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) name: String,
    /// Exactly one where it is no group; by digest.
    members: BTreeMap<String, Vertex>,
    /// How many members make a group visible.
    revealing: usize,
    /// How many members did not come from the cache.
    uncached: usize,
    /// The members with an error.
    failed: BTreeSet<String>,
    /// Start to stop, by start: a vertex may run several times, and sends each run again and
    /// again as it goes on.
    runs: BTreeMap<Timestamp, Option<Timestamp>>,
}

/// How a vertex ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Ran { seconds: f64 },
    Cached,
    Failed(String),
    Canceled,
}

impl Trace {
    /// Takes in the vertex and returns the index of what stands for it.
    pub(crate) fn apply(&mut self, vertex: &Vertex) -> usize {
        let (key, name) = match &vertex.progress_group {
            Some(group) => (&group.id, &group.name),
            None => (&vertex.digest, &vertex.name),
        };
        let index = *self.indices.entry(key.clone()).or_insert(self.shown.len());
        if index == self.shown.len() {
            self.shown.push(Shown {
                name: name.clone(),
                members: BTreeMap::new(),
                revealing: 0,
                uncached: 0,
                failed: BTreeSet::new(),
                runs: BTreeMap::new(),
            });
        }
        self.indices.insert(vertex.digest.clone(), index);
        self.shown[index].apply(vertex);
        index
    }

    /// The index of what stands for the vertex of this digest.
    pub(crate) fn index_of(&self, digest: &str) -> Option<usize> {
        self.indices.get(digest).copied()
    }

    pub(crate) fn get(&self, index: usize) -> &Shown {
        &self.shown[index]
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &Shown)> {
        self.shown.iter().enumerate()
    }
}

/// A vertex runs once, or a few times; of one that runs more often than this, the first runs are
/// forgotten. Without a bound, each message would cost more than the one before.
const MOST_RUNS: usize = 256;

impl Shown {
    fn apply(&mut self, vertex: &Vertex) {
        if let Some(started) = vertex.started {
            self.runs.insert(started, vertex.completed);
            if self.runs.len() > MOST_RUNS {
                self.runs.pop_first();
            }
        }
        let known = self.members.get(&vertex.digest);
        // The announcement of a vertex may come again after it started; it resets nothing.
        if vertex.started.is_some() || known.is_none_or(|known| known.started.is_none()) {
            // What was cached elsewhere starts once more when its layers are fetched: nothing runs.
            let is_cached = vertex.cached || known.is_some_and(|known| known.cached);
            let vertex = &Vertex { cached: is_cached, ..vertex.clone() };
            if let Some(known) = self.members.insert(vertex.digest.clone(), vertex.clone()) {
                self.revealing -= usize::from(reveals(&known));
                self.uncached -= usize::from(!known.cached);
            }
            self.revealing += usize::from(reveals(vertex));
            self.uncached += usize::from(!vertex.cached);
            if vertex.error.is_empty() {
                self.failed.remove(&vertex.digest);
            } else {
                self.failed.insert(vertex.digest.clone());
            }
        }
    }

    /// The first member's error; empty when none failed.
    pub(crate) fn error(&self) -> &str {
        let failed = self.failed.first().and_then(|digest| self.members.get(digest));
        failed.map_or("", |vertex| &vertex.error)
    }

    /// A group is hidden while only weak members have started.
    fn is_hidden(&self) -> bool {
        self.revealing == 0
    }

    /// Start of the run that goes on or ended last; `None` when it has not started.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        if self.is_hidden() { None } else { merged(&self.runs).last().map(|run| run.0) }
    }

    /// When its last run ended; `None` while it runs, or when it has not started.
    pub(crate) fn completed(&self) -> Option<Timestamp> {
        if self.is_hidden() { None } else { merged(&self.runs).last().and_then(|run| run.1) }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.started().is_some() && self.completed().is_none()
    }

    /// How it ended; `None` when it has not.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.completed()?;
        let error = self.error();
        Some(if Vertex::is_canceled(error) {
            Outcome::Canceled
        } else if !error.is_empty() {
            Outcome::Failed(error.to_owned())
        } else if self.uncached == 0 {
            Outcome::Cached
        } else {
            let seconds = |run: &Run| run.1.map_or(0.0, |stop| stop.seconds_since(run.0));
            Outcome::Ran { seconds: merged(&self.runs).iter().map(seconds).sum() }
        })
    }
}

/// Whether a member makes what it belongs to visible.
fn reveals(vertex: &Vertex) -> bool {
    match &vertex.progress_group {
        Some(group) => (vertex.started.is_some() && !group.weak) || !vertex.error.is_empty(),
        None => true,
    }
}

type Run = (Timestamp, Option<Timestamp>);

/// Runs that overlap are one; a run that goes on takes in all later ones (`mergeIntervals` of
/// BuildKit's `progressui`).
fn merged(runs: &BTreeMap<Timestamp, Option<Timestamp>>) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::new();
    for (&start, &stop) in runs {
        match merged.last_mut() {
            Some((_, None)) => break,
            Some((_, Some(end))) if *end < start => merged.push((start, stop)),
            Some((_, end)) => *end = stop.map(|stop| stop.max(end.unwrap_or(stop))),
            None => merged.push((start, stop)),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
