//! The few forms of shell text that are understood to the last word: simple commands one after the
//! other.
//!
//! # How it works
//! Simple commands are joined by `&&`, `;` or line ends. Each is made of words: plain characters,
//! text in quotes, `$NAME` and `${NAME}`. Anything else is refused, with the name of the
//! construct: what is not understood is not guessed.

use std::fmt;

/// Why a text is not understood: what it does, as in "uses a pipe".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear(pub String);

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn unclear<T>(what: impl Into<String>) -> Result<T, Unclear> {
    Err(Unclear(what.into()))
}

/// A word before its variables are expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawWord {
    pub(super) pieces: Vec<Piece>,
    /// Whether it may stand for the names of files.
    pub(super) has_glob: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text { text: String, is_quoted: bool },
    Variable { name: String, is_quoted: bool },
}

impl RawWord {
    /// `NAME=value` as an assignment has it: the name, and the word of the value.
    pub(super) fn assignment(&self) -> Option<(String, RawWord)> {
        let Piece::Text { text, is_quoted: false } = self.pieces.first()? else { return None };
        let (name, value) = text.split_once('=')?;
        let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_name = name.starts_with(is_start) && name.chars().all(is_name_character);
        let mut pieces = self.pieces.clone();
        pieces[0] = Piece::Text { text: value.to_owned(), is_quoted: false };
        is_name.then(|| (name.to_owned(), RawWord { pieces, has_glob: self.has_glob }))
    }

    fn ends_with_name(&self) -> bool {
        matches!(self.pieces.last(), Some(Piece::Text { text, .. })
            if text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == ']'))
    }

    fn push(&mut self, c: char, quoted: bool) {
        match self.pieces.last_mut() {
            Some(Piece::Text { text, is_quoted }) if *is_quoted == quoted => text.push(c),
            _ => self.pieces.push(Piece::Text { text: c.to_string(), is_quoted: quoted }),
        }
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The words of each simple command.
///
/// # Errors
/// The first construct that is not understood.
pub(super) fn read_commands(text: &str) -> Result<Vec<Vec<RawWord>>, Unclear> {
    let text = text.replace("\r\n", "\n");
    let mut reader = Reader { rest: text.chars().collect(), at: 0 };
    let mut commands = vec![Vec::new()];
    while let Some(c) = reader.peek(0) {
        match c {
            ' ' | '\t' => reader.at += 1,
            '\\' if reader.peek(1) == Some('\n') => reader.at += 2,
            '\n' | ';' => {
                reader.at += 1;
                commands.push(Vec::new());
            }
            '&' if reader.peek(1) == Some('&') => {
                reader.at += 2;
                if commands.last().is_none_or(Vec::is_empty) {
                    return unclear("has `&&` behind nothing");
                }
                commands.push(Vec::new());
                // The next command may stand on a line of its own.
                while reader.peek(0).is_some_and(|c| c.is_ascii_whitespace()) {
                    reader.at += 1;
                }
            }
            '#' => {
                while reader.peek(0).is_some_and(|c| c != '\n') {
                    reader.at += 1;
                }
            }
            _ => {
                let word = reader.word()?;
                let last = commands.len() - 1;
                commands[last].push(word);
            }
        }
    }
    commands.retain(|words| !words.is_empty());
    Ok(commands)
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn word(&mut self) -> Result<RawWord, Unclear> {
        let mut word = RawWord::default();
        let mut quote: Option<char> = None;
        while let Some(c) = self.peek(0) {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some('\''), c) => word.push(c, true),
                (_, '$') => {
                    self.variable(&mut word, quote.is_some())?;
                    continue;
                }
                (_, '`') => return unclear("uses command substitution"),
                (Some(_), '\\') => return unclear("uses `\\` in double quotes"),
                (Some(_), c) => word.push(c, true),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    // An empty word is a word.
                    word.pieces.push(Piece::Text { text: String::new(), is_quoted: true });
                }
                (None, ' ' | '\t' | '\n' | ';') => break,
                (None, '&') if self.peek(1) == Some('&') => break,
                (None, '\\') if self.peek(1) == Some('\n') => break,
                (None, '*' | '?' | '[') => {
                    word.has_glob = true;
                    word.push(c, false);
                }
                (None, c) if is_plain(c) => word.push(c, false),
                (None, '~')
                    if word.pieces.is_empty() && matches!(self.peek(1), None | Some('/')) =>
                {
                    let name = "HOME".to_owned();
                    word.pieces.push(Piece::Variable { name, is_quoted: true });
                }
                // `name~=1.2`
                (None, '~') if word.ends_with_name() => word.push(c, false),
                (None, c) => return unclear(format!("uses {}", construct(c))),
            }
            self.at += 1;
        }
        if quote.is_some() {
            return unclear("has a quote without an end");
        }
        Ok(word)
    }

    /// `$NAME` or `${NAME}`.
    fn variable(&mut self, word: &mut RawWord, is_quoted: bool) -> Result<(), Unclear> {
        self.at += 1;
        let is_braced = self.peek(0) == Some('{');
        self.at += usize::from(is_braced);
        let start = self.at;
        while self.peek(0).is_some_and(is_name_character) {
            self.at += 1;
        }
        let name: String = self.rest[start..self.at].iter().collect();
        if !is_braced && self.peek(0) == Some('(') && name.is_empty() {
            return unclear("uses command substitution");
        }
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return unclear("uses a special variable of the shell");
        }
        if is_braced {
            if self.peek(0) != Some('}') {
                return unclear(format!("uses `${{{name}…}}`, which is more than a variable"));
            }
            self.at += 1;
        }
        word.pieces.push(Piece::Variable { name, is_quoted });
        Ok(())
    }
}

/// Characters that mean themselves wherever they stand in a word.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:=,@%+]".contains(c) || (!c.is_ascii() && !c.is_whitespace())
}

fn construct(c: char) -> String {
    match c {
        '|' => "a pipe".to_owned(),
        '<' | '>' => "a redirection".to_owned(),
        '(' | ')' => "a subshell or a function".to_owned(),
        '{' | '}' => "braces".to_owned(),
        '&' => "a background command".to_owned(),
        c => format!("`{}`", c.escape_default()),
    }
}
