//! Requests that are ended: by this machine's own clock, which nobody waits for.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::super::RegistryError;
use super::super::fixture::{Reply, Server, World, reply};
use super::super::retry::SystemClock;
use crate::process::Ending;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn busy() -> Reply {
    reply(429, &[("Retry-After", "50")])
}

/// A server, and what tells of each request that has come to it.
fn server(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Server, Receiver<()>) {
    let (sender, came) = channel();
    let sender: Mutex<Sender<()>> = Mutex::new(sender);
    let server = Server::start(move |number, _| {
        sender.lock().unwrap().send(()).unwrap_or_default();
        script(number)
    });
    (server, came)
}

fn world() -> World {
    let mut world = World::new("");
    world.client.clock = Box::new(SystemClock);
    world
}

/// Asks, and ends that once the request has come to the server.
fn ask_and_end(
    world: &World,
    server: &Server,
    came: Receiver<()>,
    ending: Ending,
) -> Result<(), RegistryError> {
    thread::scope(|scope| {
        scope.spawn(move || {
            came.recv().unwrap();
            world.client.end(ending);
        });
        world.client.resolve(&server.reference("a/b:1")).map(drop)
    })
}

fn interrupted(server: &Server) -> Result<(), RegistryError> {
    Err(RegistryError::Interrupted { host: server.address.clone() })
}

#[test]
fn a_wait_is_ended_and_none_begins_after_it() {
    let (server, came) = server(|_| busy());
    let world = world();
    let result = ask_and_end(&world, &server, came, Ending::Interrupt);
    assert_eq!(result, interrupted(&server));
    assert_eq!(server.requests().len(), 1);

    // Each is still sent, once.
    let again = world.client.resolve(&server.reference("a/b:2")).map(drop);
    assert_eq!(again, interrupted(&server));
    assert_eq!(server.requests(), ["HEAD /v2/a/b/manifests/1", "HEAD /v2/a/b/manifests/2"]);
}

#[test]
fn what_needs_no_wait_is_answered_still() {
    let (server, came) = server(|number| match number {
        0 => busy(),
        _ => reply(200, &[("Docker-Content-Digest", DIGEST)]),
    });
    let world = world();
    let result = ask_and_end(&world, &server, came, Ending::Interrupt);
    assert_eq!(result, interrupted(&server));
    let found = world.client.resolve(&server.reference("a/b:1")).unwrap();
    assert_eq!(found.unwrap().as_str(), DIGEST);
}

#[test]
fn a_request_that_is_never_answered_is_left_behind() {
    // Nobody ever sends by this.
    let (never, answer) = channel::<()>();
    let answer = Mutex::new(answer);
    let (server, came) = server(move |_| {
        answer.lock().unwrap().recv().unwrap_or_default();
        Reply::HangUp
    });
    let world = world();
    let result = ask_and_end(&world, &server, came, Ending::Kill);
    assert_eq!(result, interrupted(&server));
    drop(never);
}
