//! `cargo xtask bench tags`: what it costs to check the references of this repository before each
//! commit, against what git itself takes to look at the same files.
//!
//! All nine images are referred to, so that all inputs have to be looked at.

use std::path::Path;

use anyhow::Context as _;
use lambda_xtask::Environment;
use serde_json::Value;

use crate::demo::copy::copy_tree;
use crate::steps::step;

use super::measure::{Times, output, time};
use super::table::{Row, render_table};

/// What is measured; ours first.
const COMMANDS: &[(&str, &[&str])] = &[
    ("check-tags --staged", &["check-tags", "--staged"]),
    ("check-tags", &["check-tags"]),
    (
        "check-tags --staged --only dirty,floating",
        &["check-tags", "--staged", "--only", "dirty,floating"],
    ),
];
const GIT: &[(&str, &[&str])] = &[
    ("git status", &["status", "--porcelain"]),
    ("git grep", &["grep", "--count", "-e", ":git-"]),
];

/// Gives the table.
pub(crate) fn run_bench(root: &Path, rounds: u32) -> anyhow::Result<String> {
    let folder = tempfile::Builder::new().prefix("lambda-images-bench-").tempdir();
    let folder = folder.context("failed to make a folder")?;
    let environment = Environment::of_process()?.in_folder(folder.path());
    copy_tree(root, folder.path(), &environment)?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let command = |program: &Path, arguments: &[&str]| {
        let mut command = environment.command(program);
        command.args(arguments);
        command
    };
    let plan = ["build-lambdas", "--dry-run", "--stack", "bench", "--format", "json"];
    let plan: Value = serde_json::from_slice(&output(command(&program, &plan))?)?;
    let images = plan["images"].as_array().context("the plan has no images")?;
    let references: String =
        images.iter().map(|image| format!("{}: {}\n", image["name"], image["image_ref"])).collect();
    std::fs::write(folder.path().join("references.yaml"), references)?;
    let git = Path::new("git");
    output(command(git, &["add", "references.yaml"]))?;
    let all = COMMANDS.iter().map(|(name, arguments)| (*name, program.as_path(), *arguments));
    let all: Vec<_> =
        all.chain(GIT.iter().map(|(name, arguments)| (*name, git, *arguments))).collect();
    let mut times = vec![Times::default(); all.len()];
    step(&format!("{rounds} rounds of each"), || {
        for _ in 0..rounds {
            for ((_, program, arguments), times) in all.iter().zip(&mut times) {
                times.push(time(command(program, arguments))?);
            }
        }
        Ok(())
    })?;
    let rows: Vec<Row> = (all.iter().zip(times))
        .map(|((name, ..), times)| Row { name: (*name).to_owned(), times, peak: None })
        .collect();
    Ok(render_table(
        "nine references, all files of this repository; whole processes in turn",
        &rows,
    ))
}
