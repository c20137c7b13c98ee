//! Other tools that know what a change affects: turbo, nx, moon. How they are installed and what
//! they are asked.
//!
//! They work on the files of this machine alone: without daemon, cloud and telemetry.

pub(crate) mod files;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use lambda_xtask::Environment;
use serde_json::{Value, json};

use super::measure;

/// Packages of npm.
const VERSIONS: [(&str, &str); 3] =
    [("turbo", "2.11.11"), ("nx", "24.0.6"), ("@moonrepo/cli", "2.5.5")];

const VARIABLES: [(&str, &str); 9] = [
    ("DO_NOT_TRACK", "1"),
    ("MOON_BASE", "main"),
    ("NO_UPDATE_NOTIFIER", "1"),
    ("NX_DAEMON", "false"),
    ("NX_NO_CLOUD", "true"),
    ("NX_TUI", "false"),
    ("TURBO_NO_UPDATE_NOTIFIER", "1"),
    ("TURBO_SCM_BASE", "main"),
    ("TURBO_TELEMETRY_DISABLED", "1"),
];

/// Reads the projects that an answer names; `None` where it is not such an answer.
pub(crate) type ReadProjects = fn(&Value) -> Option<Vec<String>>;

/// One question to one peer.
#[derive(Debug)]
pub(crate) struct Question {
    /// Of a file in `node_modules/.bin`.
    pub(crate) program: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) projects: ReadProjects,
}

pub(crate) const QUESTIONS: [Question; 4] = [
    Question {
        program: "turbo",
        arguments: &["ls", "--affected", "--output=json"],
        projects: |answer| strings(&answer["packages"]["items"], |item| &item["name"]),
    },
    Question {
        program: "turbo",
        arguments: &["run", "build", "--dry=json", "--affected"],
        projects: |answer| strings(&answer["packages"], |item| item),
    },
    Question {
        program: "nx",
        arguments: &["show", "projects", "--affected", "--base=main", "--json"],
        projects: |answer| strings(answer, |item| item),
    },
    Question {
        program: "moon",
        arguments: &["query", "projects", "--affected", "--downstream", "deep"],
        projects: |answer| strings(&answer["projects"], |item| &item["id"]),
    },
];

fn strings(list: &Value, name: fn(&Value) -> &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|item| name(item).as_str().map(str::to_owned)).collect()
}

/// As turbo, nx and moon are to be run. `CI` would make them compare other commits.
pub(crate) fn environment_of_peers(environment: &Environment) -> Environment {
    VARIABLES.into_iter().fold(environment.clone().without("CI"), |environment, (name, value)| {
        environment.with(name, value)
    })
}

/// Their versions, for people.
pub(crate) fn versions() -> String {
    VERSIONS.map(|(name, version)| format!("{name} {version}")).join(", ")
}

pub(crate) fn is_npm_there(environment: &Environment) -> bool {
    let mut npm = environment.command("npm");
    npm.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    npm.status().is_ok_and(|status| status.success())
}

/// Makes sure that `node_modules` of the tree holds the peers, and only them. npm never sees
/// the tree's own `package.json`: it would link its 1,500 projects.
pub(crate) fn install(tree: &Path) -> anyhow::Result<()> {
    let installed = tree.join("node_modules/installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == versions()) {
        return Ok(());
    }
    let folder = tree.join("target/peers");
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    let dependencies: serde_json::Map<String, Value> =
        VERSIONS.into_iter().map(|(name, version)| (name.to_owned(), json!(version))).collect();
    let package = json!({ "private": true, "dependencies": dependencies });
    fs::write(folder.join("package.json"), package.to_string())
        .context("failed to write what npm is to install")?;
    let mut npm = Environment::of_process()?.in_folder(&folder).command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    measure::output(npm)?;
    let modules = tree.join("node_modules");
    if modules.exists() {
        fs::remove_dir_all(&modules).context("failed to remove the peers of another version")?;
    }
    fs::rename(folder.join("node_modules"), &modules)
        .context("failed to put the peers in place")?;
    fs::write(&installed, versions()).context("failed to write the versions of the peers")
}

#[cfg(test)]
mod tests;
