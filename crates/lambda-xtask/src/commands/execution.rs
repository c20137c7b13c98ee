//! Carries out a plan: checks the engine, gives the builds their caches, runs them. What
//! `build-lambdas` and `warm-cache` have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use lambda_images::cache::{
    CacheBuilder, CacheEntry, CacheFacts, CacheWrite, caches_of, may_write,
};
use lambda_images::discovery::ImageName;
use lambda_images::graph::Image;
use lambda_images::plan::{Action, Destination, Plan, PlannedImage};
use lambda_images::stable::{Standing, needed_bases};
use lambda_images::tag::GitState;

use super::explain::some_of;
use super::hand_over::hand_over;
use super::last_images::find_last_images;
use super::survey::Survey;
use crate::base_platforms;
use crate::caches::{cache_builder, holds_cache};
use crate::cli::CacheWriting;
use crate::context_copy::Source;
use crate::display::note;
use crate::engine::check_engine;
use crate::failure::{EXIT_FAILURE, Failure};
use crate::git::NoGit;
use crate::handed::{find_missing, refuse_missing, warning_of_missing};
use crate::run::{Finished, Run};
use crate::switches::{ProgressForm, find_ci_run};

/// How plans are carried out, by the command line and the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Execution {
    pub(crate) jobs: Option<u16>,
    pub(crate) fail_fast: bool,
    /// How long each build may take.
    pub(crate) timeout: Option<Duration>,
    pub(crate) progress: ProgressForm,
    pub(crate) cache_write: CacheWriting,
    /// Whether repositories that the registry lacks are made.
    pub(crate) create_repositories: bool,
    /// Whether images are pushed whose inputs are in no commit.
    pub(crate) allow_dirty: bool,
    /// Whether the push was asked for: else it is the configuration's doing.
    pub(crate) asks_for_push: bool,
}

impl Execution {
    /// Runs a plan of `survey`. `source` is what an image is built from.
    ///
    /// # Errors
    /// The engine can't do it, or state can't be written. What an image's build says is in its
    /// outcome.
    pub(crate) fn carry_out<'s>(
        &self,
        survey: &'s Survey,
        plan: &mut Plan,
        source: &dyn Fn(&PlannedImage) -> Option<Source<'s>>,
    ) -> anyhow::Result<Finished> {
        // Every plan comes by here, also those of bases that somebody else needs.
        self.refuse_dirty(survey, plan)?;
        refuse_missing(&find_missing(&survey.environment, &survey.workspace.graph, plan))?;
        if plan.images.iter().any(|image| image.action.runs_build()) {
            let platforms = base_platforms::ask(
                &survey.environment,
                &survey.state,
                built(survey, plan).map(|(_, image)| image),
            );
            let builder = check_engine(&survey.environment, plan, survey.destination)?;
            let builder = builder
                .filter(|_| has_caches(survey, plan))
                .map(|builder| cache_builder(&survey.environment, &builder));
            self.apply_caches(survey, plan, builder.as_ref());
            warn_of_unreadable(survey, plan);
            if let Some(platforms) = platforms {
                platforms.warn(&survey.state, built(survey, plan).map(|(_, image)| image));
            }
        }
        // Which caches are written is known now.
        survey.provide_repositories(plan, self.create_repositories)?;
        let faults = hand_over(survey, plan, source)?;
        let store = survey.store();
        let run = Run {
            plan,
            record_of: &|name| survey.record(name),
            input_size: &|name| survey.input_size(name),
            faults: &faults,
            store: &store,
            state: &survey.state,
            environment: &survey.environment,
            jobs: self.jobs.map_or_else(
                || std::thread::available_parallelism().map_or(2, usize::from),
                usize::from,
            ),
            fail_fast: self.fail_fast,
            timeout: self.timeout,
            progress: self.progress,
            lock: survey.lock(),
        };
        let mut manifest = survey.state.read_manifest(&survey.stack);
        manifest
            .prune(&survey.stack, &survey.workspace.graph, &|name| survey.left_out.may_be(name));
        run.run(&mut manifest)
    }

    /// Refuses a plan that would push what nobody could build again.
    ///
    /// # Errors
    /// All images of the kind, with their files.
    pub(crate) fn refuse_dirty(&self, survey: &Survey, plan: &Plan) -> anyhow::Result<()> {
        match dirty_pushes(plan, survey).filter(|_| !self.allow_dirty) {
            None => Ok(()),
            Some(message) => {
                // Who did not ask for a push may be content without.
                let load = match self.asks_for_push {
                    true => "",
                    false => "`--load` to keep them in the local Docker store, ",
                };
                let refresh = match dirty_stable(plan, survey).is_empty() {
                    true => "",
                    false => " and give `stable` to what they make by `--refresh-base`",
                };
                let mends = mends_of_dirty(plan, survey, refresh).join(", ");
                let hint = format!("{mends}, {load}or `--allow-dirty` to push all the same");
                Err(Failure { code: EXIT_FAILURE, message, hint: Some(hint) }.into())
            }
        }
    }

    /// Says what a run of this plan would refuse.
    pub(crate) fn warn_of_refusals(&self, survey: &Survey, plan: &Plan) {
        if let Some(message) = dirty_pushes(plan, survey).filter(|_| !self.allow_dirty) {
            note(&format!("warning: {message}"));
        }
        let missing = find_missing(&survey.environment, &survey.workspace.graph, plan);
        warning_of_missing(&missing).iter().for_each(|text| note(text));
        warn_of_unreadable(survey, plan);
    }

    /// Gives each build its caches, and says once what had to be left out. Warming reads caches
    /// and writes none: it stops short of what they are to hold.
    pub(crate) fn apply_caches(
        &self,
        survey: &Survey,
        plan: &mut Plan,
        builder: Option<&CacheBuilder>,
    ) {
        if !has_caches(survey, plan) {
            return;
        }
        let environment = &survey.environment;
        let wanted = match self.cache_write {
            CacheWriting::Auto => CacheWrite::Auto,
            CacheWriting::Always => CacheWrite::Always,
            CacheWriting::Never => CacheWrite::Never,
        };
        let may_write = may_write(wanted, find_ci_run(environment).as_ref());
        let is_set = |name: &str| environment.get(name).is_some();
        let root = &survey.workspace.root;
        let last = find_last_images(survey, plan);
        let mut notes = BTreeSet::new();
        for image in plan.images.iter_mut().filter(|image| image.action.runs_build()) {
            let Some(known) = survey.workspace.graph.get(&image.name) else { continue };
            let facts = CacheFacts {
                registry: survey.host.as_ref(),
                stack: &survey.stack,
                destination: survey.destination,
                builder,
                may_write: may_write && image.action == Action::Build,
                has_gha: is_set("ACTIONS_RUNTIME_TOKEN")
                    && (is_set("ACTIONS_CACHE_URL") || is_set("ACTIONS_RESULTS_URL")),
                last: &|name| last.get(name).cloned(),
                holds_cache: &|folder| holds_cache(root, folder),
            };
            image.caches = caches_of(&known.declaration, &facts);
            notes.append(&mut image.caches.notes);
        }
        notes.iter().for_each(|text| note(text));
    }
}

/// The images of a plan that are to be built, each with its number in the graph.
fn built<'s>(
    survey: &'s Survey,
    plan: &Plan,
) -> impl Iterator<Item = (usize, &'s Image)> + use<'s> {
    let builds = plan.images.iter().filter(|image| image.action.runs_build());
    let names: BTreeSet<ImageName> = builds.map(|image| image.name.clone()).collect();
    let images = survey.workspace.graph.images().iter().enumerate();
    images.filter(move |(_, image)| names.contains(image.name()))
}

fn warn_of_unreadable(survey: &Survey, plan: &Plan) {
    let unreadable = survey.found.unreadable(&survey.workspace.root, built(survey, plan));
    unreadable.warning().iter().for_each(|text| note(text));
}

fn has_caches(survey: &Survey, plan: &Plan) -> bool {
    let has_some = |entries: &Vec<CacheEntry>| !entries.is_empty();
    plan.images.iter().any(|image| {
        survey.workspace.graph.get(&image.name).is_some_and(|image| {
            has_some(&image.declaration.cache_from) || has_some(&image.declaration.cache_to)
        })
    })
}

/// Images that would be pushed though their inputs are in no commit.
fn dirty_images<'p>(plan: &'p Plan, survey: &Survey) -> Vec<&'p PlannedImage> {
    let is_pushed = |image: &&PlannedImage| {
        matches!(image.action, Action::Build | Action::Retag) && image.git.is_dirty()
    };
    match survey.destination {
        Destination::Registry => plan.images.iter().filter(is_pushed).collect(),
        Destination::Local => Vec::new(),
    }
}

/// What is to be done about their files: what git ignores is nothing to commit.
fn mends_of_dirty(plan: &Plan, survey: &Survey, refresh: &str) -> Vec<String> {
    if let Some(NoGit { hint, .. }) = &survey.no_git {
        return vec![format!("{hint}{refresh}")];
    }
    let dirty = dirty_images(plan, survey).into_iter();
    let paths: BTreeSet<&String> = dirty.flat_map(|image| image.git.dirty_paths()).collect();
    let ignored = survey.ignored.iter().filter(|input| paths.contains(&input.path));
    let (ignored, of_ignored): (BTreeSet<&String>, BTreeSet<String>) =
        ignored.map(|input| (&input.path, input.mend())).unzip();
    let others = paths.into_iter().filter(|path| !ignored.contains(path));
    let mut mends: Vec<String> =
        survey.unvouched.mends(others).into_iter().map(str::to_owned).collect();
    match mends.last_mut() {
        Some(last) => *last += refresh,
        None if refresh.is_empty() => {}
        None => mends.push(format!("commit these files{refresh}")),
    }
    mends.extend(of_ignored);
    mends
}

/// The `stable` bases by which some of them are dirty.
fn dirty_stable<'s>(plan: &Plan, survey: &'s Survey) -> Vec<(&'s ImageName, &'s Vec<String>)> {
    let graph = &survey.workspace.graph;
    let dirty = dirty_images(plan, survey).into_iter();
    let lambdas = dirty.filter(|image| image.standing == Standing::OnStableBase);
    let below: BTreeSet<ImageName> = lambdas
        .flat_map(|image| needed_bases(graph, &BTreeSet::from([image.name.clone()])))
        .collect();
    survey.dirty_stable.iter().filter(|(name, _)| below.contains(name)).collect()
}

/// What would be pushed though its inputs are in no commit.
pub(super) fn dirty_pushes(plan: &Plan, survey: &Survey) -> Option<String> {
    let dirty = dirty_images(plan, survey);
    let images = match dirty.len() {
        0 => return None,
        1 => "1 dirty image".to_owned(),
        count => format!("{count} dirty images"),
    };
    let mut message = format!("{images} would be pushed");
    for image in dirty {
        let what = match (&image.git, &survey.no_git) {
            (GitState::Unknown { why, .. }, Some(_)) => why.clone(),
            (git, _) => some_of(git.dirty_paths()),
        };
        message += &format!("\n  {}: {what}", image.name);
    }
    for (name, paths) in dirty_stable(plan, survey) {
        let reference = &survey.names[name].reference;
        message +=
            &format!("\n  `{reference}` was made when these were in no commit: {}", some_of(paths));
    }
    Some(message)
}
