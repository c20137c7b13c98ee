//! What is looked at before a build: the base's platform, modes, inputs that git ignores, the engine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use crate::support::{Ended, Running, Workspace, docker, test_registry};

/// A Lambda on a base of the registry that is for linux/arm64 alone. Gives the base's reference.
fn on_arm_base() -> (Workspace, String) {
    let workspace = Workspace::empty("");
    let host = test_registry();
    let stack = workspace.stack().to_owned();
    let base = format!("{host}/e2e-arm-{stack}:1");
    let folder = workspace.beside().join("arm");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("arm.txt"), workspace.python("arm")).unwrap();
    fs::write(folder.join("Dockerfile"), "FROM scratch\nCOPY arm.txt /\n").unwrap();
    let (tag, folder) = (format!("--tag={base}"), folder.to_str().unwrap().to_owned());
    let platform = "--platform=linux/arm64";
    docker(&[
        "buildx",
        "build",
        "--quiet",
        "--provenance=false",
        "--push",
        platform,
        &tag,
        &folder,
    ]);
    workspace.write_lambda("one", &[], &format!("FROM {base}\nCOPY handler.py /\n"));
    workspace.commit("first");
    (workspace, base)
}

fn platform_warning(base: &str) -> String {
    format!(
        "warning: lambdas/one/Dockerfile:1:1: the base `{base}` is for linux/arm64 only, and `one` \
         is built for linux/amd64: its programs can't run there\n  \
         hint: take a base for linux/amd64, or set `platform = \"linux/arm64\"`\n"
    )
}

#[test]
fn a_base_of_another_platform_is_a_warning() {
    let (workspace, base) = on_arm_base();
    let warning = platform_warning(&base);
    let first = workspace.run(&["build-lambdas"], 0);
    assert!(first.stderr.contains(&warning), "{}", first.stderr);
    // Nothing is built, and nothing is asked.
    let second = workspace.run(&["build-lambdas"], 0);
    assert!(!second.stderr.contains("linux/arm64"), "{}", second.stderr);
    // Where it is locked its digest is known, and nobody is asked any more.
    let updated = workspace.run(&["bases", "--update"], 0);
    assert!(updated.stderr.contains(&warning), "{}", updated.stderr);
    workspace.docker_calls();
    let forced = workspace.run(&["build-lambdas", "--force"], 0);
    assert!(forced.stderr.contains(&warning), "{}", forced.stderr);
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.contains("imagetools")), "{calls:#?}");
}

#[test]
fn a_file_that_others_cannot_read_is_a_warning() {
    let workspace = Workspace::of_four("");
    let path = workspace.root().join("lambdas/alone/handler.py");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    for arguments in [&["build-lambdas", "--dry-run", "alone"][..], &["build-lambdas", "alone"]] {
        let ended = workspace.run(arguments, 0);
        let warning = "warning: lambdas/alone/handler.py: other users can't read it (mode 0600): \
             it is built as git would check it out, with mode 0644\n  \
             hint: `chmod o+r lambdas/alone/handler.py`\n";
        assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    }
}

#[test]
fn an_input_that_git_ignores_is_a_warning_and_nothing_to_commit() {
    let workspace = Workspace::empty(&format!("registry = \"{}\"\n", test_registry()));
    workspace.write_lambda("one", &[], "FROM scratch\nCOPY . /\n");
    workspace.append(".gitignore", "__pycache__/\n.env\n");
    workspace.commit("first");
    workspace.write("lambdas/one/__pycache__/a.pyc", "x");
    workspace.write("lambdas/one/__pycache__/b.pyc", "x");
    let mend = "add the line `**/__pycache__` to `lambdas/one/.dockerignore`";
    let explained = workspace.run(&["explain", "one"], 0);
    assert_eq!(
        explained.stderr,
        format!(
            "warning: lambdas/one/__pycache__/a.pyc: an input of `one` and 1 more, which git ignores \
             (`__pycache__/`, .gitignore:2): no commit has it\n  hint: {mend}\n"
        )
    );
    let refused = workspace.run(&["build-lambdas", "--push"], 1);
    let hint = format!("\nhint: {mend}, or `--allow-dirty` to push all the same\n");
    assert!(refused.stderr.ends_with(&hint), "{}", refused.stderr);
    workspace.append("lambdas/one/handler.py", "# An edit.\n");
    let refused = workspace.run(&["build-lambdas", "--push"], 1);
    let hint =
        format!("\nhint: commit these files, {mend}, or `--allow-dirty` to push all the same\n");
    assert!(refused.stderr.ends_with(&hint), "{}", refused.stderr);
    // The mend is one.
    workspace.write("lambdas/one/.dockerignore", "**/__pycache__\n");
    workspace.commit("second");
    assert_eq!(workspace.run(&["explain", "one"], 0).stderr, "");
}

#[test]
fn a_registry_without_an_engine_is_one_error() {
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", test_registry()));
    let socket = format!("unix://{}", workspace.beside().join("none").display());
    let mut command = workspace.xtask(&["build-lambdas", "--push"]);
    let ended = Ended::of(command.env("DOCKER_HOST", socket)).expect_code(4);
    assert!(ended.stderr.starts_with("error: no builder can be reached: "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("\nhint: is the Docker engine running? `docker info` tells\n"));
    assert_eq!(ended.stderr.lines().count(), 2, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn an_engine_that_does_not_answer_is_said() {
    let workspace = Workspace::of_four("");
    let path = workspace.beside().join("silent");
    // It accepts connections, as far as the system keeps them waiting, and says nothing.
    let _silent = UnixListener::bind(&path).unwrap();
    let mut command = workspace.xtask(&["build-lambdas"]);
    command.env("DOCKER_HOST", format!("unix://{}", path.display()));
    let mut running = Running::start(&mut command);
    running.wait_for_line(|line| line.starts_with("note: no answer from `docker "));
    running.interrupt();
    assert_eq!(running.wait().code, Some(130));
}

#[test]
fn a_build_that_takes_too_long_ends_and_the_others_go_on() {
    let workspace = Workspace::of_four("");
    let endless = "FROM public.ecr.aws/lambda/python:3.13\nCOPY handler.py /\nRUN sleep 1000\n";
    workspace.write_lambda("endless", &[], endless);
    workspace.commit("second");
    let ended = workspace.run(&["build-lambdas", "--timeout", "30s"], 1);
    let error = "endless failed: its build took longer than 30s (`--timeout`), and was ended";
    assert!(ended.stderr.contains(error), "{}", ended.stderr);
    let log = workspace.read("target/lambda-images/logs/endless.log");
    assert!(log.contains("sleep 1000"), "{log}");
    for built in ["base-core", "reader", "writer", "alone"] {
        assert!(ended.stderr.contains(&format!("built   {built} ")), "{}", ended.stderr);
    }
}
