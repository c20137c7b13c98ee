//! What a build of one target refers to and reads.
//!
//! The stages that the target stands on are found as `dockerfile2llb/convert.go` finds them
//! ([`graph`]), and their instructions are gone through with the variables that BuildKit
//! would have at each of them ([`evaluate`]). No image is looked at: what hangs on an image's
//! own environment, or on its `ONBUILD`, can't be known here. The first becomes a [`Note`],
//! the second is left to the caller.
//!
//! Instructions that only set metadata are not expanded, so that what BuildKit refuses in them
//! (`LABEL a=${X?}`) is not refused here.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::canonical_directives;
use crate::dockerfile::Dockerfile;
use crate::fault::{Fault, Refusal};
use crate::instruction::InstructionKind;
use crate::platform::{Platform, is_predefined, predefined_args};
use crate::remote::RemoteKind;

mod chain;
mod cut;
mod environment;
mod evaluate;
mod graph;
mod keep;
mod story;
mod transfer;

pub use chain::{Chmod, hides_files};
pub use cut::Cut;
use environment::Expander;
use graph::Graph;
use keep::{Destination, Keeping};
use story::{Event, Placed, Story};
pub use story::{Root, RunView, StagePlatform, is_outside, join};

/// What a build is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'s> {
    /// The stage to build; `None` or empty for the last one.
    pub target: Option<&'s str>,
    /// Build args. One that no `ARG` declares has no effect, apart from those of
    /// [`acts_undeclared`].
    pub args: &'s BTreeMap<String, String>,
    /// The platform to build for, such as `linux/amd64`.
    pub platform: &'s str,
    /// The platform to build on; `None` where it is the same.
    pub build_platform: Option<&'s str>,
    /// The names of the named contexts that are handed to the build.
    pub named_contexts: &'s BTreeSet<String>,
}

/// The answer of [`Dockerfile::resolve`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The stages that the target stands on, itself included, in file order. A stage that a
    /// named context replaces is not among them: nothing in it is run.
    pub stages: Vec<usize>,
    /// Every image and named context that they refer to, in the order of the file.
    pub references: Vec<Reference>,
    /// The args declared before the first stage or in one of the stages.
    pub declared_args: BTreeSet<String>,
    /// What determines the result apart from files and args, in one canonical text per
    /// instruction: the directives that change the meaning of the rest, the global args, and
    /// each stage's `FROM` and instructions, those it takes over from an `ONBUILD` included.
    ///
    /// Comments, continuations, the keyword's case and blanks between arguments don't show;
    /// anything else does. The encoding is unambiguous.
    pub instructions: Vec<String>,
    /// Whether anything of the main context is read.
    pub reads_main_context: bool,
    /// What is read of the contexts, in the order of the file.
    pub sources: Vec<ContextRead>,
    /// What is fetched from the network by `ADD`.
    pub remotes: Vec<RemoteSource>,
    /// What could not be determined; each is covered by a read of a whole context.
    pub undetermined: Vec<Note>,
    /// The image from outside that the target begins with, in `references`; `None`: there is none.
    pub base: Option<usize>,
    /// Whether the `FROM` of that image names the platform of the builder, as by `$BUILDPLATFORM`.
    pub begins_on_build_platform: bool,
    /// Modes that files of the image are given, in the order of the file.
    pub chmods: Vec<Chmod>,
    /// The secrets and SSH agents that are asked for, in the order of the file.
    pub asks: Vec<Ask>,
    /// Whether the image keeps an `ONBUILD`: what stands on it runs more than its own Dockerfile
    /// says.
    pub leaves_triggers: bool,
    /// What of all that is read may stay in the image, see [`Resolved::may_keep`].
    pub(crate) keeping: Keeping,
    /// What happens in the stages, see [`Resolved::runs`].
    pub(crate) story: Story,
}

/// Something outside the Dockerfile that a stage refers to. `scratch` is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name after expansion.
    pub name: String,
    /// The name as written.
    pub raw: String,
    /// Where, counted from 1.
    pub line: usize,
    /// How.
    pub via: Via,
    /// The `--platform` of a `FROM` after expansion; `None` for the platform built for.
    pub platform: Option<String>,
    /// The variable's name where `raw` is exactly one `$X` or `${X…}`.
    pub from_arg: Option<String>,
    /// The named context that answers to the name, as it is called in
    /// [`Settings::named_contexts`]; `None` for an image.
    pub named_context: Option<String>,
    /// A stage with nearly this name, where the name may be a typing error: BuildKit takes it for
    /// an image.
    pub similar_stage: Option<String>,
}

/// How a stage refers to something outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// `FROM`
    From,
    /// `COPY --from=`
    CopyFrom,
    /// `RUN --mount=from=`
    MountFrom,
}

/// Files of a context that an instruction reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextRead {
    /// `None` for the main context, else the context's name in [`Settings::named_contexts`].
    pub context: Option<String>,
    /// Paths and patterns below the context's root, cleaned; `.` is all of it.
    ///
    /// With `parents`, a pattern has the syntax of `.dockerignore`, and where it is written
    /// with a pivot it is `folder/./pattern`: the pattern counts below the folder. Else it
    /// has that of Go's `filepath.Match`.
    pub patterns: Vec<String>,
    /// What `--exclude` leaves out, as written.
    pub excludes: Vec<String>,
    /// `COPY --parents`
    pub parents: bool,
    /// Where, counted from 1.
    pub line: usize,
}

/// A source of `ADD` that is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSource {
    /// The URL or git reference after expansion.
    pub source: String,
    /// Which of the two.
    pub kind: RemoteKind,
    /// What pins it: the `--checksum`, or the commit that a git reference asks for. Without
    /// one, what arrives may differ from build to build.
    pub checksum: Option<String>,
    /// Where, counted from 1.
    pub line: usize,
}

/// A `RUN --mount` of a secret or of an SSH agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which of the two; `None` where it can't be known, and then it may be another mount.
    pub kind: Option<AskKind>,
    /// By which id; `None` where it can't be known.
    pub id: Option<String>,
    /// Whether the build fails without it.
    pub required: bool,
    /// Where, counted from 1.
    pub line: usize,
}

/// What a `RUN` can ask of whoever builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskKind {
    /// `--mount=type=secret`
    Secret,
    /// `--mount=type=ssh`
    Ssh,
}

/// Why something is taken for read although nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where, counted from 1.
    pub line: usize,
    /// A lowercase fragment without a final period.
    pub message: String,
}

impl Resolved {
    /// A stage that begins with a named context has all of it.
    fn read_named_context(&mut self, stage: usize, context: &str, line: usize) {
        self.sources.push(ContextRead {
            context: Some(context.to_owned()),
            patterns: vec![".".to_owned()],
            excludes: Vec::new(),
            parents: false,
            line,
        });
        self.keeping.add_read(stage, Destination::Path("/".to_owned()));
        let placed = Placed { source: Some(self.sources.len() - 1), to: Some("/".to_owned()) };
        self.story.push(stage, Event::Place(placed));
    }
}

/// Whether a build arg has an effect although no `ARG` declares it: the proxy settings, the
/// platform args, `SOURCE_DATE_EPOCH` and BuildKit's own switches.
///
/// The proxy settings (`HTTP_PROXY` and the like, in any case) reach the environment of `RUN`
/// only, and BuildKit leaves them out of its cache keys.
#[must_use]
pub fn acts_undeclared(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let proxy =
        ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"].contains(&&*lower);
    proxy || is_predefined(name) || name == "SOURCE_DATE_EPOCH" || name.starts_with("BUILDKIT_")
}

impl Dockerfile {
    /// Determines what a build with these settings refers to and reads.
    ///
    /// # Errors
    /// What BuildKit refuses once the args are known: an unknown target, a base without a
    /// name, a variable that must not be unset, a `--from` of a later stage and so on.
    pub fn resolve(&self, settings: &Settings<'_>) -> Result<Resolved, Vec<Fault>> {
        let global = self.global_variables(settings)?;
        let mut graph = Graph::build(self, settings, &global)?;
        let target = self.target_index(settings).map_err(|refusal| vec![refusal.at(1, 1)])?;
        let reached = graph.reach(target)?;
        let mut resolved = Resolved {
            declared_args: self.global_args.iter().map(|arg| arg.name.clone()).collect(),
            instructions: canonical_directives(&self.directives),
            ..Resolved::default()
        };
        resolved.instructions.extend(self.canonical_global_args());
        let instructions = &self.stages[target].instructions;
        resolved.leaves_triggers =
            instructions.iter().any(|i| matches!(i.kind, InstructionKind::Onbuild(_)));
        resolved.keeping = Keeping::new(target, &graph);
        evaluate::evaluate(&graph, &reached, settings, &global, &mut resolved)?;
        graph.add_target_reference(target, &mut resolved);
        resolved.references.sort_by_key(|reference| reference.line);
        resolved.follow_chain(target, &graph);
        resolved.reads_main_context = resolved.sources.iter().any(|read| read.context.is_none());
        Ok(resolved)
    }

    /// The stage that is built. A name that two stages have is the later one's.
    fn target_index(&self, settings: &Settings<'_>) -> Result<usize, Refusal> {
        let Some(target) = settings.target.filter(|target| !target.is_empty()) else {
            return Ok(self.stages.len() - 1);
        };
        let lower = target.to_lowercase();
        let found = self.stages.iter().rposition(|stage| stage.name.as_deref() == Some(&*lower));
        found.ok_or_else(|| {
            let names: Vec<String> = self.stage_names().map(|name| format!("`{name}`")).collect();
            let refusal = Refusal::new(format!("no stage has the name `{target}`"));
            if names.is_empty() {
                refusal.hint("no stage has a name: leave `target` out, or write `FROM … AS name`")
            } else {
                refusal.hint(format!("the named stages are {}", names.join(", ")))
            }
        })
    }

    /// The variables that `FROM` lines see, which are also the values of args that a stage
    /// declares without a default.
    fn global_variables(
        &self,
        settings: &Settings<'_>,
    ) -> Result<BTreeMap<String, String>, Vec<Fault>> {
        let platform = |text: &str| {
            let parsed = Platform::parse(text).and_then(|platform| match text.contains('/') {
                true => Ok(platform),
                false => Err(Refusal::new(format!("platform `{text}` is only half of one"))
                    .hint("write it as `linux/amd64`")),
            });
            parsed.map_err(|refusal| vec![refusal.at(1, 1)])
        };
        let target_platform = platform(settings.platform)?;
        let build_platform = platform(settings.build_platform.unwrap_or(settings.platform))?;
        let last_name = self.stages.last().and_then(|stage| stage.name.as_deref());
        let target = settings.target.filter(|target| !target.is_empty()).or(last_name);
        let mut variables = predefined_args(
            &build_platform,
            &target_platform,
            target.unwrap_or_default(),
            settings.args,
        );
        let expander = Expander::new(self.directives.escape);
        let mut faults = Vec::new();
        for arg in &self.global_args {
            let value = match (settings.args.get(&arg.name), &arg.default) {
                (Some(value), _) => value.clone(),
                (None, None) => continue,
                (None, Some(default)) => match expander.expand(default, &variables) {
                    Ok(value) => value,
                    Err(error) => {
                        faults.push(Refusal::new(error.to_string()).at(arg.line, 1));
                        continue;
                    }
                },
            };
            variables.insert(arg.name.clone(), value);
        }
        if faults.is_empty() { Ok(variables) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests;
