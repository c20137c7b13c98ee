//! Go's `filepath.Match`, by which BuildKit finds the sources of `COPY` and `ADD`.
//!
//! It is no regular expression: a star gives up nothing once the text after it was found, a
//! class between brackets matches a slash too, and characters can be split. All of it is kept.
//! Go's errors don't show: a malformed pattern matches nothing.

/// A pattern: pieces of fixed text, each with whether a star stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GoPattern {
    pieces: Vec<(bool, Vec<Token>)>,
    /// Whether it can be cut at its slashes.
    splits: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// Whether BuildKit takes a component, or a path, for a pattern. A backslash alone makes none:
/// it is then part of the name.
pub(crate) fn has_wildcards(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return true,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    false
}

impl GoPattern {
    /// `None` for a malformed pattern.
    pub(crate) fn parse(text: &str) -> Option<GoPattern> {
        let mut pieces = vec![(false, Vec::new())];
        let mut splits = true;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let token = match c {
                '*' => {
                    match pieces.last_mut() {
                        Some((star, piece)) if piece.is_empty() => *star = true,
                        _ => pieces.push((true, Vec::new())),
                    }
                    continue;
                }
                '?' => Token::Any,
                '[' => {
                    let (class, after) = parse_class(rest)?;
                    let written = &rest[..rest.len() - after.len()];
                    splits &= !class.matches('/') && !written.contains('/');
                    rest = after;
                    class
                }
                '\\' => {
                    let escaped = rest.chars().next()?;
                    splits &= escaped != '/';
                    rest = &rest[escaped.len_utf8()..];
                    Token::Char(escaped)
                }
                c => Token::Char(c),
            };
            pieces.last_mut()?.1.push(token);
        }
        Some(GoPattern { pieces, splits })
    }

    /// Whether matching component by component gives the same answer.
    pub(crate) fn splits(&self) -> bool {
        self.splits
    }

    /// What every name that matches begins with.
    pub(crate) fn start(&self) -> String {
        let piece = match self.pieces.first() {
            Some((false, piece)) => piece.as_slice(),
            _ => &[],
        };
        let char = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            _ => None,
        };
        piece.iter().map_while(char).collect()
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut name = name.as_bytes();
        for (at, (star, piece)) in self.pieces.iter().enumerate() {
            let last = at + 1 == self.pieces.len();
            if *star && piece.is_empty() {
                return !name.contains(&b'/');
            }
            let steps = match star {
                false => 0,
                true => name.iter().position(|&byte| byte == b'/').unwrap_or(name.len()),
            };
            let found = (0..=steps).find_map(|skipped| {
                strip_piece(piece, &name[skipped..]).filter(|rest| !last || rest.is_empty())
            });
            match found {
                Some(rest) => name = rest,
                None => return false,
            }
        }
        name.is_empty()
    }
}

fn strip_piece<'n>(piece: &[Token], name: &'n [u8]) -> Option<&'n [u8]> {
    let mut rest = name;
    for token in piece {
        rest = match token {
            Token::Char(c) => rest.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes())?,
            token => {
                let (c, width) = decode(rest)?;
                if !token.matches(c) {
                    return None;
                }
                &rest[width..]
            }
        };
    }
    Some(rest)
}

impl Token {
    fn matches(&self, c: char) -> bool {
        match self {
            Token::Char(own) => *own == c,
            Token::Any => c != '/',
            Token::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| low <= c && c <= high) != *negated
            }
        }
    }
}

/// The first character and its width; within a character, each byte counts as one that is
/// unknown.
fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    const WIDEST: usize = 4;
    let head = &bytes[..bytes.len().min(WIDEST)];
    let valid = match std::str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match (valid.chars().next(), head.is_empty()) {
        (_, true) => None,
        (Some(c), false) => Some((c, c.len_utf8())),
        (None, false) => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// A class, the opening bracket already read: at least one range.
fn parse_class(text: &str) -> Option<(Token, &str)> {
    let (negated, mut rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    loop {
        if let (Some(after), false) = (rest.strip_prefix(']'), ranges.is_empty()) {
            return Some((Token::Class { negated, ranges }, after));
        }
        let (low, after) = parse_bound(rest)?;
        let (high, after) = match after.strip_prefix('-') {
            Some(upper) => parse_bound(upper)?,
            None => (low, after),
        };
        ranges.push((low, high));
        rest = after;
    }
}

/// One end of a range; something has to follow it.
fn parse_bound(text: &str) -> Option<(char, &str)> {
    if text.starts_with(['-', ']']) {
        return None;
    }
    let text = text.strip_prefix('\\').unwrap_or(text);
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    (!rest.is_empty()).then_some((c, rest))
}

#[cfg(test)]
mod tests;
