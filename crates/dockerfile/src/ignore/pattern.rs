//! One pattern, compiled.
//!
//! A pattern is matched in the cheapest way that gives the same answer as the regular
//! expression that BuildKit makes of it.

use super::glob::Glob;
use super::program;
use super::regex::{Part, Shape, dot, parse, shape};
use super::syntax::is_well_formed;

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// Cleaned, without the `!`.
    pub(super) text: String,
    pub(super) exception: bool,
    pub(super) matcher: Matcher,
}

#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// The path is the folder (with its slash, empty at the root) followed by the name.
    Exact { folder: String, name: String },
    /// The path begins with this.
    Prefix(String),
    /// The path ends with this; where it begins with a slash, the path may also be the rest.
    Suffix(String),
    /// Component by component.
    Steps(Vec<Step>),
    /// As a whole.
    Parts(Vec<Part>),
}

/// What a pattern asks of one component, or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One component that matches.
    One(Glob),
    /// `**/`: any number of components.
    Deep,
    /// A `**` at the end: one component or more.
    Rest,
}

/// Progress is kept in the bits of a `u64`.
const MOST_STEPS: usize = 64;

impl Pattern {
    /// `None` for a pattern that BuildKit can't use.
    pub(super) fn parse(text: &str, exception: bool) -> Option<Pattern> {
        if !is_well_formed(text) {
            return None;
        }
        let matcher = match shape(text) {
            Shape::Exact => {
                let at = text.rfind('/').map_or(0, |at| at + 1);
                let (folder, name) = text.split_at(at);
                Matcher::Exact { folder: folder.to_owned(), name: name.to_owned() }
            }
            Shape::Prefix => Matcher::Prefix(text.strip_suffix("**")?.to_owned()),
            Shape::Suffix => Matcher::Suffix(text.strip_prefix("**")?.to_owned()),
            Shape::Expression(expression) => {
                let parts = parse(&expression)?;
                split_steps(&parts).map_or(Matcher::Parts(parts), Matcher::Steps)
            }
        };
        Some(Pattern { text: text.to_owned(), exception, matcher })
    }

    /// The pattern without `/**` or `/*` at its end, if it is a plain path then.
    pub(super) fn plain_prefix(&self) -> Option<&str> {
        let text = self.text.strip_suffix("/**").unwrap_or(&self.text);
        let text = text.strip_suffix("/*").unwrap_or(text);
        (!text.contains(['*', '[', ']', '?', '^', '\\'])).then_some(text)
    }
}

/// The expression as steps, where each of its parts belongs to one component.
fn split_steps(parts: &[Part]) -> Option<Vec<Step>> {
    let [Part::Start, parts @ .., Part::End] = parts else { return None };
    let slash = |part: &Part| matches!(part, Part::One(set) if set.as_char() == Some('/'));
    let mut steps = Vec::new();
    let mut rest = parts;
    loop {
        while let [Part::Deep, after @ ..] = rest {
            // Twice is no more than once.
            if steps.last() != Some(&Step::Deep) {
                steps.push(Step::Deep);
            }
            rest = after;
        }
        if rest == [Part::Many(dot())] {
            steps.push(Step::Rest);
            break;
        }
        let end = rest.iter().position(slash);
        steps.push(Step::One(Glob::new(&rest[..end.unwrap_or(rest.len())])?));
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => break,
        }
    }
    (steps.len() <= MOST_STEPS).then_some(steps)
}

/// The steps that a path may be at, one bit each, once it has come to `bits`.
pub(super) fn skip_deep(steps: &[Step], mut bits: u64) -> u64 {
    for (at, step) in steps.iter().enumerate() {
        if *step == Step::Deep && bits & (1 << at) != 0 && at + 1 < steps.len() {
            bits |= 1 << (at + 1);
        }
    }
    bits
}

/// The steps that are reached by going into the folder `name`.
pub(super) fn advance(steps: &[Step], bits: u64, name: &str) -> u64 {
    let mut next = 0;
    for (at, step) in active(steps, bits) {
        match step {
            Step::One(glob) if at + 1 < steps.len() && glob.matches(name) => next |= 2 << at,
            Step::One(_) => {}
            // No `.` matches a line break.
            Step::Deep | Step::Rest if name.contains('\n') => {}
            Step::Deep | Step::Rest => next |= 1 << at,
        }
    }
    skip_deep(steps, next)
}

/// Whether the path ends well with `name`.
pub(super) fn accepts(steps: &[Step], bits: u64, name: &str) -> bool {
    active(steps, bits).any(|(at, step)| match step {
        Step::One(glob) => at + 1 == steps.len() && glob.matches(name),
        Step::Deep => false,
        Step::Rest => !name.contains('\n'),
    })
}

fn active(steps: &[Step], bits: u64) -> impl Iterator<Item = (usize, &Step)> {
    let mut left = bits;
    std::iter::from_fn(move || {
        let at = left.trailing_zeros() as usize;
        // A `u64` without bits has 64 trailing zeros.
        left &= left.wrapping_sub(1);
        steps.get(at).map(|step| (at, step))
    })
}

/// As [`program::matches`].
pub(super) fn parts_match(parts: &[Part], folder: &str, name: &str) -> bool {
    program::matches(parts, folder, name)
}
