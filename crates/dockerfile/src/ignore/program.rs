//! Matching of an expression over a whole path, for the few patterns that can't be matched
//! component by component.
//!
//! All ways through the expression are followed at once: time is the length of the path times
//! that of the expression, whatever they are.

use super::regex::Part;

/// Whether the expression matches `folder` followed by `name`.
pub(super) fn matches(parts: &[Part], folder: &str, name: &str) -> bool {
    let mut ways = Ways { before: vec![false; parts.len() + 1], inside: vec![false; parts.len()] };
    ways.before[0] = true;
    let mut last = None;
    for c in folder.chars().chain(name.chars()) {
        ways.pass_empty(parts, last, Some(c));
        ways = ways.step(parts, c);
        last = Some(c);
    }
    ways.pass_empty(parts, last, None);
    ways.before[parts.len()]
}

/// How far the ways through the expression have come.
struct Ways {
    /// Those that stand before a part, or at the end.
    before: Vec<bool>,
    /// Those that stand within a `(.*/)?`: only a slash ends it.
    inside: Vec<bool>,
}

impl Ways {
    /// Passes the parts that can match nothing. All such passes go forward.
    fn pass_empty(&mut self, parts: &[Part], last: Option<char>, next: Option<char>) {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        for (at, part) in parts.iter().enumerate() {
            let passes = match part {
                Part::One(_) => false,
                Part::Many(_) | Part::Deep => true,
                Part::Start => last.is_none(),
                Part::End => next.is_none(),
                Part::Boundary(expected) => (is_word(last) != is_word(next)) == *expected,
            };
            self.before[at + 1] |= self.before[at] && passes;
        }
    }

    fn step(&self, parts: &[Part], c: char) -> Ways {
        let mut ways =
            Ways { before: vec![false; self.before.len()], inside: vec![false; self.inside.len()] };
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::One(set) => ways.before[at + 1] |= self.before[at] && set.contains(c),
                Part::Many(set) => ways.before[at] |= self.before[at] && set.contains(c),
                Part::Deep if c != '\n' => {
                    ways.inside[at] = self.before[at] || self.inside[at];
                    ways.before[at + 1] |= ways.inside[at] && c == '/';
                }
                _ => {}
            }
        }
        ways
    }
}
