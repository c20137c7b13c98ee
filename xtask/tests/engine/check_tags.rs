//! `check-tags`: references in files, against the images as they are in the tree or in git's index.

use std::fs;
use std::process::Command;

use crate::support::{Workspace, image};

const FILE: &str = "deploy/images.yaml";

/// Runs `check-tags …`; gives the findings' first lines.
#[track_caller]
fn findings(workspace: &Workspace, arguments: &[&str], code: i32) -> Vec<String> {
    let ended = workspace.run(&[&["check-tags"], arguments].concat(), code);
    let lines = ended.stdout.lines().filter(|line| !line.starts_with(' '));
    lines.map(str::to_owned).collect()
}

/// The tag of an image in the plan.
fn tag(workspace: &Workspace, name: &str) -> String {
    let answer = workspace.build(&["--dry-run"], 0);
    image(&answer, name)["tag"].as_str().unwrap().to_owned()
}

fn fingerprint(workspace: &Workspace, name: &str) -> String {
    let answer = workspace.build(&["--dry-run"], 0);
    image(&answer, name)["fingerprint"].as_str().unwrap().to_owned()
}

/// A commit's tag for `image`, in a file that is committed too.
fn referring_workspace() -> Workspace {
    let workspace = Workspace::of_four("");
    let tag = tag(&workspace, "alone");
    workspace.write(FILE, &format!("image: \"host.example/alone-prod:{tag}@sha256:0\"\n"));
    workspace.commit("deployed");
    workspace
}

#[test]
fn each_finding_has_its_place_what_is_wrong_and_what_to_run() {
    let workspace = Workspace::of_four("");
    let tag = tag(&workspace, "reader");
    workspace.write(
        FILE,
        &format!(
            "reader: reader-prod:{tag}\n\
             writer: {{\"é\": \"host.example/writer-prod:latest\"}}\n\
             base: base-core-prod:stable\n\
             dirty: base-core-prod:{tag}-dirty-01234567\n\
             stale: alone-prod:git-0123456789ab\n"
        ),
    );
    workspace.commit("deployed");
    let ended = workspace.run(&["check-tags"], 1);
    assert_eq!(
        ended.stdout,
        format!(
            "{FILE}:2:16: writer: `host.example/writer-prod:latest` is floating: what `latest` leads to changes\n  \
             run: `cargo xtask manifest writer` prints a reference with a digest\n\
             {FILE}:4:8: base-core: `base-core-prod:{tag}-dirty-01234567` is dirty: made from inputs that are in no commit\n  \
             run: commit them, then `cargo xtask build-lambdas --push base-core`\n\
             {FILE}:5:8: alone: `alone-prod:git-0123456789ab` is stale: its inputs are those of another commit: it is now `{tag}`\n  \
             run: `cargo xtask build-lambdas --push alone`, then `cargo xtask manifest alone`\n"
        )
    );
    assert!(ended.stderr.ends_with(" files: 3 are wrong\n"), "{}", ended.stderr);
    assert_eq!(findings(&workspace, &["--only", "dirty"], 1).len(), 1);
    assert_eq!(findings(&workspace, &["--only", "dirty,floating", FILE], 1).len(), 2);
    assert_eq!(findings(&workspace, &["packages"], 0), [""; 0]);
}

#[test]
fn a_commit_elsewhere_leaves_a_reference_good_and_one_of_its_inputs_does_not() {
    let workspace = referring_workspace();
    assert_eq!(findings(&workspace, &[], 0), [""; 0]);
    workspace.append("lambdas/reader/handler.py", "# An edit.\n");
    workspace.commit("another image");
    assert_eq!(findings(&workspace, &[], 0), [""; 0]);
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    let found = findings(&workspace, &[], 1);
    assert!(found[0].ends_with("stale: its inputs are uncommitted: `lambdas/alone/handler.py`"));
    workspace.commit("this image");
    let found = findings(&workspace, &[], 1);
    assert!(found[0].contains("is stale: its inputs are those of another commit"), "{found:?}");
}

#[test]
fn the_manifest_is_looked_into() {
    let workspace = Workspace::of_four("");
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    workspace.build(&["alone"], 0);
    let found = findings(&workspace, &[], 1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("target/lambda-images/images.json:"), "{found:?}");
    assert!(found[0].ends_with("is dirty: made from inputs that are in no commit"), "{found:?}");
    // What is staged has no manifest.
    assert_eq!(findings(&workspace, &["--staged"], 0), [""; 0]);
}

#[test]
fn files_are_named_from_where_one_stands() {
    let workspace = Workspace::of_four("check-tags-exclude = [\"old\", \"**/*.lock\"]\n");
    for path in ["old/a.yaml", "deploy/b.lock", "deploy/README.md", "deploy/Dockerfile", FILE] {
        workspace.write(path, "alone-dev:latest\n");
    }
    workspace.commit("deployed");
    assert_eq!(findings(&workspace, &[], 1).len(), 1);
    let mut command = workspace.xtask(&["check-tags", "images.yaml", "../old", "README.md"]);
    let output = command.current_dir(workspace.root().join("deploy")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    // What is named is looked into, but for what the configuration leaves out.
    assert!(stdout.starts_with("images.yaml:1:1: alone: "), "{stdout}");
    assert!(stdout.contains("\nREADME.md:1:1: alone: "), "{stdout}");
    assert_eq!(stdout.lines().count(), 4, "{stdout}");
    let ended = workspace.run(&["check-tags", "nowhere.yaml"], 2);
    assert_eq!(
        ended.stderr,
        "error: there is no file `nowhere.yaml`\nhint: name files of this repository\n"
    );
    fs::write(workspace.beside().join("elsewhere"), "alone-dev:latest\n").unwrap();
    assert_eq!(findings(&workspace, &["../elsewhere"], 1).len(), 1);
    workspace.write("Cargo.toml", &workspace.read("Cargo.toml").replace("old", "[old"));
    let ended = workspace.run(&["check-tags"], 3);
    assert!(
        ended.stderr.starts_with("error: Cargo.toml:5:23: `[old` is not a glob: "),
        "{ended:?}"
    );
    workspace.write("Cargo.toml", &workspace.read("Cargo.toml").replace("[old", "old"));
    // Bytes that are no text are none; others are replaced.
    fs::write(workspace.root().join("binary"), b"\0alone-dev:latest").unwrap();
    fs::write(workspace.root().join("latin"), b"\xe9 alone-dev:latest").unwrap();
    assert_eq!(findings(&workspace, &["binary", "latin"], 1).len(), 1);
}

#[test]
fn without_a_repository_files_must_be_named() {
    let workspace = referring_workspace();
    fs::remove_dir_all(workspace.root().join(".git")).unwrap();
    let ended = workspace.run(&["check-tags"], 4);
    assert!(ended.stderr.starts_with("error: git keeps no files here: not a git repository"));
    let ended = workspace.run(&["check-tags", "--staged"], 4);
    assert!(ended.stderr.starts_with("error: nothing is staged: not a git repository"));
    // Doubt does not pass.
    let found = findings(&workspace, &[FILE], 1);
    assert!(found[0].contains("is stale: that can't be told: not a git repository"), "{found:?}");
}

#[test]
fn staged_content_is_checked_and_not_the_tree_s() {
    let workspace = referring_workspace();
    let good = workspace.read(FILE);
    workspace.write(FILE, "image: alone-prod:latest\n");
    assert_eq!(findings(&workspace, &["--staged"], 0), [""; 0]);
    assert_eq!(findings(&workspace, &[], 1).len(), 1);
    workspace.git(&["add", FILE]);
    workspace.write(FILE, &good);
    assert_eq!(findings(&workspace, &["--staged", FILE], 1).len(), 1);
    assert_eq!(findings(&workspace, &["--staged", "deploy"], 1).len(), 1);
    assert_eq!(findings(&workspace, &[], 0), [""; 0]);
    // A file that is gone from the tree is still committed.
    fs::remove_file(workspace.root().join(FILE)).unwrap();
    assert_eq!(findings(&workspace, &["--staged"], 1).len(), 1);
    workspace.git(&["rm", "--quiet", "--cached", FILE]);
    let ended = workspace.run(&["check-tags", "--staged", FILE], 0);
    assert!(
        ended.stderr.starts_with(&format!("note: `{FILE}` is not staged, and was not looked into")),
        "{}",
        ended.stderr
    );
}

#[test]
fn staged_inputs_are_compared_and_not_the_tree_s() {
    let workspace = referring_workspace();
    let handler = "lambdas/alone/handler.py";
    let before = workspace.read(handler);
    workspace.append(handler, "# An edit.\n");
    assert_eq!(findings(&workspace, &["--staged"], 0), [""; 0]);
    assert_eq!(findings(&workspace, &[], 1).len(), 1);
    workspace.git(&["add", handler]);
    workspace.write(handler, &before);
    let found = findings(&workspace, &["--staged"], 1);
    assert!(found[0].ends_with(&format!("stale: its inputs are uncommitted: `{handler}`")));
}

/// The fingerprints of the index are those of a tree that is made of it, whatever is in the tree,
/// and whether or not git's index is one that is read without git's help.
#[test]
fn staged_fingerprints_are_those_of_a_checkout_of_the_index() {
    for is_plain in [true, false] {
        let workspace = referring_workspace();
        if !is_plain {
            workspace.git(&["update-index", "--assume-unchanged", "lambdas/writer/handler.py"]);
            workspace.append("lambdas/writer/handler.py", "# Unseen.\n");
        }
        workspace.append("packages/core/core.py", "# Staged.\n");
        workspace.append("lambdas/reader/Dockerfile", "COPY extra.py /\n");
        workspace.write("lambdas/reader/extra.py", "EXTRA = 1\n");
        fs::remove_file(workspace.root().join("lambdas/alone/handler.py")).unwrap();
        workspace.write("lambdas/alone/Dockerfile", "FROM scratch\nCOPY *.py /\n");
        workspace.write("lambdas/alone/other.py", "OTHER = 1\n");
        workspace.git(&["add", "packages", "lambdas/reader", "lambdas/alone"]);
        // From here on only the tree changes.
        workspace.append("packages/core/core.py", "# Not staged.\n");
        fs::remove_file(workspace.root().join("lambdas/reader/extra.py")).unwrap();
        workspace.write("lambdas/alone/untracked.py", "UNTRACKED = 1\n");
        workspace.write("lambdas/writer/Dockerfile", "this is no Dockerfile\n");

        let copy = Workspace::other_checkout(&workspace, "");
        let prefix = format!("--prefix={}/", copy.root().display());
        workspace.git(&["checkout-index", "--all", "--force", &prefix]);
        let mut text = String::new();
        for name in ["alone", "base-core", "reader", "writer"] {
            text += &format!("{name}-dev:sha-{}\n", fingerprint(&copy, name));
        }
        workspace.write("deploy/all.txt", &text);
        workspace.git(&["add", "deploy"]);
        assert_eq!(findings(&workspace, &["--staged"], 1).len(), 1, "of `alone` in {FILE}");
        assert_eq!(findings(&workspace, &["--staged", "deploy/all.txt"], 0), [""; 0]);
        // The tree has problems that the index does not have.
        assert_eq!(findings(&workspace, &["deploy/all.txt"], 3), [""; 0]);
        workspace.git(&["checkout", "--quiet", "--", "lambdas/writer/Dockerfile"]);
        let found = findings(&workspace, &["deploy/all.txt"], 1);
        let of = |name: &str| found.iter().any(|line| line.contains(&format!(": {name}: ")));
        assert!(of("base-core") && of("reader") && of("alone"), "{found:?}");
    }
}

/// Lets git run `check-tags --staged` before each commit, as it is.
fn install_hook(workspace: &Workspace) {
    use std::os::unix::fs::PermissionsExt as _;
    let program = env!("CARGO_BIN_EXE_xtask");
    let hook = workspace.root().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\nexec '{program}' check-tags --staged\n")).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn check_commit(workspace: &Workspace, arguments: &[&str], is_good: bool) {
    let mut command = workspace.surround(Command::new("git"));
    let output = command.args(["commit", "--quiet", "-m", "x"]).args(arguments).output().unwrap();
    assert_eq!(output.status.success(), is_good, "{output:?}");
}

/// For `git commit -a` and `git commit PATH` git makes an index that is not yet the repository's.
#[test]
fn a_hook_checks_what_its_commit_will_hold() {
    let workspace = referring_workspace();
    install_hook(&workspace);
    let good = workspace.read(FILE);
    let bad = "image: alone-prod:latest\n";
    workspace.write(FILE, bad);
    check_commit(&workspace, &["--all"], false);
    check_commit(&workspace, &["--", FILE], false);
    check_commit(&workspace, &["--allow-empty"], true);
    workspace.git(&["add", FILE]);
    check_commit(&workspace, &[], false);
    // What is staged is not part of a commit of another file.
    workspace.write("notes.txt", "Nothing.\n");
    workspace.git(&["add", "notes.txt"]);
    check_commit(&workspace, &["--", "notes.txt"], true);
    workspace.write(FILE, &good);
    check_commit(&workspace, &["--all", "--allow-empty"], true);
    // Inputs and the reference to them in one commit.
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    check_commit(&workspace, &["--all"], false);
}

#[test]
fn the_first_commit_of_all_is_checked_on_disk() {
    let workspace = Workspace::empty("");
    workspace.write_four();
    workspace.write(FILE, "image: alone-prod:latest\n");
    workspace.git(&["add", "--all"]);
    let ended = workspace.run(&["check-tags", "--staged", FILE], 1);
    let note = "note: the repository has no commit yet: the files on disk are checked\n";
    assert!(ended.stderr.starts_with(note), "{}", ended.stderr);
}
