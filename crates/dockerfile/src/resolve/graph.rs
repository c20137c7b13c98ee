//! Which stages stand on which, and which of them a target needs.
//!
//! All stages are looked at, also those that the target doesn't need: BuildKit refuses a
//! Dockerfile for some faults in them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::environment::Expander;
use super::{Reference, Resolved, Settings, Via};
use crate::dockerfile::{Dockerfile, Stage};
use crate::expand::{Variable, Variables, expand_word, single_variable};
use crate::fault::{Fault, Refusal, excerpt, nearest};
use crate::image_name::familiar_name;
use crate::instruction::{Copy, Instruction, InstructionKind};
use crate::lines::Lines;
use crate::node::read_nodes;
use crate::parse::{Statement, parse_statement};
use crate::platform::Platform;

/// All instructions that stages take over from an `ONBUILD` together may have this many bytes: they
/// are many stages times many instructions.
const MOST_TAKEN_OVER: usize = 64 * 1024 * 1024;

/// What a short one costs, as bytes.
const TRIGGER: usize = 256;

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nothing.
    Scratch,
    /// A stage, by its index.
    Stage(usize),
    /// An image or a named context.
    Outside(String),
}

/// An instruction as a stage runs it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) instruction: Instruction,
    /// That of a `COPY --from`, or one per mount of a `RUN`.
    pub(super) origins: Vec<Origin>,
}

pub(super) struct StageNode<'d> {
    pub(super) stage: &'d Stage,
    pub(super) base: Origin,
    pub(super) platform: Option<String>,
    /// The named context that replaces the stage.
    pub(super) replaced_by: Option<String>,
    pub(super) steps: Vec<Step>,
    /// What the stage runs first: the `ONBUILD`s of the stage it stands on.
    pub(super) triggers: Vec<Step>,
}

pub(super) struct Graph<'d> {
    pub(super) dockerfile: &'d Dockerfile,
    pub(super) nodes: Vec<StageNode<'d>>,
    /// Named contexts by their short name.
    contexts: HashMap<String, String>,
    /// The last stage of each name.
    by_name: HashMap<&'d str, usize>,
    global_names: HashSet<&'d str>,
    /// Bytes of the `ONBUILD`s that stages have taken over so far.
    taken_over: usize,
    /// What `COPY --from=<index>` counts. After the stages come all outside names in the order
    /// in which BuildKit meets them, one entry per mention; an index may hit one by accident.
    indexed: Vec<Origin>,
}

impl<'d> Graph<'d> {
    pub(super) fn build(
        dockerfile: &'d Dockerfile,
        settings: &Settings<'_>,
        global: &BTreeMap<String, String>,
    ) -> Result<Graph<'d>, Vec<Fault>> {
        let short = |name: &String| familiar_name(name).unwrap_or_else(|_| name.clone());
        let contexts = settings.named_contexts.iter().map(|name| (short(name), name.clone()));
        let mut graph = Graph {
            dockerfile,
            nodes: Vec::with_capacity(dockerfile.stages.len()),
            contexts: contexts.collect(),
            by_name: HashMap::new(),
            global_names: dockerfile.global_args.iter().map(|arg| arg.name.as_str()).collect(),
            taken_over: 0,
            indexed: (0..dockerfile.stages.len()).map(Origin::Stage).collect(),
        };
        let mut faults = Vec::new();
        let expander = Expander::new(dockerfile.directives.escape);
        for stage in &dockerfile.stages {
            let node = graph.stage_node(stage, &expander, global).unwrap_or_else(|refusal| {
                faults.push(refusal.at(stage.line, stage.column));
                StageNode::unusable(stage)
            });
            if let Some(name) = &stage.name {
                graph.by_name.insert(name, graph.nodes.len());
            }
            graph.nodes.push(node);
        }
        for index in 0..graph.nodes.len() {
            let stage = graph.nodes[index].stage;
            for instruction in &stage.instructions {
                match graph.step(instruction.clone()) {
                    Ok(step) => graph.nodes[index].steps.push(step),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if faults.is_empty() {
            faults.extend(graph.find_cycle());
        }
        if faults.is_empty() { Ok(graph) } else { Err(faults) }
    }

    fn stage_node(
        &self,
        stage: &'d Stage,
        expander: &Expander,
        global: &BTreeMap<String, String>,
    ) -> Result<StageNode<'d>, Refusal> {
        let missing = RefCell::new(Vec::new());
        let variables = Recording { variables: global, missing: &missing };
        let expand = |word: &str| {
            expander.expand(word, &variables).map_err(|error| Refusal::new(error.to_string()))
        };
        let base = expand(&stage.base)?;
        if base.is_empty() {
            let message = format!("the base `{}` of this stage is empty", excerpt(&stage.base));
            return Err(self.hint_at_missing(Refusal::new(message), &missing.borrow()));
        }
        let platform = match &stage.platform {
            None => None,
            Some(raw) => {
                let platform = expand(raw)?;
                let message = format!("the platform `{}` of this stage is empty", excerpt(raw));
                if platform.is_empty() {
                    return Err(self.hint_at_missing(Refusal::new(message), &missing.borrow()));
                }
                Platform::parse(&platform)?;
                Some(platform)
            }
        };
        let replaced_by = match stage.name.as_deref() {
            None | Some("scratch" | "context") => None,
            Some(name) => self.named_context(name)?,
        };
        let origin = match self.by_name.get(base.as_str()) {
            Some(&index) => Origin::Stage(index),
            None if base == "scratch" => Origin::Scratch,
            None => {
                familiar_name(&base)
                    .map_err(|refusal| self.hint_at_missing(refusal, &missing.borrow()))?;
                Origin::Outside(base)
            }
        };
        Ok(StageNode { base: origin, platform, replaced_by, ..StageNode::unusable(stage) })
    }

    /// Says how the variables that a `FROM` lacks are given.
    fn hint_at_missing(&self, refusal: Refusal, missing: &[String]) -> Refusal {
        let Some(name) = missing.first() else { return refusal };
        let declared = self.global_names.contains(name.as_str());
        let hint = match (declared, name.as_str()) {
            (true, "BASE_IMAGE") => {
                "`BASE_IMAGE` has no value: set `base`, or give it in `args`".to_owned()
            }
            (true, name) => format!("`{name}` has no value: give it in `args`"),
            (false, name) => format!("declare `ARG {name}` before the first FROM"),
        };
        refusal.hint(hint)
    }

    /// The named context that answers to a name.
    pub(super) fn named_context(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.contexts.get(&familiar_name(name)?).cloned())
    }

    /// Finds out where an instruction's files come from.
    fn step(&mut self, instruction: Instruction) -> Result<Step, Fault> {
        let place = (instruction.line, instruction.column);
        let origins = match &instruction.kind {
            InstructionKind::Copy(Copy { from: Some(from), .. }) => {
                self.copy_origin(from).map(|origin| vec![origin])
            }
            InstructionKind::Run(run) => run
                .mounts
                .iter()
                .map(|mount| self.origin(mount.from.as_deref().unwrap_or("scratch")))
                .collect(),
            _ => Ok(Vec::new()),
        };
        let origins = origins.map_err(|refusal| refusal.at(place.0, place.1))?;
        Ok(Step { instruction, origins })
    }

    fn copy_origin(&mut self, from: &str) -> Result<Origin, Refusal> {
        let none = BTreeMap::new();
        let expanded = expand_word(from, self.dockerfile.directives.escape, &none)
            .map_err(|error| Refusal::new(error.to_string()))?;
        if expanded != from {
            return Err(Refusal::new("`--from` takes no variables")
                .hint("define a stage with FROM and name it in `--from`"));
        }
        match from.parse::<i64>() {
            Err(_) => self.origin(from),
            Ok(index) => {
                let origin = usize::try_from(index).ok().and_then(|i| self.indexed.get(i));
                origin.cloned().ok_or_else(|| {
                    Refusal::new(format!("there is no stage with the index {index}"))
                        .hint(format!("stages are counted from 0 to {}", self.nodes.len() - 1))
                })
            }
        }
    }

    fn origin(&mut self, name: &str) -> Result<Origin, Refusal> {
        if let Some(&index) = self.by_name.get(name.to_lowercase().as_str()) {
            return Ok(Origin::Stage(index));
        }
        let origin = if name == "scratch" {
            Origin::Scratch
        } else {
            familiar_name(name)
                .map_err(|r| r.suggest(&name.to_lowercase(), self.suggested_names()))?;
            Origin::Outside(name.to_owned())
        };
        self.indexed.push(origin.clone());
        Ok(origin)
    }

    /// The stages that may be named in a hint: every fault looks through all of them.
    fn suggested_names(&self) -> impl Iterator<Item = &str> {
        const MOST: usize = 100;
        self.dockerfile.stage_names().take(MOST)
    }

    /// A stage that copies or mounts from itself, if only through others.
    fn find_cycle(&self) -> Option<Fault> {
        let mut done = vec![false; self.nodes.len()];
        let mut on_path = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut path = vec![(start, self.needs(start))];
            while let Some((index, needs)) = path.last_mut() {
                let index = *index;
                on_path[index] = true;
                match needs.pop() {
                    Some(next) if on_path[next] => {
                        let stage = self.nodes[index].stage;
                        let name = stage.name.as_deref().unwrap_or(&stage.base);
                        let message = format!("stage `{}` needs itself", excerpt(name));
                        let hint = "a stage can only copy or mount from an earlier one";
                        return Some(Refusal::new(message).hint(hint).at(stage.line, stage.column));
                    }
                    Some(next) if !done[next] => path.push((next, self.needs(next))),
                    Some(_) => {}
                    None => {
                        done[index] = true;
                        on_path[index] = false;
                        path.pop();
                    }
                }
            }
        }
        None
    }

    /// The stages that a stage copies or mounts from.
    fn needs(&self, index: usize) -> Vec<usize> {
        let node = &self.nodes[index];
        let steps = node.triggers.iter().chain(&node.steps);
        let stage_of = |origin: &Origin| match origin {
            Origin::Stage(index) => Some(*index),
            _ => None,
        };
        steps.flat_map(|step| &step.origins).filter_map(stage_of).collect()
    }

    /// Which stages the target needs; gives them their triggers on the way.
    pub(super) fn reach(&mut self, target: usize) -> Result<Vec<bool>, Vec<Fault>> {
        let mut reached = vec![false; self.nodes.len()];
        let mut waiting = vec![target];
        let mut faults = Vec::new();
        while let Some(index) = waiting.pop() {
            if reached[index] || self.nodes[index].replaced_by.is_some() {
                continue;
            }
            reached[index] = true;
            if let Origin::Stage(base) = self.nodes[index].base {
                waiting.push(base);
                if let Err(fault) = self.add_triggers(index, base) {
                    faults.push(fault);
                }
            }
            waiting.extend(self.needs(index));
        }
        if faults.is_empty() { Ok(reached) } else { Err(faults) }
    }

    /// The text of `ONBUILD` is parsed anew, with the default escape.
    fn add_triggers(&mut self, index: usize, base: usize) -> Result<(), Fault> {
        let stage = self.nodes[index].stage;
        let base = self.nodes[base].stage;
        for instruction in &base.instructions {
            let InstructionKind::Onbuild(onbuild) = &instruction.kind else { continue };
            self.taken_over += TRIGGER + onbuild.expression.len();
            if self.taken_over > MOST_TAKEN_OVER {
                let message = "more ONBUILD instructions are taken over than can be looked at";
                let hint = "let fewer stages stand on one with many ONBUILDs";
                return Err(Refusal::new(message).hint(hint).at(stage.line, stage.column));
            }
            let mut trigger =
                parse_trigger(&onbuild.expression).map_err(|r| r.at(instruction.line, 1))?;
            trigger.line = stage.line;
            trigger.column = stage.column;
            let step = self.step(trigger)?;
            self.nodes[index].triggers.push(step);
        }
        Ok(())
    }

    /// The stage that is probably meant by a name that isn't one: only bare names can be.
    pub(super) fn similar_stage(
        &self,
        origin: &Origin,
        named_context: &Option<String>,
    ) -> Option<String> {
        let Origin::Outside(name) = origin else { return None };
        if named_context.is_some() || name.contains(['/', ':', '@']) {
            return None;
        }
        nearest(name, self.suggested_names()).map(str::to_owned)
    }

    /// A target that a named context replaces is nothing but that context.
    pub(super) fn add_target_reference(&self, target: usize, resolved: &mut Resolved) {
        let node = &self.nodes[target];
        if let (Some(context), Some(name)) = (&node.replaced_by, &node.stage.name) {
            resolved.references.push(Reference {
                name: name.clone(),
                raw: name.clone(),
                line: node.stage.line,
                via: Via::From,
                platform: node.platform.clone(),
                from_arg: None,
                named_context: Some(context.clone()),
                similar_stage: None,
            });
            resolved.read_named_context(target, context, node.stage.line);
        }
    }

    /// The one variable that a base is, such as `BASE_IMAGE`.
    pub(super) fn base_variable(&self, raw: &str) -> Option<String> {
        single_variable(raw, self.dockerfile.directives.escape)
    }
}

impl<'d> StageNode<'d> {
    fn unusable(stage: &'d Stage) -> StageNode<'d> {
        StageNode {
            stage,
            base: Origin::Scratch,
            platform: None,
            replaced_by: None,
            steps: Vec::new(),
            triggers: Vec::new(),
        }
    }
}

fn parse_trigger(expression: &str) -> Result<Instruction, Refusal> {
    let mut faults = Vec::new();
    let nodes = read_nodes(&mut Lines::new(expression), &mut faults);
    let refused = |fault: Fault| Refusal { message: fault.message, hint: fault.hint };
    if let Some(fault) = faults.into_iter().next() {
        return Err(refused(fault));
    }
    let [node] = nodes.as_slice() else {
        return Err(Refusal::new("an ONBUILD keeps exactly one instruction"));
    };
    match parse_statement(node).map_err(refused)? {
        Statement::Instruction(instruction) => Ok(instruction),
        Statement::From(_) => Err(Refusal::new("ONBUILD can't keep FROM")),
    }
}

/// Notes which variables were asked for and have no value, or an empty one.
struct Recording<'v> {
    variables: &'v BTreeMap<String, String>,
    missing: &'v RefCell<Vec<String>>,
}

impl Variables for Recording<'_> {
    fn get(&self, name: &str) -> Variable<'_> {
        let found = Variables::get(self.variables, name);
        if matches!(&found, Variable::Unset)
            || matches!(&found, Variable::Set(value) if value.is_empty())
        {
            self.missing.borrow_mut().push(name.to_owned());
        }
        found
    }
}
