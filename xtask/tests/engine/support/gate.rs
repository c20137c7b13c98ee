//! A gate in front of the registry, at a host of its own: it lets requests through, but for those
//! that a test wants refused. Bodies are passed on as they come and never looked at.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::test_registry;

/// What a test refuses: status and body for a method and a path, or nothing.
type Rule = dyn Fn(&str, &str) -> Option<(u16, String)> + Send + Sync;

/// The gate. It stands as long as the test's process.
pub(crate) struct Gate {
    host: String,
    passed: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    pub(crate) fn new(
        rule: impl Fn(&str, &str) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let passed: Arc<Mutex<Vec<String>>> = Arc::default();
        let gate = Gate { host, passed: Arc::clone(&passed) };
        let (rule, registry): (Arc<Rule>, String) = (Arc::new(rule), test_registry());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (rule, registry, passed) =
                    (Arc::clone(&rule), registry.clone(), Arc::clone(&passed));
                // Whoever hangs up in the middle has his reasons, and the test will see.
                thread::spawn(move || drop(pass(client.unwrap(), &registry, &*rule, &passed)));
            }
        });
        gate
    }

    /// As ECR has it where tags are immutable.
    pub(crate) fn of_immutable_tags() -> Gate {
        let registry = test_registry();
        Gate::new(move |method, path| {
            let is_tag = path.contains("/manifests/") && !path.contains("sha256:");
            let exists = || status_of(&registry, "HEAD", path).is_ok_and(|status| status == 200);
            (method == "PUT" && is_tag && exists()).then(|| {
                let message = "The image tag already exists in the repository and cannot be overwritten because the tag is immutable.";
                (400, format!(r#"{{"errors":[{{"code":"TAG_INVALID","message":"{message}"}}]}}"#))
            })
        })
    }

    /// The host and port of the gate.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// `METHOD path` of all that came since the last time that this was asked.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.passed.lock().unwrap())
    }
}

/// One request of a client; its connection ends with the answer.
fn pass(
    mut client: TcpStream,
    registry: &str,
    rule: &Rule,
    passed: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let head = read_head(&mut client)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    passed.lock().unwrap().push(format!("{method} {path}"));
    if let Some((status, body)) = rule(method, path) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n");
        // Longer than any test is to wait.
        let head = if status == 429 { head + "Retry-After: 50\r\n" } else { head };
        client
            .write_all(format!("{head}Content-Type: application/json\r\n\r\n{body}").as_bytes())?;
        client.shutdown(Shutdown::Write)?;
        // Who is still sending would lose the answer to a reset.
        return io::copy(&mut client, &mut io::sink()).map(drop);
    }
    let mut upstream = TcpStream::connect(registry)?;
    upstream.write_all(close_after(&head).as_bytes())?;
    let (mut from, mut to) = (client.try_clone()?, upstream.try_clone()?);
    thread::spawn(move || drop(io::copy(&mut from, &mut to)));
    io::copy(&mut upstream, &mut client)?;
    client.shutdown(Shutdown::Both)
}

fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        // Docker tries TLS first, and takes plain words for a no.
        if head.is_empty() && !byte[0].is_ascii_uppercase() {
            stream.write_all(b"HTTP/1.0 400 this is HTTP\r\n\r\n")?;
            return Err(io::Error::other("no request"));
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

/// The same head, with the wish that the connection ends after the answer.
fn close_after(head: &str) -> String {
    let is_other = |line: &&str| !line.to_lowercase().starts_with("connection:");
    let lines: Vec<&str> = head.trim_end().split("\r\n").filter(is_other).collect();
    format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"))
}

/// The status that the registry itself answers with.
fn status_of(registry: &str, method: &str, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(registry)?;
    let accept = "application/vnd.docker.distribution.manifest.v2+json";
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {registry}\r\nAccept: {accept}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other("no status"))
}
