//! `affected`: which images differ from a commit, and why.

use std::collections::BTreeSet;

use lambda_images::affected::{AffectedImage, chains, levels};
use lambda_images::discovery::ImageName;
use lambda_images::stable::StableBases;
use serde::Serialize;
use serde_json::{Value, json};

use super::bake::render_bake;
use super::comparison::{Comparison, compare_with_base, since_base};
use super::survey::{Looked, Survey, Wanted, look, tell_warnings};
use crate::checkout::Disk;
use crate::cli::{Affected, AffectedFormat};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::EXIT_SUCCESS;
use crate::git::Against;
use crate::past::Now;
use crate::process::joined;
use crate::state::State;
use crate::workspace::Workspace;

/// GitHub's limit of jobs in one matrix ("Usage limits" of GitHub Actions).
const MOST_JOBS: usize = 256;

pub(crate) fn affected(arguments: &Affected, environment: &Environment) -> anyhow::Result<u8> {
    if arguments.format == AffectedFormat::Bake {
        return affected_bake(arguments, environment);
    }
    let root = Workspace::find_root(environment)?;
    let state = State::of_workspace(&root);
    let given = arguments.base.as_deref();
    let Looked { workspace, found, git, caches, .. } =
        look(&root, &state, environment, &Against::Base(given), |_| ())?;
    let selected = workspace.select(&arguments.images)?;
    let (inputs, since) = std::thread::scope(|scope| {
        let since = scope.spawn(|| since_base(&git, &workspace, &found, given, environment));
        (found.inputs(&workspace.graph), joined(since))
    });
    let disk = Disk { root: &root, caches: &caches };
    let now = Now {
        workspace: &workspace,
        found: &found,
        inputs: &inputs,
        caches: &caches,
        checkout: &disk,
        stable: &StableBases::new(),
    };
    let comparison = compare_with_base(&now, &git, since?, arguments.strict, environment)?;
    let comparison = comparison.of(&selected);
    tell_warnings(&workspace, &found);
    comparison.notes.iter().for_each(|text| note(text));
    let text = match arguments.format {
        AffectedFormat::Text => render_text(&workspace, &comparison),
        AffectedFormat::Json => render_json(&comparison)?,
        AffectedFormat::Names => {
            let affected = comparison.images.iter().filter(|image| image.affected);
            affected.map(|image| format!("{}\n", image.name)).collect()
        }
        AffectedFormat::Github => format!("{}\n", render_github(&workspace, &comparison)),
        AffectedFormat::Bake => unreachable!("it has a way of its own"),
    };
    match arguments.format {
        AffectedFormat::Text => super::print(&text)?,
        _ => super::print_exact(&text)?,
    }
    caches.keep(&found, &state);
    if arguments.format == AffectedFormat::Text {
        note(&comparison.summary());
    }
    drop(git);
    // The process ends here: to take all of this apart piece by piece costs more than it is worth.
    std::mem::forget((workspace, found, inputs, comparison));
    Ok(EXIT_SUCCESS)
}

/// The same as a file for bake, which needs to know all that a build does.
fn affected_bake(arguments: &Affected, environment: &Environment) -> anyhow::Result<u8> {
    let stack = arguments.stack.as_deref();
    let survey = Survey::take(environment, stack, Wanted::Configured, true)?;
    let selected = survey.workspace.select(&arguments.images)?;
    let given = arguments.base.as_deref();
    let comparison = survey.compare(given, arguments.strict, environment)?.of(&selected);
    comparison.notes.iter().for_each(|text| note(text));
    super::print(&format!("{:#}\n", render_bake(&survey, &comparison.affected())?))?;
    Ok(EXIT_SUCCESS)
}

fn render_text(workspace: &Workspace, comparison: &Comparison) -> String {
    let chains = chains(&workspace.graph, &comparison.images);
    let mut text = String::new();
    for image in comparison.images.iter().filter(|image| image.affected) {
        text += &format!("{} ({})\n", image.name, image.kind.as_str());
        for line in chains.get(&image.name).into_iter().flatten() {
            text += &format!("  {line}\n");
        }
    }
    text
}

fn render_json(comparison: &Comparison) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Answer<'c> {
        version: u32,
        base: Option<&'c str>,
        images: &'c [AffectedImage],
        removed: &'c [ImageName],
        not_checked_out: &'c BTreeSet<ImageName>,
    }
    let Comparison { base, images, removed, not_checked_out, .. } = comparison;
    let base = base.as_ref().map(|base| base.id.as_str());
    let answer = Answer { version: 1, base, images, removed, not_checked_out };
    Ok(serde_json::to_string_pretty(&answer)? + "\n")
}

/// For each level a list of matrices, as GitHub takes no more than so many jobs in one.
fn render_github(workspace: &Workspace, comparison: &Comparison) -> Value {
    let levels = levels(&workspace.graph, &comparison.images).into_iter().map(|level| {
        let matrices = level.chunks(MOST_JOBS).map(|chunk| {
            let jobs: Vec<Value> = chunk
                .iter()
                .map(|image| json!({ "image": image.name, "kind": image.kind }))
                .collect();
            json!({ "include": jobs })
        });
        matrices.collect::<Vec<Value>>()
    });
    json!(levels.collect::<Vec<_>>())
}
