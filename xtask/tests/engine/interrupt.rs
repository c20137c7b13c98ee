//! Ctrl-C: the builds end, what succeeded stays, and the next run goes on from there.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{PYTHON, Running, Workspace, field};

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
