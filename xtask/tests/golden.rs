//! What this repository's own command line shows, as files under `golden/`: help texts, the graph
//! and the plan of its own images, completions. `UPDATE_EXPECT=1` writes them anew.
//!
//! It needs no engine and looks for none: the program runs with an environment in which there is
//! none.

#[path = "golden/fingerprints.rs"]
mod fingerprints;

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::{ExpectFile, expect_file};

/// Runs the program in this repository, which must succeed; gives its stdout.
#[track_caller]
fn run(arguments: &[&str]) -> String {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

/// Runs the program in a folder.
#[track_caller]
fn run_in(folder: &Path, arguments: &[&str]) -> String {
    let tools = PathWithoutDocker::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).current_dir(folder).env_clear();
    command.env("PATH", tools.folder.path()).env("CARGO", env!("CARGO"));
    // Neither the engine of this checkout nor anybody else's, and no mirror but this one.
    command.env("DOCKER_HOST", "unix:///no-such-folder/docker.sock");
    command.env("LAMBDA_IMAGES_MIRRORS", "public.ecr.aws/=mirror.example/ecr/");
    command.env("LAMBDA_IMAGES_NETWORK", "default");
    let output = command.output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} ended with {}:\n{stderr}", output.status);
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// A folder with `git` in it, and nothing else.
struct PathWithoutDocker {
    folder: tempfile::TempDir,
}

impl PathWithoutDocker {
    fn new() -> PathWithoutDocker {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::os::unix::fs::symlink(find_git(), folder.path().join("git")).expect("it is empty");
        PathWithoutDocker { folder }
    }
}

fn find_git() -> PathBuf {
    let path = std::env::var_os("PATH").expect("there is a `PATH`");
    let programs = std::env::split_paths(&path).map(|folder| folder.join("git"));
    programs.into_iter().find(|program| program.is_file()).expect("git is installed")
}

#[track_caller]
fn check(arguments: &[&str], golden: &ExpectFile) {
    // Help texts have lines of spaces, which editors take away.
    let lines: Vec<String> =
        run(arguments).lines().map(|line| line.trim_end().to_owned()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn help() {
    check(&["--help"], &expect_file!["golden/help.txt"]);
    check(&["build-lambdas", "--help"], &expect_file!["golden/help-build-lambdas.txt"]);
    check(&["affected", "--help"], &expect_file!["golden/help-affected.txt"]);
    check(&["graph", "--help"], &expect_file!["golden/help-graph.txt"]);
    check(&["manifest", "--help"], &expect_file!["golden/help-manifest.txt"]);
    check(&["bases", "--help"], &expect_file!["golden/help-bases.txt"]);
    check(&["check-tags", "--help"], &expect_file!["golden/help-check-tags.txt"]);
    check(&["explain", "--help"], &expect_file!["golden/help-explain.txt"]);
    check(&["warm-cache", "--help"], &expect_file!["golden/help-warm-cache.txt"]);
}

#[test]
fn the_graph_of_this_repository() {
    check(&["graph"], &expect_file!["golden/graph.txt"]);
    check(&["graph", "--format", "json"], &expect_file!["golden/graph.json"]);
    check(&["graph", "--format", "dot"], &expect_file!["golden/graph.dot"]);
    check(&["graph", "--format", "mermaid"], &expect_file!["golden/graph.mmd"]);
}

#[test]
fn the_plan_of_this_repository() {
    let plan = run(&["build-lambdas", "--dry-run", "--stack", "golden"]);
    expect_file!["golden/plan.txt"].assert_eq(&without_tags(&plan));
}

/// The text with `TAG` for every tag that a commit or a fingerprint has made: an edit of an image
/// is no edit of its plan.
fn without_tags(plan: &str) -> String {
    let is_tag = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut pieces = plan.split(':');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push(':');
        match piece.strip_prefix("git-").or(piece.strip_prefix("sha-")) {
            Some(rest) => text.extend(["TAG", rest.trim_start_matches(is_tag)]),
            None => text += piece,
        }
    }
    text
}

/// Whoever changes one of these fingerprints makes every user build that image anew: it takes a new
/// schema version (`SCHEMA` in `lambda_images::fingerprint`), in a commit of its own, and a line in
/// the changelog that says what is rebuilt.
#[test]
fn fingerprints_stay_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fingerprints::write_workspace(folder.path());
    let plan = run_in(folder.path(), &["build-lambdas", "--dry-run", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("the plan is JSON");
    let images = plan["images"].as_array().expect("the plan has images");
    let line = |image: &serde_json::Value| {
        let text = |key: &str| image[key].as_str().expect("it is a text").to_owned();
        format!("{} {}\n", text("fingerprint"), text("name"))
    };
    expect_file!["golden/fingerprints.txt"].assert_eq(&images.iter().map(line).collect::<String>());
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert!(script.contains("build-lambdas"), "{shell}: {script}");
        assert!(script.contains("fail-fast"), "{shell}: {script}");
        let named = run(&["completions", shell, "--name", "images"]);
        assert!(named.contains("images"), "{shell}: {named}");
    }
}

#[test]
fn every_golden_file_is_of_some_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let source = include_str!("golden.rs");
    for entry in folder.read_dir().expect("the folder exists") {
        let name = entry.expect("the folder can be read").file_name();
        let name = name.to_str().expect("its files have plain names");
        assert!(source.contains(&format!("golden/{name}\"")), "`{name}` is of no test");
    }
}
