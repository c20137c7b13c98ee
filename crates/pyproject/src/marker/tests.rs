//! Which texts are markers, and where the others stop being one.

use proptest::prelude::*;

use super::{check_marker, join_markers};

#[track_caller]
fn check(text: &str, expected: Option<(usize, &str)>) {
    let error = check_marker(text).err();
    let found = error.as_ref().map(|error| (error.offset, error.message.as_str()));
    assert_eq!(found, expected, "{text}");
}

#[test]
fn markers() {
    for marker in [
        "python_version<'3'",
        "os_name=='a'or os_name=='b'and'c'in os_name",
        "( (os.name == \"posix\") and sys_platform not  in 'x' ) or extra == ''",
        " platform.python_implementation ~= 'x' ",
        "'linux' == sys_platform",
    ] {
        check(marker, None);
    }
}

#[test]
fn faults() {
    check("", Some((0, "expected a marker variable or a quoted string, found the end")));
    check("os == 'x'", Some((0, "`os` is not a marker variable")));
    check(
        "os_name",
        Some((
            7,
            "expected one of `==`, `!=`, `<=`, `>=`, `<`, `>`, `~=`, `===`, `in`, `not in`, found the end",
        )),
    );
    check(
        "os_name = 'x'",
        Some((
            8,
            "expected one of `==`, `!=`, `<=`, `>=`, `<`, `>`, `~=`, `===`, `in`, `not in`, found `=`",
        )),
    );
    check("os_name == 'x", Some((11, "a quoted string has no end")));
    check("os_name == x", Some((11, "`x` is not a marker variable")));
    check(
        "os_name notin 'x'",
        Some((
            8,
            "expected one of `==`, `!=`, `<=`, `>=`, `<`, `>`, `~=`, `===`, `in`, `not in`, found `n`",
        )),
    );
    check("os_name not 'x'", Some((12, "expected `in` after `not`, found `'`")));
    check(
        "(os_name == 'x'",
        Some((0, "`(` is not closed: expected `)`, `and` or `or`, found the end")),
    );
    check(
        "os_name == 'x')",
        Some((14, "expected `and`, `or` or the end of the marker, found `)`")),
    );
    check(
        "os_name == 'x' and",
        Some((18, "expected a marker variable or a quoted string, found the end")),
    );
    check(
        "os_name == 'x' AND os_name == 'y'",
        Some((15, "expected `and`, `or` or the end of the marker, found `A`")),
    );
}

#[test]
fn a_number_is_to_be_quoted() {
    let error = check_marker("python_version < 3.12").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("write it in quotes: `'3.12'`"));
}

#[test]
fn joined_markers_hold_both() {
    assert_eq!(join_markers(None, None), None);
    assert_eq!(join_markers(Some("a"), None).as_deref(), Some("a"));
    assert_eq!(join_markers(Some("a"), Some("a")).as_deref(), Some("a"));
    assert_eq!(join_markers(Some("a or b"), Some("c")).as_deref(), Some("(a or b) and (c)"));
}

/// Markers by the specification's grammar.
fn marker() -> impl Strategy<Value = String> {
    let operand = prop_oneof![
        "(python_version|os_name|extra|os\\.name|platform_machine)",
        "'[^']{0,4}'",
        "\"[^\"]{0,4}\""
    ];
    let operator = "[ \t]?(===|==|~=|!=|<=|>=|<|>)[ \t]?| in | not  in ";
    let comparison =
        (operand.clone(), operator, operand).prop_map(|(l, o, r)| format!("{l}{o}{r}"));
    comparison.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), "( and | or |\tand )", inner.clone())
                .prop_map(|(l, o, r)| format!("{l}{o}{r}")),
            ("\\([ \t]?", inner).prop_map(|(open, inner)| format!("{open}{inner} )")),
        ]
    })
}

proptest! {
    #[test]
    fn all_of_the_grammar_is_accepted(left in marker(), right in marker()) {
        prop_assert!(check_marker(&left).is_ok(), "{}", left);
        let joined = join_markers(Some(&left), Some(&right)).unwrap();
        prop_assert!(check_marker(&joined).is_ok(), "{}", joined);
        for unbalanced in [format!("{left})"), format!("({left}")] {
            prop_assert!(check_marker(&unbalanced).is_err(), "{}", unbalanced);
        }
    }
}
