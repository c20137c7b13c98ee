//! What builds are handed besides their inputs: secrets, SSH agents, args from variables.

use std::os::unix::net::UnixListener;

use crate::support::{Ended, PYTHON, Workspace, image};

/// One Lambda with these settings, and these lines before its handler.
fn workspace(settings: &str, lines: &str) -> Workspace {
    let workspace = Workspace::empty("");
    workspace.write_lambda("one", &[], &format!("FROM {PYTHON}\n{lines}COPY handler.py /\n"));
    workspace.append("lambdas/one/pyproject.toml", &format!("[tool.lambda-image]\n{settings}\n"));
    workspace.commit("first");
    workspace
}

const MOUNTS: &str = "RUN --mount=type=secret,id=token test \"$(cat /run/secrets/token)\" = abc\n";

#[test]
fn a_secret_whose_variable_is_not_set_is_refused_before_a_build() {
    let workspace = workspace("secrets = [\"id=token,env=ONE_TOKEN\"]", MOUNTS);
    let run = |value: Option<&str>, arguments: &[&str]| {
        let mut command = workspace.xtask(arguments);
        match value {
            Some(value) => command.env("ONE_TOKEN", value),
            None => command.env_remove("ONE_TOKEN"),
        };
        Ended::of(&mut command)
    };
    for (value, why) in [(None, "not set"), (Some(""), "empty")] {
        for command in ["build-lambdas", "warm-cache"] {
            workspace.docker_calls();
            let ended = run(value, &[command]).expect_code(4);
            let expected = format!(
                "error: secrets or SSH agents that builds need are missing\n  \
                 one: the secret `token`: the variable `ONE_TOKEN` is {why}\n\
                 hint: set `ONE_TOKEN`\n"
            );
            assert!(ended.stderr.ends_with(&expected), "{}", ended.stderr);
            let builds = workspace.docker_calls();
            let builds = builds.iter().filter(|call| call.starts_with("buildx build"));
            assert_eq!(builds.count(), 0);
        }
    }
    let dry = run(None, &["build-lambdas", "--dry-run"]).expect_code(0);
    assert!(
        dry.stderr.contains("warning: secrets or SSH agents that builds need"),
        "{}",
        dry.stderr
    );
    run(Some("abc"), &["build-lambdas"]).expect_code(0);
    // Nothing is built: nothing is handed over.
    run(None, &["build-lambdas"]).expect_code(0);
}

#[test]
fn a_secret_of_the_workspace_reaches_the_build_that_mounts_it() {
    let workspace = workspace("", MOUNTS);
    workspace.append("Cargo.toml", "secrets = [\"id=token,src=token.txt\"]\n");
    let ended = workspace.run(&["build-lambdas"], 4);
    assert!(ended.stderr.contains("the file `token.txt` does not exist"), "{}", ended.stderr);
    workspace.write("token.txt", "abc");
    workspace.run(&["build-lambdas"], 0);
}

#[test]
fn an_agent_is_forwarded() {
    let workspace = workspace(
        "ssh = [\"default\"]",
        "RUN --mount=type=ssh,required test -S \"$SSH_AUTH_SOCK\"\n",
    );
    let socket = workspace.beside().join("agent");
    let run = |socket: Option<&std::path::Path>| {
        let mut command = workspace.xtask(&["build-lambdas"]);
        match socket {
            Some(socket) => command.env("SSH_AUTH_SOCK", socket),
            None => command.env_remove("SSH_AUTH_SOCK"),
        };
        Ended::of(&mut command)
    };
    let ended = run(None).expect_code(4);
    assert!(ended.stderr.contains("the variable `SSH_AUTH_SOCK` is not set"), "{}", ended.stderr);
    let ended = run(Some(&socket)).expect_code(4);
    assert!(ended.stderr.contains("there is no such file"), "{}", ended.stderr);
    let _agent = UnixListener::bind(&socket).unwrap();
    run(Some(&socket)).expect_code(0);
}

#[test]
fn an_arg_from_a_variable_counts_by_its_value() {
    let workspace = workspace(
        "args = { VERSION = { env = \"ONE_VERSION\" } }",
        "ARG VERSION\nRUN test \"$VERSION\" = 1.2\n",
    );
    let build = |version: &str| {
        let arguments = ["build-lambdas", "--format", "json"];
        let mut command = workspace.xtask(&arguments);
        Ended::of(command.env("ONE_VERSION", version)).expect_code(0).json()
    };
    let first = build("1.2");
    assert_eq!(image(&first, "one")["result"], "built");
    assert_eq!(image(&build("1.2"), "one")["result"], "up-to-date");
    let mut plan = workspace.xtask(&["build-lambdas", "--dry-run", "--format", "json"]);
    let plan = Ended::of(plan.env("ONE_VERSION", "1.3")).expect_code(0).json();
    assert_eq!(image(&plan, "one")["action"], "build");
    // Nothing differs from the commit but the variable, which both sides get alike.
    let mut affected = workspace.xtask(&["affected", "--base", "HEAD", "--format", "names"]);
    assert_eq!(Ended::of(affected.env("ONE_VERSION", "1.3")).expect_code(0).stdout, "");
    let unset = workspace.run(&["build-lambdas"], 3);
    assert!(unset.stderr.contains("the variable `ONE_VERSION` is not set"), "{}", unset.stderr);
    let mut explain = workspace.xtask(&["explain", "one"]);
    let explain = Ended::of(explain.env("ONE_VERSION", "1.2")).expect_code(0);
    let line = "VERSION=1.2, from the variable `ONE_VERSION`";
    assert!(explain.stdout.contains(line), "{}", explain.stdout);
}
