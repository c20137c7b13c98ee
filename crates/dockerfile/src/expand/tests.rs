//! Expansion: tables for each modifier, quoting and refusals.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{ExpandError, Variable, Variables, expand_word, single_variable};

/// `$A` and so on are set, `$E` is empty, `$U` isn't set and `$M` may be anything.
struct Fixture(BTreeMap<String, String>);

impl Variables for Fixture {
    fn get(&self, name: &str) -> Variable<'_> {
        if name == "M" { Variable::Undetermined } else { Variables::get(&self.0, name) }
    }
}

fn fixture() -> Fixture {
    let values = [
        ("A", "abcabc"),
        ("P", "usr/local/bin"),
        ("E", ""),
        ("S", "x y"),
        ("L", "one\ntwo"),
        ("한국어", "korean"),
        ("STAR", "a*b"),
    ];
    Fixture(values.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

#[track_caller]
fn check(word: &str, expected: &str) {
    assert_eq!(expand_word(word, '\\', &fixture()).as_deref(), Ok(expected), "{word}");
}

#[track_caller]
fn check_refused(word: &str, expected: &str) {
    let error = expand_word(word, '\\', &fixture()).expect_err("a refusal");
    assert_eq!(error, ExpandError::Refused(expected.to_owned()), "{word}");
}

#[track_caller]
fn check_single(word: &str, expected: Option<&str>) {
    assert_eq!(single_variable(word, '\\').as_deref(), expected, "{word}");
}

#[test]
fn plain_variables() {
    check("", "");
    check("plain", "plain");
    check("-$A-", "-abcabc-");
    check("${A}x", "abcabcx");
    check("$Ax", "");
    check("$U|$E|${U}", "||");
    check("$한국어", "korean");
    check("$", "$");
    check("$.", "$.");
    check("$1a$@b$$c", "abc");
    check("${1}${@}", "");
    check("<$A<<  $A", "<abcabc<<  abcabc");
    check("\u{feff}a", "a");
}

#[test]
fn quotes_and_escapes() {
    check("'$A'\"$A\"\\$A", "$Aabcabc$A");
    check("\"\\$A \\\" \\\\ \\n\"", "$A \" \\ \\n");
    check("'\\'", "\\");
    check("a\\ b\\nc\\", "a bnc");
    check("\"'\"'\"'", "'\"");
    check("a\\", "a");
}

#[test]
fn the_backtick_can_be_the_escape() {
    let expanded = expand_word("C:\\dir`$A\"``\"$A", '`', &fixture());
    assert_eq!(expanded.as_deref(), Ok("C:\\dir$A`abcabc"));
}

#[test]
fn defaults_and_alternatives() {
    check("${U:-d}${U-d}", "dd");
    check("${E:-d}|${E-d}", "d|");
    check("${A:-d}${A-d}", "abcabcabcabc");
    check("${U:+w}|${U+w}", "|");
    check("${E:+w}|${E+w}", "|w");
    check("${A:+w}${A+w}", "ww");
    check("${U:-${E:-${A}}}", "abcabc");
    check("${U:-'a}b'}", "a}b");
    check("${U:-\\}}", "}");
    check("${aaa}}", "}");
    check("${A?no}${E?no}", "abcabc");
}

#[test]
fn prefixes_and_suffixes() {
    check("${A#a}${A#x}", "bcabcabcabc");
    check("${A#*b}|${A##*b}", "cabc|c");
    check("${A%b*}|${A%%b*}", "abca|a");
    check("${P#*/}|${P##*/}|${P%/*}|${P%%/*}", "local/bin|bin|usr/local|usr");
    check("${A#?b}${A%?}", "cabcabcab");
    check("${STAR#a\\*}", "b");
    check("${STAR%\\*b}", "a");
    check("${L#*}|${L##*}|${L%%*}", "one\ntwo|\ntwo|one\n");
    check("${U#x}${U%x}", "");
    check("${A#${U:-a}}", "bcabc");
}

#[test]
fn replacements() {
    check("${A/b/X}|${A//b/X}", "aXcabc|aXcaXc");
    check("${A/b*/X}|${A//b*/X}", "aX|aX");
    check("${A/x/y}", "abcabc");
    check("${P//\\//-}", "usr-local-bin");
    // Where all matches are replaced, a `$0` that is left is the match; escapes stay here.
    check("${A//?c/<\\$0>}", "a<\\bc>a<\\bc>");
    check("${A/?c/<\\$0>}", "a<\\$0>abc");
    check("${A///-}", "-a-b-c-a-b-c-");
    check("${A/*/}|${A//*/}", "|");
    check("${L//*/x}", "x\nx");
    check("${U/a/b}", "");
}

#[test]
fn refusals() {
    check_refused("${U?}", "U: is not allowed to be unset");
    check_refused("${E:?}", "E: is not allowed to be empty");
    check_refused("${U:?give it}", "U: give it");
    check_refused("${", "missing `}` in `${…}`");
    check_refused("${A", "missing `}` in `${…}`");
    check_refused("${A:-b", "missing `}` in `${…}`");
    check_refused("${A/b}", "missing `/` in `${…}`");
    check_refused("${A/b/c", "missing `}` in `${…}`");
    check_refused("${}", "bad substitution");
    check_refused("${:-a}", "bad substitution");
    check_refused("${{A}}", "bad substitution");
    check_refused("${A=b}", "unsupported modifier `=` in `${…}`");
    check_refused("${A:=b}", "unsupported modifier `:=` in `${…}`");
    check_refused("${A:#b}", "unsupported modifier `:#` in `${…}`");
    check_refused("${A#\\b}", "invalid escape `\\b` in pattern `\\b`");
    check_refused("'a", "unexpected end while looking for a matching single quote");
    check_refused("\"a", "unexpected end while looking for a matching double quote");
    // The word of a modifier is expanded whether it is needed or not.
    check_refused("${A:-${U?}}", "U: is not allowed to be unset");
}

#[test]
fn what_is_not_known() {
    for word in ["$M", "${M:-x}", "${M:+x}", "\"$M\"", "${A:-$M}"] {
        let expanded = expand_word(word, '\\', &fixture());
        assert_eq!(expanded, Err(ExpandError::Undetermined("M".into())), "{word}");
    }
    check("'$M'\\$M", "$M$M");
}

#[test]
fn sizes_have_bounds() {
    let deep = format!("{}x{}", "${U:-".repeat(1000), "}".repeat(1000));
    assert_eq!(expand_word(&deep, '\\', &fixture()), Err(ExpandError::TooLarge));
    let wide = BTreeMap::from([("W".to_owned(), "w".repeat(1000))]);
    assert_eq!(expand_word(&"$W".repeat(1000), '\\', &wide), Err(ExpandError::TooLarge));
    assert_eq!(expand_word(&"$W".repeat(100), '\\', &wide).map(|w| w.len()), Ok(100_000));
}

/// A pattern that fits nearly everywhere costs the product of two lengths, a long value each time
/// that it is looked at.
#[test]
fn steps_have_bounds() {
    let long = BTreeMap::from([("W".to_owned(), "w".repeat(60_000))]);
    let pattern = "w".repeat(30_000);
    for word in [
        format!("${{W//{pattern}x/y}}"),
        format!("${{W##*{pattern}x}}"),
        format!("${{W%x{pattern}*}}"),
        format!("${{W//w*{}x/y}}", "?".repeat(30_000)),
        "${W##*}".repeat(1000),
        "${W:+}".repeat(1000),
    ] {
        let expanded = expand_word(&word, '\\', &long);
        assert!(expanded == Err(ExpandError::TooLarge), "{}", &word[..10]);
    }
    let check = |word: &str, expected: &str| {
        let expanded = expand_word(word, '\\', &long);
        assert!(expanded.as_deref() == Ok(expected), "{}", &word[..6]);
    };
    check(&format!("${{W/{pattern}*x/y}}"), &long["W"]);
    check("${W//w/}", "");
    check("${W##*w}", "");
    check(&format!("${{W%%{pattern}{pattern}}}"), "");
    check(&"${W##*}".repeat(100), "");
}

#[test]
fn a_word_that_is_one_variable() {
    check_single("$X", Some("X"));
    check_single("${X}", Some("X"));
    check_single("${X:-python:3}", Some("X"));
    check_single("${X:-${Y}}", Some("X"));
    check_single("$X:tag", None);
    check_single("${X}${Y}", None);
    check_single("a$X", None);
    check_single("$1", None);
    check_single("${X", None);
    check_single("python", None);
}

proptest! {
    #[test]
    fn never_panics(word in any::<String>(), escape in prop_oneof![Just('\\'), Just('`')]) {
        drop(expand_word(&word, escape, &fixture()));
    }

    #[test]
    fn never_panics_on_likely_words(
        word in r#"([$]|[{]|[}]|[$][{][AUELM](:?[-+?]|[#][#]?|%%?|//?)|[a-c*?'"\\/. 0é]){0,24}"#,
    ) {
        drop(expand_word(&word, '\\', &fixture()));
    }

    /// Without anything special, a word stays what it is.
    #[test]
    fn plain_words_stay(word in "[a-zA-Z0-9 ./:@<>#%*?_=-]{0,40}") {
        prop_assert_eq!(expand_word(&word, '\\', &fixture()), Ok(word));
    }

    /// Quoting is undone by expansion.
    #[test]
    fn single_quotes_protect(text in "[^']{0,40}") {
        prop_assert_eq!(expand_word(&format!("'{text}'"), '\\', &fixture()), Ok(text));
    }

    /// Removing a literal prefix or suffix is what the standard library does.
    #[test]
    fn literal_trims(value in "[ab]{0,8}", cut in "[ab]{0,3}") {
        let variables = BTreeMap::from([("V".to_owned(), value.clone())]);
        let front = expand_word(&format!("${{V#{cut}}}"), '\\', &variables);
        prop_assert_eq!(front.as_deref(), Ok(value.strip_prefix(&cut).unwrap_or(&value)));
        let back = expand_word(&format!("${{V%{cut}}}"), '\\', &variables);
        prop_assert_eq!(back.as_deref(), Ok(value.strip_suffix(&cut).unwrap_or(&value)));
    }

    /// The segments' places are those of the slow definition: try every prefix.
    #[test]
    fn wildcard_trims(value in "[ab\n]{0,8}", pattern in "[ab?*]{0,5}") {
        let variables = BTreeMap::from([("V".to_owned(), value.clone())]);
        let ends = (0..=value.len()).filter(|&end| slow_match(&pattern, &value[..end]));
        let ends: Vec<usize> = ends.collect();
        for (modifier, end) in [("#", ends.first()), ("##", ends.last())] {
            let expanded = expand_word(&format!("${{V{modifier}{pattern}}}"), '\\', &variables);
            prop_assert_eq!(expanded.as_deref(), Ok(&value[end.copied().unwrap_or(0)..]));
        }
    }
}

fn slow_match(pattern: &str, value: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return value.is_empty() };
    let rest = &pattern[1..];
    match (first, value.chars().next()) {
        ('*', _) if slow_match(rest, value) => true,
        ('*', Some(c)) => c != '\n' && slow_match(pattern, &value[1..]),
        ('?', Some(c)) => c != '\n' && slow_match(rest, &value[1..]),
        (first, Some(c)) => first == c && slow_match(rest, &value[1..]),
        (_, None) => false,
    }
}
