//! Which commit the working tree is compared with, by what a CI service says of its run.
//!
//! Pure: variables and the event's JSON come in, candidates go out, the best first. Whether a
//! commit or a branch exists in this clone is for the caller to find out, candidate by candidate.
//!
//! Sources of the rules: GitHub ("Default environment variables" and the `push` payload), GitLab
//! ("Predefined CI/CD variables"), CodeBuild ("Environment variables in build environments"),
//! Buildkite ("Environment variables").

use serde_json::Value;

/// One way to find the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// How.
    pub base: Base,
    /// Where it comes from, for people: `GITHUB_BASE_REF`, `the default branch`.
    pub source: String,
}

/// How a base commit is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// This commit, branch or tag itself.
    Exactly(String),
    /// Where the head's history and this branch's part.
    MergeBase(String),
}

/// The candidates, best first. `variable` reads the environment, `event` is the content of the
/// file that `GITHUB_EVENT_PATH` names.
pub fn candidates(
    given: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
    event: Option<&Value>,
) -> Vec<Candidate> {
    let mut found = Candidates::default();
    // An empty one is a variable of the CI service that isn't set.
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        found.exactly(Some(given.to_owned()), "`--base`");
        return found.0;
    }
    // A merge request's own base: where one of these is set, nothing else is meant.
    found.exactly_variable(&variable, "CI_MERGE_REQUEST_DIFF_BASE_SHA");
    for name in MERGE_TARGETS {
        found.merge_base(variable(name), &format!("`{name}`"));
    }
    // A push: what the branch was before. After a forced push that commit may be missing here,
    // and the next candidate counts.
    let of_event = |value: &Value| value.as_str().map(str::to_owned);
    found.exactly(event.and_then(|event| of_event(&event["before"])), "`before` of the push");
    found.exactly_variable(&variable, "CI_COMMIT_BEFORE_SHA");
    found.exactly_variable(&variable, "CODEBUILD_WEBHOOK_PREV_COMMIT");
    let default = event.and_then(|event| of_event(&event["repository"]["default_branch"]));
    for branch in
        [default, variable("CI_DEFAULT_BRANCH"), variable("BUILDKITE_PIPELINE_DEFAULT_BRANCH")]
    {
        found.merge_base(branch, DEFAULT_BRANCH);
    }
    for branch in ["HEAD", "main", "master"] {
        found.merge_base(Some(branch.to_owned()), DEFAULT_BRANCH);
    }
    found.0
}

const DEFAULT_BRANCH: &str = "the default branch";

/// Variables that name the branch that a pull or merge request is to be merged into.
const MERGE_TARGETS: [&str; 4] = [
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
];

#[derive(Default)]
struct Candidates(Vec<Candidate>);

impl Candidates {
    fn exactly_variable(&mut self, variable: &impl Fn(&str) -> Option<String>, name: &str) {
        self.exactly(variable(name), &format!("`{name}`"));
    }

    /// All zeros stand for a branch that did not exist.
    fn exactly(&mut self, commit: Option<String>, source: &str) {
        if let Some(commit) = commit.filter(|commit| commit.bytes().any(|byte| byte != b'0')) {
            self.0.push(Candidate { base: Base::Exactly(commit), source: source.to_owned() });
        }
    }

    /// CI checks out one branch and knows the others only as the remote's.
    fn merge_base(&mut self, branch: Option<String>, source: &str) {
        let Some(branch) = branch.filter(|branch| !branch.is_empty()) else { return };
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch);
        let local = (branch != "HEAD").then(|| branch.to_owned());
        for spelling in std::iter::once(format!("origin/{branch}")).chain(local) {
            let candidate =
                Candidate { base: Base::MergeBase(spelling), source: source.to_owned() };
            if !self.0.contains(&candidate) {
                self.0.push(candidate);
            }
        }
    }
}

#[cfg(test)]
mod tests;
