//! One state of the tree, and the commands that are measured in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use lambda_xtask::Environment;
use serde_json::Value;

use super::{Outcome, Setup};
use crate::bench::measure::{self, Times};
use crate::bench::peers::ReadProjects;
use crate::bench::table::{Row, render_table};
use crate::bench::tree;

type MakeCommand<'a> = Box<dyn Fn(&Environment) -> anyhow::Result<Command> + 'a>;

/// A command that is measured.
pub(super) struct Contender<'a> {
    pub(super) name: String,
    pub(super) environment: Environment,
    pub(super) command: MakeCommand<'a>,
    /// Reads the projects that its answer names.
    pub(super) lambdas: Option<ReadProjects>,
    /// A folder that is removed before each run.
    pub(super) forgets: Option<PathBuf>,
}

pub(super) struct Scenario<'a> {
    pub(super) title: &'static str,
    /// Each round begins with another edit of one file of a package.
    pub(super) is_edited: bool,
    /// The first is ours.
    pub(super) contenders: Vec<Contender<'a>>,
}

impl Scenario<'_> {
    /// One round that warms up and compares the answers, the rounds that count, and one for
    /// memory.
    pub(super) fn measure(&self, setup: &Setup) -> anyhow::Result<Outcome> {
        tree::restore(&setup.environment)?;
        let file = setup.edited_file();
        let original = fs::read_to_string(&file)
            .with_context(|| format!("failed to read `{}`", file.display()))?;
        let edit = |round: u32| {
            if !self.is_edited {
                return Ok(());
            }
            fs::write(&file, format!("{original}\n# Edited in round {round}.\n"))
                .with_context(|| format!("failed to write `{}`", file.display()))
        };
        edit(0)?;
        let expected = if self.is_edited { setup.expected_lambdas() } else { BTreeSet::default() };
        let mut differences = String::new();
        for contender in &self.contenders {
            let difference = contender.compare(&expected)?;
            differences.push_str(&difference);
        }
        let mut times = vec![Times::default(); self.contenders.len()];
        for round in 1..=setup.rounds {
            edit(round)?;
            for (contender, times) in self.contenders.iter().zip(&mut times) {
                times.push(measure::time(contender.prepare()?)?);
            }
        }
        edit(setup.rounds + 1)?;
        let mut rows = Vec::new();
        for (contender, times) in self.contenders.iter().zip(times) {
            let peak = measure::peak_memory(&contender.environment, &contender.prepare()?)?;
            rows.push(Row { name: contender.name.clone(), times, peak: Some(peak) });
        }
        let mut table = render_table(self.title, &rows);
        if differences.is_empty() {
            writeln!(table, "  all name the same {} Lambdas", expected.len())?;
        }
        table.push_str(&differences);
        table.push('\n');
        Ok(Outcome { table, all_agree: differences.is_empty() })
    }
}

impl Contender<'_> {
    fn prepare(&self) -> anyhow::Result<Command> {
        if let Some(folder) = self.forgets.as_ref().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder)
                .with_context(|| format!("failed to remove `{}`", folder.display()))?;
        }
        (self.command)(&self.environment)
    }

    /// How its answer differs from what is expected; empty where it doesn't, or where it is
    /// asked nothing.
    fn compare(&self, expected: &BTreeSet<String>) -> anyhow::Result<String> {
        let answer = measure::output(self.prepare()?)?;
        let Some(read) = self.lambdas else { return Ok(String::new()) };
        let answer: Value = serde_json::from_slice(&answer)
            .with_context(|| format!("`{}` printed no JSON", self.name))?;
        let Some(projects) = read(&answer) else {
            return Ok(format!("  {} does not say what is affected\n", self.name));
        };
        let lambdas: BTreeSet<String> =
            projects.into_iter().filter(|name| name.starts_with("fn-")).collect();
        if lambdas == *expected {
            return Ok(String::new());
        }
        Ok(format!(
            "  {} names {} Lambdas, not {}: {} too many, {} missing\n",
            self.name,
            lambdas.len(),
            expected.len(),
            lambdas.difference(expected).count(),
            expected.difference(&lambdas).count()
        ))
    }
}

#[cfg(test)]
mod tests;
