//! Which first lines are directives.

use super::{DirectiveReader, detect_syntax};

#[track_caller]
fn check_escape(lines: &[&str], escape: char) {
    let mut reader = DirectiveReader::default();
    for line in lines {
        reader.read(line).expect("no refusal");
    }
    assert_eq!(reader.escape(), escape, "{lines:?}");
}

#[track_caller]
fn check_syntax(text: &str, syntax: Option<&str>) {
    assert_eq!(detect_syntax(text).as_deref(), syntax, "{text:?}");
}

#[track_caller]
fn check_refused(lines: &[&str], message: &str) {
    let mut reader = DirectiveReader::default();
    let error = lines.iter().find_map(|line| reader.read(line).err()).expect("a refusal");
    assert_eq!(error.message, message);
}

#[test]
fn escape_counts_before_anything_else() {
    check_escape(&["#EsCaPe = `  ", "# check=skip=all;error=true"], '`');
    check_escape(&["# check=skip=all", "# syntax=a", "# escape=`"], '`');
    check_escape(&["# a comment", "# escape=`"], '\\');
    check_escape(&["", "# escape=`"], '\\');
    check_escape(&["FROM a", "# escape=`"], '\\');
    check_escape(&["# unknown=1", "# escape=`"], '\\');
    check_escape(&["# 1escape=`"], '\\');
    check_escape(&["# escape="], '\\');
    check_escape(&["// escape=`"], '\\');
    // Only the search for the syntax passes over this line.
    check_escape(&["#!/usr/bin/env docker", "# escape=`"], '\\');
}

#[test]
fn refusals() {
    check_refused(&["# escape=x"], "invalid escape token `x`");
    check_refused(&["# escape=  "], "invalid escape token ` `");
    check_refused(&["# escape=`", "# escape=`"], "only one `escape` parser directive can be used");
    check_refused(&["# syntax=a", "# Syntax=b"], "only one `syntax` parser directive can be used");
}

#[test]
fn syntax_is_in_a_comment() {
    check_syntax("# syntax=docker/dockerfile:1", Some("docker/dockerfile:1"));
    check_syntax("\u{feff}#SYNTAX = a b \r\nFROM x\n", Some("a b"));
    check_syntax("# check=skip=all\r\n# escape=`\r\n# syntax=a\r\n", Some("a"));
    check_syntax("# syntax=a\n# syntax=b\n", Some("a"));
    check_syntax("# check=x\n# check=y\n# syntax=b\n", None);
    check_syntax("# a comment\n# syntax=a\n", None);
    check_syntax("\n# syntax=a\n", None);
    check_syntax(" # syntax=a\n", None);
    check_syntax("FROM x\n# syntax=a\n", None);
}

#[test]
fn syntax_follows_a_shebang() {
    check_syntax("#!/usr/bin/env docker\n# syntax=a\nFROM x\n", Some("a"));
    check_syntax("\u{feff}#!x\r\n# syntax=a\r\n", Some("a"));
    check_syntax("#!x\n#!y\n# syntax=a\n", None);
    check_syntax("\n#!x\n# syntax=a\n", None);
    check_syntax("#!x\n\n# syntax=a\n", None);
    check_syntax("#!syntax=a", None);
}

#[test]
fn syntax_may_be_in_other_styles() {
    check_syntax("// syntax=a b\nanything\n", Some("a b"));
    check_syntax("#!x\n//syntax = a\n", Some("a"));
    check_syntax("// a comment\n// syntax=a\n", None);
    check_syntax("# syntax=a\n// syntax=b\n", Some("a"));
    check_syntax("// syntax=a\n# syntax=b\n", Some("a"));
    check_syntax(r#"{"syntax": "a", "x": [1, {"syntax": "c"}]}"#, Some("a"));
    check_syntax("#!x\n {\n\"syntax\": \"a\\u002fb\"\n}\n", Some("a/b"));
    check_syntax(r#"{"syntax": "a", "syntax": "b"}"#, Some("b"));
    check_syntax(r#"{"syntax": 1}"#, None);
    check_syntax(r#"{"Syntax": "a"}"#, None);
    check_syntax(r#"{"syntax": "a"} x"#, None);
    check_syntax(r#"["syntax", "a"]"#, None);
    check_syntax("{}", None);
}
