//! Shapes of what buildx reports.

use super::{Shape, fill, halves, repeat};

const TIME: &str = "2026-11-24T10:11:12.5Z";

/// A message about a vertex that runs.
fn vertex(digest: &str, name: &str, second: usize) -> String {
    let minute = second / 60 % 60;
    let hour = second / 3600 % 24;
    let day = 1 + second / 86_400 % 28;
    let time = format!("2026-11-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60);
    format!(r#"{{"digest":"{digest}","name":"{name}","started":"{time}","completed":"{time}"}}"#)
}

/// Of the stream of `--progress=rawjson`.
pub const PROGRESS: &[Shape] = &[
    Shape { name: "text-lines", make: |size| repeat(size, "", "a\n", "") },
    Shape { name: "text-line", make: |size| repeat(size, "", "a", "") },
    Shape { name: "braces", make: |size| repeat(size, "", "{\n", "") },
    Shape { name: "indented", make: |size| repeat(size, "{\n", "  \"a\": 1,\n", "}\n") },
    Shape { name: "indented-objects", make: |size| repeat(size, "", "{\n  \"a\": 1\n}\n", "") },
    Shape { name: "nested", make: |size| repeat(size, "{\"a\":", "[", "\n") },
    Shape {
        name: "messages",
        make: |size| {
            let message = |n| {
                let vertex = vertex(&format!("v{n}"), &format!("[1/2] RUN {n}"), n);
                format!("{{\"vertexes\":[{vertex}]}}\n")
            };
            fill(size, "", message, "")
        },
    },
    Shape {
        name: "runs-of-a-vertex",
        make: |size| {
            let message = |n| format!("{{\"vertexes\":[{}]}}\n", vertex("v", "[1/2] RUN a", 2 * n));
            fill(size, "", message, "")
        },
    },
    Shape {
        name: "logs-of-a-vertex",
        make: |size| {
            let start = format!("{{\"vertexes\":[{}]}}\n", vertex("v", "[1/2] RUN a", 1));
            let log = format!(
                "{{\"logs\":[{{\"vertex\":\"v\",\"stream\":1,\"data\":\"YQ==\",\"timestamp\":\"{TIME}\"}}]}}\n"
            );
            repeat(size, &start, &log, "")
        },
    },
    Shape {
        name: "vertexes-and-logs-of-a-message",
        make: |size| {
            let vertexes = |n| format!("{},", vertex(&format!("v{n}"), "a", n));
            let logs = |n| {
                format!(
                    "{}{{\"vertex\":\"v{n}\",\"data\":\"YQo=\",\"timestamp\":\"{TIME}\"}}",
                    if n == 0 { "{}],\"logs\":[" } else { "," }
                )
            };
            halves(size, "{\"vertexes\":[", vertexes, logs) + "]}"
        },
    },
    Shape {
        name: "statuses-of-a-message",
        make: |size| {
            let start = format!("{{\"vertexes\":[{}],\"statuses\":[", vertex("v", "a", 1));
            let status =
                |n| format!("{{\"id\":\"{n}\",\"vertex\":\"v\",\"timestamp\":\"{TIME}\"}},");
            fill(size, &start, status, "{}]}")
        },
    },
    Shape {
        name: "warnings",
        make: |size| {
            // Texts in base64 that differ.
            let warning = |n| format!("{{\"vertex\":\"v\",\"short\":\"{n:08}\"}},");
            fill(size, "{\"vertexes\":[{\"digest\":\"v\"}],\"warnings\":[", warning, "{}]}")
        },
    },
    Shape {
        name: "members-of-a-group",
        make: |size| {
            let message = |n| {
                format!(
                    "{{\"vertexes\":[{{\"digest\":\"v{n}\",\"started\":\"{TIME}\",\"progressGroup\":{{\"id\":\"g\",\"name\":\"g\",\"weak\":true}}}}]}}\n"
                )
            };
            fill(size, "", message, "")
        },
    },
    Shape {
        name: "members-of-a-group-in-a-message",
        make: |size| {
            let member = |n| {
                format!(
                    "{{\"digest\":\"v{n}\",\"progressGroup\":{{\"id\":\"g\",\"name\":\"g\",\"weak\":true}}}},"
                )
            };
            fill(size, "{\"vertexes\":[", member, "{}]}")
        },
    },
];

/// Of the metadata file.
pub const METADATA: &[Shape] = &[
    Shape { name: "names", make: |size| repeat(size, "{\"image.name\":\"", "a,", "\"}") },
    Shape { name: "keys", make: |size| fill(size, "{", |n| format!("\"k{n}\":1,"), "\"k\":1}") },
    Shape { name: "nested-objects", make: |size| repeat(size, "", "{\"a\":", "") },
    Shape { name: "nested-arrays", make: |size| repeat(size, "{\"a\":", "[", "") },
    Shape { name: "long-number", make: |size| repeat(size, "{\"a\":", "1", "}") },
    Shape { name: "escapes", make: |size| repeat(size, "{\"a\":\"", "\\u0041", "\"}") },
];

/// Of `docker buildx inspect`.
pub const BUILDER: &[Shape] = &[
    Shape {
        name: "platforms",
        make: |size| {
            let start = "Name: a\nDriver: b\nNodes:\nName: c\nPlatforms: ";
            fill(size, start, |n| format!("linux/{n}, "), "")
        },
    },
    Shape {
        name: "nodes",
        make: |size| {
            let node = |n| format!("Name: c{n}\nPlatforms: linux/{n}\n");
            fill(size, "Name: a\nDriver: b\nNodes:\n", node, "")
        },
    },
    Shape {
        name: "labels",
        make: |size| {
            let start = "Name: a\nDriver: b\nNodes:\nName: c\nLabels:\n";
            fill(size, start, |n| format!(" l{n}: a\n"), "")
        },
    },
    Shape { name: "colons", make: |size| repeat(size, "", ":", "") },
];

/// Of `docker buildx version`.
pub const VERSION: &[Shape] = &[
    Shape { name: "lines", make: |size| repeat(size, "", "a/buildx v0\n", "") },
    Shape { name: "digits", make: |size| repeat(size, "a/buildx v", "1", "") },
    Shape { name: "points", make: |size| repeat(size, "a/buildx v1", ".1", "") },
    Shape { name: "words", make: |size| repeat(size, "", "a ", "") },
];
