//! Here-documents: the word after `<<`, and the body that belongs to it.
//!
//! Whether an instruction may have any, and where their bodies stand, is decided by the
//! parser (`heredocsFromLine` and `ParseHeredoc` in `parser/parser.go`).

use crate::expand::{ExpandError, split_raw_words, split_unescaped_words};

/// A here-document of a `RUN`, `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes; a `COPY` makes a file of this name.
    pub name: String,
    /// Whether variables in the body are expanded: the word has no quotes.
    pub expand: bool,
    /// `<<-`: leading tabs go.
    pub strip_tabs: bool,
    /// The body with its line breaks, its leading tabs still there.
    pub content: String,
}

/// The here-documents that a line announces, their bodies still empty.
///
/// A line whose quotes don't pair announces none.
pub(crate) fn announced(line: &str) -> Result<Vec<Heredoc>, ExpandError> {
    if !line.contains("<<") {
        return Ok(Vec::new());
    }
    let words = match split_raw_words(line) {
        Err(ExpandError::Refused(_)) => return Ok(Vec::new()),
        words => words?,
    };
    words.iter().filter_map(|word| parse_word(word).transpose()).collect()
}

/// The here-document that a word is, if it is one: `<<NAME`, `<<-NAME`, `3<<'NAME'`.
pub(crate) fn parse_word(word: &str) -> Result<Option<Heredoc>, ExpandError> {
    // Go's `^(\d*)<<(-?)\s*([^<]*)$`.
    let Some(rest) = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")
    else {
        return Ok(None);
    };
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let bare = split_unescaped_words(rest, false)?;
    let [name] = bare.as_slice() else {
        return Ok(None);
    };
    let quoted = split_unescaped_words(rest, true)?;
    let quotes = |words: &[String]| {
        words.first().map_or(0, |word| word.bytes().filter(|b| b"'\"".contains(b)).count())
    };
    let expand = quotes(&bare) == quotes(&quoted);
    Ok(Some(Heredoc { name: name.clone(), expand, strip_tabs, content: String::new() }))
}

#[cfg(test)]
mod tests;
