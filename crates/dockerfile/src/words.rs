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
    match text.split_once(is_blank) {
        Some((first, rest)) => (first, Some(rest.trim_start_matches(is_blank))),
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
    let mut word = String::new();
    let mut quote: Option<char> = None;
    // A pair of quotes makes a word even where nothing is between them.
    let mut was_quoted = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            if was_quoted || !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            was_quoted = false;
            continue;
        }
        match quote {
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                was_quoted = true;
            }
            Some(open) if c == open => quote = None,
            _ => {}
        }
        // Nothing can be escaped between single quotes.
        if c == escape && quote != Some('\'') {
            // An escape at the very end is dropped.
            let Some(escaped) = chars.next() else { break };
            word.push(c);
            word.push(escaped);
        } else {
            word.push(c);
        }
    }
    if was_quoted || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests;
