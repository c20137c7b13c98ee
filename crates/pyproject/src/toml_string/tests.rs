//! The source up to a mapped offset, closed by its quote, decodes to the value up to the offset.

use proptest::prelude::*;
use toml_edit::Value;

use super::raw_offset;

#[track_caller]
fn check(raw: &str, at: &str, expected: usize) {
    let value: Value = raw.parse().unwrap();
    let decoded = value.as_str().unwrap().find(at).unwrap();
    assert_eq!(raw_offset(raw, decoded), expected, "{raw}");
}

#[test]
fn quotes_and_escapes_are_skipped() {
    check(r#""ab""#, "b", 2);
    check("'ab'", "b", 2);
    check(r#""\u00e9\tb""#, "b", 9);
    check(r#""\\b""#, "b", 3);
    check(r#""\x41\U0001F980b""#, "b", 15);
}

#[test]
fn several_lines() {
    check("\"\"\"\nab\"\"\"", "b", 5);
    check("'''\r\nab'''", "b", 6);
    check("\"\"\"a\\\n   b\"\"\"", "b", 9);
    check("\"\"\"a\nb\"\"\"", "b", 5);
}

#[test]
fn past_the_end_stays_inside() {
    assert!(raw_offset("\"ab\"", 99) <= 4);
    assert!(raw_offset("'ab'", 99) <= 4);
    assert_eq!(raw_offset("\"\"", 0), 1);
}

proptest! {
    #[test]
    fn a_prefix_decodes_to_the_prefix(value in "[a\"\\\\é🦀\t\u{1}'-]{0,12}", index in 0usize..13) {
        let raw = Value::from(value.as_str()).to_string();
        // The printer chooses the quotes: whichever it took, the closing ones are the opening ones.
        let quote = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { &raw[..3] } else { &raw[..1] };
        let decoded = value.char_indices().nth(index).map_or(value.len(), |(offset, _)| offset);
        let prefix = format!("{}{quote}", &raw[..raw_offset(&raw, decoded)]);
        let prefix: Value = prefix.parse().unwrap();
        prop_assert_eq!(prefix.as_str().unwrap(), &value[..decoded]);
    }
}
