//! Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of the file.
//!
//! A directive counts only before anything else, other comments and empty lines included
//! (`frontend/dockerfile/parser/directives.go`). BuildKit looks for the syntax in ways of its own:
//! see [`detect_syntax`].

use crate::fault::Refusal;
use crate::json::object_string;

/// The directives that change what the file means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// The frontend that reads the file, with its options: see [`detect_syntax`].
    pub syntax: Option<String>,
    /// The character that escapes and that continues lines: `\` or `` ` ``.
    pub escape: char,
}

impl Default for Directives {
    fn default() -> Directives {
        Directives { syntax: None, escape: '\\' }
    }
}

/// The directives that BuildKit knows.
const NAMES: [&str; 3] = ["syntax", "escape", "check"];

/// Reads directives line by line until the first line that isn't one.
#[derive(Debug)]
pub(crate) struct DirectiveReader {
    comment: &'static str,
    escape: char,
    seen: Vec<&'static str>,
    done: bool,
}

impl Default for DirectiveReader {
    fn default() -> DirectiveReader {
        DirectiveReader::of("#")
    }
}

impl DirectiveReader {
    fn of(comment: &'static str) -> DirectiveReader {
        DirectiveReader { comment, escape: '\\', seen: Vec::new(), done: false }
    }

    pub(crate) fn escape(&self) -> char {
        self.escape
    }

    /// `line` without its line break and without leading white space.
    pub(crate) fn read(&mut self, line: &str) -> Result<(), Refusal> {
        if let Some(("escape", value)) = self.next(line)? {
            self.escape = parse_escape(value)?;
        }
        Ok(())
    }

    /// The directive on the next line; `None` from the first line on that has none.
    fn next<'l>(&mut self, line: &'l str) -> Result<Option<(&'static str, &'l str)>, Refusal> {
        let directive = line.strip_prefix(self.comment).filter(|_| !self.done);
        let found = directive.and_then(split_directive).and_then(|(name, value)| {
            Some((NAMES.into_iter().find(|known| *known == name)?, value))
        });
        let Some((name, value)) = found else {
            self.done = true;
            return Ok(None);
        };
        if self.seen.contains(&name) {
            let message = format!("only one `{name}` parser directive can be used");
            return Err(Refusal::new(message).hint("remove the repetition"));
        }
        self.seen.push(name);
        Ok(Some((name, value)))
    }
}

/// The frontend that BuildKit hands a file to, with its options (`parser.DetectSyntax`).
///
/// A first line that starts with `#!` is passed over. Then `# syntax=` counts, else `// syntax=`, else
/// the member `syntax` of a file that is a JSON object. Blanks before the comment aren't allowed here.
#[must_use]
pub fn detect_syntax(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => rest,
        None if text.starts_with("#!") => "",
        _ => text,
    };
    let commented = |comment| {
        let mut reader = DirectiveReader::of(comment);
        let mut lines = text.lines();
        std::iter::from_fn(|| reader.next(lines.next()?).ok()?)
            .find(|(name, _)| *name == "syntax")
            .map(|(_, value)| value.to_owned())
    };
    commented("#").or_else(|| commented("//")).or_else(|| object_string(text, "syntax"))
}

fn parse_escape(value: &str) -> Result<char, Refusal> {
    match value {
        "\\" => Ok('\\'),
        "`" => Ok('`'),
        _ => Err(Refusal::new(format!("invalid escape token `{value}`"))
            .hint("the escape token is either a backslash or a backtick")),
    }
}

/// `name = value` with a lowercase name. The white space is that of Go's `\s`.
fn split_directive(comment: &str) -> Option<(String, &str)> {
    let is_space = |c: char| matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ');
    let comment = comment.trim_start();
    let name_end = comment.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (name, rest) = comment.split_at(name_end);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let rest = rest.trim_start_matches(is_space).strip_prefix('=')?;
    let value = rest.trim_matches(is_space);
    // A value of white space only: the expression `\s*(.+?)\s*$` leaves its last character.
    let value = match (value, rest.chars().next_back()) {
        ("", Some(last)) => &rest[rest.len() - last.len_utf8()..],
        ("", None) => return None,
        _ => value,
    };
    Some((name.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests;
