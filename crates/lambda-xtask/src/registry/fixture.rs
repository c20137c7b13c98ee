//! For tests: a server on loopback that answers as a script says, and a clock that waits for nobody.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use lambda_images::ecr::Ecr;
use lambda_images::reference::ImageReference;
use tempfile::TempDir;

use super::RegistryClient;
use super::ending::Requests;
use super::retry::Clock;
use crate::environment::Environment;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// `METHOD target`
    pub(super) what: String,
    /// Names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(String::as_str)
    }
}

/// What the server does about a request.
pub(super) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Ends the connection without a word.
    HangUp,
}

pub(super) fn reply(status: u16, headers: &[(&'static str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Answer { status, headers, body: String::new() }
}

pub(super) fn reply_with(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
    match reply(status, headers) {
        Reply::Answer { status, headers, .. } => {
            Reply::Answer { status, headers, body: body.to_owned() }
        }
        Reply::HangUp => Reply::HangUp,
    }
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// The server. It lives as long as the test's process.
pub(super) struct Server {
    pub(super) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// `script` is given the number of the request, from 0, and the request.
    pub(super) fn start(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: listener.local_addr().unwrap().to_string(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (seen, connections) = (Arc::clone(&server.seen), Arc::clone(&server.connections));
        let script: Arc<Script> = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                std::thread::spawn(move || serve(stream.unwrap(), &seen, &*script));
            }
        });
        server
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// `METHOD target` of all requests.
    pub(super) fn requests(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.what).collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn reference(&self, rest: &str) -> ImageReference {
        format!("{}/{rest}", self.address).parse().unwrap()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Seen>>, script: &Script) {
    let mut reader = BufReader::new(stream);
    // Who begins with TLS is told that this is HTTP.
    let begins = |bytes: &[u8]| bytes.first().is_some_and(u8::is_ascii_uppercase);
    if !reader.fill_buf().is_ok_and(begins) {
        drop(reader.get_mut().write_all(b"HTTP/1.0 400 this is HTTP\r\n\r\n"));
        return;
    }
    while let Some(request) = read_request(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let Reply::Answer { status, headers, body } = script(number, &request) else { return };
        let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        if !request.what.starts_with("HEAD ") {
            text += &body;
        }
        if reader.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let line = |reader: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let what = line(reader)?.trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line(reader)?.split_once(": ") {
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { what, headers, body: String::from_utf8(body).unwrap() })
}

/// A clock on which waiting is only noted.
#[derive(Debug, Clone, Default)]
pub(super) struct NotedClock {
    pub(super) waits: Arc<Mutex<Vec<Duration>>>,
}

impl Clock for NotedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn wait(&self, duration: Duration, _: &Requests) {
        self.waits.lock().unwrap().push(duration);
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// A client with a docker configuration of its own, which goes when it does.
pub(super) struct World {
    pub(super) client: RegistryClient,
    pub(super) clock: NotedClock,
    pub(super) folder: TempDir,
}

impl World {
    /// `auths`: entries of docker's configuration, as JSON.
    pub(super) fn new(auths: &str) -> World {
        World::with(auths, None, |environment, _| environment)
    }

    pub(super) fn with(
        auths: &str,
        ecr: Option<Ecr>,
        change: impl FnOnce(Environment, &TempDir) -> Environment,
    ) -> World {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(r#"{{"auths":{{{auths}}}}}"#);
        fs::write(folder.path().join("config.json"), config).unwrap();
        let environment = Environment::of_process().unwrap().with("DOCKER_CONFIG", folder.path());
        let environment = change(environment, &folder);
        let clock = NotedClock::default();
        let mut client = RegistryClient::new(&environment, ecr);
        client.clock = Box::new(clock.clone());
        World { client, clock, folder }
    }

    pub(super) fn waits(&self) -> Vec<Duration> {
        self.clock.waits.lock().unwrap().clone()
    }
}

/// Writes a program by another process, so that no thread of this one holds it open for writing.
pub(crate) fn write_program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    let mut copy = std::process::Command::new("sh");
    copy.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\"", "sh", script]).arg(&path);
    assert!(copy.status().unwrap().success());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
