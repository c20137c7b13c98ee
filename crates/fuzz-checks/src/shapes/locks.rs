//! Shapes of locks and requirements files.

use super::{Shape, fill, halves, repeat};

const UV: &str = "version = 1\n[[package]]\nname = \"r\"\n";
const POETRY: &str = "[metadata]\nlock-version = \"2.1\"\n[[package]]\nname = \"r\"\n";

const PYLOCK_HEAD: &str = "lock-version = \"1.0\"\n";

/// Of `uv.lock`s.
pub const UV_LOCK: &[Shape] = &[
    Shape {
        name: "packages-in-a-chain",
        make: |size| {
            let package = |n| {
                format!(
                    "[[package]]\nname = \"p{n}\"\ndependencies = [{{name = \"p{}\"}}]\n",
                    n + 1
                )
            };
            fill(size, "version = 1\n", package, "")
        },
    },
    Shape {
        name: "packages-in-a-chain-with-markers",
        make: |size| {
            let package = |n| {
                format!(
                    "[[package]]\nname = \"p{n}\"\ndependencies = [{{name = \"p{}\", marker = \"platform_release == '{n}'\"}}]\n",
                    n + 1
                )
            };
            fill(size, "version = 1\n", package, "")
        },
    },
    Shape {
        name: "packages-of-one-name",
        make: |size| {
            let start =
                repeat(size / 2, &format!("{UV}dependencies = ["), "{name = \"p\"},", "]\n");
            let package = |n| format!("[[package]]\nname = \"p\"\nversion = \"{n}\"\n");
            fill(size, &start, package, "")
        },
    },
    Shape {
        name: "versions-chosen-by-markers",
        make: |size| {
            let package = |n| {
                format!(
                    "[[package]]\nname = \"p\"\nversion = \"{n}\"\nresolution-markers = [\"platform_release == '{n}'\"]\n"
                )
            };
            fill(size, &format!("{UV}dependencies = [{{name = \"p\"}}]\n"), package, "")
        },
    },
    Shape {
        name: "dependencies-on-one",
        make: |size| repeat(size, &format!("{UV}dependencies = ["), "{name = \"r\"},", "]\n"),
    },
    Shape {
        name: "dependencies-on-a-long-one",
        make: |size| {
            let start =
                repeat(size / 2, &format!("{UV}dependencies = ["), "{name = \"p\"},", "]\n");
            let start = format!("{start}[[package]]\nname = \"p\"\nwheels = [\n");
            fill(size, &start, |n| format!("{{hash = \"{n}\"}},"), "]\n")
        },
    },
    Shape {
        name: "dependencies-by-a-long-one",
        make: |size| {
            let name = repeat(size / 2, "version = 1\n[[package]]\nname = \"", "a", "\"\n");
            let start = format!("{name}dependencies = [");
            fill(size, &start, |n| format!("{{name=\"x{n}\",marker=\"extra=='{n}'\"}},"), "]\n")
        },
    },
    Shape {
        name: "extra-of-a-long-name",
        make: |size| {
            let start =
                repeat(size / 2, &format!("{UV}[package.optional-dependencies]\n"), "e", "");
            repeat(size, &format!("{start} = ["), "{name = \"r\"},", "]\n")
        },
    },
    Shape {
        name: "extras-of-a-long-package",
        make: |size| {
            let start = repeat(size / 2, &format!("{UV}wheels = [{{hash = \""), "a", "\"}]\n");
            let extra = |n| format!("e{n} = [{{name = \"r\", extra = [\"e{}\"]}}]\n", n + 1);
            fill(size, &format!("{start}[package.optional-dependencies]\n"), extra, "")
        },
    },
    Shape {
        name: "extras-wanted",
        make: |size| {
            let start = format!("{UV}dependencies = [{{name = \"r\", extra = [");
            fill(size, &start, |n| format!("\"e{n}\","), "]}]\n")
        },
    },
    Shape {
        name: "parentheses",
        make: |size| {
            let open = repeat(
                size / 2,
                &format!("{UV}dependencies = [{{name = \"r\", marker = \""),
                "(",
                "os_name == 'a'",
            );
            repeat(size, &open, ")", "\"}]\n")
        },
    },
    Shape {
        name: "comparisons",
        make: |size| {
            let start = format!("{UV}dependencies = [{{name = \"r\", marker = \"");
            repeat(size, &start, "extra == 'a' or ", "extra == 'b'\"}]\n")
        },
    },
    Shape {
        name: "long-list-of-versions",
        make: |size| {
            let start =
                format!("{UV}dependencies = [{{name = \"r\", marker = \"python_version in '");
            repeat(size, &start, "3.9 ", "'\"}]\n")
        },
    },
    Shape {
        name: "refused",
        make: |size| repeat(size, &format!("{UV}dependencies = [\n"), "{},\n", "]\n"),
    },
];

/// Of `poetry.lock`s.
pub const POETRY_LOCK: &[Shape] = &[
    Shape {
        name: "packages-in-a-chain",
        make: |size| {
            let package = |n| {
                format!(
                    "[[package]]\nname = \"p{n}\"\n[package.dependencies]\np{} = \"*\"\n",
                    n + 1
                )
            };
            fill(size, POETRY, package, "")
        },
    },
    Shape {
        name: "packages-of-one-name",
        make: |size| {
            let package = |n| {
                format!(
                    "[[package]]\nname = \"p\"\nversion = \"{n}\"\n[package.dependencies]\np = \"*\"\n"
                )
            };
            fill(size, POETRY, package, "")
        },
    },
    Shape {
        name: "groups",
        make: |size| {
            let start = format!("{POETRY}groups = [");
            fill(size, &start, |n| format!("\"g{n}\","), "]\nmarkers = \"os_name == 'a'\"\n")
        },
    },
    Shape {
        name: "extras-in-a-marker",
        make: |size| {
            let start = format!("{POETRY}[package.dependencies]\na = {{markers = \"");
            fill(size, &start, |n| format!("extra == 'e{n}' or "), "extra == 'e'\"}\n")
        },
    },
    Shape {
        name: "extras-of-a-package",
        make: |size| {
            let start = format!(
                "{POETRY}[package.dependencies]\na = {{optional = true}}\n[package.extras]\n"
            );
            fill(size, &start, |n| format!("e{n} = [\"a\"]\n"), "")
        },
    },
    Shape {
        name: "extras-of-the-project",
        make: |size| {
            fill(size, &format!("{POETRY}[extras]\n"), |n| format!("e{n} = [\"r\"]\n"), "")
        },
    },
    Shape {
        name: "alternatives-of-a-long-name",
        make: |size| {
            let start = repeat(size / 2, &format!("{POETRY}[package.dependencies]\n"), "a", "");
            repeat(size, &format!("{start} = ["), "\"1\",", "]\n")
        },
    },
    Shape {
        name: "extra-of-a-long-name",
        make: |size| {
            let start = repeat(size / 2, &format!("{POETRY}[extras]\n"), "e", "");
            repeat(size, &format!("{start} = ["), "\"r\",", "]\n")
        },
    },
    Shape {
        name: "files-shared",
        make: |size| {
            let start = "[metadata]\nlock-version = \"1.1\"\n[metadata.files]\np = [\n";
            let file = |n| format!("{{file = \"{n}\"}},\n");
            let start = fill(size / 2, start, file, "]\n");
            fill(size, &start, |n| format!("[[package]]\nname = \"p\"\nversion = \"{n}\"\n"), "")
        },
    },
    Shape { name: "refused", make: |size| repeat(size, POETRY, "[[package]]\n", "") },
];

/// Of `pylock.toml`s.
pub const PYLOCK: &[Shape] = &[
    Shape {
        name: "packages",
        make: |size| fill(size, PYLOCK_HEAD, |n| format!("[[packages]]\nname = \"p{n}\"\n"), ""),
    },
    Shape {
        name: "packages-of-one-name",
        make: |size| {
            let package =
                |n| format!("[[packages]]\nname = \"p\"\nmarker = \"platform_release == '{n}'\"\n");
            fill(size, PYLOCK_HEAD, package, "")
        },
    },
    Shape {
        name: "hashes",
        make: |size| {
            let start = format!("{PYLOCK_HEAD}[[packages]]\nname = \"p\"\nwheels = [{{hashes = {{");
            fill(size, &start, |n| format!("sha{n} = \"{n}\","), "}}]\n")
        },
    },
    Shape {
        name: "parentheses",
        make: |size| {
            let start = format!("{PYLOCK_HEAD}[[packages]]\nname = \"p\"\nmarker = \"");
            let open = repeat(size / 2, &start, "(", "'a' in extras");
            repeat(size, &open, ")", "\"\n")
        },
    },
    Shape {
        name: "environments",
        make: |size| {
            repeat(size, &format!("{PYLOCK_HEAD}environments = ["), "\"os_name == 'a'\",", "]\n")
        },
    },
    Shape {
        name: "unknown-keys",
        make: |size| fill(size, PYLOCK_HEAD, |n| format!("k{n} = 1\n"), ""),
    },
];

/// Of requirements files.
pub const REQUIREMENTS: &[Shape] = &[
    Shape { name: "lines", make: |size| fill(size, "", |n| format!("a{n}==1.0\n"), "") },
    Shape { name: "lines-refused", make: |size| repeat(size, "", "a=1\n", "") },
    Shape { name: "one-line", make: |size| repeat(size, "a", ">=1,", "") },
    Shape { name: "continuations", make: |size| repeat(size, "a \\\n", "\\\n", "") },
    Shape { name: "comments", make: |size| repeat(size, "a \\\n", "# b\n", "") },
    Shape { name: "comment-signs", make: |size| repeat(size, "a", "#", "") },
    Shape { name: "hashes", make: |size| fill(size, "a", |n| format!(" \\\n --hash=a:{n}"), "\n") },
    Shape { name: "options", make: |size| repeat(size, "", "--pre\n", "") },
    Shape { name: "options-on-a-line", make: |size| repeat(size, "-r a", " --pre", "\n") },
    Shape {
        name: "settings-of-a-long-one",
        make: |size| repeat(size, &repeat(size / 2, "a @ ", "b", ""), " --a", "\n"),
    },
    Shape { name: "quotes", make: |size| repeat(size, "--a ", "'\"'", "\n") },
    Shape { name: "blanks", make: |size| repeat(size, "a", " ", "\n") },
    Shape {
        name: "one-name",
        make: |size| {
            let long = |n: usize| format!("a=={n}\n");
            halves(size, "", long, |n| format!("a=={n} ; platform_release == '{n}'\n"))
        },
    },
    Shape {
        name: "parentheses",
        make: |size| {
            let open = repeat(size / 2, "a ; ", "(", "os_name == 'a'");
            repeat(size, &open, ")", "\n")
        },
    },
];
