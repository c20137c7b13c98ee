//! What differs from a commit, from the answer to what is built, and what BuildKit is sent.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Ended, Workspace, docker, field, image};

/// The affected images, each with its reasons' kinds.
fn affected(answer: &Value) -> BTreeMap<&str, Vec<&str>> {
    let images = answer["images"].as_array().unwrap();
    let affected = images.iter().filter(|image| image["affected"] == true);
    affected
        .map(|image| {
            let reasons = image["reasons"].as_array().unwrap();
            let kinds = reasons.iter().map(|reason| reason["kind"].as_str().unwrap());
            (image["name"].as_str().unwrap(), kinds.collect())
        })
        .collect()
}

fn ask(workspace: &Workspace, arguments: &[&str]) -> Value {
    workspace.run(&[&["affected", "--format", "json"], arguments].concat(), 0).json()
}

#[test]
fn only_what_differs_is_built() {
    let workspace = Workspace::of_four("");
    let first = workspace.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let nothing = workspace.run(&["build-lambdas", "--affected=HEAD"], 0);
    assert!(nothing.stderr.ends_with("nothing to build\n"), "{}", nothing.stderr);
    assert_eq!(workspace.docker_calls(), [""; 0]);

    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    workspace.commit("alone");
    workspace.write("packages/core/core.py", "CORE = 2\n");
    let answer = ask(&workspace, &["--base", &first]);
    assert_eq!(answer["base"], first);
    assert_eq!(
        affected(&answer),
        BTreeMap::from([
            ("alone", vec!["file-changed"]),
            ("base-core", vec!["file-changed"]),
            ("reader", vec!["base-affected"]),
            ("writer", vec!["base-affected"]),
        ])
    );
    let since_head = ask(&workspace, &["--base", "HEAD", "alone", "reader"]);
    assert_eq!(affected(&since_head).into_keys().collect::<Vec<_>>(), ["reader"]);
    assert_eq!(since_head["images"].as_array().unwrap().len(), 2);

    let built = workspace.build(&["--affected=HEAD"], 0);
    let results = field(&built, "result");
    assert_eq!(
        results,
        BTreeMap::from([("base-core", "built"), ("reader", "built"), ("writer", "built")])
    );
}

#[test]
fn bake_builds_the_plan() {
    let workspace = Workspace::of_four("");
    workspace.build(&["base-core"], 0);
    workspace.append("lambdas/writer/handler.py", "# An edit.\n");
    workspace.append("lambdas/reader/handler.py", "# An edit.\n");
    let bake = |file: &str, arguments: &[&str]| {
        let mut command = crate::bake::bake(|| workspace.surround(Command::new("docker"))).unwrap();
        Ended::of(command.args(["--file", file]).args(arguments)).expect_code(0)
    };
    let base_is_there = workspace.run(&["affected", "--base", "HEAD", "--format", "bake"], 0);
    workspace.write("docker-bake.json", &base_is_there.stdout);
    let printed = bake("docker-bake.json", &["--print"]).json();
    assert_eq!(printed["group"]["default"]["targets"], json!(["reader", "writer"]));
    bake("docker-bake.json", &[]);

    workspace.append("packages/core/core.py", "# An edit.\n");
    let with_base = workspace.run(&["affected", "--base", "HEAD", "--format", "bake"], 0);
    workspace.write("docker-bake.json", &with_base.stdout);
    bake("docker-bake.json", &[]);
    // What bake built has the names that the plan gave it: nothing is left to build.
    let planned = workspace.build(&["--dry-run", "base-core", "reader", "writer"], 0);
    assert!(field(&planned, "action").values().all(|action| *action == "up-to-date"));
    let reference = image(&planned, "writer")["image_ref"].as_str().unwrap();
    assert!(!docker(&["image", "inspect", reference]).is_empty());

    workspace.commit("all");
    let empty = workspace.run(&["affected", "--base", "HEAD", "--format", "bake"], 0);
    workspace.write("docker-bake.json", &empty.stdout);
    bake("docker-bake.json", &["--print"]);
}

/// Whatever the context's root is, and whatever lies in it.
#[test]
fn only_inputs_are_sent() {
    let workspace = Workspace::empty("context = \"workspace\"\n");
    workspace.write_lambda("small", &[], "FROM scratch\nCOPY lambdas/small/handler.py /\n");
    workspace.write("data/large.bin", &"x".repeat(3_000_000));
    workspace.commit("first");
    workspace.build(&[], 0);
    let log = workspace.read("target/lambda-images/logs/small.log");
    let sent = log.lines().rfind(|line| line.contains("transferring context: ")).unwrap();
    let size = sent.split("transferring context: ").nth(1).unwrap();
    let digits = size.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    assert!(digits.starts_with("B ") || digits.starts_with("kB "), "{sent}");
    // Only the fingerprint's own inputs are listed.
    let explained = workspace.run(&["explain", "small", "--format", "json"], 0).json();
    let inputs = explained["inputs"].as_array().unwrap();
    let paths: Vec<&str> = inputs.iter().map(|input| input["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["lambdas/small/Dockerfile", "lambdas/small/handler.py"]);
}

#[test]
fn an_onbuild_of_a_base_reads_what_it_likes() {
    let workspace = Workspace::empty("");
    workspace.write_package("core", "FROM scratch\nONBUILD COPY . /app/\n");
    workspace.write_lambda("child", &["core"], "FROM base-core\nCOPY handler.py /\n");
    workspace.write("lambdas/child/other.txt", &workspace.python("other"));
    workspace.commit("first");
    workspace.build(&[], 0);
    let explained = workspace.run(&["explain", "child", "--format", "json"], 0).json();
    let inputs = explained["inputs"].as_array().unwrap();
    assert!(inputs.iter().any(|input| input["path"] == "lambdas/child/other.txt"), "{inputs:?}");
    let why = explained["undetermined"][0].as_str().unwrap();
    assert!(
        why.starts_with("lambdas/child/Dockerfile:1: `base-core` runs its `ONBUILD`s"),
        "{why}"
    );
}
