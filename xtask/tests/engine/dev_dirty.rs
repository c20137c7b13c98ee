//! Development mode and what is in no commit: a Lambda has its own inputs to answer for, and a `stable`
//! base that is known to be made from uncommitted files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::{Gate, Workspace, fetch_manifest, field, image, test_registry};

fn registry() -> String {
    format!("registry = \"{}\"\n", test_registry())
}

/// A workspace whose `stable` is made from a commit, and whose package has been edited since.
fn edited_since() -> (Workspace, String) {
    let workspace = Workspace::of_four(&registry());
    let first = workspace.git(&["rev-parse", "HEAD"]).trim().to_owned();
    workspace.build(&["--dev", "base-core"], 0);
    workspace.append("packages/core/core.py", "# An edit.\n");
    (workspace, first)
}

#[test]
fn a_dirty_package_is_none_of_what_stands_on_stable() {
    let (workspace, first) = edited_since();
    let answer = workspace.build(&["--dev", "--push", "reader"], 0);
    assert_eq!(field(&answer, "result")["reader"], "built");
    let manifest = workspace.manifest();
    let reader = image(&manifest, "reader");
    assert_eq!((&reader["dirty"], &reader["dev"]), (&json!(false), &json!(true)));
    assert_eq!(reader["git_commit"], first.as_str());

    // Nor is a commit of the package.
    workspace.commit("edited");
    workspace.build(&["--dev", "--push", "writer"], 0);
    assert_eq!(image(&workspace.manifest(), "writer")["git_commit"], first.as_str());

    // Its own edit is.
    workspace.append("lambdas/reader/handler.py", "# An edit.\n");
    let ended = workspace.run(&["build-lambdas", "--dev", "--push", "reader"], 1);
    let error = "error: 1 dirty image would be pushed\n  reader: `lambdas/reader/handler.py`\n\
                 hint: commit these files, or `--allow-dirty` to push all the same\n";
    assert!(ended.stderr.ends_with(error), "{}", ended.stderr);
}

#[test]
fn a_stable_base_that_was_dirty_makes_dirty_until_it_is_committed() {
    let (workspace, _) = edited_since();
    workspace.run(&["build-lambdas", "--refresh-base", "--allow-dirty", "base-core"], 0);
    let stable = format!("{}/base-core-{}:stable", test_registry(), workspace.stack());
    let error = format!(
        "error: 1 dirty image would be pushed\n  reader: `packages/core/core.py`\n  \
         `{stable}` was made when these were in no commit: `packages/core/core.py`\n\
         hint: commit these files and give `stable` to what they make by `--refresh-base`, \
         or `--allow-dirty` to push all the same\n"
    );
    let ended = workspace.run(&["build-lambdas", "--dev", "--push", "reader"], 1);
    assert!(ended.stderr.ends_with(&error), "{}", ended.stderr);
    // That the package is another one by now doesn't make the base clean.
    workspace.append("packages/core/core.py", "# Another edit.\n");
    let ended = workspace.run(&["build-lambdas", "--dev", "--push", "reader"], 1);
    assert!(ended.stderr.ends_with(&error), "{}", ended.stderr);

    workspace.build(&["--dev", "--push", "--allow-dirty", "reader"], 0);
    assert_eq!(image(&workspace.manifest(), "reader")["dirty"], true);

    // A commit of what it is made from does.
    let text = workspace.read("packages/core/core.py").replace("# Another edit.\n", "");
    workspace.write("packages/core/core.py", &text);
    workspace.commit("edited");
    let answer = workspace.build(&["--dev", "--push", "reader", "writer"], 0);
    assert_eq!(field(&answer, "result")["writer"], "built");
    assert_eq!(image(&workspace.manifest(), "reader")["dirty"], false);
}

#[test]
fn a_move_that_is_refused_takes_nothing_from_what_is_known_of_stable() {
    let is_refused = Arc::new(AtomicBool::new(false));
    let refuses = Arc::clone(&is_refused);
    let gate = Gate::new(move |method, path| {
        let is_stable = method == "PUT" && path.ends_with("/manifests/stable");
        (is_stable && refuses.load(Ordering::SeqCst)).then(|| (400, "{}".to_owned()))
    });
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", gate.host()));
    workspace.append("packages/core/core.py", "# An edit.\n");
    workspace.build(&["--dev", "--allow-dirty", "base-core"], 0);
    workspace.append("packages/core/core.py", "# Another edit.\n");
    workspace.commit("edited");
    is_refused.store(true, Ordering::SeqCst);
    workspace.write_package("extra", "FROM scratch\nCOPY missing.py /\n");
    let refresh = ["build-lambdas", "--refresh-base", "--allow-dirty", "base-core", "base-extra"];
    let ended = workspace.run(&refresh, 4);
    assert!(
        ended.stderr.contains("\nbase-extra failed: failed to run `docker "),
        "{}",
        ended.stderr
    );

    let ended = workspace.run(&["build-lambdas", "--dev", "--push", "reader"], 1);
    let why = ":stable` was made when these were in no commit: `packages/core/core.py`\n";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
fn stable_is_moved_only_when_what_it_is_made_from_is_kept() {
    let workspace = Workspace::of_four(&registry());
    // A file where the folder of these records is to be.
    workspace.write("target/lambda-images/stable", "");
    let ended = workspace.run(&["build-lambdas", "--dev", "base-core"], 1);
    assert!(
        ended.stderr.contains("target/lambda-images/stable/base-core.json"),
        "{}",
        ended.stderr
    );
    let repository = format!("{}/base-core-{}", test_registry(), workspace.stack());
    assert_eq!(fetch_manifest(&repository, "stable"), None);
}

/// Who named it for others answers for it.
#[test]
fn a_stable_base_of_somebody_else_counts_as_clean() {
    let (first, _) = edited_since();
    first.run(&["build-lambdas", "--refresh-base", "--allow-dirty", "base-core"], 0);
    let second = Workspace::other_checkout(&first, &registry());
    second.write_four();
    second.commit("first");
    let answer = second.build(&["--dev", "--push", "reader"], 0);
    assert_eq!(field(&answer, "result")["reader"], "built");
    assert_eq!(image(&second.manifest(), "reader")["dirty"], false);
}

/// What is known of one store's `stable` is kept beside what is known of another's.
#[test]
fn each_store_has_a_stable_of_its_own() {
    let (workspace, _) = edited_since();
    workspace.run(&["build-lambdas", "--dev", "--load", "reader"], 0);
    assert_eq!(image(&workspace.manifest(), "reader")["dirty"], true);
    let ended = workspace.run(&["build-lambdas", "--dev", "--push", "reader"], 0);
    let why = "`stable` is older than the packages: `base-core` (`packages/core/core.py` changed)";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    assert_eq!(image(&workspace.manifest(), "reader")["dirty"], false);
}
