use super::*;
use crate::graph::fixture::{Texts, texts};
use dockerfile::parse_dockerignore;

fn names(graph: &ImageGraph, set: &ImageSet) -> String {
    set.iter().map(|index| graph.images()[*index].name().as_str()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_path(path: &str, own: &str, with_dependents: &str) {
    let (config, graph) = texts().graph();
    let mut ignores = BTreeMap::new();
    for context in graph.images().iter().flat_map(|image| &image.contexts) {
        ignores.insert(context.folder.clone(), parse_dockerignore("tests\n").unwrap());
    }
    let index = TouchIndex::new(&graph, &config, &ignores);
    let touched = index.touched_by_path(path);
    assert_eq!(names(&graph, &touched), own);
    assert_eq!(names(&graph, &index.with_dependents(touched)), with_dependents);
}

#[test]
fn a_path_belongs_to_whose_context_it_would_be_in() {
    check_path("packages/high/src/gone.py", "base-high", "base-high two");
    check_path("packages/high/tests/x.py", "", "");
    check_path("packages/higher/x.py", "", "");
    check_path("lambdas/one/Dockerfile", "one", "one");
    check_path("lambdas/one/.dockerignore", "one", "one");
    check_path("README.md", "", "");
}

#[track_caller]
fn check_settings(path: &str, old: Option<&str>, new: Option<&str>, expected: &str) {
    let (config, graph) = texts().graph();
    let ignores = BTreeMap::new();
    let index = TouchIndex::new(&graph, &config, &ignores);
    assert!(index.holds_settings(path));
    assert_eq!(names(&graph, &index.settings_touched(path, old, new)), expected);
}

#[test]
fn the_root_manifest_touches_whose_settings_differ() {
    let table = |body: &str| format!("[workspace.metadata.lambda-images]\n{body}\n");
    let check = |old: &str, new: &str, expected: &str| {
        check_settings("Cargo.toml", Some(&table(old)), Some(&table(new)), expected);
    };
    check("", "", "");
    check("", "registry = \"localhost:5000\"\nstack = \"prod\"", "");
    check("", "args = { OTHER = \"1\" }", "");
    check("", "args = { LEVEL = \"1\" }", "one");
    check("", "platform = \"linux/arm64\"", "base-low base-high one two");
    check("", "base = \"base-low\"", "two");
    check("", "mirrors = { \"public.ecr.aws/\" = \"x/\" }", "base-low");
    check_settings(
        "Cargo.toml",
        Some("[workspace]\nmembers = []\n"),
        Some("[workspace]\nmembers = [\"x\"]\n"),
        "",
    );
}

#[test]
fn a_pyproject_touches_its_image_if_its_settings_differ() {
    let Texts { pyprojects, .. } = texts();
    let old = pyprojects["lambdas/two/pyproject.toml"].as_str();
    let check = |new: Option<&str>, expected: &str| {
        check_settings("lambdas/two/pyproject.toml", Some(old), new, expected);
    };
    check(Some(old), "");
    check(Some(&format!("{old}[tool.ruff]\nline-length = 100\n")), "");
    check(Some(&old.replace("\"low\"", "\"low\", \"boto3\"")), "");
    check(Some(&old.replace(", \"low\"", "")), "two");
    check(Some(&format!("{old}[tool.lambda-image]\ntarget = \"x\"\n")), "two");
    check(None, "two");
}
