//! `warm-cache`: makes everything ready that comes before the handlers.
//!
//! # How it works
//! What is warm already is known from the last run's record, held against what the builder's cache
//! has now. For the rest images are pulled, then one plan is carried out: base images are built
//! under their ordinary identities, and of each Lambda what comes before its handler, into the cache
//! alone, the moment its bases are done. What comes before a handler is decided by
//! `lambda_images::warm`.

mod parts;
mod pulls;
mod record;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use lambda_images::config::Kind;
use lambda_images::discovery::ImageName;
use lambda_images::plan::{Action, Plan, PlannedImage, Stored};
use lambda_images::stable::needed_bases;

use self::parts::{Parts, find_parts};
use self::pulls::find_pulls;
use self::record::{Cache, WarmRecord};
use self::report::{Warmed, render_end, render_json, render_table};
use super::dev::{DevOptions, after_bases, stand_on_stable};
use super::execution::Execution;
use super::survey::{Survey, Wanted};
use crate::cli::{CacheWriting, Format, WarmCache};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::EXIT_INTERRUPTED;
use crate::pull::pull_all;
use crate::run::Finished;
use crate::store::LookUpError;
use crate::switches::{check_buildkit, progress_form, wants_dev};

pub(crate) fn warm_cache(arguments: &WarmCache, environment: &Environment) -> anyhow::Result<u8> {
    let started = Instant::now();
    check_buildkit(environment)?;
    let is_dev = wants_dev(arguments.dev, environment)?;
    let execution = Execution {
        jobs: arguments.jobs,
        fail_fast: false,
        timeout: arguments.timeout,
        progress: progress_form(environment)?,
        // It stops short of what a cache is to hold.
        cache_write: CacheWriting::Never,
        create_repositories: false,
        allow_dirty: arguments.allow_dirty,
        asks_for_push: false,
    };
    let wanted = if arguments.load { Wanted::Local } else { Wanted::Configured };
    let mut survey = Survey::take(environment, arguments.stack.as_deref(), wanted, true)?;
    let selected = survey.workspace.select(&arguments.images)?;
    let bases = if is_dev {
        let options = DevOptions { allow: arguments.allow_dev, ..DevOptions::default() };
        stand_on_stable(&mut survey, &selected, options, &execution, environment)?
    } else {
        None
    };
    let stored = survey.store().look_up(&survey.names_of(&selected));
    let stored = stored.map_err(LookUpError::into_failure)?;
    let lambdas = lambdas_of(&survey, &selected, &stored);
    let parts = find_parts(&survey, &lambdas)?;
    let wanted = WantedImages::new(&survey, &selected, &stored, lambdas, &parts);
    let record = WarmRecord::read(&survey);
    // Where nothing comes before any handler there is nothing to ask.
    let has_parts = parts.names().next().is_some();
    let cache = if has_parts { Cache::ask(&survey).unwrap_or_default() } else { Cache::default() };
    let warm = record.still_warm(&parts, &cache);
    // Who ended the builds of bases wants nothing more to begin.
    let is_over = bases.as_ref().is_some_and(|(_, finished)| finished.interrupted);
    let pulls = match is_over {
        true => Vec::new(),
        false => find_pulls(&survey, &wanted, &parts, &warm, &stored)?,
    };
    let pulled = pull_all(&survey.environment, pulls, execution.progress)?;
    if pulled.interrupted {
        return Ok(EXIT_INTERRUPTED);
    }
    let plan = wanted.plan(&parts, &warm);
    let run = |plan: &mut Plan| {
        execution.carry_out(&survey, plan, &|image| match image.action {
            Action::Warm => parts.source(&image.name),
            _ => survey.source(&image.name),
        })
    };
    let (plan, finished) = match bases {
        None => run_one(plan, &run)?,
        Some(bases) => after_bases(&survey.workspace.graph, bases, plan, false, &run)?,
    };
    record::write(&survey, record.extended(&survey, &parts, &cache, &plan, &finished))?;
    let warmed = Warmed {
        survey: &survey,
        plan: &plan,
        finished: &finished,
        parts: &parts,
        warm: &warm,
        pulled: &pulled.found,
        lambdas: wanted.lambdas.iter().map(|lambda| lambda.name.clone()).collect(),
        known: stored
            .iter()
            .filter(|(_, stored)| stored.identity.is_some())
            .map(|(name, _)| name.clone())
            .collect(),
    };
    match arguments.format {
        Format::Human => super::print(&render_table(&warmed))?,
        Format::Json => super::print_exact(&format!("{:#}\n", render_json(&warmed)))?,
    }
    note(&render_end(&warmed, started.elapsed()));
    Ok(super::build_lambdas::exit_code(&finished))
}

fn run_one(
    mut plan: Plan,
    run: &dyn Fn(&mut Plan) -> anyhow::Result<Finished>,
) -> anyhow::Result<(Plan, Finished)> {
    let finished = run(&mut plan)?;
    Ok((plan, finished))
}

/// The images that are to be warmed.
pub(super) struct WantedImages {
    /// Those that must exist.
    bases: BTreeSet<ImageName>,
    /// As they would be planned: their names, and what the store has of them.
    lambdas: Vec<PlannedImage>,
    /// The bases, and what must be built for them.
    base_plan: Plan,
}

/// The Lambdas that were asked for, as they would be planned.
fn lambdas_of(
    survey: &Survey,
    selected: &BTreeSet<ImageName>,
    stored: &BTreeMap<ImageName, Stored>,
) -> Vec<PlannedImage> {
    let all = survey.plan(selected, Ok(stored), false);
    let is_wanted = |image: &PlannedImage| {
        image.kind == Kind::Lambda && (selected.is_empty() || selected.contains(&image.name))
    };
    all.images.into_iter().filter(is_wanted).collect()
}

impl WantedImages {
    fn new(
        survey: &Survey,
        selected: &BTreeSet<ImageName>,
        stored: &BTreeMap<ImageName, Stored>,
        lambdas: Vec<PlannedImage>,
        parts: &Parts,
    ) -> WantedImages {
        let mut bases = needed_bases(&survey.workspace.graph, selected);
        bases.extend(parts.bases().cloned());
        // An empty selection is one of all images.
        let base_plan = match bases.is_empty() {
            true => Plan::default(),
            false => survey.plan(&bases, Ok(stored), false),
        };
        WantedImages { bases, lambdas, base_plan }
    }

    /// Bases first, then what comes before each handler and is not warm yet.
    fn plan(&self, parts: &Parts, warm: &BTreeSet<ImageName>) -> Plan {
        let mut plan = self.base_plan.clone();
        for lambda in self.lambdas.iter().filter(|lambda| !warm.contains(&lambda.name)) {
            plan.images.extend(parts.planned(lambda));
        }
        plan
    }
}
