//! Goes through the instructions of the stages that a target needs.
//!
//! Every stage is gone through once, in file order, with its environment as it is at each
//! instruction.

use std::collections::BTreeMap;

use super::environment::{Environment, Expander};
use super::graph::{Graph, Origin, StageNode, Step};
use super::keep::Destination;
use super::story::{Event, Placed, RunStep, base_folder, is_unknown, join, unknown_folder};
use super::{Ask, AskKind, ContextRead, Note, Reference, Resolved, Settings, Via};
use crate::expand::ExpandError;
use crate::fault::{Fault, Refusal, excerpt};
use crate::gomatch::has_wildcards;
use crate::gopath::{below_root, clean};
use crate::instruction::{Arg, InstructionKind, Run};
use crate::json::{JsonForm, parse_json_form};
use crate::mount::{ExpandedMount, MountKind};

/// Args that BuildKit keeps out of the environment.
const NOT_IN_ENVIRONMENT: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// All copies of environments together may have this many bytes. A stage that would take over one
/// more is taken to know nothing of its variables.
const MOST_COPIED: usize = 64 * 1024 * 1024;

/// No Linux path is longer.
const LONGEST_PATH: usize = 4095;

/// One stage, while it is gone through.
pub(super) struct Walk<'g> {
    pub(super) graph: &'g Graph<'g>,
    pub(super) expander: &'g Expander,
    settings: &'g Settings<'g>,
    global: &'g BTreeMap<String, String>,
    pub(super) resolved: &'g mut Resolved,
    pub(super) faults: &'g mut Vec<Fault>,
    /// The index of the stage.
    pub(super) index: usize,
    pub(super) environment: Environment,
    /// The folder that relative paths start from, see [`join`].
    workdir: String,
    /// Where the current instruction stands.
    pub(super) line: usize,
    column: usize,
}

/// Files that an instruction takes from somewhere.
pub(super) enum Files {
    /// Those of the main context (`None`) or of a named one.
    Context(Option<String>),
    /// Those of a stage or an image, or none.
    Elsewhere,
}

pub(super) fn evaluate(
    graph: &Graph<'_>,
    reached: &[bool],
    settings: &Settings<'_>,
    global: &BTreeMap<String, String>,
    resolved: &mut Resolved,
) -> Result<(), Vec<Fault>> {
    let expander = Expander::new(graph.dockerfile.directives.escape);
    let mut faults = Vec::new();
    let stages: Vec<usize> = (0..reached.len()).filter(|&index| reached[index]).collect();
    // How many stages have yet to take over each stage's environment.
    let mut heirs = vec![0_usize; reached.len()];
    for &index in &stages {
        if let Origin::Stage(base) = graph.nodes[index].base {
            heirs[base] += 1;
        }
    }
    let mut environments: Vec<Option<Environment>> = vec![None; reached.len()];
    let mut copied = 0;
    let mut workdirs: Vec<String> = vec![String::new(); reached.len()];
    for &index in &stages {
        resolved.story.begin(index, graph);
        let workdir = match &graph.nodes[index].base {
            Origin::Stage(base) if !workdirs[*base].is_empty() => workdirs[*base].clone(),
            base => base_folder(base),
        };
        let environment = match graph.nodes[index].base {
            Origin::Scratch => Environment::empty(),
            Origin::Outside(_) => Environment::unknown(),
            Origin::Stage(base) => {
                heirs[base] -= 1;
                let left = &mut environments[base];
                let taken = if heirs[base] == 0 {
                    left.take()
                } else {
                    if copied <= MOST_COPIED {
                        copied += left.as_ref().map_or(0, Environment::size);
                    }
                    if copied <= MOST_COPIED { left.clone() } else { None }
                };
                // A stage that a named context replaces has left none.
                taken.unwrap_or_else(Environment::unknown)
            }
        };
        let mut walk = Walk {
            graph,
            expander: &expander,
            settings,
            global,
            resolved,
            faults: &mut faults,
            index,
            environment,
            workdir,
            line: 0,
            column: 0,
        };
        walk.stage(&graph.nodes[index]);
        environments[index] = Some(walk.environment).filter(|_| heirs[index] > 0);
        workdirs[index] = walk.workdir;
    }
    resolved.stages = stages;
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

impl Walk<'_> {
    fn stage(&mut self, node: &StageNode<'_>) {
        self.line = node.stage.line;
        self.column = node.stage.column;
        self.resolved.instructions.push(node.stage.canonical.clone());
        match self.refer(&node.base, &node.stage.base, Via::From, &node.platform) {
            Ok(Files::Context(Some(context))) => {
                self.resolved.read_named_context(self.index, &context, self.line);
            }
            Ok(_) => {}
            Err(refusal) => self.refuse(refusal),
        }
        for step in node.triggers.iter().chain(&node.steps) {
            self.line = step.instruction.line;
            self.column = step.instruction.column;
            self.resolved.instructions.push(step.instruction.canonical.clone());
            if let Err(refusal) = self.step(step) {
                self.refuse(refusal);
            }
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.faults.push(refusal.at(self.line, self.column));
    }

    fn step(&mut self, step: &Step) -> Result<(), Refusal> {
        match &step.instruction.kind {
            InstructionKind::Arg(args) => args.iter().try_for_each(|arg| self.arg(arg)),
            InstructionKind::Env(pairs) => self.env(pairs),
            InstructionKind::Workdir(path) => self.workdir(path),
            InstructionKind::Run(run) => self.run(run, &step.origins),
            InstructionKind::Copy(copy) => self.copy(copy, step.origins.first()),
            InstructionKind::Add(add) => self.add(add),
            InstructionKind::Other { keyword: "SHELL", text } => {
                let shell = match parse_json_form(text) {
                    JsonForm::Strings(words) => Some(words),
                    JsonForm::No | JsonForm::NotStrings => None,
                };
                self.note(Event::Shell(shell));
                Ok(())
            }
            // An ONBUILD counts where another stage stands on this one.
            InstructionKind::Onbuild(_) | InstructionKind::Other { .. } => Ok(()),
        }
    }

    /// The word's value, or `Err` within `Ok` where it can't be known.
    pub(super) fn expand(&self, word: &str) -> Result<Result<String, ExpandError>, Refusal> {
        match self.expander.expand(word, &self.environment) {
            Err(ExpandError::Refused(message)) => Err(Refusal::new(message)),
            expanded => Ok(expanded),
        }
    }

    fn arg(&mut self, arg: &Arg) -> Result<(), Refusal> {
        self.resolved.declared_args.insert(arg.name.clone());
        let value = match (self.settings.args.get(&arg.name), &arg.default) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(default)) => self.expand(default)?.ok(),
            (None, None) => match self.global.get(&arg.name) {
                Some(value) => Some(value.clone()),
                // Declared without a value: whatever the environment holds stays.
                None => return Ok(()),
            },
        };
        if !NOT_IN_ENVIRONMENT.contains(&arg.name.as_str()) {
            self.note(Event::Set {
                name: Some(arg.name.clone()),
                value: value.clone(),
                is_arg: true,
            });
            self.environment.set(arg.name.clone(), value);
        }
        Ok(())
    }

    /// All pairs see the environment as it is before the instruction.
    fn env(&mut self, pairs: &[(String, String)]) -> Result<(), Refusal> {
        let expanded = pairs
            .iter()
            .map(|(name, value)| Ok((self.expand(name)?, self.expand(value)?.ok())))
            .collect::<Result<Vec<_>, Refusal>>()?;
        for (name, value) in expanded {
            let (set, value_set) = (name.clone().ok(), value.clone());
            self.note(Event::Set { name: set, value: value_set, is_arg: false });
            match name {
                Ok(name) => self.environment.set(name, value),
                Err(_) => self.environment.forget(),
            }
        }
        Ok(())
    }

    fn workdir(&mut self, path: &str) -> Result<(), Refusal> {
        let known = self.expand(path)?.ok().and_then(|path| self.place(&path));
        self.workdir = known.unwrap_or_else(|| unknown_folder(self.resolved.instructions.len()));
        self.note(Event::Workdir(self.workdir.clone()));
        Ok(())
    }

    pub(super) fn note(&mut self, event: Event) {
        self.resolved.story.push(self.index, event);
    }

    /// A path of the stage, which may lie below a folder that isn't known.
    pub(super) fn place(&self, path: &str) -> Option<String> {
        join(&self.workdir, path).filter(|path| path.len() <= LONGEST_PATH)
    }

    fn run(&mut self, run: &Run, origins: &[Origin]) -> Result<(), Refusal> {
        let mut mounts = Vec::new();
        let mut secrets = Vec::new();
        for (mount, origin) in run.mounts.iter().zip(origins) {
            let expanded = mount.expand(|word| self.expander.expand(word, &self.environment))?;
            self.ask(&expanded);
            let copies = matches!(expanded.kind, None | Some(MountKind::Bind | MountKind::Cache));
            let files = match (&mount.from, &expanded.kind) {
                (Some(from), _) => self.refer(origin, from, Via::MountFrom, &None)?,
                // A cache without `from` begins empty, or with a stage of the name `scratch`.
                (None, Some(MountKind::Cache)) => {
                    self.refer(origin, "scratch", Via::MountFrom, &None)?
                }
                (None, _) => Files::Context(None),
            };
            if let (true, Files::Context(context)) = (copies, files) {
                let unknown = expanded
                    .undetermined
                    .filter(|_| expanded.kind.is_none() || expanded.source.is_none());
                let pattern = expanded.source.map(|source| self.mount_source(&source));
                let read = ContextRead {
                    context,
                    patterns: pattern.into_iter().collect(),
                    excludes: Vec::new(),
                    parents: false,
                    line: self.line,
                };
                let to = expanded.target.filter(|_| unknown.is_none());
                let to = to.and_then(|target| self.place(&target));
                mounts.push(self.read(read, unknown, to, true));
                continue;
            }
            if let Origin::Stage(stage) = origin {
                let source = expanded.source.as_deref().map(|source| clean(&format!("/{source}")));
                self.resolved.keeping.add_copy(*stage, source.into_iter().collect());
            }
            secrets.extend(expanded.env);
            let to = match expanded.target {
                // A secret has a place of its own, an agent's socket too.
                Some(target) if target.is_empty() => continue,
                target => target.and_then(|target| self.place(&target)),
            };
            mounts.push(Placed { source: None, to });
        }
        let (command, heredocs) = (run.command.clone(), run.heredocs.clone());
        let step = RunStep { line: self.line, command, heredocs, mounts, secrets };
        self.note(Event::Run(Box::new(step)));
        Ok(())
    }

    fn ask(&mut self, mount: &ExpandedMount) {
        let kind = match &mount.kind {
            Some(MountKind::Secret) => Some(AskKind::Secret),
            Some(MountKind::Ssh) => Some(AskKind::Ssh),
            Some(_) => return,
            None => None,
        };
        let required = kind.is_some() && mount.required == Some(true);
        self.resolved.asks.push(Ask { kind, id: mount.id.clone(), required, line: self.line });
    }

    /// A mount's source is a path, whatever characters are in it; a pattern can't say that.
    fn mount_source(&mut self, source: &str) -> String {
        let path = below_root(source);
        if !has_wildcards(&path) {
            return path;
        }
        let message = format!(
            "`{}` is no pattern in a mount: the whole context is taken for read",
            excerpt(source)
        );
        self.resolved.undetermined.push(Note { line: self.line, message });
        ".".to_owned()
    }

    /// Adds a read, of the whole context where something about it isn't known, and says what comes
    /// where.
    pub(super) fn read(
        &mut self,
        mut read: ContextRead,
        unknown: Option<ExpandError>,
        to: Option<String>,
        is_mounted: bool,
    ) -> Placed {
        let to = to.filter(|_| unknown.is_none());
        let destination = match &to {
            _ if is_mounted => Destination::Mount,
            Some(path) if !is_unknown(path) => Destination::Path(path.clone()),
            _ => Destination::Unknown,
        };
        if let Some(unknown) = unknown {
            read.patterns = vec![".".to_owned()];
            read.parents = false;
            let reason = match unknown {
                ExpandError::Undetermined(name) => {
                    format!("`{name}` may be set by the environment of the base image")
                }
                other => other.to_string(),
            };
            let message = format!("{reason}: the whole context is taken for read");
            self.resolved.undetermined.push(Note { line: self.line, message });
        }
        self.resolved.sources.push(read);
        self.resolved.keeping.add_read(self.index, destination);
        Placed { source: Some(self.resolved.sources.len() - 1), to }
    }

    /// Notes a reference to something outside, and says what files it stands for.
    pub(super) fn refer(
        &mut self,
        origin: &Origin,
        raw: &str,
        via: Via,
        platform: &Option<String>,
    ) -> Result<Files, Refusal> {
        let (name, named_context) = match origin {
            Origin::Scratch => return Ok(Files::Elsewhere),
            Origin::Outside(name) => (name.clone(), self.graph.named_context(name)?),
            Origin::Stage(index) => {
                let node = &self.graph.nodes[*index];
                let Some(context) = &node.replaced_by else {
                    return self.check_order(*index, raw);
                };
                let name = node.stage.name.clone().expect("only a named stage is replaced");
                (name, Some(context.clone()))
            }
        };
        let from_arg = if via == Via::From { self.graph.base_variable(raw) } else { None };
        let files = match &named_context {
            Some(context) => Files::Context(Some(context.clone())),
            None => Files::Elsewhere,
        };
        self.resolved.references.push(Reference {
            name,
            raw: raw.to_owned(),
            line: self.line,
            via,
            platform: platform.clone(),
            from_arg,
            similar_stage: self.graph.similar_stage(origin, &named_context),
            named_context,
        });
        Ok(files)
    }

    fn check_order(&self, index: usize, raw: &str) -> Result<Files, Refusal> {
        if index < self.index {
            return Ok(Files::Elsewhere);
        }
        Err(Refusal::new(format!("stage `{raw}` comes after the one that reads it"))
            .hint("move the stage up"))
    }
}
