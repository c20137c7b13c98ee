//! `warm-cache`: what it builds, pulls and imports, and that the next build only adds the handler, by
//! BuildKit's own records. No step of a test's workspace has ever been run by anybody else: for
//! them every engine is an emptied one.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde_json::{Value, json};

use crate::support::{Ended, PYTHON, Workspace, docker, field, image, test_registry};

/// The builder forgets more than what is pruned: whoever counts on its cache holds this for reading,
/// whoever prunes for writing.
static CACHE: RwLock<()> = RwLock::new(());

/// `base-core`, and `reader`, which installs something of its own in a stage of its own and in its
/// last one before its handler comes.
#[track_caller]
fn workspace(config: &str) -> Workspace {
    let workspace = Workspace::empty(config);
    let stack = workspace.stack().to_owned();
    workspace.write_package("core", &format!("FROM {PYTHON}\nRUN echo {stack} > /core\n"));
    workspace.write_lambda(
        "reader",
        &["core"],
        &format!(
            "FROM {PYTHON} AS build\n\
             COPY requirements.txt ./\n\
             RUN echo install {stack} > /built\n\
             FROM base-core\n\
             RUN echo tools {stack} > /tools\n\
             COPY handler.py ./\n\
             COPY --from=build /built ./\n\
             CMD [\"handler.handler\"]\n"
        ),
    );
    workspace.write("lambdas/reader/requirements.txt", &workspace.python("boto3"));
    workspace.commit("first");
    workspace
}

#[track_caller]
fn warm(workspace: &Workspace, arguments: &[&str], code: i32) -> Ended {
    workspace.run(&[&["warm-cache", "--format", "json"], arguments].concat(), code)
}

/// How each `RUN` of an image's last build ended, by BuildKit's own words in its log.
#[track_caller]
pub(crate) fn runs(workspace: &Workspace, name: &str) -> BTreeMap<String, String> {
    let log = workspace.read(&format!("target/lambda-images/logs/{name}.log"));
    let numbered = |line: &str| -> Option<(String, String)> {
        let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
        Some((number.to_owned(), rest.to_owned()))
    };
    let lines: Vec<(String, String)> = log.lines().filter_map(numbered).collect();
    let mut runs = BTreeMap::new();
    for (number, heading) in &lines {
        let Some((_, command)) = heading.split_once("] RUN ") else { continue };
        let is_end = |text: &&String| *text == "CACHED" || text.starts_with("DONE ");
        let ends = lines.iter().filter(|(other, _)| other == number).map(|(_, text)| text);
        let mut ends = ends.filter(is_end);
        // The layers of what is cached elsewhere are fetched later, and that too is done one day.
        let end = ends.clone().find(|text| *text == "CACHED").or_else(|| ends.next_back());
        let end = end.unwrap_or_else(|| panic!("no end of {heading}: {log}"));
        let word = end.split(' ').next().unwrap_or_default();
        runs.insert(command.to_owned(), word.to_owned());
    }
    runs
}

#[test]
fn after_it_an_edit_of_the_handler_runs_no_installing_step() {
    let _cache = CACHE.read().unwrap_or_else(PoisonError::into_inner);
    let workspace = workspace("");
    let ended = warm(&workspace, &[], 0);
    let answer = ended.json();
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([("base-core", "built"), ("reader", "built")])
    );
    // Both `RUN`s and the `COPY`s that belong to them; none of it was there before.
    let steps = &image(&answer, "reader")["steps"];
    assert_eq!(steps, &json!({ "total": 3, "cached": 0 }), "{answer:#}");
    assert!(docker(&["image", "ls", "-q", &format!("reader-{}", workspace.stack())]).is_empty());

    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let answer = workspace.build(&[], 0);
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([("base-core", "up-to-date"), ("reader", "built")])
    );
    let stack = workspace.stack();
    let cached = [format!("echo install {stack} > /built"), format!("echo tools {stack} > /tools")]
        .map(|command| (command, "CACHED".to_owned()));
    assert_eq!(runs(&workspace, "reader"), BTreeMap::from(cached));
}

/// The test above can fail: without a warm cache the very same steps run.
#[test]
fn without_it_the_same_steps_run() {
    let workspace = workspace("");
    workspace.build(&[], 0);
    let ends = runs(&workspace, "reader");
    assert_eq!(ends.len(), 2);
    assert!(ends.values().all(|end| end == "DONE"), "{ends:#?}");
}

#[test]
fn a_second_run_starts_no_build() {
    let _cache = CACHE.read().unwrap_or_else(PoisonError::into_inner);
    let workspace = workspace("");
    warm(&workspace, &[], 0);
    workspace.docker_calls();
    // An edit of a handler is none of what comes before it.
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let answer = warm(&workspace, &[], 0).json();
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([("base-core", "present"), ("reader", "warm")])
    );
    let calls = workspace.docker_calls();
    let asks = |call: &String| call.starts_with("image inspect ") || call == "buildx du --verbose";
    assert!(calls.iter().all(asks) && calls.len() <= 3, "{calls:#?}");

    workspace.append("lambdas/reader/requirements.txt", "# Another.\n");
    let answer = warm(&workspace, &[], 0).json();
    assert_eq!(field(&answer, "result")["reader"], "built");
}

#[test]
fn a_cache_that_was_pruned_is_noticed() {
    let _cache = CACHE.write().unwrap_or_else(PoisonError::into_inner);
    let workspace = workspace("");
    warm(&workspace, &["reader"], 0);
    // What this test's own step has left, and what stands on that alone.
    let usage = docker(&["buildx", "du", "--verbose"]);
    let records: Vec<&str> = usage.split("\n\n").collect();
    // Of several parents, a newer buildx gives each a line of its own.
    let ids_with = |keys: &[&str], text: &str| -> Vec<String> {
        let has = |record: &&&str| {
            let mut lines = record.lines();
            lines.any(|line| keys.iter().any(|key| line.starts_with(key)) && line.contains(text))
        };
        let mut ids = Vec::new();
        for record in records.iter().filter(has) {
            let id = record.lines().find_map(|line| line.strip_prefix("ID:"));
            ids.extend(id.map(|id| id.trim().to_owned()));
        }
        ids
    };
    let step = ids_with(&["Description:"], &format!("echo tools {}", workspace.stack()));
    assert_eq!(step.len(), 1, "{usage}");
    for id in ids_with(&["Parent:", " - "], &step[0]).iter().chain(&step) {
        docker(&["buildx", "prune", "--all", "--force", "--filter", &format!("id={id}")]);
    }
    let answer = warm(&workspace, &["reader"], 0).json();
    assert_eq!(field(&answer, "result")["reader"], "built");
    let step = format!("echo tools {} > /tools", workspace.stack());
    assert_eq!(runs(&workspace, "reader.warm")[&step], "DONE");
}

#[test]
fn base_images_are_built_under_their_ordinary_names() {
    let workspace = workspace("");
    warm(&workspace, &[], 0);
    let manifest = workspace.manifest();
    assert_eq!(field(&manifest, "kind"), BTreeMap::from([("base-core", "base")]));
    docker(&["image", "inspect", image(&manifest, "base-core")["image_ref"].as_str().unwrap()]);
}

#[test]
fn the_last_images_are_pulled_by_their_tags() {
    let _cache = CACHE.read().unwrap_or_else(PoisonError::into_inner);
    let workspace = workspace(&format!("registry = \"{}\"\n", test_registry()));
    workspace.build(&[], 0);
    let manifest = workspace.manifest();
    let tag = |name: &str, index: usize| {
        let entry = image(&manifest, name);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{}:{}", text(&entry["repository"]), text(&entry["tags"][index]))
    };
    let latest = format!("{}/reader-{}:latest", test_registry(), workspace.stack());
    // The engine has what it pushed: the identities.
    docker(&["image", "tag", &tag("reader", 1), &latest]);
    docker(&["image", "push", "--quiet", &latest]);
    for reference in [tag("reader", 1), tag("base-core", 1), latest.clone()] {
        docker(&["image", "rm", &reference]);
    }
    // The base is there by its inputs; of the handler's edit there is no image yet.
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let ended = warm(&workspace, &[], 0);
    let answer = ended.json();
    assert_eq!(image(&answer, "base-core")["pulled"], tag("base-core", 1).as_str());
    assert_eq!(image(&answer, "reader")["pulled"], latest.as_str());
    assert_eq!(image(&answer, "reader")["missing"], false);
    for reference in [tag("base-core", 1), latest] {
        docker(&["image", "inspect", &reference]);
    }
    // What is here is not pulled again.
    workspace.docker_calls();
    let answer = warm(&workspace, &["reader"], 0).json();
    assert_eq!(field(&answer, "result")["reader"], "warm");
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.starts_with("image pull")), "{calls:#?}");
}

#[test]
fn an_image_that_nobody_pushed_is_told_to_be_missing() {
    let workspace = workspace(&format!("registry = \"{}\"\n", test_registry()));
    let ended = workspace.run(&["warm-cache", "reader"], 0);
    let missing = "missing reader: no image of it to pull";
    assert!(ended.stderr.lines().any(|line| line == missing), "{}", ended.stderr);
    let line = ended.stdout.lines().find(|line| line.starts_with("reader ")).unwrap();
    assert!(line.ends_with("the registry has no image of it"), "{}", ended.stdout);
    assert_eq!(image(&warm(&workspace, &["reader"], 0).json(), "reader")["missing"], true);
}

#[test]
fn caches_are_imported() {
    let registry = test_registry();
    let workspace = workspace("");
    let keys = format!(
        "cache-from = [\"{registry}/warm-{0}:{{name}}\"]\ncache-to = [\"{registry}/warm-{0}:{{name}}\"]\n",
        workspace.stack()
    );
    workspace.append("Cargo.toml", &keys);
    workspace.build(&["--cache-write"], 0);
    let answer = warm(&workspace, &["reader"], 0).json();
    let source = format!("{registry}/warm-{}:reader", workspace.stack());
    assert_eq!(image(&answer, "reader")["imported"], json!([source]));
}

#[test]
fn in_development_mode_it_warms_for_the_stable_base() {
    let _cache = CACHE.read().unwrap_or_else(PoisonError::into_inner);
    let workspace = workspace("");
    let answer = warm(&workspace, &["--dev"], 0).json();
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([("base-core", "built"), ("reader", "built")])
    );
    workspace.append("packages/core/Dockerfile", "RUN echo another\n");
    let answer = warm(&workspace, &["--dev"], 0).json();
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([("base-core", "present"), ("reader", "warm")])
    );
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    workspace.build(&["--dev"], 0);
    assert!(runs(&workspace, "reader").values().all(|end| end == "CACHED"));
    let ended = Ended::of(workspace.xtask(&["warm-cache", "--dev"]).env("CI", "true"));
    assert!(ended.expect_code(2).stderr.starts_with("error: refused: development mode in CI"));
}

#[test]
fn what_fails_is_told_and_the_rest_is_warmed() {
    let workspace = workspace("");
    let stack = workspace.stack().to_owned();
    workspace.write_lambda(
        "writer",
        &[],
        &format!("FROM {PYTHON}\nRUN echo {stack}; exit 3\nCOPY handler.py ./\nRUN late\n"),
    );
    workspace.write_lambda("odd", &[], &format!("FROM {PYTHON}\nCOPY handler.py ./\n"));
    workspace.append("lambdas/odd/pyproject.toml", "[tool.lambda-image]\nreads = \"context\"\n");
    let ended = warm(&workspace, &["reader", "writer", "odd"], 1);
    let answer = ended.json();
    assert_eq!(
        field(&answer, "result"),
        BTreeMap::from([
            ("base-core", "built"),
            ("odd", "unknown"),
            ("reader", "built"),
            ("writer", "failed")
        ])
    );
    assert!(ended.stderr.contains("exit 3"), "{}", ended.stderr);
    assert_eq!(image(&answer, "writer")["late_runs"], json!([4]));
    let note = "note: lambdas/writer/Dockerfile:4: this `RUN` comes after the handler, and runs anew with every edit of it";
    assert!(ended.stderr.lines().any(|line| line == note), "{}", ended.stderr);
}
