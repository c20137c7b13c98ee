//! What counts as the JSON form.

use super::{JsonForm, parse_json_form};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let strings = expected.iter().map(|&s| s.to_owned()).collect();
    assert_eq!(parse_json_form(text), JsonForm::Strings(strings), "{text:?}");
}

#[track_caller]
fn check_form(text: &str, expected: &JsonForm) {
    assert_eq!(&parse_json_form(text), expected, "{text:?}");
}

#[test]
fn strings() {
    check("[]", &[]);
    check(" [ \"a\" , \"b c\" ] ", &["a", "b c"]);
    check(r#"["\"\\\/\b\f\n\r\t\u00e9"]"#, &["\"\\/\x08\x0c\n\r\té"]);
    check(r#"["\ud83d\ude00"]"#, &["😀"]);
    check(
        r#"["\ud83d", "\ud83dx", "\ud83d\u0041", "\udc00"]"#,
        &["\u{fffd}", "\u{fffd}x", "\u{fffd}A", "\u{fffd}"],
    );
}

#[test]
fn shell_form() {
    for text in [
        "",
        "a",
        "[",
        "[\"a\"",
        "['a']",
        "[\"a\",]",
        "[\"a\"] b",
        "[\"a\" \"b\"]",
        "[\"a\tb\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u+123\"]",
        "[01]",
        "[1e999]",
        "[1.]",
        "[tru]",
        "[{\"a\" 1}]",
        "[{1:1}]",
        "[-f x]",
        "\u{a0}{}",
    ] {
        check_form(text, &JsonForm::No);
    }
}

#[test]
fn arrays_of_other_things_are_refused() {
    for text in [
        "[1]",
        "[\"a\", null]",
        "[-0.5e+3, true]",
        "[[\"a\"]]",
        "[{}, []]",
        "[{\"a\": [1, {\"b\": {}}], \"c\": false}]",
    ] {
        check_form(text, &JsonForm::NotStrings);
    }
}

#[test]
fn nesting_ends_where_go_ends_it() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check_form(&nested(10_000), &JsonForm::NotStrings);
    check_form(&nested(10_001), &JsonForm::No);
}
