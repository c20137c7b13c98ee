//! Where something stands in a text, as an editor counts: lines and columns from 1, columns in
//! characters.
//!
//! It does not show the line: whoever has the file's name does that.

use std::{error, fmt};

/// A fault in a text and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong: a lowercase fragment without a final period.
    pub message: String,
    /// How to mend it, where that can be said.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl error::Error for Fault {}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A piece of the text as a message of one line shows it: control characters escaped, cut after 80.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    shown
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text with an index from byte offsets to places: one lookup is two binary searches, so that a
/// file of one long line costs no more than any other.
#[derive(Debug, Clone)]
pub(crate) struct SourceText {
    text: String,
    line_starts: Vec<usize>,
    /// Offsets of the bytes that are no column of their own: all but the first of each character,
    /// and a byte order mark.
    uncounted: Vec<usize>,
}

impl SourceText {
    pub(crate) fn new(text: &str) -> Self {
        let mut line_starts = vec![0];
        let mut uncounted = Vec::new();
        if text.starts_with(BYTE_ORDER_MARK) {
            uncounted.push(0);
        }
        for (offset, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                line_starts.push(offset + 1);
            } else if !text.is_char_boundary(offset) {
                uncounted.push(offset);
            }
        }
        Self { text: text.to_owned(), line_starts, uncounted }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// An offset inside of a character means that character, one past the end means the end.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let line_start = self.line_starts[line - 1];
        let uncounted_before = |end: usize| self.uncounted.partition_point(|&byte| byte < end);
        let uncounted = uncounted_before(offset) - uncounted_before(line_start);
        (line, offset - line_start - uncounted + 1)
    }
}

#[cfg(test)]
mod tests;
