//! `explain` of images on `stable` bases and on locked ones: what a run would find, without a run.

use serde_json::{Value, json};

use crate::support::{Ended, Workspace, image, test_registry};

fn explain(workspace: &Workspace, arguments: &[&str]) -> Value {
    workspace.run(&[&["explain", "--format", "json"], arguments].concat(), 0).json()
}

#[test]
fn it_shows_the_names_that_a_run_gives() {
    let workspace = Workspace::of_four("");
    workspace.build(&["--dev"], 0);
    workspace.append("packages/core/core.py", "# Edited.\n");
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let explained = explain(&workspace, &["--dev", "reader"]);
    let told = workspace.run(&["explain", "--dev", "reader"], 0);
    let built = workspace.build(&["--dev", "reader"], 0);
    for field in ["fingerprint", "tag", "image_ref", "dev"] {
        assert_eq!(explained[field], image(&built, "reader")[field], "{field}");
    }
    assert_eq!((&explained["dev"], &explained["action"]), (&json!(true), &json!("build")));
    assert_eq!(explained["git"]["dirty_paths"], json!(["lambdas/reader/handler.py"]));
    let digest = explained["bases"]["base-core"]["stable"].as_str().unwrap();
    let stable = format!("base-core-{}:stable", workspace.stack());
    let line = format!("  base         base-core: `{stable}` of this workspace, {digest}\n");
    assert!(told.stdout.starts_with("reader (lambda image, in development mode)\n"), "{told:?}");
    assert!(told.stdout.contains(&line), "{}", told.stdout);
    assert!(told.stderr.contains("`stable` is older than the packages"), "{}", told.stderr);

    // The variable asks for the same; without either all is as usual.
    let mut command = workspace.xtask(&["explain", "--format", "json", "reader"]);
    let by_variable = Ended::of(command.env("USE_STATIC_BASE_IMAGE", "true")).expect_code(0).json();
    assert_eq!(by_variable["image_ref"], explained["image_ref"]);
    let usual = explain(&workspace, &["reader"]);
    assert_ne!(usual["fingerprint"], explained["fingerprint"]);
    assert_eq!(usual["dev"], false);
}

#[test]
fn what_is_not_known_before_a_build_is_said_and_nothing_is_built() {
    let workspace = Workspace::of_four("");
    let explained = explain(&workspace, &["--dev", "reader"]);
    for field in ["fingerprint", "tag", "image_ref"] {
        assert_eq!(explained[field], Value::Null, "{field}");
    }
    assert_eq!(explained["dev"], true);
    assert_eq!(explained["bases"], json!({ "base-core": { "stable": null } }));
    assert_eq!(explained["depends_on"], json!({ "base-core": null }));
    assert_eq!(explained["reasons"], json!([{ "kind": "stable-to-come", "image": "base-core" }]));
    let told = workspace.run(&["explain", "--dev", "reader"], 0).stdout;
    for line in [
        "  fingerprint  not known before what it stands on is built\n".to_owned(),
        format!("  reference    reader-{}:dev-…\n", workspace.stack()),
        "  base         base-core: `stable` of this workspace, not known before it is built\n"
            .to_owned(),
        "  what `stable` of `base-core` will be is not known before that is built\n".to_owned(),
    ] {
        assert!(told.contains(&line), "{line}{told}");
    }
    // What stands on no base is as ever.
    assert_eq!(explain(&workspace, &["--dev", "alone"])["dev"], false);
    let planned = workspace.build(&["--dev", "--dry-run"], 0);
    assert_eq!(image(&planned, "reader")["image_ref"], Value::Null);
    assert!(image(&planned, "alone")["image_ref"].is_string());
    let calls = workspace.docker_calls();
    assert!(calls.iter().all(|call| call.starts_with("image inspect ")), "{calls:#?}");
}

/// A base that is built and only lacks the name has a digest already.
#[test]
fn a_base_that_exists_is_foreseen_by_its_digest() {
    let workspace = Workspace::of_four("");
    workspace.build(&[], 0);
    let explained = explain(&workspace, &["--dev", "reader"]);
    let planned = workspace.build(&["--dev", "--dry-run"], 0);
    let built = workspace.build(&["--dev"], 0);
    assert_eq!(explained["image_ref"], image(&built, "reader")["image_ref"]);
    assert_eq!(image(&planned, "reader")["image_ref"], image(&built, "reader")["image_ref"]);
}

#[test]
fn without_a_store_it_says_so() {
    let workspace = Workspace::of_four("registry = \"localhost:1\"\n");
    let ended = workspace.run(&["explain", "--dev", "--format", "json", "reader"], 0);
    assert!(ended.stderr.contains("note: which bases are `stable` is not known: "), "{ended:?}");
    assert_eq!(ended.json()["image_ref"], Value::Null);
    assert_eq!(ended.json()["reasons"][0]["kind"], "store-unknown");
}

#[test]
fn where_a_run_would_be_refused_it_says_so() {
    let workspace = Workspace::of_four("");
    let mut command = workspace.xtask(&["explain", "--dev", "reader"]);
    let ended = Ended::of(command.env("CI", "true")).expect_code(0);
    let why = "note: a build would be refused without `--allow-dev`: \
               development mode in CI (`CI` is set)\n";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
fn it_says_who_pins_an_external_base() {
    let workspace = Workspace::empty("");
    let reference = format!("{}/e2e-base-{}:1", test_registry(), workspace.stack());
    let digest = format!("sha256:{}", "ab".repeat(32));
    let (pinned, floating) = (format!("{reference}@{digest}"), reference.replace(":1", ":2"));
    let dockerfile = format!(
        "FROM {pinned} AS pinned\nFROM {floating} AS floating\nFROM {reference}\n\
         COPY --from=pinned /a /\nCOPY --from=floating /a /\nCOPY handler.py /\n"
    );
    workspace.write_lambda("one", &[], &dockerfile);
    let locked = format!("sha256:{}", "cd".repeat(32));
    workspace.write(
        "lambda-images.lock",
        &format!(
            "version = 1\n\n[[base]]\nreference = \"{reference}\"\ndigest = \"{locked}\"\nresolved = \"2026-11-24\"\n"
        ),
    );
    workspace.commit("first");
    let told = workspace.run(&["explain", "one"], 0).stdout;
    for line in [
        format!(
            "{reference}: `{reference}` locked by `lambda-images.lock` on 2026-11-24, {locked}\n"
        ),
        format!("{pinned}: pinned in lambdas/one/Dockerfile:1, {digest}\n"),
        format!("{floating}: not pinned, counts as the text `{floating}`\n"),
    ] {
        assert!(told.contains(&format!("  base         {line}")), "{line}{told}");
    }
    let explained = explain(&workspace, &["one"]);
    let of = |written: &str, key: &str| {
        let all = explained["external_bases"].as_array().unwrap();
        all.iter().find(|base| base["reference"] == written).unwrap()[key].clone()
    };
    let fields = |written: &str| ["pinned_by", "digest", "resolved"].map(|key| of(written, key));
    assert_eq!(fields(&reference), [json!("lock"), json!(locked), json!("2026-11-24")]);
    assert_eq!(fields(&pinned), [json!("reference"), json!(digest), Value::Null]);
    assert_eq!(fields(&floating), [Value::Null, Value::Null, Value::Null]);
    assert_eq!(of(&reference, "line"), 3);
}
