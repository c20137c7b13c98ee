//! What is concluded once a build is over.

use std::sync::mpsc::channel;

use anyhow::anyhow;
use lambda_images::plan::StoredImage;

use super::running::{Event, was_interrupted};
use super::{doubt, is_one_of, parse_digest};

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

#[test]
fn an_image_is_ours_by_whatever_its_store_calls_it() {
    let of = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let check = |id: &str, digest: Option<&str>, expected: bool| {
        let digest = digest.map(|digit| parse_digest(&of(digit)).unwrap());
        let stored = StoredImage { id: of(id), digest, size: None };
        assert_eq!(is_one_of(&stored, &[of("a"), of("b")]), expected);
    };
    check("b", None, true);
    check("c", Some("a"), true);
    check("c", Some("d"), false);
    check("c", None, false);
}

#[test]
fn a_signal_that_comes_as_the_last_image_ends_is_heard() {
    let (sender, receiver) = channel();
    let send = |event| sender.send(event).unwrap();
    send(Event::Exited { image: 0 });
    assert!(!was_interrupted(&receiver));
    send(Event::Exited { image: 0 });
    send(Event::Interrupted);
    send(Event::Exited { image: 1 });
    assert!(was_interrupted(&receiver));
    assert!(!was_interrupted(&receiver));
}
