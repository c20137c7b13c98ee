//! External base images that are locked: what a tag leads to counts when somebody says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Ended, Workspace, docker, field, image, test_registry};

/// A base image of somebody else: a repository on the registry that only this test has.
struct Base {
    /// `registry/…:1`
    reference: String,
    folder: PathBuf,
}

impl Base {
    fn new(workspace: &Workspace) -> Base {
        let reference = format!("{}/e2e-base-{}:1", test_registry(), workspace.stack());
        Base { reference, folder: workspace.beside().join("base") }
    }

    /// Pushes other content under the same tag.
    fn push(&self, workspace: &Workspace, content: &str) {
        std::fs::create_dir_all(&self.folder).unwrap();
        std::fs::write(self.folder.join("base.txt"), workspace.python(content)).unwrap();
        std::fs::write(self.folder.join("Dockerfile"), "FROM scratch\nCOPY base.txt /\n").unwrap();
        let folder = self.folder.to_str().unwrap();
        let tag = format!("--tag={}", self.reference);
        docker(&["buildx", "build", "--quiet", "--provenance=false", "--push", &tag, folder]);
    }

    /// What the image that was built holds of it.
    fn content_in(image_ref: &str) -> String {
        let container = docker(&["container", "create", image_ref, "none"]);
        let container = container.trim();
        let tar = docker(&["container", "cp", &format!("{container}:/base.txt"), "-"]);
        docker(&["container", "rm", container]);
        tar
    }
}

/// `alone`, which stands on nothing of the kind, and two that stand on the base.
fn workspace_on_base() -> (Workspace, Base) {
    let workspace = Workspace::empty("");
    let base = Base::new(&workspace);
    base.push(&workspace, "first");
    let dockerfile = format!("FROM {}\nCOPY handler.py /\n", base.reference);
    workspace.write_lambda("one", &[], &dockerfile);
    workspace.write_lambda("two", &[], &dockerfile);
    workspace.write_lambda("alone", &[], "FROM scratch\nCOPY handler.py /\n");
    workspace.commit("first");
    (workspace, base)
}

fn only_base(answer: &Value) -> &Value {
    let [base] = answer["bases"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    base
}

fn bases(workspace: &Workspace, arguments: &[&str]) -> Value {
    workspace.run(&[&["bases", "--format", "json"], arguments].concat(), 0).json()
}

#[test]
fn a_tag_that_moves_changes_nothing_until_somebody_says_so() {
    let (workspace, base) = workspace_on_base();
    let ended = workspace.run(&["bases"], 0);
    assert!(ended.stdout.contains("not pinned: lambdas/one/Dockerfile:1:"), "{}", ended.stdout);
    assert!(ended.stderr.contains("1 external base, 1 not pinned"), "{}", ended.stderr);

    let answer = bases(&workspace, &["--update"]);
    let first = only_base(&answer)["digest"].as_str().unwrap().to_owned();
    assert_eq!(only_base(&answer)["newest"], first.as_str());
    assert_eq!(only_base(&answer)["pinned_by"], "lock");
    workspace.commit("the lock");
    let built = workspace.build(&[], 0);
    let all = BTreeMap::from([("alone", "built"), ("one", "built"), ("two", "built")]);
    assert_eq!(field(&built, "result"), all);

    base.push(&workspace, "second");
    let same =
        BTreeMap::from([("alone", "up-to-date"), ("one", "up-to-date"), ("two", "up-to-date")]);
    assert_eq!(field(&workspace.build(&[], 0), "result"), same);
    let answer = bases(&workspace, &[]);
    assert_eq!(only_base(&answer)["digest"], first.as_str());
    let second = only_base(&answer)["newest"].as_str().unwrap().to_owned();
    assert_ne!(first, second);

    // A build that runs all the same stands on what is locked, whatever the tag says.
    let forced = workspace.build(&["--force", "one"], 0);
    let reference = image(&forced, "one")["image_ref"].as_str().unwrap();
    assert!(Base::content_in(reference).contains(&workspace.python("first")));

    let answer = bases(&workspace, &["--update"]);
    assert_eq!(only_base(&answer)["digest"], second.as_str());
    let affected = workspace.run(&["affected", "--base", "HEAD", "--format", "names"], 0);
    assert_eq!(affected.stdout, "one\ntwo\n");
    let dirty = workspace.run(&["explain", "one", "--format", "json"], 0).json();
    assert_eq!(dirty["git"]["dirty_paths"], serde_json::json!(["lambda-images.lock"]));
    workspace.commit("a newer base");
    let built = workspace.build(&[], 0);
    let some = BTreeMap::from([("alone", "up-to-date"), ("one", "built"), ("two", "built")]);
    assert_eq!(field(&built, "result"), some);
    let reference = image(&built, "two")["image_ref"].as_str().unwrap();
    assert!(Base::content_in(reference).contains(&workspace.python("second")));
    let head = workspace.git(&["rev-parse", "HEAD"]);
    assert!(reference.contains(&format!(":git-{:.12}", head.trim())), "{reference}");
}

#[test]
fn a_base_that_nothing_pins_is_told_once() {
    let (workspace, base) = workspace_on_base();
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 0);
    let warning = format!("lambdas/one/Dockerfile:1:1: `{}` is not pinned", base.reference);
    assert_eq!(ended.stderr.matches("is not pinned").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
    bases(&workspace, &["--update", &format!("e2e-base-{}", workspace.stack())]);
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 0);
    assert_eq!(ended.stderr.matches("is not pinned").count(), 0, "{}", ended.stderr);
}

#[test]
fn what_no_registry_knows_is_told_and_the_rest_is_kept() {
    let (workspace, base) = workspace_on_base();
    bases(&workspace, &["--update"]);
    let kept = std::fs::read_to_string(workspace.root().join("lambda-images.lock")).unwrap();
    let gone = base.reference.replace(":1", ":gone");
    workspace.write("lambdas/alone/Dockerfile", &format!("FROM {gone}\nCOPY handler.py /\n"));
    let ended = workspace.run(&["bases", "--update"], 1);
    assert!(ended.stdout.contains(&format!("there is no `{gone}`")), "{}", ended.stdout);
    assert!(ended.stderr.contains("1 without an answer"), "{}", ended.stderr);
    let now = std::fs::read_to_string(workspace.root().join("lambda-images.lock")).unwrap();
    assert_eq!(now, kept);

    let ended = workspace.run(&["bases", "pyton"], 2);
    assert!(ended.stderr.contains("there is no external base `pyton`"), "{}", ended.stderr);

    workspace.write("lambda-images.lock", "version = 1\n<<<<<<< HEAD\n");
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 3);
    assert!(
        ended.stderr.starts_with("error: lambda-images.lock:2:9: invalid TOML"),
        "{}",
        ended.stderr
    );
}

/// A mirror stands in for the host, and the lock for the tag: the digest is the same in both.
#[test]
fn a_mirror_has_the_same_digest() {
    let (workspace, base) = workspace_on_base();
    bases(&workspace, &["--update"]);
    let plain = workspace.build(&["one"], 0);
    let host = test_registry();
    let port = host.rsplit_once(':').unwrap().1;
    let mirrors = format!("{host}/=127.0.0.1:{port}/");
    let arguments = ["explain", "one", "--format", "json"];
    let mut explain = workspace.xtask(&arguments);
    let mirrored = Ended::of(explain.env("LAMBDA_IMAGES_MIRRORS", mirrors)).expect_code(0).json();
    assert_eq!(mirrored["fingerprint"], image(&plain, "one")["fingerprint"]);
    assert!(base.reference.starts_with(&host));
}
