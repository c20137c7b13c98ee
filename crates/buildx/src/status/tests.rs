//! Each field by its JSON name.

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(line: &str, expected: &Expect) {
    expected.assert_debug_eq(&serde_json::from_str::<SolveStatus>(line).unwrap());
}

#[test]
fn vertex() {
    check(
        r#"{"vertexes":[{"digest":"sha256:a","inputs":["sha256:b"],"name":"[2/2] COPY a .","started":"1970-01-01T00:00:01Z","completed":"1970-01-01T00:00:02.5Z","cached":true,"error":"no","progressGroup":{"id":"g","name":"n","weak":true}}]}"#,
        &expect![[r#"
            SolveStatus {
                vertexes: [
                    Vertex {
                        digest: "sha256:a",
                        name: "[2/2] COPY a .",
                        started: Some(
                            Timestamp(
                                1000000000,
                            ),
                        ),
                        completed: Some(
                            Timestamp(
                                2500000000,
                            ),
                        ),
                        cached: true,
                        error: "no",
                        progress_group: Some(
                            ProgressGroup {
                                id: "g",
                                name: "n",
                                weak: true,
                            },
                        ),
                    },
                ],
                statuses: [],
                logs: [],
                warnings: [],
            }
        "#]],
    );
}

#[test]
fn status_log_and_warning() {
    check(
        r#"{"statuses":[{"id":"transferring context:","vertex":"sha256:a","name":"transferring","total":9,"current":5,"timestamp":"1970-01-01T00:00:01Z","started":"1970-01-01T00:00:01Z"}],"logs":[{"vertex":"sha256:a","stream":2,"data":"aGkK","timestamp":"1970-01-01T00:00:01Z"},{"data":null,"timestamp":"1970-01-01T00:00:01Z"}],"warnings":[{"vertex":"sha256:a","level":1,"short":"aGk=","detail":["Zm9v","YmFy"],"url":"https://docs.docker.com/","sourceInfo":{"filename":"Dockerfile"},"range":[{"start":{"line":1},"end":{"line":1}}]}]}"#,
        &expect![[r#"
            SolveStatus {
                vertexes: [],
                statuses: [
                    VertexStatus {
                        id: "transferring context:",
                        vertex: "sha256:a",
                        total: 9,
                        current: 5,
                        timestamp: Timestamp(
                            1000000000,
                        ),
                        started: Some(
                            Timestamp(
                                1000000000,
                            ),
                        ),
                        completed: None,
                    },
                ],
                logs: [
                    VertexLog {
                        vertex: "sha256:a",
                        stream: 2,
                        data: [
                            104,
                            105,
                            10,
                        ],
                        timestamp: Timestamp(
                            1000000000,
                        ),
                    },
                    VertexLog {
                        vertex: "",
                        stream: 0,
                        data: [],
                        timestamp: Timestamp(
                            1000000000,
                        ),
                    },
                ],
                warnings: [
                    VertexWarning {
                        vertex: "sha256:a",
                        short: "hi",
                        detail: [
                            "foo",
                            "bar",
                        ],
                        url: "https://docs.docker.com/",
                    },
                ],
            }
        "#]],
    );
}

#[test]
fn refused() {
    for text in
        [r#"{"vertexes":[{"started":"soon"}]}"#, r#"{"logs":[{"data":"?"}]}"#, r#"{"vertexes":{}}"#]
    {
        serde_json::from_str::<SolveStatus>(text).unwrap_err();
    }
}
