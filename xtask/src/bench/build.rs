//! `cargo xtask bench build`: what a run costs when there is nothing to build, against what else would
//! answer the same question on the same tree: `docker buildx bake` with all layers cached.

use std::path::Path;

use anyhow::Context as _;
use lambda_xtask::Environment;
use serde_json::{Map, Value, json};

use crate::bake::bake;
use crate::demo::copy::copy_tree;
use crate::demo::remove_named;
use crate::engine;
use crate::steps::step;

use super::measure::{Times, time};
use super::table::{Row, render_table};

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
    copy_tree(root, folder.path(), &environment)?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let ours = || {
        let mut command = environment.command(&program);
        command.args(["build-lambdas", "--stack", "bench"]);
        command
    };
    let bake_file = folder.path().join("compose.yaml");
    let graph = environment
        .command(&program)
        .args(["graph", "--format", "json"])
        .output()
        .context("failed to run `graph`")?;
    std::fs::write(
        &bake_file,
        render_bake(&serde_json::from_slice(&graph.stdout)?, &environment)?,
    )?;
    let bake = || {
        let mut command = bake(|| environment.command("docker"))?;
        command.args(["--load", "--provenance=false", "--sbom=false", "--file"]).arg(&bake_file);
        time(command)
    };
    let status = || {
        let mut command = environment.command("git");
        command.args(["status", "--porcelain"]);
        command
    };
    step("build everything once, by both", || time(ours()).and_then(|_| bake()).map(drop))?;
    let mut times: [Times; 3] = Default::default();
    step(&format!("{rounds} rounds of each"), || {
        for _ in 0..rounds {
            times[0].push(time(ours())?);
            times[1].push(bake()?);
            times[2].push(time(status())?);
        }
        Ok(())
    })?;
    remove_named(&environment, "*-bench");
    remove_named(&environment, "*-bake");
    let names = ["build-lambdas", "docker buildx bake", "git status"];
    let rows: Vec<Row> = (names.into_iter().zip(times))
        .map(|(name, times)| Row { name: name.to_owned(), times, peak: None })
        .collect();
    Ok(render_table("nine images, nothing to build; whole processes in turn", &rows))
}

/// The same nine images for bake, their bases as its own `target:` contexts. It is a compose
/// file (JSON is YAML), as buildx before 0.14 reads `network` from no other.
fn render_bake(graph: &Value, environment: &Environment) -> anyhow::Result<String> {
    let mut services = Map::new();
    let images = graph["images"].as_array().context("the graph has no images")?;
    for image in images {
        let text = |key: &str| image[key].as_str().unwrap_or_default();
        let mut contexts = Map::new();
        for base in image["depends_on"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|base| base["kind"] == "base")
        {
            let name = base["name"].as_str().unwrap_or_default();
            contexts.insert(name.to_owned(), json!(format!("target:{name}")));
        }
        for mirror in environment.get("LAMBDA_IMAGES_MIRRORS").unwrap_or_default().split(',') {
            if let Some((from, to)) = mirror.split_once('=') {
                contexts.insert(from.to_owned(), json!(format!("docker-image://{to}")));
            }
        }
        let dockerfile = text("dockerfile")
            .strip_prefix(text("context"))
            .unwrap_or_default()
            .trim_start_matches('/');
        let build = json!({
            "context": text("context"),
            "dockerfile": dockerfile,
            "additional_contexts": contexts,
            "platforms": [text("platform")],
            "network": environment.get("LAMBDA_IMAGES_NETWORK").unwrap_or("default"),
        });
        services.insert(
            text("name").to_owned(),
            json!({ "image": format!("{}-bake:latest", text("name")), "build": build }),
        );
    }
    Ok(format!("{:#}\n", json!({ "services": services })))
}
