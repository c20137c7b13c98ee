//! What counts as a mirror of the base image, and when the stand-in is made anew.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
    time::SystemTime,
};

use super::*;

#[track_caller]
fn check_mirrors(mirrors: &str, expected: bool) {
    assert_eq!(names_mirror(mirrors), expected, "{mirrors}");
}

#[test]
fn a_mirror_names_the_reference_or_a_prefix() {
    check_mirrors("public.ecr.aws/lambda/python:3.13=registry.example/python:3.13", true);
    check_mirrors("docker.io=registry.example/hub, public.ecr.aws=registry.example/ecr", true);
    check_mirrors(&render_mirror(5000), true);
    check_mirrors("", false);
    check_mirrors("=registry.example", false);
    check_mirrors("public.ecr.aws", false);
    check_mirrors("docker.io=registry.example/hub", false);
}

/// A registry that gives one answer and is gone.
fn answer_once(answer: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
        while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        stream.write_all(answer.as_bytes()).unwrap();
    });
    port
}

#[track_caller]
fn check_published(recipe: &str, answer: &'static str, expected: bool) {
    let stand_in = StandIn { recipe: recipe.to_owned(), digest: "sha256:00".to_owned() };
    assert_eq!(is_published(&stand_in, answer_once(answer)), expected);
}

#[test]
fn it_is_published_only_as_it_was_made() {
    let same = "HTTP/1.0 200 OK\r\nDocker-Content-Digest: sha256:00\r\n\r\n";
    check_published(&render_recipe(), same, true);
    check_published("another", same, false);
    let other = "HTTP/1.0 200 OK\r\nDocker-Content-Digest: sha256:11\r\n\r\n";
    check_published(&render_recipe(), other, false);
    check_published(&render_recipe(), "HTTP/1.0 404 Not Found\r\n\r\n", false);
}

#[test]
fn the_newest_file_is_found_at_any_depth() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    let dated = |path: &Path, seconds| {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        File::create(path).unwrap().set_modified(time).unwrap();
    };
    dated(&folder.path().join("x"), 1_000);
    dated(&deep.join("y"), 2_000);
    std::os::unix::fs::symlink("y", deep.join("link")).unwrap();
    assert_eq!(find_newest_file(folder.path()).unwrap(), 2_000);
}

#[test]
fn the_entry_point_is_a_script() {
    let check = Command::new("sh").args(["-nc", ENTRY_POINT]).status().unwrap();
    assert!(check.success());
    let check = Command::new("sh").args(["-nc", CONFIGURE]).status().unwrap();
    assert!(check.success());
}

#[test]
fn the_entry_point_wants_a_handler_and_a_runtime_api() {
    let run = |arguments: &[&str]| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", ENTRY_POINT, "entry"])
            .args(arguments)
            .env_remove("AWS_LAMBDA_RUNTIME_API");
        shell.output().unwrap().status.code()
    };
    assert_eq!(run(&[]), Some(142));
    assert_eq!(run(&["handler.handler"]), Some(143));
}
