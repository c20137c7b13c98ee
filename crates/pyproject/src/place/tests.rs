//! Places of offsets, against counting by hand.

use proptest::prelude::*;

use super::{SourceText, excerpt};

#[track_caller]
fn check(text: &str, offset: usize, expected: (usize, usize)) {
    assert_eq!(SourceText::new(text).place(offset), expected, "{text:?} at {offset}");
}

#[test]
fn counts_from_one() {
    check("", 0, (1, 1));
    check("ab", 1, (1, 2));
    check("ab\ncd", 3, (2, 1));
    check("ab\n", 3, (2, 1));
}

#[test]
fn a_line_ending_belongs_to_its_line() {
    check("ab\r\ncd", 2, (1, 3));
    check("ab\r\ncd", 3, (1, 4));
    check("ab\r\ncd", 4, (2, 1));
}

#[test]
fn counts_characters() {
    check("é=\"ü\"x", 7, (1, 6));
    check("a\n🦀b", 6, (2, 2));
    check("a\n🦀b", 4, (2, 1));
}

#[test]
fn a_byte_order_mark_is_no_column() {
    check("\u{feff}name", 0, (1, 1));
    check("\u{feff}name", 3, (1, 1));
    check("\u{feff}name", 4, (1, 2));
    check("\u{feff}a\nb", 5, (2, 1));
}

#[test]
fn past_the_end_is_the_end() {
    check("ab", 99, (1, 3));
}

#[test]
fn excerpts_are_one_short_line() {
    assert_eq!(excerpt("a 'é' \"b\"\r\n\tc"), "a 'é' \"b\"\\r\\n\\tc");
    assert_eq!(excerpt(&"é".repeat(80)), "é".repeat(80));
    assert_eq!(excerpt(&"é".repeat(81)), "é".repeat(80) + "…");
}

proptest! {
    #[test]
    fn agrees_with_counting(text in "[aé🦀\n\r]{0,40}", offset in 0usize..200) {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        prop_assert_eq!(SourceText::new(&text).place(offset), (line, column));
    }
}
