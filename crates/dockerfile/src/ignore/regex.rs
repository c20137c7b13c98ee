//! The regular expression that moby/patternmatcher makes of a pattern, parsed.
//!
//! The expression is put together from text, and parts of a pattern leak into it: `[[:alpha:]]`
//! is a class, `\d` a digit, a `*` between brackets ends them. Making the same text and
//! parsing it is the way to be exact. Of Go's syntax, only what can come up is understood.

/// How patternmatcher matches a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The path is the pattern.
    Exact,
    /// The path begins with the pattern without its last two characters.
    Prefix,
    /// The path ends with the pattern without its first two characters.
    Suffix,
    /// By this expression.
    Expression(String),
}

/// One part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// One character.
    One(Set),
    /// Any number of them.
    Many(Set),
    /// `(.*/)?`
    Deep,
    /// The start of the path.
    Start,
    /// Its end.
    End,
    /// `\b` (true) and `\B`.
    Boundary(bool),
}

/// Characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) ranges: Vec<(char, char)>,
}

impl Set {
    fn of(ranges: &[(char, char)]) -> Set {
        Set { negated: false, ranges: ranges.to_vec() }
    }

    fn char(c: char) -> Set {
        Set::of(&[(c, c)])
    }

    pub(super) fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|&(low, high)| low <= c && c <= high) != self.negated
    }

    /// The one character that it is.
    pub(super) fn as_char(&self) -> Option<char> {
        match self.ranges[..] {
            [(low, high)] if low == high && !self.negated => Some(low),
            _ => None,
        }
    }
}

/// `[^/]`, what `?` and `*` stand for.
pub(super) fn not_slash() -> Set {
    Set { negated: true, ..Set::char('/') }
}

/// `.`, which is any character but a line break.
pub(super) fn dot() -> Set {
    Set { negated: true, ..Set::char('\n') }
}

/// The way a pattern is matched.
pub(super) fn shape(pattern: &str) -> Shape {
    let mut text = "^".to_owned();
    let mut shape = Shape::Exact;
    // Go's scanner drops a byte order mark.
    let mut chars = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
    let mut first = true;
    let expression = || Shape::Expression(String::new());
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                // `**/` is `**`.
                chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    text.push_str("(.*/)?");
                    shape = expression();
                } else if shape == Shape::Exact {
                    shape = Shape::Prefix;
                } else {
                    text.push_str(".*");
                    shape = expression();
                }
                if first {
                    shape = Shape::Suffix;
                }
            }
            '*' => {
                text.push_str("[^/]*");
                shape = expression();
            }
            '?' => {
                text.push_str("[^/]");
                shape = expression();
            }
            '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => text.extend(['\\', c]),
            '\\' => {
                text.push('\\');
                if let Some(escaped) = chars.next() {
                    text.push(escaped);
                    shape = expression();
                }
            }
            '[' | ']' => {
                text.push(c);
                shape = expression();
            }
            _ => text.push(c),
        }
        first = false;
    }
    match shape {
        Shape::Expression(_) => Shape::Expression(text + "$"),
        other => other,
    }
}

/// The parts of an expression made by [`shape`]; `None` where Go refuses it.
pub(super) fn parse(expression: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("(.*/)?") {
            parts.push(Part::Deep);
            rest = after;
            continue;
        }
        let after = &rest[c.len_utf8()..];
        let (part, after) = match c {
            '^' => (Part::Start, after),
            '$' => (Part::End, after),
            '.' => (Part::One(dot()), after),
            '[' => {
                let (set, after) = parse_class(after)?;
                (Part::One(set), after)
            }
            '\\' => parse_escape(after)?,
            c => (Part::One(Set::char(c)), after),
        };
        match (part, after.strip_prefix('*')) {
            (Part::One(set), Some(after)) => {
                parts.push(Part::Many(set));
                rest = after;
            }
            (part, _) => {
                parts.push(part);
                rest = after;
            }
        }
    }
    Some(parts)
}

/// After a backslash outside brackets.
fn parse_escape(text: &str) -> Option<(Part, &str)> {
    let assertion = match text.as_bytes().first()? {
        b'A' => Some(Part::Start),
        b'z' => Some(Part::End),
        b'b' => Some(Part::Boundary(true)),
        b'B' => Some(Part::Boundary(false)),
        _ => None,
    };
    if let Some(part) = assertion {
        return Some((part, &text[1..]));
    }
    if let Some(set) = perl_class(text) {
        return Some((Part::One(set), &text[1..]));
    }
    let (c, after) = parse_escaped_char(text)?;
    Some((Part::One(Set::char(c)), after))
}

fn perl_class(text: &str) -> Option<Set> {
    let name = text.chars().next()?;
    let ranges: &[(char, char)] = match name.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    Some(Set { negated: name.is_ascii_uppercase(), ..Set::of(ranges) })
}

/// A character after a backslash, inside or outside brackets.
fn parse_escaped_char(text: &str) -> Option<(char, &str)> {
    let c = text.chars().next()?;
    let after = &text[c.len_utf8()..];
    let octal_digits = |text: &str| text.bytes().take_while(|b| (b'0'..=b'7').contains(b)).count();
    let plain = match c {
        // A single digit would be a back-reference.
        '0'..='7' => {
            let digits = octal_digits(text).min(3);
            if c != '0' && digits == 1 {
                return None;
            }
            let code = u32::from_str_radix(&text[..digits], 8).ok()?;
            return Some((char::from_u32(code)?, &text[digits..]));
        }
        'x' => {
            let digits = after.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            return Some((char::from_u32(code)?, &after[2..]));
        }
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return None,
    };
    Some((plain, after))
}

/// What stands between brackets, the opening one already read.
fn parse_class(text: &str) -> Option<(Set, &str)> {
    let (negated, mut rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        match rest.strip_prefix(']') {
            Some(after) if !first => return Some((Set { negated, ranges }, after)),
            _ => {}
        }
        first = false;
        if let Some((name, after)) =
            rest.strip_prefix("[:").and_then(|named| named.split_once(":]"))
        {
            add_set(&mut ranges, &posix_class(name)?);
            rest = after;
            continue;
        }
        if let Some(set) = rest.strip_prefix('\\').and_then(perl_class) {
            add_set(&mut ranges, &set);
            rest = &rest[2..];
            continue;
        }
        let (low, after) = parse_class_char(rest)?;
        let (high, after) = match after.strip_prefix('-') {
            Some(upper) if !upper.starts_with(']') && !upper.is_empty() => parse_class_char(upper)?,
            _ => (low, after),
        };
        if high < low {
            return None;
        }
        ranges.push((low, high));
        rest = after;
    }
}

fn parse_class_char(text: &str) -> Option<(char, &str)> {
    match text.strip_prefix('\\') {
        Some(escaped) => parse_escaped_char(escaped),
        None => {
            let c = text.chars().next()?;
            Some((c, &text[c.len_utf8()..]))
        }
    }
}

/// Adds a set to ranges, turning a negated one over.
fn add_set(ranges: &mut Vec<(char, char)>, set: &Set) {
    if !set.negated {
        ranges.extend_from_slice(&set.ranges);
        return;
    }
    // The ranges of the named classes are in order and ASCII.
    let mut low = '\0';
    for &(start, end) in &set.ranges {
        if low < start {
            ranges.push((low, char::from(start as u8 - 1)));
        }
        low = char::from(end as u8 + 1);
    }
    ranges.push((low, char::MAX));
}

fn posix_class(name: &str) -> Option<Set> {
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    Some(Set { negated, ..Set::of(ranges) })
}
