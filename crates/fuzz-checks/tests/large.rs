//! Every shape at 1 MiB is read at all: without a panic, and within the stack of a test's thread.
//! What it costs is measured by `cargo xtask fuzz --growth`, and by no test: a timed test fails on
//! a busy machine.

use fuzz_checks::TARGETS;

const SIZE: usize = 1024 * 1024;

#[track_caller]
fn check(package: &str) {
    let targets: Vec<_> = TARGETS.iter().filter(|target| target.package == package).collect();
    assert!(!targets.is_empty(), "no target is of `{package}`");
    for target in targets {
        for shape in target.shapes {
            let text = (shape.make)(SIZE);
            assert!(text.len().abs_diff(SIZE) < SIZE / 10, "{}: {}", shape.name, text.len());
            (target.read)(&text);
        }
    }
}

#[test]
fn dockerfile() {
    check("dockerfile");
}

#[test]
fn pyproject() {
    check("pyproject");
}

#[test]
fn buildx() {
    check("buildx");
}

#[test]
fn lambda_images() {
    check("lambda-images");
}
