//! Ids and bytes of objects, mostly of blobs, from a `git cat-file --batch` that starts when it is first
//! needed, and that whoever asks next takes over.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::Ordering;

use anyhow::Context as _;

use super::Repository;

pub(crate) struct Blobs<'a> {
    repository: &'a Repository,
    batch: Option<Batch>,
}

/// `git cat-file --batch`.
pub(super) struct Batch {
    child: Child,
    /// `None`: it has been told that there is no more.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl<'a> Blobs<'a> {
    pub(super) fn new(repository: &'a Repository) -> Blobs<'a> {
        Blobs { repository, batch: None }
    }

    /// As [`Blobs::bytes`]; what isn't UTF-8 is replaced.
    pub(crate) fn text(&mut self, id: &str) -> anyhow::Result<Option<String>> {
        let bytes = self.bytes(id)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// `None`: the id is all zeros, which stands for a file that does not exist.
    pub(crate) fn bytes(&mut self, id: &str) -> anyhow::Result<Option<Vec<u8>>> {
        if id.bytes().all(|byte| byte == b'0') {
            return Ok(None);
        }
        match self.ask(id)? {
            Ok((_, bytes)) => Ok(Some(bytes)),
            Err(said) => {
                self.repository.missing.fetch_add(1, Ordering::Relaxed);
                anyhow::bail!("failed to read from `git cat-file`: no such blob: {said}")
            }
        }
    }

    /// The id of an object by whatever git takes for a name, on one line; `None`: it is not there.
    pub(super) fn find(&mut self, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.ask(name)?.ok().map(|(id, _)| id))
    }

    /// Id and bytes of an object, or what git says instead.
    fn ask(&mut self, name: &str) -> anyhow::Result<Result<(String, Vec<u8>), String>> {
        let batch = self.batch()?;
        let answer = batch.ask(name).context("failed to read from `git cat-file`");
        if answer.is_err() {
            // Where it stands in its answers, nobody knows.
            self.batch = None;
        }
        answer
    }

    fn batch(&mut self) -> anyhow::Result<&mut Batch> {
        if self.batch.is_none() {
            self.batch = self.repository.batch().take();
        }
        if self.batch.is_none() {
            self.batch = Some(Batch::start(self.repository)?);
        }
        self.batch.as_mut().context("`git cat-file` is gone")
    }
}

impl Batch {
    fn start(repository: &Repository) -> anyhow::Result<Batch> {
        let mut command = repository.git();
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().context("failed to run `git cat-file`")?;
        let stdin = Some(child.stdin.take().context("`git cat-file` has no input")?);
        let stdout = child.stdout.take().context("`git cat-file` has no output")?;
        Ok(Batch { child, stdin, stdout: BufReader::new(stdout) })
    }

    fn ask(&mut self, name: &str) -> std::io::Result<Result<(String, Vec<u8>), String>> {
        let Batch { stdin, stdout, .. } = self;
        let stdin = stdin.as_mut().ok_or_else(|| std::io::Error::other("it was told to end"))?;
        writeln!(stdin, "{name}")?;
        stdin.flush()?;
        let mut header = String::new();
        if stdout.read_line(&mut header)? == 0 {
            return Err(std::io::Error::other("it ended"));
        }
        // Id, kind, size; or the name, and what is wrong with it.
        let words: Vec<&str> = header.trim_end().split(' ').collect();
        let is_id = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (id, size) = match words[..] {
            [id, _, size]
                if is_id(id)
                    && let Ok(size) = size.parse::<usize>() =>
            {
                (id, size)
            }
            _ => return Ok(Err(header.trim_end().to_owned())),
        };
        let mut bytes = vec![0; size + 1];
        stdout.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Ok((id.to_owned(), bytes)))
    }
}

impl Drop for Blobs<'_> {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take() {
            *self.repository.batch() = Some(batch);
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        drop(self.stdin.take());
        drop(self.child.wait());
    }
}
