//! Is a pattern well-formed in the eyes of Go's `filepath.Match`?
//!
//! Only that: BuildKit asks it for the error and matches by other means.

/// Go cuts a pattern into chunks at its stars and checks each by itself.
pub(super) fn is_well_formed(pattern: &str) -> bool {
    let mut rest = pattern;
    while !rest.is_empty() {
        rest = rest.trim_start_matches('*');
        let (chunk, after) = rest.split_at(chunk_end(rest));
        if !is_chunk(chunk) {
            return false;
        }
        rest = after;
    }
    true
}

/// Where the next star outside brackets stands.
fn chunk_end(text: &str) -> usize {
    let mut in_brackets = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            // The character after it is passed over, if there is one.
            '\\' => drop(chars.next()),
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            '*' if !in_brackets => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_chunk(chunk: &str) -> bool {
    let mut rest = chunk;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '[' => match skip_brackets(after) {
                Some(after) => after,
                None => return false,
            },
            '\\' => match after.chars().next() {
                Some(escaped) => &after[escaped.len_utf8()..],
                None => return false,
            },
            _ => after,
        };
    }
    true
}

/// What follows the closing bracket: at least one range has to come before it.
fn skip_brackets(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('^').unwrap_or(text);
    rest = skip_range(rest)?;
    loop {
        match rest.strip_prefix(']') {
            Some(after) => return Some(after),
            None => rest = skip_range(rest)?,
        }
    }
}

fn skip_range(text: &str) -> Option<&str> {
    let rest = skip_bound(text)?;
    match rest.strip_prefix('-') {
        Some(rest) => skip_bound(rest),
        None => Some(rest),
    }
}

/// A character of a range; something has to follow it.
fn skip_bound(text: &str) -> Option<&str> {
    if text.starts_with(['-', ']']) {
        return None;
    }
    let text = text.strip_prefix('\\').unwrap_or(text);
    let rest = &text[text.chars().next()?.len_utf8()..];
    (!rest.is_empty()).then_some(rest)
}
