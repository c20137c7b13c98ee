//! What `warm-cache` prints: for each image what was pulled, imported and built, and what is
//! missing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lambda_images::config::Kind;
use lambda_images::discovery::ImageName;
use lambda_images::plan::{Action, Destination, Plan};
use serde_json::{Value, json};

use super::parts::Parts;
use crate::build::Built;
use crate::commands::survey::Survey;
use crate::display::seconds;
use crate::run::{Finished, Outcome};

/// All that a run knows at its end.
pub(super) struct Warmed<'a> {
    pub(super) survey: &'a Survey,
    pub(super) plan: &'a Plan,
    pub(super) finished: &'a Finished,
    pub(super) parts: &'a Parts,
    pub(super) warm: &'a BTreeSet<ImageName>,
    pub(super) pulled: &'a BTreeMap<ImageName, String>,
    /// The Lambdas that were asked for.
    pub(super) lambdas: Vec<ImageName>,
    /// Lambdas of which an image exists, of these inputs or of others.
    pub(super) known: BTreeSet<ImageName>,
}

/// What became of one image.
struct Line<'a> {
    name: &'a ImageName,
    kind: Kind,
    result: &'static str,
    built: Option<&'a Built>,
    why: Option<&'a str>,
    action: Action,
}

impl Warmed<'_> {
    fn lines(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<Line> = Vec::new();
        for (image, outcome) in self.plan.images.iter().zip(&self.finished.outcomes) {
            let (built, why) = match outcome {
                Outcome::Built(built) => (Some(built), None),
                Outcome::Failed { error } => (None, Some(error.as_str())),
                _ => (None, None),
            };
            let result = match outcome {
                Outcome::Built(_) => "built",
                Outcome::Retagged | Outcome::UpToDate => "present",
                Outcome::Failed { .. } => "failed",
                Outcome::Skipped { .. } => "skipped",
            };
            let (name, kind, action) = (&image.name, image.kind, image.action);
            lines.push(Line { name, kind, result, built, why, action });
        }
        for name in &self.lambdas {
            if lines.iter().any(|line| line.name == name) {
                continue;
            }
            let why = self.parts.unknown.get(name).map(String::as_str);
            let result = match why {
                Some(_) => "unknown",
                None if self.warm.contains(name) => "warm",
                None => "nothing-to-build",
            };
            let (kind, action) = (Kind::Lambda, Action::UpToDate);
            lines.push(Line { name, kind, result, built: None, why, action });
        }
        lines
    }

    /// Whether there is no image of an image, so that the next build makes all of the rest.
    fn is_missing(&self, line: &Line) -> bool {
        line.result == "unknown" || self.registry_lacks(line)
    }

    /// Whether the registry has no image of a Lambda, neither of these inputs nor of others.
    fn registry_lacks(&self, line: &Line) -> bool {
        self.survey.destination == Destination::Registry
            && line.kind == Kind::Lambda
            && !self.known.contains(line.name)
            && !self.pulled.contains_key(line.name)
    }
}

/// A line per image.
pub(super) fn render_table(warmed: &Warmed) -> String {
    let lines = warmed.lines();
    let width = lines.iter().map(|line| line.name.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for line in &lines {
        let how = match (line.result, line.built) {
            (_, Some(built)) => {
                let (time, steps) = (seconds(built.duration), built.steps);
                format!("{time:>7}  {}/{} cached", steps.cached, steps.total)
            }
            ("nothing-to-build", None) => "nothing comes before its handler".to_owned(),
            ("unknown", None) => line.why.unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let mut parts = vec![how];
        if let Some(reference) = warmed.pulled.get(line.name) {
            parts.push(format!("pulled {reference}"));
        }
        if let Some(built) = line.built.filter(|built| !built.imported.is_empty()) {
            parts.push(format!("imported {}", built.imported.join(", ")));
        }
        if warmed.registry_lacks(line) {
            parts.push("the registry has no image of it".to_owned());
        }
        parts.retain(|part| !part.is_empty());
        let result = line.result.replace('-', " ");
        let result = if line.result == "nothing-to-build" { "warm" } else { &result };
        let row = format!("{:width$}  {result:<8}  {}", line.name, parts.join(", "));
        text += row.trim_end();
        text.push('\n');
    }
    text
}

/// The same as JSON.
pub(super) fn render_json(warmed: &Warmed) -> Value {
    let images: Vec<Value> = warmed
        .lines()
        .iter()
        .map(|line| {
            let built = line.built;
            json!({
                "name": line.name,
                "kind": line.kind,
                "result": line.result,
                "pulled": warmed.pulled.get(line.name),
                "imported": built.map_or(&[][..], |built| built.imported.as_slice()),
                "steps": built.map(|built| {
                    json!({ "total": built.steps.total, "cached": built.steps.cached })
                }),
                "duration_ms": built
                    .map(|built| u64::try_from(built.duration.as_millis()).unwrap_or(u64::MAX)),
                "missing": warmed.is_missing(line),
                "why": line.why,
                "late_runs": warmed.parts.late_runs(line.name),
            })
        })
        .collect();
    json!({ "version": 1, "images": images })
}

/// Failures in full, `RUN`s that can't be warmed, and the one line that sums up.
pub(super) fn render_end(warmed: &Warmed, time: Duration) -> String {
    let lines = warmed.lines();
    let mut text = String::new();
    for line in lines.iter().filter(|line| line.result == "failed") {
        text += &format!("\n{} failed: {}\n", line.name, line.why.unwrap_or_default());
        let log = match line.action {
            Action::Warm => Some(warmed.survey.state.warm_log_path(line.name)),
            Action::Build => Some(warmed.survey.state.log_path(line.name)),
            Action::UpToDate | Action::Retag => None,
        };
        text += &log.map_or_else(String::new, |log| format!("  log: {}\n", log.display()));
    }
    for line in &lines {
        let Some(image) = warmed.survey.workspace.graph.get(line.name) else { continue };
        for run in warmed.parts.late_runs(line.name) {
            text += &format!(
                "note: {}:{run}: this `RUN` comes after the handler, and runs anew with every edit of it\n",
                image.declaration.dockerfile
            );
        }
    }
    let built = lines.iter().filter(|line| line.result == "built").count();
    let bad = lines.iter().filter(|line| ["failed", "skipped"].contains(&line.result)).count();
    let warm = lines.len() - built - bad;
    let mut counts = Vec::new();
    for (count, what) in [
        (warmed.pulled.len(), "pulled"),
        (built, "built"),
        (warm, "warm already"),
        (bad, "not warmed"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    let interrupted = if warmed.finished.interrupted { "interrupted: " } else { "" };
    text + &format!("{interrupted}{} in {}", counts.join(", "), seconds(time))
}
