//! Recorded builds as text, the rules of single lines, and that chunks don't show.

use expect_test::{Expect, ExpectFile, expect, expect_file};
use proptest::prelude::*;

use super::*;
use crate::parser::tests::{CACHED, FAILED, FIRST, PUSHED, parse};
use crate::{Vertex, VertexLog, VertexWarning};

fn render(lines: &[Line]) -> String {
    let mut log = PlainLog::default();
    let mut text: String = lines.iter().map(|line| log.render(line)).collect();
    text.push_str(&log.finish());
    text
}

#[track_caller]
fn check(stream: &str, expected: &ExpectFile) {
    expected.assert_eq(&render(&parse(stream)));
}

#[test]
fn first_build() {
    check(FIRST, &expect_file!["../../fixtures/first.txt"]);
}

#[test]
fn same_build_again() {
    check(CACHED, &expect_file!["../../fixtures/cached.txt"]);
}

#[test]
fn failed_build() {
    check(FAILED, &expect_file!["../../fixtures/failed.txt"]);
}

#[test]
fn pushed_build() {
    check(PUSHED, &expect_file!["../../fixtures/pushed.txt"]);
}

fn at(nanos: i128) -> Timestamp {
    let (seconds, fraction) = (nanos / SECOND, nanos % SECOND);
    let (minute, second) = (seconds / 60, seconds % 60);
    Timestamp::parse(&format!("2024-03-06T10:{minute:02}:{second:02}.{fraction:09}Z")).unwrap()
}

const SECOND: i128 = 1_000_000_000;

fn run(started: i128, completed: Option<i128>) -> Vertex {
    Vertex {
        digest: "sha256:a".to_owned(),
        name: "[1/1] RUN a".to_owned(),
        started: Some(at(started)),
        completed: completed.map(at),
        ..Vertex::default()
    }
}

fn log(stream: i64, data: &[u8], nanos: i128) -> VertexLog {
    VertexLog { vertex: "sha256:a".to_owned(), stream, data: data.to_vec(), timestamp: at(nanos) }
}

fn vertexes(list: Vec<Vertex>) -> Line {
    Line::Status(SolveStatus { vertexes: list, ..SolveStatus::default() })
}

fn logs(list: Vec<VertexLog>) -> Line {
    Line::Status(SolveStatus { logs: list, ..SolveStatus::default() })
}

#[track_caller]
fn check_lines(lines: &[Line], expected: &Expect) {
    expected.assert_eq(&render(lines));
}

#[test]
fn output_is_joined_per_stream_and_dated_by_its_begin() {
    check_lines(
        &[
            vertexes(vec![run(0, None)]),
            logs(vec![log(1, b"one ", SECOND / 8), log(2, b"error\nhalf", SECOND / 4)]),
            logs(vec![log(1, b"line\n\ntwo", 12 * SECOND), log(2, b" error", 20 * SECOND)]),
            logs(vec![log(1, b"\r\n", 130 * SECOND), log(1, b"", 131 * SECOND)]),
            logs(vec![log(1, b"late\n", 130 * SECOND)]),
            vertexes(vec![run(0, Some(140 * SECOND))]),
        ],
        &expect![[r#"
            #1 [1/1] RUN a
            #1 0.250 error
            #1 0.125 one line
            #1 12.00 
            #1 12.00 two
            #1 130.0 late
            #1 0.250 half error
            #1 DONE 140.0s
        "#]],
    );
}

#[test]
fn output_in_the_message_of_the_end_comes_before_the_end() {
    let last = SolveStatus {
        vertexes: vec![run(0, Some(SECOND))],
        logs: vec![log(1, b"\xF0\x9F", SECOND / 2), log(1, b"\xA6\x80 \xFF", SECOND / 2)],
        ..SolveStatus::default()
    };
    check_lines(
        &[Line::Status(last)],
        &expect![[r#"
        #1 [1/1] RUN a
        #1 0.500 🦀 �
        #1 DONE 1.0s
    "#]],
    );
}

#[test]
fn a_build_that_is_killed_leaves_its_open_lines() {
    check_lines(
        &[vertexes(vec![run(0, None)]), logs(vec![log(1, b"working", SECOND)])],
        &expect![[r#"
            #1 [1/1] RUN a
            #1 1.000 working
        "#]],
    );
}

#[test]
fn ends() {
    let ended = |error: &str, cached| Vertex {
        error: error.to_owned(),
        cached,
        ..run(0, Some(1_250_000_000))
    };
    for (vertex, expected) in [
        (ended("", false), "#1 DONE 1.2s\n"),
        (ended("", true), "#1 CACHED\n"),
        (ended("exit code: 1", false), "#1 ERROR: exit code: 1\n"),
        (ended("failed: context canceled", false), "#1 CANCELED\n"),
    ] {
        let once = format!("#1 [1/1] RUN a\n{expected}");
        assert_eq!(render(&[vertexes(vec![vertex.clone()])]), once);
        // BuildKit sends the end again; a new run ends anew.
        let again = vertexes(vec![vertex.clone()]);
        assert_eq!(render(&[vertexes(vec![vertex]), again]), once);
    }
    let runs = [run(0, Some(SECOND)), run(2 * SECOND, None), run(2 * SECOND, Some(4 * SECOND))];
    expect![[r#"
        #1 [1/1] RUN a
        #1 DONE 1.0s
        #1 DONE 3.0s
    "#]]
    .assert_eq(&render(&runs.map(|vertex| vertexes(vec![vertex]))));
}

#[test]
fn statuses_are_thinned_out() {
    let status = |current, total, nanos, completed: bool| {
        Line::Status(SolveStatus {
            statuses: vec![VertexStatus {
                id: "transferring context:".to_owned(),
                vertex: "sha256:a".to_owned(),
                total,
                current,
                timestamp: at(nanos),
                started: Some(at(0)),
                completed: completed.then(|| at(nanos)),
            }],
            ..SolveStatus::default()
        })
    };
    check_lines(
        &[
            vertexes(vec![run(0, None)]),
            status(0, 0, 0, false),
            status(10, 0, SECOND, false),
            status(999, 0, 5 * SECOND, false),
            status(40_000, 1_000_000, 6 * SECOND, false),
            status(50_999, 1_000_000, 6 * SECOND, false),
            status(1_000_000, 1_000_000, 7 * SECOND, false),
            status(1_234_567, 0, 7 * SECOND, true),
        ],
        &expect![[r#"
            #1 [1/1] RUN a
            #1 transferring context:
            #1 transferring context: 999B 5.0s
            #1 transferring context: 51.00kB / 1.00MB 6.0s
            #1 transferring context: 1.00MB / 1.00MB 7.0s
            #1 transferring context: 1.23MB 7.0s done
        "#]],
    );
}

#[test]
fn warnings_and_text() {
    let warning = VertexWarning {
        vertex: "sha256:a".to_owned(),
        short: "FromAsCasing: casing does not match (line 1)".to_owned(),
        ..VertexWarning::default()
    };
    let status = SolveStatus {
        vertexes: vec![run(0, Some(0))],
        warnings: vec![warning],
        ..SolveStatus::default()
    };
    check_lines(
        &[Line::Status(status), Line::Text("ERROR: no space left".to_owned())],
        &expect![[r#"
            #1 [1/1] RUN a
            #1 WARN: FromAsCasing: casing does not match (line 1)
            #1 DONE 0.0s
            ERROR: no space left
        "#]],
    );
}

#[test]
fn what_is_about_no_known_vertex_is_left_out() {
    check_lines(&[logs(vec![log(1, b"who?\n", 0)])], &expect![[""]]);
}

#[test]
fn bytes() {
    for (bytes, text) in [
        (0, "0B"),
        (999, "999B"),
        (1000, "1.00kB"),
        (1234, "1.23kB"),
        (48_005_000, "48.01MB"),
        (i64::MAX, "9.22EB"),
        (-1500, "-1.50kB"),
    ] {
        assert_eq!(render_bytes(bytes), text);
    }
}

/// Cuts `data` at the given places, each taken modulo its length.
fn cut(data: &[u8], places: &[usize]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (data.len() + 1)).collect();
    places.extend([0, data.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| data[pair[0]..pair[1]].to_vec()).collect()
}

fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

proptest! {
    #[test]
    fn chunks_do_not_show(
        data in "[a-cé\r\n]{0,30}",
        places in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let whole = logs(vec![log(1, data.as_bytes(), SECOND)]);
        let chunks = cut(data.as_bytes(), &places);
        let chunks = chunks.iter().map(|chunk| logs(vec![log(1, chunk, SECOND)]));
        let (start, end) = (vertexes(vec![run(0, None)]), vertexes(vec![run(0, Some(SECOND))]));
        let of_chunks: Vec<Line> = [start.clone()].into_iter().chain(chunks).chain([end.clone()]).collect();
        prop_assert_eq!(render(&of_chunks), render(&[start, whole, end]));
    }

    #[test]
    fn streams_do_not_break_each_others_lines(
        chunks in proptest::collection::vec((1_i64..3, "[a-c\n]{0,6}"), 0..12),
    ) {
        let data = |wanted| {
            let chunks = chunks.iter().filter(|(stream, _)| *stream == wanted);
            chunks.map(|(_, data)| &**data).collect::<String>()
        };
        let interleaved = chunks.iter().map(|(stream, data)| log(*stream, data.as_bytes(), 0));
        let apart = (1..3).map(|stream| log(stream, data(stream).as_bytes(), 0));
        let with = |list: Vec<VertexLog>| {
            render(&[vertexes(vec![run(0, None)]), logs(list), vertexes(vec![run(0, Some(0))])])
        };
        let (interleaved, apart) = (with(interleaved.collect()), with(apart.collect()));
        prop_assert_eq!(sorted_lines(&interleaved), sorted_lines(&apart));
    }
}
