//! Image references, parsed once into types: repository, tag, digest.
//!
//! The grammar is that of the distribution project (`reference/regexp.go`), which the OCI
//! distribution specification repeats: its parts are in `dockerfile::image_name`. No short name is
//! expanded: `python` stays `python`.

use std::fmt;
use std::str::FromStr;

use dockerfile::image_name::{
    LONGEST_PATH, is_path_component, is_registry_host, is_tag, names_host,
};

/// Why a text is not an image reference (or one of its parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidReference {
    given: String,
    why: &'static str,
}

impl fmt::Display for InvalidReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an image reference: {}", self.given, self.why)
    }
}

impl std::error::Error for InvalidReference {}

fn invalid(given: &str, why: &'static str) -> InvalidReference {
    InvalidReference { given: given.to_owned(), why }
}

/// Where repositories are: `host[:port]`, with a path in front of their names if any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

/// A repository with its registry host, if any: `host[:port]/path/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

/// A tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// A digest as BuildKit or a registry reports it: `sha256:` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// `repository[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    /// Registry host and path.
    pub repository: Repository,
    /// The tag, where one is written.
    pub tag: Option<Tag>,
    /// The digest, where the reference is pinned.
    pub digest: Option<Digest>,
}

impl Registry {
    /// The host and port, without a path.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl Repository {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry's host, where one is written, and the path behind it.
    pub fn split(&self) -> (Option<&str>, &str) {
        match self.0.split_once('/') {
            Some((host, path)) if names_host(host) => (Some(host), path),
            _ => (None, &self.0),
        }
    }

    /// This repository with a tag.
    pub fn with_tag(&self, tag: &Tag) -> ImageReference {
        ImageReference { repository: self.clone(), tag: Some(tag.clone()), digest: None }
    }
}

impl Tag {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// The text, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ImageReference {
    /// The same reference, pinned by a digest.
    #[must_use]
    pub fn pinned(&self, digest: &Digest) -> ImageReference {
        ImageReference { digest: Some(digest.clone()), ..self.clone() }
    }
}

impl FromStr for Registry {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Registry, InvalidReference> {
        let (host, path) =
            text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
        if !names_host(host) {
            return Err(invalid(text, "a registry starts with a host, which has a `.` or a port"));
        }
        check_host(text, host)?;
        if !path.is_none_or(|path| path.split('/').all(is_path_component)) {
            return Err(invalid(text, PATH_RULE));
        }
        Ok(Registry(text.to_owned()))
    }
}

impl FromStr for Repository {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Repository, InvalidReference> {
        let path = match text.split_once('/') {
            Some((host, path)) if names_host(host) => {
                check_host(text, host)?;
                path
            }
            _ => text,
        };
        if path.len() > LONGEST_PATH {
            return Err(invalid(text, "a repository's path has at most 255 characters"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(invalid(text, PATH_RULE));
        }
        Ok(Repository(text.to_owned()))
    }
}

const PATH_RULE: &str =
    "a repository is made of lowercase letters and digits, joined by `.`, `_`, `-` and `/`";

fn check_host(text: &str, host: &str) -> Result<(), InvalidReference> {
    if is_registry_host(host) {
        return Ok(());
    }
    Err(invalid(text, "its host must be `name`, `name:port` or `[IPv6 address]:port`"))
}

impl FromStr for Tag {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Tag, InvalidReference> {
        if text.is_empty() || text.len() > 128 {
            return Err(invalid(text, "a tag has 1 to 128 characters"));
        }
        if !is_tag(text) {
            return Err(invalid(
                text,
                "a tag is made of letters, digits, `_`, `.` and `-`, and starts with none of the last two",
            ));
        }
        Ok(Tag(text.to_owned()))
    }
}

impl FromStr for Digest {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Digest, InvalidReference> {
        let hex = text
            .strip_prefix("sha256:")
            .ok_or_else(|| invalid(text, "a digest starts with `sha256:`"))?;
        if hex.len() != 64 || !hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(invalid(text, "a digest has 64 lowercase hex digits"));
        }
        Ok(Digest(text.to_owned()))
    }
}

impl FromStr for ImageReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<ImageReference, InvalidReference> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        // A `:` after the last `/` starts the tag; one before it belongs to the host.
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[name_start..].split_once(':') {
            Some((name, tag)) => (&rest[..name_start + name.len()], Some(tag.parse()?)),
            None => (rest, None),
        };
        Ok(ImageReference { repository: repository.parse()?, tag, digest })
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
