//! Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of the file.
//!
//! A directive counts only before anything else, other comments and empty lines included
//! (`frontend/dockerfile/parser/directives.go`).

use crate::fault::Refusal;

/// The directives that the file gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// The frontend that reads the file, with its options: the text after `# syntax=`.
    pub syntax: Option<String>,
    /// The character that escapes and that continues lines: `\` or `` ` ``.
    pub escape: char,
    /// The lint options after `# check=`.
    pub check: Option<String>,
}

impl Default for Directives {
    fn default() -> Directives {
        Directives { syntax: None, escape: '\\', check: None }
    }
}

/// Reads directives line by line until the first line that isn't one.
#[derive(Debug, Default)]
pub(crate) struct DirectiveReader {
    pub(crate) found: Directives,
    escape_seen: bool,
    done: bool,
}

impl DirectiveReader {
    /// `line` without its line break and without leading white space.
    pub(crate) fn read(&mut self, line: &str) -> Result<(), Refusal> {
        if self.done {
            return Ok(());
        }
        let Some((name, value)) = line.strip_prefix('#').and_then(split_directive) else {
            self.done = true;
            return Ok(());
        };
        let seen = match name.as_str() {
            "syntax" => self.found.syntax.replace(value.to_owned()).is_some(),
            "check" => self.found.check.replace(value.to_owned()).is_some(),
            "escape" => {
                let seen = std::mem::replace(&mut self.escape_seen, true);
                if !seen {
                    self.found.escape = parse_escape(value)?;
                }
                seen
            }
            _ => {
                self.done = true;
                false
            }
        };
        if seen {
            let message = format!("only one `{name}` parser directive can be used");
            return Err(Refusal::new(message).hint("remove the repetition"));
        }
        Ok(())
    }
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
