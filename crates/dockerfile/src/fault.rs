//! What is wrong with a text, and where.
//!
//! It does not render source excerpts: the caller has the text and knows its terminal.

use std::fmt;

/// One problem, at a place in the text it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1. A fault of the text as a whole stands at 1:1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// A lowercase fragment without a final period.
    pub message: String,
    /// What mends it, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// A [`Fault`] that does not know its place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Refusal {
        self.hint = Some(hint.into());
        self
    }

    /// Adds “did you mean” where one of `options` is near `given`.
    pub(crate) fn suggest<'o>(
        self,
        given: &str,
        options: impl IntoIterator<Item = &'o str>,
    ) -> Refusal {
        match nearest(given, options) {
            Some(option) => {
                let hint = format!("did you mean `{option}`?");
                self.hint(hint)
            }
            None => self,
        }
    }

    pub(crate) fn at(self, line: usize, column: usize) -> Fault {
        Fault { line, column, message: self.message, hint: self.hint }
    }
}

/// The option at an edit distance of at most 2, as BuildKit's `util/suggest` counts it.
pub(crate) fn nearest<'o>(
    given: &str,
    options: impl IntoIterator<Item = &'o str>,
) -> Option<&'o str> {
    const TOO_FAR: usize = 3;
    let given_len = given.chars().count();
    let mut best = (TOO_FAR, None);
    for option in options {
        if option == given {
            return None;
        }
        if option.chars().count().abs_diff(given_len) < TOO_FAR {
            let distance = edit_distance(given, option);
            if distance < best.0 {
                best = (distance, Some(option));
            }
        }
    }
    best.1
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// A shortened copy for messages: a Dockerfile may hold very long words.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
