//! Image names: the parts of their grammar, and their short form.
//!
//! BuildKit looks named contexts up by the short form, so that `python`, `python:latest` and
//! `docker.io/library/python` are one name. The grammar is that of distribution/reference.

use crate::fault::{Refusal, excerpt};

const DEFAULT_DOMAIN: &str = "docker.io";
const OFFICIAL: &str = "library/";
/// Characters of a repository's path, without its host (`RepositoryNameTotalLengthMax`).
pub const LONGEST_PATH: usize = 255;

/// The name by which BuildKit looks a named context up; `None` for what is no image's name.
#[must_use]
pub fn short_name(name: &str) -> Option<String> {
    familiar_name(name).ok()
}

/// The familiar form without `:latest`.
pub(crate) fn familiar_name(name: &str) -> Result<String, Refusal> {
    let invalid = |why: &str| {
        Refusal::new(format!("invalid image name `{}`: {why}", excerpt(name)))
            .hint("an image name looks like `registry/repository:tag`")
    };
    if name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(invalid("it can't be 64 hexadecimal digits"));
    }
    let (domain, remainder) = split_domain(name);
    let (path_and_tag, digest) = match remainder.split_once('@') {
        Some((path_and_tag, digest)) => (path_and_tag, Some(digest)),
        None => (remainder.as_str(), None),
    };
    let (path, tag) = match path_and_tag.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path_and_tag, None),
    };
    if path.chars().any(char::is_uppercase) {
        return Err(invalid("the repository must be lowercase"));
    }
    let valid = is_registry_host(domain)
        && path.split('/').all(is_path_component)
        && path.len() <= LONGEST_PATH
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !valid {
        return Err(invalid("it doesn't follow the format"));
    }
    let mut short = match domain {
        DEFAULT_DOMAIN => match path.strip_prefix(OFFICIAL) {
            Some(official) if !official.contains('/') => official.to_owned(),
            _ => path.to_owned(),
        },
        _ => format!("{domain}/{path}"),
    };
    if let Some(tag) = tag.filter(|tag| *tag != "latest" || digest.is_some()) {
        short.push(':');
        short.push_str(tag);
    }
    if let Some(digest) = digest {
        short.push('@');
        short.push_str(digest);
    }
    Ok(short)
}

/// Whether the first component of a name is a registry's host: it has a dot, a port or an uppercase
/// letter, or is `localhost`.
#[must_use]
pub fn names_host(component: &str) -> bool {
    component.contains(['.', ':'])
        || component == "localhost"
        || component.chars().any(char::is_uppercase)
}

fn split_domain(name: &str) -> (&str, String) {
    let (domain, remainder) = match name.split_once('/') {
        Some((host, rest)) if names_host(host) => (host, rest),
        _ => (DEFAULT_DOMAIN, name),
    };
    match domain {
        DEFAULT_DOMAIN | "index.docker.io" if !remainder.contains('/') => {
            (DEFAULT_DOMAIN, format!("{OFFICIAL}{remainder}"))
        }
        "index.docker.io" => (DEFAULT_DOMAIN, remainder.to_owned()),
        _ => (domain, remainder.to_owned()),
    }
}

/// Whether this is a host with or without a port: a name, an address, or an IPv6 address in brackets.
#[must_use]
pub fn is_registry_host(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let valid_port = port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid_host = match bracketed {
        Some(address) => {
            !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
        }
        None => host.split('.').all(|label| {
            let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            !label.is_empty()
                && label.bytes().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        }),
    };
    valid_port && valid_host
}

/// Whether this is what stands between two `/` of a repository's path: lowercase letters and digits,
/// with `.`, `_`, `__` or dashes between them.
#[must_use]
pub fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators = component.split(|c: char| c.is_ascii() && alphanumeric(c as u8));
    let valid_separator =
        |s: &str| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-');
    let ends = [component.bytes().next(), component.bytes().next_back()];
    ends.into_iter().all(|end| end.is_some_and(alphanumeric))
        && separators.into_iter().all(valid_separator)
}

/// Whether this is a tag: at most 128 letters, digits, `_`, `.` and `-`, of which the last two don't
/// come first.
#[must_use]
pub fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// Only the algorithms that BuildKit links are valid ones.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
