//! The options of a program, each known or refused.

use super::shell::{Unclear, unclear};
use super::{OPEN, Word};

/// What an option takes, and whether it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing; it doesn't matter which packages are installed.
    Nothing,
    /// A value; likewise.
    Value,
    /// Nothing, and it matters.
    Choice,
    /// A value, and it matters.
    ChosenValue,
}

/// An option that matters, with its value; or a word that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument<'w> {
    Option(&'w str, Option<&'w str>),
    Word(&'w Word),
}

/// Reads all words. `known` says what an option takes; `None`: it isn't known.
///
/// # Errors
/// An option that isn't known, or a value that isn't where it matters.
pub(super) fn read_options<'w>(
    command: &str,
    words: &'w [Word],
    known: impl Fn(&str) -> Option<Takes>,
) -> Result<Vec<Argument<'w>>, Unclear> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if !text.starts_with('-') || text.len() < 2 {
            found.push(Argument::Word(word));
            continue;
        }
        let (name, attached) = split(text, &known);
        let refused = || {
            let name = name.replace(OPEN, "…");
            unclear(format!("runs `{command}` with `{name}`, an option that is not known here"))
        };
        if name.contains(OPEN) {
            return refused();
        }
        match (known(name), attached) {
            (Some(Takes::Nothing), None) => {}
            (Some(Takes::Choice), None) => found.push(Argument::Option(name, None)),
            (Some(Takes::Value), Some(_)) => {}
            (Some(Takes::Value), None) if words.next().is_some() => {}
            (Some(Takes::ChosenValue), Some(value)) => {
                let is_known = !value.contains(OPEN) && !word.has_glob;
                if !is_known {
                    return word.known().map(|_| Vec::new());
                }
                found.push(Argument::Option(name, Some(value)));
            }
            (Some(Takes::ChosenValue), None) => {
                let Some(value) = words.next() else { return refused() };
                found.push(Argument::Option(name, Some(value.known()?)));
            }
            _ => return refused(),
        }
    }
    Ok(found)
}

/// `--name=value`, or `-nvalue` where `-n` takes one.
fn split<'t>(text: &'t str, known: &impl Fn(&str) -> Option<Takes>) -> (&'t str, Option<&'t str>) {
    if text.starts_with("--") {
        return match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
    }
    let takes_value = |name| matches!(known(name), Some(Takes::Value | Takes::ChosenValue));
    match text.char_indices().nth(2) {
        Some((at, _)) if takes_value(&text[..at]) => (&text[..at], Some(&text[at..])),
        _ => (text, None),
    }
}
