use super::*;
use crate::registry::fixture::write_program;

/// A step that fails, as a newer BuildKit may tell of one that it cancelled.
const FAILURE: &str = r#"{"vertexes":[{"digest":"sha256:a","name":"[1/1] RUN sleep 600","started":"2026-11-25T00:00:00Z","completed":"2026-11-25T00:00:01Z","error":"process did not complete successfully: exit code: 137"}]}"#;

/// Whether a build failed by itself that says this; `is_ended`: it was asked to leave before.
fn fails_by_itself(is_ended: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    write_program(folder.path(), "docker", &format!("echo '{FAILURE}' >&2; exit 1"));
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let job = BuildJob {
        build: Build::default(),
        environment: Environment::of_process().unwrap().with("PATH", path),
        log: folder.path().join("log"),
        metadata: folder.path().join("metadata"),
        lock: None,
    };
    let error = job.start().unwrap().wait(&AtomicBool::new(is_ended), &|_| {}).unwrap_err();
    let error = error.downcast::<BuildFailed>().unwrap();
    assert!(error.to_string().contains("exit code: 137"), "{error}");
    error.by_itself
}

#[test]
fn what_is_told_after_the_end_was_asked_for_is_no_failure() {
    assert!(fails_by_itself(false));
    assert!(!fails_by_itself(true));
}
