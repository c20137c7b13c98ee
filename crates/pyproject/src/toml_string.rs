//! From an offset in a decoded TOML string to the offset in its source: quotes, escapes, line
//! continuations.
//!
//! It trusts that the TOML parser accepted the string, and reports no fault of its own.

/// The offset within `raw`, a whole string literal with its quotes, of what stands at byte
/// `decoded` of its value.
pub(crate) fn raw_offset(raw: &str, decoded: usize) -> usize {
    let multi_line = raw.starts_with("\"\"\"") || raw.starts_with("'''");
    let mut at = if multi_line { 3 } else { 1 };
    if multi_line {
        at += ["\r\n", "\n"]
            .iter()
            .find(|newline| raw[at..].starts_with(**newline))
            .map_or(0, |n| n.len());
    }
    if raw.starts_with('\'') {
        return (at + decoded).min(raw.len());
    }
    let mut remaining = decoded;
    loop {
        at += continuation_length(&raw[at..]);
        let (raw_length, decoded_length) = step(&raw[at..]);
        if remaining == 0 || raw_length == 0 || decoded_length > remaining {
            return at;
        }
        at += raw_length;
        remaining -= decoded_length;
    }
}

/// The length of a `\` at the end of a line with all the blanks behind it, which stand for nothing;
/// else 0.
fn continuation_length(raw: &str) -> usize {
    let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    match raw.strip_prefix('\\').map(blanks) {
        Some(length) if length > 0 => 1 + length,
        _ => 0,
    }
}

/// How many bytes the next character takes in the source, and in the value. Zero and zero at the
/// end.
fn step(raw: &str) -> (usize, usize) {
    let mut characters = raw.chars();
    match (characters.next(), characters.next()) {
        (None, _) => (0, 0),
        (Some('\\'), Some('x')) => escape(raw, 2),
        (Some('\\'), Some('u')) => escape(raw, 4),
        (Some('\\'), Some('U')) => escape(raw, 8),
        (Some('\\'), Some(_)) => (2, 1),
        (Some(plain), _) => (plain.len_utf8(), plain.len_utf8()),
    }
}

fn escape(raw: &str, digits: usize) -> (usize, usize) {
    let scalar = raw.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    (2 + digits, scalar.and_then(char::from_u32).map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests;
