//! On real repositories. A commit is shown by its subject; every history begins with `first`.

mod base;
mod comparing;
mod conversions;
mod history;
mod partial;
mod random;
mod shallow;
mod submodules;
mod worktree;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use expect_test::{Expect, expect};
use lambda_images::discovery::ImageName;
use lambda_images::stable::StableBases;
use lambda_images::tag::GitState;

use super::*;
use crate::checkout::Disk;
use crate::git_states::{git_states, since_head};
use crate::past::Now;
use crate::state::State;
use crate::tree_caches::TreeCaches;
use crate::workspace::fixture::Tree;

/// What git says of each image of `tree`, a line each.
fn shown(tree: &Tree) -> String {
    shown_in(tree, &tree.environment())
}

fn shown_in(tree: &Tree, environment: &Environment) -> String {
    show(tree, &ask(tree, environment).unwrap())
}

fn show(tree: &Tree, states: &BTreeMap<ImageName, GitState>) -> String {
    let subjects = subjects(tree);
    let subject = |commit: &str| subjects.get(commit).map_or("no commit", String::as_str);
    let lines = states.iter().map(|(name, state)| match state {
        GitState::Clean { commit } => format!("{name} clean {}\n", subject(commit)),
        GitState::Dirty { commit, paths } => {
            format!("{name} dirty {} {paths:?}\n", subject(commit))
        }
        GitState::Unknown { why, paths } if paths.is_empty() => format!("{name} unknown: {why}\n"),
        GitState::Unknown { why, paths } => format!("{name} unknown: {why} {paths:?}\n"),
    });
    lines.collect()
}

fn ask(tree: &Tree, environment: &Environment) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
    ask_on_stable(tree, environment, &[])
}

/// The same where Lambdas stand on these bases as they are.
fn ask_on_stable(
    tree: &Tree,
    environment: &Environment,
    stable: &[&str],
) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
    let stable = stable.iter().map(|name| (ImageName::new(name).unwrap(), "a digest".to_owned()));
    let stable: StableBases = stable.collect();
    let workspace = tree.read();
    let caches = TreeCaches::of_hashes(Vec::new());
    let disk = Disk { root: &workspace.root, caches: &caches };
    let found = Found::read(&disk, &workspace.graph)?;
    let inputs = found.inputs_on_stable(&workspace.graph, &stable);
    let now = Now {
        workspace: &workspace,
        found: &found,
        inputs: &inputs,
        caches: &caches,
        checkout: &disk,
        stable: &stable,
    };
    let git = Git::ask(&workspace.root, environment, &Against::Head);
    let since_head = since_head(&git, &workspace, &found)?;
    git_states(&git, &since_head, &now, &State::of_workspace(&workspace.root))
}

/// Subject of every commit, by id.
fn subjects(tree: &Tree) -> HashMap<String, String> {
    let command =
        tree.environment().command("git").args(["log", "--all", "--format=%H %s"]).output();
    let text = command.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(id, subject)| (id.to_owned(), subject.to_owned())).collect()
}

#[track_caller]
fn check(tree: &Tree, expected: &Expect) {
    expected.assert_eq(&shown(tree));
}

/// The state after a change of a clean tree.
#[track_caller]
fn check_change(change: impl FnOnce(&Tree), expected: &Expect) {
    let tree = Tree::committed();
    change(&tree);
    check(&tree, expected);
}

#[test]
fn without_a_repository_nothing_is_known_and_nothing_is_dirty() {
    let tree = Tree::plain();
    assert!(shown(&tree).ends_with("directories): .git\n"), "{}", shown(&tree));
    let environment = tree.environment().with("PATH", tree.elsewhere());
    let not_run = "unknown: git can't be run: No such file or directory (os error 2)\n";
    assert!(shown_in(&tree, &environment).ends_with(not_run));
}

/// Why git can't be asked, the hint, and whether all images are dirty.
#[track_caller]
fn check_unreadable(tree: &Tree, environment: &Environment, expected: &Expect) {
    let none = Git::ask(&tree.root, environment, &Against::Head).err().expect("git can't be asked");
    let states = ask(tree, environment).unwrap();
    assert!(none.is_repository && states.values().all(GitState::is_dirty), "{none:?}");
    let text = format!("{}\nhint: {}\n", none.why, none.hint);
    expected.assert_eq(&text.replace(tree.root.to_str().unwrap(), "ROOT"));
}

#[test]
fn a_repository_without_a_commit_is_dirty() {
    let tree = Tree::plain();
    tree.git(&["init", "-q"]);
    tree.write("HEAD", "a file");
    check_unreadable(
        &tree,
        &tree.environment(),
        &expect![[r#"
            the repository has no commit yet
            hint: commit the files: `git add --all && git commit`
        "#]],
    );
}

/// The repository is there, and nothing says what it holds.
#[test]
fn a_repository_that_git_does_not_read_is_dirty() {
    let tree = Tree::committed();
    check_unreadable(
        &tree,
        &tree.environment().with("PATH", tree.elsewhere()),
        &expect![[r#"
            git can't be run: No such file or directory (os error 2)
            hint: install git, or put it on the `PATH`
        "#]],
    );
    check_unreadable(
        &tree,
        &tree.environment().with("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"),
        &expect![[r#"
            detected dubious ownership in repository at 'ROOT'
            hint: `git config --global --add safe.directory ROOT`, if you trust the owner of the folder
        "#]],
    );
    let head = fs::read(tree.path(".git/HEAD")).unwrap();
    fs::write(tree.path(".git/HEAD"), "damaged").unwrap();
    let broken = expect![[r#"
        not a git repository (or any of the parent directories): .git
        hint: `git status` in this folder shows the fault: repair the repository, mount all of it, or clone again
    "#]];
    check_unreadable(&tree, &tree.environment(), &broken);
    fs::write(tree.path(".git/HEAD"), head).unwrap();
    fs::write(tree.path(".git/index"), "damaged").unwrap();
    let none = Git::ask(&tree.root, &tree.environment(), &Against::Head).err().unwrap();
    assert!(none.why.contains("index file") && none.is_repository, "{none:?}");
}

#[test]
fn a_repository_without_the_commit_of_its_head_is_dirty() {
    let tree = Tree::committed();
    fs::remove_dir_all(tree.path(".git/objects")).unwrap();
    fs::create_dir(tree.path(".git/objects")).unwrap();
    check_unreadable(
        &tree,
        &tree.environment(),
        &expect![[r#"
            the head's commit or its tree is missing
            hint: `git fsck` says what is missing: fetch it, or clone again
        "#]],
    );
}

#[test]
fn a_link_to_a_repository_that_is_gone_is_dirty() {
    let tree = Tree::plain();
    tree.write(".git", "gitdir: /nowhere/.git/worktrees/work\n");
    check_unreadable(
        &tree,
        &tree.environment(),
        &expect![[r#"
            not a git repository: /nowhere/.git/worktrees/work
            hint: `git status` in this folder shows the fault: repair the repository, mount all of it, or clone again
        "#]],
    );
}

#[test]
fn the_workspace_in_a_subfolder_of_the_repository() {
    let tree = Tree::below("sub folder/with\nbreak");
    let top = tree.root.join("../..");
    tree.git_in(&top, &["init", "-q"]);
    tree.commit("first");
    tree.append("lambdas/two/handler.py", "#");
    tree.commit("two");
    fs::write(top.join("lambdas"), "not ours").unwrap();
    tree.git_in(&top, &["add", "--all"]);
    tree.git_in(&top, &["commit", "-q", "-m", "above"]);
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean two
    "#]],
    );
    tree.append("lambdas/one/handler.py", "#");
    tree.append("Cargo.toml", "args = { LEVEL = \"1\" }\n");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one dirty first ["Cargo.toml", "lambdas/one/handler.py"]
        two clean two
    "#]],
    );
}

#[test]
fn a_linked_worktree_is_a_repository_like_any() {
    let tree = Tree::committed();
    let folder = tree.elsewhere();
    tree.git(&["worktree", "add", "-q", "-b", "other", folder.to_str().unwrap()]);
    let other = tree.at(folder);
    other.append("lambdas/two/handler.py", "#");
    other.commit("two");
    other.append("lambdas/one/handler.py", "#");
    check(
        &other,
        &expect![[r#"
        base-low clean first
        one dirty first ["lambdas/one/handler.py"]
        two clean two
    "#]],
    );
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
}

#[test]
fn what_a_hook_sets_for_git_does_not_mislead() {
    let tree = Tree::committed();
    let environment = tree
        .environment()
        .with("GIT_DIR", ".git/nowhere")
        .with("GIT_INDEX_FILE", tree.elsewhere())
        .with("GIT_WORK_TREE", "/");
    expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]]
    .assert_eq(&shown_in(&tree, &environment));
}

#[test]
fn a_persons_own_configuration_does_not_matter() {
    let tree = Tree::committed();
    tree.append("lambdas/one/handler.py", "#");
    tree.git(&["stash", "-q"]);
    for (key, value) in [
        ("status.showStash", "true"),
        ("status.branch", "true"),
        ("status.relativePaths", "true"),
        ("status.renames", "copies"),
        ("status.showUntrackedFiles", "all"),
        ("diff.renames", "copies"),
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
        ("log.showSignature", "true"),
    ] {
        tree.git(&["config", key, value]);
    }
    tree.write("lambdas/two/größe.py", "");
    tree.commit("two");
    tree.append("lambdas/two/größe.py", "#");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty two ["lambdas/two/größe.py"]
    "#]],
    );
}

#[test]
fn no_lock_of_gits_is_taken() {
    let tree = Tree::committed();
    let file = fs::File::open(tree.path("lambdas/two/handler.py")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::write(tree.path(".git/index.lock"), "").unwrap();
    let before = fs::read(tree.path(".git/index")).unwrap();
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
    assert_eq!(fs::read(tree.path(".git/index")).unwrap(), before);
}
