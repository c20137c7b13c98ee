//! The registry, asked over HTTP and not through the tool that is tested: one request per
//! connection, plain, to loopback.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::test_registry;

/// Manifests and indexes of both kinds: the registry is to give what it has.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// What a tag leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RegistryManifest {
    pub(crate) media_type: String,
    /// As the registry says, and as the bytes say.
    pub(crate) digest: String,
    pub(crate) content: Value,
}

/// The manifest under a tag of a repository; `None`: the registry has none.
#[track_caller]
pub(crate) fn fetch_manifest(repository: &str, tag: &str) -> Option<RegistryManifest> {
    let registry = test_registry();
    let path = repository.strip_prefix(&format!("{registry}/")).expect("it is in the registry");
    let mut stream = TcpStream::connect(&registry).unwrap();
    let request = format!(
        "GET /v2/{path}/manifests/{tag} HTTP/1.0\r\nHost: {registry}\r\nAccept: {ACCEPT}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end =
        answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("headers have an end");
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let status = head.split(' ').nth(1).expect("an answer has a status");
    if status == "404" {
        return None;
    }
    assert_eq!(status, "200", "{head}");
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .expect("a manifest comes with its type and digest")
    };
    let digest = header("docker-content-digest");
    assert_eq!(digest, format!("sha256:{}", sha256_hex(body)));
    Some(RegistryManifest {
        media_type: header("content-type"),
        digest,
        content: serde_json::from_slice(body).unwrap(),
    })
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every text");
        text
    })
}
