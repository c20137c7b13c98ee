//! Caches that builds leave and read, on a real registry and a real folder: that a cache is there
//! is seen by what is cached on an engine that has forgotten the layers.

use expect_test::expect;

use crate::support::{Workspace, fetch_manifest, image, test_registry};

/// The line by which a build is started.
#[track_caller]
fn build_of(workspace: &Workspace, name: &str) -> String {
    let tag = format!("--tag={name}-{}:", workspace.stack());
    let tag_in_registry = format!("/{name}-{}:", workspace.stack());
    let calls = workspace.docker_calls();
    let is_it = |call: &&String| {
        call.starts_with("buildx build ")
            && (call.contains(&tag) || call.contains(&tag_in_registry))
    };
    calls.iter().find(is_it).unwrap_or_else(|| panic!("no build in {calls:#?}")).clone()
}

#[test]
fn each_image_has_a_cache_of_its_own_in_the_registry() {
    let registry = test_registry();
    let workspace = Workspace::empty("");
    let keys = format!(
        "registry = \"{registry}\"\n\
         cache-from = [\"registry,ref={{registry}}/cache-{{stack}}:{{name}}-{{platform}}\"]\n\
         cache-to = [\"registry,ref={{registry}}/cache-{{stack}}:{{name}}-{{platform}}\"]\n"
    );
    workspace.append("Cargo.toml", &keys);
    workspace.write_four();
    workspace.commit("first");
    let repository = format!("{registry}/cache-{}", workspace.stack());

    // Nobody but CI's default branch writes, and what isn't there yet is no fault.
    workspace.build(&[], 0);
    let call = build_of(&workspace, "alone");
    let from = format!("--cache-from=type=registry,ref={repository}:alone-linux-amd64 ");
    assert!(call.contains(&from) && !call.contains("--cache-to"), "{call}");
    assert_eq!(fetch_manifest(&repository, "alone-linux-amd64"), None);

    workspace.build(&["--force", "--cache-write"], 0);
    for name in ["alone", "base-core", "reader", "writer"] {
        let manifest = fetch_manifest(&repository, &format!("{name}-linux-amd64"));
        let manifest = manifest.unwrap_or_else(|| panic!("`{name}` has a cache"));
        // ECR takes caches as images only.
        assert_eq!(manifest.media_type, "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(
            manifest.content["config"]["mediaType"],
            "application/vnd.buildkit.cacheconfig.v0"
        );
    }
}

#[test]
fn main_writes_and_pull_requests_read() {
    let workspace = Workspace::of_four("cache-to = [\"local\"]\ncache-from = [\"local\"]\n");
    let folder = workspace.root().join("target/lambda-images/cache/alone-linux-amd64");
    let run = |variables: &[(&str, &str)]| {
        let mut command = workspace.xtask(&["build-lambdas", "--force", "alone"]);
        let ended = crate::support::Ended::of(command.envs(variables.iter().copied()));
        ended.expect_code(0);
        build_of(&workspace, "alone")
    };
    let github = |rest: &[(&'static str, &'static str)]| {
        [&[("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/heads/main")], rest].concat()
    };
    let pull = run(&github(&[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")]));
    assert!(!pull.contains("--cache-") && !folder.exists(), "{pull}");
    let main = run(&github(&[("GITHUB_EVENT_NAME", "push")]));
    assert!(main.contains("--cache-to=type=local,dest="), "{main}");
    assert!(folder.join("index.json").is_file());
    let pull = run(&github(&[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")]));
    assert!(
        pull.contains("--cache-from=type=local,src=") && !pull.contains("--cache-to"),
        "{pull}"
    );
}

#[test]
fn a_local_cache_holds_the_last_export_and_no_more() {
    let workspace = Workspace::of_four("cache-to = [\"local,dest=cache/{name}\"]\n");
    let blobs = || {
        let folder = workspace.root().join("cache/alone/blobs/sha256");
        folder.read_dir().expect("there is a cache").count()
    };
    workspace.build(&["alone", "--cache-write=always"], 0);
    let first = blobs();
    for round in 0..3 {
        workspace.append("lambdas/alone/handler.py", &format!("# {round}\n"));
        workspace.build(&["alone", "--cache-write=always"], 0);
    }
    assert_eq!(blobs(), first);
    let beside: Vec<_> = workspace.root().join("cache").read_dir().unwrap().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
}

#[test]
fn a_cache_that_cannot_be_written_fails_no_image_and_is_told() {
    let workspace = Workspace::of_four("cache-to = [\"localhost:1/cache:{name}\"]\n");
    let ended = workspace.run(&["build-lambdas", "--cache-write", "alone", "--format", "json"], 0);
    assert_eq!(image(&ended.json(), "alone")["result"], "built");
    let told = "warning: alone: a cache could not be written: exporting cache to registry: ";
    assert!(ended.stderr.lines().any(|line| line.starts_with(told)), "{}", ended.stderr);
}

#[test]
fn what_the_builder_cannot_do_is_told_before() {
    let workspace = Workspace::of_four(
        "cache-from = [\"gha\", \"s3,bucket=b,region=us-east-1\"]\ncache-to = [\"gha\"]\n",
    );
    let ended = workspace.run(&["build-lambdas", "--cache-write"], 0);
    let told: Vec<&str> =
        ended.stderr.lines().filter(|line| line.starts_with("note: the ")).collect();
    let [gha, builder] = told.as_slice() else { panic!("{}", ended.stderr) };
    assert!(builder.starts_with("note: the builder `default` (docker driver"), "{builder}");
    assert!(gha.starts_with("note: the `gha` cache is left out: `ACTIONS_RUNTIME_TOKEN`"), "{gha}");
}

#[test]
fn caches_are_no_inputs() {
    let workspace = Workspace::of_four("");
    let before = workspace.build(&["--dry-run"], 0);
    workspace.append("Cargo.toml", "cache-to = [\"inline\"]\ncache-from = [\"local\"]\n");
    workspace.append(
        "lambdas/alone/pyproject.toml",
        "[tool.lambda-image]\ncache-from = [\"r.example/c:alone\"]\n",
    );
    let after = workspace.build(&["--dry-run"], 0);
    for name in ["alone", "base-core", "reader", "writer"] {
        assert_eq!(image(&before, name)["fingerprint"], image(&after, name)["fingerprint"]);
    }
}

#[test]
fn entries_are_checked_where_they_stand() {
    let workspace = Workspace::of_four("cache-to = [\"registry\", \"lokal\"]\n");
    workspace.append(
        "lambdas/alone/pyproject.toml",
        "[tool.lambda-image]\ncache-from = [\"local,src=..\"]\n",
    );
    let ended = workspace.run(&["build-lambdas"], 3);
    expect![[r#"
        error: Cargo.toml:5:13: `registry` needs a registry, and none is configured
          hint: set `registry`, or name the cache's repository: "registry,ref=…"
        error: Cargo.toml:5:25: `lokal` is no kind of cache
          hint: did you mean `local`?
        error: lambdas/alone/pyproject.toml:6:15: `..` leads out of the workspace
          hint: a local cache is a folder below the workspace root
        3 problems in the workspace
    "#]]
    .assert_eq(&ended.stderr);
}
