//! Development mode: sees to it that the bases have a `stable`, and lets Lambdas stand on it.
//!
//! # How it works
//! A base without a `stable` is built from its true inputs under its ordinary identity, as ever, and
//! then given that name. Only when all digests are known are the Lambdas planned. A dry run builds and
//! names nothing, and says what it can't know.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::discovery::ImageName;
use lambda_images::graph::ImageGraph;
use lambda_images::plan::{Destination, ImageNames, Plan, PlannedImage, StoredImage};
use lambda_images::stable::{
    StableBases, Standing, VARIABLE, needed_bases, refusal, stable_names, stable_reference,
};

use self::known::{forget_others, keep, look_back};
use super::execution::Execution;
use super::report::render_failures;
use super::survey::{Standings, Survey};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::usage;
use crate::run::{Finished, Outcome};
use crate::store::LookUpError;
use crate::switches::{find_ci_run, wants_dev};

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
    if options.dry_run {
        let standings = foresee(survey, needed, options.refresh);
        survey.stand_on_stable(standings)?;
        return Ok(None);
    }
    let mut found = look_up_stable(survey, &needed).map_err(LookUpError::into_failure)?;
    let missing: BTreeSet<ImageName> =
        needed.into_iter().filter(|name| options.refresh || !found.contains_key(name)).collect();
    found.retain(|name, _| !missing.contains(name));
    let known = look_back(survey, &found).map_err(LookUpError::into_failure)?;
    known.tell_moved_on();
    let mut dirty = known.dirty;
    let mut ran = None;
    if !missing.is_empty() {
        let (plan, finished) = build_bases(survey, &missing, execution)?;
        for (image, outcome) in plan.images.iter().zip(&finished.outcomes) {
            let exists =
                matches!(outcome, Outcome::Built(_) | Outcome::Retagged | Outcome::UpToDate);
            if exists && missing.contains(&image.name) {
                // It is the end of the run, and nobody else tells what failed before.
                let stable = name_stable(survey, image)
                    .inspect_err(|_| note(&render_failures(survey, &plan, &finished)))?;
                found.insert(image.name.clone(), stable);
                if image.git.is_dirty() {
                    dirty.insert(image.name.clone(), image.git.dirty_paths().to_vec());
                }
            }
        }
        ran = Some((plan, finished));
    }
    let stable = digests_of(survey, &found);
    pin(survey, &stable)?;
    survey.stand_on_stable(Standings { stable, to_come: BTreeSet::new(), dirty })?;
    Ok(ran)
}

/// What Lambdas would stand on, without a build or a name given: what can't be known is told.
pub(super) fn foresee(survey: &Survey, needed: BTreeSet<ImageName>, refresh: bool) -> Standings {
    let mut found = match look_up_stable(survey, &needed) {
        Ok(found) => found,
        Err(error) => {
            note(&format!("note: which bases are `stable` is not known: {error}"));
            return Standings { to_come: needed, ..Standings::default() };
        }
    };
    let (missing, kept): (BTreeSet<ImageName>, BTreeSet<ImageName>) =
        needed.into_iter().partition(|name| refresh || !found.contains_key(name));
    found.retain(|name, _| kept.contains(name));
    let mut dirty = BTreeMap::new();
    match look_back(survey, &found) {
        Ok(known) => {
            known.tell_moved_on();
            dirty = known.dirty;
        }
        Err(error) => note(&format!("note: what `stable` is made from is not known: {error}")),
    }
    let built = match missing.is_empty() {
        true => BTreeMap::new(),
        // A base that is not found now is one that a run would build.
        false => survey.store().look_up(&survey.names_of(&missing)).unwrap_or_default(),
    };
    let mut to_come = BTreeSet::new();
    for name in missing {
        let reference = stable_reference(&survey.names[&name]);
        let git = &survey.git[&name];
        if git.is_dirty() {
            dirty.insert(name.clone(), git.dirty_paths().to_vec());
        }
        match built.get(&name).and_then(|stored| stored.identity.clone()) {
            Some(image) => {
                let identity = &survey.names[&name].identity;
                note(&format!("note: `{reference}` would be given to `{identity}`"));
                found.insert(name, image);
            }
            None => {
                note(&format!(
                    "note: `{reference}` would be given to what is built; the tags of what stands on it are not known before"
                ));
                to_come.insert(name);
            }
        }
    }
    Standings { stable: digests_of(survey, &found), to_come, dirty }
}

fn digests_of(survey: &Survey, found: &BTreeMap<ImageName, StoredImage>) -> StableBases {
    found.iter().map(|(name, image)| (name.clone(), digest_of(survey, image))).collect()
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

/// Why the mode must not be used here.
pub(super) fn why_refused(survey: &Survey, environment: &Environment) -> Option<String> {
    let protected = &survey.workspace.config.protected_stacks;
    refusal(find_ci_run(environment).as_ref(), survey.destination, &survey.stack, protected)
}

fn refuse(survey: &Survey, options: DevOptions, environment: &Environment) -> anyhow::Result<()> {
    match why_refused(survey, environment) {
        Some(why) if !options.allow => {
            let by_variable = wants_dev(false, environment)?;
            let left_out = match (by_variable, options.refresh) {
                (true, _) => format!("unset `{VARIABLE}`, and build without `--dev`"),
                (false, true) => "build without `--refresh-base`".to_owned(),
                (false, false) => "build without `--dev`".to_owned(),
            };
            let hint = format!("{left_out}; `--allow-dev` does it all the same");
            Err(usage(format!("refused: {why}"), hint))
        }
        _ => Ok(()),
    }
}

fn look_up_stable(
    survey: &Survey,
    bases: &BTreeSet<ImageName>,
) -> Result<BTreeMap<ImageName, StoredImage>, LookUpError> {
    let names = |name: &ImageName| {
        let stable = stable_reference(&survey.names[name]);
        (name.clone(), ImageNames { reference: stable.clone(), identity: stable })
    };
    let stored = survey.store().look_up(&bases.iter().map(names).collect())?;
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
    let finished = execution.carry_out(survey, &mut plan, &|image| survey.source(&image.name))?;
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
    let digest = digest_of(survey, &stored);
    // First of all: an image whose record is missing would count as clean.
    keep(survey, image, &digest)?;
    store.move_name(&reference, &image.names.identity, &stored)?;
    note(&format!("stable  {reference}"));
    forget_others(survey, &image.name, &digest)?;
    Ok(stored)
}

/// In the local store, where no digest pins, `stable` may be moved at any moment, and Lambdas be built
/// on what nobody counted: a tag that says the digest is given to the very image that was.
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
        // The digest is the image's id there.
        if stored.identity.is_none_or(|image| image.id != stable[&name]) {
            store.tag_local(&stable[&name], &names[&name].identity)?;
        }
    }
    Ok(())
}
