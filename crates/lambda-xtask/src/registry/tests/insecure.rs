//! Registries of a LAN without TLS: only those that docker's engine names are asked by HTTP.

use std::fs;

use super::super::RegistryError;
use super::super::fixture::{Reply, Seen, Server, World, reply, reply_with};
use super::super::transport::tests::start_tls_server;
use super::authorization::write_program;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The server's address by a name that is not known to be this machine's.
fn host_of(server: &Server) -> String {
    server.address.replace("127.0.0.1", "0.0.0.0")
}

/// A world whose engine says that this host is insecure, or not.
fn world(host: &str, auths: &str, is_insecure: bool) -> World {
    let said = format!(
        r#"{{"InsecureRegistryCIDRs":["127.0.0.0/8"],"IndexConfigs":{{"{host}":{{"Secure":{}}}}}}}"#,
        !is_insecure
    );
    World::with(auths, None, |environment, folder| {
        let calls = folder.path().join("calls");
        let script = format!("echo \"$*\" >> '{}'\necho '{said}'", calls.display());
        write_program(folder.path(), "docker", &script);
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let environment = environment.with("PATH", path);
        environment.with("NO_PROXY", "0.0.0.0").with("no_proxy", "0.0.0.0")
    })
}

fn calls(world: &World) -> String {
    fs::read_to_string(world.folder.path().join("calls")).unwrap_or_default()
}

const ASKED: &str = "info --format {{json .RegistryConfig}}\n";

#[test]
fn an_insecure_registry_is_asked_by_http_from_then_on() {
    let server = Server::start(|_, _| reply(200, &[("Docker-Content-Digest", DIGEST)]));
    let host = host_of(&server);
    let world = world(&host, "", true);
    for _ in 0..2 {
        let found = world.client.resolve(&format!("{host}/a/b:1").parse().unwrap()).unwrap();
        assert_eq!(found.unwrap().as_str(), DIGEST);
    }
    assert_eq!(server.requests(), ["HEAD /v2/a/b/manifests/1"; 2]);
    // The one that spoke TLS, and one that was kept.
    assert_eq!(server.connections(), 2);
    assert_eq!(calls(&world), ASKED);
    assert!(world.waits().is_empty());
}

#[test]
fn others_are_not_asked_without_tls() {
    let server = Server::start(|_, _| reply(200, &[("Docker-Content-Digest", DIGEST)]));
    let host = host_of(&server);
    let world = world(&host, "", false);
    let error = world.client.resolve(&format!("{host}/a/b:1").parse().unwrap()).unwrap_err();
    assert!(matches!(error, RegistryError::Tls { .. }), "{error:?}");
    assert_eq!(server.requests(), [""; 0]);
    assert_eq!(calls(&world), ASKED);

    // On this machine there is no TLS, and no engine to ask.
    assert!(world.client.resolve(&server.reference("a/b:1")).unwrap().is_some());
    assert_eq!(calls(&world), ASKED);
}

#[test]
fn who_speaks_tls_as_somebody_else_is_not_asked_without() {
    let (host, _folder) = start_tls_server();
    let world = world(&host, "", true);
    let error = world.client.resolve(&format!("{host}/a/b:1").parse().unwrap()).unwrap_err();
    assert!(matches!(error, RegistryError::Tls { .. }), "{error:?}");
    assert_eq!(calls(&world), "");
}

/// Lets in who has a token, and gives one at this place.
fn token_server(realm_of: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    Server::start(move |_, seen: &Seen| -> Reply {
        if seen.what.starts_with("GET /token") {
            return reply_with(200, &[], r#"{"token":"t"}"#);
        }
        if seen.authorization() == Some("Bearer t") {
            return reply(200, &[("Docker-Content-Digest", DIGEST)]);
        }
        let realm = realm_of(&seen.headers["host"]);
        reply(401, &[("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""))])
    })
}

#[test]
fn its_own_tokens_may_come_without_tls_and_nobody_else_s() {
    let check = |realm_of: fn(&str) -> String, is_asked: bool| {
        let server = token_server(realm_of);
        let host = host_of(&server);
        // `user:secret`
        let world = world(&host, &format!(r#""{host}":{{"auth":"dXNlcjpzZWNyZXQ="}}"#), true);
        let result = world.client.resolve(&format!("{host}/a/b:1").parse().unwrap());
        let requests = server.requests();
        let asked = requests.iter().any(|request| request.starts_with("GET /token"));
        assert_eq!(asked, is_asked, "{requests:?}");
        match is_asked {
            true => assert_eq!(result.unwrap().unwrap().as_str(), DIGEST),
            false => assert!(matches!(result, Err(RegistryError::InsecureRealm { .. }))),
        }
    };
    check(|host| format!("http://{host}/token"), true);
    check(|_| "http://tokens.example/token".to_owned(), false);
}
