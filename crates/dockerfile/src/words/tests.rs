//! Splitting.

use super::{split_blanks, split_quoted};

#[track_caller]
fn check_blanks(text: &str, expected: &[&str]) {
    assert_eq!(split_blanks(text), expected, "{text:?}");
}

#[track_caller]
fn check_quoted(text: &str, expected: &[&str]) {
    assert_eq!(split_quoted(text, '\\'), expected, "{text:?}");
}

#[test]
fn blanks() {
    check_blanks("a", &["a"]);
    check_blanks("a \t b\x0bc", &["a", "b", "c"]);
    check_blanks("a\u{a0}b 'c d'", &["a\u{a0}b", "'c", "d'"]);
    check_blanks("", &[""]);
}

#[test]
fn quotes() {
    check_quoted("", &[]);
    check_quoted("  a  b ", &["a", "b"]);
    check_quoted("a=\"b c\" d='e \\'", &["a=\"b c\"", "d='e \\'"]);
    check_quoted("a=b\\ c d", &["a=b\\ c", "d"]);
    check_quoted("\"a \\\" b\" c", &["\"a \\\" b\"", "c"]);
    check_quoted("a\\", &["a"]);
    check_quoted("\"a\\", &["\"a"]);
    check_quoted("\"\" ''", &["\"\"", "''"]);
    check_quoted("'a b", &["'a b"]);
    check_quoted("a\u{a0}b\u{3000}c", &["a", "b", "c"]);
    check_quoted("\\", &[]);
    assert_eq!(split_quoted("a`\\ b` c", '`'), ["a`\\", "b` c"]);
}
