//! `HEALTHCHECK`: checked, though nothing of it matters to what a build reads.

use crate::fault::{Refusal, excerpt};
use crate::flags::{FlagKind, Flags};
use crate::node::{Args, Node};

const FLAGS: &[(&str, FlagKind)] = &[
    ("interval", FlagKind::Value),
    ("timeout", FlagKind::Value),
    ("start-period", FlagKind::Value),
    ("start-interval", FlagKind::Value),
    ("retries", FlagKind::Value),
];

pub(super) fn check(node: &Node) -> Result<(), Refusal> {
    let Args::Typed(kind, rest) = &node.args else {
        unreachable!("the arguments of HEALTHCHECK are typed");
    };
    let empty = match &**rest {
        Args::Json(words) => words.is_empty(),
        Args::Text(text) => text.is_empty(),
        _ => unreachable!("a health check's command is text or JSON"),
    };
    match kind.to_uppercase().as_str() {
        "" => return Err(Refusal::new("HEALTHCHECK needs at least one argument")),
        // BuildKit leaves the flags of NONE unread.
        "NONE" if empty => return Ok(()),
        "NONE" => return Err(Refusal::new("HEALTHCHECK NONE takes no arguments")),
        _ => {}
    }
    let flags = Flags::parse(&node.flags, FLAGS)?;
    if !kind.eq_ignore_ascii_case("CMD") {
        let message = format!("unknown type `{}` in HEALTHCHECK", excerpt(kind));
        return Err(Refusal::new(message).hint("it is either `CMD` or `NONE`"));
    }
    if empty {
        return Err(Refusal::new("no command after HEALTHCHECK CMD"));
    }
    for flag in ["interval", "timeout", "start-period", "start-interval"] {
        check_duration(flag, flags.value(flag).unwrap_or_default())?;
    }
    match flags.value("retries").unwrap_or_default() {
        "" => Ok(()),
        text if text.parse::<i32>().is_ok_and(|retries| retries >= 0) => Ok(()),
        text => Err(Refusal::new(format!("invalid value `{}` for `--retries`", excerpt(text)))),
    }
}

fn check_duration(flag: &str, text: &str) -> Result<(), Refusal> {
    const MILLISECOND: f64 = 1e6;
    let invalid = || {
        let message = format!("invalid value `{}` for `--{flag}`", excerpt(text));
        Refusal::new(message).hint("durations look like `30s`, `1m30s` or `500ms`")
    };
    if text.is_empty() {
        return Ok(());
    }
    let nanoseconds = parse_duration(text).ok_or_else(invalid)?;
    if nanoseconds != 0.0 && nanoseconds < MILLISECOND {
        return Err(Refusal::new(format!("`--{flag}` can't be less than 1ms")));
    }
    Ok(())
}

/// Go's `time.ParseDuration`, in nanoseconds.
fn parse_duration(text: &str) -> Option<f64> {
    const LONGEST: f64 = 9_223_372_036_854_775_807.0;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned == "0" {
        return Some(0.0);
    }
    let mut rest = unsigned;
    let mut total = 0.0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    (!unsigned.is_empty() && total <= LONGEST).then_some(sign * total)
}

#[cfg(test)]
mod tests;
