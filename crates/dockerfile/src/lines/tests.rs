//! Joining of lines.

use super::{LONGEST_LINE, Lines};

#[track_caller]
fn check(text: &str, expected: &[(usize, usize, &str)]) {
    let mut lines = Lines::new(text);
    let mut found = Vec::new();
    while let Some(line) = lines.next_logical().expect("no fault") {
        found.push((line.line, line.column, line.text));
    }
    let found: Vec<_> = found.iter().map(|(l, c, t)| (*l, *c, t.as_str())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn comments_and_empty_lines_are_no_instructions() {
    check("", &[]);
    check("\n  \n# c\n\t# c\nFROM a\n", &[(5, 1, "FROM a")]);
    check("\u{feff}FROM a\r\n\r\n  RUN b \r\n", &[(1, 1, "FROM a"), (3, 3, "RUN b ")]);
}

#[test]
fn continuations() {
    check("RUN a \\\n  b\nX", &[(1, 1, "RUN a   b"), (3, 1, "X")]);
    check("RUN a \\  \t\n b", &[(1, 1, "RUN a  b")]);
    check("RUN a \\\r\n b\r\n", &[(1, 1, "RUN a  b")]);
    check("RUN a \\\n# c\n  # c\n\n \n b", &[(1, 1, "RUN a  b")]);
    check("RUN a \\", &[(1, 1, "RUN a ")]);
    check("\\\nRUN a", &[(1, 1, "RUN a")]);
    check("RUN a \\\\\nb", &[(1, 1, "RUN a \\\\"), (2, 1, "b")]);
    check("RUN a \\\\\\\nb", &[(1, 1, "RUN a \\\\\\"), (2, 1, "b")]);
    check("RUN a `\n b", &[(1, 1, "RUN a `"), (2, 2, "b")]);
    check(
        "# escape=`\nRUN a `\n b\nRUN \\\nX",
        &[(2, 1, "RUN a  b"), (4, 1, "RUN \\"), (5, 1, "X")],
    );
    check("\\\n\n", &[(1, 1, "")]);
}

#[test]
fn heredocs_keep_their_line_breaks() {
    let mut lines = Lines::new("RUN <<E\r\n a\r\n\t#E\n\tE \nE\r\nRUN");
    lines.next_logical().expect("no fault");
    assert_eq!(lines.next_heredoc("E", false), Ok(Some(" a\r\n\t#E\n\tE \n".into())));
    assert_eq!(lines.next_logical().expect("no fault").expect("a line").line, 6);
    let mut lines = Lines::new("RUN <<-E\n\ta\n\t\tE\nE");
    lines.next_logical().expect("no fault");
    assert_eq!(lines.next_heredoc("E", true), Ok(Some("\ta\n".into())));
    assert_eq!(lines.next_heredoc("F", true), Ok(None));
}

#[test]
fn overlong_lines_are_refused() {
    let fits = "a".repeat(LONGEST_LINE - 1);
    for (text, ok) in [
        (format!("{fits}\n"), true),
        (fits.clone(), true),
        (format!("{fits}a"), false),
        (format!("{fits}a\n"), false),
    ] {
        assert_eq!(Lines::new(&text).next_logical().is_ok(), ok, "{} bytes", text.len());
    }
}
