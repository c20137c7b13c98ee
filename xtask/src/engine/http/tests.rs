//! One exchange over a stream that only remembers.

use expect_test::{Expect, expect};

use super::*;

struct Conversation {
    said: Vec<u8>,
    answer: io::Cursor<Vec<u8>>,
}

impl Read for Conversation {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.answer.read(buffer)
    }
}

impl Write for Conversation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.said.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answer_with(answer: &str) -> Conversation {
    Conversation { said: Vec::new(), answer: io::Cursor::new(answer.as_bytes().to_vec()) }
}

#[track_caller]
fn check_request(body: &Body<'_>, expected: &Expect) {
    let mut stream = answer_with("HTTP/1.0 201 Created\r\n\r\n");
    let response = exchange(&mut stream, "PUT", "/v2/x", body).unwrap();
    assert_eq!(response.status, 201);
    expected.assert_eq(&String::from_utf8(stream.said).unwrap().replace('\r', ""));
}

#[test]
fn a_request_says_what_it_carries() {
    check_request(
        &Body::Bytes("text/plain", b"hello"),
        &expect![[r#"
            PUT /v2/x HTTP/1.0
            Host: localhost
            Accept: application/vnd.oci.image.manifest.v1+json
            Content-Type: text/plain
            Content-Length: 5

            hello"#]],
    );
}

#[test]
fn a_file_is_sent_whole() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"layer").unwrap();
    check_request(
        &Body::File(file.path()),
        &expect![[r#"
            PUT /v2/x HTTP/1.0
            Host: localhost
            Accept: application/vnd.oci.image.manifest.v1+json
            Content-Type: application/octet-stream
            Content-Length: 5

            layer"#]],
    );
}

#[test]
fn headers_are_found_whatever_their_case() {
    let answer = "HTTP/1.1 202 Accepted\r\nLocation: /v2/a:b\r\nX: \r\n\r\nbody\r\n\r\n";
    let response = exchange(answer_with(answer), "POST", "/", &Body::Empty).unwrap();
    assert_eq!(response.status, 202);
    assert_eq!(response.header("location"), Some("/v2/a:b"));
    assert_eq!(response.header("x"), Some(""));
    assert_eq!(response.header("y"), None);
}

#[test]
fn what_is_not_http_is_an_error() {
    for answer in ["", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 OK\r\n\r\n"] {
        let error = exchange(answer_with(answer), "GET", "/", &Body::Empty).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{answer:?}");
    }
}

#[test]
fn nobody_answers_where_nobody_listens() {
    assert!(!answers_docker_ping(Path::new("/nonexistent/docker.sock")));
}
