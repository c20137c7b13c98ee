//! Development mode: Lambdas on bases that bear the name `stable`, in the local store and in a
//! registry, and where it is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Ended, Workspace, docker, fetch_manifest, field, image, test_registry};

fn registry() -> String {
    format!("registry = \"{}\"\n", test_registry())
}

#[track_caller]
fn check(answer: &Value, results: &[(&str, &str)]) {
    assert_eq!(field(answer, "result"), results.iter().copied().collect::<BTreeMap<_, _>>());
}

/// The id of an image of the local store.
#[track_caller]
fn id_of(reference: &str) -> String {
    docker(&["image", "inspect", "--format", "{{.Id}}", reference]).trim().to_owned()
}

fn stable_of(workspace: &Workspace) -> String {
    format!("base-core-{}:stable", workspace.stack())
}

const FIRST: [(&str, &str); 4] =
    [("alone", "built"), ("base-core", "built"), ("reader", "built"), ("writer", "built")];

#[test]
fn a_stable_base_is_used_whatever_changed_in_the_packages() {
    let workspace = Workspace::of_four("");
    check(&workspace.build(&["--dev"], 0), &FIRST);
    let before = id_of(&stable_of(&workspace));

    workspace.append("packages/core/core.py", "# Edited.\n");
    let ended = workspace.run(&["build-lambdas", "--dev", "--format", "json"], 0);
    let answer = ended.json();
    assert!(field(&answer, "result").values().all(|result| *result == "up-to-date"), "{answer:#}");
    let line = "note: `stable` is older than the packages: `base-core` (`packages/core/core.py` changed); \
                `cargo xtask build-lambdas --refresh-base` builds it anew";
    assert!(ended.stderr.lines().any(|told| told == line), "{}", ended.stderr);

    // Only the handler's own edit builds, on the same base.
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let answer = workspace.build(&["--dev", "reader"], 0);
    check(&answer, &[("base-core", "up-to-date"), ("reader", "built")]);
    assert_eq!(id_of(&stable_of(&workspace)), before);
}

#[test]
fn what_stands_on_a_stable_base_never_bears_the_name_of_what_stands_on_the_true_one() {
    let workspace = Workspace::of_four("");
    let usual = workspace.build(&[], 0);
    let dev = workspace.build(&["--dev"], 0);
    // The base is the very same image; what stands on it has another identity all the same.
    check(
        &dev,
        &[
            ("alone", "up-to-date"),
            ("base-core", "up-to-date"),
            ("reader", "built"),
            ("writer", "built"),
        ],
    );
    for name in ["reader", "writer"] {
        let (usual, dev) = (image(&usual, name), image(&dev, name));
        assert_ne!(usual["fingerprint"], dev["fingerprint"]);
        let digits = &dev["fingerprint"].as_str().unwrap()[..12];
        assert_eq!(dev["tag"], format!("dev-{digits}").as_str());
        assert_eq!((&usual["dev"], &dev["dev"]), (&Value::Bool(false), &Value::Bool(true)));
        let manifest = workspace.manifest();
        let entry = image(&manifest, name);
        assert_eq!(entry["dev"], true);
        let identity = format!("dev-sha-{}", dev["fingerprint"].as_str().unwrap());
        assert_eq!(entry["tags"][1], identity.as_str());
    }
    // And back: nothing of the mode is left.
    let again = workspace.build(&[], 0);
    assert!(field(&again, "result").values().all(|result| *result == "up-to-date"), "{again:#}");
    assert_eq!(image(&workspace.manifest(), "reader")["dev"], false);
}

#[test]
fn refresh_builds_the_base_and_moves_its_name() {
    let workspace = Workspace::of_four("");
    workspace.build(&["--dev"], 0);
    let (stable, before) = (stable_of(&workspace), id_of(&stable_of(&workspace)));
    workspace.append("packages/core/core.py", "# Edited.\n");
    let ended = workspace.run(&["build-lambdas", "--refresh-base", "--format", "json"], 0);
    check(
        &ended.json(),
        &[
            ("alone", "up-to-date"),
            ("base-core", "built"),
            ("reader", "built"),
            ("writer", "built"),
        ],
    );
    assert!(ended.stderr.contains(&format!("stable  {stable}\n")), "{}", ended.stderr);
    assert_ne!(id_of(&stable), before);
    let again = workspace.run(&["build-lambdas", "--dev", "--format", "json"], 0);
    assert!(field(&again.json(), "result").values().all(|result| *result == "up-to-date"));
    assert!(!again.stderr.contains("older than the packages"), "{}", again.stderr);
}

#[test]
fn a_registry_keeps_the_stable_base_for_others() {
    let first = Workspace::of_four(&registry());
    check(&first.build(&["--dev"], 0), &FIRST);
    let repository = format!("{}/base-core-{}", test_registry(), first.stack());
    let before = fetch_manifest(&repository, "stable").expect("it was pushed").digest;

    // Somebody else, with other packages, builds nothing but the handler that is another.
    let second = Workspace::other_checkout(&first, &registry());
    second.write_four();
    second.write("lambdas/reader/handler.py", "# Of the second.\n");
    for file in ["lambdas/alone/handler.py", "lambdas/writer/handler.py"] {
        second.write(file, &first.read(file));
    }
    second.write("packages/core/core.py", "# Of the second.\n");
    second.commit("first");
    let ended = second.run(&["build-lambdas", "--dev", "--format", "json"], 0);
    let answer = ended.json();
    assert_eq!(field(&answer, "result")["reader"], "built");
    assert_eq!(field(&answer, "result")["writer"], "up-to-date");
    assert_eq!(field(&answer, "result")["base-core"], "up-to-date");
    assert!(
        ended.stderr.contains(
            "note: `stable` was named elsewhere, from other packages than are here: `base-core`; "
        ),
        "{ended:?}"
    );
    let pinned = format!("--build-context=base-core=docker-image://{repository}:stable@{before}");
    let calls = second.docker_calls();
    assert!(calls.iter().any(|call| call.contains(&pinned)), "{calls:#?}");
    assert_eq!(fetch_manifest(&repository, "stable").map(|manifest| manifest.digest), Some(before));
}

/// Runs with one variable set.
fn run_with(workspace: &Workspace, name: &str, value: &str, arguments: &[&str]) -> Ended {
    let arguments = [&["build-lambdas", "--format", "json"], arguments].concat();
    Ended::of(workspace.xtask(&arguments).env(name, value))
}

#[test]
fn the_variable_of_build_scripts_asks_for_it() {
    const VARIABLE: &str = "USE_STATIC_BASE_IMAGE";
    let workspace = Workspace::of_four("");
    for (value, is_dev) in
        [("True", true), ("1", true), ("yes", true), ("false", false), ("0", false)]
    {
        let ended = run_with(&workspace, VARIABLE, value, &["reader"]).expect_code(0);
        assert_eq!(image(&ended.json(), "reader")["dev"], is_dev, "{value}");
    }
    let ended = run_with(&workspace, VARIABLE, "maybe", &[]).expect_code(2);
    assert_eq!(
        ended.stderr,
        "error: `USE_STATIC_BASE_IMAGE` is `maybe`\n\
         hint: it can be `true`, `1` or `yes`, and `false`, `0` or `no`\n"
    );
}

#[test]
fn refused_in_ci_and_for_protected_stacks() {
    let workspace = Workspace::of_four(&format!("{}protected-stacks = [\"live\"]\n", registry()));
    workspace.docker_calls();
    let hint = |left_out: &str| format!("hint: {left_out}; `--allow-dev` does it all the same\n");
    let ended = run_with(&workspace, "CI", "true", &["--dev"]).expect_code(2);
    let why = "development mode in CI (`CI` is set)";
    let expected = hint("build without `--dev`");
    assert_eq!(ended.stderr, format!("error: refused: {why}\n{expected}"));
    let ended = workspace.run(&["build-lambdas", "--refresh-base", "--stack", "live"], 2);
    let why = "a push in development mode to the protected stack `live`";
    let expected = hint("build without `--refresh-base`");
    assert_eq!(ended.stderr, format!("error: refused: {why}\n{expected}"));
    assert_eq!(workspace.docker_calls(), [""; 0]);
    let allowed = run_with(&workspace, "CI", "true", &["--dev", "--allow-dev", "--load", "reader"]);
    check(&allowed.expect_code(0).json(), &[("base-core", "built"), ("reader", "built")]);
}

#[test]
fn what_stands_on_a_base_that_fails_is_skipped() {
    let workspace = Workspace::of_four("");
    workspace.write_package("core", "FROM scratch\nCOPY core.py /\nCOPY missing.py /\n");
    let answer = workspace.build(&["--dev"], 1);
    check(
        &answer,
        &[
            ("alone", "built"),
            ("base-core", "failed"),
            ("reader", "skipped"),
            ("writer", "skipped"),
        ],
    );
    assert_eq!(image(&answer, "reader")["because_of"], "base-core");
}

#[test]
fn a_dry_run_builds_and_names_nothing() {
    let workspace = Workspace::of_four("");
    let ended = workspace.run(&["build-lambdas", "--dev", "--dry-run", "--format", "json"], 0);
    assert!(field(&ended.json(), "action").values().all(|action| *action == "build"));
    let calls = workspace.docker_calls();
    assert!(calls.iter().all(|call| call.starts_with("image inspect ")), "{calls:#?}");
}
