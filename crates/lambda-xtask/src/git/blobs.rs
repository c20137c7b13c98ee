//! Texts of objects, mostly of blobs, from one `git cat-file --batch` that starts when it is first needed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::Context as _;

use super::Repository;

pub(crate) struct Blobs<'a> {
    repository: &'a Repository,
    child: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl<'a> Blobs<'a> {
    pub(super) fn new(repository: &'a Repository) -> Blobs<'a> {
        Blobs { repository, child: None }
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
        let (_, stdin, stdout) = self.child()?;
        let mut ask = || -> std::io::Result<Vec<u8>> {
            writeln!(stdin, "{id}")?;
            stdin.flush()?;
            let mut header = String::new();
            stdout.read_line(&mut header)?;
            let size = header.trim().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
            let size = size
                .ok_or_else(|| std::io::Error::other(format!("no such blob: {}", header.trim())))?;
            let mut bytes = vec![0; size + 1];
            stdout.read_exact(&mut bytes)?;
            bytes.pop();
            Ok(bytes)
        };
        ask().context("failed to read from `git cat-file`").map(Some)
    }

    fn child(&mut self) -> anyhow::Result<&mut (Child, ChildStdin, BufReader<ChildStdout>)> {
        if self.child.is_none() {
            let mut command = self.repository.git();
            command
                .args(["cat-file", "--batch"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = command.spawn().context("failed to run `git cat-file`")?;
            let stdin = child.stdin.take().context("`git cat-file` has no input")?;
            let stdout = child.stdout.take().context("`git cat-file` has no output")?;
            self.child = Some((child, stdin, BufReader::new(stdout)));
        }
        self.child.as_mut().context("`git cat-file` is gone")
    }
}

impl Drop for Blobs<'_> {
    fn drop(&mut self) {
        if let Some((mut child, stdin, _)) = self.child.take() {
            drop(stdin);
            drop(child.wait());
        }
    }
}
