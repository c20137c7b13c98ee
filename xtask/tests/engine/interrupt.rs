//! Ctrl-C: the builds end, what succeeded stays, and the next run goes on from there.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use crate::support::{Gate, PYTHON, Running, Workspace, field, image, test_registry};

#[test]
fn ctrl_c_ends_the_children_and_keeps_what_succeeded() {
    let workspace = Workspace::empty("");
    workspace.write_four();
    let forever = format!("FROM {PYTHON}\nRUN : {}; sleep 600\n", workspace.stack());
    workspace.write_lambda("slow", &["core"], &forever);
    workspace.commit("first");

    let images = ["build-lambdas", "slow", "reader", "--jobs", "2"];
    let mut running = Running::start(&mut workspace.xtask(&images));
    let mut reader_is_built = false;
    let mut slow_sleeps = false;
    running.wait_for_line(|line| {
        reader_is_built |= line.starts_with("built   reader ");
        slow_sleeps |= line.contains("slow: ") && line.contains("sleep 600");
        reader_is_built && slow_sleeps
    });
    assert!(!processes_that_name(&workspace).is_empty(), "the child is found where there is one");
    running.interrupt();
    let ended = running.wait().expect_code(130);
    let left = processes_that_name(&workspace);
    assert!(left.is_empty(), "left running: {left:#?}");

    assert!(ended.stderr.contains("interrupted: ending the builds"), "{}", ended.stderr);
    assert!(ended.stderr.contains("\ninterrupted: 2 built, 1 skipped in "), "{}", ended.stderr);
    let manifest = workspace.manifest();
    assert_eq!(field(&manifest, "name").into_keys().collect::<Vec<_>>(), ["base-core", "reader"]);

    workspace.write_lambda("slow", &["core"], "FROM scratch\nCOPY handler.py /\n");
    let answer = workspace.build(&["slow", "reader", "base-core"], 0);
    let expected =
        BTreeMap::from([("base-core", "up-to-date"), ("reader", "up-to-date"), ("slow", "built")]);
    assert_eq!(field(&answer, "result"), expected);
}

#[test]
fn ctrl_c_ends_the_wait_for_a_registry_after_a_build() {
    let (gate, came) =
        busy_gate(|method, path| method == "PUT" && path.contains("/manifests/git-"));
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", gate.host()));
    let running = Running::start(&mut workspace.xtask(&["build-lambdas", "alone", "reader"]));
    // An image is built, pushed and to be named: now that is waited for.
    let path = came.recv().unwrap();
    running.interrupt();
    let ended = running.wait().expect_code(130);
    assert!(ended.stderr.contains("interrupted: ending the builds"), "{}", ended.stderr);
    assert!(ended.stderr.contains("\ninterrupted: "), "{}", ended.stderr);
    drop(workspace.docker_calls());

    // What was pushed is there, and only wants its name.
    let registry = test_registry();
    workspace.write("Cargo.toml", &workspace.read("Cargo.toml").replace(gate.host(), &registry));
    let answer = workspace.build(&["--allow-dirty"], 0);
    let named = path.split('/').nth(2).unwrap().replace(&format!("-{}", workspace.stack()), "");
    assert_eq!(image(&answer, &named)["result"], "retagged", "{answer:#}");
}

#[test]
fn ctrl_c_ends_the_wait_for_a_registry_before_anything_runs() {
    for command in ["build-lambdas", "warm-cache", "bases"] {
        let (gate, came) = busy_gate(|_, _| true);
        let host = gate.host();
        let workspace = Workspace::empty(&format!("registry = \"{host}\"\n"));
        workspace.write_lambda("alone", &[], &format!("FROM {host}/python:3\n"));
        workspace.commit("first");
        let running = Running::start(&mut workspace.xtask(&[command]));
        came.recv().unwrap();
        running.interrupt();
        let ended = running.wait().expect_code(130);
        assert!(ended.stderr.ends_with("interrupted"), "{command}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

/// A registry that is too busy for these requests, and what tells of each that came.
fn busy_gate(
    is_refused: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
) -> (Gate, Receiver<String>) {
    let (sender, came) = channel();
    let sender = Mutex::new(sender);
    let gate = Gate::new(move |method, path| {
        is_refused(method, path).then(|| {
            sender.lock().unwrap().send(path.to_owned()).unwrap_or_default();
            (429, "{}".to_owned())
        })
    });
    (gate, came)
}

/// Command lines of all processes that name the file into which a build of this workspace
/// writes its metadata: the builds, and nothing but the builds.
fn processes_that_name(workspace: &Workspace) -> Vec<String> {
    let folder = workspace.root().canonicalize().unwrap().join("target/lambda-images/metadata");
    let wanted = folder.display().to_string();
    let entries = fs::read_dir("/proc").unwrap();
    // A process that ended in the meantime has no command line, and an empty one names nothing.
    let lines = entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&wanted)).collect()
}
