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
    let of_services = [
        "CI",
        "CI_COMMIT_BEFORE_SHA",
        "GITHUB_ACTIONS",
        "GITHUB_BASE_REF",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_REF",
        "GITLAB_CI",
        "LAMBDA_IMAGES_LAST_SUCCESS",
    ];
    for name in of_services {
        environment = environment.without(name);
    }
    for (name, value) in variables {
        environment = environment.with(*name, *value);
    }
    let git = Git::ask(&tree.root, &environment, &Against::Base(given)).unwrap();
    match git.find_base(given, &environment) {
        Ok(base) => {
            let subject = tree.git(&["log", "-1", "--format=%s", &base.id]);
            let note = base.note.map(|why| format!(", but {why}")).unwrap_or_default();
            format!("{subject} by {}{note}", base.source)
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
        git.find_base(Some(given), &environment).unwrap_err().is_mistake
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

/// The event's file of a run of GitHub Actions, and the variables that name it.
fn event(tree: &Tree, name: &str, reference: &str, content: &str) -> Vec<(&'static str, String)> {
    let path = tree.elsewhere().with_extension("json");
    fs::write(&path, content).unwrap();
    vec![
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_EVENT_NAME", name.to_owned()),
        ("GITHUB_REF", reference.to_owned()),
        ("GITHUB_EVENT_PATH", path.to_str().unwrap().to_owned()),
    ]
}

fn found_for(tree: &Tree, variables: &[(&'static str, String)]) -> String {
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    found(tree, None, &variables)
}

/// A clone with only the last `depth` commits of the head of a request with two commits.
fn request_cloned(depth: &str) -> (Tree, String) {
    let origin = Tree::committed();
    origin.git(&["checkout", "-q", "-b", "topic"]);
    origin.append("lambdas/one/handler.py", "# one\n");
    origin.commit("one");
    let before = origin.git(&["rev-parse", "HEAD"]);
    origin.append("lambdas/two/handler.py", "# two\n");
    origin.commit("two");
    let folder = origin.elsewhere();
    fs::create_dir(&folder).unwrap();
    let clone = origin.at(folder);
    clone.git(&["init", "-q"]);
    clone.git(&["remote", "add", "origin", &format!("file://{}", origin.root.display())]);
    clone.git(&["fetch", "-q", depth, "origin", "topic"]);
    clone.git(&["checkout", "-q", "--detach", "FETCH_HEAD"]);
    (clone, before)
}

#[test]
fn a_pull_request_whose_target_is_not_cloned_has_no_base() {
    let (clone, before) = request_cloned("--depth=2");
    let content = format!(
        "{{\"action\":\"synchronize\",\"before\":\"{before}\",\"pull_request\":{{\"base\":{{\"ref\":\"main\"}}}}}}"
    );
    let request = event(&clone, "pull_request", "refs/pull/1/merge", &content);
    let none = found_for(&clone, &request);
    assert!(none.starts_with("none: no commit to compare with: looked for "), "{none}");
    assert!(none.contains("`origin/main`") && none.contains("`git fetch --unshallow`"), "{none}");
    clone.git(&["fetch", "-q", "--unshallow", "origin"]);
    assert_eq!(found_for(&clone, &request), "first by `base.ref` of the pull request");
}

/// `actions/checkout` with `fetch-depth: 2` has both parents of the test merge and no branch.
#[test]
fn the_test_merge_of_a_pull_request_is_compared_with_its_first_parent() {
    let (_origin, clone) = cloned("--no-tags");
    let head = clone.git(&["rev-parse", "HEAD"]);
    clone.git(&["checkout", "-q", "--detach", "main"]);
    clone.git(&["merge", "-q", "--no-ff", "-m", "merge", &head]);
    clone.git(&["branch", "-q", "-D", "main"]);
    clone.git(&["remote", "remove", "origin"]);
    let request = |head: &str| {
        let content = format!("{{\"pull_request\":{{\"head\":{{\"sha\":\"{head}\"}}}}}}");
        found_for(&clone, &event(&clone, "pull_request", "refs/pull/1/merge", &content))
    };
    assert_eq!(request(&head), "second by the target branch of the test merge");
    let other = request(&"1".repeat(40));
    assert!(other.starts_with("none: "), "{other}");
}

#[test]
fn a_pull_request_that_is_merged_meanwhile_keeps_its_base() {
    let (_origin, clone) = cloned("--no-tags");
    let base = clone.git(&["rev-parse", "HEAD~1"]);
    // The remote's branch has all of the head now.
    clone.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    clone.git(&["branch", "-q", "-D", "main"]);
    let content =
        format!("{{\"pull_request\":{{\"base\":{{\"ref\":\"main\",\"sha\":\"{base}\"}}}}}}");
    let request = event(&clone, "pull_request", "refs/pull/1/merge", &content);
    assert_eq!(found_for(&clone, &request), "second by `base.sha` of the pull request");
}

/// The remote's default branch is the head itself: it does not say what the push changed.
#[test]
fn a_push_to_the_default_branch_is_compared_with_nothing_else() {
    let (_origin, clone) = cloned("--no-tags");
    clone.git(&["checkout", "-q", "main"]);
    let push = |before: &str| {
        let content = format!(
            "{{\"before\":\"{before}\",\"forced\":true,\"repository\":{{\"default_branch\":\"main\"}}}}"
        );
        found_for(&clone, &event(&clone, "push", "refs/heads/main", &content))
    };
    assert_eq!(push(&clone.git(&["rev-parse", "HEAD~1"])), "first by `before` of the push");
    for before in ["1".repeat(40), "0".repeat(40)] {
        let none = push(&before);
        assert!(none.starts_with("none: "), "{none}");
    }
}

#[test]
fn a_push_whose_commit_before_is_not_cloned_has_no_base() {
    let (_origin, clone) = cloned("--depth=1");
    let push = |forced: bool| {
        let content = format!(
            "{{\"before\":\"{}\",\"forced\":{forced},\"repository\":{{\"default_branch\":\"main\"}}}}",
            "1".repeat(40)
        );
        found_for(&clone, &event(&clone, "push", "refs/heads/topic", &content))
    };
    let none = push(false);
    assert!(none.contains("hint: the clone is shallow"), "{none}");
    assert_eq!(push(true), "second by the default branch");
}

#[test]
fn events_without_a_base_say_so() {
    let (_origin, clone) = cloned("--no-tags");
    let run = |name: &str, reference: &str| {
        let content = "{\"repository\":{\"default_branch\":\"main\"}}";
        found_for(&clone, &event(&clone, name, reference, content))
    };
    let none = run("schedule", "refs/heads/main");
    let expected = "none: this run by `schedule` has no commit to compare with\nhint: name one by";
    assert!(none.starts_with(expected), "{none}");
    let tag = run("push", "refs/tags/v1");
    assert!(tag.starts_with("none: this run for a tag has no commit to compare with\n"), "{tag}");
    assert_eq!(run("workflow_dispatch", "refs/heads/topic"), "second by the default branch");
}

#[test]
fn an_event_that_cannot_be_read_is_said() {
    let (_origin, clone) = cloned("--no-tags");
    let mut request = event(&clone, "pull_request", "refs/pull/1/merge", "{");
    request.push(("GITHUB_BASE_REF", "main".to_owned()));
    let base = found_for(&clone, &request);
    let expected = "second by `GITHUB_BASE_REF`, but failed to read the event's file `";
    assert!(base.starts_with(expected), "{base}");
    let push = event(&clone, "push", "refs/heads/topic", "{");
    let none = found_for(&clone, &push);
    let expected = "none: no commit to compare with: failed to read the event's file `";
    assert!(none.starts_with(expected), "{none}");
}

#[test]
fn the_last_success_is_what_was_recorded() {
    let (_origin, clone) = cloned("--no-tags");
    let last = |variables: &[(&str, &str)]| found(&clone, Some("last-success"), variables);
    let none = last(&[("GITHUB_BASE_REF", "main")]);
    assert!(none.starts_with("none: no commit to compare with: looked for "), "{none}");
    assert!(
        none.contains("`git push --force origin HEAD:refs/lambda-images/last-success`"),
        "{none}"
    );
    clone.git(&["update-ref", "refs/lambda-images/last-success", "HEAD~1"]);
    assert_eq!(last(&[]), "second by the ref of the last success");
    let first = clone.git(&["rev-parse", "HEAD~2"]);
    let variable = |id: &str| last(&[("LAMBDA_IMAGES_LAST_SUCCESS", id)]);
    assert_eq!(variable(&first), "first by `LAMBDA_IMAGES_LAST_SUCCESS`");
    // The variable has the last word, also about a commit that a forced push took away.
    assert!(variable(&"1".repeat(40)).starts_with("none: "));
    let environment = clone.environment();
    let git = Git::ask(&clone.root, &environment, &Against::Head).unwrap();
    clone.git(&["update-ref", "-d", "refs/lambda-images/last-success"]);
    let none = git.find_base(Some("last-success"), &environment).unwrap_err();
    assert!(!none.is_mistake);
}
