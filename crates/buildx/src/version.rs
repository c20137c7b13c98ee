//! The version of buildx, from `docker buildx version`. Suffixes such as `-rc1` or Debian's
//! `+ds1-3` are ignored: features come with the numbers.

use std::fmt;

/// A version of buildx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major.
    pub major: u32,
    /// Minor.
    pub minor: u32,
    /// Patch.
    pub patch: u32,
}

/// The first buildx with `--progress=rawjson`, on which the whole crate stands: it came with
/// BuildKit 0.13's `progressui` (buildx v0.12.0 vendors one without the mode, v0.13.0 one with it).
pub const MINIMUM: Version = Version { major: 0, minor: 13, patch: 0 };

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Reads the output of `docker buildx version`: `PACKAGE VERSION REVISION`, as in
/// `github.com/docker/buildx v0.13.1 788433953af10f2a698f5c07611dddce2e08c7a0`.
///
/// `None` when no line has that form, as when docker has no buildx.
#[must_use]
pub fn parse_version(text: &str) -> Option<Version> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let package = words.next()?;
        if !package.ends_with("/buildx") {
            return None;
        }
        parse_numbers(words.next()?)
    })
}

fn parse_numbers(word: &str) -> Option<Version> {
    let word = word.strip_prefix('v').unwrap_or(word);
    let end = word.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(word.len());
    let mut numbers = word[..end].split('.').map(|number| number.parse().ok());
    let version = Version {
        major: numbers.next()??,
        minor: numbers.next()??,
        // `0.13` alone would be a version of a repackager; it has all that 0.13.0 has.
        patch: numbers.next().unwrap_or(Some(0))?,
    };
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests;
