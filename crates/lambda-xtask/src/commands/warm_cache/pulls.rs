//! Which images are pulled, and by which tags.
//!
//! Only the engine's own builder sees what the engine pulls: for another one nothing is. What is in
//! the engine is not pulled again.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::discovery::ImageName;
use lambda_images::graph::BaseSource;
use lambda_images::plan::{Destination, ImageNames, PlannedImage, Stored, StoredImage};

use super::WantedImages;
use super::parts::Parts;
use crate::commands::survey::Survey;
use crate::engine::find_builder;
use crate::patience::ask_docker;
use crate::pull::Pull;
use crate::store::{LookUpError, Store};

/// The pulls that a run begins with.
pub(super) fn find_pulls(
    survey: &Survey,
    wanted: &WantedImages,
    parts: &Parts,
    warm: &BTreeSet<ImageName>,
    stored: &BTreeMap<ImageName, Stored>,
) -> anyhow::Result<Vec<Pull>> {
    let bases = wanted.base_plan.images.iter().filter(|image| wanted.bases.contains(&image.name));
    let cold = wanted.lambdas.iter().filter(|lambda| !warm.contains(&lambda.name));
    let mut pulls = Vec::new();
    if survey.destination == Destination::Registry {
        let images: Vec<&PlannedImage> = bases.chain(cold.clone()).collect();
        pulls.extend(of_registry(survey, &images, stored)?);
    }
    pulls.extend(cold.filter_map(|lambda| external_base(survey, parts, lambda)));
    let is_seen = |pulls: &Vec<Pull>| -> anyhow::Result<bool> {
        Ok(!pulls.is_empty()
            && find_builder(&survey.environment)?.is_none_or(|builder| builder.is_docker_driver()))
    };
    if is_seen(&pulls)? { Ok(pulls) } else { Ok(Vec::new()) }
}

/// Images of the configured registry that the engine does not have: by the tag of their present
/// inputs if there is one, else by the tags that move.
fn of_registry(
    survey: &Survey,
    images: &[&PlannedImage],
    stored: &BTreeMap<ImageName, Stored>,
) -> anyhow::Result<Vec<Pull>> {
    let names: BTreeMap<ImageName, ImageNames> =
        images.iter().map(|image| (image.name.clone(), tagged(&image.names))).collect();
    let local = Store { destination: Destination::Local, ..survey.store() };
    let here = local.look_up(&names).map_err(LookUpError::into_failure)?;
    let mut pulls = Vec::new();
    for image in images {
        let names = &names[&image.name];
        let there = stored.get(&image.name).and_then(|stored| stored.identity.as_ref());
        let here = here.get(&image.name).and_then(|here| here.identity.as_ref());
        let candidates = match there {
            Some(there) if here.is_some_and(|here| is_same(here, there)) => continue,
            Some(_) => vec![names.identity.to_string()],
            None => ["stable", "latest"]
                .map(|tag| format!("{}:{tag}", names.identity.repository.as_str()))
                .to_vec(),
        };
        let (image, platform) = (image.name.clone(), image.platform.clone());
        pulls.push(Pull { image, platform, candidates });
    }
    Ok(pulls)
}

/// Whether the engine has what the registry has. A tag that moves may lead elsewhere there; an
/// engine that knows no digest of it has built it.
fn is_same(here: &StoredImage, there: &StoredImage) -> bool {
    here.digest.is_none() || here.digest == there.digest
}

/// The names without digests: a tag is what the engine looks an image up by.
fn tagged(names: &ImageNames) -> ImageNames {
    let mut names = names.clone();
    names.identity.digest = None;
    names.reference.digest = None;
    names
}

/// The image from outside that a Lambda stands on and that nothing before its handler makes BuildKit
/// fetch.
fn external_base(survey: &Survey, parts: &Parts, lambda: &PlannedImage) -> Option<Pull> {
    parts.without.get(&lambda.name)?;
    let image = survey.workspace.graph.get(&lambda.name)?;
    let base = image.bases.iter().find_map(|base| match &base.source {
        BaseSource::External { stand_in } => {
            Some(stand_in.clone().unwrap_or_else(|| base.written.clone()))
        }
        BaseSource::Internal(_) => None,
    })?;
    let mut inspect = survey.environment.command("docker");
    inspect.args(["image", "inspect", "--format", "{{.Id}}", "--", &base]);
    let is_here = ask_docker(&mut inspect).is_ok_and(|output| output.status.success());
    let (image, platform) = (lambda.name.clone(), lambda.platform.clone());
    (!is_here).then(|| Pull { image, platform, candidates: vec![base] })
}
