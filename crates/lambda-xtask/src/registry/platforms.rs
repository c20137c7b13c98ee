//! Which platforms an image is for, as far as its manifest says it.

use std::collections::BTreeSet;

use lambda_images::reference::ImageReference;
use serde::Deserialize;

use super::{RegistryClient, RegistryError};

/// What a manifest says of platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Platforms {
    /// An index: these.
    These(BTreeSet<String>),
    /// A single image, whose configuration says it.
    OfConfig,
    /// There is no such image, or its manifest is of another kind.
    Unknown,
}

/// The parts of an index or a manifest that tell.
#[derive(Deserialize)]
struct Parts {
    manifests: Option<Vec<Entry>>,
    config: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Entry {
    platform: Option<Platform>,
}

/// As in an index, and in an image's configuration.
#[derive(Deserialize)]
pub(crate) struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// As `--platform` takes it; `None`: it is of an attestation, which is no image.
    pub(crate) fn text(&self) -> Option<String> {
        let Platform { os, architecture, variant } = self;
        let variant = variant.as_deref().filter(|variant| !variant.is_empty());
        let variant = variant.map_or_else(String::new, |variant| format!("/{variant}"));
        let is_known = !os.is_empty() && os != "unknown";
        is_known.then(|| format!("{os}/{architecture}{variant}"))
    }
}

impl RegistryClient {
    /// The platforms of the image that a reference leads to.
    ///
    /// # Errors
    /// The registry gives no answer.
    pub(crate) fn platforms(&self, reference: &ImageReference) -> Result<Platforms, RegistryError> {
        Ok(match self.manifest(reference)? {
            Some(manifest) => parse_platforms(manifest.bytes()),
            None => Platforms::Unknown,
        })
    }
}

fn parse_platforms(manifest: &[u8]) -> Platforms {
    match serde_json::from_slice(manifest) {
        Ok(Parts { manifests: Some(entries), .. }) => {
            let platforms = entries.iter().filter_map(|entry| entry.platform.as_ref()?.text());
            Platforms::These(platforms.collect())
        }
        Ok(Parts { config: Some(_), .. }) => Platforms::OfConfig,
        Ok(_) | Err(_) => Platforms::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, expected: &Platforms) {
        assert_eq!(parse_platforms(manifest.as_bytes()), *expected);
    }

    #[test]
    fn platforms_of_manifests() {
        let these = ["linux/amd64", "linux/arm64/v8"].map(str::to_owned);
        check(
            r#"{ "manifests": [
                { "platform": { "os": "linux", "architecture": "amd64" } },
                { "platform": { "os": "linux", "architecture": "arm64", "variant": "v8" } },
                { "platform": { "os": "unknown", "architecture": "unknown" } },
                { "digest": "sha256:00" }
            ] }"#,
            &Platforms::These(these.into()),
        );
        check(r#"{ "config": { "digest": "sha256:00" }, "layers": [] }"#, &Platforms::OfConfig);
        check(r#"{ "fsLayers": [] }"#, &Platforms::Unknown);
        check("<html>", &Platforms::Unknown);
    }
}
