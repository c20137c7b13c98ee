use super::*;
use crate::config::Kind;
use crate::graph::fixture::{Texts, texts};
use dockerfile::parse_dockerignore;

fn names(graph: &ImageGraph, set: &ImageSet) -> String {
    set.iter().map(|index| graph.images()[*index].name().as_str()).collect::<Vec<_>>().join(" ")
}

fn pyprojects(texts: &Texts) -> Vec<PyprojectFile> {
    let files = texts.pyprojects.clone().into_iter();
    files.map(|(path, text)| PyprojectFile { path, kind: Kind::Base, text }).collect()
}

/// The images of `texts` that `ask` gives, where each context has the ignore file `ignore`.
fn touched(
    texts: &Texts,
    ignore: &str,
    ask: impl FnOnce(&mut TouchIndex) -> ImageSet,
) -> (String, String) {
    let (config, graph) = texts.graph();
    let mut ignores = BTreeMap::new();
    for context in graph.images().iter().flat_map(|image| &image.contexts) {
        ignores.insert(context.folder.clone(), parse_dockerignore(ignore).unwrap());
    }
    let pyprojects = pyprojects(texts);
    let mut index = TouchIndex::new(
        &graph,
        &config,
        |folder| ignores.get(folder),
        &pyprojects,
        &Contexts::default(),
    );
    let touched = ask(&mut index);
    (names(&graph, &touched), names(&graph, &index.with_dependents(touched)))
}

#[track_caller]
fn check_path(path: &str, own: &str, with_dependents: &str) {
    let found = touched(&texts(), "tests\n", |index| index.touched_by_path(path));
    assert_eq!(found, (own.to_owned(), with_dependents.to_owned()));
}

#[test]
fn a_path_belongs_to_whose_context_it_would_be_in() {
    check_path("packages/high/src/gone.py", "base-high", "base-high two");
    check_path("packages/high/tests/x.py", "", "");
    check_path("packages/higher/x.py", "", "");
    check_path("lambdas/one/handler.py", "one", "one");
    check_path("lambdas/one/notes.txt", "", "");
    check_path("lambdas/one/Dockerfile", "one", "one");
    check_path("lambdas/one/.dockerignore", "one", "one");
    check_path("README.md", "", "");
}

#[test]
fn on_stable_bases_lambdas_have_no_part_in_what_touched_those() {
    let (config, graph) = texts().graph();
    let pyprojects = pyprojects(&texts());
    let index = TouchIndex::new(&graph, &config, |_| None, &pyprojects, &Contexts::default());
    let both = ["base-low", "base-high"].map(|name| ImageName::new(name).unwrap());
    let mut index = index.on_stable(BTreeSet::from(both));
    for (path, expected) in [
        ("packages/low/low.py", "base-low base-high"),
        ("lambdas/two/handler.py", "two"),
        ("lambdas/one/Dockerfile", "one"),
    ] {
        let touched = index.touched_by_path(path);
        assert_eq!(names(&graph, &index.with_dependents(touched)), expected, "{path}");
    }
}

fn change(path: &str, old: Option<&str>, new: Option<&str>) -> SettingsChange {
    SettingsChange {
        path: path.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    }
}

#[track_caller]
fn check_settings(path: &str, old: Option<&str>, new: Option<&str>, expected: &str) {
    let (found, _) = touched(&texts(), "", |index| {
        assert!(index.holds_settings(path));
        index.settings_touched(&[change(path, old, new)]).remove(0)
    });
    assert_eq!(found, expected);
}

/// Changes made to get to the fixture with `two` requiring `gone` as well, newest first: what
/// each touches.
#[track_caller]
fn check_removal(commits: &[&[SettingsChange]], expected: &[&str]) {
    let mut texts = texts();
    let two = texts.pyprojects.get_mut("lambdas/two/pyproject.toml").unwrap();
    *two = two.replace("\"low\"", "\"low\", \"gone\"");
    let (config, graph) = texts.graph();
    let pyprojects = pyprojects(&texts);
    let mut index = TouchIndex::new(&graph, &config, |_| None, &pyprojects, &Contexts::default());
    let mut touched = |changes: &[SettingsChange]| -> ImageSet {
        index.settings_touched(changes).into_iter().flatten().collect()
    };
    let found: Vec<String> =
        commits.iter().map(|changes| names(&graph, &touched(changes))).collect();
    assert_eq!(found, expected);
}

const GONE: &str = "packages/gone/pyproject.toml";

#[test]
fn a_removed_package_touches_what_requires_it_still() {
    let text = Some("[project]\nname = \"gone\"\n");
    check_removal(&[&[change(GONE, text, None)]], &["two"]);
    check_removal(&[&[change(GONE, None, text)]], &["two"]);
    check_removal(&[&[change(GONE, text, Some("[project]\nname = \"other\"\n"))]], &["two"]);
    check_removal(&[&[change(GONE, text, text)]], &[""]);
    check_removal(
        &[&[change("lambdas/x/pyproject.toml", None, Some("[project]\nname = \"x\"\n"))]],
        &[""],
    );
}

#[test]
fn a_requirement_for_a_removed_package_counts_like_one_for_a_package() {
    let gone = change(GONE, Some("[project]\nname = \"gone\"\n"), None);
    let one = |dependencies: &str| {
        Some(format!("[project]\nname = \"one\"\ndependencies = [{dependencies}]\n"))
    };
    let one = SettingsChange {
        path: "lambdas/one/pyproject.toml".to_owned(),
        old: one("\"low\", \"gone\""),
        new: one("\"low\""),
    };
    // Requirement and package at once, in any order of their paths; or the package later.
    check_removal(&[&[one.clone(), gone.clone()]], &["one two"]);
    check_removal(&[std::slice::from_ref(&gone), std::slice::from_ref(&one)], &["two", "one"]);
    // As long as no such package is known, it is a third-party one.
    check_removal(&[&[one]], &[""]);
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
    check("", "packages = [\"packages/low\"]", "base-low base-high one two");
    check("", "packages = [\"packages/*\"]\nlambdas = [\"lambdas/*\"]", "");
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
    // What is no part of any fingerprint.
    for idle in ["secrets = [\"id=token,env=TOKEN\"]", "cache_from = [\"type=local,src=x\"]"] {
        check(Some(&format!("{old}[tool.lambda-image]\n{idle}\n")), "");
    }
    check(None, "two");
    // Also where nothing is in it but the name that the folder gives anyway.
    let minimal = Some("[project]\nname = \"one\"\n");
    check_settings("lambdas/one/pyproject.toml", minimal, None, "one");
}

#[test]
fn what_a_project_requires_counts_for_all_that_require_it() {
    let Texts { pyprojects, .. } = texts();
    let path = "packages/high/pyproject.toml";
    let old = pyprojects[path].as_str();
    check_settings(path, Some(old), Some(&old.replace("\"low\"", "")), "base-high two");
}

#[track_caller]
fn check_folder(path: &str, ignore: &str, expected: &str) {
    let (found, _) = touched(&texts(), ignore, |index| index.touched_by_folder(path));
    assert_eq!(found, expected);
}

#[test]
fn a_folder_belongs_to_contexts_above_and_below_it() {
    check_folder("lambdas/one", "", "one");
    check_folder("lambdas/one/vendor", "", "");
    check_folder("lambdas/one/handler.py", "", "one");
    check_folder("packages/high/vendor", "", "base-high");
    check_folder("lambdas", "*", "one two");
    check_folder("lambdas/on", "", "");
    check_folder("packages/high/vendor", "vendor", "");
    check_folder("packages/high/vendor", "vendor\n!vendor/kept.py", "base-high");
}

#[test]
fn a_package_without_an_image_may_have_had_one() {
    let mut texts = texts();
    texts.add("packages/plain", "plain", "", "");
    texts.dockerfiles.remove("packages/plain/Dockerfile").unwrap();
    let two = texts.pyprojects.get_mut("lambdas/two/pyproject.toml").unwrap();
    *two = two.replace("\"low\"", "\"low\", \"plain\"");
    let path = "packages/plain/Dockerfile";
    let (found, _) = touched(&texts, "Dockerfile", |index| index.touched_by_path(path));
    assert_eq!(found, "two");
}

#[test]
fn files_that_count_one_by_one() {
    let (config, graph) = texts().graph();
    let pyprojects = pyprojects(&texts());
    let index = TouchIndex::new(&graph, &config, |_| None, &pyprojects, &Contexts::default());
    let mut files: Vec<&str> =
        index.single_files().filter(|path| !path.starts_with("packages")).collect();
    files.sort_unstable();
    expect_test::expect![[r#"
        Cargo.toml
        lambda-images.lock
        lambdas/one/.dockerignore
        lambdas/one/Dockerfile
        lambdas/one/Dockerfile.dockerignore
        lambdas/one/pyproject.toml
        lambdas/two/.dockerignore
        lambdas/two/Dockerfile
        lambdas/two/Dockerfile.dockerignore
        lambdas/two/pyproject.toml"#]]
    .assert_eq(&files.join("\n"));
}
