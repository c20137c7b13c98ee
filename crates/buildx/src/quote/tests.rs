//! A table, and the round trip through a splitter that knows quotes and backslashes.

use proptest::prelude::*;

use super::quote_command;

#[track_caller]
fn check(words: &[&str], expected: &str) {
    let line = quote_command(words);
    assert_eq!(line, expected);
    assert_eq!(split(&line), words);
}

/// What a POSIX shell does to a line without expansions: an unquoted character that would start
/// one is a failure of the test.
#[track_caller]
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' => words.extend(word.take()),
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '\\' => word.get_or_insert_default().push(chars.next().unwrap()),
            '$' | '`' | '"' | '*' | '?' | '[' | '~' | '#' | '&' | ';' | '<' | '>' | '|' | '('
            | ')' | '{' | '}' | '!' | '\t' | '\n' => {
                panic!("`{char}` stands unquoted in `{line}`")
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    words
}

#[test]
fn table() {
    check(&[], "");
    check(&["docker", "buildx", "--tag=a/b:c@sha256:0"], "docker buildx --tag=a/b:c@sha256:0");
    check(&[""], "''");
    check(&["a b", "c"], "'a b' c");
    check(&["it's"], r"'it'\''s'");
    check(&["'"], r"''\'''");
    check(&["$HOME", "~", "*", "a\nb"], "'$HOME' '~' '*' 'a\nb'");
    check(&["é"], "'é'");
    check(&["A=1", "B=2"], "'A=1' B=2");
}

proptest! {
    #[test]
    fn a_shell_reads_the_same_words(words in proptest::collection::vec("\\PC{0,8}|[ -~\n\t]{0,8}", 0..6)) {
        prop_assert_eq!(split(&quote_command(&words)), words);
    }
}
