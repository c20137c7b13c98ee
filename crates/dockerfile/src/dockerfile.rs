//! A whole Dockerfile: directives, global args and stages.

use crate::canonical::canonical_global_arg;
use crate::directives::Directives;
use crate::fault::{Fault, Refusal};
use crate::instruction::{Arg, Instruction, InstructionKind};
use crate::keyword::Keyword;
use crate::lines::Lines;
use crate::node::read_nodes;
use crate::parse::{From, Statement, parse_statement};

/// A Dockerfile that BuildKit would accept, as far as that can be told without building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The parser directives at its top.
    pub directives: Directives,
    /// The args declared before the first `FROM`, in order.
    pub global_args: Vec<Arg>,
    /// At least one.
    pub stages: Vec<Stage>,
}

/// A `FROM` and the instructions up to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The name after `AS`, in lowercase. Two stages may have one name: BuildKit only warns,
    /// and takes the later one for `--from` and for the target.
    pub name: Option<String>,
    /// What it stands on, not expanded: a stage, a named context, an image or `scratch`.
    pub base: String,
    /// `--platform`, not expanded.
    pub platform: Option<String>,
    /// The line of its `FROM`, counted from 1.
    pub line: usize,
    /// The column of its `FROM`, counted from 1.
    pub column: usize,
    /// What follows, in order.
    pub instructions: Vec<Instruction>,
    /// See [`crate::canonical`].
    pub(crate) canonical: String,
}

/// Parses a Dockerfile.
///
/// # Errors
/// Everything that BuildKit refuses without looking at a context or an image: all faults of
/// the text, not only the first.
pub fn parse_dockerfile(text: &str) -> Result<Dockerfile, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut lines = Lines::new(text);
    let nodes = read_nodes(&mut lines, &mut faults);
    let empty = nodes.is_empty() && faults.is_empty();
    let mut dockerfile = Dockerfile {
        directives: lines.into_directives(),
        global_args: Vec::new(),
        stages: Vec::new(),
    };
    let mut from_seen = false;
    for node in &nodes {
        from_seen |= node.keyword == Some(Keyword::From);
        match parse_statement(node) {
            Ok(statement) => {
                let place = (node.line, node.column);
                if !dockerfile.add(statement, place) && !from_seen {
                    faults.push(before_from().at(node.line, node.column));
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if dockerfile.stages.is_empty() && faults.is_empty() {
        let message = if empty { "no instructions" } else { "no stages: there is no FROM" };
        faults.push(Refusal::new(message).hint("begin with `FROM image`").at(1, 1));
    }
    if faults.is_empty() {
        return Ok(dockerfile);
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    Err(faults)
}

fn before_from() -> Refusal {
    Refusal::new("instruction before the first FROM").hint("only ARG may come before it")
}

impl Dockerfile {
    /// False where the statement has no stage to belong to.
    fn add(&mut self, statement: Statement, (line, column): (usize, usize)) -> bool {
        match (statement, self.stages.last_mut()) {
            (Statement::From(from), _) => {
                let From { base, name, platform, canonical } = from;
                let instructions = Vec::new();
                let stage = Stage { name, base, platform, line, column, instructions, canonical };
                self.stages.push(stage);
            }
            (Statement::Instruction(instruction), Some(stage)) => {
                stage.instructions.push(instruction);
            }
            (Statement::Instruction(instruction), None) => match instruction.kind {
                InstructionKind::Arg(args) => self.global_args.extend(args),
                _ => return false,
            },
        }
        true
    }

    /// The names of the stages, in order.
    pub(crate) fn stage_names(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().filter_map(|stage| stage.name.as_deref())
    }

    pub(crate) fn canonical_global_args(&self) -> impl Iterator<Item = String> {
        self.global_args.iter().map(canonical_global_arg)
    }
}

#[cfg(test)]
mod tests;
