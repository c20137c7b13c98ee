//! Variable expansion and word splitting, as BuildKit's shell lexer does them.
//!
//! `$X`, `${X}`, the modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, quotes
//! and escapes, nested as deep as [`DEEPEST`] (`frontend/dockerfile/shell/lex.go`). It knows
//! no commands, no arithmetic and no globs.
//!
//! Beyond ASCII, a variable's name goes as far as Rust's alphanumeric characters, which
//! differ from Go's letters and digits in a few scripts' marks.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

mod lexer;
mod pattern;

use lexer::{Lexer, Mode};

/// `${…}` nested deeper than this is not evaluated.
pub(crate) const DEEPEST: usize = 100;

/// A word that expands to more bytes than this is not evaluated: no Linux program could be
/// given it, and doubling a variable line by line must not take all memory.
pub(crate) const LONGEST: usize = 128 * 1024;

/// How many steps may be taken to expand the words of a Dockerfile, or a word on its own. One is a
/// byte of a value that is looked at, or a character that a pattern is held against.
pub(crate) const MOST_WORK: usize = 32 * 1024 * 1024;

/// The steps that are left.
#[derive(Debug)]
pub(crate) struct Work {
    left: Cell<usize>,
}

impl Work {
    pub(crate) fn new() -> Work {
        Work { left: Cell::new(MOST_WORK) }
    }

    pub(crate) fn spend(&self, steps: usize) -> Result<(), ExpandError> {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        left.map(drop).ok_or(ExpandError::TooLarge)
    }
}

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable<'v> {
    /// It has this value.
    Set(Cow<'v, str>),
    /// It is certain that it has none.
    Unset,
    /// It may have any value or none, such as an `ENV` of a base image that nobody has read.
    Undetermined,
}

/// The variables that an expansion sees.
pub trait Variables {
    /// What is known of the variable `name`.
    fn get(&self, name: &str) -> Variable<'_>;
}

impl Variables for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Variable<'_> {
        found(BTreeMap::get(self, name))
    }
}

impl Variables for HashMap<String, String> {
    fn get(&self, name: &str) -> Variable<'_> {
        found(HashMap::get(self, name))
    }
}

fn found(value: Option<&String>) -> Variable<'_> {
    value.map_or(Variable::Unset, |value| Variable::Set(Cow::Borrowed(value)))
}

/// Why a word has no expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandError {
    /// BuildKit refuses the word: bad syntax, or a `?` modifier on a missing variable.
    Refused(String),
    /// The word's value hangs on this variable, whose value isn't known.
    Undetermined(String),
    /// The word is too long or too deeply nested for us, if not for BuildKit.
    TooLarge,
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpandError::Refused(message) => f.write_str(message),
            ExpandError::Undetermined(name) => write!(f, "the value of `{name}` is not known"),
            ExpandError::TooLarge => f.write_str("the expansion is too large to evaluate"),
        }
    }
}

impl std::error::Error for ExpandError {}

/// Expands the variables of one word and takes its quotes and escapes off.
///
/// `escape` is the file's escape character, `\` or `` ` ``.
///
/// # Errors
/// See [`ExpandError`].
pub fn expand_word(
    word: &str,
    escape: char,
    variables: &impl Variables,
) -> Result<String, ExpandError> {
    expand_within(&Work::new(), word, escape, variables)
}

/// As [`expand_word`], with the steps that are left.
pub(crate) fn expand_within(
    work: &Work,
    word: &str,
    escape: char,
    variables: &impl Variables,
) -> Result<String, ExpandError> {
    // Most words have nothing to expand.
    if !word.contains(['$', '\'', '"', escape, '\u{feff}']) {
        return Ok(word.to_owned());
    }
    Lexer::new(word, escape, Mode::VALUE, variables, work).run().map(|(text, _)| text)
}

/// Expands the body of a here-document: quotes are text there, and the escape is always `\`.
pub(crate) fn expand_body(
    work: &Work,
    body: &str,
    variables: &impl Variables,
) -> Result<String, ExpandError> {
    Lexer::new(body, '\\', Mode::BODY, variables, work).run().map(|(text, _)| text)
}

/// Splits a line into words without expanding anything; quotes and escapes stay.
pub(crate) fn split_raw_words(line: &str) -> Result<Vec<String>, ExpandError> {
    Lexer::new(line, '\\', Mode::RAW_WORDS, &NoVariables, &Work::new())
        .run()
        .map(|(_, words)| words)
}

/// Splits as [`split_raw_words`], without escapes, with or without quotes.
pub(crate) fn split_unescaped_words(
    text: &str,
    keep_quotes: bool,
) -> Result<Vec<String>, ExpandError> {
    let mode = if keep_quotes { Mode::QUOTED_WORDS } else { Mode::WORDS };
    Lexer::new(text, '\\', mode, &NoVariables, &Work::new()).run().map(|(_, words)| words)
}

/// The variable's name where the word is exactly one `$X` or `${X…}`.
pub(crate) fn single_variable(word: &str, escape: char) -> Option<String> {
    Lexer::new(word, escape, Mode::QUOTED_WORDS, &NoVariables, &Work::new()).single_variable()
}

struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _: &str) -> Variable<'_> {
        Variable::Unset
    }
}

#[cfg(test)]
mod tests;
