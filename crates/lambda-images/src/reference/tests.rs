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
    check_invalid("localhost:x/python", "not a number");
    check_invalid("python@sha256:abc", "64 lowercase");
    check_invalid("python@md5:abc", "sha256:");
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
}

proptest! {
    #[test]
    fn what_parses_prints_the_same(text in "[a-zA-Z0-9:/@._-]{0,40}") {
        if let Ok(parsed) = text.parse::<ImageReference>() {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }
}
