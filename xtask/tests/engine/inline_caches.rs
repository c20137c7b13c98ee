//! Inline caches where nothing is known of the last build: a fresh clone on an empty engine, as a CI runner
//! has them, finds the last image in the registry and installs nothing anew.

use std::collections::BTreeSet;

use crate::support::{Ended, SecondEngine, Workspace, image, test_registry};
use crate::warm_emptied::{all, empty, ended, fill, install, run};

#[track_caller]
pub(crate) fn check_inline_cache(engine: &SecondEngine) {
    let registry = test_registry();
    let config =
        format!("registry = \"{registry}\"\ncache-from = [\"inline\"]\ncache-to = [\"inline\"]\n");
    let here = Workspace::empty(&config);
    fill(&here);
    let first = here.git(&["rev-parse", "--short=12", "HEAD"]);
    here.run(&["build-lambdas", "--cache-write=always"], 0);

    let there = Workspace::other_checkout(&here, "");
    there.git(&["fetch", "--quiet", here.root().to_str().unwrap(), "HEAD"]);
    there.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    assert!(!there.root().join("target").exists());
    there.append("lambdas/reader/handler.py", "# Edited.\n");
    there.commit("an edit");
    empty(engine);
    let answer = run(engine, &there, &["build-lambdas", "--format", "json"]).json();
    assert_eq!(image(&answer, "base-core")["result"], "up-to-date");
    assert_eq!(image(&answer, "reader")["result"], "built");
    let installing = BTreeSet::from([install("reader_wheel")]);
    assert_eq!(ended(&there, &["reader"]), all(&installing, "CACHED"));
    let calls = there.docker_calls();
    let last = format!("{registry}/reader-{}:git-{}", there.stack(), first.trim());
    let source = format!(" --cache-from=type=registry,ref={last} ");
    assert!(calls.iter().any(|call| call.contains(&source)), "{calls:#?}");

    // Where there is nothing to import nothing is asked for.
    empty(engine);
    let fresh = Workspace::empty(&config);
    fill(&fresh);
    let mut command = fresh.xtask(&["build-lambdas", "reader"]);
    engine.surround(&mut command);
    Ended::of(&mut command).expect_code(0);
    assert_eq!(ended(&fresh, &["reader"]), all(&installing, "DONE"));
    assert!(!fresh.docker_calls().iter().any(|call| call.contains("--cache-from")));
}
