//! `explain`: every input of an image with its hash, and what changed since its last build.

use std::collections::BTreeSet;

use lambda_images::fingerprint::{BaseIdentity, Mode, sha256};
use lambda_images::plan::PlannedImage;
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;
use lambda_images::tag::GitState;
use serde_json::{Value, json};

use super::survey::{Survey, Wanted};
use crate::cli::{Explain, Format};
use crate::display::bytes;
use crate::environment::Environment;
use crate::failure::EXIT_SUCCESS;
use crate::inputs::file_mode;

pub(crate) fn explain(arguments: &Explain, environment: &Environment) -> anyhow::Result<u8> {
    let survey = Survey::take(environment, arguments.stack.as_deref(), Wanted::Configured, false)?;
    let selected = survey.workspace.select(std::slice::from_ref(&arguments.image))?;
    let stored = survey.store().look_up(&survey.names_of(&selected));
    let known = stored.as_ref().map_err(ToString::to_string);
    let plan =
        survey.plan(&selected, known.as_ref().map(|stored| *stored).map_err(String::as_str), false);
    let Some(image) = plan.images.iter().find(|image| selected.contains(&image.name)) else {
        anyhow::bail!("`{}` is not in its own plan", arguments.image);
    };
    let now = &survey.record(&image.name);
    let changes = survey.state.read_record(&image.name).map(|last| reasons_since(&last, now));
    super::print(&match arguments.format {
        Format::Human => render(&survey, image, now, changes.as_deref()),
        Format::Json => format!("{:#}\n", render_json(&survey, image, now, changes.as_deref())?),
    })?;
    Ok(EXIT_SUCCESS)
}

/// A line of `inputs`.
struct Input {
    path: String,
    mode: Mode,
    sha256: String,
    /// `file`, or `dockerfile`, of which only the instructions of reachable stages count.
    kind: &'static str,
}

/// All input files, the Dockerfile among them whether or not a context holds it.
fn inputs(survey: &Survey, record: &Record) -> anyhow::Result<Vec<Input>> {
    let kind = |path: &str| if path == record.dockerfile { "dockerfile" } else { "file" };
    let mut inputs: Vec<Input> = record
        .files
        .iter()
        .map(|(path, file)| Input {
            path: path.clone(),
            mode: file.mode,
            sha256: file.sha256.to_string(),
            kind: kind(path),
        })
        .collect();
    if !record.files.contains_key(&record.dockerfile) {
        let path = survey.workspace.root.join(&record.dockerfile);
        let bytes = std::fs::read(&path)?;
        let mode = file_mode(&std::fs::metadata(&path)?);
        inputs.push(Input {
            path: record.dockerfile.clone(),
            mode,
            sha256: sha256(&bytes).to_string(),
            kind: "dockerfile",
        });
    }
    inputs.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(inputs)
}

fn render_json(
    survey: &Survey,
    image: &PlannedImage,
    record: &Record,
    changes: Option<&[Reason]>,
) -> anyhow::Result<Value> {
    let inputs: Vec<Value> = inputs(survey, record)?
        .into_iter()
        .map(|input| json!({ "path": input.path, "mode": input.mode, "sha256": input.sha256, "kind": input.kind }))
        .collect();
    let (commit, dirty) = match &image.git {
        GitState::Clean { commit } => (Some(commit), Some(Vec::new())),
        GitState::Dirty { commit, paths } => (Some(commit), Some(paths.clone())),
        GitState::Unknown { .. } => (None, None),
    };
    let counted = &record.inputs;
    Ok(json!({
        "version": 1,
        "name": image.name,
        "kind": image.kind,
        "fingerprint": image.fingerprint,
        "tag": image.names.reference.tag.as_ref().map(ToString::to_string),
        "image_ref": image.names.reference.to_string(),
        "action": image.action,
        "reasons": image.reasons,
        "changes": changes,
        "inputs": inputs,
        "dockerfile": { "path": record.dockerfile, "instructions": counted.instructions },
        "platform": counted.platform,
        "target": counted.target,
        "args": counted.args,
        "bases": counted.bases,
        "remotes": counted.remotes,
        "depends_on": counted.dependencies,
        "contexts": counted.contexts,
        "locks": counted.locks,
        "undetermined": record.undetermined,
        "git": { "commit": commit, "dirty_paths": dirty },
    }))
}

fn render(
    survey: &Survey,
    image: &PlannedImage,
    record: &Record,
    changes: Option<&[Reason]>,
) -> String {
    let counted = &record.inputs;
    let mut text = format!("{} ({} image)\n", image.name, image.kind.as_str());
    let mut line = |name: &str, value: &str| text += &format!("  {name:<12} {value}\n");
    line("fingerprint", &image.fingerprint.to_string());
    line("reference", &image.names.reference.to_string());
    line("platform", &counted.platform);
    line("dockerfile", &record.dockerfile);
    if let Some(target) = &counted.target {
        line("target", target);
    }
    for (name, value) in &counted.args {
        line("arg", &format!("{name}={value}"));
    }
    for (name, identity) in &counted.bases {
        let is = match identity {
            BaseIdentity::Fingerprint(fingerprint) => {
                format!("image of this workspace, sha-{}", fingerprint.short(12))
            }
            BaseIdentity::Stable(digest) => format!("`stable` of this workspace, {digest}"),
            BaseIdentity::Digest(digest) => format!("pinned, {digest}"),
            BaseIdentity::Reference(reference) => {
                format!("not pinned, counts as the text `{reference}`")
            }
        };
        line("base", &format!("{name}: {is}"));
    }
    match &image.git {
        GitState::Clean { commit } => {
            line("git", &format!("{commit:.12} is the newest commit that touched its inputs"));
        }
        GitState::Dirty { commit, paths } => {
            line("git", &format!("{commit:.12}, dirty by {}", some_of(paths)));
        }
        GitState::Unknown { why, paths } if paths.is_empty() => line("git", why),
        GitState::Unknown { why, paths } => {
            line("git", &format!("{why}, dirty by {}", some_of(paths)));
        }
    }
    text += "why\n";
    for reason in &image.reasons {
        text += &format!("  {reason}\n");
    }
    text += "since the last build here\n";
    match changes {
        None => text += "  there was none\n",
        Some([]) => text += "  nothing changed\n",
        Some(changes) => changes.iter().for_each(|change| text += &format!("  {change}\n")),
    }
    let inputs = inputs(survey, record).unwrap_or_default();
    let size = survey.input_size(&image.name);
    text += &format!("inputs: {} files, {}\n", inputs.len(), bytes(size));
    for input in &inputs {
        let note = if input.kind == "dockerfile" { "  (its instructions count)" } else { "" };
        text += &format!("  {} {:.12} {}{note}\n", input.mode.as_str(), input.sha256, input.path);
    }
    for (path, locked) in &counted.locks {
        text += &format!("  {path}: by the {} distributions that it installs\n", locked.len());
    }
    for note in &record.undetermined {
        text += &format!("  {note}\n");
    }
    text
}

/// The first of some paths, quoted, and how many more there are.
pub(super) fn some_of(paths: &[String]) -> String {
    let paths: BTreeSet<&String> = paths.iter().collect();
    let shown: Vec<String> = paths.iter().take(5).map(|path| format!("`{path}`")).collect();
    let more = paths.len().saturating_sub(5);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
