//! The variables of a stage as its instructions are gone through.
//!
//! In BuildKit `ARG` and `ENV` write into one environment, the later one wins, and a stage
//! takes over all of the stage that it stands on, args included.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use crate::expand::{ExpandError, Variable, Variables, Work, expand_body, expand_within};

/// All words of a Dockerfile together may expand to this many bytes.
const MOST_EXPANDED: usize = 32 * 1024 * 1024;

/// The `PATH` of a stage that has none (`util/system`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Expands words, until there have been too many.
pub(super) struct Expander {
    escape: char,
    spent: Cell<usize>,
    work: Work,
}

impl Expander {
    pub(super) fn new(escape: char) -> Expander {
        Expander { escape, spent: Cell::new(0), work: Work::new() }
    }

    pub(super) fn expand(
        &self,
        word: &str,
        variables: &impl Variables,
    ) -> Result<String, ExpandError> {
        if self.spent.get() > MOST_EXPANDED {
            return Err(ExpandError::TooLarge);
        }
        let expanded = expand_within(&self.work, word, self.escape, variables)?;
        self.spent.set(self.spent.get() + expanded.len());
        Ok(expanded)
    }

    /// Whether BuildKit refuses to expand the body of a here-document.
    pub(super) fn check_body(
        &self,
        body: &str,
        variables: &impl Variables,
    ) -> Result<(), ExpandError> {
        expand_body(&self.work, body, variables).map(drop)
    }
}

/// What is known of a stage's environment.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// `None` for a variable that is set to something unknown.
    known: HashMap<String, Option<String>>,
    /// Whether any other variable may be set too.
    open: bool,
}

impl Environment {
    /// That of `FROM scratch`.
    pub(super) fn empty() -> Environment {
        let path = ("PATH".to_owned(), Some(DEFAULT_PATH.to_owned()));
        Environment { known: HashMap::from([path]), open: false }
    }

    /// That of an image which nobody has looked at.
    pub(super) fn unknown() -> Environment {
        Environment { known: HashMap::new(), open: true }
    }

    /// How many bytes a copy has, more or less.
    pub(super) fn size(&self) -> usize {
        const ENTRY: usize = 64;
        let value = |value: &Option<String>| value.as_ref().map_or(0, String::len);
        self.known.iter().map(|(name, known)| ENTRY + name.len() + value(known)).sum()
    }

    pub(super) fn set(&mut self, name: String, value: Option<String>) {
        self.known.insert(name, value);
    }

    /// A variable whose name isn't known has been set: it may be any of them.
    pub(super) fn forget(&mut self) {
        *self = Environment::unknown();
    }
}

impl Variables for Environment {
    fn get(&self, name: &str) -> Variable<'_> {
        match self.known.get(name) {
            Some(Some(value)) => Variable::Set(Cow::Borrowed(value)),
            Some(None) => Variable::Undetermined,
            None if self.open => Variable::Undetermined,
            None => Variable::Unset,
        }
    }
}
