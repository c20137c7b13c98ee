//! `manifest`: what is deployed, in the form that the deploying program takes.
//!
//! It asks neither docker nor a registry: the manifest has what they said. Git is asked only which images
//! a sparse checkout leaves out. Whether an image is
//! fit to be deployed is decided by `lambda_images::deploy`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use lambda_images::config::Kind;
use lambda_images::deploy::render::{DeployForm, render_deployment};
use lambda_images::deploy::{DeployFacts, Deployment, Unfit};
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;

use super::survey::read_inputs;
use crate::cli::{Manifest as Arguments, ManifestFormat};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::{
    EXIT_FAILURE, EXIT_SUCCESS, EXIT_WORKSPACE, Failure, environment as environment_failure, usage,
};
use crate::git::{Against, Git};
use crate::left_out::LeftOut;
use crate::process::joined;
use crate::state::{State, write_atomically};
use crate::workspace::Workspace;

pub(crate) fn manifest(arguments: &Arguments, environment: &Environment) -> anyhow::Result<u8> {
    check_whole(arguments)?;
    let output = match &arguments.output {
        Some(path) => Some(find_output(path, arguments, environment)?),
        None => None,
    };
    let workspace = Workspace::load(environment)?;
    let state = State::of_workspace(&workspace.root);
    let (found, git) = thread::scope(|scope| {
        let git = scope.spawn(|| Git::ask(&workspace.root, environment, &Against::Head));
        (read_inputs(&workspace, &state), joined(git))
    });
    let inputs = found?.inputs(&workspace.graph);
    let stack = workspace.stack(arguments.stack.as_deref(), environment);
    let selected = select_lambdas(&workspace, &arguments.images)?;
    let left_out = match git {
        Ok(git) => LeftOut::find(&git, &workspace, environment)?.lambdas(),
        Err(_) => LeftOut::default(),
    };
    check_checkout(arguments, &left_out)?;
    let manifest = read_manifest(&state, &stack)?;
    let earlier = match &arguments.changed_since {
        Some(path) => Some(read_earlier(path, &stack, environment)?),
        None => None,
    };
    let facts = DeployFacts {
        graph: &workspace.graph,
        fingerprint: &|name| inputs[name].1,
        selected: &selected,
    };
    let mut deployment = Deployment::new(&manifest, &facts);
    deployment.removed.retain(|name| !left_out.may_be(name));
    if let Some(earlier) = &earlier {
        deployment.retain_changed(earlier, &facts);
    }
    let lambdas =
        workspace.graph.images().iter().filter(|image| image.declaration.kind == Kind::Lambda);
    let names = lambdas.clone().map(lambda_images::graph::Image::name);
    let form = arguments.format.form();
    let text = render_deployment(form, &stack, &deployment, names).map_err(|error| Failure {
        code: EXIT_WORKSPACE,
        message: error.to_string(),
        hint: Some(
            "`json`, `tfvars`, `pulumi` and `cdk` keep names as they are; or rename one: `name = \"…\"` in its `[tool.lambda-image]`"
                .to_owned(),
        ),
    })?;
    if !tell_unfit(&deployment, &allowed(arguments)) {
        return Ok(EXIT_FAILURE);
    }
    tell_rest(arguments.format, &deployment, lambdas.count(), earlier.is_some());
    match output {
        Some(path) => write_atomically(&path, text.as_bytes())?,
        None => super::print_exact(&text)?,
    }
    Ok(EXIT_SUCCESS)
}

/// What makes a function for each entry of a map removes those that are not in it. It finds what has
/// changed by itself, and needs no part of the map.
fn check_whole(arguments: &Arguments) -> anyhow::Result<()> {
    let asks_for_some = arguments.changed_since.is_some() || !arguments.images.is_empty();
    let program = match arguments.format.form() {
        DeployForm::Tfvars => "Terraform",
        DeployForm::Pulumi => "Pulumi",
        _ => return Ok(()),
    };
    if !asks_for_some || arguments.allow_partial {
        return Ok(());
    }
    Err(usage(
        format!("{program} would remove the functions of all images that it is not given"),
        format!(
            "leave `--changed-since` and the images' names out: {program} changes only what differs; `--allow-partial` is for programs that remove nothing"
        ),
    ))
}

/// What a sparse checkout leaves out is not removed, and a deployment without it would remove it.
fn check_checkout(arguments: &Arguments, left_out: &LeftOut) -> anyhow::Result<()> {
    if left_out.is_empty() || !arguments.images.is_empty() {
        return Ok(());
    }
    let shown = left_out.shown();
    if arguments.allow_partial {
        note(&format!("warning: not checked out, and left out: {shown}"));
        return Ok(());
    }
    Err(environment_failure(
        format!(
            "not checked out: {shown}: a program that is given only the other images may remove their functions"
        ),
        format!("{}; name the images that you want, or `--allow-partial`", left_out.hint()),
    ))
}

/// The file to be replaced: that behind a link, never a device or a pipe, and not what it is
/// compared with, of which it would keep only what differs.
fn find_output(
    path: &Path,
    arguments: &Arguments,
    environment: &Environment,
) -> anyhow::Result<PathBuf> {
    let resolve = |path: &Path| {
        let given = environment.current_dir().join(path);
        given.canonicalize().unwrap_or(given)
    };
    let found = resolve(path);
    if arguments.changed_since.as_deref().map(resolve).as_ref() == Some(&found) {
        return Err(usage(
            format!("`{}` would lose what has not changed", path.display()),
            "`--output` without `--changed-since` writes all, once it is deployed",
        ));
    }
    if found.exists() && !found.is_file() {
        return Err(usage(
            format!("`{}` is not a file that can be replaced", path.display()),
            "without `--output` it goes to stdout",
        ));
    }
    Ok(found)
}

fn select_lambdas(workspace: &Workspace, given: &[String]) -> anyhow::Result<BTreeSet<ImageName>> {
    let selected = workspace.select(given)?;
    for name in &selected {
        let image = workspace.graph.get(name).context("a selected image is in the graph")?;
        if image.declaration.kind != Kind::Lambda {
            return Err(usage(
                format!("`{name}` is a base image: nothing is deployed from it"),
                "name Lambda images; `cargo xtask graph` shows which are",
            ));
        }
    }
    Ok(selected)
}

fn read_manifest(state: &State, stack: &str) -> anyhow::Result<Manifest> {
    let build = format!("`cargo xtask build-lambdas --push --stack {stack}` writes it");
    let path = State::MANIFEST;
    let Some(text) = state.manifest_text()? else {
        return Err(environment_failure(format!("there is no manifest `{path}`"), build));
    };
    let manifest = Manifest::parse(&text)
        .ok_or_else(|| environment_failure(format!("the manifest `{path}` is damaged"), build))?;
    if manifest.stack != stack {
        let is = &manifest.stack;
        return Err(usage(
            format!("the manifest is of the stack `{is}`, not `{stack}`"),
            format!("`--stack {is}`, or first `cargo xtask build-lambdas --push --stack {stack}`"),
        ));
    }
    Ok(manifest)
}

fn read_earlier(path: &Path, stack: &str, environment: &Environment) -> anyhow::Result<Manifest> {
    let shown = path.display();
    let hint = "it is what `cargo xtask manifest` printed when it was deployed; leave `--changed-since` out to deploy all";
    let text = std::fs::read_to_string(environment.current_dir().join(path))
        .map_err(|error| usage(format!("failed to read `{shown}`: {error}"), hint))?;
    let earlier =
        Manifest::parse(&text).ok_or_else(|| usage(format!("`{shown}` is no manifest"), hint))?;
    if earlier.stack != stack {
        let is = &earlier.stack;
        return Err(usage(
            format!("`{shown}` is of the stack `{is}`, not `{stack}`"),
            "compare with what was deployed for the same stack",
        ));
    }
    Ok(earlier)
}

fn allowed(arguments: &Arguments) -> BTreeSet<Unfit> {
    let flags = [
        (Unfit::Missing, arguments.allow_missing),
        (Unfit::Stale, arguments.allow_stale),
        (Unfit::Dev, arguments.allow_dev),
        (Unfit::Dirty, arguments.allow_dirty),
        (Unfit::Local, arguments.allow_local),
    ];
    flags.into_iter().filter(|(_, given)| *given).map(|(unfit, _)| unfit).collect()
}

/// Says what is wrong; gives whether all of it is allowed.
fn tell_unfit(deployment: &Deployment, allowed: &BTreeSet<Unfit>) -> bool {
    let mut is_fit = true;
    for unfit in Unfit::ALL {
        let of_kind = deployment.unfit.iter().filter(|(kind, _)| *kind == unfit);
        let names: Vec<&ImageName> = of_kind.map(|(_, name)| name).collect();
        if names.is_empty() {
            continue;
        }
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let quoted = quoted.join(", ");
        if allowed.contains(&unfit) {
            note(&format!("warning: {quoted}: {unfit}"));
        } else {
            is_fit = false;
            note(&format!("error: {quoted}: {unfit}\nhint: {}", unfit.hint(&names)));
        }
    }
    is_fit
}

fn tell_rest(format: ManifestFormat, deployment: &Deployment, lambdas: usize, is_change: bool) {
    if !deployment.removed.is_empty() {
        let names: Vec<String> =
            deployment.removed.iter().map(|name| format!("`{name}`")).collect();
        note(&format!("note: removed from the workspace: {}", names.join(", ")));
    }
    let count = deployment.images.len();
    if is_change {
        note(&format!("{count} of {lambdas} images differ from what was deployed"));
    }
    if format.form().is_whole() && count < lambdas {
        note(
            "warning: these are some of the images: a program that makes a function for each entry of the map would remove the others",
        );
    }
}

#[cfg(test)]
mod tests;
