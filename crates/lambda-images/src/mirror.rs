//! Mirrors: what stands in for an external base image, without an edit of its Dockerfile.

use std::collections::BTreeMap;
use std::fmt;

/// Replacements by reference or by prefix of references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mirrors(BTreeMap<String, String>);

/// A mirror that can't work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMirror(String);

impl fmt::Display for InvalidMirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidMirror {}

impl Mirrors {
    /// Adds one replacement, in place of an earlier one for the same text.
    ///
    /// # Errors
    /// Either side is empty, or only one of the two ends with `/`.
    pub fn add(&mut self, from: &str, to: &str) -> Result<(), InvalidMirror> {
        if from.is_empty() || to.is_empty() {
            return Err(InvalidMirror(format!("the mirror `{from}` = `{to}` has an empty side")));
        }
        if from.ends_with('/') != to.ends_with('/') {
            return Err(InvalidMirror(format!(
                "in the mirror `{from}` = `{to}` one side ends with `/` and the other does not"
            )));
        }
        self.0.insert(from.to_owned(), to.to_owned());
        Ok(())
    }

    /// Adds `from=to,from=to`, the form of `LAMBDA_IMAGES_MIRRORS`.
    ///
    /// # Errors
    /// An entry has no `=`, or is refused by [`Mirrors::add`].
    pub fn add_list(&mut self, text: &str) -> Result<(), InvalidMirror> {
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (from, to) = entry
                .split_once('=')
                .ok_or_else(|| InvalidMirror(format!("the mirror `{entry}` has no `=`")))?;
            self.add(from, to)?;
        }
        Ok(())
    }

    /// What stands in for `reference`, if anything does. The longest match wins; a prefix
    /// matches only up to a `/`, `:` or `@`, so that `python:3.1` never matches `python:3.13`.
    pub fn apply(&self, reference: &str) -> Option<String> {
        let (from, to) = self
            .0
            .iter()
            .filter(|(from, _)| {
                reference.strip_prefix(from.as_str()).is_some_and(|rest| {
                    rest.is_empty() || from.ends_with('/') || rest.starts_with(['/', ':', '@'])
                })
            })
            .max_by_key(|(from, _)| from.len())?;
        let rest = &reference[from.len()..];
        // A replacement that is pinned already stands for itself.
        Some(if to.contains('@') { to.clone() } else { format!("{to}{rest}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mirrors: &str, reference: &str, replaced: Option<&str>) {
        let mut parsed = Mirrors::default();
        parsed.add_list(mirrors).unwrap();
        assert_eq!(parsed.apply(reference).as_deref(), replaced);
    }

    #[test]
    fn the_longest_match_up_to_a_boundary_wins() {
        check(
            "public.ecr.aws/=mirror.example/aws/",
            "public.ecr.aws/lambda/python:3.13",
            Some("mirror.example/aws/lambda/python:3.13"),
        );
        check(
            "public.ecr.aws=mirror.example",
            "public.ecr.aws/lambda/python:3.13",
            Some("mirror.example/lambda/python:3.13"),
        );
        check("python:3.1=other", "python:3.13", None);
        check("python=mirror.example/python", "python:3.13", Some("mirror.example/python:3.13"));
        check("a/=b/,a/x=c", "a/x:1", Some("c:1"));
        check("a/x:1=c@sha256:00", "a/x:1", Some("c@sha256:00"));
        check("a/x:1=c@sha256:00", "a/x:1@sha256:11", Some("c@sha256:00"));
        check("", "python", None);
    }

    #[test]
    fn a_half_written_mirror_is_refused() {
        let error = |text: &str| Mirrors::default().add_list(text).unwrap_err().to_string();
        assert_eq!(error("a"), "the mirror `a` has no `=`");
        assert_eq!(error("a="), "the mirror `a` = `` has an empty side");
        assert_eq!(
            error("a/=b"),
            "in the mirror `a/` = `b` one side ends with `/` and the other does not"
        );
    }
}
