//! Which first lines are directives.

use super::{DirectiveReader, Directives};

#[track_caller]
fn check(lines: &[&str], syntax: Option<&str>, escape: char, check: Option<&str>) {
    let mut reader = DirectiveReader::default();
    for line in lines {
        reader.read(line).expect("no refusal");
    }
    let expected =
        Directives { syntax: syntax.map(str::to_owned), escape, check: check.map(str::to_owned) };
    assert_eq!(reader.found, expected, "{lines:?}");
}

#[track_caller]
fn check_refused(lines: &[&str], message: &str) {
    let mut reader = DirectiveReader::default();
    let error = lines.iter().find_map(|line| reader.read(line).err()).expect("a refusal");
    assert_eq!(error.message, message);
}

#[test]
fn directives_come_first() {
    check(&["# syntax=docker/dockerfile:1"], Some("docker/dockerfile:1"), '\\', None);
    check(
        &["#EsCaPe = `  ", "# check=skip=all;error=true"],
        None,
        '`',
        Some("skip=all;error=true"),
    );
    check(&["# a comment", "# escape=`"], None, '\\', None);
    check(&["", "# escape=`"], None, '\\', None);
    check(&["FROM a", "# escape=`"], None, '\\', None);
    check(&["# unknown=1", "# escape=`"], None, '\\', None);
    check(&["# 1escape=`"], None, '\\', None);
    check(&["# escape="], None, '\\', None);
    check(&["# syntax = a b "], Some("a b"), '\\', None);
}

#[test]
fn refusals() {
    check_refused(&["# escape=x"], "invalid escape token `x`");
    check_refused(&["# escape=  "], "invalid escape token ` `");
    check_refused(&["# escape=`", "# escape=`"], "only one `escape` parser directive can be used");
    check_refused(&["# syntax=a", "# Syntax=b"], "only one `syntax` parser directive can be used");
}
