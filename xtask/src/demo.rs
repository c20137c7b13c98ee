//! `cargo xtask demo`: the main job for real, in a copy of this tree, on the engine.
//!
//! Each step says what it expects and what happened; a difference fails the demo. The copy is a
//! git repository of its own, and the images belong to a stack of this run, so that nothing
//! built before can make a step look better than it is. BuildKit's cache is left as it is.

pub(crate) mod copy;
mod invoke;
mod runtime_api;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use lambda_xtask::Environment;
use serde_json::Value;

use crate::engine;
use crate::steps::{say, step};
use crate::tools::{Tool, ensure_tools};

const LOW: &[&str] = &["base-receipt-dynamo", "find-unembedded-lines", "list-pending-batches"];
const ON_CHROMA: &[&str] = &[
    "base-receipt-chroma",
    "base-receipt-label",
    "chromadb-compaction",
    "chromadb-line-polling",
    "chromadb-word-polling",
    "submit-to-openai",
];

/// `program` is this very program: `cargo test` may have put another in its place by now.
pub(crate) fn run_demo(root: &Path, program: &Path) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    ensure_tools(&[Tool::Git])?;
    let engine = step("a Docker engine", || engine::up(root))?;
    let mut environment = Environment::of_process()?;
    for (name, value) in engine.environment {
        environment = environment.with(name, value);
    }
    let folder = tempfile::Builder::new()
        .prefix("lambda-images-demo-")
        .tempdir()
        .context("failed to make a folder")?;
    let stack = format!("demo-{}", std::process::id());
    let demo = Demo {
        environment: environment.in_folder(folder.path()),
        root: folder.path(),
        program,
        stack,
    };
    let result = demo.run(root);
    demo.remove_images();
    result?;
    say(&format!("demo: all as expected, in {:.0}s", started.elapsed().as_secs_f64()));
    Ok(ExitCode::SUCCESS)
}

struct Demo<'a> {
    environment: Environment,
    /// The copy's root.
    root: &'a Path,
    program: &'a Path,
    stack: String,
}

impl Demo<'_> {
    fn run(&self, original: &Path) -> anyhow::Result<()> {
        step("copy the tree", || copy::copy_tree(original, self.root, &self.environment))?;
        let all: BTreeSet<&str> = LOW.iter().chain(ON_CHROMA).copied().collect();
        self.build("first build: all nine images", &all)?;
        self.build("second build: nothing", &BTreeSet::new())?;
        self.append("lambdas/find_unembedded_lines/handler.py")?;
        self.build(
            "a handler was edited: its image alone",
            &BTreeSet::from(["find-unembedded-lines"]),
        )?;
        self.append("packages/receipt_chroma/src/receipt_chroma/__init__.py")?;
        let on_chroma: BTreeSet<&str> = ON_CHROMA.iter().copied().collect();
        self.build(
            "receipt_chroma was edited: its base image, and all that stands on it",
            &on_chroma,
        )?;
        let lambdas: Vec<&str> =
            all.into_iter().filter(|name| !name.starts_with("base-")).collect();
        ensure!(lambdas.len() == 6, "there are six Lambdas, not {}", lambdas.len());
        for name in lambdas {
            let reference = self.reference(name)?;
            step(&format!("import the handler of {name}"), || {
                invoke::import_handler(&self.environment, &reference)
            })?;
        }
        let (name, event) = (invoke::OFFLINE_LAMBDA, self.root.join(invoke::OFFLINE_EVENT));
        let reference = self.reference(name)?;
        step(&format!("invoke {name} with its sample event"), || {
            let event = std::fs::read_to_string(&event)
                .with_context(|| format!("failed to read `{}`", event.display()))?;
            let response = invoke::invoke(&self.environment, &reference, &event)?;
            say(&format!("    expected: a batch file of {} requests", invoke::OFFLINE_REQUESTS));
            say(&format!("    happened: {response}"));
            invoke::check_response(&response)
        })
    }

    /// Runs `build-lambdas`, and compares the images that it built with `expected`.
    fn build(&self, name: &str, expected: &BTreeSet<&str>) -> anyhow::Result<()> {
        step(name, || {
            let mut command = self.environment.command(self.program);
            command.args([
                "build-lambdas",
                "--explain",
                "--format",
                "json",
                "--stack",
                &self.stack,
            ]);
            let output = command
                .stderr(Stdio::inherit())
                .output()
                .context("failed to run `build-lambdas`")?;
            ensure!(output.status.success(), "`build-lambdas` ended with {}", output.status);
            let result: Value = serde_json::from_slice(&output.stdout)
                .context("`build-lambdas` printed no JSON")?;
            let images =
                result["images"].as_array().context("`build-lambdas` printed no images")?;
            ensure!(images.len() == 9, "there are nine images, not {}", images.len());
            for image in images {
                let seconds = image["duration_ms"]
                    .as_u64()
                    .map_or_else(String::new, |ms| format!("{:.1}s", ms as f64 / 1000.0));
                say(&format!(
                    "    {:<22} {:<10} {seconds:>7}  {}",
                    text(image, "name"),
                    text(image, "result"),
                    text(image, "image_ref")
                ));
            }
            let built: BTreeSet<&str> = images
                .iter()
                .filter(|image| image["result"] == "built")
                .map(|image| text(image, "name"))
                .collect();
            say(&format!("    expected: {}", shown(expected)));
            say(&format!("    happened: {}", shown(&built)));
            if built != *expected {
                bail!("other images were built than expected");
            }
            Ok(())
        })
    }

    /// Appends a comment to a file of the copy.
    fn append(&self, path: &str) -> anyhow::Result<()> {
        let path = self.root.join(path);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read `{}`", path.display()))?;
        std::fs::write(&path, text + "\n# An edit.\n")
            .with_context(|| format!("failed to write `{}`", path.display()))
    }

    fn reference(&self, name: &str) -> anyhow::Result<String> {
        let path = self.root.join("target/lambda-images/images.json");
        let bytes =
            std::fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let manifest: Value = serde_json::from_slice(&bytes)?;
        let images = manifest["images"].as_array().context("the manifest has no images")?;
        let image = images
            .iter()
            .find(|image| image["name"] == name)
            .with_context(|| format!("the manifest has no `{name}`"))?;
        Ok(format!(
            "{}:{}",
            text(image, "repository"),
            image["tags"][0].as_str().unwrap_or_default()
        ))
    }

    /// The images of this run's stack are of no use to anybody. Only their names are removed: the
    /// same image can have others, which are somebody's.
    fn remove_images(&self) {
        remove_named(&self.environment, &format!("*-{}", self.stack));
    }
}

/// Removes every image name whose repository matches.
pub(crate) fn remove_named(environment: &Environment, repository: &str) {
    let filter = format!("reference={repository}");
    let form = "{{.Repository}}:{{.Tag}}";
    let mut list = environment.command("docker");
    list.args(["image", "ls", "--filter", &filter, "--format", form]);
    let Ok(listed) = list.output() else { return };
    let names = String::from_utf8_lossy(&listed.stdout);
    let names: BTreeSet<&str> = names.lines().filter(|name| !name.contains("<none>")).collect();
    if !names.is_empty() {
        // Left-over names cost space, not correctness.
        drop(environment.command("docker").args(["image", "rm"]).args(names).output());
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn shown(names: &BTreeSet<&str>) -> String {
    if names.is_empty() {
        "no image built".to_owned()
    } else {
        names.iter().copied().collect::<Vec<_>>().join(", ")
    }
}
