//! Tags of a registry: when they are given, when they are taken away again, and what happens where
//! somebody else has them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{
    Gate, Workspace, docker, fetch_manifest, field, image, put_manifest, remove_manifest,
    test_registry, text_of,
};

fn config(host: &str) -> String {
    format!("registry = \"{host}\"\n")
}

/// Repository, tag for people and identity of an image of an answer.
fn names(answer: &Value, name: &str) -> (String, String, String) {
    let entry = image(answer, name);
    let (repository, tag) = entry["image_ref"].as_str().unwrap().rsplit_once(':').unwrap();
    let identity = format!("sha-{}", entry["fingerprint"].as_str().unwrap());
    (repository.to_owned(), tag.to_owned(), identity)
}

#[test]
fn an_edit_during_the_build_is_not_in_what_is_pushed() {
    let workspace = Workspace::of_four(&config(&test_registry()));
    let before = workspace.read("lambdas/alone/handler.py");
    let after = before.replace("# alone", "# other");
    workspace.edit_before_build("lambdas/alone", "lambdas/alone/handler.py", &after);
    let answer = workspace.build(&["alone"], 0);
    let (repository, tag, identity) = names(&answer, "alone");
    let pushed = fetch_manifest(&repository, &identity).unwrap();
    assert_eq!(fetch_manifest(&repository, &tag).unwrap(), pushed);
    docker(&["image", "pull", "--quiet", &format!("{repository}:{identity}")]);
    assert_eq!(text_of(&format!("{repository}:{identity}"), "/handler.py"), before);
}

#[test]
fn a_push_that_fails_once_is_tried_again() {
    let refused = Mutex::new(false);
    let gate = Gate::new(move |method, path| {
        let is_it = method == "PUT" && path.contains("/manifests/sha-");
        (is_it && !std::mem::replace(&mut *refused.lock().unwrap(), true))
            .then(|| (400, "{}".to_owned()))
    });
    let workspace = Workspace::of_four(&config(gate.host()));
    let ended = workspace.run(&["build-lambdas", "alone", "--format", "json"], 0);
    assert_eq!(image(&ended.json(), "alone")["result"], "built");
    let note = "note: alone: the export failed: trying once more";
    assert!(ended.stderr.contains(note), "{}", ended.stderr);
    let builds = workspace.docker_calls();
    assert_eq!(builds.iter().filter(|call| call.starts_with("buildx build ")).count(), 2);
}

#[test]
fn a_step_that_fails_is_not_tried_again() {
    let workspace = Workspace::of_four(&config(&test_registry()));
    workspace
        .write("lambdas/alone/Dockerfile", "FROM scratch\nCOPY handler.py /\nRUN [\"/none\"]\n");
    workspace.commit("broken");
    workspace.build(&["alone"], 1);
    let builds = workspace.docker_calls();
    assert_eq!(builds.iter().filter(|call| call.starts_with("buildx build ")).count(), 1);
}

#[test]
fn a_tag_that_somebody_rewrote_is_an_error_until_it_is_forced() {
    let workspace = Workspace::of_four(&config(&test_registry()));
    let answer = workspace.build(&["alone"], 0);
    let (repository, tag, _) = names(&answer, "alone");
    let ours = fetch_manifest(&repository, &tag).unwrap();
    let mut other = ours.content.clone();
    other["annotations"] = json!({ "by": "somebody else" });
    put_manifest(&repository, &tag, &other);
    let theirs = fetch_manifest(&repository, &tag).unwrap();
    let before = workspace.manifest();

    let answer = workspace.build(&["alone"], 1);
    assert_eq!(
        image(&answer, "alone")["error"],
        format!(
            "`{repository}:{tag}` leads to another image: it is `{}`, not `{}`\n\
             hint: somebody else gave that tag: remove it, or move it by `--force`, which builds anew (immutable tags can't be moved)",
            theirs.digest, ours.digest
        )
    );
    assert_eq!(fetch_manifest(&repository, &tag), Some(theirs));
    assert_eq!(workspace.manifest(), before);

    let answer = workspace.build(&["alone", "--force"], 0);
    assert_eq!(image(&answer, "alone")["result"], "built");
    let digest = fetch_manifest(&repository, &tag).unwrap().digest;
    assert_eq!(image(&workspace.manifest(), "alone")["digest"], digest.as_str());
}

#[test]
fn immutable_tags_are_given_once() {
    let gate = Gate::of_immutable_tags();
    let config = config(gate.host());
    let first = Workspace::of_four(&config);
    let answer = first.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "built"), "{answer:#}");
    assert!(gate.take_requests().iter().any(|request| request.starts_with("PUT ")));

    let answer = first.build(&[], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "up-to-date"));
    let requests = gate.take_requests();
    assert!(requests.iter().all(|request| request.starts_with("HEAD ")), "{requests:#?}");

    // What was built elsewhere of the same inputs has another digest.
    let (repository, tag, identity) = names(&answer, "alone");
    let behind = repository.replace(gate.host(), &test_registry());
    let ours = fetch_manifest(&behind, &tag).unwrap();
    put_manifest(&behind, &identity, &rebuilt(&ours.content));
    let answer = first.build(&["alone", "--force"], 1);
    assert_eq!(
        image(&answer, "alone")["error"]
            .as_str()
            .unwrap()
            .lines()
            .rev()
            .take(2)
            .collect::<Vec<_>>(),
        [
            "hint: are the registry's tags immutable? then build without `--force`, or remove the tag first",
            &format!("`{repository}:{identity}` exists, and could not be pushed anew"),
        ]
    );
    assert_eq!(fetch_manifest(&behind, &tag), Some(ours));
}

/// The same image as if it had been built anew.
fn rebuilt(content: &Value) -> Value {
    let mut content = content.clone();
    content["annotations"] = json!({ "built": "elsewhere" });
    content
}

#[test]
fn where_tags_are_immutable_the_first_of_two_builds_is_everybodys() {
    let theirs: Arc<Mutex<Option<Value>>> = Arc::default();
    let pushed = Arc::clone(&theirs);
    // Somebody else pushes the same image at the moment before this push ends.
    let gate = Gate::new(move |method, path| {
        let tag = path.strip_prefix("/v2/")?.split_once("/manifests/");
        let (repository, tag) = tag.filter(|_| method == "PUT")?;
        let content = pushed.lock().unwrap().take()?;
        put_manifest(&format!("{}/{repository}", test_registry()), tag, &content);
        Some((400, "{}".to_owned()))
    });
    let workspace = Workspace::of_four(&config(gate.host()));
    let (repository, tag, identity) = names(&workspace.build(&["alone"], 0), "alone");
    let ours = fetch_manifest(&repository, &tag).unwrap();
    remove_manifest(&repository, &ours.digest);
    *theirs.lock().unwrap() = Some(rebuilt(&ours.content));

    let answer = workspace.build(&["alone"], 0);
    assert_eq!(image(&answer, "alone")["action"], "build");
    assert_eq!(image(&answer, "alone")["result"], "retagged");
    let digest = fetch_manifest(&repository, &identity).unwrap().digest;
    assert_ne!(digest, ours.digest);
    assert_eq!(fetch_manifest(&repository, &tag).unwrap().digest, digest);
    assert_eq!(image(&workspace.manifest(), "alone")["digest"], digest.as_str());
}

#[test]
fn a_push_that_fails_takes_nothing_from_one_that_succeeded() {
    let gate = Gate::new(|method, path| {
        let is_refused =
            method == "PUT" && path.contains("/alone-") && path.contains("/manifests/");
        is_refused.then(|| {
            let message = "not today";
            (400, format!(r#"{{"errors":[{{"code":"DENIED","message":"{message}"}}]}}"#))
        })
    });
    let workspace = Workspace::of_four(&config(gate.host()));
    let answer = workspace.build(&[], 1);
    let results = field(&answer, "result");
    assert_eq!(results["alone"], "failed");
    let error = image(&answer, "alone")["error"].as_str().unwrap();
    // An older engine tells the status, a newer one the registry's words.
    assert!(error.contains("400 ") || error.contains("not today"), "{error}");
    let manifest = workspace.manifest();
    for name in ["base-core", "reader", "writer"] {
        assert_eq!(results[name], "built");
        let (repository, tag, _) = names(&answer, name);
        let digest = fetch_manifest(&repository, &tag).unwrap().digest;
        assert_eq!(image(&manifest, name)["digest"], digest.as_str());
    }
    assert_eq!(manifest["images"].as_array().unwrap().len(), 3);
    let (repository, tag, identity) = names(&answer, "alone");
    assert_eq!(fetch_manifest(&repository, &tag), None);
    assert_eq!(fetch_manifest(&repository, &identity), None);
}
