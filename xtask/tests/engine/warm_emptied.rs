//! `warm-cache` on an engine that has been emptied, with a real installation: afterwards an edit of the
//! handler installs nothing, by BuildKit's progress and by the records of its cache.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::support::{Ended, PYTHON, SecondEngine, Workspace, field, image};
use crate::warm::runs;

/// Makes a wheel, of a module that a handler imports.
const WRITE_WHEEL: &str = include_str!("../wheel.py");

/// Empties the engine for each of its two parts: with `warm-cache`, and without.
#[track_caller]
pub(crate) fn check_warm_cache(engine: &SecondEngine) {
    let workspace = workspace();
    let installing = BTreeSet::from([install("core_wheel"), install("reader_wheel")]);

    empty(engine);
    let answer = run(engine, &workspace, &["warm-cache", "--format", "json"]).json();
    let built = |names: &[&'static str]| -> BTreeMap<&str, &str> {
        names.iter().map(|name| (*name, "built")).collect()
    };
    assert_eq!(field(&answer, "result"), built(&["base-core", "reader"]));
    // The builder has done both, and no handler has a part in it.
    assert_eq!(ended(&workspace, &["base-core", "reader.warm"]), all(&installing, "DONE"));
    let installed = installations(engine);
    assert_eq!(installed.len(), 2, "{installed:?}");

    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let answer = run(engine, &workspace, &["build-lambdas", "--format", "json"]).json();
    assert_eq!(image(&answer, "base-core")["result"], "up-to-date");
    assert_eq!(image(&answer, "reader")["result"], "built");
    let own = BTreeSet::from([install("reader_wheel")]);
    assert_eq!(ended(&workspace, &["reader"]), all(&own, "CACHED"));
    // A step that runs leaves a record of its own.
    assert_eq!(installations(engine), installed);

    empty(engine);
    let answer = run(engine, &workspace, &["build-lambdas", "--format", "json"]).json();
    assert_eq!(field(&answer, "result"), built(&["base-core", "reader"]));
    assert_eq!(ended(&workspace, &["base-core", "reader"]), all(&installing, "DONE"));
    let again = installations(engine);
    assert_eq!((again.len(), again.intersection(&installed).count()), (2, 0), "{again:?}");
}

/// `base-core` and `reader`, each of which installs a wheel that lies in its folder.
fn workspace() -> Workspace {
    let workspace = Workspace::empty("");
    fill(&workspace);
    workspace
}

/// Writes and commits the two.
pub(crate) fn fill(workspace: &Workspace) {
    let dockerfile = |name: &str, base: &str, rest: &str| {
        let install = install(name);
        format!("FROM {base}\nCOPY {name}-1.0-py3-none-any.whl /wheels/\nRUN {install}\n{rest}")
    };
    workspace.write_package("core", &dockerfile("core_wheel", PYTHON, ""));
    let handler = "COPY handler.py ./\nCMD [\"handler.handler\"]\n";
    workspace.write_lambda("reader", &["core"], &dockerfile("reader_wheel", "base-core", handler));
    workspace.append("lambdas/reader/handler.py", "import core_wheel, reader_wheel\n");
    for (name, folder) in [("core_wheel", "packages/core"), ("reader_wheel", "lambdas/reader")] {
        let mut python = Command::new("python3");
        python.args(["-c", WRITE_WHEEL]).arg(workspace.root().join(folder));
        python.args([name, "1.0", workspace.stack()]);
        Ended::of(&mut python).expect_code(0);
    }
    workspace.commit("first");
}

/// The command that installs one of the wheels.
pub(crate) fn install(name: &str) -> String {
    format!("pip install --no-index --no-compile /wheels/{name}-1.0-py3-none-any.whl")
}

pub(crate) fn all(commands: &BTreeSet<String>, end: &str) -> BTreeMap<String, String> {
    commands.iter().map(|command| (command.clone(), end.to_owned())).collect()
}

/// How each installation ended in the last builds of these.
#[track_caller]
pub(crate) fn ended(workspace: &Workspace, logs: &[&str]) -> BTreeMap<String, String> {
    logs.iter().flat_map(|log| runs(workspace, log)).collect()
}

/// Runs `cargo xtask …` on the engine.
#[track_caller]
pub(crate) fn run(engine: &SecondEngine, workspace: &Workspace, arguments: &[&str]) -> Ended {
    let mut command = workspace.xtask(arguments);
    engine.surround(&mut command);
    Ended::of(&mut command).expect_code(0)
}

#[track_caller]
fn docker(engine: &SecondEngine, arguments: &[&str]) -> String {
    let mut command = Command::new("docker");
    engine.surround(command.args(arguments));
    Ended::of(&mut command).expect_code(0).stdout
}

/// Takes all that the engine has, and makes sure of it.
#[track_caller]
pub(crate) fn empty(engine: &SecondEngine) {
    docker(engine, &["system", "prune", "--all", "--force", "--volumes"]);
    docker(engine, &["buildx", "prune", "--all", "--force"]);
    assert_eq!(docker(engine, &["image", "ls", "--all", "--quiet"]), "");
    // BuildKit holds on to an empty record for a moment; none of a step that has done anything.
    let usage = docker(engine, &["buildx", "du"]);
    assert_eq!(usage.lines().last().map(|line| line.ends_with("\t0B")), Some(true), "{usage}");
    assert_eq!(installations(engine), BTreeSet::new());
}

/// The records of BuildKit's cache that steps which install have left.
#[track_caller]
fn installations(engine: &SecondEngine) -> BTreeSet<String> {
    let usage = docker(engine, &["buildx", "du", "--verbose"]);
    let value = |record: &str, key: &str| {
        let line = record.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim().to_owned()
    };
    let records = usage.split("\n\n");
    let records = records.filter(|record| value(record, "Description:").contains("pip install"));
    records.map(|record| value(record, "ID:")).collect()
}
