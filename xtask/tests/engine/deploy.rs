//! `manifest`: from images in a registry to what a deploying program is given.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, docker, image, test_registry};

fn config() -> String {
    format!("registry = \"{}\"\n", test_registry())
}

fn pushed_workspace() -> Workspace {
    let workspace = Workspace::of_four(&config());
    workspace.build(&["--push"], 0);
    workspace
}

/// Runs `manifest …`, which must succeed; gives its JSON.
#[track_caller]
fn deployed(workspace: &Workspace, arguments: &[&str]) -> Value {
    workspace.run(&[&["manifest"], arguments].concat(), 0).json()
}

#[track_caller]
fn names(answer: &Value) -> Vec<&str> {
    let images = answer["images"].as_array().unwrap();
    images.iter().map(|image| image["name"].as_str().unwrap()).collect()
}

/// Runs `manifest …`, which must refuse with this on stderr, and print nothing.
#[track_caller]
fn check_refused(workspace: &Workspace, arguments: &[&str], code: i32, stderr: &str) {
    let ended = workspace.run(&[&["manifest"], arguments].concat(), code);
    assert_eq!(ended.stderr, stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_is_printed_can_be_pulled() {
    let workspace = pushed_workspace();
    let ended = workspace.run(&["manifest", "--format", "env"], 0);
    assert_eq!(ended.stderr, "");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let [alone, reader, writer] = lines[..] else { panic!("{ended:?}") };
    assert!(alone.starts_with("ALONE_IMAGE=") && writer.starts_with("WRITER_IMAGE="));
    let reference = reader.strip_prefix("READER_IMAGE=").unwrap();
    let stack = workspace.stack();
    assert!(reference.starts_with(&format!("{}/reader-{stack}:git-", test_registry())));
    assert!(reference.contains("@sha256:"));
    docker(&["pull", "--quiet", reference]);
    // Where a digest is given, docker keeps no tag.
    let (tagged, digest) = reference.split_once('@').unwrap();
    let (repository, _) = tagged.rsplit_once(':').unwrap();
    docker(&["image", "rm", &format!("{repository}@{digest}")]);

    let answer = deployed(&workspace, &[]);
    assert_eq!(names(&answer), ["alone", "reader", "writer"]);
    assert_eq!(image(&answer, "reader")["image_ref"], reference);
    assert_eq!(answer["removed"], Value::Array(Vec::new()));
    assert_eq!(names(&deployed(&workspace, &["lambdas/reader"])), ["reader"]);
}

#[test]
fn only_what_differs_from_what_runs() {
    let workspace = pushed_workspace();
    workspace.write("deployed.json", &workspace.run(&["manifest"], 0).stdout);
    let since = ["--changed-since", "deployed.json"];
    assert_eq!(names(&deployed(&workspace, &since)), [""; 0]);

    // A commit that changes no image's content gives another name, and nothing to deploy.
    workspace.append("lambdas/alone/Dockerfile", "# A comment.\n");
    workspace.commit("a comment");
    workspace.build(&["--push"], 0);
    assert_eq!(names(&deployed(&workspace, &since)), [""; 0]);

    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    workspace.write_lambda("new", &[], "FROM scratch\nCOPY handler.py /\n");
    fs::remove_dir_all(workspace.root().join("lambdas/writer")).unwrap();
    workspace.commit("one edited, one new, one gone");
    workspace.build(&["--push"], 0);
    let ended = workspace.run(&[&["manifest"][..], &since].concat(), 0);
    assert_eq!(names(&ended.json()), ["alone", "new"]);
    assert_eq!(ended.json()["removed"], serde_json::json!(["writer"]));
    assert_eq!(
        ended.stderr,
        "note: removed from the workspace: `writer`\n\
         2 of 3 images differ from what was deployed\n"
    );
    // It is known to be gone without the earlier manifest too.
    let ended = workspace.run(&["manifest", "--format", "tfvars"], 0);
    assert_eq!(ended.stderr, "note: removed from the workspace: `writer`\n");
    let tfvars = ["manifest", "--format", "tfvars", "--allow-partial"];
    let some = workspace.run(&[&tfvars[..], &since].concat(), 0);
    assert!(some.stderr.contains("warning: these are some of the images"), "{some:?}");
}

#[test]
fn what_has_changed_but_is_not_built_is_told_though_the_old_one_runs() {
    let workspace = pushed_workspace();
    workspace.write("deployed.json", &workspace.run(&["manifest"], 0).stdout);
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    let since = ["--changed-since", "deployed.json"];
    check_refused(
        &workspace,
        &since,
        1,
        "error: `alone`: stale: its inputs have changed since it was built\n\
         hint: `cargo xtask build-lambdas --push alone`; `--allow-stale` deploys what was built\n",
    );
    assert_eq!(names(&deployed(&workspace, &[&since[..], &["--allow-stale"]].concat())), [""; 0]);
}

#[test]
fn what_stands_on_a_stable_base_is_refused_as_such() {
    let workspace = pushed_workspace();
    workspace.build(&["--dev", "--push", "reader"], 0);
    check_refused(
        &workspace,
        &[],
        1,
        "error: `reader`: of development mode: it stands on a `stable` base\n\
         hint: `cargo xtask build-lambdas --push reader` without `--dev`, and without `USE_STATIC_BASE_IMAGE`; `--allow-dev` deploys what was built\n",
    );
    let ended = workspace.run(&["manifest", "--allow-dev"], 0);
    assert_eq!(
        ended.stderr,
        "warning: `reader`: of development mode: it stands on a `stable` base\n"
    );
    assert_eq!(names(&ended.json()), ["alone", "reader", "writer"]);
    workspace.build(&["--push", "reader"], 0);
    assert_eq!(names(&deployed(&workspace, &[])), ["alone", "reader", "writer"]);
}

#[test]
fn what_is_not_fit_is_refused_each_with_its_mend() {
    let workspace = pushed_workspace();
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    check_refused(
        &workspace,
        &[],
        1,
        "error: `alone`: stale: its inputs have changed since it was built\n\
         hint: `cargo xtask build-lambdas --push alone`; `--allow-stale` deploys what was built\n",
    );
    assert_eq!(names(&deployed(&workspace, &["reader"])), ["reader"]);
    let ended = workspace.run(&["manifest", "--allow-stale"], 0);
    assert_eq!(
        ended.stderr,
        "warning: `alone`: stale: its inputs have changed since it was built\n"
    );
    assert_eq!(names(&ended.json()), ["alone", "reader", "writer"]);

    workspace.build(&["--load", "alone"], 0);
    workspace.write_lambda("new", &[], "FROM scratch\nCOPY handler.py /\n");
    check_refused(
        &workspace,
        &["alone", "new"],
        1,
        "error: `new`: not in the manifest\n\
         hint: `cargo xtask build-lambdas --push new` builds it or finds it in the registry; `--allow-missing` leaves it out\n\
         error: `alone`: dirty: it was built from inputs that are in no commit\n\
         hint: commit them, then `cargo xtask build-lambdas --push alone`; `--allow-dirty` deploys what was built\n\
         error: `alone`: only in the local Docker store\n\
         hint: `cargo xtask build-lambdas --push alone`; `--allow-local` is for who runs images without a registry\n",
    );
    let flags = ["--allow-missing", "--allow-dirty", "--allow-local"];
    assert_eq!(names(&deployed(&workspace, &flags)), ["alone", "reader", "writer"]);
}

#[test]
fn without_a_manifest_or_with_another_stack_s_there_is_nothing_to_deploy() {
    let workspace = Workspace::of_four("");
    let stack = workspace.stack();
    let hint = format!("hint: `cargo xtask build-lambdas --push --stack {stack}` writes it\n");
    let missing = "error: there is no manifest `target/lambda-images/images.json`\n";
    check_refused(&workspace, &[], 4, &format!("{missing}{hint}"));
    workspace.write("target/lambda-images/images.json", "{\"version\":1,");
    let damaged = "error: the manifest `target/lambda-images/images.json` is damaged\n";
    check_refused(&workspace, &[], 4, &format!("{damaged}{hint}"));
    let of_stack = |stack: &str| format!("{{\"version\":1,\"stack\":\"{stack}\",\"images\":[]}}");
    workspace.write("target/lambda-images/images.json", &of_stack("prod"));
    check_refused(
        &workspace,
        &[],
        2,
        &format!(
            "error: the manifest is of the stack `prod`, not `{stack}`\n\
             hint: `--stack prod`, or first `cargo xtask build-lambdas --push --stack {stack}`\n"
        ),
    );
    workspace.write("other.json", &of_stack("other"));
    let since = ["--stack", "prod", "--changed-since", "other.json"];
    check_refused(
        &workspace,
        &since,
        2,
        "error: `other.json` is of the stack `other`, not `prod`\n\
         hint: compare with what was deployed for the same stack\n",
    );
    check_refused(
        &workspace,
        &["--stack", "prod", "base-core"],
        2,
        "error: `base-core` is a base image: nothing is deployed from it\n\
         hint: name Lambda images; `cargo xtask graph` shows which are\n",
    );
}

#[test]
fn two_images_that_a_form_would_give_one_name_are_refused() {
    let workspace = pushed_workspace();
    workspace.write_lambda("al.one", &[], "FROM scratch\nCOPY handler.py /\n");
    workspace.write_lambda("al-one", &[], "FROM scratch\nCOPY handler.py /\n");
    for name in ["al.one", "al-one"] {
        let path = format!("lambdas/{name}/pyproject.toml");
        workspace.append(&path, &format!("[tool.lambda-image]\nname = \"{name}\"\n"));
    }
    // Python holds the two names equal; images do not.
    let path = "lambdas/al.one/pyproject.toml";
    workspace.write(
        path,
        &workspace
            .read(path)
            .replace("[project]\nname = \"al.one\"", "[project]\nname = \"other\""),
    );
    workspace.commit("two alike");
    workspace.build(&["--push"], 0);
    let ended = workspace.run(&["manifest", "--format", "sam"], 3);
    assert!(
        ended.stderr.starts_with("error: `al-one` and `al.one` would both be `AlOneImage`\nhint: "),
        "{ended:?}"
    );
    assert_eq!(deployed(&workspace, &[])["images"].as_array().unwrap().len(), 5);
}
