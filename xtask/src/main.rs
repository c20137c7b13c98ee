//! `cargo xtask`: the commands of `lambda_xtask` for this repository's own images, and this
//! repository's own tasks. Each task has a file of its own.

mod bake;
mod bench;
mod ci;
mod demo;
mod engine;
mod fuzz;
mod steps;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use lambda_xtask::Environment;

/// Ships the Lambda container images of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    #[command(flatten)]
    Images(lambda_xtask::Command),
    /// Bring up, show or end the Docker engine and registry of this checkout
    #[command(subcommand)]
    Engine(engine::EngineCommand),
    /// Build the nine images of this repository, change some, and check what is built again
    Demo,
    /// Run everything that must pass: formatting, lints, tests, documentation, Python, the engine
    Ci,
    /// Measure this tool: nothing to build, a warm cache, what a change affects, tags, a registry
    Bench(bench::BenchArguments),
    /// Fuzz every parser, or measure what each costs as texts grow
    Fuzz(fuzz::FuzzCommand),
    /// Run `cargo test` with an engine
    Test {
        /// Arguments for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let result = match &cli.task {
        Task::Images(command) => environment(root)
            .map(|environment| lambda_xtask::run(command, &environment, Cli::command()))
            .inspect(|code| hint_at_engine(root, command, *code)),
        Task::Engine(command) => engine::run_engine(root, command),
        Task::Demo => std::env::current_exe()
            .map_err(anyhow::Error::from)
            .and_then(|program| demo::run_demo(root, &program)),
        Task::Bench(arguments) => bench::run_bench(root, arguments),
        Task::Fuzz(command) => fuzz::run_fuzz(root, command),
        Task::Ci => ci::run_ci(root),
        Task::Test { arguments } => ci::run_tests(root, arguments),
    };
    result.unwrap_or_else(|error| lambda_xtask::report(&error))
}

/// Where something that a run needs is missing, and that may be the engine: how to get one here.
fn hint_at_engine(root: &Path, command: &lambda_xtask::Command, code: ExitCode) {
    use lambda_xtask::Command::{BuildLambdas, Explain, WarmCache};
    let asks_docker = matches!(command, BuildLambdas(_) | WarmCache(_) | Explain(_));
    let is_missing = code == ExitCode::from(lambda_xtask::EXIT_ENVIRONMENT);
    if asks_docker && is_missing && engine::is_wanted(root) {
        steps::say(
            "hint: no Docker engine answers; in this repository `cargo xtask engine up` starts one",
        );
    }
}

/// This process's environment, with the engine of this checkout if one is up. What the process
/// has already stays: who names another engine means it.
fn environment(root: &Path) -> anyhow::Result<Environment> {
    let environment = Environment::of_process()?;
    let Some(engine) =
        engine::recorded(root).filter(|_| environment.get("DOCKER_CONTEXT").is_none())
    else {
        return Ok(environment);
    };
    let given = environment.get("DOCKER_HOST").map(str::to_owned);
    let recorded = engine.environment.get("DOCKER_HOST");
    if given.is_some() && recorded.is_some() && given.as_ref() != recorded {
        return Ok(environment);
    }
    let missing =
        |name: &str| if name == "PATH" { given.is_none() } else { environment.get(name).is_none() };
    let added: Vec<_> = engine.environment.into_iter().filter(|(name, _)| missing(name)).collect();
    Ok(added
        .into_iter()
        .fold(environment, |environment, (name, value)| environment.with(name, value)))
}
