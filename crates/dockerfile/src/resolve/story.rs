//! What happens in the stages of a build, in order, and what each `RUN` finds: its folder, its
//! variables, the files that were brought in before it.
//!
//! It reads no command: what a `RUN` does with what it finds is for the caller to judge. What an
//! external base image sets is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Origin};
use super::keep::places;
use super::{ContextRead, Resolved};
use crate::heredoc::Heredoc;
use crate::instruction::Command;
use crate::reach::Reach;

/// The folder that a base image starts in. No real path has this character.
const BASE_FOLDER: &str = "/\0";

/// All stages that a target needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Story {
    stages: BTreeMap<usize, StageStory>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StageStory {
    base: Origin,
    platform: StagePlatform,
    events: Vec<Event>,
}

/// The platform of what a stage is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagePlatform {
    /// The one that is built for.
    Target,
    /// The one that the Dockerfile names.
    Named(String),
    /// The one of the machine that builds, or one that an arg decides.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// `ENV` or `ARG`; `None` for what can't be known.
    Set {
        name: Option<String>,
        value: Option<String>,
        is_arg: bool,
    },
    Workdir(String),
    /// `None`: not understood.
    Shell(Option<Vec<String>>),
    Place(Placed),
    Run(Box<RunStep>),
}

/// Files that come to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Which of [`Resolved::sources`]; `None`: they are of no context.
    pub(super) source: Option<usize>,
    /// The destination as it is written and expanded, see [`join`]; `None`: it may be anywhere.
    pub(super) to: Option<String>,
}

/// A `RUN` as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunStep {
    pub(super) line: usize,
    pub(super) command: Command,
    pub(super) heredocs: Vec<Heredoc>,
    pub(super) mounts: Vec<Placed>,
    /// Variables whose values are secrets; empty where the name can't be known.
    pub(super) secrets: Vec<String>,
}

/// A `RUN`, and what it finds.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'r> {
    resolved: &'r Resolved,
    stage: usize,
    /// Which event of the stage.
    at: usize,
    run: &'r RunStep,
}

/// What the stage of a `RUN` is based on in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'r> {
    /// Nothing.
    Scratch,
    /// An image or a named context, by the name in the Dockerfile after expansion.
    Outside(&'r str),
}

/// The folder of a stage before its first `WORKDIR`.
pub(super) fn base_folder(origin: &Origin) -> String {
    match origin {
        Origin::Scratch => "/".to_owned(),
        Origin::Outside(_) | Origin::Stage(_) => BASE_FOLDER.to_owned(),
    }
}

/// A folder that can't be known, and that no other instruction's equals.
pub(super) fn unknown_folder(number: usize) -> String {
    format!("{BASE_FOLDER}{number}")
}

/// Whether a folder or path lies below one that isn't known.
pub(super) fn is_unknown(path: &str) -> bool {
    path.starts_with(BASE_FOLDER)
}

/// `path` as seen from `folder`, cleaned. `None`: it leads out of a folder that isn't known.
#[must_use]
pub fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(crate::gopath::clean(path));
    }
    let leads_up = path.split('/').any(|component| component == "..");
    (!leads_up || !is_unknown(folder)).then(|| crate::gopath::clean(&format!("{folder}/{path}")))
}

/// Whether a path can be known to lie outside a folder; `folder` itself lies inside.
#[must_use]
pub fn is_outside(path: &str, folder: &str) -> bool {
    match (is_unknown(path), is_unknown(folder)) {
        // No base image starts in one of these.
        (true, false) => return is_of_system(folder),
        (false, true) => return is_of_system(path),
        _ => {}
    }
    let below = path.strip_prefix(folder.trim_end_matches('/'));
    let inside = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // Two unknown folders may be one and the same.
    let root = |path: &str| path.split('/').nth(1).map(str::to_owned);
    !inside && (!is_unknown(path) || root(path) == root(folder))
}

fn is_of_system(path: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/usr/bin",
        "/usr/sbin",
        "/usr/lib",
        "/usr/local/bin",
        "/usr/local/lib",
        "/etc",
        "/run",
        "/tmp",
        "/root/.cache",
        "/root/.local",
    ];
    let is_below = |folder: &&str| {
        path.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    FOLDERS.iter().any(is_below) || path.starts_with("/var/lib/") || path.starts_with("/var/cache/")
}

impl Story {
    pub(super) fn begin(&mut self, stage: usize, graph: &Graph<'_>) {
        let node = &graph.nodes[stage];
        let platform = match (&node.stage.platform, &node.platform) {
            (Some(raw), Some(platform)) if !raw.contains('$') => {
                StagePlatform::Named(platform.clone())
            }
            (Some(raw), _) if !["$TARGETPLATFORM", "${TARGETPLATFORM}"].contains(&raw.as_str()) => {
                StagePlatform::Unknown
            }
            _ => StagePlatform::Target,
        };
        // What replaces a stage is no stage.
        let base = match &node.base {
            Origin::Stage(base) if graph.nodes[*base].replaced_by.is_some() => {
                Origin::Outside(graph.nodes[*base].stage.name.clone().unwrap_or_default())
            }
            base => base.clone(),
        };
        self.stages.insert(stage, StageStory { base, platform, events: Vec::new() });
    }

    pub(super) fn push(&mut self, stage: usize, event: Event) {
        if let Some(story) = self.stages.get_mut(&stage) {
            story.events.push(event);
        }
    }

    /// What happened before an event of a stage, from the base image on.
    fn before(&self, stage: usize, at: usize) -> (&StageStory, Vec<&[Event]>) {
        let mut story = &self.stages[&stage];
        let mut parts = vec![&story.events[..at]];
        while let Origin::Stage(base) = story.base {
            let Some(next) = self.stages.get(&base) else { break };
            story = next;
            parts.push(&story.events);
        }
        parts.reverse();
        (story, parts)
    }
}

impl Resolved {
    /// The `RUN`s of all stages that the target needs, by stage and line.
    pub fn runs(&self) -> impl Iterator<Item = RunView<'_>> {
        self.story.stages.iter().flat_map(move |(&stage, story)| {
            let runs = story.events.iter().enumerate();
            runs.filter_map(move |(at, event)| match event {
                Event::Run(run) => Some(RunView { resolved: self, stage, at, run }),
                _ => None,
            })
        })
    }

    /// The variables that an image inherits which is based on this one, as in
    /// [`RunView::variables`].
    pub fn inherited_variables(&self) -> BTreeMap<Option<&str>, Option<&str>> {
        variables(&self.of_target(), false)
    }

    /// Likewise the shell, as in [`RunView::shell`].
    pub fn inherited_shell(&self) -> Option<&Option<Vec<String>>> {
        shell(&self.of_target())
    }

    fn of_target(&self) -> Vec<&[Event]> {
        let target = self.keeping.target();
        match self.story.stages.get(&target) {
            Some(story) => self.story.before(target, story.events.len()).1,
            None => Vec::new(),
        }
    }

    /// What the image is based on in the end.
    pub fn root(&self) -> Root<'_> {
        let target = self.keeping.target();
        match self.story.stages.get(&target) {
            Some(_) => root_of(self.story.before(target, 0).0),
            None => Root::Scratch,
        }
    }
}

fn root_of(story: &StageStory) -> Root<'_> {
    match &story.base {
        Origin::Outside(name) => Root::Outside(name),
        Origin::Scratch | Origin::Stage(_) => Root::Scratch,
    }
}

fn variables<'e>(
    parts: &[&'e [Event]],
    with_args: bool,
) -> BTreeMap<Option<&'e str>, Option<&'e str>> {
    let mut variables = BTreeMap::new();
    for event in parts.iter().copied().flatten() {
        if let Event::Set { name, value, is_arg } = event
            && (with_args || !is_arg)
        {
            variables.insert(name.as_deref(), value.as_deref());
        }
    }
    variables
}

fn shell<'e>(parts: &[&'e [Event]]) -> Option<&'e Option<Vec<String>>> {
    let events = parts.iter().rev().flat_map(|events| events.iter().rev());
    let mut shells = events.filter_map(|event| match event {
        Event::Shell(shell) => Some(shell),
        _ => None,
    });
    shells.next()
}

impl<'r> RunView<'r> {
    fn before(&self) -> (&'r StageStory, Vec<&'r [Event]>) {
        self.resolved.story.before(self.stage, self.at)
    }

    /// The line it begins on, from 1. An `ONBUILD` runs on the line of the `FROM`.
    pub fn line(&self) -> usize {
        self.run.line
    }

    /// What is run.
    pub fn command(&self) -> &'r Command {
        &self.run.command
    }

    /// The here-documents of the command.
    pub fn heredocs(&self) -> &'r [Heredoc] {
        &self.run.heredocs
    }

    /// How many instructions come before it: what it costs to look at them.
    pub fn depth(&self) -> usize {
        self.before().1.iter().map(|events| events.len()).sum()
    }

    /// The variables that the Dockerfile has set, and those that a secret sets. A name or a value is
    /// `None` where it can't be known.
    pub fn variables(&self) -> BTreeMap<Option<&'r str>, Option<&'r str>> {
        let mut variables = variables(&self.before().1, true);
        let secrets = self.run.secrets.iter().map(|name| Some(name.as_str()));
        variables.extend(secrets.map(|name| (name.filter(|name| !name.is_empty()), None)));
        variables
    }

    /// The `SHELL` that the Dockerfile has set; `Some(None)`: one that is not understood.
    pub fn shell(&self) -> Option<&'r Option<Vec<String>>> {
        shell(&self.before().1)
    }

    /// The folder it starts in. See [`join`] for paths below it: it may not be known where it is.
    pub fn folder(&self) -> String {
        let (root, parts) = self.before();
        let events = parts.iter().rev().flat_map(|events| events.iter().rev());
        let mut folders = events.filter_map(|event| match event {
            Event::Workdir(folder) => Some(folder.clone()),
            _ => None,
        });
        folders.next().unwrap_or_else(|| base_folder(&root.base))
    }

    /// What its stage is based on in the end.
    pub fn root(&self) -> Root<'r> {
        root_of(self.before().0)
    }

    /// The platform of that.
    pub fn platform(&self) -> &'r StagePlatform {
        &self.before().0.platform
    }

    /// The `RUN`s that come before it in its stage, and in those that this one is based on.
    pub fn earlier(&self) -> Vec<RunView<'r>> {
        let mut earlier = Vec::new();
        let (mut stage, mut end) = (self.stage, self.at);
        loop {
            let story = &self.resolved.story.stages[&stage];
            for (at, event) in story.events[..end].iter().enumerate() {
                if let Event::Run(run) = event {
                    earlier.push(RunView { resolved: self.resolved, stage, at, run });
                }
            }
            let Origin::Stage(base) = story.base else { return earlier };
            let Some(next) = self.resolved.story.stages.get(&base) else { return earlier };
            (stage, end) = (base, next.events.len());
        }
    }

    /// Whether this is the same `RUN`.
    pub fn is(&self, other: &RunView<'_>) -> bool {
        (self.stage, self.at) == (other.stage, other.at)
    }

    fn placed(&self) -> impl Iterator<Item = &'r Placed> {
        let events = self.before().1.into_iter().flatten();
        let placed = events.filter_map(|event| match event {
            Event::Place(placed) => Some(placed),
            _ => None,
        });
        placed.chain(&self.run.mounts)
    }

    /// Where the file at `path` of a context (`None`: the main one) may lie when the command
    /// starts. Empty: it doesn't see the file. `None`: it may be anywhere.
    pub fn places_of(&self, context: Option<&str>, path: &str) -> Option<BTreeSet<String>> {
        let mut all = BTreeSet::new();
        for placed in self.placed() {
            let Some(read) = placed.source.map(|source| &self.resolved.sources[source]) else {
                continue;
            };
            if read.context.as_deref() != context || !Reach::new([read]).reads(path) {
                continue;
            }
            all.extend(places(read, placed.to.as_deref()?, path));
        }
        Some(all)
    }

    /// Whether what the command leaves at `place` may become part of the image.
    pub fn may_keep(&self, place: &str) -> bool {
        let places = BTreeSet::from([place.to_owned()]);
        self.resolved.keeping.may_keep(self.stage, Some(&places).filter(|_| !is_unknown(place)))
    }

    /// Where files come to that are of no context: from a stage, an image, the network, the
    /// Dockerfile. `None`: they may be anywhere.
    pub fn foreign_places(&self) -> impl Iterator<Item = Option<&'r str>> {
        self.placed().filter(|placed| placed.source.is_none()).map(|placed| placed.to.as_deref())
    }

    /// What is read of contexts, and the place where it comes to. `None`: it may be anywhere.
    pub fn reads(&self) -> impl Iterator<Item = (&'r ContextRead, Option<&'r str>)> {
        self.placed().filter_map(|placed| {
            Some((&self.resolved.sources[placed.source?], placed.to.as_deref()))
        })
    }
}
