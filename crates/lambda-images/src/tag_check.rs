//! Whether a reference that stands in a text can be trusted: not dirty, not floating, not stale.
//!
//! It judges by tags alone. A reference with a tag that says nothing, or with a digest and no tag,
//! passes.

use std::fmt;

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::fingerprint::Fingerprint;
use crate::reference::Tag;
use crate::stable::VARIABLE;
use crate::tag::GitState;
use crate::text_references::{TagKind, TextReference};

/// What can be wrong with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagFault {
    /// Its inputs were in no commit.
    Dirty,
    /// What it leads to changes, and it has no digest; or what it stands on did, in development mode.
    Floating,
    /// It does not name the image that these inputs make.
    Stale,
}

/// An image as it is now.
#[derive(Debug, Clone)]
pub struct CurrentImage<'a> {
    /// SHA-256 of its inputs.
    pub fingerprint: Fingerprint,
    /// What git says of them.
    pub git: &'a GitState,
    /// Its tag for people.
    pub tag: Tag,
}

/// Something wrong with a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFinding {
    /// What.
    pub fault: TagFault,
    /// The same for people: a predicate of the reference.
    pub message: String,
    /// What to run, or to do.
    pub mend: String,
}

impl fmt::Display for TagFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TagFault::Dirty => "dirty",
            TagFault::Floating => "floating",
            TagFault::Stale => "stale",
        })
    }
}

/// What is wrong with a reference; `current` is asked for only where inputs count.
pub fn judge<'a>(
    reference: &TextReference,
    current: impl FnOnce(&ImageName) -> Option<CurrentImage<'a>>,
) -> Option<TagFinding> {
    let image = &reference.image;
    let then = match reference.kind {
        Kind::Lambda => format!(", then `cargo xtask manifest {image}`"),
        Kind::Base => String::new(),
    };
    let push = format!("`cargo xtask build-lambdas --push {image}`");
    let build = format!("{push}{then}");
    let finding = |fault, message: String, mend: String| Some(TagFinding { fault, message, mend });
    match reference.tag_kind {
        TagKind::Dirty => finding(
            TagFault::Dirty,
            "dirty: made from inputs that are in no commit".to_owned(),
            format!("commit them, then {build}"),
        ),
        // A digest pins the image, and not what its base is made from.
        TagKind::Dev if reference.kind == Kind::Lambda => finding(
            TagFault::Floating,
            "floating: of development mode, it stands on what `stable` was".to_owned(),
            format!("{push} without `--dev`, and without `{VARIABLE}`{then}"),
        ),
        TagKind::Dev => None,
        // Nothing is deployed from a base image, and in development its tag may stay.
        TagKind::Floating if reference.is_pinned || reference.kind == Kind::Base => None,
        TagKind::Floating => finding(
            TagFault::Floating,
            format!("floating: what `{}` leads to changes", reference.tag),
            format!("`cargo xtask manifest {image}` prints a reference with a digest"),
        ),
        TagKind::Commit | TagKind::Fingerprint => {
            let current = current(image)?;
            let why = why_stale(reference.tag, &current)?;
            let mend = match current.git {
                GitState::Dirty { .. } => format!("commit them, then {build}"),
                _ => build,
            };
            finding(TagFault::Stale, format!("stale: {why}"), mend)
        }
    }
}

/// Why a tag is not one of the image as it is now; `None`: it is one.
fn why_stale(tag: &str, current: &CurrentImage) -> Option<String> {
    if let Some(digits) = tag.strip_prefix("sha-") {
        let fingerprint = current.fingerprint.to_string();
        let is_same = fingerprint.starts_with(digits);
        return (!is_same)
            .then(|| format!("its inputs have changed: it is now `{}`", current.tag.as_str()));
    }
    match current.git {
        GitState::Clean { commit } => {
            let now = format!("git-{commit:.12}");
            (tag != now)
                .then(|| format!("its inputs are those of another commit: it is now `{now}`"))
        }
        GitState::Dirty { paths, .. } => {
            let first = paths.first().map(String::as_str).unwrap_or_default();
            let more = match paths.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!("its inputs are uncommitted: `{first}`{more}"))
        }
        GitState::Unknown { why, .. } => Some(format!("that can't be told: {why}")),
    }
}

#[cfg(test)]
mod tests;
