//! Shapes of `pyproject.toml`s and requirements.

use super::{Shape, fill, halves, repeat};

const PROJECT: &str = "[project]\nname = \"a\"\n";

/// Of `pyproject.toml`s.
pub const PYPROJECT: &[Shape] = &[
    Shape {
        name: "dependencies",
        make: |size| repeat(size, &format!("{PROJECT}dependencies = ["), "\"a>=1\",", "]\n"),
    },
    Shape {
        name: "dependencies-refused",
        make: |size| repeat(size, &format!("{PROJECT}dependencies = [\n"), "\"a=1\",\n", "]\n"),
    },
    Shape {
        name: "long-requirement",
        make: |size| repeat(size, &format!("{PROJECT}dependencies = [\"a"), ">=1,", "\"]\n"),
    },
    Shape {
        name: "long-escaped-requirement",
        make: |size| repeat(size, &format!("{PROJECT}dependencies = [\"a"), "\\u0020", "=\"]\n"),
    },
    Shape {
        name: "long-extra-of-many",
        make: |size| {
            let extra = repeat(size / 2, "[project.optional-dependencies]\n", "e", "");
            repeat(size, &format!("{PROJECT}{extra} = ["), "\"a\",", "]\n")
        },
    },
    Shape {
        name: "long-group-of-many",
        make: |size| {
            let group = repeat(size / 2, "[dependency-groups]\n", "e", "");
            repeat(size, &format!("{group} = ["), "\"a\",", "]\n")
        },
    },
    Shape {
        name: "long-key-of-faults",
        make: |size| {
            let key = repeat(size / 2, "[tool.uv.sources]\n", "k", "");
            repeat(size, &format!("{key} = ["), "1,", "]\n")
        },
    },
    Shape {
        name: "long-source-of-many",
        make: |size| {
            let marker =
                repeat(size / 3, "[tool.uv.sources]\na = { path = \"b\", marker = \"", "(", "");
            let marker = repeat(2 * size / 3, &format!("{marker}'a' == os_name"), ")", "\" }\n");
            repeat(size, &format!("{marker}{PROJECT}dependencies = ["), "\"a\",", "]\n")
        },
    },
    Shape {
        name: "sources-of-many",
        make: |size| {
            let sources = repeat(size / 2, "[tool.uv.sources]\na = [", "{path=\"b\"},", "]\n");
            repeat(size, &format!("{sources}{PROJECT}dependencies = ["), "\"a\",", "]\n")
        },
    },
    Shape {
        name: "groups-in-a-chain",
        make: |size| {
            let group = |n| format!("g{n} = [\"a\", {{include-group = \"g{}\"}}]\n", n + 1);
            fill(size, "[dependency-groups]\n", group, "")
        },
    },
    Shape {
        name: "groups-in-a-circle",
        make: |size| {
            let group = |n| format!("g{} = [{{include-group = \"g{n}\"}}]\n", n + 1);
            fill(size, "[dependency-groups]\ng0 = [{include-group = \"g9\"}]\n", group, "")
        },
    },
    Shape {
        name: "groups-that-include-one-of-many",
        make: |size| {
            let start = repeat(size / 2, "[dependency-groups]\nb = [", "\"a\",", "]\n");
            fill(size, &start, |n| format!("g{n} = [{{include-group = \"b\"}}]\n"), "")
        },
    },
    Shape {
        name: "poetry-extras-of-many",
        make: |size| {
            let start = repeat(size / 2, "[tool.poetry.dependencies]\na = [", "\"1\",", "]\n");
            fill(
                size,
                &format!("{start}[tool.poetry.extras]\n"),
                |n| format!("e{n} = [\"a\"]\n"),
                "",
            )
        },
    },
    Shape {
        name: "poetry-extras-of-a-long-one",
        make: |size| {
            let start = repeat(
                size / 2,
                "[tool.poetry.dependencies]\na = { path = \"",
                "a",
                "\" }\n[tool.poetry.extras]\n",
            );
            fill(size, &start, |n| format!("e{n} = [\"a\"]\n"), "")
        },
    },
    Shape {
        name: "poetry-sources-of-many",
        make: |size| {
            let start =
                repeat(size / 2, "[tool.poetry.dependencies]\na = [", "{path=\"b\"},", "]\n");
            repeat(size, &format!("{start}{PROJECT}dependencies = ["), "\"a\",", "]\n")
        },
    },
    Shape {
        name: "poetry-groups",
        make: |size| {
            let group = |n| format!("[tool.poetry.group.g{n}.dependencies]\na = \"1\"\n");
            fill(size, "", group, "")
        },
    },
    Shape { name: "nested-arrays", make: |size| repeat(size, "a = ", "[", "") },
    Shape { name: "nested-tables", make: |size| repeat(size, "a = ", "{a=", "") },
    Shape { name: "dotted-key", make: |size| repeat(size, "a", ".a", " = 1\n") },
    Shape { name: "dotted-keys", make: |size| fill(size, "", |n| format!("a.b.c.d{n} = 1\n"), "") },
    Shape { name: "dotted-header", make: |size| repeat(size, "[a", ".a", "]\n") },
    Shape { name: "headers", make: |size| fill(size, "", |n| format!("[a.b{n}]\n"), "") },
    Shape { name: "arrays-of-tables", make: |size| repeat(size, "", "[[a.b]]\n[[a.b.c]]\n", "") },
    Shape {
        name: "keys-and-names",
        make: |size| {
            let keys = |n| format!("E{n} = []\n");
            halves(size, "[project.optional-dependencies]\n", keys, |n| format!("e-{n} = []\n"))
        },
    },
];

/// Of requirements.
pub const REQUIREMENT: &[Shape] = &[
    Shape { name: "long-name", make: |size| repeat(size, "a", "-_.", "a") },
    Shape { name: "extras", make: |size| repeat(size, "a[b", ",b", "]") },
    Shape { name: "clauses", make: |size| repeat(size, "a", ">=1,", ">=1") },
    Shape { name: "long-version", make: |size| repeat(size, "a==1", ".1", "") },
    Shape { name: "local-version", make: |size| repeat(size, "a==1+b", ".b", "") },
    Shape { name: "blanks", make: |size| repeat(size, "a", " ", "") },
    Shape { name: "url", make: |size| repeat(size, "a @ ", "%20", " ; os_name == 'a'") },
    Shape { name: "parentheses-open", make: |size| repeat(size, "a ; ", "(", "") },
    Shape {
        name: "parentheses",
        make: |size| {
            let open = repeat(size / 2, "a ; ", "(", "os_name == 'a'");
            repeat(size, &open, ")", "")
        },
    },
    Shape {
        name: "comparisons",
        make: |size| repeat(size, "a ; ", "os_name == 'a' and ", "os_name == 'a'"),
    },
    Shape { name: "long-literal", make: |size| repeat(size, "a ; os_name == '", "a", "'") },
    Shape { name: "long-word", make: |size| repeat(size, "a ; ", "a", "") },
];
