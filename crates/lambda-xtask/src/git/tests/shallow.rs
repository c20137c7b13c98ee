//! Clones without all of their history.

use super::*;

/// A clone of `tree` with that many commits.
fn shallow(tree: &Tree, depth: usize) -> Tree {
    let folder = tree.elsewhere();
    let (from, depth) = (format!("file://{}", tree.root.display()), format!("--depth={depth}"));
    tree.git(&["clone", "-q", &depth, &from, folder.to_str().unwrap()]);
    tree.at(folder)
}

/// `first`, `idle`, `two`, `low`: the last two touch the image of that name.
fn four_commits() -> Tree {
    let tree = Tree::committed();
    tree.commit("idle");
    tree.append("lambdas/two/handler.py", "#");
    tree.commit("two");
    tree.append("packages/low/low.py", "#");
    tree.commit("low");
    tree
}

#[test]
fn enough_history() {
    // The parent of `two` is there to compare with.
    check(
        &shallow(&four_commits(), 3),
        &expect![[r#"
        base-low clean low
        one clean low
        two clean two
    "#]],
    );
}

#[test]
fn enough_history_for_some_images() {
    // `two` is there, but nothing to compare it with.
    check(
        &shallow(&four_commits(), 2),
        &expect![[r#"
        base-low clean low
        one clean low
        two unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest
    "#]],
    );
}

#[test]
fn too_little_history() {
    check(
        &shallow(&four_commits(), 1),
        &expect![[r#"
        base-low unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest
        one unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest
        two unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest
    "#]],
    );
}

#[test]
fn a_root_at_the_edge_is_whole() {
    check(
        &shallow(&Tree::committed(), 1),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
}

#[test]
fn a_dirty_tree_without_enough_history() {
    let clone = shallow(&four_commits(), 2);
    clone.append("lambdas/two/handler.py", "#");
    clone.append("packages/low/low.py", "#");
    check(
        &clone,
        &expect![[r#"
            base-low dirty low ["packages/low/low.py"]
            one dirty low ["packages/low/low.py"]
            two unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest ["lambdas/two/handler.py"]
        "#]],
    );
}

#[test]
fn history_that_is_fetched_later_counts() {
    let origin = four_commits();
    for _ in 0..3 {
        origin.commit("idle");
    }
    let clone = shallow(&origin, 1);
    assert!(shown(&clone).contains("two unknown"));
    // Deeper, and shallow still.
    clone.git(&["fetch", "-q", "--depth=6"]);
    check(
        &clone,
        &expect![[r#"
        base-low clean low
        one clean low
        two clean two
    "#]],
    );
    clone.git(&["fetch", "-q", "--unshallow"]);
    check(
        &clone,
        &expect![[r#"
        base-low clean low
        one clean low
        two clean two
    "#]],
    );
}

#[test]
fn a_worktree_of_a_shallow_clone() {
    let clone = shallow(&four_commits(), 2);
    let folder = clone.elsewhere();
    clone.git(&["worktree", "add", "-q", "-b", "other", folder.to_str().unwrap()]);
    check(
        &clone.at(folder),
        &expect![[r#"
        base-low clean low
        one clean low
        two unknown: the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest
    "#]],
    );
}

#[test]
fn one_parent_of_a_merge_is_enough_where_nothing_differs_from_it() {
    let origin = Tree::committed();
    origin.git(&["checkout", "-q", "-b", "side"]);
    for _ in 0..3 {
        origin.commit("idle");
    }
    origin.git(&["checkout", "-q", "main"]);
    origin.append("lambdas/two/handler.py", "#");
    origin.commit("two");
    origin.git(&["merge", "-q", "-m", "merge", "side"]);
    check(
        &shallow(&origin, 3),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean two
    "#]],
    );
}
