//! What `build-lambdas` prints: the plan before a run, the result after it, each for people and
//! as the JSON that `docs/json.md` describes.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_images::discovery::ImageName;
use lambda_images::escape::escape_line;
use lambda_images::plan::{Action, ImageNames, Plan, PlannedImage};
use lambda_images::reference::ImageReference;
use lambda_images::stable::Standing;
use serde_json::{Value, json};

use super::survey::Survey;
use crate::display::seconds;
use crate::run::{Finished, Outcome};

/// The plan for people: what is done, why, and by which command.
pub(super) fn render_plan(plan: &Plan) -> String {
    let mut text = String::new();
    // Before the builds have run, an internal base is known by its identity.
    let identities: BTreeMap<ImageName, ImageReference> = plan
        .images
        .iter()
        .map(|image| (image.name.clone(), image.names.identity.clone()))
        .collect();
    for image in &plan.images {
        let names = known_names(image);
        let reference = names.map_or_else(
            || format!("{}:dev-…", image.names.reference.repository),
            |names| names.reference.to_string(),
        );
        text += &format!("{:<10} {}  {reference}\n", action_text(image.action), image.name);
        for reason in &image.reasons {
            text += &format!("           because {reason}\n");
        }
        if image.action == Action::Build && names.is_some() {
            let mut words = vec!["docker".to_owned()];
            words.extend(image.build(&identities).argv());
            let command = buildx::quote_command(&words);
            text += &format!("           $ {}\n", escape_line(&command));
        }
    }
    let builds = plan.images.iter().filter(|image| image.action == Action::Build).count();
    text + &format!("{builds} of {} images would be built\n", plan.images.len())
}

pub(super) fn render_reasons(plan: &Plan) -> String {
    let mut text = String::new();
    for image in &plan.images {
        text += &format!("{:<10} {}\n", action_text(image.action), image.name);
        for reason in &image.reasons {
            text += &format!("           because {reason}\n");
        }
    }
    text
}

fn action_text(action: Action) -> &'static str {
    match action {
        Action::Build => "build",
        Action::UpToDate => "up to date",
        Action::Retag => "retag",
        Action::Warm => "warm",
    }
}

pub(super) fn plan_json(plan: &Plan) -> Value {
    let images: Vec<Value> = plan.images.iter().map(image_json).collect();
    json!({ "version": 1, "images": images })
}

/// The names of an image; `None`: they are not known before a run.
pub(super) fn known_names(image: &PlannedImage) -> Option<&ImageNames> {
    (image.standing != Standing::OnBaseToCome).then_some(&image.names)
}

pub(super) fn image_json(image: &PlannedImage) -> Value {
    let reference = known_names(image).map(|names| &names.reference);
    json!({
        "name": image.name,
        "kind": image.kind,
        "fingerprint": reference.map(|_| image.fingerprint),
        "tag": reference.and_then(|reference| reference.tag.as_ref()).map(ToString::to_string),
        "image_ref": reference.map(ToString::to_string),
        "action": image.action,
        "reasons": image.reasons,
        "dev": image.standing != Standing::True,
        "depends_on": image.depends_on,
    })
}

pub(super) fn result_json(survey: &Survey, plan: &Plan, finished: &Finished) -> Value {
    let images: Vec<Value> = plan
        .images
        .iter()
        .zip(&finished.outcomes)
        .map(|(image, outcome)| {
            let mut value = image_json(image);
            value["result"] = json!(outcome_text(outcome));
            match outcome {
                Outcome::Built(built) => {
                    value["duration_ms"] =
                        json!(u64::try_from(built.duration.as_millis()).unwrap_or(u64::MAX));
                    value["steps"] =
                        json!({ "total": built.steps.total, "cached": built.steps.cached });
                    value["log"] = json!(survey.state.log_path(&image.name));
                }
                Outcome::Failed { error } => {
                    value["error"] = json!(error);
                    if image.action == Action::Build {
                        value["log"] = json!(survey.state.log_path(&image.name));
                    }
                }
                Outcome::Skipped { because_of } => value["because_of"] = json!(because_of),
                Outcome::Retagged | Outcome::UpToDate => {}
            }
            value
        })
        .collect();
    json!({ "version": 1, "manifest": survey.state.manifest_path(), "images": images })
}

fn outcome_text(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Built(_) => "built",
        Outcome::Retagged => "retagged",
        Outcome::UpToDate => "up-to-date",
        Outcome::Failed { .. } => "failed",
        Outcome::Skipped { .. } => "skipped",
    }
}

/// The result for people, a line per image.
pub(super) fn render_table(plan: &Plan, finished: &Finished) -> String {
    let width = plan.images.iter().map(|image| image.name.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (image, outcome) in plan.images.iter().zip(&finished.outcomes) {
        let how = match outcome {
            Outcome::Built(built) => format!(
                "{:>7}  {}/{} cached",
                seconds(built.duration),
                built.steps.cached,
                built.steps.total
            ),
            Outcome::Skipped { because_of: Some(name) } => format!("because `{name}` failed"),
            Outcome::Skipped { because_of: None } => "interrupted".to_owned(),
            Outcome::Retagged | Outcome::UpToDate | Outcome::Failed { .. } => String::new(),
        };
        let has_name = matches!(outcome, Outcome::Built(_) | Outcome::Retagged | Outcome::UpToDate);
        let reference = if has_name { image.names.reference.to_string() } else { String::new() };
        let line = format!(
            "{:width$}  {:<10}  {how:<20}  {reference}",
            image.name,
            outcome_text(outcome).replace('-', " ")
        );
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// What failed, each with its error.
pub(super) fn render_failures(survey: &Survey, plan: &Plan, finished: &Finished) -> String {
    let mut text = String::new();
    for (image, outcome) in plan.images.iter().zip(&finished.outcomes) {
        if let Outcome::Failed { error } = outcome {
            text += &format!("\n{} failed: {error}\n", image.name);
            if image.action == Action::Build {
                text += &format!("  log: {}\n", survey.state.log_path(&image.name).display());
            }
        }
    }
    text
}

/// Failures in full, and the one line that sums up, with the time since the command started.
pub(super) fn render_end(
    survey: &Survey,
    plan: &Plan,
    finished: &Finished,
    time: Duration,
) -> String {
    let text = render_failures(survey, plan, finished);
    let count = |wanted: &str| {
        finished.outcomes.iter().filter(|outcome| outcome_text(outcome) == wanted).count()
    };
    let parts: Vec<String> = ["built", "retagged", "up-to-date", "failed", "skipped"]
        .into_iter()
        .filter(|wanted| count(wanted) > 0)
        .map(|wanted| format!("{} {}", count(wanted), wanted.replace('-', " ")))
        .collect();
    let interrupted = if finished.interrupted { "interrupted: " } else { "" };
    let nothing = if plan.images.iter().all(|image| image.action == Action::UpToDate) {
        "nothing to build: "
    } else {
        ""
    };
    text + &format!("{interrupted}{nothing}{} in {}", parts.join(", "), seconds(time))
}
