//! Shapes of Dockerfiles, ignore files and words.

use super::{Shape, fill, halves, repeat};

/// BuildKit reads no longer line; longer texts are continued.
const LINE: usize = 60 * 1024;

/// Cuts a logical line into lines that BuildKit reads.
fn continued(text: &str) -> String {
    let bytes: Vec<&str> = text
        .as_bytes()
        .chunks(LINE)
        .map(|chunk| std::str::from_utf8(chunk).expect("the shapes are ASCII"))
        .collect();
    format!("FROM scratch\n{}\n", bytes.join("\\\n"))
}

/// Of Dockerfiles.
pub const DOCKERFILE: &[Shape] = &[
    Shape { name: "instructions", make: |size| repeat(size, "FROM scratch\n", "RUN a\n", "") },
    Shape { name: "long-line", make: |size| continued(&repeat(size, "RUN ", "a b ", "")) },
    Shape { name: "continuations", make: |size| repeat(size, "FROM scratch\nRUN a", "\\\n", "") },
    Shape {
        name: "comments-in-continuation",
        make: |size| repeat(size, "FROM scratch\nRUN a\\\n", "# b\\\n", "c\n"),
    },
    Shape { name: "comments", make: |size| repeat(size, "", "# syntax\n", "FROM scratch\n") },
    Shape { name: "unknown", make: |size| repeat(size, "FROM scratch\n", "RUM a\n", "") },
    Shape { name: "heredocs", make: |size| repeat(size, "FROM scratch\n", "RUN <<E\na\nE\n", "") },
    Shape {
        name: "heredocs-of-a-line",
        make: |size| {
            let announced = continued(&repeat(size / 2, "RUN ", "<<E ", ""));
            repeat(size, &announced, "E\n", "")
        },
    },
    Shape {
        name: "heredocs-without-end",
        make: |size| repeat(size, "FROM scratch\n", "RUN <<E\n", ""),
    },
    Shape {
        name: "heredoc-with-variables",
        make: |size| repeat(size, "FROM scratch\nCOPY <<E a\n", "${A:-$B}\n", "E\n"),
    },
    Shape { name: "json-nested", make: |size| continued(&repeat(size, "RUN ", "[", "")) },
    Shape {
        name: "json-words",
        make: |size| continued(&repeat(size, "RUN [\"a\"", ",\"a\"", "]")),
    },
    Shape {
        name: "json-escapes",
        make: |size| continued(&repeat(size, "RUN [\"", "\\ud83d\\ude00", "\"]")),
    },
    Shape {
        name: "onbuild-nested",
        make: |size| continued(&repeat(size, "", "ONBUILD ", "RUN a")),
    },
    Shape {
        name: "mounts",
        make: |size| continued(&repeat(size, "RUN ", "--mount=target=/a ", "a")),
    },
    Shape {
        name: "mount-fields",
        make: |size| continued(&repeat(size, "RUN --mount=target=/a", ",ro", " a")),
    },
    Shape {
        name: "sources",
        make: |size| continued(&fill(size, "COPY ", |n| format!("{n} "), "/")),
    },
    Shape {
        name: "excludes-and-sources",
        make: |size| {
            let flags = repeat(size / 2, "COPY ", "--exclude=a ", "");
            continued(&repeat(size, &flags, "a ", "/"))
        },
    },
    Shape {
        name: "pairs",
        make: |size| continued(&fill(size, "ENV ", |n| format!("A{n}=$A{} ", n / 2), "B=b")),
    },
    Shape { name: "quotes", make: |size| continued(&repeat(size, "LABEL a=", "\"b c\"", "")) },
    Shape { name: "braces", make: |size| continued(&repeat(size, "WORKDIR ", "${A", "")) },
    Shape {
        name: "defaults-nested",
        make: |size| continued(&repeat(size, "WORKDIR ", "${A:-", "")),
    },
    Shape {
        name: "stages-in-a-chain",
        make: |size| {
            fill(size, "FROM scratch AS s0\n", |n| format!("FROM s{n} AS s{}\n", n + 1), "")
        },
    },
    Shape {
        name: "stages-with-variables-in-a-chain",
        make: |size| {
            let stage = |n| format!("FROM s{n} AS s{}\nENV A{n}=a\nWORKDIR $A0\n", n + 1);
            fill(size, "FROM scratch AS s0\n", stage, "")
        },
    },
    Shape {
        name: "stages-that-copy-from-each-other",
        make: |size| {
            let stage = |n| format!("FROM scratch AS s{}\nCOPY --from=s{n} a b\n", n + 1);
            fill(size, "FROM scratch AS s0\n", stage, "")
        },
    },
    Shape {
        name: "stages-that-copy-from-later-ones",
        make: |size| {
            fill(size, "", |n| format!("FROM a AS s{n}\nCOPY --from=s{} a b\n", n + 1), "")
        },
    },
    Shape {
        name: "stages-that-copy-from-unknown-ones",
        make: |size| fill(size, "", |n| format!("FROM a AS s{n}\nCOPY --from=S_{n}- a b\n"), ""),
    },
    Shape {
        name: "heirs-of-variables",
        make: |size| halves(size, "FROM scratch AS s\n", |n| format!("ENV A{n}=a\n"), heir),
    },
    Shape {
        name: "heirs-of-triggers",
        make: |size| halves(size, "FROM scratch AS s\n", |_| "ONBUILD RUN a\n".to_owned(), heir),
    },
    Shape {
        name: "args-in-a-chain",
        make: |size| fill(size, "", |n| format!("ARG A{}=$A{n}b\n", n + 1), "FROM a\n"),
    },
    Shape {
        name: "args-without-value",
        make: |size| halves(size, "", |n| format!("ARG A{n}\n"), |_| "FROM $Z\n".to_owned()),
    },
    Shape {
        name: "variables-that-double",
        make: |size| repeat(size, "FROM scratch\nENV A=aa\n", "ENV A=$A$A\n", ""),
    },
    Shape {
        name: "trims-of-a-long-variable",
        make: |size| {
            let long = repeat(size / 8, "FROM scratch\nENV A=", "a", "");
            repeat(size, &continued_value(&long), "ENV B=${A##*}\n", "")
        },
    },
    Shape {
        name: "searches-in-a-long-variable",
        make: |size| {
            let long = repeat(size / 8, "FROM scratch\nENV A=", "a", "");
            let pattern = repeat(size / 16, "ENV P=", "a", "b");
            let start = format!("{}{}", continued_value(&long), continued_value(&pattern));
            repeat(size, &start, "ENV B=${A/$P/}\n", "")
        },
    },
];

/// A stage that stands on `s`, and needs the heir before it.
fn heir(number: usize) -> String {
    match number.checked_sub(1) {
        None => "FROM s AS t0\n".to_owned(),
        Some(before) => format!("FROM s AS t{number}\nCOPY --from=t{before} a b\n"),
    }
}

/// Cuts what follows the last line break as [`continued`] does.
fn continued_value(text: &str) -> String {
    let mut lines = String::new();
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            lines += "\\\n";
        }
        lines.push(character);
    }
    lines + "\n"
}

/// Of ignore files.
pub const DOCKERIGNORE: &[Shape] = &[
    Shape { name: "names", make: |size| fill(size, "", |n| format!("a/b{n}\n"), "") },
    Shape { name: "exceptions", make: |size| fill(size, "*\n", |n| format!("!a/b{n}\n"), "") },
    Shape { name: "deep-stars", make: |size| fill(size, "", |n| format!("**/a{n}/**/b\n"), "") },
    Shape { name: "comments", make: |size| repeat(size, "", "# a\n", "") },
    Shape { name: "invalid", make: |size| repeat(size, "", "[\n", "") },
    Shape { name: "bare-exceptions", make: |size| repeat(size, "", "!\n", "") },
    Shape { name: "long-lines-of-stars", make: |size| long_lines(size, "*a") },
    Shape { name: "long-lines-of-deep-stars", make: |size| long_lines(size, "**/") },
    Shape { name: "long-lines-of-folders", make: |size| long_lines(size, "a/") },
    Shape { name: "long-lines-of-parents", make: |size| long_lines(size, "a/../") },
    Shape { name: "long-lines-of-classes", make: |size| long_lines(size, "[a-z]") },
    Shape { name: "long-lines-of-words", make: |size| long_lines(size, "\\b*") },
    Shape { name: "long-lines-of-brackets", make: |size| long_lines(size, "[") },
    Shape { name: "long-lines-of-posix-classes", make: |size| long_lines(size, "[[:") },
];

/// Lines as long as BuildKit reads them.
fn long_lines(size: usize, piece: &str) -> String {
    let line = repeat(LINE.min(size), "", piece, "x\n");
    repeat(size.max(line.len()), "", &line, "")
}

/// Of words, which may be as long as a logical line.
pub const EXPAND: &[Shape] = &[
    Shape { name: "plain", make: |size| repeat(size, "", "a", "") },
    Shape { name: "dollars", make: |size| repeat(size, "", "$", "") },
    Shape { name: "variables", make: |size| repeat(size, "", "$A", "\nA=b") },
    Shape { name: "braces", make: |size| repeat(size, "", "${", "") },
    Shape { name: "defaults-nested", make: |size| repeat(size, "", "${A:-", "") },
    Shape {
        name: "defaults-nested-ninety",
        make: |size| {
            let text = repeat(size, &"${A:-".repeat(90), "a", "");
            text + &"}".repeat(90)
        },
    },
    Shape { name: "defaults-in-a-row", make: |size| repeat(size, "", "${A:-b}", "") },
    Shape { name: "double-quotes", make: |size| repeat(size, "", "\"$A\"", "\nA=b") },
    Shape { name: "single-quotes", make: |size| repeat(size, "", "'a'", "'") },
    Shape { name: "escapes", make: |size| repeat(size, "", "\\", "a") },
    Shape {
        name: "trim-in-vain",
        make: |size| {
            let value = "a".repeat(size / 2);
            format!("${{A##{}b}}\nA={value}", "a".repeat(size / 2))
        },
    },
    Shape {
        name: "trim-stars-in-vain",
        make: |size| {
            let value = "a".repeat(size / 2);
            format!("${{A##{}b}}\nA={value}", "*a".repeat(size / 4))
        },
    },
    Shape {
        name: "replace-in-vain",
        make: |size| {
            let value = "a".repeat(size / 2);
            format!("${{A//{}b/c}}\nA={value}", "a".repeat(size / 2))
        },
    },
    Shape {
        name: "replace-lines-in-vain",
        make: |size| {
            let value = "a".repeat(size / 2);
            format!("${{A//a*{}b/c}}\nA={value}", "?".repeat(size / 2))
        },
    },
    Shape {
        name: "replace-by-a-long-text",
        make: |size| {
            let value = "a".repeat(size / 2);
            format!("${{A//a/{}}}\nA={value}", "b".repeat(size / 2))
        },
    },
    Shape {
        name: "trims-in-a-row",
        make: |size| {
            let value = "a".repeat(size / 2);
            repeat(size, "", "${A##*}", &format!("\nA={value}"))
        },
    },
];
