//! The plan of some images as a `docker-bake.json`: for whoever builds by `docker buildx bake`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use lambda_images::discovery::ImageName;
use lambda_images::plan::{Destination, PlannedImage};
use lambda_images::reference::ImageReference;
use serde_json::{Map, Value, json};

use super::execution::dirty_pushes;
use super::hand_over::hand_over;
use super::survey::Survey;
use crate::display::note;

/// Targets for `wanted`; what they stand on and is not among them is named by its identity.
pub(super) fn render_bake(survey: &Survey, wanted: &BTreeSet<ImageName>) -> anyhow::Result<Value> {
    let mut targets = Map::new();
    if !wanted.is_empty() {
        let not_asked = Err("it was not asked");
        let plan = survey.plan(wanted, not_asked, false);
        let identities: BTreeMap<ImageName, ImageReference> = survey
            .names
            .iter()
            .filter(|(name, _)| !wanted.contains(*name))
            .map(|(name, names)| (name.clone(), names.identity.clone()))
            .collect();
        if let Some(message) = dirty_pushes(&plan, survey) {
            note(&format!("warning: {message}"));
        }
        let faults = hand_over(survey, &plan, &|image| survey.source(&image.name))?;
        if let Some(fault) = faults.into_iter().flatten().next() {
            bail!("{fault}");
        }
        for image in plan.images.iter().filter(|image| wanted.contains(&image.name)) {
            let target = target(survey, image, &identities, wanted)?;
            targets.insert(target_name(&image.name), as_text(target));
        }
    }
    let names: Vec<String> = targets.keys().cloned().collect();
    let mut file = json!({ "group": { "default": { "targets": names } } });
    // An empty table of targets is none that bake can read.
    if !targets.is_empty() {
        file["target"] = Value::Object(targets);
    }
    Ok(file)
}

/// Names of targets hold no dots (buildx, `bake/bake.go`).
fn target_name(name: &ImageName) -> String {
    name.as_str().replace('.', "_")
}

/// Bake reads strings as templates of HCL: what looks like one is made text.
fn as_text(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${", "$${").replace("%{", "%%{")),
        Value::Array(values) => values.into_iter().map(as_text).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, as_text(value))).collect()
        }
        other => other,
    }
}

fn target(
    survey: &Survey,
    image: &PlannedImage,
    identities: &BTreeMap<ImageName, ImageReference>,
    wanted: &BTreeSet<ImageName>,
) -> anyhow::Result<Value> {
    let build = image.build(identities);
    let mut contexts = build.contexts;
    let mut args = build.args;
    for (context, base) in image.internal_contexts().filter(|(_, base)| wanted.contains(*base)) {
        contexts.insert(context.clone(), format!("target:{}", target_name(base)));
    }
    if let Some(base) = image.base_image_arg().filter(|base| wanted.contains(*base)) {
        args.insert("BASE_IMAGE".to_owned(), base.to_string());
    }
    // Bake looks for the Dockerfile from the context.
    let dockerfile = survey.workspace.root.join(&build.dockerfile);
    let dockerfile = dockerfile.to_str().context("the workspace's path is not UTF-8")?;
    let output = match survey.destination {
        Destination::Local => "type=docker",
        Destination::Registry => "type=registry",
    };
    let mut target = json!({
        "context": build.context,
        "dockerfile": dockerfile,
        "contexts": contexts,
        "args": args,
        "platforms": build.platform.into_iter().collect::<Vec<_>>(),
        // Bake has no second step that names what was pushed.
        "tags": [image.names.reference.to_string(), image.names.identity.to_string()],
        "output": [output],
        "attest": ["type=provenance,disabled=true", "type=sbom,disabled=true"],
    });
    if let Some(stage) = build.target {
        target["target"] = json!(stage);
    }
    if !build.secrets.is_empty() {
        target["secret"] = json!(build.secrets);
    }
    if !build.ssh.is_empty() {
        target["ssh"] = json!(build.ssh);
    }
    if let Some(network) = build.network {
        target["network"] = json!(network);
    }
    Ok(target)
}
