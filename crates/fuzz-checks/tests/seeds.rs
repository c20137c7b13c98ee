//! Replays the seeds of all fuzz targets, and what fuzzers have found, which becomes a seed.

use std::path::Path;

use fuzz_checks::{TARGETS, Target};

/// The seeds are small: they are read by everybody's `cargo test`.
const LARGEST: usize = 8 * 1024;

#[track_caller]
fn check(package: &str) {
    let targets: Vec<&Target> = TARGETS.iter().filter(|target| target.package == package).collect();
    assert!(!targets.is_empty(), "no target is of `{package}`");
    for target in targets {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus-seeds");
        let folder = seeds.join(target.name);
        let mut count = 0;
        for entry in folder.read_dir().expect("every target has seeds") {
            let path = entry.expect("the folder can be read").path();
            let text = std::fs::read_to_string(&path).expect("a seed is text");
            assert!(text.len() <= LARGEST, "{} is large", path.display());
            (target.check)(&text);
            count += 1;
        }
        assert!(count > 0, "`{}` has no seeds", target.name);
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

/// A new target isn't left out of `fuzz/`, and a folder of seeds is of some target.
#[test]
fn every_target_is_built_and_has_its_folder() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).expect("it is there");
    for target in TARGETS {
        let line = format!("name = \"{}\"\n", target.name);
        assert!(manifest.contains(&line), "`fuzz/Cargo.toml` has no `{}`", target.name);
    }
    for entry in fuzz.join("corpus-seeds").read_dir().expect("it is there") {
        let name = entry.expect("the folder can be read").file_name();
        let name = name.to_str().expect("targets have plain names");
        assert!(fuzz_checks::find_target(name).is_some(), "`{name}` is no target");
    }
}
