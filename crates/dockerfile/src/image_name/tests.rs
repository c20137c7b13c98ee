//! Image names.

use super::familiar_name;

#[track_caller]
fn check(name: &str, expected: Option<&str>) {
    assert_eq!(familiar_name(name).ok().as_deref(), expected, "{name}");
}

#[test]
fn names() {
    check("python", Some("python"));
    check("python:latest", Some("python"));
    check("python:3.13-slim", Some("python:3.13-slim"));
    check("library/python", Some("python"));
    check("docker.io/library/python:latest", Some("python"));
    check("index.docker.io/python", Some("python"));
    check("docker.io/a/b", Some("a/b"));
    check("library/a/b", Some("library/a/b"));
    check("localhost/a", Some("localhost/a"));
    check("localhost:5000/a:1", Some("localhost:5000/a:1"));
    check("[::1]:5000/a", Some("[::1]:5000/a"));
    check("Registry/a", Some("Registry/a"));
    check("[2001:DB8::1]/a", Some("[2001:DB8::1]/a"));
    let long = format!("host.example/{}", "a".repeat(255));
    check(&long, Some(&long));
    check("a__b/c-d--e.f", Some("a__b/c-d--e.f"));
    let digest = format!("sha256:{}", "a".repeat(64));
    check(&format!("a@{digest}"), Some(&format!("a@{digest}")));
    check(&format!("a:latest@{digest}"), Some(&format!("a:latest@{digest}")));
}

#[test]
fn no_names() {
    for name in ["", "Python", "a b", "a:", "a/", "/a", "-a", "a..b", "a:b:c", "a@b", "é", "a//b"]
    {
        check(name, None);
    }
    check("a@sha256:abc", None);
    check(&"a".repeat(64), None);
    check(&"a".repeat(300), None);
    check(&format!("a.b/{}", "a".repeat(256)), None);
    // `library/` is part of the path.
    check(&"a".repeat(248), None);
    check("[::1/a", None);
    check("[::x]/a", None);
    check("-host.example/a", None);
}
