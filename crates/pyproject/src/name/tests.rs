//! Which texts are names, and that the normal form is one.

use proptest::prelude::*;

use super::PackageName;

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    assert_eq!(
        text.parse::<PackageName>().ok().as_ref().map(PackageName::as_str),
        expected,
        "{text:?}"
    );
}

#[test]
fn normalises_as_pep_503_says() {
    check("receipt-dynamo", Some("receipt-dynamo"));
    check("Receipt_Dynamo", Some("receipt-dynamo"));
    check("Friendly-._.-Bard", Some("friendly-bard"));
    check("A", Some("a"));
    check("7zip", Some("7zip"));
}

#[test]
fn refuses_what_pep_508_refuses() {
    for text in ["", "-a", "a-", ".", "a_", "a b", "a/b", "café", "a\n", "a@b"] {
        check(text, None);
    }
}

#[test]
fn says_what_is_wrong() {
    let error = "a b".parse::<PackageName>().unwrap_err();
    assert_eq!(error.to_string(), "`a b` is not a valid name");
    assert_eq!("".parse::<PackageName>().unwrap_err().to_string(), "a name is empty");
}

proptest! {
    #[test]
    fn normal_form_is_a_fixed_point(text in "[A-Za-z0-9]([A-Za-z0-9._-]{0,12}[A-Za-z0-9])?") {
        let name: PackageName = text.parse().unwrap();
        prop_assert_eq!(&name.as_str().parse::<PackageName>().unwrap(), &name);
        prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        prop_assert!(!name.as_str().contains("--"));
    }

    #[test]
    fn case_and_separators_make_no_difference(words in proptest::collection::vec("[a-z0-9]{1,4}", 1..5)) {
        let normal: PackageName = words.join("-").parse().unwrap();
        for separator in ["_", ".", "--", "-_."] {
            let other: PackageName = words.join(separator).to_uppercase().parse().unwrap();
            prop_assert_eq!(&other, &normal);
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,12}") {
        if let Ok(name) = text.parse::<PackageName>() {
            prop_assert!(!name.as_str().is_empty());
        }
    }
}
