//! Other CI services, by their variables.
//!
//! Sources: GitLab ("Predefined CI/CD variables"), Buildkite ("Environment variables"), CodeBuild
//! ("Environment variables in build environments"), Bitbucket ("Variables and secrets"), Azure
//! Pipelines ("Use predefined variables"), Jenkins (its multibranch and git plugins), CircleCI
//! ("Built-in environment variables").

use super::{Base, BaseSearch, Branches, Variable};

/// `None`: nothing says that a CI service runs this.
pub(super) fn search(variable: &Variable) -> Option<BaseSearch> {
    let is_on = |name: &&str| {
        let value = variable(name).unwrap_or_default().to_ascii_lowercase();
        !["", "0", "false", "no"].contains(&value.as_str())
    };
    if GITLAB.iter().any(is_on_or_given(variable)) {
        return Some(gitlab(variable));
    }
    let known = SERVICES.iter().find(|service| service.variables.iter().any(is_on));
    match known {
        Some(service) => Some(service.search(variable)),
        None => ["CI", "TEAMCITY_VERSION"]
            .iter()
            .any(is_on)
            .then(|| Branches::default().search("this run")),
    }
}

fn is_on_or_given<'a>(variable: &'a Variable<'a>) -> impl Fn(&&str) -> bool + 'a {
    |name| variable(name).is_some_and(|value| value != "false")
}

const GITLAB: [&str; 4] = [
    "GITLAB_CI",
    "CI_COMMIT_BEFORE_SHA",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
];

fn gitlab(variable: &Variable) -> BaseSearch {
    let quoted = |name: &str| format!("`{name}`");
    for request in ["CI_MERGE_REQUEST", "CI_EXTERNAL_PULL_REQUEST"] {
        let field = |name: &str| format!("{request}_{name}");
        let [tip, diff, branch] =
            ["TARGET_BRANCH_SHA", "DIFF_BASE_SHA", "TARGET_BRANCH_NAME"].map(field);
        let mut search = BaseSearch::new("this merge request");
        // Only a pipeline for merged results has it.
        if let Some(tip_commit) = variable(&tip) {
            search = search.add(Base::MergeBase(tip_commit), &quoted(&tip));
        }
        search = search.exactly(variable(&diff).as_deref(), &quoted(&diff));
        if let Some(name) = variable(&branch) {
            search = search.fork_point(Some(&name), &quoted(&branch));
        }
        if !search.candidates.is_empty() {
            return search;
        }
    }
    if variable("CI_COMMIT_TAG").is_some() {
        return BaseSearch::new("this run for a tag");
    }
    let branches =
        Branches { branch: variable("CI_COMMIT_BRANCH"), default: variable("CI_DEFAULT_BRANCH") };
    // All zeros for schedules, manual runs and new branches.
    let before = variable("CI_COMMIT_BEFORE_SHA");
    match variable("CI_PIPELINE_SOURCE").filter(|source| source != "push") {
        Some(source) if before.as_ref().is_none_or(|id| id.bytes().all(|byte| byte == b'0')) => {
            branches.search(format!("this run by `{source}`"))
        }
        _ => branches.search_push(before.as_deref(), "`CI_COMMIT_BEFORE_SHA`", false),
    }
}

/// Which variable of a service says what; an empty name: it has none.
struct Service {
    /// One of them is set in each of its runs.
    variables: &'static [&'static str],
    /// The commit that a merge queue builds on.
    queue_base: &'static str,
    /// The branch that a request is to be merged into.
    target: &'static str,
    /// The kind of event, where `target` can be set in runs for other events.
    event: &'static str,
    tag: &'static str,
    branch: &'static str,
    default: &'static str,
    /// The commit before a push.
    before: &'static str,
}

const NONE: Service = Service {
    variables: &[],
    queue_base: "",
    target: "",
    event: "",
    tag: "",
    branch: "",
    default: "",
    before: "",
};

const SERVICES: [Service; 6] = [
    Service {
        variables: &[
            "BUILDKITE",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
        ],
        queue_base: "BUILDKITE_MERGE_QUEUE_BASE_COMMIT",
        target: "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        tag: "BUILDKITE_TAG",
        branch: "BUILDKITE_BRANCH",
        default: "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
        ..NONE
    },
    Service {
        variables: &[
            "CODEBUILD_BUILD_ID",
            "CODEBUILD_WEBHOOK_BASE_REF",
            "CODEBUILD_WEBHOOK_PREV_COMMIT",
        ],
        target: "CODEBUILD_WEBHOOK_BASE_REF",
        event: "CODEBUILD_WEBHOOK_EVENT",
        branch: "CODEBUILD_WEBHOOK_HEAD_REF",
        before: "CODEBUILD_WEBHOOK_PREV_COMMIT",
        ..NONE
    },
    Service {
        variables: &["BITBUCKET_BUILD_NUMBER"],
        target: "BITBUCKET_PR_DESTINATION_BRANCH",
        tag: "BITBUCKET_TAG",
        branch: "BITBUCKET_BRANCH",
        ..NONE
    },
    Service {
        variables: &["TF_BUILD"],
        target: "SYSTEM_PULLREQUEST_TARGETBRANCH",
        branch: "BUILD_SOURCEBRANCH",
        ..NONE
    },
    Service {
        variables: &["JENKINS_URL"],
        target: "CHANGE_TARGET",
        tag: "TAG_NAME",
        branch: "BRANCH_NAME",
        before: "GIT_PREVIOUS_SUCCESSFUL_COMMIT",
        ..NONE
    },
    Service { variables: &["CIRCLECI"], tag: "CIRCLE_TAG", branch: "CIRCLE_BRANCH", ..NONE },
];

impl Service {
    fn search(&self, variable: &Variable) -> BaseSearch {
        let of = |name: &str| if name.is_empty() { None } else { variable(name) };
        if let Some(commit) = of(self.queue_base) {
            let source = format!("`{}`", self.queue_base);
            return BaseSearch::new("this merge group").exactly(Some(&commit), &source);
        }
        let is_request = of(self.event).is_none_or(|event| event.starts_with("PULL_REQUEST"));
        if let Some(target) = of(self.target).filter(|_| is_request) {
            let source = format!("`{}`", self.target);
            return BaseSearch::new("this pull request").fork_point(Some(&target), &source);
        }
        let reference = of(self.branch);
        let is_tag = |reference: &String| reference.starts_with("refs/tags/");
        if of(self.tag).is_some() || reference.as_ref().is_some_and(is_tag) {
            return BaseSearch::new("this run for a tag");
        }
        let branch = reference.map(|reference| {
            reference.strip_prefix("refs/heads/").unwrap_or(&reference).to_owned()
        });
        let branches = Branches { branch, default: of(self.default) };
        match of(self.before) {
            Some(before) => {
                branches.search_push(Some(&before), &format!("`{}`", self.before), false)
            }
            None => branches.search("this run"),
        }
    }
}
