//! What exists already, and giving it a name: the local Docker store, asked
//! through the `docker` command, or a registry.

mod kept;
mod local;
mod remote;
mod watch;

use std::collections::BTreeMap;
use std::fmt;

use lambda_images::discovery::ImageName;
use lambda_images::plan::{Destination, ImageNames, PlannedImage, Stored, StoredImage};
use lambda_images::reference::{Digest, ImageReference};

use crate::environment::Environment;
use crate::failure::environment as environment_failure;
use crate::registry::{RegistryClient, RegistryError};

pub(crate) use self::kept::FEW;
pub(crate) use self::watch::Known;

/// Where images are looked for and named.
pub(crate) struct Store<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) destination: Destination,
    pub(crate) registry: &'a RegistryClient,
}

/// Why a store could not be asked.
#[derive(Debug)]
pub(crate) enum LookUpError {
    Local(String),
    Registry(RegistryError),
}

impl LookUpError {
    /// As an error of the whole run, with its mend.
    pub(crate) fn into_failure(self) -> anyhow::Error {
        match self {
            LookUpError::Registry(error) => error.into(),
            LookUpError::Local(why) => environment_failure(
                format!("the image store can't be asked: {why}"),
                "is Docker installed, with buildx 0.13 or newer, and its engine running? `docker info` tells; \
                 `--dry-run` works without it",
            ),
        }
    }
}

/// What happened, without the mend.
impl fmt::Display for LookUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookUpError::Local(why) => f.write_str(why),
            LookUpError::Registry(error) => f.write_str(&error.message()),
        }
    }
}

impl Store<'_> {
    /// What the store holds of each image. A process per 100 images of the local store, some at once; a
    /// request for each reference of a registry, over few connections.
    ///
    /// # Errors
    /// The store can't be asked.
    pub(crate) fn look_up(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, LookUpError> {
        match self.destination {
            Destination::Local => self.look_up_local(names).map_err(LookUpError::Local),
            Destination::Registry => self.look_up_remote(names).map_err(LookUpError::Registry),
        }
    }

    /// The same, where something of the local store may be `known`, and what is found is kept for the
    /// next run. `all` are the names of the workspace's images.
    pub(crate) fn look_up_with(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
        known: Option<Known>,
        all: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, LookUpError> {
        match known.filter(|_| self.destination == Destination::Local) {
            Some(known) => self.look_up_kept(names, known, all).map_err(LookUpError::Local),
            None => self.look_up(names),
        }
    }

    /// One image, by its reference, after it was built.
    pub(crate) fn find(&self, reference: &ImageReference) -> anyhow::Result<Option<StoredImage>> {
        match self.destination {
            Destination::Local => self.find_local(reference),
            Destination::Registry => Ok(self.registry.resolve(reference)?.map(of_digest)),
        }
    }

    /// Gives the image that `stored` is its name for people; no byte of it changes.
    ///
    /// # Errors
    /// In a registry also where the name is another image's, unless the image was built by force.
    pub(crate) fn name(&self, image: &PlannedImage, stored: &StoredImage) -> anyhow::Result<()> {
        match self.destination {
            Destination::Local => {
                self.tag_local(&image.names.identity.to_string(), &image.names.reference)
            }
            Destination::Registry => self.name_remote(image, stored),
        }
    }

    /// Gives the image that has the identity, and that `stored` is, a name that moves: whatever has it
    /// now loses it.
    ///
    /// # Errors
    /// A registry whose tags are immutable does not move one.
    pub(crate) fn move_name(
        &self,
        name: &ImageReference,
        identity: &ImageReference,
        stored: &StoredImage,
    ) -> anyhow::Result<()> {
        match self.destination {
            Destination::Local => self.tag_local(&stored.id, name),
            Destination::Registry => self.move_name_remote(name, identity, stored),
        }
    }
}

/// An image of a registry: its digest is all that is known, and enough.
fn of_digest(digest: Digest) -> StoredImage {
    StoredImage { id: digest.to_string(), digest: Some(digest), size: None }
}

/// How registries say that there is no such tag or repository: containerd's resolver, the OCI
/// distribution specification's codes, ECR's own words. Who may not look is told the same by
/// some of them, with a word more: that is no answer.
pub(crate) fn is_missing(said: &str) -> bool {
    let said = said.to_lowercase();
    let refused = ["credential", "authoriz", "authentication", "denied", "executable file"];
    if refused.iter().any(|text| said.contains(text)) {
        return false;
    }
    said.lines().any(|line| line.trim_end().ends_with(": not found"))
        || [
            "manifest unknown",
            "manifest_unknown",
            "name unknown",
            "name_unknown",
            "does not exist",
        ]
        .iter()
        .any(|text| said.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_image_is_told_from_a_failing_registry() {
        assert!(is_missing("ERROR: localhost:5000/x:sha-1: not found"));
        assert!(is_missing("repository does not exist"));
        assert!(!is_missing(
            "ERROR: failed to do request: Head: dial tcp 127.0.0.1:1: connect: connection refused"
        ));
        assert!(!is_missing("401 Unauthorized"));
        assert!(!is_missing(
            "pull access denied, repository does not exist or may require authorization"
        ));
        assert!(!is_missing(
            "error getting credentials - err: exec: \"docker-credential-x\": executable file not found in $PATH"
        ));
        assert!(is_missing(
            "The repository with name 'x' does not exist in the registry with id '1'"
        ));
    }
}
