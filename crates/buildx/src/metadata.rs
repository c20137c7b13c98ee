//! The file of `--metadata-file`: what BuildKit's exporter reported about the result
//! (`exporter/containerimage/exptypes/types.go`, decoded by buildx's `commands/build.go`).
//!
//! It reads what identifies the result; provenance and build warnings are left aside. Reading the
//! file is up to the caller.

use std::fmt;

use serde::Deserialize;

/// The result of a build, as its exporter reported it. Each field is absent where the exporter has
/// nothing to say: all are after [`Output::None`](crate::Output::None) or
/// [`Output::Local`](crate::Output::Local), except the build's reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// `containerimage.digest`: digest of the manifest; what `repository@digest` takes once pushed.
    /// The docker driver without the containerd image store, when it doesn't push, has no manifest
    /// and gives the digest of the config here.
    #[serde(rename = "containerimage.digest")]
    pub digest: Option<String>,
    /// `containerimage.config.digest`: digest of the config, the classic image id. buildx leaves it
    /// out where the image store tells images apart by [`digest`](Self::digest).
    #[serde(rename = "containerimage.config.digest")]
    pub config_digest: Option<String>,
    /// `image.name`: the references that were given to the result.
    #[serde(rename = "image.name", deserialize_with = "names")]
    pub image_names: Vec<String>,
    /// `containerimage.descriptor`.
    #[serde(rename = "containerimage.descriptor")]
    pub descriptor: Option<Descriptor>,
    /// `buildx.build.ref`: `builder/node/id`, for `docker buildx history`.
    #[serde(rename = "buildx.build.ref")]
    pub build_ref: Option<String>,
}

/// What a reference to the result points to: an OCI descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the manifest or index.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes, not that of the image.
    pub size: u64,
}

impl Descriptor {
    /// Whether it is an index of several manifests, which Lambda refuses.
    #[must_use]
    pub fn is_index(&self) -> bool {
        const INDEXES: [&str; 2] = [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ];
        INDEXES.contains(&&*self.media_type)
    }
}

/// The text is not the metadata of a build.
#[derive(Debug)]
pub struct MetadataError {
    source: serde_json::Error,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parse the metadata that `docker buildx build` wrote")
    }
}

impl std::error::Error for MetadataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Reads the text of the metadata file.
///
/// # Errors
/// [`MetadataError`], with line and column in its source, when the text isn't a JSON object or one
/// of the fields has another type.
pub fn parse_metadata(text: &str) -> Result<Metadata, MetadataError> {
    serde_json::from_str(text).map_err(|source| MetadataError { source })
}

/// The exporter joins the names by commas; a reference can't hold one.
fn names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let joined = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    Ok(joined.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
