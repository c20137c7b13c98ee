//! The JSON that other programs read: keys, values and the paths in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};

use crate::support::{Workspace, image, sha256_hex};

#[track_caller]
fn check_keys(value: &Value, keys: &str) {
    let object = value.as_object().expect("it is an object");
    let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found.join(" "), keys);
}

fn is_fingerprint(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

const PLANNED: &str = "action depends_on dev fingerprint image_ref kind name reasons tag";

#[test]
fn the_plan_has_exactly_these_keys() {
    let workspace = Workspace::of_four("");
    let plan = workspace.build(&["--dry-run"], 0);
    check_keys(&plan, "images version");
    assert_eq!(plan["version"], 1);
    for planned in plan["images"].as_array().unwrap() {
        check_keys(planned, PLANNED);
        assert!(is_fingerprint(&planned["fingerprint"]), "{planned:#}");
        let (name, tag) = (planned["name"].as_str().unwrap(), planned["tag"].as_str().unwrap());
        let reference = format!("{name}-{}:{tag}", workspace.stack());
        assert_eq!(planned["image_ref"], reference.as_str());
        assert_eq!(planned["action"], "build");
        let reasons = json!([{ "kind": "identity-missing" }, { "kind": "never-built" }]);
        assert_eq!(planned["reasons"], reasons);
    }
    assert_eq!(image(&plan, "base-core")["kind"], "base");
    assert_eq!(image(&plan, "base-core")["depends_on"], json!([]));
    assert_eq!(image(&plan, "writer")["kind"], "lambda");
    assert_eq!(image(&plan, "writer")["depends_on"], json!(["base-core"]));
    assert!(
        !workspace.root().join("target/lambda-images/images.json").exists(),
        "a dry run is dry"
    );
}

#[test]
fn the_answer_of_a_run_adds_how_it_went() {
    let workspace = Workspace::of_four("");
    let answer = workspace.build(&["alone"], 0);
    check_keys(&answer, "images manifest version");
    let built = &answer["images"][0];
    check_keys(
        built,
        "action depends_on dev duration_ms fingerprint image_ref kind log name reasons result steps tag",
    );
    check_keys(&built["steps"], "cached total");
    let found = workspace.build(&["alone"], 0);
    check_keys(
        &found["images"][0],
        "action depends_on dev fingerprint image_ref kind name reasons result tag",
    );
}

#[test]
fn explain_has_every_input_with_its_real_hash() {
    let workspace = Workspace::empty("");
    workspace.write_four();
    let folder = workspace.root().join("lambdas/reader");
    workspace.write("lambdas/reader/.dockerignore", "ignored.txt\n");
    workspace.write("lambdas/reader/ignored.txt", "Nobody reads this.\n");
    workspace.write("lambdas/reader/data/run me.sh", "#!/bin/sh\n");
    let script = folder.join("data/run me.sh");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("data/run me.sh", folder.join("link")).unwrap();
    workspace.write(
        "lambdas/reader/Dockerfile",
        "FROM base-core\nCOPY *.py ignored.t* /\nCOPY data link /data/\n",
    );
    workspace.commit("first");

    let explained = workspace.run(&["explain", "lambdas/reader", "--format", "json"], 0).json();
    check_keys(
        &explained,
        "action args bases changes contexts depends_on dev dockerfile external_bases fingerprint \
         git image_ref inputs kind locks locks_by_bytes name platform reasons remotes tag target \
         undetermined version",
    );
    assert_eq!((&explained["version"], &explained["name"]), (&json!(1), &json!("reader")));
    assert!(is_fingerprint(&explained["fingerprint"]));
    let planned = workspace.build(&["--dry-run"], 0);
    assert_eq!(explained["fingerprint"], image(&planned, "reader")["fingerprint"]);

    let mut inputs = BTreeMap::new();
    for input in explained["inputs"].as_array().unwrap() {
        check_keys(input, "kind mode path sha256");
        let text = |key: &str| input[key].as_str().unwrap();
        inputs.insert(text("path"), (text("mode"), text("sha256").to_owned()));
    }
    let hash = |path: &str| sha256_hex(workspace.read(path).as_bytes());
    let file = |path: &'static str| (path, ("100644", hash(path)));
    let expected = BTreeMap::from([
        file("lambdas/reader/Dockerfile"),
        file("lambdas/reader/handler.py"),
        ("lambdas/reader/data/run me.sh", ("100755", hash("lambdas/reader/data/run me.sh"))),
        ("lambdas/reader/link", ("120000", sha256_hex(b"data/run me.sh"))),
    ]);
    assert_eq!(inputs, expected);
}
