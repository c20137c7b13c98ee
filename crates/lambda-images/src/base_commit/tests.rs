use super::*;
use expect_test::{Expect, expect};
use serde_json::json;

#[track_caller]
fn check(variables: &[(&str, &str)], event: Option<&Value>, expected: &Expect) {
    let variable = |wanted: &str| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    let found = candidates(None, variable, event);
    // The last ones are the same everywhere.
    let shown: Vec<String> = found[..found.len() - 5]
        .iter()
        .map(|one| format!("{:?} by {}", one.base, one.source))
        .collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn a_given_base_is_the_only_one() {
    let found = candidates(Some("v1.0"), |_| Some("x".to_owned()), None);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].base, Base::Exactly("v1.0".to_owned()));
}

#[test]
fn an_empty_one_is_not_given() {
    assert_eq!(candidates(Some(""), |_| None, None), candidates(None, |_| None, None));
}

#[test]
fn a_laptop_asks_the_default_branch() {
    let found = candidates(None, |_| None, None);
    let shown: Vec<_> = found.iter().map(|one| &one.base).collect();
    let merge_base = |branch: &str| Base::MergeBase(branch.to_owned());
    let expected =
        ["origin/HEAD", "origin/main", "main", "origin/master", "master"].map(merge_base);
    assert_eq!(shown, expected.iter().collect::<Vec<_>>());
}

#[test]
fn github() {
    let before = "1".repeat(40);
    let push =
        json!({ "before": before, "forced": false, "repository": { "default_branch": "trunk" } });
    check(
        &[],
        Some(&push),
        &expect![[r#"
        Exactly("1111111111111111111111111111111111111111") by `before` of the push
        MergeBase("origin/trunk") by the default branch
        MergeBase("trunk") by the default branch"#]],
    );
    let new_branch =
        json!({ "before": "0".repeat(40), "repository": { "default_branch": "trunk" } });
    check(
        &[],
        Some(&new_branch),
        &expect![[r#"
        MergeBase("origin/trunk") by the default branch
        MergeBase("trunk") by the default branch"#]],
    );
    let pull = json!({ "repository": { "default_branch": "trunk" } });
    check(
        &[("GITHUB_BASE_REF", "release/1")],
        Some(&pull),
        &expect![[r#"
        MergeBase("origin/release/1") by `GITHUB_BASE_REF`
        MergeBase("release/1") by `GITHUB_BASE_REF`
        MergeBase("origin/trunk") by the default branch
        MergeBase("trunk") by the default branch"#]],
    );
}

#[test]
fn gitlab() {
    check(
        &[
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc1"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_DEFAULT_BRANCH", "main"),
        ],
        None,
        &expect![[r#"
            Exactly("abc1") by `CI_MERGE_REQUEST_DIFF_BASE_SHA`
            MergeBase("origin/main") by `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`
            MergeBase("main") by `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`"#]],
    );
    check(
        &[("CI_COMMIT_BEFORE_SHA", &"0".repeat(40)), ("CI_DEFAULT_BRANCH", "trunk")],
        None,
        &expect![[r#"
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
}

#[test]
fn codebuild_and_buildkite() {
    check(
        &[
            ("CODEBUILD_WEBHOOK_BASE_REF", "refs/heads/main"),
            ("CODEBUILD_WEBHOOK_PREV_COMMIT", "abc1"),
        ],
        None,
        &expect![[r#"
            MergeBase("origin/main") by `CODEBUILD_WEBHOOK_BASE_REF`
            MergeBase("main") by `CODEBUILD_WEBHOOK_BASE_REF`
            Exactly("abc1") by `CODEBUILD_WEBHOOK_PREV_COMMIT`"#]],
    );
    check(
        &[
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", ""),
            ("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "trunk"),
        ],
        None,
        &expect![[r#"
            MergeBase("origin/trunk") by the default branch
            MergeBase("trunk") by the default branch"#]],
    );
}
