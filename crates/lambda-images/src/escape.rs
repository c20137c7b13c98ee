//! Text that people are shown, made safe for terminals and for the logs of CI services.
//!
//! Names of files, Dockerfiles, TOML, git references, answers of registries and the output of builds
//! are written by others. Raw, their control characters could move the cursor, write the clipboard
//! (OSC 52) or turn the direction of text, and a line of theirs could be a command to GitHub's runner.
//! Here each such character becomes its escape (`\u{1b}`, `\r`); colours are left out.
//!
//! What programs read (JSON, logs of builds, files) is not escaped: it stays exact.

use std::borrow::Cow;

/// Some lines: their line ends and tabs stay.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) && !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let text = without_colours(text);
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        escape_into(&mut safe, line);
    }
    Cow::Owned(safe)
}

/// What must be one line: a name, a path, a message. Its line ends are escaped too.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return escape_text(text);
    }
    Cow::Owned(escape_text(&text.replace('\n', "\\n")).into_owned())
}

/// Control characters, and those that change the direction of text or are read as line ends.
fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        c => c.is_control(),
    }
}

/// One line, with its end if it has one.
fn escape_into(safe: &mut String, line: &str) {
    let line = match line.strip_suffix("\r\n") {
        Some(line) => Cow::Owned(format!("{line}\n")),
        None => Cow::Borrowed(line),
    };
    // GitHub's runner takes a line for a command if this is what it begins with after white space.
    let command = line.len() - line.trim_start().len();
    let is_command = line[command..].starts_with("::");
    for (at, c) in line.char_indices() {
        if is_unsafe(c) {
            safe.extend(c.escape_default());
        } else if (is_command && at == command) || (c == '#' && is_old_command(&line[at..])) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
}

/// `##[…]` and `##vso[…]`, wherever in a line they are: the runners of GitHub and Azure take them for
/// commands. `##teamcity[…]` is TeamCity's.
fn is_old_command(text: &str) -> bool {
    let word = text
        .strip_prefix("##")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
    word.is_some_and(|rest| rest.starts_with('['))
}

/// The text without `ESC [ … m`, which many programs print and which says nothing.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
        match rest.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => {
                plain.push_str("\u{1b}[");
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str, line: &str) {
        assert_eq!(escape_text(text), shown);
        assert_eq!(escape_line(text), line);
    }

    #[test]
    fn usual_text_stays_as_it_is() {
        for text in ["", "a\tb", "é 日本 👩‍👩‍👧 →", "a::b [::1]:5000", "# ## ### x", "C:\\x"]
        {
            check(text, text, text);
            assert!(
                matches!(escape_text(text), Cow::Borrowed(_))
                    || text.contains("::")
                    || text.contains("##")
            );
        }
        check("one\n two\n", "one\n two\n", "one\\n two\\n");
    }

    #[test]
    fn control_characters_are_escaped() {
        check("a\u{1b}]52;c;eA==\u{7}b", "a\\u{1b}]52;c;eA==\\u{7}b", "a\\u{1b}]52;c;eA==\\u{7}b");
        check("10%\r20%\u{8}", "10%\\r20%\\u{8}", "10%\\r20%\\u{8}");
        check("\u{9b}31m\u{7f}\0", "\\u{9b}31m\\u{7f}\\u{0}", "\\u{9b}31m\\u{7f}\\u{0}");
        check("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c", "a\\u{202e}b\\u{2066}c");
        check("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c", "a\\u{2028}b\\u{85}c");
        check("dos\r\nfile", "dos\nfile", "dos\\r\\nfile");
    }

    #[test]
    fn colours_are_left_out() {
        check("\u{1b}[1;31mred\u{1b}[0m \u{1b}[m\u{1b}[38:5:1mx", "red x", "red x");
        check("\u{1b}[2Jgone", "\\u{1b}[2Jgone", "\\u{1b}[2Jgone");
        // What is left after that is no new sequence.
        check("\u{1b}\u{1b}[0m[2J", "\\u{1b}[2J", "\\u{1b}[2J");
    }

    #[test]
    fn no_line_is_a_command_to_a_runner() {
        check(
            "::set-output name=a::b",
            "\\u{3a}:set-output name=a::b",
            "\\u{3a}:set-output name=a::b",
        );
        check("a\n \u{a0}::error::x\n", "a\n \u{a0}\\u{3a}:error::x\n", "a\\n \u{a0}::error::x\\n");
        check("\u{1b}[0m::x", "\\u{3a}:x", "\\u{3a}:x");
        check("a ##[group]b", "a \\u{23}#[group]b", "a \\u{23}#[group]b");
        check("###vso[task]", "#\\u{23}#vso[task]", "#\\u{23}#vso[task]");
    }

    proptest! {
        #[test]
        fn any_text_is_safe_and_stays_so(text in r"([ \r\n\t:#\[a\x1b\u{9b}\u{202e}]|\PC|\x1b\[[0-9;]*m){0,40}") {
            let safe = escape_text(&text).into_owned();
            prop_assert!(!safe.contains(is_unsafe));
            prop_assert!(safe.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")));
            prop_assert_eq!(&escape_text(&safe), &safe);
            let line = escape_line(&text).into_owned();
            prop_assert!(!line.contains(is_unsafe) && !line.contains('\n'));
            prop_assert_eq!(&escape_line(&line), &line);
        }
    }
}
