//! From raw lines to logical lines: comments gone, continuations joined.
//!
//! White space is kept exactly as BuildKit's `parser.Parse` keeps it: leading white space of
//! an instruction goes, that of a continuation line stays. What a line means isn't known here.

use crate::directives::{DirectiveReader, Directives, detect_syntax};
use crate::fault::{Fault, Refusal};

/// BuildKit reads lines through a buffer of this size, line break included.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// One instruction's text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogicalLine {
    pub(crate) text: String,
    /// Where the text begins.
    pub(crate) line: usize,
    pub(crate) column: usize,
}

pub(crate) struct Lines<'t> {
    text: &'t str,
    rest: &'t str,
    /// The number of the line that was read last.
    number: usize,
    directives: DirectiveReader,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lines { text, rest, number: 0, directives: DirectiveReader::default() }
    }

    pub(crate) fn escape(&self) -> char {
        self.directives.escape()
    }

    pub(crate) fn into_directives(self) -> Directives {
        Directives { syntax: detect_syntax(self.text), escape: self.escape() }
    }

    /// The next raw line with its line break.
    fn next_raw(&mut self) -> Result<Option<&'t str>, Fault> {
        let rest = self.rest;
        if rest.is_empty() {
            return Ok(None);
        }
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        self.number += 1;
        let longest = if line.ends_with('\n') { LONGEST_LINE } else { LONGEST_LINE - 1 };
        if line.len() > longest {
            self.rest = "";
            let message = format!("line of {} bytes, more than BuildKit reads", line.len());
            let hint = format!("break it into lines shorter than {LONGEST_LINE} bytes");
            return Err(Refusal::new(message).hint(hint).at(self.number, 1));
        }
        self.rest = after;
        Ok(Some(line))
    }

    /// The next instruction's text; `None` at the end of the file.
    pub(crate) fn next_logical(&mut self) -> Result<Option<LogicalLine>, Fault> {
        while let Some(raw) = self.next_raw()? {
            let body = trim_line_break(raw);
            let text = body.trim_start();
            let column = 1 + body[..body.len() - text.len()].chars().count();
            self.directives.read(text).map_err(|refusal| refusal.at(self.number, column))?;
            if text.is_empty() || is_comment(text) {
                continue;
            }
            let line = self.number;
            let (kept, continued) = strip_continuation(text, self.escape());
            let mut text = kept.to_owned();
            if continued {
                self.join_continuations(&mut text)?;
            }
            return Ok(Some(LogicalLine { text, line, column }));
        }
        Ok(None)
    }

    fn join_continuations(&mut self, text: &mut String) -> Result<(), Fault> {
        while let Some(raw) = self.next_raw()? {
            let body = trim_line_break(raw);
            // Comments and empty lines do not end a continuation.
            if is_comment(body) || body.trim_start().is_empty() {
                continue;
            }
            let (kept, continued) = strip_continuation(body, self.escape());
            text.push_str(kept);
            if !continued {
                break;
            }
        }
        Ok(())
    }

    /// The lines up to the one that is `terminator`, with their line breaks; `None` where the
    /// file ends before it.
    pub(crate) fn next_heredoc(
        &mut self,
        terminator: &str,
        strip_tabs: bool,
    ) -> Result<Option<String>, Fault> {
        let mut content = String::new();
        while let Some(raw) = self.next_raw()? {
            let body = trim_line_break(raw);
            let body = if strip_tabs { body.trim_start_matches('\t') } else { body };
            if body == terminator {
                return Ok(Some(content));
            }
            content.push_str(raw);
        }
        Ok(None)
    }
}

fn trim_line_break(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The line without its continuation character. The character counts where only blanks follow
/// it and it isn't preceded by itself; BuildKit looks no further back than that.
fn strip_continuation(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(kept) if !kept.ends_with(escape) => (kept, true),
        _ => (line, false),
    }
}

#[cfg(test)]
mod tests;
