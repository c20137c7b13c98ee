//! What a first run builds and writes down, and what a second run leaves alone.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Workspace, docker, field, image, keeps_manifests, oci_index};

const ALL: [&str; 4] = ["alone", "base-core", "reader", "writer"];

fn all_are(result: &'static str) -> BTreeMap<&'static str, &'static str> {
    ALL.map(|name| (name, result)).into()
}

#[test]
fn base_images_are_built_first_and_lambdas_on_them() {
    let workspace = Workspace::of_four("");
    let answer = workspace.build(&[], 0);
    assert_eq!(field(&answer, "result"), all_are("built"));

    let calls = workspace.docker_calls();
    let build_of = |name: &str| {
        let tag = format!("--tag={name}-{}:", workspace.stack());
        let is_it = |call: &String| call.starts_with("buildx build ") && call.contains(&tag);
        calls.iter().position(is_it).expect("it was built")
    };
    let fingerprint = image(&answer, "base-core")["fingerprint"].as_str().unwrap();
    let base = format!("base-core-{}:sha-{fingerprint}", workspace.stack());
    for lambda in ["reader", "writer"] {
        assert!(build_of("base-core") < build_of(lambda), "{calls:#?}");
        let context = format!("--build-context=base-core=docker-image://{base}");
        assert!(calls[build_of(lambda)].contains(&context), "{calls:#?}");
    }
    assert!(calls[build_of("writer")].contains(&format!("--build-arg=BASE_IMAGE={base}")));
    assert!(!calls[build_of("alone")].contains("base-core"));

    let files = files_of(&format!("reader-{}:sha-{}", workspace.stack(), {
        image(&answer, "reader")["fingerprint"].as_str().unwrap()
    }));
    assert!(files.is_superset(&BTreeSet::from(["core.py".to_owned(), "handler.py".to_owned()])));
}

/// Names of an image's files.
fn files_of(reference: &str) -> BTreeSet<String> {
    let container = docker(&["container", "create", "--network=none", reference, "/none"]);
    let mut export = Command::new("docker");
    let mut export = export
        .args(["container", "export", container.trim()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let tar = export.stdout.take().expect("its output is a pipe");
    let list = Command::new("tar").args(["--list", "--file=-"]).stdin(tar).output().unwrap();
    export.wait().unwrap();
    docker(&["container", "rm", container.trim()]);
    String::from_utf8(list.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_manifest_says_what_the_store_has() {
    let workspace = Workspace::of_four("");
    let commit = workspace.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let answer = workspace.build(&[], 0);
    let manifest = workspace.manifest();
    assert_eq!((&manifest["version"], &manifest["stack"]), (&json!(1), &json!(workspace.stack())));
    assert_eq!(field(&manifest, "name").into_keys().collect::<Vec<_>>(), ALL);
    for name in ALL {
        let entry = image(&manifest, name);
        let fingerprint = image(&answer, name)["fingerprint"].as_str().unwrap();
        let tags = [format!("git-{commit:.12}"), format!("sha-{fingerprint}")];
        let repository = format!("{name}-{}", workspace.stack());
        let inspected = inspect(&format!("{repository}:{}", tags[0]));
        assert_eq!(inspect(&format!("{repository}:{}", tags[1])), inspected);
        assert_eq!(
            (&inspected["Os"], &inspected["Architecture"]),
            (&json!("linux"), &json!("amd64"))
        );

        let reference = format!("{repository}:{}", tags[0]);
        let digest = keeps_manifests().then(|| manifest_digest(&reference));
        let expected = json!({
            "name": name,
            "kind": if name == "base-core" { "base" } else { "lambda" },
            "image_ref": match &digest {
                Some(digest) => format!("{reference}@{digest}"),
                None => reference,
            },
            "repository": repository,
            "tags": tags,
            "digest": digest,
            "platform": "linux/amd64",
            "fingerprint": fingerprint,
            "git_commit": commit,
            "dirty": false,
            "pushed": false,
            "dev": false,
            "sizes": { "image": inspected["Size"], "inputs": input_bytes(&workspace, name) },
        });
        assert_eq!(entry, &expected);
    }
}

fn inspect(reference: &str) -> Value {
    let text = docker(&["image", "inspect", reference]);
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

/// The digest of what a tag leads to, which must be one manifest and no index of them: Lambda
/// refuses indexes.
fn manifest_digest(reference: &str) -> String {
    let index = oci_index(reference);
    let [manifest] = index["manifests"].as_array().unwrap().as_slice() else {
        panic!("one manifest, not {index:#}");
    };
    let media_type = manifest["mediaType"].as_str().unwrap();
    let of_a_manifest = [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ];
    assert!(of_a_manifest.contains(&media_type), "{media_type}");
    manifest["digest"].as_str().unwrap().to_owned()
}

/// The one file that each of them copies.
fn input_bytes(workspace: &Workspace, name: &str) -> u64 {
    let file = match name {
        "base-core" => "packages/core/core.py".to_owned(),
        _ => format!("lambdas/{name}/handler.py"),
    };
    workspace.root().join(file).metadata().unwrap().len()
}

#[test]
fn a_second_run_starts_no_build() {
    let workspace = Workspace::of_four("");
    workspace.build(&[], 0);
    let manifest = workspace.manifest();
    workspace.docker_calls();

    let ended = workspace.run(&["build-lambdas"], 0);
    let calls = workspace.docker_calls();
    assert_eq!(calls.len(), 1, "{calls:#?}");
    assert!(calls[0].starts_with("image inspect "), "{calls:#?}");
    assert!(ended.stderr.contains("nothing to build: 4 up to date"), "{}", ended.stderr);
    assert_eq!(workspace.manifest(), manifest);
    assert_eq!(field(&workspace.build(&[], 0), "result"), all_are("up-to-date"));
}
