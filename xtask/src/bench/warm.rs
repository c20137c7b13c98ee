//! `cargo xtask bench warm`: what a run of `warm-cache` costs when all is warm, against what a script
//! that warms a cache does: a build of each Lambda, in turn, all of whose steps are cached.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use lambda_xtask::Environment;

use crate::demo::remove_named;
use crate::engine;
use crate::steps::step;

use super::measure::{Times, output, time};
use super::table::{Row, render_table};

/// How many Lambdas there are, each with something to install.
const LAMBDAS: usize = 6;

const BASE: &str = "public.ecr.aws/lambda/python:3.13";

/// Gives the table.
pub(crate) fn run_bench(root: &Path, rounds: u32) -> anyhow::Result<String> {
    let engine = step("a Docker engine", || engine::up(root))?;
    let mut environment = Environment::of_process()?;
    for (name, value) in engine.environment {
        environment = environment.with(name, value);
    }
    let folder = tempfile::Builder::new()
        .prefix("lambda-images-bench-")
        .tempdir()
        .context("failed to make a folder")?;
    let environment = environment.in_folder(folder.path());
    write_workspace(folder.path()).context("failed to write the workspace")?;
    let mut init = environment.command("git");
    init.args(["init", "--quiet"]);
    output(init)?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let ours = || {
        let mut command = environment.command(&program);
        command.args(["warm-cache", "--stack", "bench"]);
        command
    };
    let script = render_script(&environment);
    let theirs = || {
        let mut command = environment.command("sh");
        command.args(["-ec", &script]);
        command
    };
    let status = || {
        let mut command = environment.command("git");
        command.args(["status", "--porcelain"]);
        command
    };
    step("warm once, by both", || time(ours()).and_then(|_| time(theirs())).map(drop))?;
    let mut times: [Times; 3] = Default::default();
    step(&format!("{rounds} rounds of each"), || {
        for _ in 0..rounds {
            times[0].push(time(ours())?);
            times[1].push(time(theirs())?);
            times[2].push(time(status())?);
        }
        Ok(())
    })?;
    remove_named(&environment, "*-bench");
    let names = ["warm-cache, all warm", "docker buildx build, in turn", "git status"];
    let rows: Vec<Row> = (names.into_iter().zip(times))
        .map(|(name, times)| Row { name: name.to_owned(), times, peak: None })
        .collect();
    let title = format!("a base image and {LAMBDAS} Lambdas that install; whole processes in turn");
    Ok(render_table(&title, &rows))
}

fn write_workspace(folder: &Path) -> std::io::Result<()> {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)
    };
    write("Cargo.toml", "[workspace]\nmembers = []\n")?;
    write(".gitignore", "/target\n")?;
    let pyproject =
        |name: &str, on: &str| format!("[project]\nname = \"{name}\"\ndependencies = [{on}]\n");
    write("packages/core/pyproject.toml", &pyproject("core", ""))?;
    write("packages/core/Dockerfile", &format!("FROM {BASE}\nRUN echo core > /core\n"))?;
    for index in 0..LAMBDAS {
        let name = name_of(index);
        let dockerfile = format!(
            "FROM base-core\nCOPY requirements.txt ./\nRUN echo {name} > /installed\nCOPY handler.py ./\n"
        );
        let in_folder = |file: &str| format!("lambdas/{name}/{file}");
        write(&in_folder("pyproject.toml"), &pyproject(&name, "\"core\""))?;
        write(&in_folder("Dockerfile"), &dockerfile)?;
        write(&in_folder("requirements.txt"), "boto3\n")?;
        write(&in_folder("handler.py"), &format!("# {name}\n"))?;
    }
    Ok(())
}

fn name_of(index: usize) -> String {
    format!("bench-{index}")
}

/// The base, and then each Lambda on it; the named context is what stands in for a registry.
fn render_script(environment: &Environment) -> String {
    let network = environment.get("LAMBDA_IMAGES_NETWORK").unwrap_or("default");
    let mut contexts = String::new();
    for mirror in environment.get("LAMBDA_IMAGES_MIRRORS").unwrap_or_default().split(',') {
        if let Some((from, to)) = mirror.split_once('=') {
            contexts += &format!(" --build-context={from}=docker-image://{to}");
        }
    }
    let build = format!("docker buildx build --quiet --network={network}{contexts}");
    let mut script = format!("{build} --load --tag=core-by-script-bench packages/core\n");
    for index in 0..LAMBDAS {
        let line = writeln!(
            script,
            "{build} --output=type=cacheonly --build-context=base-core=docker-image://core-by-script-bench lambdas/{}",
            name_of(index)
        );
        debug_assert!(line.is_ok(), "a string takes all that is written to it");
    }
    script
}
