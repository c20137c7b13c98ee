//! Manifests: which one a tag leads to, its bytes, and the same bytes under another tag.
//!
//! A manifest is bytes with a media type, and is never taken apart: what is written is what was read.

use lambda_images::reference::{Digest, ImageReference};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use super::authorization::{Access, said};
use super::endpoint::Endpoint;
use super::error::RegistryError;
use super::transport::{Answer, Request};
use super::{RegistryClient, plain};

/// Manifests and indexes of both kinds: the registry is to give what it has.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// Of every manifest in these types.
const SCHEMA_VERSION: u32 = 2;

/// A manifest as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawManifest {
    media_type: String,
    bytes: Vec<u8>,
    /// Of the bytes.
    digest: Digest,
}

impl RawManifest {
    /// As the registry has them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl RegistryClient {
    /// What a reference leads to now, whatever digest it is pinned by; `None`: there is no such tag,
    /// or no such repository. One request, unless the registry keeps the digest to itself.
    ///
    /// # Errors
    /// The registry gives no answer: see [`RegistryError`].
    pub(crate) fn resolve(
        &self,
        reference: &ImageReference,
    ) -> Result<Option<Digest>, RegistryError> {
        let endpoint = Endpoint::of(&reference.repository);
        let url = endpoint.url(&format!("manifests/{}", tag_or_digest(reference)));
        let answer = self.ask(&endpoint, Access::Pull, &plain(Method::HEAD, &url, ACCEPT))?;
        match answer.status {
            200 => {
                match answer.header("docker-content-digest").and_then(|text| text.parse().ok()) {
                    Some(digest) => Ok(Some(digest)),
                    None => Ok(self.manifest(reference)?.map(|manifest| manifest.digest)),
                }
            }
            404 => Ok(None),
            _ => Err(unexpected("HEAD", &url, &answer)),
        }
    }

    /// The manifest that a reference leads to; where it is pinned, the bytes are those of its digest.
    ///
    /// # Errors
    /// As [`RegistryClient::resolve`], and where the bytes are not those that the digest names.
    pub(crate) fn manifest(
        &self,
        reference: &ImageReference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let endpoint = Endpoint::of(&reference.repository);
        let of = reference.digest.as_ref().map_or(tag_or_digest(reference), Digest::as_str);
        let url = endpoint.url(&format!("manifests/{of}"));
        let answer = self.ask(&endpoint, Access::Pull, &plain(Method::GET, &url, ACCEPT))?;
        match answer.status {
            200 => {}
            404 => return Ok(None),
            _ => return Err(unexpected("GET", &url, &answer)),
        }
        let media_type = manifest_type(&url, &answer)?;
        let digest = digest_of(&answer.body);
        let said: Option<Digest> =
            answer.header("docker-content-digest").and_then(|text| text.parse().ok());
        let is_wrong = |wanted: &Digest| *wanted != digest;
        if reference.digest.as_ref().is_some_and(is_wrong) || said.as_ref().is_some_and(is_wrong) {
            return Err(RegistryError::WrongBytes { reference: reference.clone(), found: digest });
        }
        Ok(Some(RawManifest { media_type, bytes: answer.body, digest }))
    }

    /// Gives a manifest of the same repository one more tag. That the tag has it already is success,
    /// where tags are immutable too.
    ///
    /// # Errors
    /// The tag can't be given: it is immutable and another image's, or the registry does not answer.
    pub(crate) fn tag(
        &self,
        reference: &ImageReference,
        manifest: &RawManifest,
    ) -> Result<(), RegistryError> {
        let endpoint = Endpoint::of(&reference.repository);
        let url = endpoint.url(&format!("manifests/{}", tag_or_digest(reference)));
        let request = Request {
            method: Method::PUT,
            url: url.clone(),
            headers: vec![("Content-Type", manifest.media_type.clone())],
            body: Some(manifest.bytes.clone()),
        };
        let answer = self.ask(&endpoint, Access::Push, &request)?;
        let found = match answer.header("docker-content-digest").map(str::parse) {
            Some(Ok(digest)) if answer.status == 201 => Some(digest),
            _ if answer.status == 201 => Some(manifest.digest.clone()),
            // A registry says that it has created something: whoever says less is asked.
            _ => self.resolve(reference)?,
        };
        match found {
            Some(found) if found == manifest.digest => Ok(()),
            Some(found) if answer.status < 300 || is_immutable_refusal(&said(&answer)) => {
                Err(RegistryError::TagTaken {
                    reference: reference.clone(),
                    wanted: manifest.digest.clone(),
                    found,
                })
            }
            _ => Err(unexpected("PUT", &url, &answer)),
        }
    }
}

/// A tag first: what it leads to is what is asked for.
fn tag_or_digest(reference: &ImageReference) -> &str {
    match (&reference.tag, &reference.digest) {
        (Some(tag), _) => tag.as_str(),
        (None, Some(digest)) => digest.as_str(),
        (None, None) => "latest",
    }
}

/// The media type of an answer that holds a manifest, and not a page of who stands before the registry.
fn manifest_type(url: &str, answer: &Answer) -> Result<String, RegistryError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        schema_version: u32,
    }
    let not_it =
        |found: String| RegistryError::NotAManifest { request: format!("GET {url}"), found };
    let found = answer.header("content-type").unwrap_or("no type");
    let media_type = found.split(';').next().unwrap_or(found).trim().to_lowercase();
    if !ACCEPT.split(", ").any(|accepted| accepted == media_type) {
        return Err(not_it(format!("`{media_type}`")));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Manifest { schema_version: SCHEMA_VERSION }) => Ok(media_type),
        _ => Err(not_it(format!("`{media_type}` without `schemaVersion` {SCHEMA_VERSION}"))),
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}").parse().expect("SHA-256 in hex makes a digest")
}

/// How registries say that a tag can't be moved: ECR's own words, Harbor's, and the name of the error.
fn is_immutable_refusal(said: &str) -> bool {
    let said = said.to_lowercase();
    said.contains("immutable") || said.contains("imagetagalreadyexists")
}

fn unexpected(method: &str, url: &str, answer: &Answer) -> RegistryError {
    let request = format!("{method} {url}");
    RegistryError::Unexpected { request, status: answer.status, said: said(answer) }
}
