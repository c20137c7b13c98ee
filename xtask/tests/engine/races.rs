//! What happens beside a run: an edit of the tree, another run.

use std::fs;

use serde_json::json;

use crate::support::{Workspace, docker, image};

/// The builder may have read the edit or what was there before: nobody can tell, so that the
/// image must not have the name of either.
#[test]
fn an_input_that_changes_during_the_build_fails_it() {
    let workspace = Workspace::of_four("");
    let handler = workspace.root().join("lambdas/alone/handler.py");
    // The edit is made by `docker` itself, right after it has built.
    let edit = format!(
        "case \"$*\" in *'buildx build'*lambdas/alone*) echo '# An edit.' >> '{}';; esac",
        handler.display()
    );
    workspace.after_docker(&edit);
    let ended = workspace.run(&["build-lambdas", "alone", "--format", "json"], 1);
    let result = ended.json();
    assert_eq!(image(&result, "alone")["result"], "failed");
    let error = image(&result, "alone")["error"].as_str().unwrap();
    assert!(error.contains("`lambdas/alone/handler.py`"), "{error}");
    assert!(error.contains("build again"), "{error}");
    assert_eq!(workspace.manifest()["images"], json!([]));
    let reference = image(&result, "alone")["image_ref"].as_str().unwrap();
    let repository = reference.split(':').next().unwrap();
    assert_eq!(docker(&["image", "ls", "--quiet", repository]), "");

    workspace.after_docker("");
    let again = workspace.build(&["alone"], 0);
    assert_eq!(image(&again, "alone")["result"], "built");
}

/// Both build the same image. The second waits, and finds it built.
#[test]
fn a_second_run_waits_for_the_first() {
    let workspace = Workspace::of_four("");
    let runs: Vec<_> = std::thread::scope(|scope| {
        let run = || {
            let mut command = workspace.xtask(&["build-lambdas", "--format", "json"]);
            command.output().unwrap()
        };
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let mut built = Vec::new();
    for run in &runs {
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let result: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let images = result["images"].as_array().unwrap();
        built.push(images.iter().filter(|image| image["result"] == "built").count());
    }
    built.sort_unstable();
    assert_eq!(built, [0, 4]);
    assert!(fs::exists(workspace.root().join("target/lambda-images/lock")).unwrap());
}
