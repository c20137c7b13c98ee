//! Caches in GitHub's own service, where a runner starts with nothing: what one run has left there, the
//! next takes, and installs nothing anew.

use std::collections::BTreeSet;

use crate::support::{Ended, GithubCache, SecondEngine, Workspace, field};
use crate::warm_emptied::{all, empty, ended, fill, install};

#[track_caller]
pub(crate) fn check_github_cache(engine: &SecondEngine) {
    let service = GithubCache::start();
    let workspace = Workspace::empty("cache-from = [\"gha\"]\ncache-to = [\"gha\"]\n");
    fill(&workspace);
    let run = |variables: &[(&str, &str)]| {
        let mut command = workspace.xtask(&["build-lambdas", "--format", "json"]);
        engine.surround(command.envs(service.variables()).envs(variables.iter().copied()));
        Ended::of(&mut command).expect_code(0)
    };
    let built = [("base-core", "built"), ("reader", "built")].into();
    let installing = BTreeSet::from([install("core_wheel"), install("reader_wheel")]);

    empty(engine);
    let push = [("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/heads/main")];
    let main = run(&[push.as_slice(), &[("GITHUB_EVENT_NAME", "push")]].concat());
    assert_eq!(field(&main.json(), "result"), built);
    assert_eq!(ended(&workspace, &["base-core", "reader"]), all(&installing, "DONE"));
    // Each image has a scope of its own, else the last to be built would be the only one.
    let left = service.keys();
    for scope in ["base-core-linux-amd64", "reader-linux-amd64"] {
        let is_of_scope = |key: &&String| key.starts_with(&format!("index-{scope}"));
        assert_eq!(left.iter().filter(is_of_scope).count(), 1, "{left:?}");
    }

    empty(engine);
    workspace.append("lambdas/reader/handler.py", "# Edited.\n");
    let pull = [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")];
    let pulled = run(&[push.as_slice(), &pull].concat());
    assert_eq!(field(&pulled.json(), "result"), built);
    assert_eq!(ended(&workspace, &["base-core", "reader"]), all(&installing, "CACHED"));
    // A pull request reads, and leaves nothing.
    assert_eq!(service.keys(), left);

    // buildx takes the token from its environment: in an argv all of the machine could read it.
    let [_, (_, token)] = service.variables();
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.contains(token)), "{calls:#?}");
    assert!(!pulled.stderr.contains(token) && !main.stderr.contains(token));
}
