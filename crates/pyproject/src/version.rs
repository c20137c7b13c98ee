//! The version clauses of a requirement, `>=1.2, !=1.3.*`: whether they are well-formed by PEP 440.
//!
//! It does not compare versions: nothing here resolves.

use crate::scanner::{InvalidRequirement, Parsed, Scanner};

/// Longest first, so that the first that fits is the one that is meant.
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// `version_many` of PEP 508: clauses separated by commas, possibly none; a comma may stand behind
/// the last.
pub(crate) fn skip_version_clauses(scanner: &mut Scanner<'_>) -> Parsed<()> {
    while let Some(operator) = OPERATORS.into_iter().find(|operator| scanner.eat(operator)) {
        scanner.skip_blanks();
        skip_version(scanner, operator)?;
        scanner.skip_blanks();
        if !scanner.eat(",") {
            return Ok(());
        }
        scanner.skip_blanks();
    }
    Ok(())
}

/// Whether a text is a version that every tool takes: each of its numbers fits into 32 bits.
pub(crate) fn is_plain_version(text: &str) -> bool {
    let numbers = text.split(|character: char| !character.is_ascii_digit());
    numbers.into_iter().all(|number| number.len() < 10)
        && Version::parse(text).is_some_and(|version| !version.wildcard)
}

/// How to write what somebody wrote in place of an operator.
pub(crate) fn operator_hint(rest: &str) -> Option<&'static str> {
    match rest.chars().next()? {
        '=' => Some("write `==` for exactly one version"),
        '^' | '~' => {
            Some("`^` and `~` are not PEP 508: write a range such as `>=1.2,<2`, or `~=1.2`")
        }
        '0'..='9' => Some("write an operator before the version, such as `>=` or `==`"),
        _ => None,
    }
}

fn skip_version(scanner: &mut Scanner<'_>, operator: &str) -> Parsed<()> {
    let start = scanner.offset;
    if operator == "===" {
        // An arbitrary string, compared byte by byte: nothing in it can be wrong.
        scanner.take_while(|character| {
            !character.is_whitespace() && !matches!(character, ';' | ')' | ',')
        });
        return Ok(());
    }
    let written = scanner.take_while(|character| {
        character.is_alphanumeric() || matches!(character, '.' | '_' | '-' | '+' | '!' | '*')
    });
    let invalid = |message: String| InvalidRequirement { offset: start, message, hint: None };
    if written.is_empty() {
        return Err(scanner.expected(&format!("a version after `{operator}`")));
    }
    let equality = matches!(operator, "==" | "!=");
    let version = Version::parse(written).ok_or_else(|| {
        invalid(format!("`{written}` is not a version"))
            .hint("a version is like `1.2`, `1.2rc1`, `1.2.post1`, `1.2.dev1`; `*` stands only at its end")
    })?;
    if version.wildcard && !equality {
        return Err(invalid(format!("`{written}` can't follow `{operator}`"))
            .hint("`.*` follows only `==` and `!=`: write the version without it"));
    }
    if version.local && !equality {
        return Err(invalid(format!("`{written}` can't follow `{operator}`"))
            .hint("a local version (behind `+`) follows only `==` and `!=`"));
    }
    if operator == "~=" && version.release_segments < 2 {
        return Err(invalid(format!("`~={written}` needs a version of two numbers at least"))
            .hint(format!("write `~={written}.0`, or `>={written}`")));
    }
    Ok(())
}

/// The parts of a version that decide which operators it may follow.
struct Version {
    release_segments: usize,
    wildcard: bool,
    local: bool,
}

impl Version {
    /// By the expression in PEP 440's appendix B; a final `.*` only right behind the release.
    fn parse(written: &str) -> Option<Self> {
        let lower = written.to_ascii_lowercase();
        let mut rest = lower.strip_prefix('v').unwrap_or(&lower);
        if let Some((epoch, behind)) = rest.split_once('!') {
            digits(epoch).filter(|after| after.is_empty())?;
            rest = behind;
        }
        rest = digits(rest)?;
        let mut release_segments = 1;
        while let Some(after) = rest.strip_prefix('.').and_then(digits) {
            rest = after;
            release_segments += 1;
        }
        if rest == ".*" {
            return Some(Self { release_segments, wildcard: true, local: false });
        }
        rest =
            suffix(rest, &["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"]).unwrap_or(rest);
        rest = rest
            .strip_prefix('-')
            .and_then(digits)
            .or_else(|| suffix(rest, &["post", "rev", "r"]))
            .unwrap_or(rest);
        rest = suffix(rest, &["dev"]).unwrap_or(rest);
        let local = rest.strip_prefix('+');
        let complete = local.map_or(rest.is_empty(), is_local);
        complete.then_some(Self { release_segments, wildcard: false, local: local.is_some() })
    }
}

/// What is behind the digits at the start, of which there must be one.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// What is behind `[-_.]? word [-_.]? [0-9]*`.
fn suffix<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let bare = text.strip_prefix(['-', '_', '.']).unwrap_or(text);
    let rest = words.iter().find_map(|word| bare.strip_prefix(word))?;
    let number = rest.strip_prefix(['-', '_', '.']).unwrap_or(rest);
    Some(digits(number).unwrap_or(number))
}

fn is_local(local: &str) -> bool {
    local
        .split(['-', '_', '.'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests;
