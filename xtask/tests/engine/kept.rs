//! What was found in the local store holds for the next run, and no longer than it may. On an engine of
//! the test's own: what happens to images of others is doubt.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::{Ended, SecondEngine, Workspace, field, image};

/// More than are always looked up.
const IMAGES: usize = 20;
/// Those that are always looked at: the oldest.
const LOOKED_AT: usize = 4;

/// `IMAGES` Lambdas that stand on nothing, `labelled` among them.
struct World {
    workspace: Workspace,
    engine: SecondEngine,
}

impl World {
    fn new() -> World {
        let workspace = Workspace::empty("");
        let label = format!("LABEL of={}\n", workspace.stack());
        for index in 1..IMAGES {
            let dockerfile = "FROM scratch\nCOPY handler.py /\n";
            workspace.write_lambda(&format!("fn-{index:02}"), &[], dockerfile);
        }
        let dockerfile = format!("FROM scratch\nCOPY handler.py /\n{label}");
        workspace.write_lambda("labelled", &[], &dockerfile);
        workspace.commit("first");
        World { workspace, engine: SecondEngine::start() }
    }

    #[track_caller]
    fn docker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("docker");
        self.engine.surround(command.args(arguments));
        Ended::of(&mut command).expect_code(0).stdout
    }

    /// Builds, and gives the images about which something was done, and the number of images that
    /// docker was asked for by the names that it was given.
    #[track_caller]
    fn build(&self) -> (BTreeSet<String>, usize) {
        drop(self.workspace.docker_calls());
        let mut command = self.workspace.xtask(&["build-lambdas", "--format", "json"]);
        self.engine.surround(&mut command);
        let answer = Ended::of(&mut command).expect_code(0).json();
        let results = field(&answer, "result");
        assert_eq!(results.len(), IMAGES, "{answer:#}");
        let done = results.into_iter().filter(|(_, result)| *result != "up-to-date");
        let done = done.map(|(name, result)| format!("{name} {result}")).collect();
        let calls = self.workspace.docker_calls();
        let asked = calls.iter().filter_map(|call| call.strip_prefix("image inspect "));
        (done, asked.map(|names| names.split(' ').count()).sum())
    }

    /// Nothing is left to do, and the engine tells what happens from now on.
    #[track_caller]
    fn settle(&self) {
        let (done, asked) = self.build();
        assert_eq!(done, BTreeSet::new());
        assert!(asked >= IMAGES, "after a change all are looked up, not {asked}");
        assert_eq!(self.build(), (BTreeSet::new(), LOOKED_AT), "only the oldest are");
    }

    /// The two names of an image.
    fn names(&self, name: &str) -> [String; 2] {
        let manifest = self.workspace.manifest();
        let entry = image(&manifest, name);
        [0, 1].map(|tag| {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            format!("{}:{}", text(&entry["repository"]), text(&entry["tags"][tag]))
        })
    }

    fn count(&self) -> usize {
        self.docker(&["info", "--format", "{{.Images}}"]).trim().parse().unwrap()
    }
}

fn done(what: &[&str]) -> BTreeSet<String> {
    what.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_is_there_is_not_looked_up_again_and_what_goes_or_moves_is_noticed() {
    let world = World::new();
    assert_eq!(world.build().0.len(), IMAGES);
    world.settle();

    // A new name is asked for alone.
    let path = "lambdas/fn-02/handler.py";
    let before = world.workspace.read(path);
    world.workspace.append(path, "# Edited.\n");
    let (built, asked) = world.build();
    assert_eq!(built, done(&["fn-02 built"]));
    // The oldest, the new one before and after its build.
    assert_eq!(asked, LOOKED_AT + 2);
    world.workspace.write(path, &before);
    world.settle();

    let [reference, identity] = world.names("fn-03");
    world.docker(&["rmi", &reference, &identity]);
    assert_eq!(world.build().0, done(&["fn-03 built"]));
    world.settle();

    let [reference, _] = world.names("fn-04");
    let [_, other] = world.names("fn-05");
    world.docker(&["tag", &other, &reference]);
    assert_eq!(world.build().0, done(&["fn-04 retagged"]));
    world.settle();

    let label = format!("label=of={}", world.workspace.stack());
    world.docker(&["image", "prune", "--all", "--force", "--filter", &label]);
    assert_eq!(world.build().0, done(&["labelled built"]));
    world.settle();

    // A file that can't be read is doubt.
    world.workspace.write("target/lambda-images/store.json", "{");
    world.settle();

    // As many images as before, none of which is ours: an engine that tells of neither is not believed.
    let count = world.count();
    world.docker(&["image", "prune", "--all", "--force"]);
    world.workspace.write("other/Dockerfile", "FROM scratch\nLABEL is=another\n");
    let folder = world.workspace.root().join("other");
    let tags: Vec<String> = (0..count).map(|tag| format!("--tag=another:{tag}")).collect();
    let mut build = vec!["buildx", "build", "--load", "--provenance=false"];
    build.extend(tags.iter().map(String::as_str));
    build.push(folder.to_str().unwrap());
    world.docker(&build);
    assert_eq!(world.count(), count);
    assert_eq!(world.build().0.len(), IMAGES);
}
