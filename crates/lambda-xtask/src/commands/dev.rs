//! Development mode: sees to it that the bases have a `stable`, and lets Lambdas stand on it.
//!
//! # How it works
//! A base without a `stable` is built from its true inputs under its ordinary identity, as ever, and
//! then given that name. Only when all digests are known are the Lambdas planned.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::discovery::ImageName;
use lambda_images::graph::ImageGraph;
use lambda_images::plan::{Destination, ImageNames, Plan, PlannedImage, StoredImage};
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;
use lambda_images::stable::{
    StableBases, Standing, needed_bases, refusal, stable_names, stable_reference,
};
use serde::{Deserialize, Serialize};

use super::execution::Execution;
use super::survey::Survey;
use crate::display::note;
use crate::environment::Environment;
use crate::failure::usage;
use crate::run::{Finished, Outcome};
use crate::state::{read_json, write_json};
use crate::store::LookUpError;
use crate::switches::find_ci_run;

/// What is asked of development mode.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DevOptions {
    /// `--refresh-base`
    pub(crate) refresh: bool,
    /// `--allow-dev`
    pub(crate) allow: bool,
    /// Builds and names nothing.
    pub(crate) dry_run: bool,
}

/// A plan of bases, and how it ended.
pub(crate) type Ran = (Plan, Finished);

/// What a base was made from when it was given the name `stable` here.
#[derive(Serialize, Deserialize)]
struct StableRecord {
    reference: String,
    digest: String,
    record: Record,
}

/// Prepares a survey for development mode: the bases that `selected` needs have a `stable`
/// afterwards, and Lambdas stand on it. Gives what was built for that.
///
/// # Errors
/// The mode is refused here; the store can't be asked, or an image can't be named.
pub(crate) fn stand_on_stable(
    survey: &mut Survey,
    selected: &BTreeSet<ImageName>,
    options: DevOptions,
    execution: &Execution,
    environment: &Environment,
) -> anyhow::Result<Option<Ran>> {
    refuse(survey, options, environment)?;
    let needed = needed_bases(&survey.workspace.graph, selected);
    let mut found = match look_up_stable(survey, &needed) {
        Err(error) if options.dry_run => {
            note(&format!("note: which bases are `stable` is not known: {error:#}"));
            BTreeMap::new()
        }
        found => found?,
    };
    let missing: BTreeSet<ImageName> =
        needed.into_iter().filter(|name| options.refresh || !found.contains_key(name)).collect();
    found.retain(|name, _| !missing.contains(name));
    tell_moved_on(survey, &found)?;
    let mut counted = StableBases::new();
    let mut ran = None;
    if options.dry_run {
        for name in &missing {
            let reference = stable_reference(&survey.names[name]);
            note(&format!(
                "note: `{reference}` would be given to what is built; the tags of what stands on it are not known before"
            ));
            counted.insert(name.clone(), format!("not built: {}", survey.inputs[name].1));
        }
    } else if !missing.is_empty() {
        let (plan, finished) = build_bases(survey, &missing, execution)?;
        for (image, outcome) in plan.images.iter().zip(&finished.outcomes) {
            let exists =
                matches!(outcome, Outcome::Built(_) | Outcome::Retagged | Outcome::UpToDate);
            if exists && missing.contains(&image.name) {
                found.insert(image.name.clone(), name_stable(survey, image)?);
            }
        }
        ran = Some((plan, finished));
    }
    let stable: StableBases =
        found.iter().map(|(name, image)| (name.clone(), digest_of(survey, image))).collect();
    if !options.dry_run {
        pin(survey, &stable)?;
    }
    counted.extend(stable.clone());
    survey.stand_on_stable(&counted, stable);
    Ok(ran)
}

/// Runs the plan that comes after the bases, without what stands on a base that failed. Gives both
/// as one.
pub(crate) fn after_bases(
    graph: &ImageGraph,
    (bases, mut finished): Ran,
    mut plan: Plan,
    fail_fast: bool,
    run: &dyn Fn(&mut Plan) -> anyhow::Result<Finished>,
) -> anyhow::Result<Ran> {
    let failed: Vec<ImageName> = (bases.images.iter().zip(&finished.outcomes))
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed { .. } | Outcome::Skipped { .. }))
        .map(|(image, _)| image.name.clone())
        .collect();
    let stops = finished.interrupted || (fail_fast && !failed.is_empty());
    let mut whole = bases;
    let known: BTreeSet<ImageName> = whole.images.iter().map(|image| image.name.clone()).collect();
    plan.images
        .retain(|image| !known.contains(&image.name) || image.standing == Standing::StableBase);
    let mut left = Vec::new();
    for name in &failed {
        let dead = graph.with_dependents(&BTreeSet::from([name.clone()]));
        let (skipped, rest) = plan.images.into_iter().partition(|image| dead.contains(&image.name));
        plan.images = rest;
        left.extend(Vec::into_iter(skipped).map(|image| (image, Some(name.clone()))));
    }
    if stops {
        left.extend(std::mem::take(&mut plan.images).into_iter().map(|image| (image, None)));
    }
    if !plan.images.is_empty() {
        let second = run(&mut plan)?;
        finished.duration += second.duration;
        finished.interrupted |= second.interrupted;
        for (image, outcome) in plan.images.into_iter().zip(second.outcomes) {
            if !known.contains(&image.name) {
                whole.images.push(image);
                finished.outcomes.push(outcome);
            }
        }
    }
    for (image, because_of) in left.into_iter().filter(|(image, _)| !known.contains(&image.name)) {
        whole.images.push(image);
        finished.outcomes.push(Outcome::Skipped { because_of });
    }
    Ok((whole, finished))
}

fn refuse(survey: &Survey, options: DevOptions, environment: &Environment) -> anyhow::Result<()> {
    let ci = find_ci_run(environment);
    let protected = &survey.workspace.config.protected_stacks;
    match refusal(ci.as_ref(), survey.destination, &survey.stack, protected) {
        Some(why) if !options.allow => Err(usage(
            format!("refused: {why}"),
            "build without `--dev`, `--refresh-base` and `USE_STATIC_BASE_IMAGE`; `--allow-dev` does it all the same",
        )),
        _ => Ok(()),
    }
}

fn look_up_stable(
    survey: &Survey,
    bases: &BTreeSet<ImageName>,
) -> anyhow::Result<BTreeMap<ImageName, StoredImage>> {
    let names = |name: &ImageName| {
        let stable = stable_reference(&survey.names[name]);
        (name.clone(), ImageNames { reference: stable.clone(), identity: stable })
    };
    let stored = survey.store().look_up(&bases.iter().map(names).collect());
    let stored = stored.map_err(LookUpError::into_failure)?;
    Ok(stored.into_iter().filter_map(|(name, stored)| Some((name, stored.identity?))).collect())
}

/// In the local store an image's own id tells it from others, whether or not it was pulled.
fn digest_of(survey: &Survey, image: &StoredImage) -> String {
    match (survey.destination, &image.digest) {
        (Destination::Registry, Some(digest)) => digest.to_string(),
        _ => image.id.clone(),
    }
}

fn build_bases(
    survey: &Survey,
    bases: &BTreeSet<ImageName>,
    execution: &Execution,
) -> anyhow::Result<Ran> {
    let stored = survey.store().look_up(&survey.names_of(bases));
    let stored = stored.map_err(LookUpError::into_failure)?;
    let mut plan = survey.plan(bases, Ok(&stored), false);
    let finished = execution.carry_out(survey, &mut plan, &|name| survey.stage(name))?;
    Ok((plan, finished))
}

/// Gives a base its name, and remembers what it was made from.
fn name_stable(survey: &Survey, image: &PlannedImage) -> anyhow::Result<StoredImage> {
    let store = survey.store();
    let stored = store.find(&image.names.identity)?;
    let stored = stored.ok_or_else(|| {
        anyhow::anyhow!("`{}` is gone before it could be named", image.names.identity)
    })?;
    let reference = stable_reference(&image.names);
    store.move_name(&reference, &image.names.identity, &stored)?;
    note(&format!("stable  {reference}"));
    let record = StableRecord {
        reference: reference.to_string(),
        digest: digest_of(survey, &stored),
        record: survey.record(&image.name),
    };
    write_json(&survey.state.stable_path(&image.name), &record)?;
    Ok(stored)
}

/// In the local store, where no digest pins, `stable` could be moved while a Lambda is built on it:
/// a tag that says the digest can't.
fn pin(survey: &Survey, stable: &StableBases) -> anyhow::Result<()> {
    if survey.destination == Destination::Registry {
        return Ok(());
    }
    let names: BTreeMap<ImageName, ImageNames> = stable
        .iter()
        .map(|(name, digest)| {
            (name.clone(), stable_names(&survey.names[name], digest, survey.destination))
        })
        .collect();
    let store = survey.store();
    let stored = store.look_up(&names);
    for (name, stored) in stored.map_err(LookUpError::into_failure)? {
        if stored.identity.is_none() {
            store.tag_local(&names[&name].reference, &names[&name].identity)?;
        }
    }
    Ok(())
}

/// Says in one line which bases are not of the present inputs, by what, and how to refresh them.
fn tell_moved_on(survey: &Survey, found: &BTreeMap<ImageName, StoredImage>) -> anyhow::Result<()> {
    let mut unknown: BTreeMap<ImageName, ImageNames> = BTreeMap::new();
    let mut moved: BTreeMap<&ImageName, String> = BTreeMap::new();
    for (name, image) in found {
        let record: Option<StableRecord> = read_json(&survey.state.stable_path(name));
        let reference = stable_reference(&survey.names[name]).to_string();
        let known = record.filter(|record| {
            record.reference == reference && record.digest == digest_of(survey, image)
        });
        match known {
            Some(known) => {
                let reasons = reasons_since(&known.record, &survey.record(name));
                if !reasons.is_empty() {
                    moved.insert(name, shown(&reasons));
                }
            }
            None => drop(unknown.insert(name.clone(), survey.names[name].clone())),
        }
    }
    // Somebody else named it: it is of the present inputs if it is the image of their identity.
    let stored = survey.store().look_up(&unknown);
    for (name, stored) in stored.map_err(LookUpError::into_failure)? {
        if let Some((name, named)) = found.get_key_value(&name)
            && stored.identity.as_ref().map(|image| &image.id) != Some(&named.id)
        {
            moved.insert(name, String::new());
        }
    }
    if moved.is_empty() {
        return Ok(());
    }
    let moved: Vec<String> = moved
        .into_iter()
        .map(|(name, why)| match why.as_str() {
            "" => format!("`{name}`"),
            why => format!("`{name}` ({why})"),
        })
        .collect();
    note(&format!(
        "note: `stable` is older than the packages: {}; `cargo xtask build-lambdas --refresh-base` builds it anew",
        moved.join(", ")
    ));
    Ok(())
}

fn shown(reasons: &[Reason]) -> String {
    const MOST: usize = 3;
    let mut texts: Vec<String> = reasons.iter().take(MOST).map(ToString::to_string).collect();
    if reasons.len() > MOST {
        texts.push(format!("{} more", reasons.len() - MOST));
    }
    texts.join(", ")
}
