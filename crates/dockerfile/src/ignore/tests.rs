//! `.dockerignore`: tables, and the fast matcher against a slow one.

use proptest::prelude::*;

use super::{Dockerignore, Sweep, parse_dockerignore};

mod slow;

fn parse(text: &str) -> Dockerignore {
    parse_dockerignore(text).expect("no faults")
}

/// Paths that are excluded and paths that aren't, separated by spaces.
#[track_caller]
fn check(text: &str, excluded: &str, included: &str) {
    let ignore = parse(text);
    for (paths, expected) in [(excluded, true), (included, false)] {
        for path in paths.split_whitespace() {
            assert_eq!(ignore.excludes(path), expected, "{text:?} on {path:?}");
        }
    }
}

#[track_caller]
fn check_patterns(text: &str, expected: &[&str]) {
    assert_eq!(parse(text).patterns().collect::<Vec<_>>(), expected, "{text:?}");
}

#[track_caller]
fn check_fault(text: &str, line: usize, message: &str) {
    let faults = parse_dockerignore(text).expect_err("a fault");
    assert_eq!((faults[0].line, faults[0].message.as_str()), (line, message), "{text:?}");
}

#[track_caller]
fn check_descends(text: &str, folders: &str, others: &str) {
    let ignore = parse(text);
    for (folders, expected) in [(folders, true), (others, false)] {
        for folder in folders.split_whitespace() {
            assert_eq!(ignore.may_descend(folder), expected, "{text:?} into {folder:?}");
        }
    }
}

#[test]
fn lines() {
    check_patterns("\u{feff}a\r\n\r\n# c\n #d\n  b/ \n", &["a", "#d", "b"]);
    check_patterns("/a\n//b\n./c/./d\ne/../f\n/../g\n", &["a", "b", "c/d", "f", "g"]);
    check_patterns("! /a\n!!b\n!./c/\n", &["!a", "!!b", "!c"]);
    check_patterns("/\n.\n..\n**/\n", &["/", ".", "..", "**"]);
    check_patterns("\u{feff}# c\n", &[]);
    check_patterns("", &[]);
}

/// Found by fuzzing: the second half of the job cleans what the first one has made, and takes an
/// exception from inside a path.
#[test]
fn patterns_that_a_reader_lets_through_by_accident() {
    let check = |text: &str, lines: &[&str], excluded: &str, included: &str| {
        check_patterns(text, lines);
        let written = lines.join("\n");
        check_patterns(&written, lines);
        check(text, excluded, included);
        check(&written, excluded, included);
    };
    check("*\n./!//g/.", &["*", "./!/g"], "g", "");
    check("*\n././! g", &["*", "./! g"], "g", "");
    check("*\n./!./g/", &["*", "./!./g"], "g", "");
    check("*\n./!g", &["*", "!g"], "f", "g");
    check("/ /a\nb", &["/ /a", "b"], "b", "a");
}

#[test]
fn faults() {
    check_fault("a\n!\n", 2, "`!` without a pattern");
    check_fault("!/\n", 1, "`!` without a pattern");
    check_fault("[\n", 1, "invalid pattern `[`");
    check_fault("a[]b\n", 1, "invalid pattern `a[]b`");
    check_fault("[b-a]\n", 1, "invalid pattern `[b-a]`");
    check_fault("x/[-a]", 1, "invalid pattern `x/[-a]`");
    check_fault("a\\", 1, "invalid pattern `a\\`");
    check_fault("a\\y", 1, "invalid pattern `a\\y`");
    check_fault("a\\pLb", 1, "invalid pattern `a\\pLb`");
    check_fault(&"a".repeat(70_000), 1, "line longer than BuildKit reads");
}

#[test]
fn plain_paths_are_anchored() {
    check("a", "a a/b a/b/c", "b b/a ab");
    check("/a/b/", "a/b a/b/c", "a a/c b");
    check(".", "", "a .git");
    check("../a", "", "a");
    check("a.b(c)+{d}|$e", "a.b(c)+{d}|$e", "aXb(c)+{d}|$e");
}

#[test]
fn wildcards_stay_within_a_component() {
    check("*", "a a/b .git", "");
    check("*.py", "a.py .py x.py/y", "a/b.py py");
    check("*/*.py", "a/b.py a/b.py/c", "a.py a/b/c.py");
    check("a?c/d*e", "abc/de abc/dxe/f", "ac/de a/c/de abc/d");
    check("temp*", "temp temporary temp/a", "a/temp");
    check("a*b*c*d", "abcd axbxcxd abbccd", "abcdx abdc");
}

#[test]
fn double_stars() {
    check("**", "a a/b", "");
    check("**/a", "a b/a b/c/a b/a/c", "ba b/ab");
    check("a/**", "a/b a/b/c", "a b");
    check("a/**/b", "a/b a/x/b a/x/y/b/z", "ab b a/xb");
    check("**/*.pyc", "x.pyc a/x.pyc a/b/x.pyc", "x.py pyc");
    check("**/a/**/b", "a/b x/a/b x/a/y/b", "a b x/a");
    check("**/a/**", "a/x y/a/x", "a y/a b");
    check("*/**", "a/b a/b/c", "a");
    // Without slashes around them they are more than a component's wildcards.
    check("**a", "a ba x/ba", "ab");
    check("a**", "a ab a/b ab/c", "ba");
    check("a**b", "ab a/b axx/b ax/y/b", "axb a/xb");
    check("*a**", "a xa/b ab", "b");
    check("***", "a a/b", "");
}

#[test]
fn classes_and_escapes() {
    check("[a-c]x", "ax cx", "dx x");
    check("[^a]x", "bx", "ax");
    check("a\\*b", "a*b", "axb");
    check("a\\?\\[b\\]", "a?[b]", "ax[b]");
    check("[\\]]", "]", "a");
    check("\\!a", "!a", "a");
}

/// A pattern becomes a regular expression in BuildKit, and not all of one is escaped.
#[test]
fn leaks_of_regular_expressions() {
    check("[[:alpha:]]x", "ax", "1x");
    check("a\\d", "a1", "ad");
    check("a\\x62", "ab", "ax62");
    check("x[^a]y", "xby x/y", "xay");
    check("[*]", "[] ^] [[]", "* a");
    check("*^a", "", "^a x^a");
    check("^a", "^a", "a");
    check("a\\b*", "a a.b", "ab");
}

#[test]
fn the_last_match_wins() {
    check("*.md\n!README.md", "a.md", "README.md");
    check("!README.md\n*.md", "README.md", "a");
    check("*.md\n!README*.md\nREADME-secret.md", "a.md README-secret.md", "README.md");
}

#[test]
fn files_come_back_from_excluded_folders() {
    check("a\n!a/b", "a a/c", "a/b a/b/c");
    check("*\n!a/b/c", "a a/b a/b/d x", "a/b/c a/b/c/d");
    check("*\n!**/*.py", "a a/b.txt", "x.py a/b/x.py");
    check("**\n!a\na/b", "b a/b a/b/c", "a a/c");
    check("a/*\n!a/b", "a/c a/c/b", "a a/b a/b/c");
}

/// A pattern that isn't asked at a folder doesn't count in it; asking for the path alone
/// would give another answer.
#[test]
fn a_pattern_that_was_not_asked_is_not_handed_down() {
    check("d\n!d/c\nd*", "d d/x dd", "d/c");
    check("d*\n!d/c\nd", "d d/x dd", "d/c");
    check("d\n!d/c\n**/d", "d d/x x/d", "d/c");
}

#[test]
fn excluded_folders_are_skipped() {
    check_descends("a", "b b/a", "a a/b");
    check_descends("*\n!a/b", "a a/b a/b/c", "b b/a a/c");
    check_descends("*\n!a/*\n", "a a/x", "b");
    check_descends("*\n!*/x", "a a/b b", "");
    check_descends("", "a", "");
    // The exception ends in wildcards, and BuildKit takes it for the plain path before them.
    check("a\n!a/*/**", "a a/b a/b/c", "");
    check("a\n!a/?/**", "a a/b", "a/b/c");
}

#[test]
fn many_stars_take_no_time() {
    let long = "a".repeat(5_000);
    check(&format!("{}b", "*a".repeat(200)), "", &long);
    check(&format!("{}b", "**/*a".repeat(60)), "", &format!("{long}/{long}"));
    check(&format!("x**{}y", "*a**".repeat(20)), "", &format!("x{}", "a".repeat(500)));
}

#[test]
fn more_steps_than_bits() {
    let path = vec!["a"; 100].join("/");
    check(&format!("{path}/?"), &format!("{path}/x"), &path);
    check(&format!("**/{path}/?"), &format!("b/{path}/x"), &path);
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "ab", "ba", "abc", "x.py", "a.b", "*", "é", "a\nb"])
        .prop_map(str::to_owned)
}

fn paths() -> impl Strategy<Value = String> {
    prop::collection::vec(names(), 1..5).prop_map(|names| names.join("/"))
}

fn patterns() -> impl Strategy<Value = String> {
    let component = prop_oneof![
        4 => names(),
        1 => prop::sample::select(vec![
            "*", "**", "?", "a*", "*b", "**a", "a**", "*.*", "a**b", "*a*", "\\*", "***", "..", "a?",
        ]).prop_map(str::to_owned),
    ];
    let start = prop::sample::select(vec!["", "", "!", "/", "! "]);
    (start, prop::collection::vec(component, 1..4))
        .prop_map(|(start, components)| format!("{start}{}", components.join("/")))
        .prop_filter("line breaks end a pattern", |pattern| !pattern.contains('\n'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn as_the_slow_one(
        lines in prop::collection::vec(patterns(), 0..6),
        paths in prop::collection::vec(paths(), 1..8),
    ) {
        let ignore = parse(&lines.join("\n"));
        let slow = slow::Slow::new(&lines);
        let mut sweep = Sweep::new(&ignore);
        for path in &paths {
            let expected = slow.excludes(path);
            prop_assert_eq!(ignore.excludes(path), expected, "{:?} on {:?}", &lines, path);
            prop_assert_eq!(sweep.excludes(path), expected, "sweep: {:?} on {:?}", &lines, path);
            prop_assert_eq!(ignore.may_descend(path), slow.may_descend(path), "{:?}", path);
        }
    }

    #[test]
    fn never_panics(text in any::<String>(), path in any::<String>()) {
        if let Ok(ignore) = parse_dockerignore(&text) {
            prop_assert_eq!(ignore.excludes(&path), Sweep::new(&ignore).excludes(&path));
        }
    }

    #[test]
    fn never_panics_on_likely_text(
        text in r"([*]|[*][*]/?|[/?a^!.-]|\[|\]|\[\^?[a-c]|\\|\[\[:alpha:\]\]|\n|b){0,24}",
        path in "[ab/.*\\\\]{0,12}",
    ) {
        if let Ok(ignore) = parse_dockerignore(&text) {
            prop_assert_eq!(ignore.excludes(&path), Sweep::new(&ignore).excludes(&path));
        }
    }

    /// The patterns that are given back mean the same.
    #[test]
    fn patterns_round_trip(lines in prop::collection::vec(patterns(), 0..6), path in paths()) {
        let ignore = parse(&lines.join("\n"));
        let again = parse(&ignore.patterns().collect::<Vec<_>>().join("\n"));
        prop_assert_eq!(ignore.excludes(&path), again.excludes(&path));
    }
}
