//! Where a dependency comes from, and what a direct reference says about that.
//!
//! It touches no file: a path is kept as it is written.

use std::str;

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The default package index: nothing says otherwise.
    Index,
    /// A package index by its name: uv's `index = "…"`, poetry's `source = "…"`.
    NamedIndex(String),
    /// Another member of the uv workspace: `workspace = true`.
    Workspace,
    /// A folder or an archive, relative to the folder of the `pyproject.toml` unless absolute.
    Path(String),
    /// A URL that is neither a local file nor a git repository.
    Url(String),
    /// The URL of a git repository, without the `git+`.
    Git(String),
}

/// How build back ends spell the folder of the `pyproject.toml` in a direct reference: hatchling's
/// context formatting, and what PDM and uv expand. The second is what to write in front of a
/// relative path.
const PROJECT_ROOTS: [(&str, &str); 5] = [
    ("{root:uri}", ""),
    ("{root:parent:uri}", ".."),
    ("{root:parent:parent:uri}", "../.."),
    ("file:///${PROJECT_ROOT}", ""),
    ("file://${PROJECT_ROOT}", ""),
];

impl Source {
    /// How many bytes a copy has.
    pub(crate) fn text_length(&self) -> usize {
        match self {
            Self::Index | Self::Workspace => 0,
            Self::NamedIndex(text) | Self::Path(text) | Self::Url(text) | Self::Git(text) => {
                text.len()
            }
        }
    }

    /// What a direct reference (`name @ url`) means: `file:` URLs, relative references (PEP 508
    /// allows both) and the spellings of the project's folder are paths.
    pub(crate) fn from_url(url: &str) -> Self {
        for (spelling, folder) in PROJECT_ROOTS {
            if let Some(rest) = url.strip_prefix(spelling) {
                return Self::Path(below(folder, &file_path(rest)));
            }
        }
        match split_scheme(url) {
            None => Self::Path(file_path(url)),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => local_part(rest)
                .map_or_else(|| Self::Url(url.to_owned()), |path| Self::Path(file_path(path))),
            Some((scheme, rest)) => match scheme.split_once('+') {
                Some((system, transport)) if system.eq_ignore_ascii_case("git") => {
                    Self::Git(format!("{transport}:{rest}"))
                }
                _ => Self::Url(url.to_owned()),
            },
        }
    }
}

/// `scheme ":" rest` of RFC 3986.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    valid.then_some((scheme, rest))
}

/// The path of what follows `file:`, unless it is another machine's. `file://../x` is no URL by the
/// book, as `..` is no host, but is common, and what it means is plain.
fn local_part(rest: &str) -> Option<&str> {
    let Some(authority) = rest.strip_prefix("//") else { return Some(rest) };
    let host = authority.split('/').next().unwrap_or_default();
    match host {
        "" => Some(authority),
        "." | ".." => Some(authority),
        _ if host.eq_ignore_ascii_case("localhost") => Some(&authority[host.len()..]),
        _ => None,
    }
}

fn below(folder: &str, path: &str) -> String {
    let relative = path.trim_start_matches('/');
    match (folder, relative) {
        ("", "") => ".".to_owned(),
        ("", path) | (path, "") => path.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// The path of a URL: without its fragment, `%xx` decoded where the outcome is UTF-8.
fn file_path(url_path: &str) -> String {
    let path = url_path.split('#').next().unwrap_or_default();
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let hex =
            behind.get(..2).filter(|hex| first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests;
