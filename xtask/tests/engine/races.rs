//! What happens beside a run: an edit of the tree, another run.

use std::{fs, thread};

use crate::support::{Workspace, image, number, text_of};

/// What is built is what was hashed, and the edit is another image.
#[test]
fn an_edit_during_the_build_is_not_in_the_image() {
    let workspace = Workspace::of_four("");
    let before = workspace.read("lambdas/alone/handler.py");
    // As many bytes.
    let after = before.replace("# alone", "# other");
    workspace.edit_before_build("lambdas/alone", "lambdas/alone/handler.py", &after);
    let first = workspace.build(&["alone"], 0);
    assert_eq!(image(&first, "alone")["result"], "built");
    assert_eq!(workspace.read("lambdas/alone/handler.py"), after);
    let first = image(&first, "alone")["image_ref"].as_str().unwrap();
    assert_eq!(text_of(first, "/handler.py"), before);

    workspace.around_docker("", "");
    let second = workspace.build(&["alone"], 0);
    assert_eq!(image(&second, "alone")["result"], "built");
    let second = image(&second, "alone")["image_ref"].as_str().unwrap();
    assert_eq!(text_of(second, "/handler.py"), after);
}

/// Two checkouts on one engine build the same image: what the later one finds there is its own too.
#[test]
fn two_checkouts_build_one_image_at_once() {
    let first = Workspace::of_four("");
    let second = Workspace::other_checkout(&first, "");
    second.write_four();
    for round in 0..number("LAMBDA_IMAGES_TEST_ROUNDS", 3) {
        for workspace in [&first, &second] {
            workspace.write("lambdas/alone/handler.py", &first.python(&format!("round {round}")));
            workspace.commit("round");
        }
        let runs: Vec<_> = thread::scope(|scope| {
            let runs = [&first, &second].map(|workspace| {
                let mut command = workspace.xtask(&["build-lambdas", "--format", "json"]);
                scope.spawn(move || command.output().unwrap())
            });
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for run in &runs {
            let said = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "round {round}: {}\n{said}", run.status);
        }
        let manifests = [first.manifest(), second.manifest()];
        let [ours, theirs] = manifests.each_ref().map(|manifest| image(manifest, "alone"));
        assert_eq!(ours["fingerprint"], theirs["fingerprint"]);
        let reference = theirs["image_ref"].as_str().unwrap().split('@').next().unwrap();
        assert_eq!(text_of(reference, "/handler.py"), first.read("lambdas/alone/handler.py"));
    }
}

/// Both build the same image. The second waits, and finds it built.
#[test]
fn a_second_run_waits_for_the_first() {
    let workspace = Workspace::of_four("");
    let runs: Vec<_> = thread::scope(|scope| {
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
