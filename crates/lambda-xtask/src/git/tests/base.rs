//! The commit to compare with, as each CI service leaves its clone.

use super::*;

/// `main` with `first` and `second`; a clone of it on `topic`, with a commit more.
fn cloned(depth: &str) -> (Tree, Tree) {
    let origin = Tree::committed();
    origin.append("lambdas/two/handler.py", "# second\n");
    origin.commit("second");
    let folder = origin.elsewhere();
    let from = format!("file://{}", origin.root.display());
    origin.git(&["clone", "-q", depth, "--no-single-branch", &from, folder.to_str().unwrap()]);
    let clone = origin.at(folder);
    clone.git(&["checkout", "-q", "-b", "topic"]);
    clone.append("lambdas/one/handler.py", "# topic\n");
    clone.commit("topic");
    (origin, clone)
}

/// The subject of the commit that is found and its source, or why there is none.
fn found(tree: &Tree, given: Option<&str>, variables: &[(&str, &str)]) -> String {
    let mut environment = tree.environment();
    let of_services = ["GITHUB_BASE_REF", "GITHUB_EVENT_PATH", "CI_COMMIT_BEFORE_SHA"];
    for name in of_services {
        environment = environment.without(name);
    }
    for (name, value) in variables {
        environment = environment.with(*name, *value);
    }
    let git = Git::ask(&tree.root, &environment, &Against::Base(given)).unwrap().unwrap();
    match git.find_base(given, &environment) {
        Ok(base) => {
            format!("{} by {}", tree.git(&["log", "-1", "--format=%s", &base.id]), base.source)
        }
        Err(none) => format!("none: {}\nhint: {}", none.why, none.hint),
    }
}

#[test]
fn a_branch_parts_from_the_default_branch() {
    let (_origin, clone) = cloned("--no-tags");
    assert_eq!(found(&clone, None, &[]), "second by the default branch");
    assert_eq!(found(&clone, Some("HEAD~2"), &[]), "first by `--base`");
    // A pull request's target is known as the remote's only.
    clone.git(&["branch", "-q", "-D", "main"]);
    let pull_request = [("GITHUB_BASE_REF", "main")];
    assert_eq!(found(&clone, None, &pull_request), "second by `GITHUB_BASE_REF`");
}

#[test]
fn a_push_has_a_commit_before_it_unless_it_was_forced_or_is_the_first() {
    let (_origin, clone) = cloned("--no-tags");
    let before = clone.git(&["rev-parse", "HEAD~2"]);
    let event = clone.elsewhere();
    let push = |before: &str| {
        fs::write(&event, format!("{{\"before\": \"{before}\"}}")).unwrap();
        found(&clone, None, &[("GITHUB_EVENT_PATH", event.to_str().unwrap())])
    };
    assert_eq!(push(&before), "first by `before` of the push");
    assert_eq!(push(&"0".repeat(40)), "second by the default branch");
    assert_eq!(push(&"1".repeat(40)), "second by the default branch");
    let gitlab = [("CI_COMMIT_BEFORE_SHA", before.as_str())];
    assert_eq!(found(&clone, None, &gitlab), "first by `CI_COMMIT_BEFORE_SHA`");
}

#[test]
fn a_shallow_clone_says_how_to_deepen_it() {
    let (_origin, clone) = cloned("--depth=1");
    clone.git(&["remote", "remove", "origin"]);
    clone.git(&["branch", "-q", "-D", "main"]);
    let none = found(&clone, None, &[]);
    assert!(none.starts_with("none: no commit to compare with: "), "{none}");
    let tried =
        "the default branch (`origin/HEAD`, `origin/main`, `main`, `origin/master`, `master`)";
    assert!(none.contains(tried), "{none}");
    assert!(none.contains("hint: the clone is shallow: `git fetch --unshallow`"), "{none}");
    let unknown = found(&clone, Some("v1"), &[]);
    assert!(unknown.starts_with("none: this repository has no commit `v1`\nhint: "), "{unknown}");
}

/// A name that nobody knows is a mistake of who gave it; an id may have been somebody's commit, and
/// what a shallow clone lacks may be there.
#[test]
fn a_name_that_there_is_not_is_a_mistake_where_all_names_are_known() {
    let (_origin, clone) = cloned("--no-tags");
    let (_other, shallow) = cloned("--depth=1");
    let is_mistake = |tree: &Tree, given: &str| {
        let environment = tree.environment();
        let git = Git::ask(&tree.root, &environment, &Against::Base(Some(given))).unwrap();
        git.unwrap().find_base(Some(given), &environment).unwrap_err().is_mistake
    };
    assert!(is_mistake(&clone, "nope"));
    assert!(!is_mistake(&shallow, "nope"));
    for id in ["1".repeat(40), "0".repeat(40)] {
        assert!(!is_mistake(&clone, &id));
    }
    assert_eq!(found(&clone, Some(""), &[]), "second by the default branch");
}

/// The commit behind the edge has an id that is known, and no tree.
#[test]
fn a_commit_behind_the_edge_is_no_commit_to_compare_with() {
    let (origin, clone) = cloned("--depth=1");
    let first = origin.git(&["rev-parse", "HEAD~1"]);
    let unknown = found(&clone, Some(&first), &[]);
    assert!(unknown.starts_with("none: "), "{unknown}");
}
