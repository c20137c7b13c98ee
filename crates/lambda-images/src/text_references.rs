//! References to this workspace's images in any text: configuration, JSON, YAML, Python, `.env`.
//!
//! # How it works
//! Every `:` that a tag follows is looked at. What stands before it is read backwards as a
//! repository; its last components must be what the template `repository` makes of an image's name,
//! with any stack. Hosts and paths in front are anybody's. So neither quotes nor the format of the
//! file matter; `\/`, as some JSON has it, is a `/`. Of what a variable decides nothing is guessed:
//! a tag that goes on with `${…}` is none, and a component that a variable ends in is unknown.
//!
//! # Limitations
//! A repository and a tag that are written apart, as two values, are not seen together. With a
//! template such as `{name}-{stack}` an image of somebody else's whose name begins with `{name}-`
//! looks like one for another stack. Only tags that say something are told of: see [`TagKind`].

use std::borrow::Cow;

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::graph::ImageGraph;

/// The repositories of a workspace's images.
#[derive(Debug, Clone)]
pub struct Repositories {
    /// Components of a path.
    components: usize,
    /// The longest name first.
    images: Vec<ImageRepositories>,
}

/// The repositories of one image, for all stacks.
#[derive(Debug, Clone)]
struct ImageRepositories {
    name: ImageName,
    kind: Kind,
    /// What stands between the stacks.
    literals: Vec<String>,
}

/// What a tag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// `…-dirty…`: its inputs are in no commit.
    Dirty,
    /// `stable` or `latest`: what it leads to changes.
    Floating,
    /// `dev-` and 12 digits, `dev-sha-` or `stable-` and 64: of development mode, see
    /// [`stable`](crate::stable).
    Dev,
    /// `git-` and 12 digits: the newest commit that touched the inputs.
    Commit,
    /// `sha-` and 12 or 64 digits: the fingerprint of the inputs.
    Fingerprint,
}

/// A reference in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextReference<'t> {
    /// The image.
    pub image: ImageName,
    /// Base image or Lambda image.
    pub kind: Kind,
    /// 1-based line and column, in characters.
    pub place: (usize, usize),
    /// Repository and tag, as they are written, without a digest.
    pub written: &'t str,
    /// The tag.
    pub tag: &'t str,
    /// What the tag says.
    pub tag_kind: TagKind,
    /// Whether a digest follows.
    pub is_pinned: bool,
}

/// More bytes than a repository has (255), if every `/` is escaped.
const LONGEST_REPOSITORY: usize = 512;
/// A tag's most characters.
const LONGEST_TAG: usize = 128;

impl Repositories {
    /// Those of all images, by the template of the configuration.
    pub fn new(template: &str, graph: &ImageGraph) -> Repositories {
        let images = graph.images().iter();
        Repositories::of_names(
            template,
            images.map(|image| (image.name().clone(), image.declaration.kind)),
        )
    }

    /// The same by names.
    pub fn of_names(
        template: &str,
        names: impl Iterator<Item = (ImageName, Kind)>,
    ) -> Repositories {
        let image = |(name, kind): (ImageName, Kind)| {
            let literals = template.split("{stack}");
            let literals = literals.map(|part| part.replace("{name}", name.as_str())).collect();
            ImageRepositories { name, kind, literals }
        };
        let mut images: Vec<ImageRepositories> = names.map(image).collect();
        images.sort_by_key(|image| std::cmp::Reverse(image.name.as_str().len()));
        Repositories { components: template.split('/').count(), images }
    }

    /// The image whose repository has this path in its registry, for any stack.
    pub(crate) fn image_at(&self, path: &str) -> Option<&ImageName> {
        let is_whole = path.split('/').count() == self.components;
        self.image_of(path).filter(|_| is_whole).map(|image| &image.name)
    }

    fn image_of(&self, path: &str) -> Option<&ImageRepositories> {
        let start = path.rmatch_indices('/').nth(self.components - 1).map_or(0, |(at, _)| at + 1);
        let path = &path[start..];
        self.images.iter().find(|image| image.has(path))
    }
}

impl ImageRepositories {
    fn has(&self, path: &str) -> bool {
        let Some((first, rest)) = self.literals.split_first() else { return false };
        let Some(mut path) = path.strip_prefix(first.as_str()) else { return false };
        let Some((last, between)) = rest.split_last() else { return path.is_empty() };
        for literal in between {
            // A stack is not empty: it has at least the first character.
            let Some(at) = path.get(1..).and_then(|path| path.find(literal.as_str())) else {
                return false;
            };
            path = &path[1 + at + literal.len()..];
        }
        path.len() > last.len() && path.ends_with(last.as_str())
    }
}

impl TagKind {
    /// `None`: it says nothing that could be wrong.
    pub fn of(tag: &str) -> Option<TagKind> {
        let is_hex =
            |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let digits = |prefix: &str| tag.strip_prefix(prefix).filter(|digits| is_hex(digits));
        let has_digits =
            |prefix: &str, count: usize| digits(prefix).is_some_and(|digits| digits.len() == count);
        if tag == "dirty" || tag.ends_with("-dirty") || tag.contains("-dirty-") {
            Some(TagKind::Dirty)
        } else if matches!(tag, "stable" | "latest") {
            Some(TagKind::Floating)
        } else if has_digits("dev-", 12) || has_digits("dev-sha-", 64) || has_digits("stable-", 64)
        {
            Some(TagKind::Dev)
        } else if has_digits("git-", 12) {
            Some(TagKind::Commit)
        } else if has_digits("sha-", 12) || has_digits("sha-", 64) {
            Some(TagKind::Fingerprint)
        } else {
            None
        }
    }
}

/// All references to images of `repositories` with a tag that says something, in their order.
pub fn find_references<'t>(text: &'t str, repositories: &Repositories) -> Vec<TextReference<'t>> {
    let mut found = Vec::new();
    let mut lines = Lines { text, at: 0, place: (1, 1) };
    for (colon, _) in text.match_indices(':') {
        let Some((tag, is_pinned)) = tag_after(text, colon + 1) else { continue };
        let Some(tag_kind) = TagKind::of(tag) else { continue };
        let Some((start, path)) = repository_before(text, colon) else { continue };
        let Some(image) = repositories.image_of(&path) else { continue };
        found.push(TextReference {
            image: image.name.clone(),
            kind: image.kind,
            place: lines.place(start),
            written: &text[start..colon + 1 + tag.len()],
            tag,
            tag_kind,
            is_pinned,
        });
    }
    found
}

/// The tag that begins at `start`, and whether a digest follows it.
fn tag_after(text: &str, start: usize) -> Option<(&str, bool)> {
    let rest = &text.as_bytes()[start..];
    let is_tag = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    // No tag begins like this; a shell's `${name:-default}` goes on so.
    if matches!(rest.first(), Some(b'-' | b'.')) {
        return None;
    }
    let window = &rest[..rest.len().min(LONGEST_TAG + 1)];
    let length = window.iter().position(|byte| !is_tag(byte)).unwrap_or(window.len());
    if length > LONGEST_TAG {
        return None;
    }
    // A variable goes on with it; or it is a port, or part of a path.
    if matches!(rest.get(length), Some(b'$' | b'{' | b'%' | b'/')) {
        return None;
    }
    if rest.get(length) == Some(&b':') && rest.get(length + 1).is_some_and(is_tag) {
        return None;
    }
    // A sentence ends, not a tag.
    let tag = text[start..start + length].trim_end_matches('.');
    (!tag.is_empty()).then_some((tag, rest.get(length) == Some(&b'@')))
}

/// Where the repository begins that ends at `end`, and its path without what a variable may have
/// begun.
fn repository_before(text: &str, end: usize) -> Option<(usize, Cow<'_, str>)> {
    let bytes = text.as_bytes();
    let is_path = |at: usize| {
        let byte = bytes[at];
        byte.is_ascii_alphanumeric()
            || b"._/-".contains(&byte)
            || (byte == b'\\' && at + 1 < end && bytes[at + 1] == b'/')
    };
    let floor = end.saturating_sub(LONGEST_REPOSITORY);
    let mut start = end;
    while start > floor && is_path(start - 1) {
        start -= 1;
    }
    if start == end || (start == floor && floor > 0) {
        return None;
    }
    let before = bytes[..start].last().copied();
    // The escaped end of a line, or a tab.
    if before == Some(b'\\') && matches!(bytes[start], b'n' | b'r' | b't') {
        start += 1;
    }
    let path = match text[start..end].contains('\\') {
        true => Cow::Owned(text[start..end].replace("\\/", "/")),
        false => Cow::Borrowed(&text[start..end]),
    };
    // Behind a variable only what follows the next `/` is known.
    if matches!(before, Some(b'}' | b')' | b'$' | b'%')) && !path.starts_with('/') {
        let (_, known) = path.split_once('/')?;
        return Some((start, Cow::Owned(known.to_owned())));
    }
    Some((with_host(bytes, start), path))
}

/// Where the host begins, if a port was taken for the first component.
fn with_host(bytes: &[u8], start: usize) -> usize {
    let port = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_port = port > 0 && port < 6 && bytes.get(start + port) == Some(&b'/');
    if !is_port || start == 0 || bytes[start - 1] != b':' {
        return start;
    }
    let is_host = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    const LONGEST_HOST: usize = 253;
    let host = bytes[..start - 1].iter().rev().take(LONGEST_HOST).take_while(is_host).count();
    if host == 0 { start } else { start - 1 - host }
}

/// Lines and columns of places that come one after the other.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    place: (usize, usize),
}

impl Lines<'_> {
    /// A reference never begins within the one before it.
    fn place(&mut self, at: usize) -> (usize, usize) {
        for c in self.text.get(self.at..at).unwrap_or_default().chars() {
            self.place = match c {
                '\n' => (self.place.0 + 1, 1),
                _ => (self.place.0, self.place.1 + 1),
            };
        }
        self.at = at;
        self.place
    }
}

#[cfg(test)]
mod tests;
