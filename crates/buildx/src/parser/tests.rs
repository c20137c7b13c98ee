//! Both forms of the stream, what counts as text, and streams recorded from a real engine.

use proptest::prelude::*;

use super::*;

/// Recorded from buildx 0.13.1 and its indented form; only the registry's name is changed. Two
/// stages, `COPY --link`, output on both streams and without a last line end.
pub(crate) const FIRST: &str = include_str!("../../fixtures/first.rawjson");
/// The same build again: all from the cache.
pub(crate) const CACHED: &str = include_str!("../../fixtures/cached.rawjson");
/// The same build with a last step that fails.
pub(crate) const FAILED: &str = include_str!("../../fixtures/failed.rawjson");
/// The same build, pushed with two tags.
pub(crate) const PUSHED: &str = include_str!("../../fixtures/pushed.rawjson");

pub(crate) fn parse(stream: &str) -> Vec<Line> {
    let mut parser = ProgressParser::default();
    let mut lines: Vec<Line> = stream.lines().flat_map(|line| parser.push(line)).collect();
    lines.extend(parser.finish());
    lines
}

#[track_caller]
fn check_text(stream: &str, expected: &[&str]) {
    let expected: Vec<Line> = expected.iter().map(|text| Line::Text((*text).to_owned())).collect();
    assert_eq!(parse(stream), expected);
}

fn statuses(stream: &str) -> Vec<SolveStatus> {
    let status = |line| match line {
        Line::Status(status) => Some(status),
        Line::Text(_) => None,
    };
    parse(stream).into_iter().filter_map(status).collect()
}

#[test]
fn text_is_kept() {
    check_text("ERROR: exit code: 1\n\n  > x\r", &["ERROR: exit code: 1", "", "  > x"]);
    check_text(r#"{"error":"of another kind"}"#, &[r#"{"error":"of another kind"}"#]);
    check_text(r#"{"logs":[{"data":"?"}]}"#, &[r#"{"logs":[{"data":"?"}]}"#]);
    check_text("[]\nnull\n}", &["[]", "null", "}"]);
    check_text("{\n  \"error\": 1\n}", &["{\n  \"error\": 1\n}"]);
}

#[test]
fn an_object_that_is_cut_off_is_text() {
    check_text("{\n  \"logs\": [\nERROR: x", &["{\n  \"logs\": [", "ERROR: x"]);
    check_text("{\n  \"logs\": [", &["{\n  \"logs\": ["]);
    assert_eq!(
        parse("{\n  \"logs\": [\n{}"),
        [Line::Text("{\n  \"logs\": [".to_owned()), Line::Status(SolveStatus::default())]
    );
}

#[test]
fn empty_status() {
    assert_eq!(parse("{}\r\n"), [Line::Status(SolveStatus::default())]);
}

#[test]
fn recorded_streams_hold_nothing_unknown() {
    for (stream, messages) in [(FIRST, 56), (CACHED, 33), (PUSHED, 61), (FAILED, 32)] {
        assert_eq!(statuses(stream).len(), messages);
    }
    for stream in [FIRST, CACHED, PUSHED] {
        assert!(parse(stream).iter().all(|line| matches!(line, Line::Status(_))));
    }
}

#[test]
fn the_error_follows_as_text() {
    let lines = parse(FAILED);
    let texts: Vec<&str> = lines
        .iter()
        .filter_map(|line| if let Line::Text(text) = line { Some(&**text) } else { None })
        .collect();
    assert_eq!(texts.len(), 8);
    assert_eq!(texts[0], "Dockerfile:10");
    assert!(texts[7].starts_with("ERROR: failed to solve: process "), "{}", texts[7]);
}

/// What buildx writes from v0.15 on.
#[test]
fn one_line_per_message_says_the_same() {
    for stream in [FIRST, CACHED, PUSHED] {
        let values = serde_json::Deserializer::from_str(stream).into_iter::<serde_json::Value>();
        let compact: String = values.map(|value| format!("{}\n", value.unwrap())).collect();
        assert_eq!(parse(&compact), parse(stream));
    }
}

proptest! {
    #[test]
    fn never_panics_and_loses_nothing(stream in "([{}]|\\PC{0,20}|  \"[a-z]{0,4}\": \\[|\n){0,12}") {
        let mut kept = String::new();
        for line in parse(&stream) {
            match line {
                Line::Status(status) => {
                    prop_assert_eq!(status, SolveStatus::default());
                    kept.push_str("{}");
                }
                Line::Text(text) => kept.push_str(&text),
            }
        }
        let bare = |text: &str| text.replace(['\n', '\r'], "");
        prop_assert_eq!(bare(&kept), bare(&stream));
    }

    #[test]
    fn never_panics_on_near_json(
        key in "vertexes|statuses|logs|warnings|x", body in "[\\[\\]{}:,\"a-z0-9]{0,30}"
    ) {
        drop(parse(&format!("{{\"{key}\":{body}}}")));
    }
}
