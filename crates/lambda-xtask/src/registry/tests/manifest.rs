//! Manifests and tags: the same bytes under another name, and what stands in the way.

use lambda_images::reference::Digest;

use super::super::RegistryError;
use super::super::fixture::{Reply, Server, World, reply, reply_with};
use super::super::manifest::RawManifest;

const BYTES: &str = r#"{ "schemaVersion": 2 }"#;
/// Of these bytes.
const DIGEST: &str = "sha256:0467ad45d6957ca671e3d219aa5965d47f8621823a80c8e76174bcc1b9a225fd";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn manifest_reply() -> Reply {
    reply_with(200, &[("Content-Type", TYPE), ("Docker-Content-Digest", DIGEST)], BYTES)
}

/// The manifest, and what becomes of giving it the tag `new`, which `put` answers, where `new` leads
/// to `now` afterwards.
fn tag(put: Reply, now: Option<&'static str>) -> (Server, Result<(), RegistryError>) {
    let put = std::sync::Mutex::new(Some(put));
    let server = Server::start(move |_, seen| match seen.what.split(' ').next() {
        Some("PUT") => put.lock().unwrap().take().unwrap(),
        Some("HEAD") => match now {
            Some(digest) => reply(200, &[("Docker-Content-Digest", digest)]),
            None => reply(404, &[]),
        },
        _ => manifest_reply(),
    });
    let world = World::new("");
    let manifest = fetch(&world, &server).unwrap();
    let result = world.client.tag(&server.reference("a/b:new"), &manifest);
    (server, result)
}

fn fetch(world: &World, server: &Server) -> Result<RawManifest, RegistryError> {
    let digest: Digest = DIGEST.parse().unwrap();
    world.client.manifest(&server.reference("a/b:old").pinned(&digest)).map(Option::unwrap)
}

#[test]
fn a_new_name_is_the_same_bytes() {
    let created = reply(201, &[("Docker-Content-Digest", DIGEST)]);
    let (server, result) = tag(created, None);
    assert_eq!(result, Ok(()));
    let seen = server.seen();
    assert_eq!(seen[0].what, format!("GET /v2/a/b/manifests/{DIGEST}"));
    assert_eq!(seen[1].what, "PUT /v2/a/b/manifests/new");
    assert_eq!((seen[1].body.as_str(), seen[1].headers["content-type"].as_str()), (BYTES, TYPE));
    assert_eq!(seen.len(), 2);
}

/// As ECR says it.
fn immutable() -> Reply {
    let body = r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'new' already exists in the 'a/b' repository and cannot be overwritten because the tag is immutable."}]}"#;
    reply_with(400, &[], body)
}

#[test]
fn an_immutable_tag_is_right_where_it_leads_to_the_same_image() {
    assert_eq!(tag(immutable(), Some(DIGEST)).1, Ok(()));
    let (server, result) = tag(immutable(), Some(OTHER));
    let error = result.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}/a/b:new` leads to another image: it is `{OTHER}`, not `{DIGEST}`\n\
             hint: somebody else gave that tag: remove it, or move it by `--force`, which builds anew (immutable tags can't be moved)",
            server.address
        )
    );
}

#[test]
fn other_refusals_are_told_as_they_are() {
    let body = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}"#;
    let (server, result) = tag(reply_with(400, &[], body), None);
    let error = result.unwrap_err();
    assert_eq!(
        error,
        RegistryError::Unexpected {
            request: format!("PUT http://{}/v2/a/b/manifests/new", server.address),
            status: 400,
            said: "MANIFEST_BLOB_UNKNOWN blob unknown".to_owned()
        }
    );
}

#[test]
fn bytes_are_what_their_digest_says() {
    let server =
        Server::start(|_, _| reply_with(200, &[("Content-Type", TYPE)], r#"{"schemaVersion":2}"#));
    let error = fetch(&World::new(""), &server).unwrap_err();
    assert!(matches!(error, RegistryError::WrongBytes { .. }), "{error:?}");
}

#[test]
fn a_registry_that_tells_no_digest_is_asked_for_the_bytes() {
    let server = Server::start(|_, _| reply_with(200, &[("Content-Type", TYPE)], BYTES));
    let digest = World::new("").client.resolve(&server.reference("a/b:1")).unwrap();
    assert_eq!(digest.unwrap().as_str(), DIGEST);
    assert_eq!(server.requests(), ["HEAD /v2/a/b/manifests/1", "GET /v2/a/b/manifests/1"]);
}

/// What a registry that tells no digest is taken for, by the answer to a GET.
#[track_caller]
fn check_no_manifest(media_type: &str, body: &'static str, found: &str) {
    let media_type = media_type.to_owned();
    let server = Server::start(move |_, _| reply_with(200, &[("Content-Type", &media_type)], body));
    let error = World::new("").client.resolve(&server.reference("a/b:1")).unwrap_err();
    let request = format!("GET http://{}/v2/a/b/manifests/1", server.address);
    assert_eq!(error, RegistryError::NotAManifest { request, found: found.to_owned() });
    assert!(error.to_string().contains("a sign-in page or a proxy"), "{error}");
}

#[test]
fn a_page_is_no_image() {
    check_no_manifest("text/html; charset=utf-8", "<html>Sign in</html>", "`text/html`");
    check_no_manifest("application/json", BYTES, "`application/json`");
    let without = format!("`{TYPE}` without `schemaVersion` 2");
    for body in ["<html>Sign in</html>", "{}", r#"{"schemaVersion":1}"#, "[]"] {
        check_no_manifest(TYPE, body, &without);
    }
}

#[test]
fn a_type_may_have_parameters() {
    let media_type = format!("{TYPE}; charset=utf-8");
    let server =
        Server::start(move |_, _| reply_with(200, &[("Content-Type", &media_type)], BYTES));
    let digest = World::new("").client.resolve(&server.reference("a/b:1")).unwrap();
    assert_eq!(digest.unwrap().as_str(), DIGEST);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |_, seen| match seen.what.contains("/v2/") {
            true => reply(status, &[("Location", "/sign-in?state=s3cret#x")]),
            false => manifest_reply(),
        });
        let world = World::new("");
        let error = world.client.resolve(&server.reference("a/b:1")).unwrap_err();
        let request = format!("HEAD http://{}/v2/a/b/manifests/1", server.address);
        let to = "/sign-in".to_owned();
        assert_eq!(error, RegistryError::Redirect { request, status, to });
        let found = world.client.manifest(&server.reference("a/b:1"));
        assert!(matches!(found, Err(RegistryError::Redirect { .. })), "{found:?}");
        let requests = ["HEAD /v2/a/b/manifests/1", "GET /v2/a/b/manifests/1"];
        assert_eq!(server.requests(), requests);
    }
    let (server, result) = tag(reply(302, &[("Location", "http://127.0.0.1:1/")]), Some(DIGEST));
    assert!(matches!(result, Err(RegistryError::Redirect { .. })), "{result:?}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_name_that_is_not_said_to_be_created_is_looked_for() {
    let page = || reply_with(200, &[("Content-Type", "text/html")], "<html>Sign in</html>");
    let (server, result) = tag(page(), Some(DIGEST));
    assert_eq!(result, Ok(()));
    assert_eq!(server.requests().last().unwrap(), "HEAD /v2/a/b/manifests/new");
    let (_, result) = tag(page(), None);
    assert!(matches!(result, Err(RegistryError::Unexpected { status: 200, .. })), "{result:?}");
    // What it says itself does not count.
    let (_, result) = tag(reply(202, &[("Docker-Content-Digest", DIGEST)]), Some(OTHER));
    assert!(matches!(result, Err(RegistryError::TagTaken { .. })), "{result:?}");
    assert_eq!(tag(reply(201, &[]), None).1, Ok(()));
}

#[test]
fn what_is_not_there_is_nothing() {
    let server = Server::start(|_, _| reply(404, &[]));
    let client = World::new("").client;
    assert_eq!(client.resolve(&server.reference("a/b:1")), Ok(None));
    assert_eq!(client.manifest(&server.reference("a/b:1")), Ok(None));
}
