//! What others have written: names, Dockerfiles and output that would drive a terminal or a CI service,
//! and pipes in the places of files.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Ended, PYTHON, Workspace};

/// Writes the clipboard of many terminals (OSC 52), ends a line, and is a command to GitHub's runner.
const NAME: &str = "a\u{1b}]52;c;eA==\u{7}\n::error::b\u{202e}.py";
const SHOWN: &str = "a\\u{1b}]52;c;eA==\\u{7}\\n::error::b\\u{202e}.py";

#[track_caller]
fn expect_safe(text: &str) {
    let is_unsafe = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!text.contains(is_unsafe), "{text:?}");
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    assert!(!text.lines().any(is_command), "{text:?}");
}

#[test]
fn hostile_names_are_shown_on_one_line_and_escaped() {
    let workspace = Workspace::empty("");
    workspace.write_lambda("alone", &[], "FROM scratch\nCOPY . /\n");
    workspace.commit("first");
    workspace.write(&format!("lambdas/alone/{NAME}"), "");
    for arguments in [&["explain", "alone"][..], &["affected", "--base", "HEAD"]] {
        let ended = workspace.run(arguments, 0);
        expect_safe(&ended.stdout);
        expect_safe(&ended.stderr);
        assert!(ended.stdout.contains(SHOWN), "{arguments:?}: {}", ended.stdout);
    }
    // Programs get the name as it is.
    let answer = workspace.run(&["explain", "alone", "--format", "json"], 0).json();
    let inputs = answer["inputs"].as_array().unwrap();
    let path = format!("lambdas/alone/{NAME}");
    assert!(inputs.iter().any(|input| input["path"] == path.as_str()), "{answer:#}");

    workspace.write_lambda("alone", &[], "FROM scratch\nCOPY \"\u{1b}]0;x\u{7}\u{202e}\" /\n");
    let ended = Ended::of(&mut workspace.xtask(&["build-lambdas", "--dry-run"]));
    expect_safe(&ended.stdout);
    expect_safe(&ended.stderr);
}

#[test]
fn hostile_output_is_shown_escaped_and_kept_as_it_is() {
    let workspace = Workspace::empty("");
    let output = "\\033]52;c;eA==\\007\\n::set-output name=a::b\\n ##[error]c\\n10%%\\r20%%\\n";
    let run = format!("RUN : {}; printf '{output}'; exit 3", workspace.stack());
    workspace.write_lambda("alone", &[], &format!("FROM {PYTHON}\n{run}\n"));
    workspace.commit("first");
    for progress in ["auto", "plain"] {
        let mut command = workspace.xtask(&["build-lambdas", "alone"]);
        let ended = Ended::of(command.env("BUILDKIT_PROGRESS", progress));
        let ended = ended.expect_code(1);
        expect_safe(&ended.stderr);
        for shown in ["\\u{1b}]52;c;eA==\\u{7}", "\\u{3a}:set-output name=a::b"] {
            assert!(ended.stderr.contains(shown), "{progress}: {}", ended.stderr);
        }
    }
    let log = workspace.read("target/lambda-images/logs/alone.log");
    assert!(log.contains("\u{1b}]52;c;eA==\u{7}"), "{log:?}");
}

/// Where one were opened as a file is, this test would not end.
#[test]
fn a_pipe_in_the_place_of_a_file_is_a_problem() {
    let workspace = Workspace::empty("");
    for path in ["lambdas/alone/Dockerfile", "lambdas/alone/.dockerignore"] {
        workspace.write_lambda("alone", &[], "FROM scratch\nCOPY . /\n");
        workspace.write("lambdas/alone/.dockerignore", "nothing\n");
        make_pipe(&workspace.root().join(path));
        let ended = workspace.run(&["build-lambdas", "--dry-run"], 3);
        let message = format!("{path}: failed to read it: it is a named pipe, and must be a file");
        assert!(ended.stderr.contains(&message), "{}", ended.stderr);
        fs::remove_file(workspace.root().join(path)).unwrap();
    }
}

fn make_pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
