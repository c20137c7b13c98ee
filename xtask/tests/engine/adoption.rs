//! The README's promise: what it says about a repository of one's own is what makes one work.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Ended, Workspace, docker, field};

/// This repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of it").to_owned()
}

/// A fenced block whose first line is a comment that names its file.
struct Block {
    path: String,
    text: String,
}

/// The blocks below the heading about one's own repository, up to the next heading of its rank.
fn blocks_for_adoption(readme: &str) -> Vec<Block> {
    let rank = |line: &str| line.bytes().take_while(|byte| *byte == b'#').count();
    let mut blocks = Vec::new();
    let mut section = 0;
    let mut block: Option<Vec<&str>> = None;
    for line in readme.lines() {
        match &mut block {
            Some(lines) if line.trim() == "```" => {
                blocks.extend(named_block(lines));
                block = None;
            }
            Some(lines) => lines.push(line),
            None if line.starts_with("```") && section > 0 => block = Some(Vec::new()),
            None if rank(line) > 0 && line.contains("your own repository") => section = rank(line),
            None if rank(line) > 0 && rank(line) <= section => section = 0,
            None => {}
        }
    }
    blocks
}

fn named_block(lines: &[&str]) -> Option<Block> {
    let comment = lines.first()?;
    let path = comment.strip_prefix("# ").or_else(|| comment.strip_prefix("// "))?.trim();
    let is_path = path.ends_with(".toml") || path.ends_with(".rs");
    is_path.then(|| Block { path: path.to_owned(), text: lines.join("\n") + "\n" })
}

/// The library of this checkout in place of the published one.
fn with_local_library(manifest: &str) -> String {
    let library = repository().join("crates/lambda-xtask");
    let line = format!("lambda-xtask = {{ path = {:?} }}", library.display().to_string());
    let is_it = |line: &str| line.starts_with("lambda-xtask = ") && line.contains("git = ");
    let lines = manifest.lines().map(|text| if is_it(text) { &line } else { text });
    lines.collect::<Vec<&str>>().join("\n") + "\n"
}

#[test]
fn the_readme_makes_a_repository_of_ones_own_work() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("there is a README.md");
    let blocks = blocks_for_adoption(&readme);
    let paths: Vec<&str> = blocks.iter().map(|block| block.path.as_str()).collect();
    for path in ["Cargo.toml", "xtask/Cargo.toml", "xtask/src/main.rs", ".cargo/config.toml"] {
        assert!(paths.contains(&path), "the README has no block for `{path}`, only {paths:?}");
    }

    let main = blocks.iter().find(|block| block.path == "xtask/src/main.rs");
    let lines = main.map_or(0, |main| main.text.lines().count() - 1);
    assert_eq!(lines, 3, "three lines of Rust, and the comment above them");

    let workspace = Workspace::empty("");
    for block in &blocks {
        workspace.write(&block.path, &block.text);
    }
    let manifest = with_local_library(&workspace.read("xtask/Cargo.toml"));
    assert!(manifest.contains("path = "), "the library is a git dependency:\n{manifest}");
    workspace.write("xtask/Cargo.toml", &manifest);
    // The same versions as here, which are on this machine already.
    fs::copy(repository().join("Cargo.lock"), workspace.root().join("Cargo.lock")).unwrap();
    workspace.write_lambda("hello", &[], "FROM scratch\nCOPY handler.py /\n");
    workspace.commit("first");

    let cargo = |arguments: &[&str]| {
        let mut command = workspace.surround(Command::new(env!("CARGO")));
        command.args(arguments).env("CARGO_NET_OFFLINE", "true");
        // Kept, so that only the first run on a machine compiles all of it.
        command.env("CARGO_TARGET_DIR", repository().join("target/adoption"));
        command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0");
        Ended::of(&mut command).expect_code(0)
    };
    let answer = cargo(&["xtask", "build-lambdas", "--format", "json"]).json();
    assert_eq!(field(&answer, "result"), BTreeMap::from([("hello", "built")]));
    docker(&["image", "inspect", field(&answer, "image_ref")["hello"]]);
    // The next run's `xtask` lies in another folder and is another one: this one would only pile up.
    cargo(&["clean", "--quiet", "--package", "xtask"]);
}
