//! Shapes of an ignore file, a context and the instructions that read it. One of the three grows:
//! what they cost together is a product for BuildKit too.

use super::{Shape, fill, repeat};

const STAGE: &str = "COPY a* b /\n";
const TREE: &str = "a/b/c\na/d\nb -> a/d\nc";

/// See the module.
pub const SELECT: &[Shape] = &[
    Shape {
        name: "entries",
        make: |size| fill(size, "**/x\n---\n", |n| format!("a/b{n}/c\n"), &after_tree(STAGE)),
    },
    Shape {
        name: "entries-with-exceptions",
        make: |size| {
            fill(size, "*\n!a\n---\n", |n| format!("a/b{n}/c\n"), &after_tree("COPY a/b1 /\n"))
        },
    },
    Shape {
        name: "entries-read-one-by-one",
        make: |size| fill(size, "\n---\n", |n| format!("a{n}\n"), &after_tree("COPY a* /\n")),
    },
    Shape {
        name: "entries-beside",
        make: |size| fill(size, "!c\n---\n", |n| format!("a{n}\n"), &after_tree("COPY a1* /\n")),
    },
    Shape {
        name: "entries-deep",
        make: |size| {
            let folder = "a/".repeat(1000);
            fill(size, "\n---\n", |n| format!("{folder}{n}\n"), &after_tree(STAGE))
        },
    },
    Shape { name: "links", make: |size| fill(size, "\n---\n", link, &after_tree(STAGE)) },
    Shape {
        name: "links-of-long-texts",
        make: |size| {
            let link = |n| link(n).replace("-> ", &format!("-> {}", "../".repeat(1000)));
            fill(size, "\n---\n", link, &after_tree(STAGE))
        },
    },
    Shape {
        name: "patterns",
        make: |size| fill(size, "", |n| format!("x/b{n}\n"), &after_ignore(STAGE)),
    },
    Shape {
        name: "exceptions",
        make: |size| fill(size, "*\n", |n| format!("!a/b{n}\n"), &after_ignore(STAGE)),
    },
    Shape { name: "sources-missing", make: |size| copy(size, |n| format!("x{n} ")) },
    Shape { name: "sources-that-are-one", make: |size| copy(size, |_| "a ".to_owned()) },
    Shape { name: "globs", make: |size| copy(size, |n| format!("a*/b{n}* ")) },
    Shape {
        name: "glob-of-many-components",
        make: |size| {
            let pattern = repeat(size, "COPY ", "*/", "x /");
            after_ignore(&lines(&pattern))
        },
    },
    Shape {
        name: "glob-of-many-stars",
        make: |size| after_ignore(&lines(&repeat(size, "COPY ", "*a", "[x]b /"))),
    },
    Shape {
        name: "sources-with-excludes",
        make: |size| {
            let flags = fill(size / 2, "COPY ", |n| format!("--exclude=x{n} "), "");
            after_ignore(&lines(&repeat(size, &flags, "a ", "/")))
        },
    },
    Shape {
        name: "parents-with-excludes",
        make: |size| {
            let flags = fill(size / 2, "COPY --parents ", |n| format!("--exclude=x{n} "), "");
            after_ignore(&lines(&repeat(size, &flags, "a/./b* ", "/")))
        },
    },
    Shape {
        name: "instructions",
        make: |size| after_ignore(&repeat(size, "", "COPY --exclude=x a b /\n", "")),
    },
];

/// A link to the next one, in chains that Linux would follow.
fn link(number: usize) -> String {
    const CHAIN: usize = 16;
    if number % CHAIN == CHAIN - 1 {
        return format!("a{number} -> c\n");
    }
    format!("a{number} -> a{}\n", number + 1)
}

fn after_tree(stage: &str) -> String {
    format!("c\n---\n{stage}")
}

fn after_ignore(stage: &str) -> String {
    format!("\n---\n{TREE}\n---\n{stage}")
}

fn copy(size: usize, source: impl Fn(usize) -> String) -> String {
    after_ignore(&lines(&fill(size, "COPY ", source, "/")))
}

/// A logical line, cut into lines that BuildKit reads.
fn lines(text: &str) -> String {
    const LINE: usize = 60 * 1024;
    let chunks = text.as_bytes().chunks(LINE);
    let lines: Vec<_> = chunks.map(String::from_utf8_lossy).collect();
    lines.join("\\\n") + "\n"
}
