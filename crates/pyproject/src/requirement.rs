//! One requirement, as PEP 508 and its successor, the dependency specifiers specification, write
//! it: `name[extra] >=1.2; python_version < "3.13"` or `name @ url ; marker`.
//!
//! It is a recognizer of our own because the parsers at hand bring a resolver's worth of crates,
//! and because we point at the very character that is wrong. Version clauses and markers are
//! checked and kept as text: nothing here resolves a version or evaluates a marker.

use std::str::FromStr;

use crate::{
    marker::skip_marker,
    name::{InvalidName, PackageName, is_name_byte},
    scanner::{InvalidRequirement, Parsed, Scanner},
    version::{operator_hint, skip_version_clauses},
};

/// A requirement in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The package.
    pub name: PackageName,
    /// In the order of the text.
    pub extras: Vec<PackageName>,
    /// Which of its versions.
    pub wanted: Wanted,
    /// As written, without the `;`.
    pub marker: Option<String>,
}

/// What a requirement says about the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Version clauses as written, without parentheses; empty where any version will do.
    Version(String),
    /// A direct reference (`name @ url`), as written.
    Url(String),
}

impl FromStr for Requirement {
    type Err = InvalidRequirement;

    fn from_str(text: &str) -> Result<Self, InvalidRequirement> {
        let mut scanner = Scanner::new(text);
        scanner.skip_blanks();
        let name = parse_name(&mut scanner, "a package name")?;
        scanner.skip_blanks();
        let extras = parse_extras(&mut scanner)?;
        scanner.skip_blanks();
        let wanted =
            if scanner.eat("@") { parse_url(&mut scanner)? } else { parse_version(&mut scanner)? };
        let marker = parse_marker(&mut scanner, &wanted)?;
        Ok(Self { name, extras, wanted, marker })
    }
}

/// PEP 508's `identifier`, taken with the separators behind it, so that `name-` is one bad name and not
/// a name and a stray `-`.
fn parse_name(scanner: &mut Scanner<'_>, what: &str) -> Parsed<PackageName> {
    let start = scanner.offset;
    let written = scanner.take_while(|character| u8::try_from(character).is_ok_and(is_name_byte));
    if written.is_empty() {
        return Err(scanner.expected(what).hint(InvalidName::HINT));
    }
    written.parse().map_err(|error: InvalidName| {
        scanner.invalid(start, error.to_string()).hint(InvalidName::HINT)
    })
}

fn parse_extras(scanner: &mut Scanner<'_>) -> Parsed<Vec<PackageName>> {
    let mut extras = Vec::new();
    let start = scanner.offset;
    if !scanner.eat("[") {
        return Ok(extras);
    }
    scanner.skip_blanks();
    if scanner.eat("]") {
        return Ok(extras);
    }
    loop {
        extras.push(parse_name(scanner, "the name of an extra")?);
        scanner.skip_blanks();
        if scanner.eat("]") {
            return Ok(extras);
        }
        if scanner.is_at_end() {
            return Err(scanner
                .invalid(start, "`[` is not closed".to_owned())
                .hint("write the `]`"));
        }
        if !scanner.eat(",") {
            return Err(scanner.expected("`,` or `]` after an extra"));
        }
        scanner.skip_blanks();
    }
}

fn parse_url(scanner: &mut Scanner<'_>) -> Parsed<Wanted> {
    scanner.skip_blanks();
    let url = scanner.take_while(|character| !character.is_whitespace());
    if url.is_empty() {
        return Err(scanner
            .expected("a URL after `@`")
            .hint("write it as `name @ https://…` or `name @ file:../folder`"));
    }
    Ok(Wanted::Url(url.to_owned()))
}

fn parse_version(scanner: &mut Scanner<'_>) -> Parsed<Wanted> {
    let parenthesis = scanner.offset;
    let parenthesised = scanner.eat("(");
    scanner.skip_blanks();
    let start = scanner.offset;
    skip_version_clauses(scanner)?;
    let clauses = scanner.since(start).trim_end().to_owned();
    if parenthesised && !scanner.eat(")") {
        let error = scanner.expected("`,` or `)`");
        return Err(if scanner.is_at_end() {
            scanner.invalid(parenthesis, "`(` is not closed".to_owned()).hint("write the `)`")
        } else {
            with_operator_hint(error, scanner)
        });
    }
    Ok(Wanted::Version(clauses))
}

fn parse_marker(scanner: &mut Scanner<'_>, wanted: &Wanted) -> Parsed<Option<String>> {
    scanner.skip_blanks();
    if scanner.is_at_end() {
        return Ok(None);
    }
    if !scanner.eat(";") {
        return Err(match wanted {
            Wanted::Url(url) if url.ends_with(';') => scanner
                .invalid(scanner.offset, "the `;` is part of the URL".to_owned())
                .hint("write a blank between the URL and `;`"),
            Wanted::Url(_) => scanner.expected("`;` or the end after the URL"),
            Wanted::Version(clauses) if clauses.is_empty() => with_operator_hint(
                scanner.expected("a version operator, `@`, `;` or the end"),
                scanner,
            ),
            Wanted::Version(_) => {
                with_operator_hint(scanner.expected("`,`, `;` or the end"), scanner)
            }
        });
    }
    scanner.skip_blanks();
    let start = scanner.offset;
    skip_marker(scanner)?;
    if !scanner.is_at_end() {
        return Err(scanner.expected("`and`, `or` or the end of the marker"));
    }
    Ok(Some(scanner.since(start).trim_end().to_owned()))
}

fn with_operator_hint(error: InvalidRequirement, scanner: &Scanner<'_>) -> InvalidRequirement {
    match operator_hint(scanner.rest()) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests;
