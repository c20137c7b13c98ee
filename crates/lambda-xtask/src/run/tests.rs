//! What is concluded once a build is over.

use anyhow::anyhow;

use super::{doubt, parse_digest};

#[track_caller]
fn check(changed: anyhow::Result<&[&str]>, wanted: Option<&str>) {
    let changed = changed.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    assert_eq!(doubt(changed).as_deref(), wanted);
}

#[test]
fn what_cannot_be_told_is_doubt_as_what_changed() {
    check(Ok(&[]), None);
    check(Ok(&["a"]), Some("its inputs changed while it was built: `a`"));
    check(Ok(&["a", "b", "c"]), Some("its inputs changed while it was built: `a` and 2 more"));
    check(
        Err(anyhow!("permission denied").context("failed to read `a`")),
        Some(
            "whether its inputs changed while it was built can't be told: failed to read `a`: permission denied",
        ),
    );
}

#[test]
fn a_digest_of_the_builder_is_one() {
    let digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(parse_digest(digest).unwrap().as_str(), digest);
    let error = parse_digest("none").unwrap_err();
    assert!(error.to_string().ends_with("gave no digest, but `none`"), "{error}");
}
