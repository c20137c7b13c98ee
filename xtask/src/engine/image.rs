//! A folder becomes an image of one layer on the loopback registry.
//!
//! One manifest, no index: Lambda takes nothing else. Deliberately without the Docker engine, so
//! that it works beside an engine that is somebody's and leaves nothing in its store.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    http::{Body, ask_registry},
    process::run,
};

const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the image is called and how a container of it starts.
pub(crate) struct Image<'a> {
    pub(crate) repository: &'a str,
    pub(crate) tag: &'a str,
    /// No file is dated after this, in seconds since 1970.
    pub(crate) newest: i64,
    /// The `config` object of the OCI image configuration.
    pub(crate) config: serde_json::Value,
}

/// Uploads the files below `root`; `scratch` holds the layer meanwhile. Returns the digest.
pub(crate) fn publish(root: &Path, image: &Image<'_>, scratch: &Path, port: u16) -> Result<String> {
    let archive = scratch.join("layer.tar");
    let layer = scratch.join("layer.tar.gz");
    // Whoever runs a container gets a `/dev` of its own.
    run(Command::new("tar")
        .args(["--sort=name", "--numeric-owner", "--exclude=./dev/*", "--clamp-mtime"])
        .arg(format!("--mtime=@{}", image.newest))
        .arg("-C")
        .arg(root)
        .arg("-cf")
        .arg(&archive)
        .arg("."))?;
    let content = thread::scope(|scope| {
        let content = scope.spawn(|| digest_of_file(&archive));
        compress(&archive, &layer)?;
        content.join().expect("hashing does not panic")
    })?;
    let layer_digest = digest_of_file(&layer)?;
    upload(port, image.repository, &layer_digest, &Body::File(&layer))?;

    let config = serde_json::to_vec(&render_config(&image.config, &content))?;
    let config_digest = digest_of_bytes(&config, scratch)?;
    upload(port, image.repository, &config_digest, &Body::Bytes(CONFIG_TYPE, &config))?;

    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": CONFIG_TYPE, "digest": config_digest, "size": config.len() },
        "layers": [{
            "mediaType": LAYER_TYPE,
            "digest": layer_digest,
            "size": layer.metadata()?.len(),
        }],
    }))?;
    let path = format!("/v2/{}/manifests/{}", image.repository, image.tag);
    let response = ask_registry(port, "PUT", &path, &Body::Bytes(MANIFEST_TYPE, &manifest))?;
    if response.status != 201 {
        bail!("the registry refused the manifest (HTTP {})", response.status);
    }
    digest_of_bytes(&manifest, scratch)
}

/// The digest of what the registry has under this tag.
pub(crate) fn find_digest(port: u16, repository: &str, tag: &str) -> Option<String> {
    let path = format!("/v2/{repository}/manifests/{tag}");
    let response = ask_registry(port, "HEAD", &path, &Body::Empty).ok()?;
    (response.status == 200).then(|| response.header("Docker-Content-Digest").map(str::to_owned))?
}

/// Source: <https://github.com/opencontainers/image-spec/blob/main/config.md>.
fn render_config(config: &serde_json::Value, content: &str) -> serde_json::Value {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": config,
        "rootfs": { "type": "layers", "diff_ids": [content] },
    })
}

/// The layer never leaves this machine: speed counts, not size.
fn compress(from: &Path, to: &Path) -> Result<()> {
    let output = File::create(to)?;
    let mut gzip = Command::new("gzip");
    gzip.args(["-1", "--no-name", "--stdout"]).arg(from).stdin(Stdio::null()).stdout(output);
    let status = gzip.status().context("failed to start `gzip`")?;
    if !status.success() {
        bail!("`gzip` failed ({status})");
    }
    Ok(())
}

/// Source: <https://distribution.github.io/distribution/spec/api/#monolithic-upload>.
fn upload(port: u16, repository: &str, digest: &str, body: &Body<'_>) -> Result<()> {
    let path = format!("/v2/{repository}/blobs/uploads/");
    let begun = ask_registry(port, "POST", &path, &Body::Empty)?;
    let location = begun.header("Location").context("the registry opens no upload")?;
    let response = ask_registry(port, "PUT", &locate_upload(location, digest), body)?;
    if response.status != 201 {
        bail!("the registry refused the blob `{digest}` (HTTP {})", response.status);
    }
    Ok(())
}

/// The path of an upload with the digest added; registries answer with paths or whole URLs.
fn locate_upload(location: &str, digest: &str) -> String {
    let path = location.find("/v2/").map_or(location, |start| &location[start..]);
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}digest={digest}")
}

fn digest_of_bytes(bytes: &[u8], scratch: &Path) -> Result<String> {
    let file = scratch.join("blob");
    fs::write(&file, bytes)?;
    digest_of_file(&file)
}

fn digest_of_file(path: &Path) -> Result<String> {
    let line = run(Command::new("sha256sum").arg("--binary").arg(path))?;
    // A path with a backslash or line break makes `sha256sum` put a backslash in front.
    let hex = line.trim_start_matches('\\').get(..64).context("`sha256sum` printed no digest")?;
    Ok(format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests;
