//! A build that fails: what stands on it is skipped, the rest goes on, and all is told.

use std::collections::BTreeMap;

use crate::support::{PYTHON, Workspace, field, image};

/// Four good images; a base image that fails after 40 lines, and a Lambda that stands on it.
fn workspace_with_broken_base() -> Workspace {
    let workspace = Workspace::empty("");
    workspace.write_four();
    let lines = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo \"line <$i>\"; done";
    let stack = workspace.stack();
    workspace.write_package(
        "broken",
        &format!("FROM {PYTHON}\nRUN : {stack}; {lines}; echo gone >&2; exit 3\n"),
    );
    workspace.write_lambda("stranded", &["broken"], "FROM base-broken\nCOPY handler.py /\n");
    workspace.commit("first");
    workspace
}

#[test]
fn what_stands_on_a_failure_is_skipped_and_the_rest_goes_on() {
    let workspace = workspace_with_broken_base();
    let answer = workspace.build(&[], 1);
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([
            ("alone", "built"),
            ("base-broken", "failed"),
            ("base-core", "built"),
            ("reader", "built"),
            ("stranded", "skipped"),
            ("writer", "built"),
        ])
    );
    assert_eq!(image(&answer, "stranded")["because_of"], "base-broken");
    let manifest = workspace.manifest();
    let kept: Vec<&str> = field(&manifest, "name").into_keys().collect();
    assert_eq!(kept, ["alone", "base-core", "reader", "writer"]);

    workspace.docker_calls();
    workspace.write_package("broken", "FROM scratch\nCOPY pyproject.toml /\n");
    let mended = workspace.build(&[], 0);
    let results = field(&mended, "result");
    let built: Vec<_> = results.iter().filter(|(_, result)| **result == "built").collect();
    assert_eq!(built, [(&"base-broken", &"built"), (&"stranded", &"built")]);
}

#[test]
fn a_failure_shows_its_end_and_where_the_rest_is() {
    let workspace = workspace_with_broken_base();
    let ended = workspace.run(&["build-lambdas", "stranded"], 1);
    let log = "target/lambda-images/logs/base-broken.log";
    let stderr = &ended.stderr;
    for part in [
        "base-broken failed: failed to run `docker buildx build --progress=rawjson ",
        "exit status 1",
        "line <40>",
        "gone",
        "exit code: 3",
        &format!("\n  log: {}\n", workspace.root().canonicalize().unwrap().join(log).display()),
        "skipped stranded: `base-broken` failed",
        "1 failed, 1 skipped in ",
    ] {
        assert!(stderr.contains(part), "no `{part}` in:\n{stderr}");
    }
    assert!(!stderr.contains("line <1>"), "the tail is enough:\n{stderr}");
    let stranded = ended.stdout.lines().find(|line| line.starts_with("stranded "));
    assert!(stranded.is_some_and(|line| line.ends_with("because `base-broken` failed")));

    let log = workspace.read(log);
    assert!(log.starts_with("$ docker buildx build "), "{log}");
    for line in (1..=40).map(|number| format!("line <{number}>")).chain(["gone".to_owned()]) {
        assert!(log.lines().any(|logged| logged.ends_with(&line)), "no `{line}` in:\n{log}");
    }
}

/// Two Lambdas side by side, the first of which fails; how they end.
#[track_caller]
fn check_two(arguments: &[&str], second: &str, builds: usize) {
    let workspace = Workspace::empty("");
    workspace.write_lambda("a-bad", &[], "FROM scratch\nCOPY no-such-file /\n");
    workspace.write_lambda("b-good", &[], "FROM scratch\nCOPY handler.py /\n");
    workspace.commit("first");
    let answer = workspace.build(&[&["--jobs", "1"], arguments].concat(), 1);
    let expected = BTreeMap::from([("a-bad", "failed"), ("b-good", second)]);
    assert_eq!(field(&answer, "result"), expected);
    let calls = workspace.docker_calls();
    let started = calls.iter().filter(|call| call.starts_with("buildx build ")).count();
    assert_eq!(started, builds, "{calls:#?}");
    let error = image(&answer, "a-bad")["error"].as_str().unwrap();
    assert!(error.contains("no-such-file") && error.contains("not found"), "{error}");
}

#[test]
fn after_a_failure_others_are_built() {
    check_two(&[], "built", 2);
}

#[test]
fn with_fail_fast_nothing_starts_after_a_failure() {
    check_two(&["--fail-fast"], "skipped", 1);
}

#[test]
fn with_fail_fast_what_runs_is_ended_and_is_no_failure() {
    let workspace = Workspace::empty("");
    workspace.write_lambda("a-bad", &[], "FROM scratch\nCOPY no-such-file /\n");
    let forever = format!("FROM {PYTHON}\nRUN : {}; sleep 600\n", workspace.stack());
    workspace.write_lambda("b-slow", &[], &forever);
    workspace.commit("first");
    let answer = workspace.build(&["--jobs", "2", "--fail-fast"], 1);
    let expected = BTreeMap::from([("a-bad", "failed"), ("b-slow", "skipped")]);
    assert_eq!(field(&answer, "result"), expected);
    assert_eq!(image(&answer, "b-slow")["because_of"], "a-bad");
}
