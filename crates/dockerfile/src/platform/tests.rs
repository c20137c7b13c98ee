//! Platforms and their args.

use std::collections::BTreeMap;

use super::{Platform, is_predefined, predefined_args};

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let formatted = Platform::parse(text).ok().map(|platform| platform.format(true));
    assert_eq!(formatted.as_deref(), expected, "{text}");
}

#[test]
fn platforms() {
    check("linux/amd64", Some("linux/amd64"));
    check("Linux/x86_64/v1", Some("linux/amd64"));
    check("linux/amd64/v3", Some("linux/amd64/v3"));
    check("linux/arm64/v8", Some("linux/arm64"));
    check("linux/aarch64", Some("linux/arm64"));
    check("linux/arm", Some("linux/arm/v7"));
    check("linux/arm/6", Some("linux/arm/v6"));
    check("linux/armhf", Some("linux/arm/v7"));
    check("windows(10.0.17763)/amd64", Some("windows(10.0.17763)/amd64"));
    check("linux/i386", Some("linux/386"));
    check("macos/arm64", Some("darwin/arm64"));
    check("arm64", Some("linux/arm64"));
    check("linux", Some("linux/amd64"));
    check("wonderland/any", Some("wonderland/any"));
    for invalid in ["", "wonderland", "linux/", "linux/a b", "linux/arm/v7/x", "a*/b", "linux(/x"] {
        check(invalid, None);
    }
}

#[test]
fn args() {
    let build = Platform::parse("linux/amd64").expect("a platform");
    let target = Platform::parse("linux/arm/v7").expect("a platform");
    let overrides = BTreeMap::from([("TARGETOS".to_owned(), "plan9".to_owned())]);
    let args = predefined_args(&build, &target, "", &overrides);
    assert!(args.keys().all(|name| is_predefined(name)));
    let get = |name: &str| args[name].as_str();
    assert_eq!(get("BUILDPLATFORM"), "linux/amd64");
    assert_eq!(get("TARGETPLATFORM"), "linux/arm/v7");
    assert_eq!(get("TARGETVARIANT"), "v7");
    assert_eq!(get("BUILDVARIANT"), "");
    assert_eq!(get("TARGETOS"), "plan9");
    assert_eq!(get("TARGETSTAGE"), "default");
    assert!(!is_predefined("TARGET"));
}
