//! Development mode: Lambdas stand on the base images that bear the tag `stable`, whatever has
//! changed in the packages since.
//!
//! # How it works
//! A base is always built by its ordinary identity, from its true inputs; `stable` is one more name
//! of such an image. A Lambda's fingerprint in this mode has the *digest* of the `stable` base in
//! it where it would have the base's fingerprint, in a field of its own: it never equals that of a
//! Lambda on the true base. Its tags say so too: `dev-…`, and `dev-sha-…` for its identity.
//!
//! Who may use the mode, and where, is decided here; nothing is looked up.

use std::collections::{BTreeMap, BTreeSet};

use crate::ci::CiRun;
use crate::config::Kind;
use crate::discovery::ImageName;
use crate::fingerprint::{Encoder, Fingerprint};
use crate::graph::ImageGraph;
use crate::plan::{Destination, ImageNames};
use crate::reference::{Digest, ImageReference, Tag};
use crate::tag::GitState;

/// The variable that turns the mode on: the one that build scripts have for it.
pub const VARIABLE: &str = "USE_STATIC_BASE_IMAGE";

/// The base images that stand as they are, and the digest of each.
pub type StableBases = BTreeMap<ImageName, String>;

/// How an image of a plan came to its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// By its true inputs and those of all that it stands on.
    #[default]
    True,
    /// It is a base that is used as `stable` has it.
    StableBase,
    /// It stands on such a base.
    OnStableBase,
    /// It stands on a base whose `stable` is not known before a run: nor are its fingerprint and
    /// names, and those that it has in a plan are nobody's.
    OnBaseToCome,
}

/// Reads a switch as scripts have it. `None`: it is none of the known words.
pub fn parse_switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Some(true),
        "" | "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Why the mode must not be used here, as a fragment; `None`: it may.
pub fn refusal(
    ci: Option<&CiRun>,
    destination: Destination,
    stack: &str,
    protected: &[String],
) -> Option<String> {
    if let Some(ci) = ci {
        return Some(format!("development mode in CI (`{}` is set)", ci.variable));
    }
    let is_protected = protected.iter().any(|name| name == stack);
    (destination == Destination::Registry && is_protected)
        .then(|| format!("a push in development mode to the protected stack `{stack}`"))
}

/// The bases that some images need a `stable` of: those asked for, and those that a Lambda asked
/// for stands on. What a base stands on is that base's own affair. Empty `selected`: all.
pub fn needed_bases(graph: &ImageGraph, selected: &BTreeSet<ImageName>) -> BTreeSet<ImageName> {
    let is_base = |name: &ImageName| {
        graph.get(name).is_some_and(|image| image.declaration.kind == Kind::Base)
    };
    let mut needed = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<ImageName> = match selected.is_empty() {
        true => graph.images().iter().map(|image| image.name().clone()).collect(),
        false => selected.iter().cloned().collect(),
    };
    while let Some(name) = left.pop() {
        if is_base(&name) {
            needed.insert(name);
        } else if let Some(image) = graph.get(&name)
            && seen.insert(name)
        {
            left.extend(image.depends_on.keys().cloned());
        }
    }
    needed
}

/// The images that stand on one of these bases, if only through another image. Bases never do: they
/// are built from their true inputs.
pub fn on_stable(
    graph: &ImageGraph,
    is_stable: impl Fn(&ImageName) -> bool,
) -> BTreeSet<ImageName> {
    let mut found = BTreeSet::new();
    for image in graph.images().iter().filter(|image| image.declaration.kind != Kind::Base) {
        let stands = |name: &ImageName| is_stable(name) || found.contains(name);
        if image.depends_on.keys().any(stands) {
            found.insert(image.name().clone());
        }
    }
    found
}

/// The uncommitted files that a stable base is known to be made from. `named` are those of the
/// moment at which it was given the name; `None`: somebody else named it. `is_present`: it is the
/// image of the inputs that there are now, of which git says `now`.
///
/// Who names a base for others answers for it: of what nobody here can tell it counts as clean.
pub fn dirty_inputs(named: Option<&[String]>, is_present: bool, now: &GitState) -> Vec<String> {
    match named {
        // A commit had them.
        Some([]) => Vec::new(),
        // They may have been committed since.
        _ if is_present => now.dirty_paths().to_vec(),
        named => named.unwrap_or_default().to_vec(),
    }
}

/// What a stable base counts as: its digest, never equal to the fingerprint of any inputs.
pub fn stable_fingerprint(digest: &str) -> Fingerprint {
    let mut encoder = Encoder::new("stable base");
    encoder.field(digest.as_bytes());
    Fingerprint(encoder.finish())
}

/// The name that a base keeps: `repository:stable`.
pub fn stable_reference(names: &ImageNames) -> ImageReference {
    names.reference.repository.with_tag(&tag("stable"))
}

/// The names of a base that is used as it is. In the local store, where no digest pins, a tag that
/// says the digest does.
pub fn stable_names(names: &ImageNames, digest: &str, destination: Destination) -> ImageNames {
    let reference = stable_reference(names);
    let identity = match (destination, digest.parse::<Digest>()) {
        (Destination::Registry, Ok(digest)) => reference.pinned(&digest),
        _ => {
            let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
            names.reference.repository.with_tag(&tag(&format!("stable-{digits}")))
        }
    };
    ImageNames { reference, identity }
}

/// The names of an image that stands on a stable base.
pub fn dev_names(names: &ImageNames, fingerprint: &Fingerprint) -> ImageNames {
    let repository = &names.reference.repository;
    ImageNames {
        reference: repository.with_tag(&tag(&format!("dev-{}", fingerprint.short(12)))),
        identity: repository.with_tag(&tag(&format!("dev-sha-{fingerprint}"))),
    }
}

fn tag(text: &str) -> Tag {
    text.parse().expect("letters, digits and dashes make a tag")
}

#[cfg(test)]
mod tests;
