//! Development mode where somebody else moves `stable` while a run goes on: what is built stands on the
//! base that was counted, in the local store and in a registry.

use serde_json::Value;

use crate::support::{Workspace, docker, fetch_manifest, find_docker, image, test_registry};

/// Layers of an image of the local store.
#[track_caller]
fn layers_of(reference: &str) -> Vec<String> {
    let text = docker(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", reference]);
    serde_json::from_str(&text).unwrap()
}

/// Another base with other content, under a name of its own: what `stable` is moved to.
fn build_other(workspace: &Workspace, reference: &str, push: &str) {
    let folder = workspace.beside().join("other");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("core.py"), workspace.python("of somebody else")).unwrap();
    std::fs::write(folder.join("Dockerfile"), "FROM scratch\nCOPY core.py /\n").unwrap();
    let (tag, folder) = (format!("--tag={reference}"), folder.to_str().unwrap());
    docker(&["buildx", "build", "--quiet", "--provenance=false", push, &tag, folder]);
}

/// The tag that says the id of what `stable` is.
fn pin_of(stable: &str) -> String {
    let id = docker(&["image", "inspect", "--format", "{{.Id}}", stable]);
    format!("{stable}-{}", id.trim().trim_start_matches("sha256:"))
}

/// The image that a run with these arguments built for `reader`.
fn reader_of(answer: &Value) -> String {
    let reader = image(answer, "reader");
    assert_eq!(reader["result"], "built");
    reader["image_ref"].as_str().unwrap().to_owned()
}

/// `moment` is a pattern of the shell: the command of `docker` after which `stable` is moved.
fn check_local(moment: &str) {
    let workspace = Workspace::of_four("");
    workspace.build(&["--dev", "base-core"], 0);
    let stable = format!("base-core-{}:stable", workspace.stack());
    let other = format!("base-core-{}:other", workspace.stack());
    build_other(&workspace, &other, "--load");
    let (counted, moved) = (layers_of(&stable), layers_of(&other));
    assert_ne!(counted, moved);
    // As if no run had seen it before.
    docker(&["image", "rm", &pin_of(&stable)]);

    workspace.after_docker(&format!(
        "case \"$*\" in {moment}) '{}' image tag {other} {stable};; esac",
        find_docker().display()
    ));
    let reader = reader_of(&workspace.build(&["--dev", "reader"], 0));
    assert_eq!(layers_of(&stable), moved, "`stable` was moved during the run");
    assert_eq!(layers_of(&reader)[..1], counted);

    // The next run counts the new one.
    workspace.after_docker("");
    let next = reader_of(&workspace.build(&["--dev", "reader"], 0));
    assert_ne!(next, reader);
    assert_eq!(layers_of(&next)[..1], moved);
}

#[test]
fn moved_after_it_was_looked_up() {
    check_local("'image inspect '*:stable");
}

#[test]
fn moved_right_before_the_build() {
    check_local("'buildx inspect'*|'buildx version'*|'info'*|'version'*");
}

/// Someone else's tag of the same name as the pin: it is given back to the image that it names.
#[test]
fn a_pin_that_names_another_image_is_put_right() {
    let workspace = Workspace::of_four("");
    workspace.build(&["--dev", "reader"], 0);
    let repository = format!("base-core-{}", workspace.stack());
    let (stable, other) = (format!("{repository}:stable"), format!("{repository}:other"));
    build_other(&workspace, &other, "--load");
    let pin = pin_of(&stable);
    let counted = layers_of(&stable);
    assert_eq!(layers_of(&pin), counted);
    docker(&["image", "tag", &other, &pin]);
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let reader = reader_of(&workspace.build(&["--dev", "reader"], 0));
    assert_eq!(layers_of(&reader)[..1], counted);
    assert_eq!(layers_of(&pin), counted);
}

#[test]
fn moved_in_a_registry() {
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", test_registry()));
    workspace.build(&["--dev", "base-core"], 0);
    let repository = format!("{}/base-core-{}", test_registry(), workspace.stack());
    let layers = |repository: &str, tag: &str| -> Vec<Value> {
        let manifest = fetch_manifest(repository, tag).expect("it was pushed");
        manifest.content["layers"].as_array().unwrap().clone()
    };
    build_other(&workspace, &format!("{repository}:other"), "--push");
    let counted = layers(&repository, "stable");
    assert_ne!(counted, layers(&repository, "other"));
    let digest = || fetch_manifest(&repository, "stable").unwrap().digest;
    let before = digest();

    // The engine is asked after the registry, and before anything is built.
    workspace.after_docker(&format!(
        "case \"$*\" in *'buildx build'*) ;; *) \
         '{}' buildx imagetools create --tag {repository}:stable {repository}:other;; esac >&2",
        find_docker().display()
    ));
    let reader = reader_of(&workspace.build(&["--dev", "reader"], 0));
    assert_ne!(digest(), before, "`stable` was moved during the run");
    let (reader, tag) = reader.rsplit_once(':').unwrap();
    assert_eq!(layers(reader, tag)[..1], counted);
}
