//! Which commit the working tree is compared with, by what a CI service says of its run.
//!
//! Pure: variables and the event's JSON come in, candidates go out, the best first. Whether a
//! commit or a branch exists in this clone is for the caller to find out, candidate by candidate.
//!
//! # How it works
//! Each kind of event has fields of its own, and only those count: the `before` of a pull request is
//! the head of an earlier push, not a base. An event without a commit to compare with (a tag, a
//! schedule, a manual run of the default branch) has no candidates, and every image is affected.
//!
//! Outside of CI the tree is compared with the merge base with the default branch.

mod github;
mod services;

use serde_json::Value;

/// One way to find the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// How.
    pub base: Base,
    /// Where it comes from, for people: `GITHUB_BASE_REF`, `the default branch`.
    pub source: String,
    /// Whether it counts only in a clone with the whole history. There a commit before the push that is
    /// missing means that the push was forced; a shallow clone may only be too shallow for it.
    pub needs_whole_clone: bool,
}

/// How a base commit is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// This commit, branch or tag itself.
    Exactly(String),
    /// The merge base of the head and this branch or commit.
    MergeBase(String),
    /// The same, unless it is the head itself: a branch that has all of the head's history does not say
    /// what the head adds.
    ForkPoint(String),
    /// The head's first parent, if its second parent is this commit: the head is a test merge.
    FirstParentOfMerge(String),
}

/// What the event's file says, which `GITHUB_EVENT_PATH` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFile {
    /// The variable is not set.
    NotNamed,
    /// Why there is no content: a lowercase fragment that names the file.
    Unreadable(String),
    /// Its content.
    Content(Value),
}

/// What a run is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseSearch {
    /// What runs, for people: ``this push to `main` ``.
    pub run: String,
    /// The candidates, best first; none where this kind of run has no commit to compare with.
    pub candidates: Vec<Candidate>,
    /// What the CI service was to say and did not: a lowercase fragment.
    pub trouble: Option<String>,
    /// How to get a commit to compare with, where that follows from the run.
    pub hint: Option<String>,
}

/// The word that `--base` takes for the commit of the last run that succeeded.
pub const LAST_SUCCESS: &str = "last-success";
/// The variable that may name that commit.
pub const LAST_SUCCESS_VARIABLE: &str = "LAMBDA_IMAGES_LAST_SUCCESS";
/// The ref that may name it.
pub const LAST_SUCCESS_REF: &str = "refs/lambda-images/last-success";

/// What the tree is compared with. `variable` reads the environment; one that is empty counts as not
/// set.
pub fn base_search(
    given: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
    event: &EventFile,
) -> BaseSearch {
    let variable: &Variable = &|name| variable(name).filter(|value| !value.is_empty());
    match given.filter(|given| !given.is_empty()) {
        Some(LAST_SUCCESS) => last_success(variable),
        Some(given) => BaseSearch::new("`--base`").exactly(Some(given), "`--base`"),
        None => github::search(variable, event)
            .or_else(|| services::search(variable))
            .unwrap_or_else(|| BaseSearch::new("this tree").merge_base(None, DEFAULT_BRANCH)),
    }
}

/// By the variable where it is set: a workflow that asks its CI service has the last word.
fn last_success(variable: &Variable) -> BaseSearch {
    let mut search = BaseSearch::new("`--base last-success`");
    let recorded = variable(LAST_SUCCESS_VARIABLE);
    search = match &recorded {
        Some(_) => search.exactly(recorded.as_deref(), &format!("`{LAST_SUCCESS_VARIABLE}`")),
        None => search
            .exactly(Some(LAST_SUCCESS_REF), "the ref of the last success")
            .exactly(Some("refs/tags/last-success"), "the tag of the last success"),
    };
    search.hint(format!(
        "`git fetch --prune origin '+refs/lambda-images/*:refs/lambda-images/*'` brings it; the first run has none, and records one when it has succeeded: `git push --force origin HEAD:{LAST_SUCCESS_REF}`"
    ))
}

type Variable<'a> = dyn Fn(&str) -> Option<String> + 'a;

const DEFAULT_BRANCH: &str = "the default branch";

impl BaseSearch {
    fn new(run: impl Into<String>) -> BaseSearch {
        BaseSearch { run: run.into(), candidates: Vec::new(), trouble: None, hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> BaseSearch {
        BaseSearch { hint: Some(hint.into()), ..self }
    }

    fn add(mut self, base: Base, source: &str) -> BaseSearch {
        let candidate = Candidate { base, source: source.to_owned(), needs_whole_clone: false };
        if !self.candidates.contains(&candidate) {
            self.candidates.push(candidate);
        }
        self
    }

    /// All zeros stand for a commit that does not exist.
    fn exactly(self, commit: Option<&str>, source: &str) -> BaseSearch {
        match commit.filter(|commit| commit.bytes().any(|byte| byte != b'0')) {
            Some(commit) => self.add(Base::Exactly(commit.to_owned()), source),
            None => self,
        }
    }

    /// The merge base with a branch; `None` stands for the default branch of a service that does not name it.
    fn merge_base(self, branch: Option<&str>, source: &str) -> BaseSearch {
        self.branches(branch, source, Base::MergeBase)
    }

    fn fork_point(self, branch: Option<&str>, source: &str) -> BaseSearch {
        self.branches(branch, source, Base::ForkPoint)
    }

    /// CI checks out one branch and knows the others only as the remote's.
    fn branches(
        mut self,
        branch: Option<&str>,
        source: &str,
        base: impl Fn(String) -> Base,
    ) -> BaseSearch {
        let guesses = ["HEAD", "main", "master"];
        for branch in branch.as_ref().map_or(&guesses[..], std::slice::from_ref) {
            let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
            self = self.add(base(format!("origin/{branch}")), source);
            if branch != "HEAD" {
                self = self.add(base(branch.to_owned()), source);
            }
        }
        self
    }

    /// The same with these candidates last, in a clone with the whole history.
    fn or_if_whole(mut self, other: BaseSearch) -> BaseSearch {
        let more = other.candidates.into_iter();
        self.candidates.extend(more.map(|one| Candidate { needs_whole_clone: true, ..one }));
        self
    }
}

/// The branch that a run is of, and the default branch, as far as the service names them.
#[derive(Debug, Clone, Default)]
struct Branches {
    branch: Option<String>,
    default: Option<String>,
}

impl Branches {
    /// `None`: the service does not say.
    fn is_default(&self) -> Option<bool> {
        let branch = self.branch.as_deref()?;
        Some(match &self.default {
            Some(default) => default == branch,
            None => ["main", "master"].contains(&branch),
        })
    }

    /// What the branch adds to the default branch. The default branch itself has nothing to be compared
    /// with: which of its commits was built last is not known.
    fn search(&self, run: impl Into<String>) -> BaseSearch {
        let search = BaseSearch::new(run);
        match self.is_default() {
            Some(true) => search,
            Some(false) => search.merge_base(self.default.as_deref(), DEFAULT_BRANCH),
            None => search.fork_point(self.default.as_deref(), DEFAULT_BRANCH),
        }
    }

    /// What a push adds to the commit that the branch had `before` it. After a forced push, and for a new
    /// branch, what the branch adds to the default branch.
    fn search_push(&self, before: Option<&str>, source: &str, is_forced: bool) -> BaseSearch {
        let to = self.branch.as_ref().map(|branch| format!(" to `{branch}`")).unwrap_or_default();
        let search = BaseSearch::new(format!("this push{to}")).exactly(before, source);
        let rest = self.search("");
        if search.candidates.is_empty() || is_forced {
            BaseSearch { candidates: [search.candidates, rest.candidates].concat(), ..search }
        } else {
            search.or_if_whole(rest)
        }
    }
}

#[cfg(test)]
mod tests;
