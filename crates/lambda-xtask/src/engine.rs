//! Checks, before anything is built, that docker can do what the plan needs.

use std::io;
use std::process::Output;

use buildx::{Builder, MINIMUM, parse_builder, parse_version};
use lambda_images::plan::{Destination, Plan};

use crate::environment::Environment;
use crate::failure::{environment as failure, tail};
use crate::patience::ask_docker;

const ENGINE_HINT: &str = "is the Docker engine running? `docker info` tells";

/// Checks buildx's version, the builder, and that the two fit the plan. Gives the builder, where
/// what buildx says of it can be read.
///
/// # Errors
/// What is missing, with its mend.
pub(crate) fn check_engine(
    environment: &Environment,
    plan: &Plan,
    destination: Destination,
) -> anyhow::Result<Option<Builder>> {
    let version = run(environment, &["buildx", "version"])?;
    let text = String::from_utf8_lossy(&version.stdout);
    if !version.status.success() {
        return Err(failure(
            "docker has no buildx",
            "install the buildx plugin, 0.13 or newer: https://docs.docker.com/build/install-buildx/",
        ));
    }
    match parse_version(&text) {
        Some(found) if found < MINIMUM => {
            return Err(failure(
                format!(
                    "buildx {found} is too old: {MINIMUM} is the first with `--progress=rawjson`"
                ),
                "update the buildx plugin: https://docs.docker.com/build/install-buildx/",
            ));
        }
        // A version that can't be read is somebody's own build: let it try.
        _ => {}
    }
    let builder = find_builder(environment)?;
    let stands_on_another =
        plan.images.iter().any(|image| image.action.runs_build() && !image.depends_on.is_empty());
    if let Some(builder) = &builder
        && !builder.is_docker_driver()
        && destination == Destination::Local
        && stands_on_another
    {
        return Err(failure(
            format!(
                "the builder `{}` ({} driver) can't see images of the local store, where the base images are",
                builder.name, builder.driver
            ),
            "use the engine's own builder (`BUILDX_BUILDER=default`), or set `registry` so that base images are pushed",
        ));
    }
    Ok(builder)
}

/// The builder in use; `None`: what buildx says of it can't be read.
///
/// # Errors
/// There is none that can be reached.
pub(crate) fn find_builder(environment: &Environment) -> anyhow::Result<Option<Builder>> {
    let inspect = run(environment, &["buildx", "inspect"])?;
    if !inspect.status.success() {
        let said = String::from_utf8_lossy(&inspect.stderr);
        let last = tail(&said, 1).first().map_or_else(String::new, |line| (*line).to_owned());
        return Err(failure(format!("no builder can be reached: {last}"), ENGINE_HINT));
    }
    let builder = parse_builder(&String::from_utf8_lossy(&inspect.stdout));
    if let Some(why) = builder.as_ref().and_then(Builder::why_unusable) {
        let why = tail(why, 1).first().map_or(why, |line| *line);
        return Err(failure(format!("no builder can be reached: {why}"), ENGINE_HINT));
    }
    Ok(builder)
}

fn run(environment: &Environment, arguments: &[&str]) -> anyhow::Result<Output> {
    ask_docker(environment.command("docker").args(arguments)).map_err(|error| {
        if error.kind() == io::ErrorKind::TimedOut {
            let message = format!("no answer from `docker {}`: {error}", arguments.join(" "));
            return failure(message, ENGINE_HINT);
        }
        failure(
            format!("failed to run `docker`: {error}"),
            "install Docker with the buildx plugin, 0.13 or newer, and start its engine",
        )
    })
}
