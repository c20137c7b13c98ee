//! A Dockerfile that ends before some of its instructions.
//!
//! # How it works
//! Each stage that the target stands on ends before its first instruction that is not wanted, or
//! that takes something from a stage that ended early. What is left are the *ends*: stages that no
//! other stage's rest needs. On each of them one more stage stands, which copies nothing, and a last
//! one takes nothing from all of these, so that one build reaches all. The instructions that are left
//! are the file's own text, and come after the same ones: for BuildKit they are the same steps.
//!
//! Nothing is copied to a place that is named by an arg, [`Cut::RUN_ARG`]: with a value that no build
//! had before, BuildKit has no result for it, and must have what the ends left at hand.
//!
//! # Limitations
//! An end without a name gets one, by a `FROM` that is written anew. An end whose name a later stage
//! has too, or that keeps an `ONBUILD`, can't be stood on, and is left out.

use std::collections::BTreeSet;

use super::Settings;
use super::graph::{Graph, Origin, StageNode, Step};
use crate::dockerfile::{Dockerfile, Stage};
use crate::fault::Fault;
use crate::instruction::InstructionKind;

/// What is left of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its text.
    pub text: String,
    /// The stage to build; `None`: nothing that is left copies or runs anything.
    pub target: Option<String>,
    /// Lines of the `RUN`s that are not left, in the order of the file.
    pub late_runs: Vec<usize>,
}

/// The last stage, the one that has nothing in it, and what the names of others begin with.
const ALL_ENDS: &str = "lambda-images-ends";
const EMPTY: &str = "lambda-images-empty";
const END: &str = "lambda-images-end-";
const ON_END: &str = "lambda-images-on-end-";

impl Cut {
    /// The arg that is to have a value of its own in each build.
    pub const RUN_ARG: &str = "LAMBDA_IMAGES_RUN";
    /// What the steps that copy nothing have in their names, and no others.
    pub const NOTHING: &str = "/.lambda-images-nothing-*";
}

impl Dockerfile {
    /// Cuts the Dockerfile, whose text is `text`, before the instructions on these lines.
    ///
    /// # Errors
    /// What [`Dockerfile::resolve`] refuses.
    pub fn cut(
        &self,
        text: &str,
        settings: &Settings<'_>,
        before: &BTreeSet<usize>,
    ) -> Result<Cut, Vec<Fault>> {
        let global = self.global_variables(settings)?;
        let mut graph = Graph::build(self, settings, &global)?;
        let target = self.target_index(settings).map_err(|refusal| vec![refusal.at(1, 1)])?;
        let reached = graph.reach(target)?;
        let mut rest = Rest { graph: &graph, reached: &reached, kept: Vec::new() };
        for index in 0..graph.nodes.len() {
            let kept = rest.kept_of(index, before);
            rest.kept.push(kept);
        }
        let ends = rest.ends();
        let mut written = Written { text, dockerfile: self, out: String::new() };
        written.push_lines(1, self.stages[0].line);
        for index in 0..self.stages.len() {
            written.push_stage(&rest, index, ends.contains(&index));
        }
        let target = (!ends.is_empty()).then(|| ALL_ENDS.to_owned());
        if target.is_some() {
            written.push_ends(&ends);
        }
        Ok(Cut { text: written.out, target, late_runs: rest.late_runs() })
    }
}

/// What is left of each stage.
struct Rest<'g, 'd> {
    graph: &'g Graph<'d>,
    reached: &'g [bool],
    /// How many instructions of the stage's own; `None`: not even its base.
    kept: Vec<Option<usize>>,
}

impl Rest<'_, '_> {
    fn kept_of(&self, index: usize, before: &BTreeSet<usize>) -> Option<usize> {
        let node = &self.graph.nodes[index];
        if !self.reached[index] {
            return None;
        }
        let ends = |step: &Step| {
            before.contains(&step.instruction.line)
                || step.origins.iter().any(|origin| !self.is_whole(origin))
        };
        if !self.is_whole(&node.base) || node.triggers.iter().any(ends) {
            return None;
        }
        Some(node.steps.iter().position(ends).unwrap_or(node.steps.len()))
    }

    fn is_whole(&self, origin: &Origin) -> bool {
        let Origin::Stage(index) = origin else { return true };
        let node = &self.graph.nodes[*index];
        node.replaced_by.is_some()
            || self.kept.get(*index).copied().flatten() == Some(node.steps.len())
    }

    /// The stage's triggers and its own instructions that are left.
    fn steps(&self, index: usize) -> impl Iterator<Item = &Step> {
        let node: &StageNode<'_> = &self.graph.nodes[index];
        let own = node.steps.iter().take(self.kept[index].unwrap_or(0));
        let triggers = node.triggers.iter().filter(move |_| self.kept[index].is_some());
        triggers.chain(own)
    }

    /// Whether the rest of a stage, or what it stands on, copies or runs anything.
    fn works(&self, mut index: usize) -> bool {
        loop {
            let works = |step: &Step| {
                matches!(
                    step.instruction.kind,
                    InstructionKind::Run(_) | InstructionKind::Copy(_) | InstructionKind::Add(_)
                )
            };
            if self.steps(index).any(works) {
                return true;
            }
            match self.graph.nodes[index].base {
                Origin::Stage(base) => index = base,
                Origin::Scratch | Origin::Outside(_) => return false,
            }
        }
    }

    fn ends(&self) -> BTreeSet<usize> {
        let left = |index: &usize| self.kept[*index].is_some();
        let all: Vec<usize> = (0..self.kept.len()).filter(left).collect();
        let mut needed = BTreeSet::new();
        for &index in &all {
            let origins = self.steps(index).flat_map(|step| &step.origins);
            for origin in origins.chain([&self.graph.nodes[index].base]) {
                if let Origin::Stage(from) = origin {
                    needed.insert(*from);
                }
            }
        }
        let can_be_stood_on = |index: usize| {
            let name = self.graph.nodes[index].stage.name.as_deref();
            let mut later = self.graph.nodes[index + 1..].iter();
            let is_hidden = name.is_some() && later.any(|node| node.stage.name.as_deref() == name);
            let is_onbuild =
                |step: &Step| matches!(step.instruction.kind, InstructionKind::Onbuild(_));
            !is_hidden && !self.steps(index).any(is_onbuild)
        };
        all.into_iter()
            .filter(|index| {
                !needed.contains(index) && self.works(*index) && can_be_stood_on(*index)
            })
            .collect()
    }

    fn late_runs(&self) -> Vec<usize> {
        let mut lines = Vec::new();
        for (index, node) in self.graph.nodes.iter().enumerate() {
            if self.reached[index] {
                let late = node.steps.iter().skip(self.kept[index].unwrap_or(0));
                let runs = late.filter(|s| matches!(s.instruction.kind, InstructionKind::Run(_)));
                lines.extend(runs.map(|step| step.instruction.line));
            }
        }
        lines
    }
}

fn name_of(stage: &Stage, index: usize) -> String {
    stage.name.clone().unwrap_or_else(|| format!("{END}{index}"))
}

struct Written<'t> {
    text: &'t str,
    dockerfile: &'t Dockerfile,
    out: String,
}

impl Written<'_> {
    /// The lines from `start` up to `end`, counted from 1.
    fn push_lines(&mut self, start: usize, end: usize) {
        let lines = self.text.split_inclusive('\n').skip(start - 1);
        for line in lines.take(end.saturating_sub(start)) {
            self.out += line;
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn push_stage(&mut self, rest: &Rest<'_, '_>, index: usize, is_end: bool) {
        let stages = &self.dockerfile.stages;
        let stage = &stages[index];
        let after = stages.get(index + 1).map_or(usize::MAX, |next| next.line);
        let line_of = |step: usize| stage.instructions.get(step).map_or(after, |i| i.line);
        // An index in a `--from` counts all stages: those that nobody needs stay too.
        let end = match rest.kept[index] {
            None if rest.reached[index] => line_of(0),
            None => after,
            Some(kept) => line_of(kept),
        };
        if is_end && stage.name.is_none() {
            let platform = stage.platform.as_ref();
            let platform = platform.map_or(String::new(), |text| format!("--platform={text} "));
            self.out += &format!("FROM {platform}{} AS {}\n", stage.base, name_of(stage, index));
            self.push_lines(line_of(0).min(end), end);
        } else {
            self.push_lines(stage.line, end);
        }
    }

    fn push_ends(&mut self, ends: &BTreeSet<usize>) {
        let arg = Cut::RUN_ARG;
        let nothing = format!("{} /${{{arg}}}/\n", Cut::NOTHING);
        self.out += &format!("FROM scratch AS {EMPTY}\n");
        for &end in ends {
            let name = name_of(&self.dockerfile.stages[end], end);
            self.out += &format!("FROM {name} AS {ON_END}{end}\nARG {arg}\n");
            self.out += &format!("COPY --from={EMPTY} {nothing}");
        }
        self.out += &format!("FROM scratch AS {ALL_ENDS}\nARG {arg}\n");
        for end in ends {
            self.out += &format!("COPY --from={ON_END}{end} {nothing}");
        }
    }
}

#[cfg(test)]
mod tests;
