//! Matching of one component of a path.
//!
//! No part of a glob matches a slash, so that a pattern of several components can be matched
//! one by one.

use super::regex::{Part, Set, not_slash};

/// The part of a pattern between two slashes. The common forms are told apart: they are a
/// comparison of strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Glob {
    /// `name`
    Literal(String),
    /// `*`
    Any,
    /// `name*`
    Prefix(String),
    /// `*name`
    Suffix(String),
    /// Anything else.
    Parts(Vec<GlobPart>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GlobPart {
    Char(char),
    Set(Set),
    Star,
}

impl Glob {
    /// `None` where a part could match a slash, or depends on what is around it.
    pub(super) fn new(parts: &[Part]) -> Option<Glob> {
        let parts: Vec<GlobPart> = parts.iter().map(GlobPart::new).collect::<Option<_>>()?;
        let literal = |parts: &[GlobPart]| -> Option<String> {
            let char = |part: &GlobPart| match part {
                GlobPart::Char(c) => Some(*c),
                _ => None,
            };
            parts.iter().map(char).collect()
        };
        let common = match parts.as_slice() {
            [GlobPart::Star] => Some(Glob::Any),
            [before @ .., GlobPart::Star] if literal(before).is_some() => {
                literal(before).map(Glob::Prefix)
            }
            [GlobPart::Star, after @ ..] if literal(after).is_some() => {
                literal(after).map(Glob::Suffix)
            }
            all => literal(all).map(Glob::Literal),
        };
        Some(common.unwrap_or(Glob::Parts(parts)))
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Glob::Literal(literal) => name == literal,
            Glob::Any => true,
            Glob::Prefix(prefix) => name.starts_with(prefix),
            Glob::Suffix(suffix) => name.ends_with(suffix),
            Glob::Parts(parts) => parts_match(parts, name),
        }
    }
}

impl GlobPart {
    fn new(part: &Part) -> Option<GlobPart> {
        match part {
            Part::One(set) if set.contains('/') => None,
            Part::One(set) => {
                Some(set.as_char().map_or_else(|| GlobPart::Set(set.clone()), GlobPart::Char))
            }
            Part::Many(set) if *set == not_slash() => Some(GlobPart::Star),
            _ => None,
        }
    }

    fn matches(&self, c: char) -> bool {
        match self {
            GlobPart::Char(own) => *own == c,
            GlobPart::Set(set) => set.contains(c),
            GlobPart::Star => false,
        }
    }
}

/// Where a star has taken too little, it takes one more character. Only the last star met
/// ever has to: what came before it already stands as early as it can.
fn parts_match(parts: &[GlobPart], name: &str) -> bool {
    let mut at = 0;
    let mut rest = name;
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        match (parts.get(at), next) {
            (None, None) => return true,
            (Some(GlobPart::Star), _) => {
                at += 1;
                retry = Some((at, rest));
                continue;
            }
            (Some(part), Some(c)) if part.matches(c) => {
                at += 1;
                rest = &rest[c.len_utf8()..];
                continue;
            }
            _ => {}
        }
        let Some((after_star, taken)) = retry else { return false };
        let Some(c) = taken.chars().next() else { return false };
        at = after_star;
        rest = &taken[c.len_utf8()..];
        retry = Some((at, rest));
    }
}
