//! Registries of a LAN without TLS: only those that docker's engine names are asked by HTTP.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use super::super::RegistryError;
use super::super::fixture::{Reply, Seen, Server, World, reply, reply_with, write_program};
use super::super::transport::tests::start_tls_server;
use crate::environment::Environment;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The server's address by a name that is not known to be this machine's.
fn host_of(server: &Server) -> String {
    server.address.replace("127.0.0.1", "0.0.0.0")
}

/// A world whose engine says that this host is insecure, or not.
fn world(host: &str, auths: &str, is_insecure: bool) -> World {
    world_with(host, auths, is_insecure, |environment| environment)
}

fn world_with(
    host: &str,
    auths: &str,
    is_insecure: bool,
    change: impl FnOnce(Environment) -> Environment,
) -> World {
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
        change(environment.with("NO_PROXY", "0.0.0.0").with("no_proxy", "0.0.0.0"))
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

/// What becomes of a connection.
enum Way {
    Through,
    HangUp,
    /// As servers that speak TLS answer who does not.
    NotHttp,
}

/// Stands before a server; what came is whether each connection began with TLS.
struct Relay {
    host: String,
    came: Arc<Mutex<Vec<bool>>>,
    /// Ends when nobody is let in any more.
    door: thread::JoinHandle<()>,
}

impl Relay {
    /// `way` is given the number of a connection, and whether it begins with TLS; `connections` are let
    /// in.
    fn before(
        server: String,
        connections: usize,
        way: impl Fn(usize, bool) -> Way + Send + 'static,
    ) -> Relay {
        let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let came: Arc<Mutex<Vec<bool>>> = Arc::default();
        let seen = Arc::clone(&came);
        let door = thread::spawn(move || {
            for (number, client) in listener.incoming().take(connections).enumerate() {
                let client = client.unwrap();
                let mut first = [0];
                client.peek(&mut first).unwrap();
                // A record of TLS that shakes hands.
                let is_tls = first == [22];
                seen.lock().unwrap().push(is_tls);
                match way(number, is_tls) {
                    Way::Through => pass(client, TcpStream::connect(&server).unwrap()),
                    Way::HangUp => {}
                    Way::NotHttp => refuse(client),
                }
            }
        });
        Relay { host, came, door }
    }

    fn came(&self) -> Vec<bool> {
        self.came.lock().unwrap().clone()
    }

    fn resolve(&self, world: &World) -> Result<Option<String>, RegistryError> {
        let found = world.client.resolve(&format!("{}/a/b:1", self.host).parse().unwrap());
        found.map(|found| found.map(|digest| digest.to_string()))
    }

    /// A world that trusts the server behind it, and whose engine holds it for insecure.
    fn world(&self, certificates: &TempDir) -> World {
        let file = certificates.path().join("ca.crt");
        world_with(&self.host, "", true, |environment| environment.with("SSL_CERT_FILE", file))
    }
}

/// Till one of them hangs up, which has his reasons, and the test will see.
fn pass(client: TcpStream, server: TcpStream) {
    let one_way = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            drop(io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Both));
        });
    };
    one_way(client.try_clone().unwrap(), server.try_clone().unwrap());
    one_way(server, client);
}

fn refuse(client: TcpStream) {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let answer = b"HTTP/1.1 400 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();
}

/// The TLS server answers all by status 204, which is nothing that is known of a tag.
#[track_caller]
fn is_of_tls(result: &Result<Option<String>, RegistryError>) {
    let Err(RegistryError::Unexpected { request, status: 204, .. }) = result else {
        panic!("{result:?}")
    };
    assert!(request.starts_with("HEAD https://"), "{request}");
}

#[test]
fn who_has_answered_by_tls_is_never_asked_without() {
    let (server, certificates) = start_tls_server();
    let relay = Relay::before(server, usize::MAX, |number, _| match number {
        0 => Way::Through,
        _ => Way::HangUp,
    });
    let world = relay.world(&certificates);
    is_of_tls(&relay.resolve(&world));
    let error = relay.resolve(&world).unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error:?}");
    assert!(!world.waits().is_empty(), "it is tried again");
    let came = relay.came();
    assert!(came.len() > 2 && came.iter().all(|is_tls| *is_tls), "{came:?}");
    assert_eq!(calls(&world), "");
}

#[test]
fn who_has_answered_by_tls_and_refuses_now_is_never_asked_without() {
    let (server, certificates) = start_tls_server();
    let relay = Relay::before(server, 1, |_, _| Way::Through);
    let world = relay.world(&certificates);
    is_of_tls(&relay.resolve(&world));
    let Relay { host, door, .. } = relay;
    door.join().unwrap();
    let result = world.client.resolve(&format!("{host}/a/b:1").parse().unwrap());
    assert!(matches!(result, Err(RegistryError::Unreachable { .. })), "{result:?}");
    assert_eq!(calls(&world), "");
}

#[test]
fn who_hangs_up_on_tls_and_answers_without_is_asked_so_from_then_on() {
    let server = Server::start(|_, _| reply(200, &[("Docker-Content-Digest", DIGEST)]));
    let relay = Relay::before(server.address.clone(), usize::MAX, |_, is_tls| match is_tls {
        true => Way::HangUp,
        false => Way::Through,
    });
    let world = world(&relay.host, "", true);
    for _ in 0..2 {
        assert_eq!(relay.resolve(&world).unwrap().as_deref(), Some(DIGEST));
    }
    assert_eq!(relay.came(), [true, false]);
}

#[test]
fn one_broken_connection_makes_no_host_a_plain_one() {
    // Without TLS there is no answer, or none but that TLS is wanted.
    for plain in [|| Way::HangUp, || Way::NotHttp] {
        let (server, certificates) = start_tls_server();
        let relay =
            Relay::before(server, usize::MAX, move |number, is_tls| match (number, is_tls) {
                (0, _) => Way::HangUp,
                (_, true) => Way::Through,
                (_, false) => plain(),
            });
        let world = relay.world(&certificates);
        is_of_tls(&relay.resolve(&world));
        assert_eq!(relay.came(), [true, false, true]);
        assert_eq!(world.waits().len(), 1);
    }
}

/// The credentials of a sign-in are in its first request.
#[test]
fn credentials_follow_no_broken_connection() {
    let token = Server::start(|_, _| reply_with(200, &[], r#"{"token":"t"}"#));
    let relay = Relay::before(token.address.clone(), usize::MAX, |_, is_tls| match is_tls {
        true => Way::HangUp,
        false => Way::Through,
    });
    let realm = format!("https://{}/token", relay.host);
    let server = Server::start(move |_, _| {
        reply(401, &[("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""))])
    });
    // `user:secret`
    let auths = format!(r#""{}":{{"auth":"dXNlcjpzZWNyZXQ="}}"#, server.address);
    let world = world(&relay.host, &auths, true);
    let result = world.client.resolve(&server.reference("a/b:1"));
    assert!(matches!(result, Err(RegistryError::Unreachable { .. })), "{result:?}");
    assert!(relay.came().iter().all(|is_tls| *is_tls), "{:?}", relay.came());
    assert_eq!(token.requests(), [""; 0]);
}
