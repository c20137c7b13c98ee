//! What is wrong with a workspace: a message, the place it points at, and the mend.
//!
//! Problems are values, gathered until all of them are known: nobody wants to mend one
//! to be shown the next. It does not print: the caller decides where to.

use std::fmt;

use crate::escape::escape_line;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path of the file, relative to the workspace root, with `/`.
    pub path: String,
    /// 1-based line and column (in characters), where the place is known.
    pub place: Option<(usize, usize)>,
    /// What is wrong: a lowercase fragment without a final period.
    pub message: String,
    /// The mend: what to change, or which flag to give.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of a whole file.
    pub fn of_file(path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { path: path.into(), place: None, message: message.into(), hint: None }
    }

    /// The same problem, pointing at a line and column (both 1-based).
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Problem {
        self.place = Some((line, column));
        self
    }

    /// The same problem, with its mend.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// Safe to show: what comes from files has no line ends and no control characters in it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape_line(&self.path))?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", escape_line(&self.message))?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", escape_line(hint))?;
        }
        Ok(())
    }
}

/// The closest of `known` to `given`, where one is close enough to have been meant.
pub fn suggestion<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
