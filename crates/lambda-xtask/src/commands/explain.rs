//! `explain`: every input of an image with its hash, and what changed since its last build. In
//! development mode it shows what a run would find, and neither builds nor names anything.

mod bases;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::escape::escape_line;
use lambda_images::fingerprint::{Mode, sha256};
use lambda_images::locks::{CHECKS, is_project};
use lambda_images::plan::PlannedImage;
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;
use lambda_images::stable::{Standing, needed_bases};
use lambda_images::tag::GitState;
use serde_json::{Value, json};

use self::bases::{base_lines, bases_json, externals_json};
use super::dev::{foresee, why_refused};
use super::report::{image_json, known_names};
use super::survey::{Survey, Wanted};
use crate::cli::{Explain, Format};
use crate::display::{bytes, note};
use crate::environment::Environment;
use crate::failure::EXIT_SUCCESS;
use crate::files::{Links, SETTINGS_LIMIT, read};
use crate::inputs::file_mode;
use crate::switches::wants_dev;

pub(crate) fn explain(arguments: &Explain, environment: &Environment) -> anyhow::Result<u8> {
    let is_dev = wants_dev(arguments.dev, environment)?;
    let stack = arguments.stack.as_deref();
    let mut survey = Survey::take(environment, stack, Wanted::Configured, false)?;
    let selected = survey.workspace.select(std::slice::from_ref(&arguments.image))?;
    if is_dev {
        foresee_stable(&mut survey, &selected, environment)?;
    }
    let stored = survey.store().look_up(&survey.names_of(&selected));
    let known = stored.as_ref().map_err(ToString::to_string);
    let plan =
        survey.plan(&selected, known.as_ref().map(|stored| *stored).map_err(String::as_str), false);
    let Some(image) = plan.images.iter().find(|image| selected.contains(&image.name)) else {
        anyhow::bail!("`{}` is not in its own plan", arguments.image);
    };
    let now = &survey.record(&image.name);
    let changes = survey.state.read_record(&image.name).map(|last| reasons_since(&last, now));
    let changes = changes.as_deref();
    match arguments.format {
        Format::Human => super::print(&render(&survey, image, now, changes))?,
        Format::Json => {
            super::print_exact(&format!("{:#}\n", render_json(&survey, image, now, changes)?))?;
        }
    }
    Ok(EXIT_SUCCESS)
}

/// Lets the image stand on what bears the name `stable`, as a run would.
fn foresee_stable(
    survey: &mut Survey,
    selected: &BTreeSet<ImageName>,
    environment: &Environment,
) -> anyhow::Result<()> {
    if let Some(why) = why_refused(survey, environment) {
        note(&format!("note: a build would be refused without `--allow-dev`: {why}"));
    }
    let needed = needed_bases(&survey.workspace.graph, selected);
    let standings = foresee(survey, needed, false);
    survey.stand_on_stable(standings)
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
        let bytes = read(&path, Links::Refuse, SETTINGS_LIMIT)?;
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
    let graph = &survey.workspace.graph;
    let known = graph.get(&image.name).context("an image of the plan is in the graph")?;
    let depends_on = counted
        .dependencies
        .iter()
        .map(|(name, fingerprint)| (name, (!survey.to_come.contains(name)).then_some(fingerprint)));
    let doubts = survey.lock_doubts(&image.name).into_iter();
    let locks_by_bytes: BTreeMap<String, String> =
        doubts.map(|(path, doubt)| (path, doubt.to_string())).collect();
    let mut value = image_json(image);
    let more = json!({
        "version": 1,
        "changes": changes,
        "inputs": inputs,
        "dockerfile": { "path": record.dockerfile, "instructions": counted.instructions },
        "platform": counted.platform,
        "target": counted.target,
        "args": counted.args,
        "bases": bases_json(survey, known, &counted.bases),
        "external_bases": externals_json(survey, known),
        "remotes": counted.remotes,
        "depends_on": depends_on.collect::<BTreeMap<_, _>>(),
        "contexts": counted.contexts,
        "locks": counted.locks,
        "locks_by_bytes": locks_by_bytes,
        "undetermined": record.undetermined,
        "git": { "commit": commit, "dirty_paths": dirty },
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    Ok(value)
}

fn render(
    survey: &Survey,
    image: &PlannedImage,
    record: &Record,
    changes: Option<&[Reason]>,
) -> String {
    let counted = &record.inputs;
    let mode = if image.standing == Standing::True { "" } else { ", in development mode" };
    let mut text = format!("{} ({} image{mode})\n", image.name, image.kind.as_str());
    let mut line = |name: &str, value: &str| {
        text += &format!("  {name:<12} {}\n", escape_line(value));
    };
    match known_names(image) {
        Some(names) => {
            line("fingerprint", &image.fingerprint.to_string());
            line("reference", &names.reference.to_string());
        }
        None => {
            line("fingerprint", "not known before what it stands on is built");
            line("reference", &format!("{}:dev-…", image.names.reference.repository));
        }
    }
    line("platform", &counted.platform);
    line("dockerfile", &record.dockerfile);
    if let Some(target) = &counted.target {
        line("target", target);
    }
    let known = survey.workspace.graph.get(&image.name);
    for (name, value) in &counted.args {
        let variable = known.and_then(|known| known.declaration.arg_variables.get(name));
        let from = variable.map(|variable| format!(", from the variable `{variable}`"));
        line("arg", &format!("{name}={value}{}", from.unwrap_or_default()));
    }
    if let Some(known) = known {
        for text in base_lines(survey, known, counted.bases.clone()) {
            line("base", &text);
        }
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
        let path = escape_line(&input.path);
        text += &format!("  {} {:.12} {path}{note}\n", input.mode.as_str(), input.sha256);
    }
    for (path, locked) in &counted.locks {
        let count = locked.keys().filter(|name| *name != CHECKS).count();
        let counts = match is_project(path) {
            true => format!("by the {count} settings of it that its installer reads"),
            false => format!("by the {count} distributions that it installs"),
        };
        text += &format!("  {}: {counts}\n", escape_line(path));
    }
    for (path, doubt) in survey.lock_doubts(&image.name) {
        let line = format!("{path}: by its bytes: {doubt}");
        text += &format!("  {}\n", escape_line(&line));
    }
    for note in &record.undetermined {
        text += &format!("  {}\n", escape_line(note));
    }
    text
}

/// The first of some paths, quoted, and how many more there are.
pub(super) fn some_of(paths: &[String]) -> String {
    let paths: BTreeSet<&String> = paths.iter().collect();
    let quoted = |path: &&String| format!("`{}`", escape_line(path));
    let shown: Vec<String> = paths.iter().take(5).map(quoted).collect();
    let more = paths.len().saturating_sub(5);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
