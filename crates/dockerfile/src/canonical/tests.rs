//! Equal texts for equal meaning, different ones for anything else.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::dockerfile::parse_dockerfile;

fn canonical(text: &str) -> Vec<String> {
    let dockerfile = parse_dockerfile(text).expect("no faults");
    let stages = dockerfile.stages.iter().flat_map(|stage| {
        let instructions = stage.instructions.iter().map(|i| i.canonical.clone());
        std::iter::once(stage.canonical.clone()).chain(instructions)
    });
    dockerfile.canonical_global_args().chain(stages).collect()
}

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&canonical(text).join("\n"));
}

#[track_caller]
fn check_equal(a: &str, b: &str) {
    let file = |text: &str| canonical(&format!("FROM a\n{text}\n"));
    assert_eq!(file(a), file(b));
}

#[track_caller]
fn check_differ(a: &str, b: &str) {
    let file = |text: &str| canonical(&format!("FROM a\n{text}\n"));
    assert_ne!(file(a), file(b));
}

#[test]
fn all_forms() {
    check(
        r#"
ARG A=1 B
from --platform=$A a as Name
copy --from=x --exclude="b c" a "b" /d/
RUN --mount=target=/x ["a", "b"]
RUN a  "b"
env a="b c" d=e
env a  b c
LABEL x=y
HEALTHCHECK --interval=1s cmd ["a"]
ONBUILD run a
RUN <<-"E"
	x
E
COPY <<F G /d/
$x "y"
F
VOLUME a b
WORKDIR /a b
"#,
        &expect![[r#"
            ARG ["A=1"]
            ARG ["B"]
            FROM {"--platform=$A"} ["a"] AS "name"
            COPY {"--from=x", "--exclude=b c"} ["a", "\"b\"", "/d/"]
            RUN {"--mount=target=/x"} ["a", "b"]
            RUN ("a  \"b\"")
            ENV <"a"="\"b c\""> <"d"="e">
            ENV <"a"="b c">
            LABEL <"x"="y">
            HEALTHCHECK {"--interval=1s"} "CMD" ["a"]
            ONBUILD ("run a")
            RUN ("<<-\"E\"") <<-"E" "\tx\n"
            COPY ["<<F", "G", "/d/"] <<$"F" "$x \"y\"\n"
            VOLUME ["a", "b"]
            WORKDIR ("/a b")"#]],
    );
}

#[test]
fn layout_does_not_show() {
    check_equal("COPY a b", "copy \\\n  a \\\n# c\n\n  b  ");
    check_equal("COPY a b", "COPY [\"a\", \"b\"]");
    check_equal("COPY --link --from=x a b", "COPY  --link\t--from=\"x\" a b");
    check_equal("ENV a=b c=d", "ENV   a=b \\\n c=d");
    check_equal("RUN [\"a\",\"b\"]", "RUN [ \"a\" , \"\\u0062\" ]");
}

#[test]
fn the_rest_shows() {
    check_differ("RUN a b", "RUN a  b");
    check_differ("RUN a", "RUN [\"a\"]");
    check_differ("RUN [\"a b\"]", "RUN [\"a\", \"b\"]");
    check_differ("COPY a b c", "COPY [\"a b\", \"c\"]");
    check_differ("ENV a=b\\ c=d", "ENV a=b c=d");
    check_differ("ENV a='b'", "ENV a=\"b\"");
    check_differ("RUN <<E\na\nE", "RUN <<E\na \nE");
    check_differ("RUN <<E\na\nE", "RUN <<-E\na\nE");
    check_differ("COPY <<E /a\nx\nE", "COPY <<'E' /a\nx\nE");
    check_differ("COPY --link --from=x a b", "COPY --from=x --link a b");
    check_differ("COPY --link a b", "COPY [\"--link\", \"a\", \"b\"]");
    check_differ("RUN a\\nb", "RUN <<E\na\nb\nE");
    check_differ("LABEL a=b", "ENV a=b");
}

/// Words for a shell command, without what would change how lines are read.
fn command_words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z\"'=$.]{1,6}", 1..6)
}

proptest! {
    /// Comments, blank lines and continuations between words change nothing.
    #[test]
    fn invariant_under_layout(
        words in command_words(),
        breaks in prop::collection::vec(prop::sample::select(vec![
            " ", " \\\n", " \\\n# comment\n", " \\\n\n", " \\  \n   # comment\n\n", " \\\r\n",
        ]), 6),
        between in prop::sample::select(vec!["", "\n", "# comment\n", "\n\n  # a\n"]),
    ) {
        for keyword in ["RUN", "CMD", "COPY --link", "LABEL x"] {
            let plain = format!("FROM a\n{keyword} {}\nUSER x", words.join(" "));
            let mut laid_out = format!("{between}FROM a\n{between}{keyword}");
            for (word, gap) in words.iter().zip(&breaks) {
                laid_out.push_str(gap);
                laid_out.push_str(word);
            }
            laid_out.push_str(&format!("\n{between}USER x\n{between}"));
            let plain = parse_dockerfile(&plain).map(|d| {
                d.stages[0].instructions.iter().map(|i| i.canonical.clone()).collect::<Vec<_>>()
            });
            let laid_out = parse_dockerfile(&laid_out).map(|d| {
                d.stages[0].instructions.iter().map(|i| i.canonical.clone()).collect::<Vec<_>>()
            });
            prop_assert_eq!(plain.ok(), laid_out.ok());
        }
    }

    /// Two commands with different text never share a canonical text.
    #[test]
    fn injective_on_commands(a in "[a-z \"\\\\<\\[\\](){}]{1,8}", b in "[a-z \"\\\\<\\[\\](){}]{1,8}") {
        let command = |text: &str| {
            let file = parse_dockerfile(&format!("FROM x\nRUN {text}.\n")).ok()?;
            let instruction = file.stages[0].instructions[0].clone();
            Some((instruction.kind, instruction.canonical))
        };
        if let (Some((kind_a, text_a)), Some((kind_b, text_b))) = (command(&a), command(&b)) {
            prop_assert_eq!(kind_a == kind_b, text_a == text_b);
        }
    }
}
