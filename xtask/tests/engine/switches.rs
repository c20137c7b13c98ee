//! Variables by which people steer docker: what they do here.

use crate::support::{Ended, Workspace};

fn run_with(workspace: &Workspace, name: &str, value: &str) -> Ended {
    Ended::of(workspace.xtask(&["build-lambdas", "--force", "alone"]).env(name, value))
}

#[test]
fn without_buildkit_nothing_is_built() {
    let workspace = Workspace::of_four("");
    let ended = run_with(&workspace, "DOCKER_BUILDKIT", "0").expect_code(4);
    assert_eq!(
        ended.stderr,
        "error: `DOCKER_BUILDKIT` is `0`, and images are built by BuildKit alone\n\
         hint: `unset DOCKER_BUILDKIT`, or set it to `1`\n"
    );
    assert_eq!(workspace.docker_calls(), [""; 0]);
    run_with(&workspace, "DOCKER_BUILDKIT", "1").expect_code(0);
}

#[test]
fn progress_is_shown_in_the_form_that_is_asked_for() {
    let workspace = Workspace::of_four("");
    let plain = run_with(&workspace, "BUILDKIT_PROGRESS", "plain").expect_code(0);
    let of_image = plain.stderr.lines().filter(|line| line.starts_with("alone | #"));
    let lines: Vec<&str> = of_image.collect();
    assert!(lines.iter().any(|line| line.ends_with("[1/1] COPY handler.py /")), "{}", plain.stderr);
    assert!(lines.iter().any(|line| line.contains(" DONE ")), "{}", plain.stderr);

    for quiet in ["quiet", "none"] {
        let ended = run_with(&workspace, "BUILDKIT_PROGRESS", quiet).expect_code(0);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].starts_with("1 built in "), "{}", ended.stderr);
    }
    for usual in ["auto", "tty"] {
        let ended = run_with(&workspace, "BUILDKIT_PROGRESS", usual).expect_code(0);
        assert!(ended.stderr.starts_with("start   alone\n"), "{}", ended.stderr);
    }
    let ended = run_with(&workspace, "BUILDKIT_PROGRESS", "fancy").expect_code(2);
    assert_eq!(
        ended.stderr,
        "error: `BUILDKIT_PROGRESS` is `fancy`\n\
         hint: it can be `auto`, `tty`, `plain`, `quiet` or `none`\n"
    );
}

#[test]
fn a_quiet_run_still_says_what_failed() {
    let workspace = Workspace::of_four("");
    workspace.write_lambda("alone", &[], "FROM scratch\nCOPY handler.py /\nCOPY missing.py /\n");
    let ended = run_with(&workspace, "BUILDKIT_PROGRESS", "quiet").expect_code(1);
    assert!(ended.stderr.contains("alone failed: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("missing.py"), "{}", ended.stderr);
}

#[test]
fn the_builder_is_the_one_that_is_named() {
    let workspace = Workspace::of_four("");
    let ended = run_with(&workspace, "BUILDX_BUILDER", "no-such-builder").expect_code(4);
    assert!(ended.stderr.starts_with("error: no builder can be reached: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("no-such-builder"), "{}", ended.stderr);
    run_with(&workspace, "BUILDX_BUILDER", "default").expect_code(0);
}
