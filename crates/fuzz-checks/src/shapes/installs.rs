//! Shapes of commands.

use super::{Shape, fill, repeat};

/// Of the commands of a Dockerfile.
pub const INSTALLS: &[Shape] = &[
    Shape { name: "commands", make: |size| repeat(size, "", "uv sync --frozen --offline\n", "") },
    Shape { name: "parts", make: |size| repeat(size, "uv sync", " && uv sync", "") },
    Shape {
        name: "packages",
        make: |size| fill(size, "uv sync", |n| format!(" --package p{n}"), ""),
    },
    Shape {
        name: "groups",
        make: |size| fill(size, "poetry install --with a", |n| format!(",g{n}"), ""),
    },
    Shape { name: "settings", make: |size| fill(size, "", |n| format!("A{n}=1 "), "uv sync") },
    Shape { name: "quotes", make: |size| repeat(size, "sh -c ", "\"", "") },
    Shape { name: "nested-shells", make: |size| repeat(size, "", "sh -c \"a ", "") },
    Shape {
        name: "words-with-blanks",
        make: |size| fill(size, "sh -c", |n| format!(" 'a {n}'"), ""),
    },
    Shape { name: "escapes", make: |size| repeat(size, "a ", "\\ ", "") },
    Shape { name: "pipes", make: |size| repeat(size, "a", "|", "a") },
    Shape { name: "variables", make: |size| repeat(size, "uv sync ", "$A ", "") },
];
