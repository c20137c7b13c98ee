use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, repository: &str, tag: Option<&str>, digest: Option<&str>) {
    let parsed: ImageReference = text.parse().unwrap();
    assert_eq!(parsed.repository.as_str(), repository);
    assert_eq!(parsed.tag.as_ref().map(Tag::as_str), tag);
    assert_eq!(parsed.digest.as_ref().map(Digest::as_str), digest);
    assert_eq!(parsed.to_string(), text);
}

#[track_caller]
fn check_invalid(text: &str, why: &str) {
    let error = text.parse::<ImageReference>().unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn splits_where_distribution_does() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    check("python", "python", None, None);
    check("python:3.13", "python", Some("3.13"), None);
    check("localhost:5000/python", "localhost:5000/python", None, None);
    check("localhost:5000/lambda/python:3.13", "localhost:5000/lambda/python", Some("3.13"), None);
    check(
        &format!("public.ecr.aws/lambda/python:3.13@{digest}"),
        "public.ecr.aws/lambda/python",
        Some("3.13"),
        Some(&digest),
    );
    check(&format!("a/b__c--d.e@{digest}"), "a/b__c--d.e", None, Some(&digest));
    check("[::1]:5000/python:3.13", "[::1]:5000/python", Some("3.13"), None);
    check("[2001:db8::1]/a/b", "[2001:db8::1]/a/b", None, None);
    check("Registry/a:1", "Registry/a", Some("1"), None);
    check("REGISTRY.example:5000/a", "REGISTRY.example:5000/a", None, None);
}

#[test]
fn refuses_what_distribution_refuses() {
    check_invalid("", "lowercase");
    check_invalid("Python", "lowercase");
    check_invalid("a//b", "lowercase");
    check_invalid("a..b", "lowercase");
    check_invalid("a/-b", "lowercase");
    check_invalid("python:", "1 to 128");
    check_invalid("python:.x", "starts with none");
    for host in
        ["localhost:x", "localhost:", "a..b", "-a.b", "a-.b", "[::1", "[]:1", "[::g]", "::1"]
    {
        check_invalid(&format!("{host}/python"), "its host must be");
    }
    check_invalid("python@sha256:abc", "64 lowercase");
    check_invalid("python@md5:abc", "sha256:");
}

#[test]
fn the_longest_path_is_counted_without_its_host() {
    let (path, host) = ("a".repeat(255), format!("{}.example", "h".repeat(60)));
    check(&format!("{host}/{path}:1"), &format!("{host}/{path}"), Some("1"), None);
    check_invalid(&format!("{host}/{path}a"), "at most 255");
}

#[test]
fn hosts_and_paths_are_told_apart() {
    let split = |text: &str| {
        let repository: Repository = text.parse().unwrap();
        let (host, path) = repository.split();
        format!("{} {path}", host.unwrap_or("-"))
    };
    assert_eq!(split("[::1]:5000/a/b"), "[::1]:5000 a/b");
    assert_eq!(split("Registry/a"), "Registry a");
    assert_eq!(split("team/a"), "- team/a");
    assert_eq!(split("localhost/a"), "localhost a");
}

#[test]
fn a_registry_starts_with_a_host() {
    let parsed = |text: &str| text.parse::<Registry>().map(|registry| registry.to_string());
    assert_eq!(parsed("localhost:5000"), Ok("localhost:5000".to_owned()));
    assert_eq!(parsed("registry.example/team"), Ok("registry.example/team".to_owned()));
    for text in [
        "https://registry.example",
        "team",
        "registry.example/",
        "registry.example/Team",
        "localhost:",
    ] {
        assert!(parsed(text).is_err(), "{text}");
    }
    for text in ["[::1]:5000", "[::1]:5000/team", "Registry"] {
        assert_eq!(parsed(text), Ok(text.to_owned()));
    }
}

proptest! {
    #[test]
    fn what_parses_prints_the_same(text in "[a-zA-Z0-9:/@._-]{0,40}") {
        if let Ok(parsed) = text.parse::<ImageReference>() {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }
}
