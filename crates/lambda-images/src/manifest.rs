//! The manifest: what is deployed from, `target/lambda-images/images.json`.
//!
//! One entry per image that exists under its name, whether this run built it, renamed it or
//! found it. An image that left the workspace leaves the manifest, but for its name if it was a
//! Lambda image: somebody may still run it. What is fit to be deployed is `deploy`'s affair.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::fingerprint::Fingerprint;
use crate::graph::ImageGraph;
use crate::plan::{Destination, PlannedImage, StoredImage};
use crate::reference::ImageReference;
use crate::stable::Standing;

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Raised when a field changes its meaning.
    pub version: u32,
    /// The stack that all entries are for.
    pub stack: String,
    /// Sorted by name.
    pub images: Vec<ManifestImage>,
    /// Lambda images that were in the manifest of this stack and have left the workspace.
    #[serde(default)]
    pub removed: BTreeSet<ImageName>,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestImage {
    /// Its name in the workspace.
    pub name: ImageName,
    /// Base image or Lambda image.
    pub kind: Kind,
    /// `repository:tag@digest`; without the digest where the store knows none.
    pub image_ref: String,
    /// Registry host, if any, and path.
    pub repository: String,
    /// All tags that were given: the one for people first, the identity last.
    pub tags: Vec<String>,
    /// The manifest's digest.
    pub digest: Option<String>,
    /// `os/architecture`.
    pub platform: String,
    /// SHA-256 of its inputs.
    pub fingerprint: Fingerprint,
    /// The newest commit that touched its inputs, where git knows.
    pub git_commit: Option<String>,
    /// Whether its inputs had uncommitted changes.
    pub dirty: bool,
    /// Whether a registry has it; else it is in the local Docker store alone.
    #[serde(default)]
    pub pushed: bool,
    /// Whether it stands on a `stable` base of development mode: not to be deployed for good.
    #[serde(default)]
    pub dev: bool,
    /// In bytes.
    pub sizes: Sizes,
}

/// Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sizes {
    /// The image, as its store counts it.
    pub image: Option<u64>,
    /// All input files together.
    pub inputs: u64,
}

impl Manifest {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 1;

    /// A manifest without images.
    pub fn new(stack: &str) -> Manifest {
        Manifest {
            version: Manifest::VERSION,
            stack: stack.to_owned(),
            images: Vec::new(),
            removed: BTreeSet::new(),
        }
    }

    /// Reads a manifest. `None`: it is damaged or of another version, and holds nothing then.
    pub fn parse(text: &str) -> Option<Manifest> {
        let manifest = serde_json::from_str::<Manifest>(text).ok()?;
        let is_name = |name: &ImageName| ImageName::new(name.as_str()).is_some();
        // What is deployed goes into other programs' files and command lines.
        let is_good = |image: &ManifestImage| {
            is_name(&image.name) && image.image_ref.parse::<ImageReference>().is_ok()
        };
        let is_whole = manifest.version == Manifest::VERSION
            && manifest.images.iter().all(is_good)
            && manifest.removed.iter().all(is_name);
        is_whole.then_some(manifest)
    }

    /// The entry of an image.
    pub fn get(&self, name: &ImageName) -> Option<&ManifestImage> {
        self.images.iter().find(|image| image.name == *name)
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a manifest has only string keys");
        text.push('\n');
        text
    }

    /// Drops what no longer belongs: entries of another stack, and of images that are gone. The
    /// names of Lambda images among them are kept until they come back. Images that are not
    /// checked out are not gone.
    pub fn prune(
        &mut self,
        stack: &str,
        graph: &ImageGraph,
        not_checked_out: &dyn Fn(&ImageName) -> bool,
    ) {
        if self.stack != stack {
            *self = Manifest::new(stack);
        }
        let is_there = |name: &ImageName| graph.get(name).is_some() || not_checked_out(name);
        let gone = self.images.iter().filter(|image| !is_there(&image.name));
        let gone = gone.filter(|image| image.kind == Kind::Lambda);
        self.removed.extend(gone.map(|image| image.name.clone()));
        self.removed.retain(|name| !is_there(name));
        self.images.retain(|image| is_there(&image.name));
    }

    /// Puts an image in that `destination` has, in place of an earlier entry of its name. Gives whether
    /// that changed anything.
    pub fn insert(
        &mut self,
        planned: &PlannedImage,
        stored: &StoredImage,
        destination: Destination,
        inputs_size: u64,
    ) -> bool {
        let reference = &planned.names.reference;
        let image_ref = match &stored.digest {
            Some(digest) => reference.pinned(digest),
            None => reference.clone(),
        };
        let tags = [&planned.names.reference, &planned.names.identity];
        let entry = ManifestImage {
            name: planned.name.clone(),
            kind: planned.kind,
            image_ref: image_ref.to_string(),
            repository: reference.repository.to_string(),
            tags: tags
                .iter()
                .filter_map(|name| name.tag.as_ref().map(ToString::to_string))
                .collect(),
            digest: stored.digest.as_ref().map(ToString::to_string),
            platform: planned.platform.clone(),
            fingerprint: planned.fingerprint,
            git_commit: planned.git.commit().map(str::to_owned),
            dirty: planned.git.is_dirty(),
            pushed: destination == Destination::Registry,
            dev: planned.standing != Standing::True,
            sizes: Sizes { image: stored.size, inputs: inputs_size },
        };
        match self.images.binary_search_by(|image| image.name.cmp(&planned.name)) {
            Ok(index) if self.images[index] == entry => return false,
            Ok(index) => self.images[index] = entry,
            Err(index) => self.images.insert(index, entry),
        }
        true
    }
}

#[cfg(test)]
mod tests;
