//! Which CI service runs this, and for which branch, by what the service says in its variables.
//!
//! Pure: variables and the event's JSON come in. Where a service isn't known, `CI` says at least
//! that there is one. Which commit a run compares with is `base_commit`'s affair.
//!
//! Sources of the rules: GitHub ("Default environment variables"), GitLab ("Predefined CI/CD
//! variables"), CodeBuild ("Environment variables in build environments"), Buildkite ("Environment
//! variables").

use serde_json::Value;

/// A run of a CI service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiRun {
    /// The variable that told.
    pub variable: &'static str,
    /// Whether it is for a pull or merge request.
    pub is_pull_request: bool,
    /// The branch that is built, where the service says so.
    pub branch: Option<String>,
    /// The repository's default branch, where the service says so.
    pub default_branch: Option<String>,
}

impl CiRun {
    /// Whether the default branch is built, and not a request to merge into it. A service that
    /// names no default branch has `main` or `master`.
    pub fn is_of_default_branch(&self) -> bool {
        let Some(branch) = self.branch.as_deref().filter(|_| !self.is_pull_request) else {
            return false;
        };
        match &self.default_branch {
            Some(default) => default == branch,
            None => ["main", "master"].contains(&branch),
        }
    }
}

/// The CI service's run that this is; `None`: nothing says that it is one. `event` is the content
/// of the file that `GITHUB_EVENT_PATH` names.
pub fn ci_run(variable: impl Fn(&str) -> Option<String>, event: Option<&Value>) -> Option<CiRun> {
    let is_on = |name: &str| variable(name).is_some_and(|value| is_set(&value));
    let branch_of = |name: &str| {
        let value = variable(name)?;
        Some(value.strip_prefix("refs/heads/").unwrap_or(&value).to_owned())
    };
    if is_on("GITHUB_ACTIONS") {
        let of_event = event.and_then(|event| event["repository"]["default_branch"].as_str());
        // A tag is no branch, whatever its name.
        let reference = variable("GITHUB_REF");
        let branch = reference.as_deref().and_then(|text| text.strip_prefix("refs/heads/"));
        return Some(CiRun {
            variable: "GITHUB_ACTIONS",
            is_pull_request: variable("GITHUB_BASE_REF").is_some()
                || variable("GITHUB_EVENT_NAME").is_some_and(|name| name.starts_with("pull_")),
            branch: branch.map(str::to_owned),
            default_branch: of_event.map(str::to_owned),
        });
    }
    if is_on("GITLAB_CI") {
        return Some(CiRun {
            variable: "GITLAB_CI",
            is_pull_request: variable("CI_MERGE_REQUEST_IID").is_some(),
            branch: variable("CI_COMMIT_BRANCH"),
            default_branch: variable("CI_DEFAULT_BRANCH"),
        });
    }
    if is_on("BUILDKITE") {
        return Some(CiRun {
            variable: "BUILDKITE",
            is_pull_request: is_on("BUILDKITE_PULL_REQUEST"),
            branch: variable("BUILDKITE_BRANCH"),
            default_branch: variable("BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
        });
    }
    if variable("CODEBUILD_BUILD_ID").is_some() {
        let event = variable("CODEBUILD_WEBHOOK_EVENT").unwrap_or_default();
        return Some(CiRun {
            variable: "CODEBUILD_BUILD_ID",
            is_pull_request: event.starts_with("PULL_REQUEST")
                || variable("CODEBUILD_WEBHOOK_BASE_REF").is_some(),
            branch: branch_of("CODEBUILD_WEBHOOK_HEAD_REF"),
            default_branch: None,
        });
    }
    let variable = ["CI", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION"]
        .into_iter()
        .find(|name| is_on(name))?;
    Some(CiRun { variable, is_pull_request: false, branch: None, default_branch: None })
}

/// `CI=false` is how tools are told that there is none.
fn is_set(value: &str) -> bool {
    !["", "0", "false", "no"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests;
