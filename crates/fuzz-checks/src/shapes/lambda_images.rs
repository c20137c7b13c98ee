//! Shapes of the configuration, of names, of the manifest and of texts with references.

use super::{Shape, fill, repeat};

const TABLE: &str = "[workspace.metadata.lambda-images]\n";

/// Of the root `Cargo.toml`.
pub const CONFIG: &[Shape] = &[
    Shape { name: "unknown-keys", make: |size| fill(size, TABLE, |n| format!("k{n} = 1\n"), "") },
    Shape { name: "long-key", make: |size| repeat(size, TABLE, "k", " = 1\n") },
    Shape {
        name: "args",
        make: |size| {
            fill(
                size,
                "[workspace.metadata.lambda-images.args]\n",
                |n| format!("k{n} = \"\"\n"),
                "",
            )
        },
    },
    Shape {
        name: "args-on-a-line",
        make: |size| {
            let start = format!("{TABLE}args = {{");
            fill(size, &start, |n| format!("k{n} = \"\", "), "k = \"\"}\n")
        },
    },
    Shape {
        name: "mirrors",
        make: |size| {
            let start = "[workspace.metadata.lambda-images.mirrors]\n";
            fill(size, start, |n| format!("k{n} = \"a/\"\n"), "")
        },
    },
    Shape {
        name: "images",
        make: |size| repeat(size, "", "[[workspace.metadata.lambda-images.images]]\n", ""),
    },
    Shape {
        name: "images-on-a-line",
        make: |size| repeat(size, &format!("{TABLE}images = ["), "{},", "]\n"),
    },
    Shape {
        name: "globs",
        make: |size| repeat(size, &format!("{TABLE}packages = ["), "\"a\",", "]\n"),
    },
    Shape { name: "nested-arrays", make: |size| repeat(size, "a = ", "[", "") },
    Shape { name: "nested-tables", make: |size| repeat(size, "a = ", "{a=", "") },
    Shape { name: "dotted-key", make: |size| repeat(size, "a", ".a", " = 1\n") },
    Shape { name: "dotted-header", make: |size| repeat(size, "[a", ".a", "]\n") },
    Shape { name: "other-tables", make: |size| fill(size, "", |n| format!("[a{n}.b]\n"), "") },
];

/// Of names.
pub const REFERENCE: &[Shape] = &[
    Shape { name: "letters", make: |size| repeat(size, "", "a", "") },
    Shape { name: "separators", make: |size| repeat(size, "a", "-", "a") },
    Shape { name: "components", make: |size| repeat(size, "a", "/a", "") },
    Shape { name: "colons", make: |size| repeat(size, "a", ":", "") },
    Shape { name: "digests", make: |size| repeat(size, "a", "@sha256:", "") },
    Shape { name: "lines", make: |size| repeat(size, "", "a.b:5000/c/d:e\n", "") },
];

/// Of lists of mirrors.
pub const MIRRORS: &[Shape] = &[
    Shape { name: "entries", make: |size| fill(size, "", |n| format!("a{n}=b,"), "") },
    Shape { name: "prefixes", make: |size| repeat(size, "python", "/a", "=b") },
    Shape { name: "commas", make: |size| repeat(size, "", ",", "") },
    Shape { name: "equals", make: |size| repeat(size, "a", "=", "") },
];

/// Of locks of external bases.
pub const BASE_LOCK: &[Shape] = &[
    Shape {
        name: "bases",
        make: |size| {
            let base = |n| {
                format!(
                    "[[base]]\nreference = \"a:{n}\"\ndigest = \"sha256:{n:064}\"\nresolved = \"2026-11-25\"\n"
                )
            };
            fill(size, "version = 1\n", base, "")
        },
    },
    Shape {
        name: "bases-on-a-line",
        make: |size| repeat(size, "version = 1\nbase = [", "{reference=\"a\"},", "]\n"),
    },
    Shape {
        name: "keys-of-a-base",
        make: |size| fill(size, "version = 1\n[[base]]\n", |n| format!("k{n} = 1\n"), ""),
    },
    Shape { name: "empty-bases", make: |size| repeat(size, "version = 1\n", "[[base]]\n", "") },
    Shape { name: "nested", make: |size| repeat(size, "version = ", "[", "") },
];

/// Of manifests.
pub const MANIFEST: &[Shape] = &[
    Shape {
        name: "images",
        make: |size| {
            let image = |n| {
                format!(
                    "{}{{\"name\":\"i{n}\",\"kind\":\"lambda\",\"image_ref\":\"a\",\"repository\":\"a\",\"tags\":[],\"digest\":null,\"platform\":\"linux/amd64\",\"fingerprint\":\"{n:064}\",\"git_commit\":null,\"dirty\":false,\"sizes\":{{\"image\":null,\"inputs\":1}}}}",
                    if n == 0 { "" } else { "," }
                )
            };
            fill(size, "{\"version\":1,\"stack\":\"a\",\"images\":[", image, "]}")
        },
    },
    Shape { name: "nested", make: |size| repeat(size, "{\"version\":1,\"a\":", "[", "") },
    Shape {
        name: "keys",
        make: |size| {
            fill(
                size,
                "{\"version\":1,\"stack\":\"a\",\"images\":[]",
                |n| format!(",\"k{n}\":1"),
                "}",
            )
        },
    },
    Shape {
        name: "long-stack",
        make: |size| repeat(size, "{\"version\":1,\"images\":[],\"stack\":\"", "a", "\"}"),
    },
];

/// Of texts with references.
pub const TEXT_REFERENCES: &[Shape] = &[
    Shape { name: "references", make: |size| repeat(size, "", "a-dev:latest\n", "") },
    Shape { name: "references-on-a-line", make: |size| repeat(size, "", "é a-dev:latest ", "") },
    Shape { name: "letters", make: |size| repeat(size, "", "a", ":latest") },
    Shape { name: "colons", make: |size| repeat(size, "", ":", "") },
    Shape { name: "tags", make: |size| repeat(size, "", ":latest", "") },
    Shape { name: "slashes", make: |size| repeat(size, "", "/", ":latest") },
    Shape { name: "escaped-slashes", make: |size| repeat(size, "", "a\\/", ":latest") },
    Shape {
        name: "long-repositories",
        make: |size| {
            let path = "a/".repeat(200);
            repeat(size, "", &format!("{path}a-dev:latest\n"), "")
        },
    },
    Shape { name: "hosts", make: |size| repeat(size, "", "a.b:1/a-dev:latest", "") },
    Shape { name: "lines", make: |size| repeat(size, "", "\n", "a-dev:latest") },
];
