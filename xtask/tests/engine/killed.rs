//! `kill -9` of the program: its children end, what they do in the engine ends, and the next run waits
//! for that.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{PYTHON, Running, Workspace, field};

/// How long an end may take.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn kill_9_ends_the_build_and_its_silent_step() {
    let workspace = Workspace::empty("");
    let step = format!("sleep 600; : {}", workspace.stack());
    workspace.write_lambda("slow", &[], &format!("FROM {PYTHON}\nRUN {step}\n"));
    workspace.commit("first");
    let mut running = Running::start(&mut workspace.xtask(&["build-lambdas"]));
    running.wait_for_line(|line| line.contains("slow: ") && line.contains("sleep 600"));
    let client = metadata(&workspace, "slow");
    wait_until(|| processes(&client) > 0 && processes(&step) > 0);
    running.kill();
    wait_until(|| processes(&client) == 0 && processes(&step) == 0);

    workspace.write_lambda("slow", &[], "FROM scratch\nCOPY handler.py /\n");
    let answer = workspace.build(&[], 0);
    assert_eq!(field(&answer, "result")["slow"], "built");
}

/// Also where what is left ignores that it is interrupted.
#[test]
fn after_kill_9_the_next_run_waits_for_what_is_left() {
    let workspace = Workspace::of_four("");
    let is_built = workspace.beside().join("is-built");
    let stay = format!(
        "case \"$*\" in 'buildx build'*) trap '' INT; echo > '{}'; sleep 600;; esac",
        is_built.display()
    );
    workspace.after_docker(&stay);
    let mut first = Running::start(&mut workspace.xtask(&["build-lambdas", "alone"]));
    wait_until(|| is_built.exists());
    let client = metadata(&workspace, "alone");
    assert!(processes(&client) > 0);
    first.kill();
    // It has nothing to build, and would end at once.
    workspace.run(&["build-lambdas", "alone"], 0);
    assert_eq!(processes(&client), 0);
}

/// Where a build of an image is told to write: part of the command line of its client alone.
fn metadata(workspace: &Workspace, image: &str) -> String {
    let root = workspace.root().canonicalize().unwrap();
    root.join(format!("target/lambda-images/metadata/{image}.json")).display().to_string()
}

/// Processes, those in containers too, with this in their command lines.
fn processes(text: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap();
    // A process that ended in the meantime has no command line, and an empty one names nothing.
    let lines = entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).replace('\0', " ").contains(text)).count()
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < until, "it did not happen in {LIMIT:?}");
        thread::yield_now();
    }
}
