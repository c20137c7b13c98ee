//! Go's own table of `path/filepath`, and what is special about it.

use proptest::prelude::*;

use super::{GoPattern, has_wildcards};

/// Names that match and names that don't, separated by spaces.
#[track_caller]
fn check(pattern: &str, matching: &str, others: &str) {
    let parsed = GoPattern::parse(pattern).expect("a well-formed pattern");
    for (names, expected) in [(matching, true), (others, false)] {
        for name in names.split(' ').filter(|name| !name.is_empty()) {
            assert_eq!(parsed.matches(name), expected, "{pattern:?} on {name:?}");
        }
    }
}

#[track_caller]
fn check_malformed(pattern: &str) {
    assert_eq!(GoPattern::parse(pattern), None, "{pattern:?}");
}

#[test]
fn plain_text_and_stars() {
    check("abc", "abc", "ab abcd");
    check("*", "abc a .x", "a/b");
    check("*c", "abc c", "abd");
    check("a*", "a abc", "ab/c ba");
    check("a*/b", "abc/b a/b", "a/c/b");
    check("a*b*c*d*e*/f", "axbxcxdxe/f axbxcxdxexxx/f", "axbxcxdxe/xxx/f axbxcxdxexxx/fff");
    check("a*b?c*x", "abxbbxdbxebxczzx", "abxbbxdbxebxczzy");
    check("***x", "x ax", "a/x");
    check("*x", "xxx", "");
}

#[test]
fn classes_and_escapes() {
    check("ab[c]", "abc", "abd");
    check("ab[b-d]", "abc", "ab-");
    check("ab[e-g]", "", "abc");
    check("ab[^c]", "abd", "abc");
    check("ab[^e-g]", "abc", "abe");
    check(r"a\*b", "a*b", "ab axb");
    check("a???b", "", "a☺b");
    check("a?b", "a☺b axb", "a/b");
    check("a[^a]b", "a☺b", "aab");
    check("[a-ζ]*", "α", "");
    check("*[a-ζ]", "α", "A");
    check("a*b", "", "a/b");
    check(r"[\]a]", "] a", "b");
    check(r"[\-x]", "- x", "a");
    check("[-]".replace('-', r"\-").as_str(), "-", "a");
    check("arr[[]0].txt", "arr[0].txt", "arr0.txt");
    check("[[:alpha:]]", ":] a] [] p]", "a x]");
}

#[test]
fn malformed() {
    for pattern in ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", r"a\", "[]"]
    {
        check_malformed(pattern);
    }
}

/// Go looks for a slash neither in a class nor between the bytes of a character, and a piece is
/// taken where it is first found.
#[test]
fn accidents() {
    check("a[^x]b", "a/b", "axb");
    check("a[.-0]b", "a/b a.b", "a1b");
    check("*[^x]*b", "cab", "a/cb");
    check("*??", "€ ab", "é a");
}

#[test]
fn what_counts_as_a_pattern() {
    for (text, expected) in
        [("a*", true), ("a?", true), ("[", true), ("a]", false), (r"a\*", false), (r"\\*", true)]
    {
        assert_eq!(has_wildcards(text), expected, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A pattern that splits is matched by components as it is as a whole.
    #[test]
    fn components(
        pattern in r"([ab*?/]|\[[ab]\]|\[\^a\]|\\[*a]){1,8}", name in "[ab/*]{0,6}",
    ) {
        let Some(whole) = GoPattern::parse(&pattern) else { return Ok(()) };
        prop_assert!(name.starts_with(&whole.start()) || !whole.matches(&name));
        if whole.splits() {
            let pieces: Vec<&str> = pattern.split('/').collect();
            let names: Vec<&str> = name.split('/').collect();
            let each = pieces.len() == names.len()
                && pieces.iter().zip(&names).all(|(piece, name)| {
                    GoPattern::parse(piece).is_some_and(|piece| piece.matches(name))
                });
            prop_assert_eq!(whole.matches(&name), each, "{} on {}", pattern, name);
        }
    }

    #[test]
    fn never_panics(pattern in any::<String>(), name in any::<String>()) {
        if let Some(pattern) = GoPattern::parse(&pattern) {
            prop_assert!(name.starts_with(&pattern.start()) || !pattern.matches(&name));
        }
    }
}
