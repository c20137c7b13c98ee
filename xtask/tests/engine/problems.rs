//! What is wrong with a workspace or with the machine: all of it at once, with its place and mend.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use expect_test::expect;

use crate::support::{Ended, Workspace, field};

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let workspace = Workspace::empty("regsitry = \"localhost:5000\"\n");
    workspace.write_four();
    workspace.write("lambdas/reader/pyproject.toml", "[project]\nname = \"reader\"\nversion = \n");
    workspace.write("lambdas/writer/Dockerfile", "FROM base-core\nCOPPY handler.py /\n");
    fs::remove_file(workspace.root().join("lambdas/alone/Dockerfile")).unwrap();
    let ended = workspace.run(&["build-lambdas"], 3);
    expect![[r#"
        error: Cargo.toml:5:1: unknown key `regsitry`
          hint: did you mean `registry`?
        error: lambdas/alone/pyproject.toml:2:9: `alone` has no Dockerfile: `lambdas/alone/Dockerfile` does not exist
          hint: write one, or say where it is by `dockerfile`
        error: lambdas/reader/pyproject.toml:3:11: invalid TOML: string values must be quoted, expected literal string
        error: lambdas/writer/Dockerfile:2:1: unknown instruction `COPPY`
          hint: did you mean `COPY`?
        4 problems in the workspace
    "#]].assert_eq(&ended.stderr);
    assert_eq!(ended.stdout, "");
    assert_eq!(workspace.docker_calls(), [""; 0]);
    assert_eq!(workspace.run(&["graph"], 3).stderr, ended.stderr);
}

/// A folder with `git` and nothing else: a `PATH` without docker.
fn path_without_docker(workspace: &Workspace) -> PathBuf {
    let folder = workspace.beside().join("no-docker");
    fs::create_dir(&folder).unwrap();
    let found = Command::new("sh").args(["-c", "command -v git"]).output().unwrap();
    let git = String::from_utf8(found.stdout).unwrap();
    symlink(git.trim(), folder.join("git")).unwrap();
    folder
}

#[test]
fn without_docker_the_plan_can_be_seen_but_not_run() {
    let workspace = Workspace::of_four("");
    let path = path_without_docker(&workspace);
    let run = |arguments: &[&str], code| {
        Ended::of(workspace.xtask(arguments).env("PATH", &path)).expect_code(code)
    };
    let plan = run(&["build-lambdas", "--dry-run", "--format", "json"], 0).json();
    assert_eq!(field(&plan, "action").len(), 4);
    assert!(field(&plan, "action").values().all(|action| *action == "build"), "{plan:#}");
    assert_eq!(plan["images"][0]["reasons"][0]["kind"], "store-unknown");

    let ended = run(&["build-lambdas"], 4);
    assert_eq!(ended.stdout, "");
    expect![[r#"
        error: the image store can't be asked: failed to run `docker`: No such file or directory (os error 2)
        hint: is Docker installed, with buildx 0.13 or newer, and its engine running? `docker info` tells; `--dry-run` works without it
    "#]].assert_eq(&ended.stderr);
}

#[test]
fn outside_a_workspace_it_says_where_to_go() {
    let workspace = Workspace::empty("");
    let mut command = workspace.xtask(&["build-lambdas"]);
    let ended = Ended::of(command.current_dir(workspace.beside())).expect_code(4);
    assert!(
        ended.stderr.starts_with("error: failed to find the Cargo workspace: "),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("\nhint: run this inside a repository "), "{}", ended.stderr);
}

#[test]
fn a_registry_that_does_not_answer_is_told_before_anything_is_built() {
    // Port 1 is nobody's.
    let workspace = Workspace::of_four("registry = \"localhost:1\"\n");
    let plan = workspace.build(&["--dry-run"], 0);
    assert_eq!(plan["images"][0]["reasons"][0]["kind"], "store-unknown");
    let ended = workspace.run(&["build-lambdas"], 4);
    assert_eq!(
        ended.stderr,
        "error: the registry `localhost:1` can't be reached: Connection refused (os error 111)\n\
         hint: is `registry` right, and the network up? `HTTPS_PROXY` and `NO_PROXY` count; `--load` needs no registry\n"
    );
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.starts_with("buildx build ")), "{calls:#?}");
}
