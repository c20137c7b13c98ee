//! A cursor over a requirement, and the error that says where it stopped being one.
//!
//! It knows no grammar: `requirement`, `version` and `marker` do.

use std::{error, fmt};

use crate::place::excerpt;

/// A text that is no requirement by PEP 508.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRequirement {
    /// The byte of the text where it stops to be one.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that can be said.
    pub hint: Option<String>,
}

impl fmt::Display for InvalidRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for InvalidRequirement {}

/// What each rule of the grammar gives.
pub(crate) type Parsed<T> = Result<T, InvalidRequirement>;

pub(crate) struct Scanner<'t> {
    text: &'t str,
    pub(crate) offset: usize,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, offset: 0 }
    }

    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    pub(crate) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.offset]
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Takes `token` if it is next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.offset += token.len();
        }
        found
    }

    /// Takes the longest run of what `accepts` says.
    pub(crate) fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|character| !accepts(character)).unwrap_or(rest.len());
        self.offset += length;
        &rest[..length]
    }

    /// PEP 508's `wsp*`: blanks and tabs.
    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|character| matches!(character, ' ' | '\t'));
    }

    /// What is next, in words for a message.
    pub(crate) fn found(&self) -> String {
        match self.rest().chars().next() {
            None => "the end".to_owned(),
            Some(character) => format!("`{}`", excerpt(character.encode_utf8(&mut [0; 4]))),
        }
    }

    /// The error that something else was expected here.
    pub(crate) fn expected(&self, what: &str) -> InvalidRequirement {
        self.invalid(self.offset, format!("expected {what}, found {}", self.found()))
    }

    pub(crate) fn invalid(&self, offset: usize, message: String) -> InvalidRequirement {
        InvalidRequirement { offset, message, hint: None }
    }
}

impl InvalidRequirement {
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
