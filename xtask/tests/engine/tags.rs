//! Tags: the newest commit that touched an image's inputs, what is not committed, and what there
//! is without git.

use std::collections::BTreeMap;

use crate::support::{Workspace, docker, field, image};

const ALL: [&str; 4] = ["alone", "base-core", "reader", "writer"];

/// The tags of all four images, in the order of their names.
#[track_caller]
fn check(workspace: &Workspace, tags: [&str; 4]) {
    let answer = workspace.build(&["--dry-run"], 0);
    assert_eq!(field(&answer, "tag"), BTreeMap::from_iter(ALL.into_iter().zip(tags)));
}

fn fingerprint(workspace: &Workspace, name: &str) -> String {
    let answer = workspace.build(&["--dry-run"], 0);
    image(&answer, name)["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn the_newest_commit_that_touched_an_image_names_it() {
    let workspace = Workspace::of_four("");
    let first = format!("git-{}", workspace.git(&["rev-parse", "--short=12", "HEAD"]).trim());
    check(&workspace, [&first, &first, &first, &first]);

    workspace.write("README.md", "What this is.\n");
    workspace.commit("a README");
    check(&workspace, [&first, &first, &first, &first]);

    workspace.append("lambdas/reader/handler.py", "# An edit.\n");
    let reader = format!("git-{}", workspace.commit("reader"));
    check(&workspace, [&first, &first, &reader, &first]);

    workspace.append("packages/core/core.py", "# An edit.\n");
    let core = format!("git-{}", workspace.commit("core"));
    check(&workspace, [&first, &core, &core, &core]);
}

#[test]
fn what_is_not_committed_marks_the_images_that_read_it() {
    let workspace = Workspace::of_four("");
    let first = format!("git-{}", workspace.git(&["rev-parse", "--short=12", "HEAD"]).trim());
    workspace.write("notes.txt", "Nobody reads this.\n");
    check(&workspace, [&first, &first, &first, &first]);

    let dirty = |name| format!("{first}-dirty-{:.8}", fingerprint(&workspace, name));
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    let alone = dirty("alone");
    check(&workspace, [&alone, &first, &first, &first]);

    // The Dockerfile copies one file by its name, and this is another.
    workspace.write("packages/core/new.py", "NEW = 1\n");
    check(&workspace, [&alone, &first, &first, &first]);

    workspace.append("packages/core/core.py", "# An edit.\n");
    check(&workspace, [&alone, &dirty("base-core"), &dirty("reader"), &dirty("writer")]);

    workspace.build(&["reader"], 0);
    let manifest = workspace.manifest();
    assert_eq!(image(&manifest, "reader")["dirty"], true);
}

#[test]
fn without_git_the_fingerprint_names_it() {
    let workspace = Workspace::of_four("");
    std::fs::remove_dir_all(workspace.root().join(".git")).unwrap();
    let tags = ALL.map(|name| format!("sha-{:.12}", fingerprint(&workspace, name)));
    check(&workspace, tags.each_ref().map(String::as_str));
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 0);
    let note = "note: tags are `sha-…`, not `git-…`: not a git repository";
    assert!(ended.stderr.starts_with(note), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn by_the_content_policy_the_fingerprint_names_it() {
    let workspace = Workspace::of_four("tag-policy = \"content\"\n");
    let tags = ALL.map(|name| format!("sha-{:.12}", fingerprint(&workspace, name)));
    check(&workspace, tags.each_ref().map(String::as_str));
    assert_eq!(workspace.run(&["build-lambdas", "--dry-run"], 0).stderr, "");
}

#[test]
fn restored_content_gets_a_new_name_and_no_build() {
    let workspace = Workspace::of_four("");
    let before = workspace.build(&["alone"], 0);
    let content = workspace.read("lambdas/alone/handler.py");
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    workspace.commit("changed");
    workspace.write("lambdas/alone/handler.py", &content);
    let commit = workspace.commit("restored");
    workspace.docker_calls();

    let after = workspace.build(&["alone"], 0);
    assert_eq!(field(&after, "action"), BTreeMap::from([("alone", "retag")]));
    assert_eq!(field(&after, "result"), BTreeMap::from([("alone", "retagged")]));
    assert_eq!(field(&after, "tag"), BTreeMap::from([("alone", format!("git-{commit}").as_str())]));
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.starts_with("buildx build")), "{calls:#?}");

    let id = |answer| {
        docker(&["image", "inspect", "--format", "{{.Id}}", field(answer, "image_ref")["alone"]])
    };
    assert_eq!(id(&after), id(&before));
    let manifest = workspace.manifest();
    assert_eq!(image(&manifest, "alone")["tags"][0], format!("git-{commit}"));
    let again = workspace.build(&["alone"], 0);
    assert_eq!(field(&again, "result"), BTreeMap::from([("alone", "up-to-date")]));
}
