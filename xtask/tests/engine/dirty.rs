//! What is in no commit is not pushed, unless somebody insists.

use crate::support::{Workspace, fetch_manifest, field, image, test_registry};

fn config() -> String {
    format!("registry = \"{}\"\n", test_registry())
}

/// A workspace in which an edit of `core` makes all but `alone` dirty.
fn dirty_workspace() -> Workspace {
    let workspace = Workspace::of_four(&config());
    workspace.append("packages/core/core.py", "# An edit.\n");
    workspace
}

/// Whether the registry has an image under its identity.
fn is_pushed(workspace: &Workspace, name: &str) -> bool {
    let answer = workspace.build(&["--dry-run"], 0);
    let entry = image(&answer, name);
    let (repository, _) = entry["image_ref"].as_str().unwrap().rsplit_once(':').unwrap();
    let identity = format!("sha-{}", entry["fingerprint"].as_str().unwrap());
    fetch_manifest(repository, &identity).is_some()
}

#[test]
fn dirty_images_are_refused_before_anything_is_built() {
    let workspace = dirty_workspace();
    for (arguments, load) in [
        (&["build-lambdas", "--push"][..], ""),
        (&["build-lambdas"], "`--load` to keep them in the local Docker store, "),
    ] {
        let ended = workspace.run(arguments, 1);
        assert_eq!(
            ended.stderr,
            format!(
                "error: 3 dirty images would be pushed\n  \
                 base-core: `packages/core/core.py`\n  \
                 reader: `packages/core/core.py`\n  \
                 writer: `packages/core/core.py`\n\
                 hint: commit these files, {load}or `--allow-dirty` to push all the same\n"
            )
        );
        assert_eq!(ended.stdout, "");
    }
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.contains(" --file=")), "{calls:#?}");
    // Not even the clean one.
    assert!(!is_pushed(&workspace, "alone"));
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 0);
    assert!(ended.stderr.starts_with("warning: 3 dirty images would be pushed\n"), "{ended:?}");
}

#[test]
fn a_clean_image_is_pushed_beside_dirty_ones() {
    let workspace = dirty_workspace();
    workspace.build(&["alone"], 0);
    assert!(is_pushed(&workspace, "alone"));
    assert_eq!(image(&workspace.manifest(), "alone")["dirty"], false);
}

#[test]
fn who_insists_pushes_and_the_manifest_says_dirty() {
    let workspace = dirty_workspace();
    workspace.build(&["--allow-dirty", "reader"], 0);
    assert!(is_pushed(&workspace, "reader"));
    let manifest = workspace.manifest();
    assert_eq!(image(&manifest, "reader")["dirty"], true);
    assert_eq!(image(&manifest, "reader")["pushed"], true);
    // Nothing is pushed by a run that has nothing to do.
    workspace.build(&["reader"], 0);
    // A commit gives it a clean name.
    workspace.commit("edited");
    let answer = workspace.build(&["reader"], 0);
    assert_eq!(field(&answer, "result")["reader"], "retagged");
    assert_eq!(image(&workspace.manifest(), "reader")["dirty"], false);
}

#[test]
fn a_dirty_name_is_not_pushed_either() {
    let workspace = Workspace::of_four(&config());
    workspace.build(&["alone"], 0);
    // The same inputs, now without a commit that has them: the registry would get one more tag.
    workspace.git(&["rm", "--quiet", "--cached", "lambdas/alone/handler.py"]);
    workspace.git(&["commit", "--quiet", "--message", "not kept"]);
    let ended = workspace.run(&["build-lambdas", "alone"], 1);
    assert!(ended.stderr.starts_with("error: 1 dirty image would be pushed\n"), "{ended:?}");
}

#[test]
fn what_was_never_committed_is_dirty_too() {
    let workspace = Workspace::of_four(&config());
    workspace.write_lambda("new", &[], "FROM scratch\nCOPY handler.py /\n");
    let ended = workspace.run(&["build-lambdas", "--push", "new"], 1);
    let paths = "new: `lambdas/new/Dockerfile`, `lambdas/new/handler.py`";
    assert!(ended.stderr.contains(paths), "{ended:?}");
    workspace.build(&["--load", "new"], 0);
    let manifest = workspace.manifest();
    assert_eq!(image(&manifest, "new")["dirty"], true);
    assert_eq!(image(&manifest, "new")["git_commit"], serde_json::Value::Null);
}

#[test]
fn dirty_images_stay_here() {
    let workspace = dirty_workspace();
    workspace.build(&["--load"], 0);
    let manifest = workspace.manifest();
    assert_eq!(image(&manifest, "reader")["dirty"], true);
    assert_eq!(image(&manifest, "reader")["pushed"], false);
    assert!(!is_pushed(&workspace, "reader"));
}

#[test]
fn neither_development_mode_nor_a_warm_cache_pushes_dirty_bases() {
    let workspace = dirty_workspace();
    for arguments in [
        &["build-lambdas", "--dev"][..],
        &["build-lambdas", "--refresh-base", "reader"],
        &["warm-cache"],
    ] {
        let ended = workspace.run(arguments, 1);
        assert!(
            ended.stderr.contains("dirty image") && ended.stderr.contains("base-core: `packages/"),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    assert!(!is_pushed(&workspace, "base-core"));
    let repository = format!("{}/base-core-{}", test_registry(), workspace.stack());
    assert_eq!(fetch_manifest(&repository, "stable"), None);

    workspace.run(&["warm-cache", "--load"], 0);
    assert!(!is_pushed(&workspace, "base-core"));
    workspace.run(&["build-lambdas", "--dev", "--allow-dirty"], 0);
    assert!(is_pushed(&workspace, "base-core"));
    assert!(fetch_manifest(&repository, "stable").is_some());
}
