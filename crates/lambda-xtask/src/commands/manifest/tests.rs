use std::fs;

use clap::Parser;

use super::*;
use crate::failure::{EXIT_ENVIRONMENT, EXIT_USAGE, exit_code};
use crate::workspace::fixture::Tree;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

/// Runs `manifest …`; gives its exit code, and its error where it has one.
fn run(tree: &Tree, words: &str) -> (u8, String) {
    let line = Line::parse_from(["manifest"].into_iter().chain(words.split_whitespace()));
    match manifest(&line.arguments, &tree.environment()) {
        Ok(code) => (code, String::new()),
        Err(error) => (exit_code(&error), format!("{error:#}")),
    }
}

/// A workspace whose manifest has both Lambdas, of other inputs than are there.
fn stale_workspace() -> Tree {
    let tree = Tree::plain();
    let entry = |name: &str| {
        let digest = format!("sha256:{}", "1".repeat(64));
        serde_json::json!({
            "name": name, "kind": "lambda", "image_ref": format!("r.example/{name}:1@{digest}"),
            "repository": format!("r.example/{name}"), "tags": ["1"], "digest": digest,
            "platform": "linux/amd64", "fingerprint": "0".repeat(64), "git_commit": null,
            "dirty": false, "pushed": true, "sizes": { "image": null, "inputs": 1 },
        })
    };
    let images = [entry("one"), entry("two")];
    let text = serde_json::json!({ "version": 1, "stack": "dev", "images": images });
    tree.write(State::MANIFEST, &text.to_string());
    tree
}

#[test]
fn a_file_is_written_only_if_all_is_fit() {
    let tree = stale_workspace();
    let read = || fs::read_to_string(tree.root.join("deployed.json")).unwrap();
    tree.write("deployed.json", "what runs\n");
    assert_eq!(run(&tree, "--output deployed.json"), (EXIT_FAILURE, String::new()));
    assert_eq!(read(), "what runs\n");
    assert_eq!(run(&tree, "--output deployed.json --allow-stale"), (EXIT_SUCCESS, String::new()));
    let names: Vec<String> = Manifest::parse(&read())
        .expect("it is a manifest")
        .images
        .iter()
        .map(|image| image.name.to_string())
        .collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn a_file_behind_a_link_is_replaced_and_what_is_no_file_is_not() {
    let tree = stale_workspace();
    tree.write("kept/deployed.json", "what runs\n");
    let link = tree.root.join("deployed.json");
    std::os::unix::fs::symlink("kept/deployed.json", &link).unwrap();
    assert_eq!(run(&tree, "--allow-stale --output deployed.json").0, EXIT_SUCCESS);
    assert!(link.is_symlink());
    let text = fs::read_to_string(tree.root.join("kept/deployed.json")).unwrap();
    assert!(Manifest::parse(&text).is_some(), "{text}");

    let (code, error) = run(&tree, "--allow-stale --output kept");
    assert_eq!(code, EXIT_USAGE);
    assert_eq!(
        error,
        "`kept` is not a file that can be replaced\nhint: without `--output` it goes to stdout"
    );
}

#[test]
fn what_is_compared_with_is_not_replaced_by_the_difference() {
    let tree = stale_workspace();
    let text = fs::read_to_string(tree.root.join(State::MANIFEST)).unwrap();
    tree.write("deployed.json", &text);
    let words = "--allow-stale --changed-since deployed.json --output ./deployed.json";
    let (code, error) = run(&tree, words);
    assert_eq!(code, EXIT_USAGE);
    assert!(error.starts_with("`./deployed.json` would lose what has not changed"), "{error}");
    assert_eq!(fs::read_to_string(tree.root.join("deployed.json")).unwrap(), text);
}

#[test]
fn forms_that_stand_for_all_images_are_refused_for_some() {
    let tree = stale_workspace();
    tree.write("deployed.json", &fs::read_to_string(tree.root.join(State::MANIFEST)).unwrap());
    let output = tree.root.join("images");
    for (form, program) in [("tfvars", "Terraform"), ("pulumi", "Pulumi")] {
        for some in ["--changed-since deployed.json", "one"] {
            let words = format!("--format {form} --allow-stale --output images {some}");
            let (code, error) = run(&tree, &words);
            assert_eq!(code, EXIT_USAGE);
            let first = format!("{program} would remove the functions of all images");
            assert!(error.starts_with(&first), "{error}");
            assert!(!output.exists());
            assert_eq!(run(&tree, &format!("{words} --allow-partial")).0, EXIT_SUCCESS);
            fs::remove_file(&output).unwrap();
        }
        let whole = format!("--format {form} --allow-stale --output images");
        assert_eq!(run(&tree, &whole).0, EXIT_SUCCESS);
        fs::remove_file(&output).unwrap();
    }
    let words = "--format sam --allow-stale --output images --changed-since deployed.json";
    assert_eq!(run(&tree, words).0, EXIT_SUCCESS);
    assert_eq!(fs::read_to_string(&output).unwrap(), "");
}

/// A program that is given the other image alone would delete this one's function.
#[test]
fn images_that_are_not_checked_out_are_not_left_out_silently() {
    let tree = stale_workspace();
    tree.write(".gitignore", "target\n");
    tree.git(&["init", "-q"]);
    tree.commit("first");
    tree.git(&["sparse-checkout", "set", "--cone", "packages", "lambdas/one"]);
    assert!(!tree.path("lambdas/two").exists());
    let (code, error) = run(&tree, "--allow-stale");
    assert_eq!(code, EXIT_ENVIRONMENT);
    assert!(error.starts_with("not checked out: `two`: "), "{error}");
    assert!(error.contains("hint: `git sparse-checkout add lambdas/two`, or "), "{error}");
    let done = (EXIT_SUCCESS, String::new());
    assert_eq!(run(&tree, "--allow-stale one"), done);
    let partial = "--allow-stale --allow-partial";
    assert_eq!(run(&tree, &format!("{partial} --format tfvars")), done);
    assert_eq!(run(&tree, &format!("{partial} --output partial.json")), done);
    let text = fs::read_to_string(tree.path("partial.json")).unwrap();
    assert!(Manifest::parse(&text).unwrap().removed.is_empty(), "{text}");
    tree.git(&["sparse-checkout", "disable"]);
    assert_eq!(run(&tree, "--allow-stale"), done);
}
