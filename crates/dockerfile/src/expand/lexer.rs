//! The lexer behind [`super::expand_word`].
//!
//! Its words are only used to find here-documents; values come from its text.

use super::{DEEPEST, ExpandError, LONGEST, Variable, Variables, Work, pattern};

/// How quotes, escapes and unset variables are treated.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    keep_quotes: bool,
    keep_escapes: bool,
    quotes_are_text: bool,
    keep_unset: bool,
}

impl Mode {
    pub(super) const VALUE: Mode =
        Mode { keep_quotes: false, keep_escapes: false, quotes_are_text: false, keep_unset: false };
    pub(super) const BODY: Mode = Mode { quotes_are_text: true, ..Mode::VALUE };
    pub(super) const WORDS: Mode = Mode { keep_unset: true, ..Mode::VALUE };
    pub(super) const QUOTED_WORDS: Mode = Mode { keep_quotes: true, ..Mode::WORDS };
    pub(super) const RAW_WORDS: Mode = Mode { keep_escapes: true, ..Mode::QUOTED_WORDS };
}

pub(super) struct Lexer<'t, V> {
    rest: &'t str,
    escape: char,
    mode: Mode,
    variables: &'t V,
    work: &'t Work,
    depth: usize,
    /// The word being built. BuildKit has one buffer for all levels of nesting, so that
    /// `a${X:-b}` loses its `a` as a word (though not as text), and here-documents are found
    /// by words.
    word: String,
}

/// The words of one level of nesting.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    inside: bool,
}

type Expanded = Result<String, ExpandError>;

fn refuse<T>(message: impl Into<String>) -> Result<T, ExpandError> {
    Err(ExpandError::Refused(message.into()))
}

impl<'t, V: Variables> Lexer<'t, V> {
    pub(super) fn new(
        text: &'t str,
        escape: char,
        mode: Mode,
        variables: &'t V,
        work: &'t Work,
    ) -> Self {
        // Go's scanner drops a byte order mark at the start of whatever it reads.
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lexer { rest, escape, mode, variables, work, depth: 0, word: String::new() }
    }

    /// The text and its words.
    pub(super) fn run(mut self) -> Result<(String, Vec<String>), ExpandError> {
        let keep_escapes = self.mode.keep_escapes;
        self.until(None, keep_escapes)
    }

    pub(super) fn single_variable(mut self) -> Option<String> {
        let mut name_at = self.rest.strip_prefix('$')?;
        name_at = name_at.strip_prefix('{').unwrap_or(name_at);
        let name = Lexer::new(name_at, self.escape, self.mode, self.variables, self.work).name();
        self.dollar().ok()?;
        let named = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        (self.rest.is_empty() && named).then_some(name)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    /// Reads up to `stop` and takes it, or up to the end where there is none.
    fn until(
        &mut self,
        stop: Option<char>,
        keep_escapes: bool,
    ) -> Result<(String, Vec<String>), ExpandError> {
        if self.depth == DEEPEST {
            return Err(ExpandError::TooLarge);
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.mode.keep_escapes, keep_escapes);
        let read = self.until_inner(stop);
        self.mode.keep_escapes = outer;
        self.depth -= 1;
        read
    }

    fn until_inner(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), ExpandError> {
        let mut text = String::new();
        let mut words = Words::default();
        self.word.clear();
        while let Some(c) = self.peek() {
            match c {
                _ if Some(c) == stop => {
                    self.next();
                    return Ok((text, words.finish(&mut self.word)));
                }
                '$' => {
                    let value = self.dollar()?;
                    value.chars().for_each(|c| words.push(&mut self.word, c));
                    text.push_str(&value);
                }
                '<' => {
                    let angle = self.angle();
                    words.push_raw(&mut self.word, &mut text, &angle);
                }
                '\'' if !self.mode.quotes_are_text => {
                    let quoted = self.single_quoted()?;
                    words.push_raw(&mut self.word, &mut text, &quoted);
                }
                '"' if !self.mode.quotes_are_text => {
                    let quoted = self.double_quoted()?;
                    words.push_raw(&mut self.word, &mut text, &quoted);
                }
                _ if c == self.escape => self.escaped(&mut words, &mut text),
                _ => {
                    self.next();
                    words.push(&mut self.word, c);
                    text.push(c);
                }
            }
            if text.len() > LONGEST {
                return Err(ExpandError::TooLarge);
            }
        }
        match stop {
            Some(stop) => refuse(format!("unexpected end while looking for a matching `{stop}`")),
            None => Ok((text, words.finish(&mut self.word))),
        }
    }

    /// An escape makes the next character plain; at the very end it is dropped.
    fn escaped(&mut self, words: &mut Words, text: &mut String) {
        let mut both = String::new();
        if self.mode.keep_escapes {
            both.push(self.escape);
        }
        self.next();
        both.extend(self.next());
        if !both.is_empty() {
            words.push_raw(&mut self.word, text, &both);
        }
    }

    /// `<`, or `<<` with the blanks after it: a here-document's word may stand apart.
    fn angle(&mut self) -> String {
        self.next();
        if self.peek() != Some('<') {
            return "<".to_owned();
        }
        self.next();
        let after = self.rest.trim_start_matches(['\t', '\r', ' ']);
        let blanks = &self.rest[..self.rest.len() - after.len()];
        self.rest = after;
        format!("<<{blanks}")
    }

    /// Nothing is special between single quotes.
    fn single_quoted(&mut self) -> Expanded {
        self.next();
        let Some((inside, after)) = self.rest.split_once('\'') else {
            return refuse("unexpected end while looking for a matching single quote");
        };
        self.rest = after;
        Ok(if self.mode.keep_quotes { format!("'{inside}'") } else { inside.to_owned() })
    }

    /// Between double quotes, variables are expanded, and `"`, `$` and the escape itself can
    /// be escaped.
    fn double_quoted(&mut self) -> Expanded {
        let quote = if self.mode.keep_quotes { "\"" } else { "" };
        self.next();
        let mut text = quote.to_owned();
        loop {
            match self.peek() {
                None => return refuse("unexpected end while looking for a matching double quote"),
                Some('"') => {
                    self.next();
                    text.push_str(quote);
                    return Ok(text);
                }
                Some('$') => text.push_str(&self.dollar()?),
                Some(mut c) => {
                    self.next();
                    if c == self.escape {
                        if self.mode.keep_escapes {
                            text.push(c);
                        }
                        match self.peek() {
                            None => continue,
                            Some(next) if matches!(next, '"' | '$') || next == self.escape => {
                                self.next();
                                c = next;
                            }
                            Some(_) => {}
                        }
                    }
                    text.push(c);
                }
            }
            if text.len() > LONGEST {
                return Err(ExpandError::TooLarge);
            }
        }
    }

    /// A variable: the `$` is next.
    fn dollar(&mut self) -> Expanded {
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return match self.lookup(&name)? {
                None if self.mode.keep_unset => Ok(format!("${name}")),
                value => Ok(value.unwrap_or_default()),
            };
        }
        self.next();
        match self.peek() {
            None => return missing('}'),
            Some('{' | '}' | ':') => return refuse("bad substitution"),
            Some(_) => {}
        }
        let name = self.name();
        match self.next() {
            Some('}') => match self.lookup(&name)? {
                None if self.mode.keep_unset => Ok(format!("${{{name}}}")),
                value => Ok(value.unwrap_or_default()),
            },
            Some(':') => {
                let modifier = self.next();
                self.modified(&name, ":", modifier)
            }
            modifier @ Some('+' | '-' | '?' | '#' | '%') => self.modified(&name, "", modifier),
            Some('/') => self.replaced(&name),
            other => unsupported("", other),
        }
    }

    /// `${name-word}` and the like; the modifier has been taken.
    fn modified(&mut self, name: &str, colon: &str, modifier: Option<char>) -> Expanded {
        let trims = matches!(modifier, Some('#' | '%'));
        if trims && !colon.is_empty() {
            return unsupported(colon, modifier);
        }
        // The word is read, and can be refused, whether or not it is needed.
        let (word, _) = self.nested('}', trims)?;
        let value = self.lookup(name)?;
        if value.is_none() && self.mode.keep_unset {
            let modifier = modifier.unwrap_or(char::REPLACEMENT_CHARACTER);
            return Ok(format!("${{{name}{colon}{modifier}{word}}}"));
        }
        let usable = value.clone().filter(|value| colon.is_empty() || !value.is_empty());
        match (modifier, usable) {
            (Some('-'), usable) => Ok(usable.unwrap_or(word)),
            (Some('+'), usable) => Ok(usable.map_or_else(String::new, |_| word)),
            (Some('?'), Some(value)) => Ok(value),
            (Some('?'), None) => {
                let state = if value.is_none() { "unset" } else { "empty" };
                let fallback = format!("is not allowed to be {state}");
                let reason = if word.is_empty() { fallback } else { word };
                refuse(format!("{name}: {reason}"))
            }
            (Some(sign @ ('#' | '%')), _) => {
                let (pattern, greedy) = match word.strip_prefix(sign) {
                    Some(pattern) => (pattern, true),
                    None => (word.as_str(), false),
                };
                let value = value.unwrap_or_default();
                let trim = if sign == '#' { pattern::trim_prefix } else { pattern::trim_suffix };
                trim(self.work, pattern, &value, greedy)
            }
            _ => unsupported(colon, modifier),
        }
    }

    /// `${name/pattern/replacement}`; the first slash has been taken.
    fn replaced(&mut self, name: &str) -> Expanded {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let (pattern, _) = self.nested('/', true)?;
        let (replacement, _) = self.nested('}', true)?;
        let value = self.lookup(name)?;
        if value.is_none() && self.mode.keep_unset {
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let value = value.unwrap_or_default();
        pattern::replace(self.work, &pattern, &replacement, &value, all)
    }

    fn nested(
        &mut self,
        stop: char,
        keep_escapes: bool,
    ) -> Result<(String, Vec<String>), ExpandError> {
        match self.until(Some(stop), keep_escapes) {
            Err(ExpandError::Refused(_)) if self.rest.is_empty() => missing(stop),
            read => read,
        }
    }

    fn lookup(&self, name: &str) -> Result<Option<String>, ExpandError> {
        match self.variables.get(name) {
            Variable::Set(value) if value.len() > LONGEST => Err(ExpandError::TooLarge),
            Variable::Set(value) => {
                self.work.spend(value.len())?;
                Ok(Some(value.into_owned()))
            }
            Variable::Unset => Ok(None),
            Variable::Undetermined => Err(ExpandError::Undetermined(name.to_owned())),
        }
    }

    /// A run of digits, one special parameter, or a name; empty where none is next.
    fn name(&mut self) -> String {
        let rest = self.rest;
        let end = match self.peek() {
            Some(c) if c.is_ascii_digit() => run_length(rest, |c| c.is_ascii_digit()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => run_length(rest, |c| c.is_alphanumeric() || c == '_'),
        };
        let (name, after) = rest.split_at(end);
        self.rest = after;
        name.to_owned()
    }
}

impl Words {
    /// A character that ends a word where it is white space.
    fn push(&mut self, word: &mut String, c: char) {
        if !c.is_whitespace() {
            word.push(c);
            self.inside = true;
        } else if self.inside && !word.is_empty() {
            self.done.push(std::mem::take(word));
            self.inside = false;
        }
    }

    /// Text that belongs to the word whatever it is.
    fn push_raw(&mut self, word: &mut String, text: &mut String, raw: &str) {
        word.push_str(raw);
        text.push_str(raw);
        self.inside = true;
    }

    fn finish(mut self, word: &mut String) -> Vec<String> {
        if !word.is_empty() {
            self.done.push(std::mem::take(word));
        }
        self.done
    }
}

fn run_length(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !is_part(c)).unwrap_or(text.len())
}

fn missing<T>(stop: char) -> Result<T, ExpandError> {
    refuse(format!("missing `{stop}` in `${{…}}`"))
}

fn unsupported(colon: &str, modifier: Option<char>) -> Expanded {
    match modifier {
        Some(modifier) => refuse(format!("unsupported modifier `{colon}{modifier}` in `${{…}}`")),
        None => missing('}'),
    }
}
