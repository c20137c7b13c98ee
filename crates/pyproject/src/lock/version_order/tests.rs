//! The examples of PEP 440 and of `packaging`'s own tests, in tables.

use super::{Version, parse, satisfies};

#[track_caller]
fn check(candidate: &str, clause: (&str, &str), expected: Option<bool>) {
    let (operator, wanted) = clause;
    assert_eq!(satisfies(candidate, operator, wanted), expected, "{candidate} {operator} {wanted}");
}

#[test]
fn versions_in_their_order() {
    let versions = [
        "1.dev0",
        "1.0.dev456",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2",
        "1.0b2.post345.dev456",
        "1.0b2.post345",
        "1.0rc1.dev456",
        "1.0rc1",
        "1.0",
        "1.0+abc.5",
        "1.0+abc.7",
        "1.0+5",
        "1.0.post456.dev34",
        "1.0.post456",
        "1.0.15",
        "1.1.dev1",
        "1.9",
        "1.10",
        "1!0.1",
    ];
    let parsed: Vec<Version> = versions.iter().map(|version| parse(version).unwrap().0).collect();
    for pair in parsed.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
    }
}

#[test]
fn spellings_of_one_version() {
    for (left, right) in [
        ("1.0", "v1"),
        ("1.0a1", "1.0-ALPHA.1"),
        ("1.0rc1", "1c1"),
        ("1.0rc1", "1.0_preview_1"),
        ("1.0.post0", "1.0-r"),
        ("1.0.post3", "1.0-3"),
        ("1.0.dev0", "1.0DEV"),
        ("1.0+a.1", "1.0+A_01"),
        ("0!1", " 1 "),
    ] {
        check(left, ("==", right), Some(true));
        check(right, ("!=", left), Some(false));
    }
}

#[test]
fn clauses() {
    for (candidate, operator, wanted, expected) in [
        ("3.11.4", "==", "3.11.*", true),
        ("3.11", "==", "3.11.0.*", true),
        ("3.1", "==", "3.11.*", false),
        ("3.12rc1", "==", "3.12.*", true),
        ("3.11.4", "!=", "3.11.*", false),
        ("1!3.11", "==", "3.11.*", false),
        ("3.10", "<", "3.11", true),
        ("3.9", ">=", "3.10", false),
        ("3.13.0rc1", "<", "3.13", false),
        ("3.13.0rc1", "<", "3.13rc2", true),
        ("3.13.0rc1", ">=", "3.13", false),
        ("1.0.post1", ">", "1.0", false),
        ("1.0.post2", ">", "1.0.post1", true),
        ("1.0+local", ">", "1.0", false),
        ("1.0+local", "<=", "1.0", true),
        ("1.0+local", "==", "1.0", true),
        ("1.0+local", "==", "1.0+other", false),
        ("2.2.5", "~=", "2.2", true),
        ("3.0", "~=", "2.2", false),
        ("2.2.post3", "~=", "2.2", true),
        ("2.3", "~=", "2.2.0", false),
        ("1.4.5", "~=", "1.4.5a4", true),
        ("1.0", "===", "1.0", true),
        ("1.0", "===", "1", false),
    ] {
        check(candidate, (operator, wanted), Some(expected));
    }
}

#[test]
fn undecided() {
    for (candidate, operator, wanted) in [
        ("3.11", "==", "three"),
        ("generic", ">=", "3"),
        ("3.11", ">=", "3.*"),
        ("3.11", "==", "3.11a1+x.*"),
        ("3.11", "~=", "3"),
        ("3.11", ">=", "3.11+local"),
        ("3.11", "in", "3.11"),
        ("3.11", "==", "99999999999999999999"),
        ("1.0+", "==", "1.0"),
        ("", "==", ""),
        ("3.11", "==", ".*"),
    ] {
        check(candidate, (operator, wanted), None);
    }
}
