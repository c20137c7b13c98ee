//! `--name=value` flags between an instruction's name and its arguments.
//!
//! Which flags an instruction takes is told by the caller. The rules are those of
//! `parser/split_command.go` and `instructions/bflag.go`.

use crate::fault::{Refusal, excerpt, nearest};

/// The flags at the start of `line`, without their quotes and escapes, and the rest of it.
///
/// BuildKit reads bytes here, not characters: beyond ASCII each byte of a flag becomes a
/// character of its own, and the bytes 0x85 and 0xa0 count as white space.
pub(crate) fn split_flags(line: &str, escape: char) -> (Vec<String>, String) {
    let bytes = line.as_bytes();
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        while at < bytes.len() && is_space(bytes[at]) {
            at += 1;
        }
        if !bytes[at..].starts_with(b"--") {
            return (flags, rest_of(line, at));
        }
        let (flag, end) = read_flag(bytes, at, escape);
        at = end;
        if flag == "--" {
            return (flags, rest_of(line, at));
        }
        flags.push(flag);
    }
}

/// A flag may end within a character.
fn rest_of(line: &str, at: usize) -> String {
    let lossy = || String::from_utf8_lossy(&line.as_bytes()[at..]).into_owned();
    line.get(at..).map_or_else(lossy, str::to_owned)
}

fn is_space(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// The flag that begins at `start` and the place of the white space after it.
fn read_flag(bytes: &[u8], start: usize, escape: char) -> (String, usize) {
    let mut flag = String::new();
    let mut quote: Option<char> = None;
    let mut at = start;
    while at < bytes.len() {
        let mut c = char::from(bytes[at]);
        if quote.is_none() && c.is_whitespace() {
            break;
        }
        at += 1;
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {
                if c == escape {
                    // An escape at the very end is dropped.
                    let Some(&escaped) = bytes.get(at) else { break };
                    c = char::from(escaped);
                    at += 1;
                }
                flag.push(c);
            }
        }
    }
    (flag, at)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagKind {
    /// `--name`, `--name=true` or `--name=false`.
    Switch,
    /// `--name=value`, once.
    Value,
    /// `--name=value`, any number of times.
    List,
}

/// An instruction's flags after they were held against the ones that it takes.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    given: Vec<(&'static str, String)>,
}

impl Flags {
    pub(crate) fn parse(
        flags: &[String],
        known: &'static [(&'static str, FlagKind)],
    ) -> Result<Flags, Refusal> {
        let mut parsed = Flags::default();
        for flag in flags {
            let (given, value) = match flag.split_once('=') {
                Some((given, value)) => (given, Some(value)),
                None => (flag.as_str(), None),
            };
            let bare = given.strip_prefix("--").expect("`split_flags` gives only flags");
            let Some(&(name, kind)) = known.iter().find(|(name, _)| *name == bare) else {
                return Err(unknown_flag(given, bare, known));
            };
            if kind != FlagKind::List && parsed.value(name).is_some() {
                return Err(Refusal::new(format!("duplicate flag `{given}`")));
            }
            parsed.given.push((name, checked_value(given, value, kind)?));
        }
        Ok(parsed)
    }

    /// The value of a flag that is given at most once.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// As [`Flags::value`], where an empty value means the same as no flag.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.value(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        self.value(name).map(|value| value == "true")
    }

    pub(crate) fn list<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.given.iter().filter(move |(given, _)| *given == name).map(|(_, v)| v.as_str())
    }
}

fn unknown_flag(given: &str, bare: &str, known: &'static [(&'static str, FlagKind)]) -> Refusal {
    let refusal = Refusal::new(format!("unknown flag `{}`", excerpt(given)));
    match nearest(bare, known.iter().map(|(name, _)| *name)) {
        Some(name) => refusal.hint(format!("did you mean `--{name}`?")),
        None => refusal,
    }
}

fn checked_value(given: &str, value: Option<&str>, kind: FlagKind) -> Result<String, Refusal> {
    let missing = || Refusal::new(format!("missing a value on flag `{given}`"));
    match (kind, value) {
        (FlagKind::Switch, None) => Ok("true".to_owned()),
        (FlagKind::Switch, Some("")) => Err(missing()),
        (FlagKind::Switch, Some(value)) => match value.to_lowercase().as_str() {
            lower @ ("true" | "false") => Ok(lower.to_owned()),
            _ => Err(Refusal::new(format!(
                "flag `{given}` takes true or false, not `{}`",
                excerpt(value)
            ))),
        },
        (FlagKind::Value | FlagKind::List, None) => {
            Err(missing().hint(format!("write it as `{given}=…`")))
        }
        (FlagKind::Value | FlagKind::List, Some(value)) => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests;
