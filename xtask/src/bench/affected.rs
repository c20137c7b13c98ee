//! `cargo xtask bench affected`: which of 1,000 Lambdas a change affects, asked of this tool, of
//! turbo, of nx and of moon, and what `git status` and `sha256sum` take on the same tree; and what a run
//! takes that has nothing to build.
//!
//! All must name the same Lambdas: a wrong answer is worth no time.

mod images;
mod scenario;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use lambda_xtask::Environment;
use serde_json::Value;

use self::images::{done_images, provide_images};
use self::scenario::{Contender, Scenario};
use super::peers::files::peer_files;
use super::tree::{self, FULL, Graph, lambda_name, package_name, project_name};
use super::{measure, peers};
use crate::steps::{say, step};
use crate::tools::{Tool, ensure_tools};

/// What is measured of this tool.
const OURS: &[&str] = &["affected", "--base", "main", "--format", "json"];
/// The package that is edited: of the third layer of six.
const EDITED: usize = 250;

pub(crate) struct Outcome {
    pub(crate) table: String,
    /// All tools named the Lambdas that the tree's own graph names.
    pub(crate) all_agree: bool,
}

/// What every scenario needs.
struct Setup {
    graph: Graph,
    tree: PathBuf,
    program: PathBuf,
    /// In the tree.
    environment: Environment,
    has_peers: bool,
    rounds: u32,
}

pub(crate) fn run_bench(root: &Path, tree: &Path, rounds: u32) -> anyhow::Result<Outcome> {
    ensure_tools(&[Tool::Git, Tool::Python])?;
    let program = step("this tool, optimised", || build_program(root))?;
    let graph = Graph::of(FULL);
    step("the large monorepo", || tree::ensure_tree(FULL, &graph, tree))?;
    let environment = Environment::of_process()?.in_folder(tree);
    let has_peers = peers::is_npm_there(&environment);
    if has_peers {
        step("turbo, nx and moon", || peers::install(tree))?;
    } else {
        say("there is no `npm`: turbo, nx and moon are left out");
    }
    let setup = Setup { graph, tree: tree.to_owned(), program, environment, has_peers, rounds };
    let mut outcome = Outcome { table: setup.describe()?, all_agree: true };
    let with_images = provide_images(root, &setup)?;
    let scenarios = setup.scenarios()?;
    for scenario in scenarios.into_iter().chain([setup.nothing_to_build(&with_images)]) {
        let result = step(scenario.title, || scenario.measure(&setup))?;
        outcome.table.push_str(&result.table);
        outcome.all_agree &= result.all_agree;
    }
    tree::restore(&setup.environment)?;
    Ok(outcome)
}

impl Setup {
    fn scenarios(&self) -> anyhow::Result<Vec<Scenario<'_>>> {
        let warm = || {
            let mut contenders = vec![self.ours(), self.git_status()];
            contenders.extend(self.peers());
            contenders
        };
        let inputs = self.write_input_list()?;
        let mut cold = self.ours();
        cold.forgets = Some(self.tree.join("target/lambda-images"));
        Ok(vec![
            Scenario { title: "warm, one file edited", is_edited: true, contenders: warm() },
            Scenario { title: "warm, nothing changed", is_edited: false, contenders: warm() },
            Scenario {
                title: "cold: without caches of ours, page cache warm, one file edited",
                is_edited: true,
                contenders: vec![cold, self.git_status(), self.sha256sum(inputs)],
            },
        ])
    }

    fn ours(&self) -> Contender<'_> {
        Contender {
            name: format!("xtask {}", OURS.join(" ")),
            environment: self.environment.clone(),
            command: Box::new(|environment| {
                let mut command = environment.command(&self.program);
                command.args(OURS);
                Ok(command)
            }),
            lambdas: Some(affected_images),
            forgets: None,
        }
    }

    /// Against what it takes the engine to say which images it has.
    fn nothing_to_build(&self, environment: &Environment) -> Scenario<'_> {
        let contender = |name: &str, program: PathBuf, arguments: &'static [&str]| Contender {
            name: name.to_owned(),
            environment: environment.clone(),
            command: Box::new(move |environment| {
                let mut command = environment.command(&program);
                command.args(arguments);
                Ok(command)
            }),
            lambdas: None,
            forgets: None,
        };
        let build = &["build-lambdas", "--format", "json"];
        let mut ours = contender("xtask build-lambdas", self.program.clone(), build);
        ours.lambdas = Some(done_images);
        let list = &["image", "ls", "--quiet"];
        let list = contender("docker image ls --quiet", PathBuf::from("docker"), list);
        Scenario {
            title: "nothing to build, all images in the local store, nothing changed",
            is_edited: false,
            contenders: vec![ours, self.git_status(), list],
        }
    }

    fn git_status(&self) -> Contender<'_> {
        Contender {
            name: "git status --porcelain".to_owned(),
            environment: self.environment.clone(),
            command: Box::new(|environment| {
                let mut command = environment.command("git");
                command.args(["status", "--porcelain"]);
                Ok(command)
            }),
            lambdas: None,
            forgets: None,
        }
    }

    fn peers(&self) -> impl Iterator<Item = Contender<'_>> {
        let environment = peers::environment_of_peers(&self.environment);
        peers::QUESTIONS.iter().filter(|_| self.has_peers).map(move |question| Contender {
            name: format!("{} {}", question.program, question.arguments.join(" ")),
            environment: environment.clone(),
            command: Box::new(|environment| {
                let program = self.tree.join("node_modules/.bin").join(question.program);
                let mut command = environment.command(program);
                command.args(question.arguments);
                Ok(command)
            }),
            lambdas: Some(question.projects),
            forgets: None,
        })
    }

    /// The very files that are inputs, on as many cores as there are.
    fn sha256sum(&self, list: PathBuf) -> Contender<'_> {
        let cores = cores().to_string();
        Contender {
            name: format!("xargs -0 -n 2000 -P {cores} sha256sum"),
            environment: self.environment.clone(),
            command: Box::new(move |environment| {
                let mut command = environment.command("sh");
                // By a shell, since what measures memory opens no files.
                command
                    .args(["-c", "exec xargs -0 -n 2000 -P \"$1\" sha256sum < \"$0\""])
                    .arg(&list)
                    .arg(&cores);
                Ok(command)
            }),
            lambdas: None,
            forgets: None,
        }
    }

    /// Lists the files that any Dockerfile copies, as paths with a zero byte after each.
    fn write_input_list(&self) -> anyhow::Result<PathBuf> {
        let mut list = self.environment.command("git");
        list.args(["ls-files", "-z"]);
        let files = String::from_utf8(measure::output(list)?).context("paths are ASCII")?;
        let packages: BTreeSet<String> = (self.graph.lambdas.iter())
            .flat_map(|direct| self.graph.reached_from(direct))
            .map(package_name)
            .collect();
        let is_input = |path: &str| {
            let mut parts = path.splitn(3, '/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("packages"), Some(name), Some(rest)) => {
                    packages.contains(name)
                        && (rest == "pyproject.toml" || rest.starts_with("src/"))
                }
                (Some("lambdas"), _, Some(rest)) => rest.starts_with("src/"),
                _ => false,
            }
        };
        let inputs: String = files
            .split_inclusive('\0')
            .filter(|path| is_input(path.trim_end_matches('\0')))
            .collect();
        let path = self.tree.join("target/inputs.list");
        fs::create_dir_all(self.tree.join("target"))
            .and_then(|()| fs::write(&path, inputs))
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        Ok(path)
    }

    /// The Lambdas that an edit of the package affects, by the graph that the tree was made from.
    fn expected_lambdas(&self) -> BTreeSet<String> {
        let lambdas = self.graph.lambdas_on(EDITED);
        lambdas.into_iter().map(|lambda| project_name(&lambda_name(lambda))).collect()
    }

    /// The first module of the edited package.
    fn edited_file(&self) -> PathBuf {
        let package = package_name(EDITED);
        self.tree.join(format!("packages/{package}/src/{package}/__init__.py"))
    }

    /// What was measured, and on what.
    fn describe(&self) -> anyhow::Result<String> {
        let line = |program: &str, arguments: &[&str]| -> anyhow::Result<String> {
            let mut command = self.environment.command(program);
            command.args(arguments);
            Ok(String::from_utf8_lossy(&measure::output(command)?).trim().to_owned())
        };
        let peers = if self.has_peers { peers::versions() } else { "no npm, no peers".to_owned() };
        // Linux's: what else the machine does while it measures.
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        Ok(format!(
            "{} Lambdas, {} packages, {} files (and {} more for turbo, nx and moon)\n\
             {} cores, {}, {}, load {load}\n{}, {peers}\n\
             {} rounds in turn, whole processes; peak: of the largest process of each\n\n",
            FULL.lambdas,
            FULL.packages,
            FULL.files,
            peer_files(&self.graph).len(),
            cores(),
            line("uname", &["-srm"])?,
            line("date", &[])?,
            line("git", &["--version"])?,
            self.rounds
        ))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn build_program(root: &Path) -> anyhow::Result<PathBuf> {
    let target = root.join("target");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet", "--release", "--package", "xtask", "--target-dir"])
        .arg(&target)
        .current_dir(root)
        .stdin(Stdio::null());
    let status = cargo.status().context("failed to run `cargo build`")?;
    ensure!(status.success(), "{cargo:?} ended with {status}");
    Ok(target.join("release/xtask"))
}

/// The images that our answer names; `None` where it says of no image whether it is affected.
fn affected_images(answer: &Value) -> Option<Vec<String>> {
    let mut affected = Vec::new();
    for image in answer["images"].as_array()? {
        if image["affected"].as_bool()? {
            affected.push(image["name"].as_str()?.to_owned());
        }
    }
    Some(affected)
}

#[cfg(test)]
mod tests;
