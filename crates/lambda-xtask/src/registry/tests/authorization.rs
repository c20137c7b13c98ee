//! Passwords, tokens, and a login where neither is there.

use std::fs;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_images::ecr::Ecr;

use super::super::RegistryError;
use super::super::endpoint::Endpoint;
use super::super::fixture::{Reply, Server, World, reply, reply_with, write_program};
use super::super::token::{Wanted, fetch_token};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// `user:secret`
const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

fn found() -> Reply {
    reply(200, &[("Docker-Content-Digest", DIGEST)])
}

fn basic_server() -> Server {
    Server::start(|_, seen| match seen.authorization() {
        Some(BASIC) => found(),
        _ => reply(401, &[("WWW-Authenticate", "Basic realm=\"x\"")]),
    })
}

fn entry(server: &Server, auth: &str) -> String {
    format!(r#""{}":{{"auth":"{auth}"}}"#, server.address)
}

#[test]
fn a_password_is_sent_when_it_is_asked_for_and_then_always() {
    let server = basic_server();
    let world = World::new(&entry(&server, "dXNlcjpzZWNyZXQ="));
    for name in ["a:1", "b:1", "b:2"] {
        assert!(world.client.resolve(&server.reference(name)).unwrap().is_some());
    }
    let sent: Vec<bool> = server.seen().iter().map(|seen| seen.authorization().is_some()).collect();
    assert_eq!(sent, [false, true, true, true]);
}

#[test]
fn without_a_password_the_mend_is_a_login() {
    let server = basic_server();
    let world = World::new("");
    let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
    let host = server.address.clone();
    assert_eq!(error, RegistryError::NoCredentials { host: host.clone(), is_ecr: false });
    assert!(
        error
            .to_string()
            .ends_with(&format!("hint: `docker login {host}`, as somebody who may pull and push")),
        "{error}"
    );
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let server = basic_server();
    // `user:other`
    let world = World::new(&entry(&server, "dXNlcjpvdGhlcg=="));
    let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
    assert!(matches!(error, RegistryError::Refused { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("other"), "{error:?}");
    assert_eq!(server.requests().len(), 2);
}

/// Gives a token for each scope that is good for `uses` answers.
fn token_server(uses: usize) -> Server {
    let address: Arc<OnceLock<String>> = Arc::default();
    let (own, count) = (Arc::clone(&address), AtomicUsize::new(0));
    let server = Server::start(move |_, seen| {
        if let Some(query) = seen.what.strip_prefix("GET /token?") {
            count.store(0, Ordering::SeqCst);
            return reply_with(200, &[], &format!(r#"{{"token":"for {query}"}}"#));
        }
        if seen.what == "POST /token" {
            return reply_with(200, &[], r#"{"access_token":"for an identity"}"#);
        }
        let is_good = seen.authorization().is_some_and(|header| header.starts_with("Bearer for "));
        if is_good && count.fetch_add(1, Ordering::SeqCst) < uses {
            return found();
        }
        let challenge =
            format!("Bearer realm=\"http://{}/token\",service=\"s\"", own.get().unwrap());
        reply(401, &[("WWW-Authenticate", &challenge)])
    });
    address.set(server.address.clone()).unwrap();
    server
}

#[test]
fn a_token_is_fetched_for_each_repository_and_again_when_it_is_old() {
    let server = token_server(2);
    let world = World::new(&entry(&server, "dXNlcjpzZWNyZXQ="));
    for name in ["a:1", "a:2", "a:3", "b:1"] {
        assert!(world.client.resolve(&server.reference(name)).unwrap().is_some());
    }
    let token =
        |repository: &str| format!("GET /token?scope=repository%3A{repository}%3Apull&service=s");
    assert_eq!(
        server.requests(),
        [
            "HEAD /v2/a/manifests/1",
            &token("a"),
            "HEAD /v2/a/manifests/1",
            "HEAD /v2/a/manifests/2",
            // Two uses: it is old now.
            "HEAD /v2/a/manifests/3",
            &token("a"),
            "HEAD /v2/a/manifests/3",
            // Whoever asks for tokens is known by now.
            &token("b"),
            "HEAD /v2/b/manifests/1",
        ]
    );
    assert_eq!(server.seen()[1].authorization(), Some(BASIC));
    let header = "Bearer for scope=repository%3Aa%3Apull&service=s";
    assert_eq!(server.seen()[2].authorization(), Some(header));
}

#[test]
fn tokens_are_given_to_strangers_and_for_identities() {
    let server = token_server(9);
    let world = World::new("");
    assert!(world.client.resolve(&server.reference("a:1")).unwrap().is_some());
    assert_eq!(server.seen()[1].authorization(), None);

    let server = token_server(9);
    let auths = format!(r#""{}":{{"identitytoken":"s3cret+"}}"#, server.address);
    let world = World::new(&auths);
    assert!(world.client.resolve(&server.reference("a:1")).unwrap().is_some());
    let body = "scope=repository%3Aa%3Apull&service=s&grant_type=refresh_token&client_id=lambda-xtask&refresh_token=s3cret%2B";
    assert_eq!(server.seen()[1].body, body);
}

#[test]
fn a_token_is_asked_for_by_https_unless_the_registry_is_here() {
    let server = token_server(9);
    let realm = format!("http://{}/token", server.address);
    let world = World::new("");
    let fetch = |host: &str| {
        let endpoint = Endpoint { host: host.to_owned(), path: "a".to_owned() };
        let wanted = Wanted { realm: &realm, service: None, scope: "s".to_owned() };
        fetch_token(&world.client, &endpoint, &wanted, None)
    };
    let host = "registry.example".to_owned();
    let error = fetch(&host).unwrap_err();
    assert_eq!(error, RegistryError::InsecureRealm { host, realm: realm.clone() });
    assert!(server.requests().is_empty());
    assert_eq!(fetch("localhost:5000").unwrap(), "for scope=s");
}

#[test]
fn a_bare_403_is_a_refusal_and_teaches_nothing() {
    // The first answer is a firewall's.
    let server = Server::start(|number, seen| match seen.authorization() {
        _ if number == 0 => reply(403, &[]),
        Some(BASIC) => found(),
        _ => reply(401, &[("WWW-Authenticate", "Basic realm=\"x\"")]),
    });
    let world = World::new(&entry(&server, "dXNlcjpzZWNyZXQ="));
    let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
    let (host, said) = (server.address.clone(), "status 403".to_owned());
    assert_eq!(error, RegistryError::Forbidden { host, said });
    assert_eq!(server.requests().len(), 1);
    assert!(world.client.resolve(&server.reference("a:1")).unwrap().is_some());
    let sent: Vec<bool> = server.seen().iter().map(|seen| seen.authorization().is_some()).collect();
    assert_eq!(sent, [false, false, true]);
}

#[test]
fn a_401_that_asks_for_nothing_is_a_refusal() {
    for headers in [&[][..], &[("WWW-Authenticate", "Negotiate")][..]] {
        let server = Server::start(move |_, _| reply(401, headers));
        let world = World::new(&entry(&server, "dXNlcjpzZWNyZXQ="));
        let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
        assert!(matches!(error, RegistryError::Forbidden { .. }), "{error:?}");
        assert!(server.seen().iter().all(|seen| seen.authorization().is_none()));
    }
}

#[test]
fn a_new_challenge_takes_the_place_of_the_old() {
    let address: Arc<OnceLock<String>> = Arc::default();
    let own = Arc::clone(&address);
    // A proxy asks first, and later the registry.
    let server = Server::start(move |number, seen| {
        if seen.what.starts_with("GET /token?") {
            return reply_with(200, &[], r#"{"token":"one"}"#);
        }
        match seen.authorization() {
            Some(BASIC) if number < 2 => found(),
            Some("Bearer one") => found(),
            _ if number == 0 => reply(401, &[("WWW-Authenticate", "Basic realm=\"x\"")]),
            _ => {
                let bearer = format!("Bearer realm=\"http://{}/token\"", own.get().unwrap());
                reply(401, &[("WWW-Authenticate", &bearer)])
            }
        }
    });
    address.set(server.address.clone()).unwrap();
    let world = World::new(&entry(&server, "dXNlcjpzZWNyZXQ="));
    for name in ["a:1", "a:2", "a:3"] {
        assert!(world.client.resolve(&server.reference(name)).unwrap().is_some());
    }
    let sent: Vec<_> =
        server.seen().iter().map(|seen| seen.headers.get("authorization").cloned()).collect();
    let sent: Vec<_> = sent.iter().map(Option::as_deref).collect();
    let token = Some("Bearer one");
    assert_eq!(sent, [None, Some(BASIC), Some(BASIC), Some(BASIC), token, token]);
}

/// A world in which `aws` gives this password, and `docker login` keeps what it is given.
fn ecr_world(server: &Server, auths: &str, password: &str) -> World {
    let ecr = Some(Ecr { region: "eu-west-1".to_owned(), account: None });
    World::with(auths, ecr, |environment, folder| {
        let aws = format!("echo \"aws $*\" >> '{}/calls'; {password}", folder.path().display());
        write_program(folder.path(), "aws", &aws);
        let docker = format!(
            "echo \"docker $*\" >> '{folder}/calls'\n\
             auth=$(printf 'user:%s' \"$(cat)\" | base64)\n\
             printf '{{\"auths\":{{\"{host}\":{{\"auth\":\"%s\"}}}}}}' \"$auth\" > '{folder}/config.json'",
            folder = folder.path().display(),
            host = server.address,
        );
        write_program(folder.path(), "docker", &docker);
        environment.with("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
    })
}

fn calls(world: &World) -> String {
    fs::read_to_string(world.folder.path().join("calls")).unwrap_or_default()
}

#[test]
fn ecr_is_logged_in_to_once_where_docker_has_nothing_or_something_old() {
    let server = basic_server();
    let expired = entry(&server, "dXNlcjpvbGQ=");
    for auths in ["", expired.as_str()] {
        let world = ecr_world(&server, auths, "echo secret");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (client, server) = (&world.client, &server);
                scope.spawn(move || {
                    let reference = server.reference(&format!("a{number}:1"));
                    assert!(client.resolve(&reference).unwrap().is_some());
                });
            }
        });
        let host = &server.address;
        let wanted = format!(
            "aws ecr get-login-password --region eu-west-1\n\
             docker login --username AWS --password-stdin {host}\n"
        );
        assert_eq!(calls(&world), wanted);
    }
}

#[test]
fn a_login_that_does_not_help_is_not_repeated() {
    let server = basic_server();
    let world = ecr_world(&server, "", "echo not-it");
    let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
    assert!(matches!(error, RegistryError::Refused { is_ecr: true, .. }), "{error:?}");
    assert!(error.to_string().contains("hint: `aws ecr get-login-password"), "{error}");
    assert_eq!(calls(&world).lines().count(), 2);
    assert!(!format!("{error:?}").contains("not-it"), "{error:?}");
}

#[test]
fn a_login_that_fails_says_which_command() {
    let server = basic_server();
    let world = ecr_world(&server, "", "echo 'Unable to locate credentials' >&2; exit 255");
    let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to run `aws ecr get-login-password --region eu-west-1`: Unable to locate credentials\n\
             hint: `aws sts get-caller-identity` tells whether the AWS client has credentials (`AWS_PROFILE`, `aws sso login`)"
    );
}

/// Where it were not ended, this test would not end either.
#[test]
fn a_login_that_does_not_end_is_ended() {
    let server = basic_server();
    // As the AWS client that waits for an MFA code; also one that Ctrl-C does not end.
    for wait in ["exec tail -f /dev/null", "trap '' INT; exec tail -f /dev/null"] {
        let mut world = ecr_world(&server, "", wait);
        world.client.login_limit = Duration::ZERO;
        let error = world.client.resolve(&server.reference("a:1")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`aws ecr get-login-password --region eu-west-1` did not end within 0 s\n\
             hint: does it ask for something, such as an MFA code, or wait for the network? \
             `aws sts get-caller-identity` by hand shows it, and the AWS client keeps the session of a role"
        );
    }
}

/// Requests to its host don't wait for it one after the other, and others not at all.
#[test]
fn a_helper_without_an_answer_is_asked_once() {
    let (silent, open) = (basic_server(), basic_server());
    let mut world = World::with(&entry(&open, "dXNlcjpzZWNyZXQ="), None, |environment, folder| {
        let config = folder.path().join("config.json");
        let auths = fs::read_to_string(&config).unwrap();
        let helpers = format!(r#""credHelpers":{{"{}":"silent"}}}}"#, silent.address);
        fs::write(&config, format!("{},{helpers}", auths.strip_suffix('}').unwrap())).unwrap();
        let helper = format!("echo asked >> '{}/calls'; exec sleep 60", folder.path().display());
        write_program(folder.path(), "docker-credential-silent", &helper);
        environment.with("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
    });
    world.client.login_limit = Duration::from_secs(1);
    let (client, silent, open) = (&world.client, &silent, &open);
    std::thread::scope(|scope| {
        for name in ["a:1", "b:1", "c:1", "d:1"] {
            scope.spawn(move || {
                let error = client.resolve(&silent.reference(name)).unwrap_err();
                let message = format!(
                    "`docker-credential-silent` gave no credentials for `{}`: it gave no answer within 1 s",
                    silent.address
                );
                assert!(error.to_string().starts_with(&message), "{error}");
            });
        }
        assert!(client.resolve(&open.reference("a:1")).unwrap().is_some());
    });
    assert_eq!(calls(&world), "asked\n");
}
