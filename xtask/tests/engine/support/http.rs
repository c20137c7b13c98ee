//! The registry, asked over HTTP and not through the tool that is tested: one request per
//! connection, plain, to loopback.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

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
    let (head, body) = ask("GET", repository, tag, &format!("Accept: {ACCEPT}\r\n"), "");
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
    assert_eq!(digest, format!("sha256:{}", sha256_hex(&body)));
    Some(RegistryManifest {
        media_type: header("content-type"),
        digest,
        content: serde_json::from_slice(&body).unwrap(),
    })
}

/// Lets a tag lead to a manifest made of the blobs that the repository has already.
#[track_caller]
pub(crate) fn put_manifest(repository: &str, tag: &str, content: &Value) {
    let body = content.to_string();
    let headers = format!(
        "Content-Type: {}\r\nContent-Length: {}\r\n",
        content["mediaType"].as_str().expect("a manifest has a type"),
        body.len()
    );
    let (head, _) = ask("PUT", repository, tag, &headers, &body);
    assert_eq!(head.split(' ').nth(1), Some("201"), "{head}");
}

/// Takes a manifest and all of its tags away; its blobs stay.
#[track_caller]
pub(crate) fn remove_manifest(repository: &str, digest: &str) {
    let (head, _) = ask("DELETE", repository, digest, "", "");
    assert_eq!(head.split(' ').nth(1), Some("202"), "{head}");
}

/// One request about a tag; gives the answer's head and body.
#[track_caller]
fn ask(method: &str, repository: &str, tag: &str, headers: &str, body: &str) -> (String, Vec<u8>) {
    let (host, path) = repository.split_once('/').expect("it is in a registry");
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "{method} /v2/{path}/manifests/{tag} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end =
        answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("headers have an end");
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every text");
        text
    })
}
