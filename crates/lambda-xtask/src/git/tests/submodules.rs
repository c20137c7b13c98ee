//! Repositories within the repository.

use super::*;

/// A repository with one file, at `elsewhere`, and as a submodule of the tree at `path`.
fn with_submodule(path: &str) -> Tree {
    let tree = Tree::committed();
    let folder = tree.elsewhere();
    fs::create_dir(&folder).unwrap();
    tree.git_in(&folder, &["init", "-q"]);
    fs::write(folder.join("vendored.py"), "1").unwrap();
    tree.git_in(&folder, &["add", "--all"]);
    tree.git_in(&folder, &["commit", "-q", "-m", "vendored"]);
    tree.git(&["submodule", "--quiet", "add", folder.to_str().unwrap(), path]);
    tree.commit("submodule");
    tree
}

/// Another commit in the submodule at `path`.
fn advance(tree: &Tree, path: &str) {
    let folder = tree.path(path);
    tree.append(&format!("{path}/vendored.py"), "2");
    tree.git_in(&folder, &["commit", "-q", "-a", "-m", "advanced"]);
}

#[test]
fn what_a_submodule_keeps_is_clean() {
    check(
        &with_submodule("lambdas/two/vendor/sub"),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean submodule
    "#]],
    );
}

#[test]
fn a_dirty_submodule_makes_dirty() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    tree.append("lambdas/two/vendor/sub/vendored.py", "2");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub"]
    "#]],
    );
    tree.git_in(&tree.path("lambdas/two/vendor/sub"), &["checkout", "-q", "."]);
    tree.write("lambdas/two/vendor/sub/untracked.py", "");
    tree.write("lambdas/two/vendor/sub/left_out.toml", "");
    tree.append("lambdas/two/.dockerignore", "**/*.toml\n");
    tree.git(&["commit", "-q", "-m", "narrowed", "lambdas/two/.dockerignore"]);
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub/untracked.py"]
    "#]],
    );
}

#[test]
fn a_submodule_at_another_commit_makes_dirty_until_that_is_committed() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    advance(&tree, "lambdas/two/vendor/sub");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub"]
    "#]],
    );
    tree.commit("advanced");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean advanced
    "#]],
    );
}

#[test]
fn no_setting_hides_a_submodule() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    tree.append(".gitmodules", "ignore = all\n");
    tree.commit("hidden");
    tree.git(&["config", "diff.ignoreSubmodules", "all"]);
    advance(&tree, "lambdas/two/vendor/sub");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub"]
    "#]],
    );
    tree.git(&["add", "--force", "lambdas/two/vendor/sub"]);
    tree.git(&["commit", "-q", "-m", "advanced"]);
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean advanced
    "#]],
    );
}

#[test]
fn a_submodule_that_is_left_out_does_not_count() {
    let tree = with_submodule("lambdas/two/tests/sub");
    advance(&tree, "lambdas/two/tests/sub");
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
fn a_file_that_comes_back_from_an_excluded_submodule_counts() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    tree.write("lambdas/two/.dockerignore", "vendor\n!vendor/sub/vendored.py\n");
    tree.commit("narrowed");
    advance(&tree, "lambdas/two/vendor/sub");
    tree.commit("advanced");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean advanced
    "#]],
    );
}

#[test]
fn a_whole_image_in_a_submodule() {
    let tree = with_submodule("vendor/sub");
    let folder = tree.path("vendor/sub/image");
    fs::create_dir(&folder).unwrap();
    tree.write("vendor/sub/image/Dockerfile", "FROM scratch\n");
    tree.write("vendor/sub/image/pyproject.toml", "[project]\nname = \"three\"\n");
    tree.append("Cargo.toml", "lambdas = [\"lambdas/*\", \"vendor/sub/*\"]\n");
    tree.git_in(&folder, &["add", "--all"]);
    tree.git_in(&folder, &["commit", "-q", "-m", "image"]);
    tree.commit("image");
    advance(&tree, "vendor/sub");
    tree.commit("advanced");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        three clean advanced
        two clean first
    "#]],
    );
    tree.append("vendor/sub/image/Dockerfile", "# a comment\n");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        three dirty advanced ["vendor/sub"]
        two clean first
    "#]],
    );
}

/// A clone of a tree, without its submodules.
fn clone_of(origin: &Tree) -> Tree {
    let folder = origin.elsewhere().with_file_name("clone");
    origin.git(&["clone", "-q", ".", folder.to_str().unwrap()]);
    origin.at(folder)
}

#[test]
fn a_submodule_that_is_not_checked_out_makes_dirty() {
    let clone = clone_of(&with_submodule("lambdas/two/vendor/sub"));
    check(
        &clone,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub"]
    "#]],
    );
    clone.git(&["submodule", "--quiet", "update", "--init"]);
    check(
        &clone,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean submodule
    "#]],
    );
}

#[test]
fn a_submodule_that_no_image_reads_may_be_missing() {
    check(
        &clone_of(&with_submodule("lambdas/two/tests/sub")),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
}

#[test]
fn a_submodule_within_a_submodule_that_is_not_checked_out_makes_dirty() {
    let origin = with_submodule("lambdas/two/vendor/sub");
    let outer = origin.path("lambdas/two/vendor/sub");
    let inner = origin.elsewhere().with_file_name("inner");
    fs::create_dir(&inner).unwrap();
    origin.git_in(&inner, &["init", "-q"]);
    origin.git_in(&inner, &["commit", "-q", "--allow-empty", "-m", "inner"]);
    origin.git_in(&outer, &["submodule", "--quiet", "add", inner.to_str().unwrap(), "inner"]);
    origin.git_in(&outer, &["commit", "-q", "-m", "outer"]);
    origin.git_in(&outer, &["push", "-q", "origin", "HEAD:refs/heads/with-inner"]);
    origin.commit("nested");
    let clone = clone_of(&origin);
    clone.git(&["submodule", "--quiet", "update", "--init"]);
    check(
        &clone,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty nested ["lambdas/two/vendor/sub/inner"]
    "#]],
    );
    clone.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    check(
        &clone,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean nested
    "#]],
    );
}

/// As where a CI service copies a checkout and leaves the submodules' repositories behind.
#[test]
fn a_submodule_whose_repository_is_gone_makes_dirty() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    fs::remove_dir_all(tree.path(".git/modules")).unwrap();
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub", "lambdas/two/vendor/sub/vendored.py"]
    "#]],
    );
}

#[test]
fn where_the_repository_of_a_submodule_is_counts_in_a_linked_worktree() {
    let tree = with_submodule("lambdas/two/vendor/sub");
    let folder = tree.elsewhere().with_file_name("linked");
    tree.git(&["worktree", "add", "-q", "-b", "other", folder.to_str().unwrap()]);
    let linked = tree.at(folder);
    linked.git(&["submodule", "--quiet", "update", "--init"]);
    check(
        &linked,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty submodule ["lambdas/two/vendor/sub/.git"]
    "#]],
    );
    linked.append("lambdas/two/.dockerignore", "**/.git\n");
    linked.commit("narrowed");
    check(
        &linked,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean narrowed
    "#]],
    );
}
