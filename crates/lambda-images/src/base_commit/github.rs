//! GitHub Actions, and services that run its workflows: by the name and the payload of the event.
//!
//! Sources: "Events that trigger workflows", "Default environment variables", "Webhook events and
//! payloads". A workflow that is called by another has the event of its caller.

use serde_json::Value;

use super::{Base, BaseSearch, Branches, EventFile, Variable};

/// `None`: this is no run of GitHub Actions.
pub(super) fn search(variable: &Variable, event: &EventFile) -> Option<BaseSearch> {
    let is_set = |name: &str| variable(name).is_some_and(|value| value != "false");
    let names = ["GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_BASE_REF"];
    if !names.into_iter().any(is_set) {
        return None;
    }
    let (payload, trouble) = match event {
        EventFile::Content(payload) => (payload, None),
        EventFile::Unreadable(why) => (&Value::Null, Some(why.clone())),
        EventFile::NotNamed => (&Value::Null, Some("`GITHUB_EVENT_PATH` is not set".to_owned())),
    };
    let run = Run { variable, payload };
    let kind = run.kind();
    let search = match kind.as_str() {
        "pull_request"
        | "pull_request_target"
        | "pull_request_review"
        | "pull_request_review_comment" => run.of_pull_request(),
        _ if run.is_of_tag() => BaseSearch::new("this run for a tag"),
        "merge_group" => BaseSearch::new("this merge group")
            .exactly(text(&payload["merge_group"]["base_sha"]), "`base_sha` of the merge group"),
        "push" => run.branches().search_push(
            text(&payload["before"]),
            "`before` of the push",
            payload["forced"] == true,
        ),
        "workflow_run" => run.of_workflow_run(),
        "schedule" => BaseSearch::new("this run by `schedule`"),
        kind => run.branches().search(format!("this run by `{kind}`")),
    };
    // A push without its event says nothing of the commit before it.
    let is_blind = trouble.is_some() && kind == "push";
    let candidates = if is_blind { Vec::new() } else { search.candidates };
    Some(BaseSearch { trouble, candidates, ..search })
}

struct Run<'a> {
    variable: &'a Variable<'a>,
    payload: &'a Value,
}

impl Run<'_> {
    /// The event's name; what its payload looks like where the variable does not say.
    fn kind(&self) -> String {
        let named = (self.variable)("GITHUB_EVENT_NAME").filter(|name| name != "workflow_call");
        let by_payload = || {
            let shapes = ["pull_request", "merge_group", "workflow_run", "schedule"];
            let is_shape = |name: &&str| !self.payload[*name].is_null();
            let shape = shapes.into_iter().find(is_shape);
            let is_request = || (self.variable)("GITHUB_BASE_REF").is_some();
            shape.unwrap_or_else(|| match is_request() {
                true => "pull_request",
                false if !self.payload["before"].is_null() => "push",
                false => "an unknown event",
            })
        };
        named.unwrap_or_else(|| by_payload().to_owned())
    }

    fn reference(&self) -> Option<String> {
        text(&self.payload["ref"])
            .filter(|reference| reference.starts_with("refs/"))
            .map(str::to_owned)
            .or_else(|| (self.variable)("GITHUB_REF"))
    }

    fn is_of_tag(&self) -> bool {
        self.reference().is_some_and(|reference| reference.starts_with("refs/tags/"))
    }

    fn branches(&self) -> Branches {
        let branch = self.reference();
        let branch = branch.as_deref().and_then(|text| text.strip_prefix("refs/heads/"));
        let default = text(&self.payload["repository"]["default_branch"]);
        Branches { branch: branch.map(str::to_owned), default: default.map(str::to_owned) }
    }

    /// The head is a test merge, whose first parent is the target branch, or the request's own head. The
    /// event's `base.sha` is the target branch at the last push: it counts where the branch is not in
    /// the clone, or was merged into meanwhile.
    fn of_pull_request(&self) -> BaseSearch {
        let request = &self.payload["pull_request"];
        let mut search = BaseSearch::new("this pull request");
        if let Some(head) = text(&request["head"]["sha"]) {
            let merge = Base::FirstParentOfMerge(head.to_owned());
            search = search.add(merge, "the target branch of the test merge");
        }
        match ((self.variable)("GITHUB_BASE_REF"), text(&request["base"]["ref"])) {
            (Some(branch), _) => search = search.fork_point(Some(&branch), "`GITHUB_BASE_REF`"),
            (None, Some(branch)) => {
                search = search.fork_point(Some(branch), "`base.ref` of the pull request");
            }
            (None, None) => {}
        }
        if let Some(base) = text(&request["base"]["sha"]) {
            let base = Base::MergeBase(base.to_owned());
            search = search.add(base, "`base.sha` of the pull request");
        }
        search
    }

    /// By its `ref` it is a run of the default branch, whatever it checks out.
    fn of_workflow_run(&self) -> BaseSearch {
        let requests = &self.payload["workflow_run"]["pull_requests"];
        let target = match requests.as_array().map(Vec::as_slice) {
            Some([request]) => text(&request["base"]["ref"]),
            _ => None,
        };
        let search = BaseSearch::new("this run by `workflow_run`");
        match target {
            Some(branch) => search.fork_point(Some(branch), "`base.ref` of the pull request"),
            None => search.fork_point(self.branches().default.as_deref(), super::DEFAULT_BRANCH),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
