//! A registry that is busy, breaks connections, or is not there.

use std::net::TcpListener;
use std::time::Duration;

use super::super::RegistryError;
use super::super::fixture::{Reply, Server, World, reply};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn found() -> Reply {
    reply(200, &[("Docker-Content-Digest", DIGEST)])
}

/// What comes of a registry that fails in this way, in the first `times` requests.
fn ask(
    times: usize,
    fail: impl Fn() -> Reply + Send + Sync + 'static,
) -> (World, Server, Result<(), RegistryError>) {
    let server = Server::start(move |number, _| if number < times { fail() } else { found() });
    let world = World::new("");
    let result = world.client.resolve(&server.reference("a/b:1"));
    let result = result.map(|digest| assert_eq!(digest.unwrap().as_str(), DIGEST));
    (world, server, result)
}

#[test]
fn a_busy_registry_is_asked_again_when_it_says() {
    let (world, server, result) = ask(2, || reply(429, &[("Retry-After", "3")]));
    assert_eq!(result, Ok(()));
    assert_eq!(server.requests(), ["HEAD /v2/a/b/manifests/1"; 3]);
    let waits = world.waits();
    let is_right = |wait: &Duration| (3.0..4.0).contains(&wait.as_secs_f64());
    assert!(waits.len() == 2 && waits.iter().all(is_right), "{waits:?}");
}

#[test]
fn a_failing_registry_is_asked_again_at_longer_intervals() {
    let (world, server, result) = ask(3, || reply(503, &[]));
    assert_eq!(result, Ok(()));
    assert_eq!(server.connections(), 1);
    let waits = world.waits();
    assert!(waits.len() == 3 && waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
}

#[test]
fn broken_connections_are_made_anew() {
    let (world, server, result) = ask(2, || Reply::HangUp);
    assert_eq!(result, Ok(()));
    assert_eq!((server.requests().len(), world.waits().len()), (3, 2));
}

#[test]
fn patience_ends() {
    let (world, server, result) = ask(usize::MAX, || reply(500, &[]));
    let host = server.address.clone();
    let said = "status 500".to_owned();
    assert_eq!(result, Err(RegistryError::Failing { host, status: 500, attempts: 7, said }));
    assert_eq!((server.requests().len(), world.waits().len()), (7, 6));

    let (world, server, result) = ask(usize::MAX, || reply(429, &[]));
    let Err(RegistryError::RateLimited { waited, .. }) = result else { panic!("{result:?}") };
    assert_eq!(waited, world.waits().iter().sum::<Duration>());
    assert_eq!(server.requests().len(), 7);

    let (world, server, result) = ask(usize::MAX, || reply(429, &[("Retry-After", "3600")]));
    assert!(matches!(result, Err(RegistryError::RateLimited { .. })), "{result:?}");
    assert_eq!((server.requests().len(), world.waits().len()), (1, 0));

    let endless = || reply(429, &[("Retry-After", "18446744073709551615")]);
    let (world, _, result) = ask(usize::MAX, endless);
    assert!(matches!(result, Err(RegistryError::RateLimited { .. })), "{result:?}");
    assert!(world.waits().is_empty());

    let (_, _, result) = ask(usize::MAX, || Reply::HangUp);
    assert!(matches!(result, Err(RegistryError::Unreachable { .. })), "{result:?}");
}

#[test]
fn nobody_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = World::new("");
    let error = world.client.resolve(&format!("{address}/a:1").parse().unwrap()).unwrap_err();
    let text = error.to_string();
    let start = format!("the registry `{address}` can't be reached: Connection refused");
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains("\nhint: is `registry` right"), "{text}");
    assert!(world.waits().is_empty());
}

#[test]
fn many_questions_share_few_connections() {
    let server = Server::start(|_, _| found());
    let world = World::new("");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, server) = (&world.client, &server);
            scope.spawn(move || {
                for number in 0..25 {
                    let reference = server.reference(&format!("image-{thread}-{number}:1"));
                    assert!(client.resolve(&reference).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 200);
    assert!(server.connections() <= 8, "{}", server.connections());
}
