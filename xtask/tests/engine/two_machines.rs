//! Two engines with separate storage and one registry: what one machine has built and pushed, the other
//! does not build. What else needs an engine of its own shares the second one's start: one test.

use std::process::Command;

use serde_json::Value;

use crate::github_caches::check_github_cache;
use crate::inline_caches::check_inline_cache;
use crate::support::{Ended, SecondEngine, Workspace, field, image, test_registry};
use crate::warm_emptied::check_warm_cache;

#[test]
fn a_second_machine() {
    let engine = SecondEngine::start();
    what_one_machine_pushed_the_other_does_not_build(&engine);
    check_warm_cache(&engine);
    check_inline_cache(&engine);
    check_github_cache(&engine);
}

/// Runs `build-lambdas` of a checkout on the second machine.
#[track_caller]
fn build_there(workspace: &Workspace, engine: &SecondEngine) -> Value {
    let mut command = workspace.xtask(&["build-lambdas", "--format", "json"]);
    engine.surround(&mut command);
    Ended::of(&mut command).expect_code(0).json()
}

fn builds(workspace: &Workspace) -> usize {
    workspace.docker_calls().iter().filter(|call| call.starts_with("buildx build ")).count()
}

#[track_caller]
fn what_one_machine_pushed_the_other_does_not_build(engine: &SecondEngine) {
    let config = format!("registry = \"{}\"\n", test_registry());
    let here = Workspace::of_four(&config);
    let answer = here.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "built"));
    let pushed = here.manifest();

    let there = Workspace::other_checkout(&here, &config);
    for path in ["packages/core", "lambdas/reader", "lambdas/writer", "lambdas/alone"] {
        for entry in here.root().join(path).read_dir().unwrap() {
            let path = format!("{path}/{}", entry.unwrap().file_name().to_str().unwrap());
            there.write(&path, &here.read(&path));
        }
    }
    there.commit("first");
    let answer = build_there(&there, engine);
    assert!(field(&answer, "result").values().all(|result| *result == "up-to-date"), "{answer:#}");
    assert_eq!(builds(&there), 0);
    assert_eq!(there.manifest(), pushed);

    // It has an engine of its own, in which nothing is.
    let mut list = Command::new("docker");
    engine.surround(list.args(["image", "ls", "--quiet"]));
    assert_eq!(Ended::of(&mut list).expect_code(0).stdout, "");

    // An edit is built on a base that only the registry has; then it is here as well.
    let edited = there.read("lambdas/reader/handler.py") + "# An edit.\n";
    there.write("lambdas/reader/handler.py", &edited);
    there.commit("an edit");
    let answer = build_there(&there, engine);
    assert_eq!(image(&answer, "reader")["result"], "built");
    assert_eq!(builds(&there), 1);

    drop(here.docker_calls());
    here.write("lambdas/reader/handler.py", &edited);
    here.commit("an edit");
    let answer = here.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "up-to-date"), "{answer:#}");
    assert_eq!(builds(&here), 0);
    assert_eq!(here.manifest(), there.manifest());
}
