//! The three ways in which BuildKit splits arguments into words (`parser/line_parsers.go`).
//!
//! Nothing is expanded here, and quotes stay in the words: the shell lexer of
//! [`crate::expand`] takes them off when a value is used.

/// BuildKit's `[\t\v\f\r ]`: neither a line break nor any white space beyond ASCII.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ')
}

/// Splits at the first run of blanks.
pub(crate) fn split_first(text: &str) -> (&str, Option<&str>) {
    // Blanks are ASCII: none is part of another character.
    match text.bytes().position(|byte| is_blank(char::from(byte))) {
        Some(at) => (&text[..at], Some(text[at..].trim_start_matches(is_blank))),
        None => (text, None),
    }
}

/// Splits at every run of blanks; a text without any is one word, if only an empty one.
pub(crate) fn split_blanks(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (word, after) = split_first(text);
        words.push(word.to_owned());
        rest = after;
    }
    words
}

/// Splits at white space outside quotes, as `ARG`, `ENV` and `LABEL` do.
pub(crate) fn split_quoted(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    // Where the word at hand begins.
    let mut start = None;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|start| text[start..at].to_owned()));
            continue;
        }
        match quote {
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        // Nothing can be escaped between single quotes.
        if c == escape && quote != Some('\'') && chars.next().is_none() {
            // An escape at the very end is dropped.
            words.extend(start.map(|start| text[start..at].to_owned()));
            return words;
        }
        start = start.or(Some(at));
    }
    words.extend(start.map(|start| text[start..].to_owned()));
    words
}

#[cfg(test)]
mod tests;
