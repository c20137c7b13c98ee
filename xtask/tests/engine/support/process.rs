//! A run of the program: one that has ended, and one that is watched line by line.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long anything that a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Ended {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The same, if it ended with this exit code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Ended {
        let Ended { stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "stdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// Its stdout, which is JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("stdout is JSON and nothing else")
    }
}

/// A run on its way; killed where a test fails before it ends.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    stdout: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts a command.
    pub(crate) fn start(command: &mut Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().expect("its stderr is a pipe"));
        let mut stdout = child.stdout.take().expect("its stdout is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Where nobody listens any more, the pipe must still be emptied.
                sender.send(line).unwrap_or_default();
            }
        });
        let stdout = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("the program prints UTF-8");
            text
        });
        Running { child, lines, heard: Vec::new(), stdout: Some(stdout) }
    }

    /// Waits for a line of stderr.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, mut is_it: impl FnMut(&str) -> bool) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.heard.push(line);
                    if is_it(&self.heard[self.heard.len() - 1]) {
                        return;
                    }
                }
                Err(error) => {
                    panic!("{error}: the line never came, after:\n{}", self.heard.join("\n"))
                }
            }
        }
    }

    /// A mask of signals in its `/proc/…/status`.
    #[track_caller]
    pub(crate) fn signals(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        u64::from_str_radix(mask.expect("Linux tells it"), 16).unwrap()
    }

    /// What Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a child has an id"), Signal::INT).unwrap();
    }

    /// What `kill -9` does, and a kernel that has no memory left.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits till it has ended.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ended {
        // Its stderr ends when it and all its children have.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end, after:\n{}", self.heard.join("\n"))
                }
            }
        }
        let status = self.child.wait().unwrap();
        let stdout = self.stdout.take().expect("it is waited for once");
        Ended { code: status.code(), stdout: stdout.join().unwrap(), stderr: self.heard.join("\n") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it has ended already.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}
