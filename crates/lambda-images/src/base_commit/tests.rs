use super::*;
use expect_test::{Expect, expect};
use serde_json::json;

const BEFORE: &str = "1111111111111111111111111111111111111111";
const ZEROS: &str = "0000000000000000000000000000000000000000";

fn search(given: Option<&str>, variables: &[(&str, &str)], event: &EventFile) -> BaseSearch {
    let variable = |wanted: &str| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    base_search(given, variable, event)
}

/// What runs, then each candidate.
fn shown(search: &BaseSearch) -> String {
    let mut text = search.run.clone();
    for Candidate { base, source, needs_whole_clone } in &search.candidates {
        let condition = if *needs_whole_clone { ", in a whole clone" } else { "" };
        text += &format!("\n{base:?} by {source}{condition}");
    }
    text + &search.trouble.as_ref().map(|why| format!("\ntrouble: {why}")).unwrap_or_default()
}

/// By variables alone.
#[track_caller]
fn check(variables: &[(&str, &str)], expected: &Expect) {
    expected.assert_eq(&shown(&search(None, variables, &EventFile::NotNamed)));
}

/// A run of GitHub Actions in a repository whose default branch is `trunk`.
#[track_caller]
fn github(name: &str, reference: &str, mut event: Value, more: &[(&str, &str)], expected: &Expect) {
    event["repository"] = json!({ "default_branch": "trunk" });
    let variables = [
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_REF", reference)],
        more,
    ];
    expected.assert_eq(&shown(&search(None, &variables.concat(), &EventFile::Content(event))));
}

#[test]
fn a_given_base_is_the_only_candidate() {
    let found = search(Some("v1.0"), &[("GITHUB_BASE_REF", "main")], &EventFile::NotNamed);
    assert_eq!(shown(&found), "`--base`\nExactly(\"v1.0\") by `--base`");
    let of_service = search(None, &[], &EventFile::NotNamed);
    assert_eq!(search(Some(""), &[], &EventFile::NotNamed), of_service);
}

#[test]
fn the_last_success_is_a_variable_or_else_a_ref() {
    let last = |variables: &[(&str, &str)]| {
        shown(&search(Some("last-success"), variables, &EventFile::NotNamed))
    };
    expect![[r#"
        `--base last-success`
        Exactly("refs/lambda-images/last-success") by the ref of the last success
        Exactly("refs/tags/last-success") by the tag of the last success"#]]
    .assert_eq(&last(&[("GITHUB_BASE_REF", "main"), ("LAMBDA_IMAGES_LAST_SUCCESS", "")]));
    expect![[r#"
        `--base last-success`
        Exactly("1111111111111111111111111111111111111111") by `LAMBDA_IMAGES_LAST_SUCCESS`"#]]
    .assert_eq(&last(&[("LAMBDA_IMAGES_LAST_SUCCESS", BEFORE)]));
}

#[test]
fn a_laptop_compares_with_the_default_branch() {
    check(
        &[("CI", "false"), ("GITHUB_ACTIONS", "false")],
        &expect![[r#"
            this tree
            MergeBase("origin/HEAD") by the default branch
            MergeBase("origin/main") by the default branch
            MergeBase("main") by the default branch
            MergeBase("origin/master") by the default branch
            MergeBase("master") by the default branch"#]],
    );
}

#[test]
fn github_pull_requests() {
    let request = json!({
        "action": "synchronize",
        "before": BEFORE,
        "pull_request": { "base": { "ref": "release", "sha": "b5" }, "head": { "sha": "4ead" } },
    });
    let expected = expect![[r#"
        this pull request
        FirstParentOfMerge("4ead") by the target branch of the test merge
        ForkPoint("origin/release") by `GITHUB_BASE_REF`
        ForkPoint("release") by `GITHUB_BASE_REF`
        MergeBase("b5") by `base.sha` of the pull request"#]];
    let base_ref = [("GITHUB_BASE_REF", "release")];
    for name in ["pull_request", "pull_request_target", "pull_request_review"] {
        github(name, "refs/pull/7/merge", request.clone(), &base_ref, &expected);
    }
    // A called workflow has its caller's event.
    github("workflow_call", "refs/pull/7/merge", request.clone(), &base_ref, &expected);
    github(
        "pull_request",
        "refs/pull/7/merge",
        request,
        &[],
        &expect![[r#"
            this pull request
            FirstParentOfMerge("4ead") by the target branch of the test merge
            ForkPoint("origin/release") by `base.ref` of the pull request
            ForkPoint("release") by `base.ref` of the pull request
            MergeBase("b5") by `base.sha` of the pull request"#]],
    );
    check(
        &base_ref,
        &expect![[r#"
            this pull request
            ForkPoint("origin/release") by `GITHUB_BASE_REF`
            ForkPoint("release") by `GITHUB_BASE_REF`
            trouble: `GITHUB_EVENT_PATH` is not set"#]],
    );
}

#[test]
fn github_pushes() {
    let push = |before: &str, forced: bool| json!({ "before": before, "forced": forced });
    github(
        "push",
        "refs/heads/trunk",
        push(BEFORE, false),
        &[],
        &expect![[r#"
            this push to `trunk`
            Exactly("1111111111111111111111111111111111111111") by `before` of the push"#]],
    );
    github(
        "push",
        "refs/heads/topic",
        push(BEFORE, false),
        &[],
        &expect![[r#"
            this push to `topic`
            Exactly("1111111111111111111111111111111111111111") by `before` of the push
            MergeBase("origin/trunk") by the default branch, in a whole clone
            MergeBase("trunk") by the default branch, in a whole clone"#]],
    );
    github(
        "push",
        "refs/heads/topic",
        push(BEFORE, true),
        &[],
        &expect![[r#"
            this push to `topic`
            Exactly("1111111111111111111111111111111111111111") by `before` of the push
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
    github(
        "push",
        "refs/heads/topic",
        push(ZEROS, false),
        &[],
        &expect![[r#"
            this push to `topic`
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
    github(
        "push",
        "refs/heads/trunk",
        push(ZEROS, false),
        &[],
        &expect![[r#"this push to `trunk`"#]],
    );
    let unreadable = EventFile::Unreadable("failed to read `e.json`: gone".to_owned());
    let variables = [("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/topic")];
    expect![[r#"
        this push to `topic`
        trouble: failed to read `e.json`: gone"#]]
    .assert_eq(&shown(&search(None, &variables, &unreadable)));
}

#[test]
fn github_runs_without_a_base() {
    let run = |name: &str, reference: &str, event: Value, expected: &Expect| {
        github(name, reference, event, &[], expected);
    };
    let tag = expect![[r#"this run for a tag"#]];
    run("push", "refs/tags/v1", json!({ "before": ZEROS, "ref": "refs/tags/v1" }), &tag);
    run("push", "refs/tags/v1", json!({ "before": BEFORE, "ref": "refs/tags/v1" }), &tag);
    run("release", "refs/tags/v1", json!({ "action": "published" }), &tag);
    run("workflow_dispatch", "refs/tags/v1", json!({ "ref": "refs/tags/v1" }), &tag);
    let schedule = json!({ "schedule": "0 4 * * *" });
    run("schedule", "refs/heads/trunk", schedule, &expect![[r#"this run by `schedule`"#]]);
    run(
        "workflow_dispatch",
        "refs/heads/trunk",
        json!({ "ref": "refs/heads/trunk", "inputs": {} }),
        &expect![[r#"this run by `workflow_dispatch`"#]],
    );
    run(
        "repository_dispatch",
        "refs/heads/trunk",
        json!({ "client_payload": { "before": BEFORE } }),
        &expect![[r#"this run by `repository_dispatch`"#]],
    );
}

#[test]
fn github_runs_of_other_branches() {
    let run = |name: &str, reference: &str, event: Value, expected: &Expect| {
        github(name, reference, event, &[], expected);
    };
    run(
        "merge_group",
        "refs/heads/gh-readonly-queue/trunk/pr-7-b5",
        json!({ "merge_group": { "base_sha": BEFORE, "base_ref": "refs/heads/trunk" } }),
        &expect![[r#"
            this merge group
            Exactly("1111111111111111111111111111111111111111") by `base_sha` of the merge group"#]],
    );
    run(
        "workflow_dispatch",
        "refs/heads/topic",
        json!({ "ref": "refs/heads/topic" }),
        &expect![[r#"
            this run by `workflow_dispatch`
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
    run(
        "workflow_run",
        "refs/heads/trunk",
        json!({ "workflow_run": { "pull_requests": [] } }),
        &expect![[r#"
            this run by `workflow_run`
            ForkPoint("origin/trunk") by the default branch
            ForkPoint("trunk") by the default branch"#]],
    );
    run(
        "workflow_run",
        "refs/heads/trunk",
        json!({ "workflow_run": { "pull_requests": [{ "base": { "ref": "release" } }] } }),
        &expect![[r#"
            this run by `workflow_run`
            ForkPoint("origin/release") by `base.ref` of the pull request
            ForkPoint("release") by `base.ref` of the pull request"#]],
    );
}

#[test]
fn gitlab_merge_requests() {
    check(
        &[
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_COMMIT_BEFORE_SHA", BEFORE),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc1"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""),
            ("CI_DEFAULT_BRANCH", "trunk"),
        ],
        &expect![[r#"
            this merge request
            Exactly("abc1") by `CI_MERGE_REQUEST_DIFF_BASE_SHA`
            ForkPoint("origin/main") by `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`
            ForkPoint("main") by `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`"#]],
    );
    // The head of a pipeline for merged results has all of the target branch.
    check(
        &[
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc1"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "abc2"),
        ],
        &expect![[r#"
            this merge request
            MergeBase("abc2") by `CI_MERGE_REQUEST_TARGET_BRANCH_SHA`
            Exactly("abc1") by `CI_MERGE_REQUEST_DIFF_BASE_SHA`"#]],
    );
}

#[test]
fn gitlab_branches_and_tags() {
    let gitlab = |source: &str, branch: &str, before: &str, expected: &Expect| {
        check(
            &[
                ("GITLAB_CI", "true"),
                ("CI_PIPELINE_SOURCE", source),
                ("CI_COMMIT_BRANCH", branch),
                ("CI_COMMIT_BEFORE_SHA", before),
                ("CI_DEFAULT_BRANCH", "trunk"),
            ],
            expected,
        );
    };
    gitlab(
        "push",
        "topic",
        BEFORE,
        &expect![[r#"
            this push to `topic`
            Exactly("1111111111111111111111111111111111111111") by `CI_COMMIT_BEFORE_SHA`
            MergeBase("origin/trunk") by the default branch, in a whole clone
            MergeBase("trunk") by the default branch, in a whole clone"#]],
    );
    gitlab(
        "push",
        "topic",
        ZEROS,
        &expect![[r#"
            this push to `topic`
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
    gitlab("push", "trunk", ZEROS, &expect![[r#"this push to `trunk`"#]]);
    gitlab("schedule", "trunk", ZEROS, &expect![[r#"this run by `schedule`"#]]);
    gitlab("web", "trunk", ZEROS, &expect![[r#"this run by `web`"#]]);
    check(
        &[
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "push"),
            ("CI_COMMIT_TAG", "v1"),
            ("CI_COMMIT_BEFORE_SHA", BEFORE),
        ],
        &expect![[r#"this run for a tag"#]],
    );
}

#[test]
fn buildkite() {
    let buildkite = |variables: &[(&str, &str)], expected: &Expect| {
        let common = [("BUILDKITE", "true"), ("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "trunk")];
        check(&[&common, variables].concat(), expected);
    };
    buildkite(
        &[("BUILDKITE_BRANCH", "topic"), ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "")],
        &expect![[r#"
            this run
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
    buildkite(
        &[("BUILDKITE_BRANCH", "topic"), ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "release")],
        &expect![[r#"
            this pull request
            ForkPoint("origin/release") by `BUILDKITE_PULL_REQUEST_BASE_BRANCH`
            ForkPoint("release") by `BUILDKITE_PULL_REQUEST_BASE_BRANCH`"#]],
    );
    buildkite(
        &[("BUILDKITE_BRANCH", "queue"), ("BUILDKITE_MERGE_QUEUE_BASE_COMMIT", "abc1")],
        &expect![[r#"
            this merge group
            Exactly("abc1") by `BUILDKITE_MERGE_QUEUE_BASE_COMMIT`"#]],
    );
    buildkite(&[("BUILDKITE_BRANCH", "trunk")], &expect![[r#"this run"#]]);
    buildkite(&[("BUILDKITE_TAG", "v1")], &expect![[r#"this run for a tag"#]]);
}

#[test]
fn codebuild() {
    check(
        &[
            ("CODEBUILD_WEBHOOK_EVENT", "PULL_REQUEST_UPDATED"),
            ("CODEBUILD_WEBHOOK_BASE_REF", "refs/heads/release"),
            ("CODEBUILD_WEBHOOK_PREV_COMMIT", "abc1"),
        ],
        &expect![[r#"
            this pull request
            ForkPoint("origin/release") by `CODEBUILD_WEBHOOK_BASE_REF`
            ForkPoint("release") by `CODEBUILD_WEBHOOK_BASE_REF`"#]],
    );
    check(
        &[
            ("CODEBUILD_WEBHOOK_EVENT", "PUSH"),
            ("CODEBUILD_WEBHOOK_BASE_REF", "refs/heads/main"),
            ("CODEBUILD_WEBHOOK_HEAD_REF", "refs/heads/main"),
            ("CODEBUILD_WEBHOOK_PREV_COMMIT", "abc1"),
        ],
        &expect![[r#"
            this push to `main`
            Exactly("abc1") by `CODEBUILD_WEBHOOK_PREV_COMMIT`"#]],
    );
    check(
        &[("CODEBUILD_BUILD_ID", "a:b"), ("CODEBUILD_WEBHOOK_HEAD_REF", "refs/tags/v1")],
        &expect![[r#"this run for a tag"#]],
    );
}

#[test]
fn services_that_name_no_default_branch() {
    check(
        &[("JENKINS_URL", "http://j"), ("CHANGE_TARGET", "main"), ("BRANCH_NAME", "PR-7")],
        &expect![[r#"
            this pull request
            ForkPoint("origin/main") by `CHANGE_TARGET`
            ForkPoint("main") by `CHANGE_TARGET`"#]],
    );
    check(
        &[
            ("JENKINS_URL", "http://j"),
            ("BRANCH_NAME", "main"),
            ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", "abc1"),
        ],
        &expect![[r#"
            this push to `main`
            Exactly("abc1") by `GIT_PREVIOUS_SUCCESSFUL_COMMIT`"#]],
    );
    check(
        &[("BITBUCKET_BUILD_NUMBER", "1"), ("BITBUCKET_PR_DESTINATION_BRANCH", "main")],
        &expect![[r#"
            this pull request
            ForkPoint("origin/main") by `BITBUCKET_PR_DESTINATION_BRANCH`
            ForkPoint("main") by `BITBUCKET_PR_DESTINATION_BRANCH`"#]],
    );
    check(
        &[("TF_BUILD", "True"), ("BUILD_SOURCEBRANCH", "refs/tags/v1")],
        &expect![[r#"this run for a tag"#]],
    );
    check(&[("CIRCLECI", "true"), ("CIRCLE_BRANCH", "main")], &expect![[r#"this run"#]]);
    // A clean checkout of the default branch must not pass for one that changes nothing.
    check(
        &[("CI", "true")],
        &expect![[r#"
            this run
            ForkPoint("origin/HEAD") by the default branch
            ForkPoint("origin/main") by the default branch
            ForkPoint("main") by the default branch
            ForkPoint("origin/master") by the default branch
            ForkPoint("master") by the default branch"#]],
    );
}
