//! The environment markers of PEP 508, `python_version < "3.12" and extra == "s3"`: whether they
//! are well-formed, and the tokens they consist of.
//!
//! It does not evaluate them: [`crate::lock`] does, where an environment is given. The grammar is
//! walked with a counter of parentheses and no recursion, so that no text can exhaust the stack.

use crate::scanner::{InvalidRequirement, Parsed, Scanner};

/// PEP 508's names, the older ones of PEP 345 (`os.name`), and those that PEP 751 added for lock
/// files.
pub(crate) const VARIABLES: [&str; 20] = [
    "python_version",
    "python_full_version",
    "os_name",
    "sys_platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "platform_machine",
    "platform_python_implementation",
    "implementation_name",
    "implementation_version",
    "extra",
    "extras",
    "dependency_groups",
    "os.name",
    "sys.platform",
    "platform.version",
    "platform.machine",
    "platform.python_implementation",
    "python_implementation",
];
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// Checks that a whole text is a marker.
pub(crate) fn check_marker(text: &str) -> Parsed<()> {
    marker_tokens(text).map(drop)
}

/// Both must hold.
pub(crate) fn join_markers(left: Option<&str>, right: Option<&str>) -> Option<String> {
    match (left, right) {
        (Some(left), Some(right)) if left != right => Some(format!("({left}) and ({right})")),
        (left, right) => left.or(right).map(str::to_owned),
    }
}

/// What a marker consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerToken<'t> {
    Open,
    Close,
    And,
    Or,
    Comparison { left: Operand<'t>, operator: &'static str, right: Operand<'t> },
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand<'t> {
    Variable(&'t str),
    /// Without its quotes.
    Literal(&'t str),
}

/// The tokens of a whole text that is a marker.
pub(crate) fn marker_tokens(text: &str) -> Parsed<Vec<MarkerToken<'_>>> {
    let mut tokens = Vec::new();
    let mut scanner = Scanner::new(text);
    walk_marker(&mut scanner, |token| tokens.push(token))?;
    if scanner.is_at_end() {
        Ok(tokens)
    } else {
        Err(scanner.expected("`and`, `or` or the end of the marker"))
    }
}

/// Goes behind a marker and the blanks that follow it.
pub(crate) fn skip_marker(scanner: &mut Scanner<'_>) -> Parsed<()> {
    walk_marker(scanner, |_| ())
}

fn walk_marker<'t>(
    scanner: &mut Scanner<'t>,
    mut visit: impl FnMut(MarkerToken<'t>),
) -> Parsed<()> {
    let mut open = Vec::new();
    loop {
        scanner.skip_blanks();
        while scanner.eat("(") {
            visit(MarkerToken::Open);
            open.push(scanner.offset - 1);
            scanner.skip_blanks();
        }
        visit(scan_comparison(scanner)?);
        scanner.skip_blanks();
        while !open.is_empty() && scanner.eat(")") {
            visit(MarkerToken::Close);
            open.pop();
            scanner.skip_blanks();
        }
        let connective = match word(scanner.rest()) {
            "and" => Some(MarkerToken::And),
            "or" => Some(MarkerToken::Or),
            _ => None,
        };
        if let Some(connective) = connective {
            visit(connective);
            scanner.take_while(is_word);
        } else if let Some(&parenthesis) = open.last() {
            let found = scanner.found();
            return Err(scanner
                .invalid(
                    parenthesis,
                    format!("`(` is not closed: expected `)`, `and` or `or`, found {found}"),
                )
                .hint("write the `)`"));
        } else {
            return Ok(());
        }
    }
}

fn scan_comparison<'t>(scanner: &mut Scanner<'t>) -> Parsed<MarkerToken<'t>> {
    let left = scan_operand(scanner)?;
    scanner.skip_blanks();
    let operator = scan_operator(scanner)?;
    scanner.skip_blanks();
    let right = scan_operand(scanner)?;
    Ok(MarkerToken::Comparison { left, operator, right })
}

fn scan_operator(scanner: &mut Scanner<'_>) -> Parsed<&'static str> {
    if let Some(operator) = OPERATORS.into_iter().find(|operator| scanner.eat(operator)) {
        return Ok(operator);
    }
    let operators = "one of `==`, `!=`, `<=`, `>=`, `<`, `>`, `~=`, `===`, `in`, `not in`";
    match word(scanner.rest()) {
        "in" => {
            scanner.eat("in");
            Ok("in")
        }
        "not" => {
            scanner.eat("not");
            let before = scanner.offset;
            scanner.skip_blanks();
            if scanner.offset == before || word(scanner.rest()) != "in" {
                return Err(scanner.expected("`in` after `not`"));
            }
            scanner.eat("in");
            Ok("not in")
        }
        _ => Err(scanner.expected(operators)),
    }
}

fn scan_operand<'t>(scanner: &mut Scanner<'t>) -> Parsed<Operand<'t>> {
    for quote in ['"', '\''] {
        let start = scanner.offset;
        if scanner.eat(quote.encode_utf8(&mut [0; 4])) {
            let literal = scanner.take_while(|character| character != quote);
            let closed = scanner.eat(quote.encode_utf8(&mut [0; 4]));
            return if closed {
                Ok(Operand::Literal(literal))
            } else {
                Err(scanner
                    .invalid(start, "a quoted string has no end".to_owned())
                    .hint(format!("close it with `{quote}`")))
            };
        }
    }
    let found = word(scanner.rest());
    if found.is_empty() {
        return Err(scanner.expected("a marker variable or a quoted string"));
    }
    if !VARIABLES.contains(&found) {
        return Err(unknown_variable(scanner, found));
    }
    Ok(Operand::Variable(scanner.take_while(is_word)))
}

fn unknown_variable(scanner: &Scanner<'_>, found: &str) -> InvalidRequirement {
    let hint = if found.starts_with(|first: char| first.is_ascii_digit()) {
        format!("write it in quotes: `'{found}'`")
    } else {
        "quote it if it is a text; variables are `python_version`, `sys_platform`, `extra` and others of PEP 508".to_owned()
    };
    scanner.invalid(scanner.offset, format!("`{found}` is not a marker variable")).hint(hint)
}

/// The word that a text begins with, possibly empty.
fn word(text: &str) -> &str {
    &text[..text.find(|character| !is_word(character)).unwrap_or(text.len())]
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

#[cfg(test)]
mod tests;
