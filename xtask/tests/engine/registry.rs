//! A registry as the destination: what is pushed, how it is pinned, and what another checkout
//! finds there.

use std::collections::BTreeMap;

use crate::support::{
    RegistryManifest, Workspace, docker, fetch_manifest, field, image, test_registry,
};

fn config() -> String {
    format!("registry = \"{}\"\n", test_registry())
}

/// What the registry has under each of the two tags of an image of the manifest.
#[track_caller]
fn fetch(workspace: &Workspace, name: &str) -> RegistryManifest {
    let manifest = workspace.manifest();
    let entry = image(&manifest, name);
    let repository = entry["repository"].as_str().unwrap();
    let tags: Vec<&str> =
        entry["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    let [first, second] =
        [0, 1].map(|index| fetch_manifest(repository, tags[index]).expect("it was pushed"));
    assert_eq!(first, second);
    let reference = format!("{repository}:{}@{}", tags[0], first.digest);
    assert_eq!(entry["image_ref"], reference.as_str());
    assert_eq!(entry["digest"], first.digest.as_str());
    first
}

#[test]
fn images_are_pushed_as_one_manifest_and_pinned_by_its_digest() {
    let workspace = Workspace::of_four(&config());
    let answer = workspace.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "built"));
    let mut layers = BTreeMap::new();
    for name in ["alone", "base-core", "reader", "writer"] {
        let manifest = fetch(&workspace, name);
        // No index: Lambda refuses those. Of the two kinds of manifest it takes both.
        assert_eq!(manifest.media_type, "application/vnd.docker.distribution.manifest.v2+json");
        assert_eq!(manifest.content["mediaType"], manifest.media_type.as_str());
        let of_image = manifest.content["layers"].as_array().unwrap().clone();
        assert!(
            of_image.iter().all(|layer| layer["mediaType"].as_str().unwrap().ends_with("gzip"))
        );
        layers.insert(name, of_image);
    }
    assert_eq!(layers["reader"].len(), 2);
    assert_eq!(
        layers["reader"][0], layers["base-core"][0],
        "it stands on the base that was pushed"
    );

    let base = format!("docker-image://{}", {
        let manifest = workspace.manifest();
        let entry = image(&manifest, "base-core");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        format!(
            "{}:{}@{}",
            text(&entry["repository"]),
            text(&entry["tags"][1]),
            text(&entry["digest"])
        )
    });
    let calls = workspace.docker_calls();
    let pinned = calls.iter().filter(|call| call.contains(&base)).count();
    assert_eq!(pinned, 2, "{calls:#?}");
}

#[test]
fn another_checkout_builds_nothing() {
    let first = Workspace::of_four(&config());
    first.build(&[], 0);
    let before = fetch(&first, "reader");

    // The same content, by commits of its own: other names for the same images.
    let second = Workspace::other_checkout(&first, &config());
    second.commit("an earlier start");
    for folder in ["packages/core", "lambdas/reader", "lambdas/writer", "lambdas/alone"] {
        for entry in first.root().join(folder).read_dir().unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            second.write(&path, &first.read(&path));
        }
    }
    let commit = second.commit("the rest");
    let answer = second.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "retagged"), "{answer:#}");
    assert!(field(&answer, "tag").values().all(|tag| *tag == format!("git-{commit}")));
    let calls = second.docker_calls();
    // Every build of an image names its Dockerfile.
    assert!(!calls.iter().any(|call| call.contains(" --file=")), "{calls:#?}");
    assert_eq!(fetch(&second, "reader"), before);

    let again = second.build(&[], 0);
    assert!(field(&again, "result").values().all(|result| *result == "up-to-date"));
    let first_again = first.build(&[], 0);
    assert!(field(&first_again, "result").values().all(|result| *result == "up-to-date"));
}

#[test]
fn load_keeps_images_here() {
    let workspace = Workspace::of_four(&config());
    let answer = workspace.build(&["--load", "alone"], 0);
    assert_eq!(field(&answer, "result"), BTreeMap::from([("alone", "built")]));
    let manifest = workspace.manifest();
    let entry = image(&manifest, "alone");
    let repository = entry["repository"].as_str().unwrap();
    assert!(repository.starts_with(&test_registry()));
    for tag in entry["tags"].as_array().unwrap() {
        let tag = tag.as_str().unwrap();
        docker(&["image", "inspect", &format!("{repository}:{tag}")]);
        assert_eq!(fetch_manifest(repository, tag), None);
    }
}

#[test]
fn push_without_a_registry_is_wrong_usage() {
    let workspace = Workspace::of_four("");
    let ended = workspace.run(&["build-lambdas", "--push"], 2);
    assert_eq!(
        ended.stderr,
        "error: there is no registry to push to\n\
         hint: set `registry = \"…\"` in `[workspace.metadata.lambda-images]` of the root `Cargo.toml`\n"
    );
    assert_eq!(ended.stdout, "");
    assert_eq!(workspace.docker_calls(), [""; 0]);
}
