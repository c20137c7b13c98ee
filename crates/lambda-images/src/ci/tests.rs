use super::*;
use serde_json::json;

#[track_caller]
fn check(variables: &str, event: Option<&Value>, expected: Option<(&str, bool)>) {
    let variable = |name: &str| {
        let pairs = variables.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.filter(|pair| pair.0 == name).map(|pair| pair.1.to_owned()).next()
    };
    let run = ci_run(variable, event);
    let told = run.as_ref().map(|run| (run.variable, run.is_of_default_branch()));
    assert_eq!(told, expected, "{variables}: {run:?}");
}

#[test]
fn no_service() {
    check("", None, None);
    check("CI=false", None, None);
    check("CI=0 HOME=/", None, None);
    check("CI=true", None, Some(("CI", false)));
    check("JENKINS_URL=https://ci.example/", None, Some(("JENKINS_URL", false)));
}

#[test]
fn github() {
    let event = json!({ "repository": { "default_branch": "trunk" } });
    let github = |rest: &str| format!("CI=true GITHUB_ACTIONS=true {rest}");
    let on = |default| Some(("GITHUB_ACTIONS", default));
    check(&github("GITHUB_REF=refs/heads/main"), None, on(true));
    check(&github("GITHUB_REF=refs/heads/trunk"), Some(&event), on(true));
    check(&github("GITHUB_REF=refs/heads/main"), Some(&event), on(false));
    check(&github("GITHUB_REF=refs/tags/main"), None, on(false));
    let pull = "GITHUB_REF=refs/pull/1/merge GITHUB_EVENT_NAME=pull_request GITHUB_BASE_REF=main";
    check(&github(pull), None, on(false));
    // It runs on the default branch's own workflow, for somebody else's code.
    let target = "GITHUB_REF=refs/heads/main GITHUB_EVENT_NAME=pull_request_target";
    check(&github(target), None, on(false));
}

#[test]
fn others() {
    let gitlab = |rest: &str| format!("CI=true GITLAB_CI=true CI_DEFAULT_BRANCH=dev {rest}");
    check(&gitlab("CI_COMMIT_BRANCH=dev"), None, Some(("GITLAB_CI", true)));
    check(&gitlab("CI_COMMIT_BRANCH=main"), None, Some(("GITLAB_CI", false)));
    check(&gitlab("CI_MERGE_REQUEST_IID=7"), None, Some(("GITLAB_CI", false)));
    let buildkite = |rest: &str| format!("BUILDKITE=true BUILDKITE_BRANCH=main {rest}");
    check(&buildkite("BUILDKITE_PULL_REQUEST=false"), None, Some(("BUILDKITE", true)));
    check(&buildkite("BUILDKITE_PULL_REQUEST=12"), None, Some(("BUILDKITE", false)));
    let codebuild = |rest: &str| {
        format!("CODEBUILD_BUILD_ID=x:1 CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/main {rest}")
    };
    check(&codebuild("CODEBUILD_WEBHOOK_EVENT=PUSH"), None, Some(("CODEBUILD_BUILD_ID", true)));
    let pull = "CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_UPDATED";
    check(&codebuild(pull), None, Some(("CODEBUILD_BUILD_ID", false)));
}
