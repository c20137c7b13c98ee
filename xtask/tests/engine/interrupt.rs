//! Ctrl-C: the builds end, what succeeded stays, and the next run goes on from there.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use crate::support::{
    Gate, PYTHON, Running, Workspace, docker, field, image, test_registry, text_of,
};

#[test]
fn ctrl_c_ends_the_children_and_keeps_what_succeeded() {
    let workspace = Workspace::empty("");
    workspace.write_four();
    let forever = format!("FROM {PYTHON}\nRUN : {}; sleep 600\n", workspace.stack());
    workspace.write_lambda("slow", &["core"], &forever);
    workspace.commit("first");

    let images = ["build-lambdas", "slow", "reader", "--jobs", "2"];
    let mut running = Running::start(&mut workspace.xtask(&images));
    let mut reader_is_built = false;
    let mut slow_sleeps = false;
    running.wait_for_line(|line| {
        reader_is_built |= line.starts_with("built   reader ");
        slow_sleeps |= line.contains("slow: ") && line.contains("sleep 600");
        reader_is_built && slow_sleeps
    });
    assert!(!processes_that_name(&workspace).is_empty(), "the child is found where there is one");
    running.interrupt();
    let ended = running.wait().expect_code(130);
    let left = processes_that_name(&workspace);
    assert!(left.is_empty(), "left running: {left:#?}");

    assert!(ended.stderr.contains("interrupted: ending the builds"), "{}", ended.stderr);
    assert!(ended.stderr.contains("\ninterrupted: 2 built, 1 skipped in "), "{}", ended.stderr);
    let manifest = workspace.manifest();
    assert_eq!(field(&manifest, "name").into_keys().collect::<Vec<_>>(), ["base-core", "reader"]);

    workspace.write_lambda("slow", &["core"], "FROM scratch\nCOPY handler.py /\n");
    let answer = workspace.build(&["slow", "reader", "base-core"], 0);
    let expected =
        BTreeMap::from([("base-core", "up-to-date"), ("reader", "up-to-date"), ("slow", "built")]);
    assert_eq!(field(&answer, "result"), expected);
}

#[test]
fn ctrl_c_ends_the_wait_for_a_registry_after_a_build() {
    let (gate, came) =
        busy_gate(|method, path| method == "PUT" && path.contains("/manifests/git-"));
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", gate.host()));
    let running = Running::start(&mut workspace.xtask(&["build-lambdas", "alone", "reader"]));
    // An image is built, pushed and to be named: now that is waited for.
    let path = came.recv().unwrap();
    running.interrupt();
    let ended = running.wait().expect_code(130);
    assert!(ended.stderr.contains("interrupted: ending the builds"), "{}", ended.stderr);
    assert!(ended.stderr.contains("\ninterrupted: "), "{}", ended.stderr);
    drop(workspace.docker_calls());

    // What was pushed is there, and only wants its name.
    let registry = test_registry();
    workspace.write("Cargo.toml", &workspace.read("Cargo.toml").replace(gate.host(), &registry));
    let answer = workspace.build(&["--allow-dirty"], 0);
    let named = path.split('/').nth(2).unwrap().replace(&format!("-{}", workspace.stack()), "");
    assert_eq!(image(&answer, &named)["result"], "retagged", "{answer:#}");
}

/// The image is pushed, and its cache is on its way, when an edit and Ctrl-C come.
#[test]
fn ctrl_c_after_a_push_leaves_the_image_that_was_hashed() {
    // Nobody ever sends by this.
    let (never, end) = channel::<()>();
    let (sender, came) = channel();
    let (sender, end) = (Mutex::new(sender), Mutex::new(end));
    let gate = Gate::new(move |_, path| {
        if path.starts_with("/v2/cache/") {
            sender.lock().unwrap().send(()).unwrap_or_default();
            end.lock().unwrap().recv().unwrap_or_default();
        }
        None
    });
    let host = gate.host();
    let cache = format!("cache-to = [\"registry,ref={host}/cache:{{name}}\"]\n");
    let workspace = Workspace::of_four(&format!("registry = \"{host}\"\n{cache}"));
    let hashed = workspace.read("lambdas/alone/handler.py");
    let build = ["build-lambdas", "--format", "json", "--cache-write=always", "alone"];
    let running = Running::start(&mut workspace.xtask(&build));
    came.recv().unwrap();
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    running.interrupt();
    let answer = running.wait().expect_code(130).json();
    let alone = image(&answer, "alone");
    assert_eq!(alone["result"], "skipped", "{answer:#}");
    drop(never);

    workspace.write("lambdas/alone/handler.py", &hashed);
    let answer = workspace.build(&["alone"], 0);
    assert_eq!(image(&answer, "alone")["result"], "retagged", "{answer:#}");
    let reference = image(&answer, "alone")["image_ref"].as_str().unwrap();
    docker(&["image", "pull", "--quiet", reference]);
    assert_eq!(text_of(reference, "/handler.py"), hashed);
}

#[test]
fn ctrl_c_ends_the_wait_for_a_registry_where_nothing_can_be_kept() {
    // Nobody ever sends by this.
    let (never, end) = channel::<()>();
    let (sender, came) = channel();
    let (sender, end, came) = (Mutex::new(sender), Mutex::new(end), Mutex::new(came));
    // One image is never given its name, and the other only after that.
    let gate = Gate::new(move |method, path| {
        if method == "PUT" && path.contains("/manifests/git-") {
            if path.contains("/other-") {
                sender.lock().unwrap().send(()).unwrap_or_default();
                end.lock().unwrap().recv().unwrap_or_default();
            } else {
                came.lock().unwrap().recv().unwrap_or_default();
            }
        }
        None
    });
    let workspace = Workspace::empty(&format!("registry = \"{}\"\n", gate.host()));
    for name in ["alone", "other"] {
        workspace.write_lambda(name, &[], "FROM scratch\nCOPY handler.py /\n");
    }
    workspace.commit("first");
    // Nothing can be put in its place.
    let manifest = workspace.root().join("target/lambda-images/images.json");
    fs::create_dir_all(manifest.join("folder")).unwrap();
    let build = ["build-lambdas", "--allow-dirty", "--jobs", "2"];
    let mut running = Running::start(&mut workspace.xtask(&build));
    running.wait_for_line(|line| line == "failed: ending the builds (Ctrl-C: at once)");
    running.interrupt();
    let ended = running.wait().expect_code(1);
    assert!(ended.stderr.contains("error: failed to write `"), "{}", ended.stderr);
    drop(never);
}

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    let (gate, came) = busy_gate(|_, _| true);
    let host = gate.host();
    let workspace = Workspace::empty(&format!("registry = \"{host}\"\n"));
    workspace.write_lambda("alone", &[], &format!("FROM {host}/python:3\n"));
    workspace.commit("first");
    let mut nohup = workspace.surround(Command::new("sh"));
    nohup.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_xtask")]);
    let running = Running::start(nohup.arg("build-lambdas"));
    came.recv().unwrap();
    // The lowest bits are of SIGHUP and SIGINT.
    assert_eq!(running.signals("SigIgn") & 0b11, 0b01);
    assert_eq!(running.signals("SigCgt") & 0b11, 0b10);
    running.interrupt();
    running.wait().expect_code(130);
}

#[test]
fn ctrl_c_ends_the_wait_for_a_registry_before_anything_runs() {
    for command in ["build-lambdas", "warm-cache", "bases"] {
        let (gate, came) = busy_gate(|_, _| true);
        let host = gate.host();
        let workspace = Workspace::empty(&format!("registry = \"{host}\"\n"));
        workspace.write_lambda("alone", &[], &format!("FROM {host}/python:3\n"));
        workspace.commit("first");
        let running = Running::start(&mut workspace.xtask(&[command]));
        came.recv().unwrap();
        running.interrupt();
        let ended = running.wait().expect_code(130);
        assert!(ended.stderr.ends_with("interrupted"), "{command}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn after_ctrl_c_among_the_bases_of_development_mode_nothing_begins() {
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", test_registry()));
    let forever =
        format!("FROM {PYTHON}\nCOPY core.py /\nRUN : {}; sleep 600\n", workspace.stack());
    workspace.write_package("core", &forever);
    workspace.commit("slow");
    let mut running = Running::start(&mut workspace.xtask(&["warm-cache", "--dev"]));
    running.wait_for_line(|line| line.contains("base-core: ") && line.contains("sleep 600"));
    running.interrupt();
    running.wait().expect_code(130);
    let calls = workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.starts_with("image pull ")), "{calls:#?}");

    // What would be refused is not begun either, and the end is told.
    workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    let mut running = Running::start(&mut workspace.xtask(&["build-lambdas", "--dev", "--push"]));
    running.wait_for_line(|line| line.contains("base-core: ") && line.contains("sleep 600"));
    running.interrupt();
    let ended = running.wait().expect_code(130);
    assert!(ended.stderr.contains("\ninterrupted: "), "{}", ended.stderr);
}

/// A registry that is too busy for these requests, and what tells of each that came.
fn busy_gate(
    is_refused: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
) -> (Gate, Receiver<String>) {
    let (sender, came) = channel();
    let sender = Mutex::new(sender);
    let gate = Gate::new(move |method, path| {
        is_refused(method, path).then(|| {
            sender.lock().unwrap().send(path.to_owned()).unwrap_or_default();
            (429, "{}".to_owned())
        })
    });
    (gate, came)
}

/// Command lines of all processes that name the file into which a build of this workspace
/// writes its metadata: the builds, and nothing but the builds.
fn processes_that_name(workspace: &Workspace) -> Vec<String> {
    let folder = workspace.root().canonicalize().unwrap().join("target/lambda-images/metadata");
    let wanted = folder.display().to_string();
    let entries = fs::read_dir("/proc").unwrap();
    // A process that ended in the meantime has no command line, and an empty one names nothing.
    let lines = entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&wanted)).collect()
}
