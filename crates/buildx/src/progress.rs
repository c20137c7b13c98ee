//! Folds messages into what a person asks of a build: what runs now, what the cache did,
//! what failed and what it said.
//!
//! It renders nothing (see [`PlainLog`](crate::PlainLog)) and measures no time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::log_lines::LogLines;
use crate::trace::{Outcome, Shown, Trace};
use crate::{SolveStatus, Vertex, VertexKind, VertexStatus};

/// Lines of output kept per vertex, for [`Failure::log_tail`]. BuildKit's own display keeps 10; a
/// Python traceback is longer.
const TAIL_LINES: usize = 40;

/// The state of one build, from its messages.
#[derive(Debug, Default)]
pub struct Progress {
    trace: Trace,
    tails: HashMap<usize, Tail>,
    /// Bytes by vertex and status.
    transferred: BTreeMap<(usize, String), u64>,
    /// Digests of manifests and configurations that were made.
    exported: BTreeSet<String>,
    warnings: Vec<String>,
    /// Those in `warnings`.
    known_warnings: HashSet<String>,
}

/// How far the steps are: only vertexes of [`VertexKind::Step`], for no other can be cached.
///
/// `done` is `cached` plus those that ran; canceled steps are in `total` only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounts {
    /// Steps that BuildKit has named so far.
    pub total: usize,
    /// Steps with a result.
    pub done: usize,
    /// Steps whose result came from the cache.
    pub cached: usize,
    /// Steps that failed.
    pub failed: usize,
}

/// The vertex that made the build fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name, such as `[2/5] RUN pip install`. Not always a step: a push or the load of a base
    /// image's metadata can fail as well.
    pub step: String,
    /// BuildKit's message.
    pub error: String,
    /// The end of its output, both streams in order of arrival, without line ends.
    pub log_tail: Vec<String>,
}

#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    open: LogLines,
}

impl Progress {
    /// Takes in one message.
    pub fn apply(&mut self, status: &SolveStatus) {
        for vertex in &status.vertexes {
            self.trace.apply(vertex);
        }
        for status in &status.statuses {
            self.apply_transfer(status);
            self.exported.extend(exported_digest(&status.id).map(str::to_owned));
        }
        for log in &status.logs {
            if let Some(index) = self.trace.index_of(&log.vertex) {
                let Tail { lines, open } = self.tails.entry(index).or_default();
                open.push(log, |_, line| {
                    if lines.len() == TAIL_LINES {
                        lines.pop_front();
                    }
                    lines.push_back(line.to_owned());
                });
            }
        }
        for warning in &status.warnings {
            // The same finding comes once for each vertex that it is about.
            if self.known_warnings.insert(warning.short.clone()) {
                self.warnings.push(warning.short.clone());
            }
        }
    }

    fn apply_transfer(&mut self, status: &VertexStatus) {
        let Some(index) = self.trace.index_of(&status.vertex) else {
            return;
        };
        // The id ends in the context's name; `load .dockerignore` says "context" too, so the
        // vertex decides.
        let is_context = VertexKind::of(&self.trace.get(index).name) == VertexKind::Context;
        if is_context && status.id.starts_with("transferring ") {
            let bytes = u64::try_from(status.current).unwrap_or(0);
            let known = self.transferred.entry((index, status.id.clone())).or_default();
            *known = bytes.max(*known);
        }
    }

    /// Name of the newest running vertex, such as `[2/5] RUN pip install` or `exporting to image`.
    /// Work of BuildKit's own is none, except that of sending the context, which can take long.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.trace
            .iter()
            .filter(|(_, shown)| {
                shown.is_running() && VertexKind::of(&shown.name) != VertexKind::Internal
            })
            .max_by_key(|(index, shown)| (shown.started(), *index))
            .map(|(_, shown)| &*shown.name)
    }

    /// How far the steps are.
    #[must_use]
    pub fn steps(&self) -> StepCounts {
        self.steps_that(|_| true)
    }

    /// How far those steps are whose names are wanted.
    #[must_use]
    pub fn steps_that(&self, is_wanted: impl Fn(&str) -> bool) -> StepCounts {
        let mut counts = StepCounts::default();
        for step in self.all_steps().filter(|step| is_wanted(&step.name)) {
            counts.total += 1;
            match step.outcome() {
                Some(Outcome::Cached) => {
                    counts.done += 1;
                    counts.cached += 1;
                }
                Some(Outcome::Ran { .. }) => counts.done += 1,
                Some(Outcome::Failed(_)) => counts.failed += 1,
                Some(Outcome::Canceled) | None => {}
            }
        }
        counts
    }

    /// Names of the steps whose result came from the cache, by the time at which they started.
    #[must_use]
    pub fn cached_steps(&self) -> Vec<&str> {
        self.steps_with(|outcome| matches!(outcome, Outcome::Cached))
    }

    /// Names of the steps that ran to their end, by the time at which they started.
    #[must_use]
    pub fn ran_steps(&self) -> Vec<&str> {
        self.steps_with(|outcome| matches!(outcome, Outcome::Ran { .. }))
    }

    /// Names of all steps that BuildKit has named so far.
    pub fn step_names(&self) -> impl Iterator<Item = &str> {
        self.all_steps().map(|step| &*step.name)
    }

    /// The vertex that failed first. One that was canceled because of it is none, nor is a cache
    /// source that can't be read: the build goes on without it.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let failed = |shown: &Shown| {
            let error = shown.error();
            let is_import = VertexKind::of(&shown.name) == VertexKind::Import;
            !error.is_empty() && !Vertex::is_canceled(error) && !is_import
        };
        let (index, shown) = self
            .trace
            .iter()
            .filter(|(_, shown)| failed(shown))
            .min_by_key(|(index, shown)| (shown.completed(), *index))?;
        Some(Failure {
            step: shown.name.clone(),
            error: shown.error().to_owned(),
            log_tail: self.tails.get(&index).map(Tail::to_lines).unwrap_or_default(),
        })
    }

    /// Whether the vertex that made the build fail is the export of the image: to the store, or to a registry.
    #[must_use]
    pub fn is_image_export_failed(&self) -> bool {
        let is_export = |step: &str| {
            // `exporting cache to registry`, `exporting to GitHub Actions Cache`
            VertexKind::of(step) == VertexKind::Export && !step.to_lowercase().contains("cache")
        };
        self.failure().is_some_and(|failure| is_export(&failure.step))
    }

    /// Cache sources that were read, as BuildKit names them (`importing cache manifest from …`). One
    /// that isn't there yet is no fault, and not among them.
    #[must_use]
    pub fn imported_caches(&self) -> Vec<&str> {
        let sources = self.trace.iter().map(|(_, shown)| shown);
        let is_read = |shown: &&Shown| {
            VertexKind::of(&shown.name) == VertexKind::Import
                && matches!(shown.outcome(), Some(Outcome::Ran { .. } | Outcome::Cached))
        };
        let named = sources.filter(is_read);
        named.map(|shown| shown.name.rsplit_once(' ').map_or("", |(_, source)| source)).collect()
    }

    /// Exports that failed, each as its name and why. In a build that succeeded these are caches
    /// (`exporting cache to registry`, `exporting to GitHub Actions Cache`) with `ignore-error=true`.
    #[must_use]
    pub fn failed_exports(&self) -> Vec<(&str, &str)> {
        let exports = self.trace.iter().map(|(_, shown)| shown);
        let is_failed = |shown: &&Shown| {
            let error = shown.error();
            VertexKind::of(&shown.name) == VertexKind::Export
                && !error.is_empty()
                && !Vertex::is_canceled(error)
        };
        exports.filter(is_failed).map(|shown| (&*shown.name, shown.error())).collect()
    }

    /// Digests of the manifests, indexes and configurations that were exported so far, or about to be:
    /// also in a build that fails later, and has no metadata. A store without manifests knows an image
    /// by its configuration.
    pub fn exported_digests(&self) -> impl Iterator<Item = &str> {
        self.exported.iter().map(String::as_str)
    }

    /// Bytes of contexts sent to the builder so far. What the builder still had from an earlier
    /// build isn't sent again.
    #[must_use]
    pub fn transferred_bytes(&self) -> u64 {
        self.transferred.values().sum()
    }

    /// Findings of the build checks, each once, in order of appearance.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn all_steps(&self) -> impl Iterator<Item = &Shown> {
        let steps = self.trace.iter().map(|(_, shown)| shown);
        steps.filter(|shown| VertexKind::of(&shown.name) == VertexKind::Step)
    }

    fn steps_with(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<&str> {
        let is_wanted = |step: &&Shown| step.outcome().as_ref().is_some_and(&wanted);
        let mut steps: Vec<&Shown> = self.all_steps().filter(is_wanted).collect();
        // BuildKit names the steps from the last to the first.
        steps.sort_by_key(|step| step.started());
        steps.into_iter().map(|step| &*step.name).collect()
    }
}

/// As in `exporting manifest sha256:…` and `pushing manifest for registry.example/x:1@sha256:…`;
/// `writing image sha256:…` is said by Docker's own store.
fn exported_digest(status: &str) -> Option<&str> {
    let kinds = [
        "exporting manifest ",
        "exporting index ",
        "pushing manifest for ",
        "exporting config ",
        "writing image ",
    ];
    let rest = kinds.iter().find_map(|kind| status.strip_prefix(kind))?;
    let digest = &rest[rest.find("sha256:")?..];
    (digest.len() == "sha256:".len() + 64).then_some(digest)
}

impl Tail {
    fn to_lines(&self) -> Vec<String> {
        let lines: Vec<String> = self.lines.iter().cloned().chain(self.open.open()).collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec()
    }
}

#[cfg(test)]
mod tests;
