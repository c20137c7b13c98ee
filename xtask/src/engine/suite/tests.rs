//! Which suite an engine is of, and which words refuse another one.

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(asked: Option<&str>, unpacked: Unpacked, expected: Option<&str>) {
    let chosen = choose(asked, Some("trixie"), unpacked).unwrap();
    assert_eq!(chosen.as_deref(), expected);
}

#[track_caller]
fn check_refused(asked: &str, unpacked: Unpacked, expected: &Expect) {
    expected.assert_eq(&choose(Some(asked), Some("trixie"), unpacked).unwrap_err().to_string());
}

#[test]
fn where_nothing_is_set_up_any_suite_can_be_asked_for() {
    check(None, Unpacked::Nothing, None);
    check(Some("forky"), Unpacked::Nothing, Some("forky"));
    check(Some("trixie"), Unpacked::Nothing, None);
}

#[test]
fn what_is_set_up_stays_of_its_suite() {
    check(None, Unpacked::Usual, None);
    check(Some("trixie"), Unpacked::Usual, None);
    check(None, Unpacked::Suite("forky".to_owned()), Some("forky"));
    check(Some("forky"), Unpacked::Suite("forky".to_owned()), Some("forky"));
}

#[test]
fn another_suite_is_refused() {
    check_refused(
        "forky",
        Unpacked::Usual,
        &expect![[r#"
            the engine of this checkout is of the suite `trixie`, not `forky`
            hint: `cargo xtask engine down --purge` removes it with its images; `--second FOLDER` sets one up beside it"#]],
    );
    check_refused(
        "trixie",
        Unpacked::Suite("forky".to_owned()),
        &expect![[r#"
            the engine of this checkout is of the suite `forky`, not `trixie`
            hint: `cargo xtask engine down --purge` removes it with its images; `--second FOLDER` sets one up beside it"#]],
    );
}

#[test]
fn an_engine_of_somebody_is_of_no_suite() {
    assert!(check_owner(Owner::Own, Some("forky")).is_ok());
    assert!(check_owner(Owner::Yours, None).is_ok());
    let refused = check_owner(Owner::Yours, Some("forky")).unwrap_err().to_string();
    assert!(refused.contains("is yours") && refused.contains("`forky`"), "{refused}");
}
