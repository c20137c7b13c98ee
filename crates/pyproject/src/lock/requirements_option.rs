//! The options of a requirements file, on lines of their own and behind requirements.
//!
//! It follows no include and knows no index. An option that pip doesn't list in its documentation
//! of the format is kept all the same.

use std::fmt;

use super::requirements_text::Word;

/// An option on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementsOption {
    /// `-r`, `--requirement`: the path or URL of a file whose lines count too, relative to this
    /// one's folder. For the caller to follow.
    Include(String),
    /// `-c`, `--constraint`: likewise, a file that only constrains versions.
    Constraint(String),
    /// `-e`, `--editable`: a folder or the URL of a repository.
    Editable(String),
    /// `-i`, `--index-url`, `--pypi-url`.
    IndexUrl(String),
    /// `--extra-index-url`.
    ExtraIndexUrl(String),
    /// Any other, `--no-binary` or `--pre` for example.
    Other {
        /// As written.
        name: String,
        /// What is behind it.
        value: Option<String>,
    },
}

impl fmt::Display for RequirementsOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Include(value) => write!(f, "--requirement {value}"),
            Self::Constraint(value) => write!(f, "--constraint {value}"),
            Self::Editable(value) => write!(f, "--editable {value}"),
            Self::IndexUrl(value) => write!(f, "--index-url {value}"),
            Self::ExtraIndexUrl(value) => write!(f, "--extra-index-url {value}"),
            Self::Other { name, value: Some(value) } => write!(f, "{name} {value}"),
            Self::Other { name, value: None } => f.write_str(name),
        }
    }
}

/// The options that take no value; whatever else has one behind it takes that.
const FLAGS: [&str; 4] = ["--no-index", "--pre", "--prefer-binary", "--require-hashes"];

/// The short options, all with a value, which may follow without a blank.
const SHORT: [&str; 6] = ["-r", "-c", "-e", "-i", "-f", "-C"];

/// An option as written and its value, with its place.
pub(super) struct WrittenOption {
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) start: usize,
}

/// Reads words of which the first is an option. A word that belongs to none is taken for one
/// without a value.
pub(super) fn written_options(words: &[Word]) -> Vec<WrittenOption> {
    let mut options = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(Word { text, start }) = words.next() {
        let short = SHORT.iter().find(|short| text.starts_with(**short));
        let (name, attached) = match (short, text.split_once('=')) {
            (Some(short), _) => (*short, text.strip_prefix(short).filter(|v| !v.is_empty())),
            (None, Some((name, value))) if name.starts_with("--") => (name, Some(value)),
            _ => (text.as_str(), None),
        };
        let takes_next = attached.is_none() && name.starts_with('-') && !FLAGS.contains(&name);
        let next = words.next_if(|next| takes_next && !next.text.starts_with('-'));
        let value = attached.or(next.map(|next| next.text.as_str())).map(str::to_owned);
        options.push(WrittenOption { name: name.to_owned(), value, start: *start });
    }
    options
}

impl From<WrittenOption> for RequirementsOption {
    fn from(WrittenOption { name, value, .. }: WrittenOption) -> Self {
        let Some(value) = value else { return Self::Other { name, value: None } };
        match name.as_str() {
            "-r" | "--requirement" => Self::Include(value),
            "-c" | "--constraint" => Self::Constraint(value),
            "-e" | "--editable" => Self::Editable(value),
            "-i" | "--index-url" | "--pypi-url" => Self::IndexUrl(value),
            "--extra-index-url" => Self::ExtraIndexUrl(value),
            _ => Self::Other { name, value: Some(value) },
        }
    }
}
