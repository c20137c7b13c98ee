//! Images in a registry. A build pushes only the identity; the name for people is given to what the
//! identity leads to then.

use std::collections::BTreeMap;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::plan::{ImageNames, PlannedImage, Stored, StoredImage};
use lambda_images::reference::ImageReference;

use super::{Store, of_digest};
use crate::registry::RegistryError;

impl Store<'_> {
    pub(super) fn look_up_remote(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, RegistryError> {
        let references: Vec<_> =
            names.values().flat_map(|names| [&names.identity, &names.reference]).collect();
        let mut found = self.registry.resolve_all(&references)?.into_iter();
        let mut next = || found.next().flatten().map(of_digest);
        let stored =
            |name: &ImageName| (name.clone(), Stored { identity: next(), reference: next() });
        Ok(names.keys().map(stored).collect())
    }

    pub(super) fn name_remote(
        &self,
        image: &PlannedImage,
        stored: &StoredImage,
    ) -> anyhow::Result<()> {
        let ImageNames { reference, identity } = &image.names;
        let wanted = stored.digest.as_ref().context("a registry's image has a digest")?;
        match self.registry.resolve(reference)? {
            Some(found) if found == *wanted => Ok(()),
            Some(found) if !image.is_forced() => {
                let (reference, wanted) = (reference.clone(), wanted.clone());
                Err(RegistryError::TagTaken { reference, wanted, found }.into())
            }
            _ => self.move_name_remote(reference, identity, stored),
        }
    }

    pub(super) fn move_name_remote(
        &self,
        name: &ImageReference,
        identity: &ImageReference,
        stored: &StoredImage,
    ) -> anyhow::Result<()> {
        let wanted = stored.digest.as_ref().context("a registry's image has a digest")?;
        let manifest = self.registry.manifest(&identity.pinned(wanted))?;
        let manifest = manifest
            .with_context(|| format!("`{identity}` is no longer in the registry as `{wanted}`"))?;
        Ok(self.registry.tag(name, &manifest)?)
    }
}
