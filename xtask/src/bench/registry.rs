//! `cargo xtask bench registry`: which of 100 images exist, by identity and by name, asked of the
//! registry on loopback; against `docker buildx imagetools inspect` for the same references.
//!
//! What is measured is a look-up as `build-lambdas` makes it, from the first connection on, in this
//! process: nothing of a workspace is read.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lambda_xtask::{Environment, resolve_references};

use crate::engine;
use crate::steps::step;

use super::measure::Times;
use super::table::{Row, render_table};

const IMAGES: usize = 100;
/// `imagetools` at once: it waits for its own start more than for the registry.
const PROCESSES: usize = 16;

/// Gives the table.
pub(crate) fn run_bench(root: &Path, rounds: u32) -> anyhow::Result<String> {
    let engine = step("a Docker engine", || engine::up(root))?;
    let registry = engine.registry.context(
        "there is no registry on loopback beside this engine\nhint: `cargo xtask engine status` tells",
    )?;
    let mut environment = Environment::of_process()?;
    for (name, value) in engine.environment {
        environment = environment.with(name, value);
    }
    let references: Vec<String> = (0..IMAGES)
        .flat_map(|image| {
            ["identity", "name"].map(|tag| format!("{registry}/bench/image-{image}:{tag}"))
        })
        .collect();
    step(&format!("push {IMAGES} images, with two tags each"), || push(&environment, &references))?;
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    step(&format!("{rounds} rounds of each"), || {
        for _ in 0..rounds {
            let started = Instant::now();
            let found = resolve_references(&references, &environment)?;
            ours.push(started.elapsed());
            ensure!(found.iter().all(Option::is_some), "an image that was pushed is not there");
            theirs.push(inspect_all(&environment, &references)?);
        }
        Ok(())
    })?;
    let requests = references.len();
    let each = |times: &Times| times.median() * 1000.0 / (2 * IMAGES) as f64;
    let last = format!(
        "  per reference: {:.2} ms and {:.2} ms; imagetools {PROCESSES} at once\n",
        each(&ours),
        each(&theirs)
    );
    let rows = [("look-up", ours), ("docker buildx imagetools inspect", theirs)]
        .map(|(name, times)| Row { name: name.to_owned(), times, peak: None });
    let title = format!("{IMAGES} images ({requests} references) of the registry on loopback");
    Ok(render_table(&title, &rows) + &last)
}

/// One image without a byte of files, under all of these references.
fn push(environment: &Environment, references: &[String]) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("lambda-images-bench-").tempdir()?;
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nLABEL of=bench\n")?;
    let mut command = environment.command("docker");
    command.args(["buildx", "build", "--push", "--provenance=false", "--sbom=false"]);
    command.args(references.iter().map(|reference| format!("--tag={reference}")));
    let output = command.arg(folder.path()).output().context("failed to run `docker`")?;
    ensure!(output.status.success(), "failed to push: {}", String::from_utf8_lossy(&output.stderr));
    // The engine keeps its own copy of each; the registry's are overwritten by the next run.
    let mut remove = environment.command("docker");
    remove.args(["image", "rm"]).args(references).stdout(Stdio::null()).stderr(Stdio::null());
    remove.status().context("failed to run `docker`").map(drop)
}

/// Inspects every reference, several at once.
fn inspect_all(environment: &Environment, references: &[String]) -> anyhow::Result<Duration> {
    let next = AtomicUsize::new(0);
    let inspect = || -> anyhow::Result<()> {
        while let Some(reference) = references.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut command = environment.command("docker");
            command.args(["buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}"]);
            let output = command.arg(reference).output().context("failed to run `docker`")?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    };
    let started = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(inspect)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("inspecting does not panic"))
    })?;
    Ok(started.elapsed())
}
