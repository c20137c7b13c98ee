//! A Lambda Runtime API for one invocation, on loopback: enough of it for a runtime interface
//! client to fetch an event and to give its response back.
//!
//! The interface is AWS's `2018-06-01` (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
//! `awslambdaric` wants HTTP/1.1 with `Content-Length` and every header named there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};

const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const PREFIX: &str = "/2018-06-01/runtime/";

/// What the function gave back.
pub(super) enum Answer {
    Response(String),
    Error(String),
}

/// A listening Runtime API that hands out one event.
pub(super) struct RuntimeApi {
    port: u16,
    answers: Receiver<Answer>,
}

impl RuntimeApi {
    pub(super) fn start(event: String) -> anyhow::Result<RuntimeApi> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("failed to listen on loopback")?;
        let port = listener.local_addr().context("failed to learn the port")?.port();
        let (sender, answers) = channel();
        let event = Arc::new(event);
        // The thread ends with the process: nothing else can end an `accept`.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (event, sender) = (Arc::clone(&event), sender.clone());
                // A client that goes away in the middle is answered by the time limit of `wait`.
                std::thread::spawn(move || drop(serve(&stream, &event, &sender)));
            }
        });
        Ok(RuntimeApi { port, answers })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The function's response.
    pub(super) fn wait(&self, limit: Duration) -> anyhow::Result<String> {
        match self.answers.recv_timeout(limit) {
            Ok(Answer::Response(body)) => Ok(body),
            Ok(Answer::Error(body)) => bail!("the function failed: {body}"),
            Err(_) => bail!("the function gave no response in {limit:?}"),
        }
    }
}

/// Answers the requests of one connection. The second request for an event is left unanswered
/// until the client goes: there is no second event.
fn serve(stream: &TcpStream, event: &str, answers: &Sender<Answer>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut served = false;
    while let Some((method, path, body)) = read_request(&mut reader)? {
        let path = path.strip_prefix(PREFIX).unwrap_or(&path).to_owned();
        match (method.as_str(), path.as_str()) {
            ("GET", "invocation/next") if served => {}
            ("GET", "invocation/next") => {
                served = true;
                respond(stream, "200 OK", &event_headers(), event)?;
            }
            ("POST", path) if path.ends_with("/response") => {
                drop(answers.send(Answer::Response(body)));
                respond(stream, "202 Accepted", "", r#"{"status":"OK"}"#)?;
            }
            ("POST", path) if path.ends_with("/error") => {
                drop(answers.send(Answer::Error(body)));
                respond(stream, "202 Accepted", "", r#"{"status":"OK"}"#)?;
            }
            _ => respond(stream, "404 Not Found", "", "{}")?,
        }
    }
    Ok(())
}

fn event_headers() -> String {
    let deadline =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(60);
    format!(
        "Lambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:demo\r\n\
         Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n",
        deadline.as_millis()
    )
}

fn respond(mut stream: &TcpStream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Method, path and body; `None` at the end of the connection.
fn read_request(
    reader: &mut BufReader<&TcpStream>,
) -> std::io::Result<Option<(String, String, String)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let (method, path) =
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let body = if chunked { read_chunks(reader)? } else { read_bytes(reader, length)? };
    Ok(Some((method, path, String::from_utf8_lossy(&body).into_owned())))
}

fn read_bytes(reader: &mut BufReader<&TcpStream>, length: usize) -> std::io::Result<Vec<u8>> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        body.extend(read_bytes(reader, size)?);
        let mut end = String::new();
        reader.read_line(&mut end)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
