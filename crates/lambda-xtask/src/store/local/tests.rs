use lambda_images::plan::Destination;

use super::*;
use crate::registry::RegistryClient;
use crate::registry::fixture::write_program;

#[test]
fn hub_names_are_shown_short() {
    assert_eq!(familiar("docker.io/library/python:3.13"), "python:3.13");
    assert_eq!(familiar("docker.io/team/x:1"), "team/x:1");
    assert_eq!(familiar("localhost:5000/x:1"), "localhost:5000/x:1");
}

/// What comes of `ask` where `docker` is this script; `$2` is what is done to images.
fn with_docker<T>(script: &str, ask: impl FnOnce(&Store) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    write_program(folder.path(), "docker", script);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let environment = Environment::of_process().unwrap().with("PATH", path);
    let registry = RegistryClient::new(&environment, None);
    ask(&Store { environment: &environment, destination: Destination::Local, registry: &registry })
}

const IS_THERE: &str = r#"echo '[{"Id":"sha256:a"}]'"#;
const IS_MISSING: &str = "echo '[]'; echo 'Error: No such image: x:1' >&2; exit 1";
const IS_DOWN: &str =
    "echo '[]'; echo 'Cannot connect to the Docker daemon. Is it running?' >&2; exit 1";

#[test]
fn an_engine_without_an_answer_is_not_one_without_the_image() {
    let find = |script: &str| {
        let found = with_docker(script, |store| store.find_local(&"x:1".parse().unwrap()));
        found.map(|image| image.map(|image| image.id)).map_err(|error| error.to_string())
    };
    assert_eq!(find(IS_THERE), Ok(Some("sha256:a".to_owned())));
    assert_eq!(find(IS_MISSING), Ok(None));
    let why = find(IS_DOWN).unwrap_err();
    assert!(why.starts_with("the image store can't be asked: Cannot connect"), "{why}");
}

#[test]
fn an_engine_that_never_answers_holds_nobody_who_leaves_at_once() {
    // `cat` ends when its input does, and a pipe that it holds open itself never does.
    let silent = "mkfifo \"$0.fifo\"; exec cat <> \"$0.fifo\"";
    let error = with_docker(silent, |store| {
        store.registry.end(Ending::Kill);
        store.run(&["image", "inspect", "x:1"], Duration::ZERO).unwrap_err()
    });
    assert!(error.to_string().starts_with("interrupted"), "{error}");
    // Who answers in time is heard all the same.
    let found = with_docker(IS_THERE, |store| {
        store.registry.end(Ending::Kill);
        store.run(&["image", "inspect", "x:1"], Duration::from_secs(600)).unwrap()
    });
    assert!(found.status.success() && found.stdout.starts_with(b"[{"), "{found:?}");
}
