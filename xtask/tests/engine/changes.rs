//! An edit builds what it affects, and nothing else; the reasons name it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{Workspace, field, image};

/// Builds everything, makes the edit, and builds again: exactly these images are built, each with
/// this as a reason.
#[track_caller]
fn check(edit: impl FnOnce(&Workspace), built: &[(&str, serde_json::Value)]) {
    let workspace = Workspace::of_four("");
    workspace.build(&[], 0);
    workspace.docker_calls();
    edit(&workspace);

    let answer = workspace.build(&["--explain"], 0);
    let results = field(&answer, "result");
    let was_built: BTreeSet<&str> =
        results.iter().filter(|(_, result)| **result == "built").map(|(name, _)| *name).collect();
    assert_eq!(was_built, built.iter().map(|(name, _)| *name).collect());
    for (name, reason) in built {
        let reasons = image(&answer, name)["reasons"].as_array().unwrap();
        assert!(reasons.contains(reason), "{name}: {reasons:#?}");
    }
    let calls = workspace.docker_calls();
    let builds = calls.iter().filter(|call| call.starts_with("buildx build ")).count();
    assert_eq!(builds, built.len(), "{calls:#?}");

    let others: BTreeMap<&str, &str> =
        results.into_iter().filter(|(_, result)| *result != "built").collect();
    assert!(others.values().all(|result| *result == "up-to-date"), "{others:?}");
    let again = workspace.build(&[], 0);
    assert!(field(&again, "result").values().all(|result| *result == "up-to-date"));
}

#[test]
fn an_edited_handler_builds_one_image() {
    check(
        |workspace| workspace.append("lambdas/reader/handler.py", "# An edit.\n"),
        &[("reader", json!({ "kind": "file-changed", "path": "lambdas/reader/handler.py" }))],
    );
}

#[test]
fn an_edited_package_builds_what_stands_on_it() {
    let base = json!({ "kind": "base-affected", "image": "base-core" });
    check(
        |workspace| workspace.append("packages/core/core.py", "# An edit.\n"),
        &[
            ("base-core", json!({ "kind": "file-changed", "path": "packages/core/core.py" })),
            ("reader", base.clone()),
            ("writer", base),
        ],
    );
}

#[test]
fn a_new_file_is_named() {
    let workspace = Workspace::of_four("");
    workspace.write("lambdas/alone/Dockerfile", "FROM scratch\nCOPY *.py /\n");
    workspace.build(&["alone"], 0);
    workspace.write("lambdas/alone/notes.txt", "Nobody reads this.\n");
    let plan = workspace.build(&["alone", "--dry-run"], 0);
    assert_eq!(image(&plan, "alone")["action"], "up-to-date");
    workspace.write("lambdas/alone/more.py", "MORE = 1\n");
    let plan = workspace.build(&["alone", "--dry-run"], 0);
    let reasons = image(&plan, "alone")["reasons"].as_array().unwrap();
    let reason = json!({ "kind": "file-added", "path": "lambdas/alone/more.py" });
    assert!(reasons.contains(&reason), "{reasons:#?}");
}

#[test]
fn explain_tells_people_what_changed() {
    let workspace = Workspace::of_four("");
    workspace.build(&["alone"], 0);
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    let told = workspace.run(&["explain", "alone"], 0).stdout;
    let since = told.split("since the last build here\n").nth(1).expect("it tells since when");
    assert!(since.starts_with("  `lambdas/alone/handler.py` changed\ninputs: "), "{told}");
    let stderr = workspace.run(&["build-lambdas", "alone", "--explain"], 0).stderr;
    assert!(stderr.contains("because `lambdas/alone/handler.py` changed"), "{stderr}");
}
