//! An image for each of the 1,000 Lambdas, in the local Docker store: one that nobody would want to run,
//! under the names that a build would give it. They stay for the next run, as a stack of their own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use lambda_xtask::Environment;
use serde_json::{Value, json};

use super::Setup;
use crate::bench::measure::output;
use crate::bench::tree::FULL;
use crate::engine;
use crate::steps::step;

/// The stack that the images are of.
pub(super) const STACK: &str = "lambda-images-bench";

/// Sees to it that the engine has all images; gives the environment in which it is asked.
///
/// # Errors
/// There is no engine, or it does not take them.
pub(super) fn provide_images(root: &Path, setup: &Setup) -> anyhow::Result<Environment> {
    let engine = step("a Docker engine", || engine::up(root))?;
    let environment = engine
        .environment
        .into_iter()
        .fold(setup.environment.clone(), |environment, (name, value)| environment.with(name, value))
        .with("LAMBDA_STACK", STACK);
    let missing = missing_images(setup, &environment)?;
    if !missing.is_empty() {
        let title = format!("load {} images into the local Docker store", missing.len());
        step(&title, || load(&environment, &missing))?;
        // What is measured would build them.
        let left = missing_images(setup, &environment)?.len();
        ensure!(left == 0, "{left} images are not in the store after they were loaded");
    }
    Ok(environment)
}

/// The images of the plan that would be built or named.
fn missing_images(setup: &Setup, environment: &Environment) -> anyhow::Result<Vec<Value>> {
    let mut plan = environment.command(&setup.program);
    plan.args(["build-lambdas", "--dry-run", "--format", "json"]);
    let plan: Value = serde_json::from_slice(&output(plan)?).context("the plan is no JSON")?;
    let images = plan["images"].as_array().context("the plan has no images")?;
    ensure!(images.len() == FULL.lambdas, "the plan has {} images", images.len());
    Ok(images.iter().filter(|image| image["action"] != "up-to-date").cloned().collect())
}

/// One archive for all, as `docker save` writes it, with a layer that they share.
fn load(environment: &Environment, images: &[Value]) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new().prefix("lambda-images-bench-").tempdir()?;
    let folder = scratch.path();
    let environment = environment.clone().in_folder(folder);
    fs::write(folder.join("bench"), "bench\n")?;
    let tar = |arguments: &[&str]| {
        let mut tar = environment.command("tar");
        tar.args(["--create", "--owner=0", "--group=0", "--mtime=@0"]).args(arguments);
        output(tar)
    };
    tar(&["--file=layer.tar", "bench"])?;
    let mut sum = environment.command("sha256sum");
    sum.arg("layer.tar");
    let sum = String::from_utf8(output(sum)?).context("`sha256sum` printed no text")?;
    let digest = sum.get(..64).context("`sha256sum` printed no digest")?;
    fs::create_dir(folder.join("configs"))?;
    let mut manifest = Vec::new();
    for (index, image) in images.iter().enumerate() {
        let text = |field: &str| image[field].as_str().context("an image of the plan has names");
        let config = format!("configs/{index}.json");
        // Another label, another image: as in any store.
        let content = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": { "Labels": { "of": text("name")? } },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
        });
        fs::write(folder.join(&config), content.to_string())?;
        let reference = text("image_ref")?;
        let (repository, _) = reference.rsplit_once(':').context("a reference has a tag")?;
        let tags = [reference.to_owned(), format!("{repository}:sha-{}", text("fingerprint")?)];
        manifest.push(json!({ "Config": config, "RepoTags": tags, "Layers": ["layer.tar"] }));
    }
    fs::write(folder.join("manifest.json"), Value::from(manifest).to_string())?;
    tar(&["--file=images.tar", "layer.tar", "configs", "manifest.json"])?;
    let mut load = environment.command("docker");
    load.args(["image", "load", "--quiet", "--input", "images.tar"]);
    output(load).map(drop)
}

/// The images about which something was done; `None` where the answer does not say of each.
pub(super) fn done_images(answer: &Value) -> Option<Vec<String>> {
    let images = answer["images"].as_array()?;
    let mut done = Vec::new();
    for image in images {
        if image["result"].as_str()? != "up-to-date" {
            done.push(image["name"].as_str()?.to_owned());
        }
    }
    Some(done)
}
