//! Just enough HTTP to ask a daemon whether it is there and to hand an image to the registry.
//!
//! HTTP/1.0 on purpose: no chunks, no connection that stays open. Deliberately no TLS, no
//! redirects and no names to resolve: both ends are on this machine.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// A daemon on this machine answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back; the body is of no interest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The body of a request and its media type.
pub(crate) enum Body<'a> {
    Empty,
    Bytes(&'a str, &'a [u8]),
    File(&'a Path),
}

/// Whether the Docker engine behind `socket` answers a ping.
pub(crate) fn answers_docker_ping(socket: &Path) -> bool {
    let ask = || -> io::Result<Response> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        exchange(stream, "GET", "/_ping", &Body::Empty)
    };
    ask().is_ok_and(|response| response.status == 200)
}

/// Whether a registry answers on this port of loopback.
pub(crate) fn answers_registry(port: u16) -> bool {
    ask_registry(port, "GET", "/v2/", &Body::Empty).is_ok_and(|response| response.status == 200)
}

/// One request to the registry on loopback.
pub(crate) fn ask_registry(
    port: u16,
    method: &str,
    path: &str,
    body: &Body<'_>,
) -> io::Result<Response> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    exchange(stream, method, path, body)
}

fn exchange(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    body: &Body<'_>,
) -> io::Result<Response> {
    let (media_type, length) = match body {
        Body::Empty => ("application/octet-stream", 0),
        Body::Bytes(media_type, bytes) => (*media_type, bytes.len() as u64),
        Body::File(file) => ("application/octet-stream", file.metadata()?.len()),
    };
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\n\
         Accept: application/vnd.oci.image.manifest.v1+json\r\n\
         Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    )?;
    match body {
        Body::Empty => {}
        Body::Bytes(_, bytes) => stream.write_all(bytes)?,
        Body::File(file) => drop(io::copy(&mut File::open(file)?, &mut stream)?),
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse_response(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP response"))
}

fn parse_response(text: &str) -> Option<Response> {
    let (head, _) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next()?.strip_prefix("HTTP/1.")?;
    let status = status_line.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (key, value) = line.split_once(':')?;
        Some((key.to_owned(), value.trim().to_owned()))
    };
    Some(Response { status, headers: lines.map(header).collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests;
