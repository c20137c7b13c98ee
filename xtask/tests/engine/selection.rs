//! Which images a command line means: names, folders, `--force`, the stack.

use std::collections::BTreeMap;

use crate::support::{Workspace, docker, field};

/// What a run with these arguments does about each image of its plan.
#[track_caller]
fn check(workspace: &Workspace, arguments: &[&str], results: &[(&str, &str)]) {
    let answer = workspace.build(arguments, 0);
    assert_eq!(field(&answer, "result"), results.iter().copied().collect::<BTreeMap<_, _>>());
}

#[test]
fn an_image_comes_with_the_bases_that_it_lacks() {
    let workspace = Workspace::of_four("");
    check(&workspace, &["reader"], &[("base-core", "built"), ("reader", "built")]);
    check(&workspace, &["lambdas/writer/"], &[("base-core", "up-to-date"), ("writer", "built")]);
    check(
        &workspace,
        &["./lambdas/alone", "Base_Core"],
        &[("alone", "built"), ("base-core", "up-to-date")],
    );
}

#[test]
fn force_builds_what_is_asked_for_and_nothing_else() {
    let workspace = Workspace::of_four("");
    check(
        &workspace,
        &["reader", "alone"],
        &[("alone", "built"), ("base-core", "built"), ("reader", "built")],
    );
    check(&workspace, &["--force", "alone"], &[("alone", "built")]);
    let answer = workspace.build(&["--force", "--dry-run", "reader"], 0);
    assert_eq!(field(&answer, "action")["reader"], "build");
    assert_eq!(answer["images"][1]["reasons"][0]["kind"], "forced");
}

#[test]
fn an_image_that_is_gone_is_built_again() {
    let workspace = Workspace::of_four("");
    let answer = workspace.build(&["alone"], 0);
    let repository = format!("alone-{}", workspace.stack());
    let fingerprint = field(&answer, "fingerprint")["alone"];
    docker(&["image", "rm", &format!("{repository}:sha-{fingerprint}")]);
    let plan = workspace.build(&["alone", "--dry-run"], 0);
    assert_eq!(plan["images"][0]["reasons"][1]["kind"], "image-gone");
    check(&workspace, &["alone"], &[("alone", "built")]);
}

#[test]
fn another_stack_has_repositories_of_its_own() {
    let workspace = Workspace::of_four("");
    workspace.build(&["alone"], 0);
    let stack = format!("{}-prod", workspace.stack());
    check(&workspace, &["alone", "--stack", &stack], &[("alone", "built")]);
    let manifest = workspace.manifest();
    assert_eq!(manifest["stack"], stack.as_str());
    assert_eq!(
        field(&manifest, "repository"),
        BTreeMap::from([("alone", format!("alone-{stack}").as_str())])
    );
}

#[test]
fn an_unknown_image_is_wrong_usage_with_a_suggestion() {
    let workspace = Workspace::of_four("");
    let ended = workspace.run(&["build-lambdas", "raeder"], 2);
    assert_eq!(ended.stderr, "error: there is no image `raeder`\nhint: did you mean `reader`?\n");
    let ended = workspace.run(&["explain", "zzz"], 2);
    assert_eq!(
        ended.stderr,
        "error: there is no image `zzz`\nhint: `cargo xtask graph` shows the images there are\n"
    );
}
