//! `build-lambdas`: builds what is not built yet.

use std::collections::BTreeMap;
use std::time::Instant;

use lambda_images::config::TagPolicy;
use lambda_images::plan::Plan;
use lambda_images::stable::Standing;
use lambda_images::tag::GitState;
use serde_json::json;

use super::dev::{DevOptions, after_bases, stand_on_stable};
use super::execution::Execution;
use super::report::{
    plan_json, render_end, render_plan, render_reasons, render_table, result_json,
};
use super::survey::{Survey, Wanted};
use crate::cli::{BuildLambdas, Format};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::{EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_SUCCESS, Failure};
use crate::run::{Finished, Outcome};
use crate::store::LookUpError;
use crate::switches::{check_buildkit, progress_form, wants_dev};

pub(crate) fn build_lambdas(
    arguments: &BuildLambdas,
    environment: &Environment,
) -> anyhow::Result<u8> {
    let started = Instant::now();
    check_buildkit(environment)?;
    let is_dev = wants_dev(arguments.dev || arguments.refresh_base, environment)?;
    let execution = Execution {
        jobs: arguments.jobs,
        fail_fast: arguments.fail_fast,
        timeout: arguments.timeout,
        progress: progress_form(environment)?,
        cache_write: arguments.cache_write,
        create_repositories: arguments.create_repositories,
        allow_dirty: arguments.allow_dirty,
        asks_for_push: arguments.push,
    };
    let wanted = match (arguments.load, arguments.push) {
        (true, _) => Wanted::Local,
        (_, true) => Wanted::Registry,
        _ => Wanted::Configured,
    };
    let alone = !arguments.dry_run;
    let mut survey = Survey::take(environment, arguments.stack.as_deref(), wanted, alone)?;
    let selected = survey.workspace.select(&arguments.images);
    let mut selected = selected.map_err(|error| with_hint_of_affected(error, arguments))?;
    if let Some(given) = &arguments.affected {
        let comparison =
            survey.compare(given.as_deref(), arguments.strict, environment)?.of(&selected);
        comparison.notes.iter().for_each(|text| note(text));
        note(&comparison.summary());
        selected = comparison.affected();
        if selected.is_empty() {
            return nothing_affected(arguments, &survey);
        }
    }
    let bases = if is_dev {
        let options = DevOptions {
            refresh: arguments.refresh_base,
            allow: arguments.allow_dev,
            dry_run: arguments.dry_run,
        };
        stand_on_stable(&mut survey, &selected, options, &execution, environment)?
    } else {
        None
    };
    let stored = survey.look_up(&selected);
    let known = stored.as_ref().map_err(ToString::to_string);
    let known = known.as_ref().map(|stored| *stored).map_err(String::as_str);
    let mut plan = survey.plan(&selected, known, arguments.force);
    warn_without_git(&survey, &plan);
    if arguments.dry_run {
        execution.warn_of_refusals(&survey, &plan);
        return show_plan(arguments, &survey, &execution, plan);
    }
    stored.map_err(LookUpError::into_failure)?;
    // After Ctrl-C among the bases nothing of it is built, and that is what is told.
    if !bases.as_ref().is_some_and(|(_, finished)| finished.interrupted) {
        execution.refuse_dirty(&survey, &plan)?;
    }
    if arguments.explain {
        note(render_reasons(&plan).trim_end());
    }
    let run =
        |plan: &mut Plan| execution.carry_out(&survey, plan, &|image| survey.source(&image.name));
    let (plan, finished) = match bases {
        None => {
            let finished = run(&mut plan)?;
            (plan, finished)
        }
        Some(bases) => {
            after_bases(&survey.workspace.graph, bases, plan, arguments.fail_fast, &run)?
        }
    };
    match arguments.format {
        Format::Human => super::print(&render_table(&plan, &finished))?,
        Format::Json => {
            super::print_exact(&format!("{:#}\n", result_json(&survey, &plan, &finished)))?;
        }
    }
    note(&render_end(&survey, &plan, &finished, started.elapsed()));
    Ok(exit_code(&finished))
}

/// What stands behind `--affected ` is an image: only `=` joins it with a commit.
fn with_hint_of_affected(error: anyhow::Error, arguments: &BuildLambdas) -> anyhow::Error {
    match (error.downcast::<Failure>(), arguments.images.as_slice()) {
        (Ok(failure), [image]) if arguments.affected == Some(None) => {
            let hint = failure.hint.map(|hint| format!("{hint}; a commit is given as "));
            let hint = format!("{}`--affected={image}`", hint.unwrap_or_default());
            Failure { hint: Some(hint), ..failure }.into()
        }
        (Ok(failure), _) => failure.into(),
        (Err(error), _) => error,
    }
}

fn show_plan(
    arguments: &BuildLambdas,
    survey: &Survey,
    execution: &Execution,
    mut plan: Plan,
) -> anyhow::Result<u8> {
    execution.apply_caches(survey, &mut plan, None);
    match arguments.format {
        Format::Human => super::print(&render_plan(&plan))?,
        Format::Json => super::print_exact(&format!("{:#}\n", plan_json(&plan)))?,
    }
    Ok(EXIT_SUCCESS)
}

/// The exit code of a run.
pub(super) fn exit_code(finished: &Finished) -> u8 {
    if finished.interrupted {
        EXIT_INTERRUPTED
    } else if finished.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed { .. })) {
        EXIT_FAILURE
    } else {
        EXIT_SUCCESS
    }
}

/// What `--affected` prints where no image is.
fn nothing_affected(arguments: &BuildLambdas, survey: &Survey) -> anyhow::Result<u8> {
    if !arguments.dry_run {
        // What left the workspace leaves the manifest, whether or not anything is built.
        let before = survey.state.read_manifest(&survey.stack);
        let mut manifest = before.clone();
        manifest
            .prune(&survey.stack, &survey.workspace.graph, &|name| survey.left_out.may_be(name));
        if manifest != before || !survey.state.manifest_path().exists() {
            survey.state.write_manifest(&manifest)?;
        }
    }
    if arguments.format == Format::Json {
        let manifest = survey.state.manifest_path();
        super::print_exact(&format!(
            "{:#}\n",
            json!({ "version": 1, "manifest": manifest, "images": [] })
        ))?;
    }
    note("nothing to build");
    Ok(EXIT_SUCCESS)
}

/// Said once for each reason: which tags of the git policy could not be made.
fn warn_without_git(survey: &Survey, plan: &Plan) {
    if survey.workspace.config.tag_policy != TagPolicy::Git {
        return;
    }
    let mut whys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for image in plan.images.iter().filter(|image| image.standing == Standing::True) {
        if let GitState::Unknown { why, .. } = &image.git {
            whys.entry(why).or_default().push(image.name.as_str());
        }
    }
    for (why, images) in whys {
        let whose = if images.len() == plan.images.len() {
            String::new()
        } else {
            format!(" of {}", images.join(", "))
        };
        note(&format!("note: tags{whose} are `sha-…`, not `git-…`: {why}"));
    }
}

#[cfg(test)]
mod tests;
