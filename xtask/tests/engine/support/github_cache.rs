//! The cache service of GitHub Actions, as far as BuildKit asks it (version 1 of its protocol, by the
//! client of `actions/toolkit`, `packages/cache/src/internal/cacheHttpClient.ts`): keys are reserved,
//! filled piece by piece and committed, and found by their beginnings.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};

/// Unsigned, for nobody here asks; it may read and write `refs/heads/main`, until 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhYyI6ICJbe1wiU2NvcGVcIjogXCJyZWZzL2hlYWRzL21haW5cIiwgXCJQZXJtaXNzaW9uXCI6IDN9XSIsICJuYmYiOiAwLCAiZXhwIjogNDEwMjQ0NDgwMH0.dW5zaWduZWQ";

/// The service. It stands as long as the test's process.
pub(crate) struct GithubCache {
    url: String,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// Its place in the list is its id, less one.
struct Entry {
    key: String,
    bytes: Vec<u8>,
    is_committed: bool,
}

struct Request {
    method: String,
    path: String,
    range: Option<String>,
    body: Vec<u8>,
}

/// Status, further headers, body.
type Reply = (u16, String, Vec<u8>);

impl GithubCache {
    pub(crate) fn start() -> GithubCache {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let entries: Arc<Mutex<Vec<Entry>>> = Arc::default();
        let cache = GithubCache { url: url.clone(), entries: Arc::clone(&entries) };
        thread::spawn(move || {
            for client in listener.incoming() {
                let (url, entries) = (url.clone(), Arc::clone(&entries));
                // Whoever hangs up in the middle has his reasons, and the test will see.
                thread::spawn(move || drop(serve(&client.unwrap(), &url, &entries)));
            }
        });
        cache
    }

    /// The variables of a step in a workflow that `crazy-max/ghaction-github-runtime` has set.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 2] {
        [("ACTIONS_CACHE_URL", &self.url), ("ACTIONS_RUNTIME_TOKEN", TOKEN)]
    }

    /// The keys of all that is committed.
    pub(crate) fn keys(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let committed = entries.iter().filter(|entry| entry.is_committed);
        committed.map(|entry| entry.key.clone()).collect()
    }
}

/// One request of a client; its connection ends with the answer.
fn serve(client: &TcpStream, url: &str, entries: &Mutex<Vec<Entry>>) -> io::Result<()> {
    let request = read_request(client)?;
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, headers, body) = answer(&request, url, &mut entries).unwrap_or_default();
    let status = if status == 0 { 400 } else { status };
    let length = body.len();
    let mut client = client;
    write!(
        client,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    )?;
    client.write_all(&body)
}

/// `None`: no such request is known.
fn answer(request: &Request, url: &str, entries: &mut Vec<Entry>) -> Option<Reply> {
    let Request { method, path, range, body } = request;
    if let Some(id) = path.strip_prefix("/blobs/") {
        let bytes = &entries.get(id.parse::<usize>().ok()? - 1)?.bytes;
        let start = range.as_ref().and_then(|range| {
            range.strip_prefix("bytes=")?.split_once('-')?.0.parse::<usize>().ok()
        });
        let Some(start) = start else { return Some((200, String::new(), bytes.clone())) };
        let total = bytes.len();
        let header = format!("Content-Range: bytes {start}-{}/{total}\r\n", total - 1);
        return Some((206, header, bytes.get(start..)?.to_vec()));
    }
    let path = path.strip_prefix("/_apis/artifactcache/")?;
    let json = |status, value: Value| Some((status, String::new(), value.to_string().into_bytes()));
    if let Some(query) = path.strip_prefix("cache?") {
        let keys = query.split('&').find_map(|pair| pair.strip_prefix("keys="))?;
        let keys = keys.replace("%3A", ":").replace("%23", "#").replace("%2C", ",");
        let found = keys.split(',').find_map(|key| {
            let fits = |entry: &Entry| entry.is_committed && entry.key.starts_with(key);
            Some((entries.iter().rposition(fits)?, key))
        });
        let Some((place, _)) = found else { return Some((204, String::new(), Vec::new())) };
        let location = format!("{url}blobs/{}", place + 1);
        let key = &entries[place].key;
        return json(
            200,
            json!({ "cacheKey": key, "scope": "refs/heads/main", "archiveLocation": location }),
        );
    }
    let id = path.strip_prefix("caches")?;
    if id.is_empty() {
        let wanted: Value = serde_json::from_slice(body).ok()?;
        let key = wanted["key"].as_str()?.to_owned();
        if entries.iter().any(|entry| entry.key == key) {
            let kind = "ArtifactCacheItemAlreadyExistsException";
            return json(409, json!({ "message": "it is there", "typeKey": kind }));
        }
        entries.push(Entry { key, bytes: Vec::new(), is_committed: false });
        return json(201, json!({ "cacheId": entries.len() }));
    }
    let entry = entries.get_mut(id.strip_prefix('/')?.parse::<usize>().ok()? - 1)?;
    if method == "PATCH" {
        let start: usize =
            range.as_ref()?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()?;
        let end = start + body.len();
        entry.bytes.resize(entry.bytes.len().max(end), 0);
        entry.bytes[start..end].copy_from_slice(body);
    } else {
        let told: Value = serde_json::from_slice(body).ok()?;
        entry.is_committed = told["size"].as_u64() == Some(entry.bytes.len() as u64);
        if !entry.is_committed {
            return None;
        }
    }
    Some((204, String::new(), Vec::new()))
}

fn read_request(client: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(client);
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut range, mut length, mut is_chunked) = (None, 0, false);
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "range" | "content-range" => range = Some(value.to_owned()),
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            "transfer-encoding" => is_chunked = value == "chunked",
            _ => {}
        }
    }
    let mut body = Vec::new();
    if !is_chunked {
        reader.take(length).read_to_end(&mut body)?;
        return Ok(Request { method, path, range, body });
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim_end(), 16).map_err(io::Error::other)?;
        (&mut reader).take(size).read_to_end(&mut body)?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(Request { method, path, range, body });
        }
    }
}
