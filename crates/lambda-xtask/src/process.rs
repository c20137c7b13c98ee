//! A child in a process group of its own that ends with this process, and ending the whole group.
//!
//! Ctrl-C in a terminal goes to the foreground group alone. Children are kept out of it, so
//! that this process decides when they end, and in which order.
//!
//! # How a child ends with its parent
//! A process that is killed (`kill -9`, out of memory) can end nothing. So each group is led by a guard:
//! a shell that waits for the end of a pipe which this process alone keeps open. When this process is
//! gone, however it went, the guard interrupts its own group and then kills it. The guard leads the
//! group, so the group's number can't become another's while the guard is there.

use std::io::{self, Read, Write as _};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What docker may take to answer a question that costs it little.
pub(crate) const DOCKER_LIMIT: Duration = Duration::from_secs(60);

/// Interrupts a group or a process at the end of its input, and kills it 1 s later.
const GUARD: &str =
    r#"trap '' INT TERM HUP QUIT; read -r _; kill -INT "$1"; sleep 1; kill -KILL "$1""#;

/// A child with its guard. Where it has a process group of its own, that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    guard: Guard,
}

impl Group {
    /// The number of the group.
    pub(crate) fn id(&self) -> u32 {
        self.guard.0.id()
    }

    /// Waits for the child, whose outputs somebody else reads.
    pub(crate) fn wait_with_output(self) -> io::Result<Output> {
        let Group { child, guard } = self;
        let output = child.wait_with_output();
        drop(guard);
        output
    }

    /// Gives the child its input and reads its outputs to their end. An error of the kind `TimedOut`:
    /// that took longer than `limit`, and the whole group was killed.
    pub(crate) fn hear_out(mut self, input: &[u8], limit: Duration) -> io::Result<Output> {
        let until = Instant::now() + limit;
        let (out, said) = (read(self.stdout.take()), read(self.stderr.take()));
        if let Some(mut stdin) = self.stdin.take() {
            let input = input.to_vec();
            // A child that does not read its input says why by its exit status.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let late = |_| too_late();
        let left = || until.saturating_duration_since(Instant::now());
        let stdout = out.recv_timeout(left()).map_err(late)?;
        let stderr = said.recv_timeout(left()).map_err(late)?;
        let status = self.wait_until(until)?;
        Ok(Output { status, stdout, stderr })
    }

    /// Waits for a child that has closed its outputs, and so is at its end.
    pub(crate) fn wait_until(&mut self, until: Instant) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= until {
                return Err(too_late());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it did not end in time, and was killed")
}

impl Deref for Group {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.child
    }
}

impl DerefMut for Group {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.child
    }
}

/// A process that ends others when this one is gone.
#[derive(Debug)]
struct Guard(Child);

impl Guard {
    /// Leads a new process group, and ends it.
    fn of_new_group() -> io::Result<Guard> {
        Guard::start("0")
    }

    /// Ends a child that is in the group of this process, as one that may ask at the terminal.
    fn of_child(child: &Child) -> io::Result<Guard> {
        Guard::start(&child.id().to_string())
    }

    fn start(ends: &str) -> io::Result<Guard> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", GUARD, "guard", ends]);
        // Nothing of ours is kept by it: no folder, no output that somebody reads to its end.
        shell.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        own_group(&mut shell).spawn().map(Guard)
    }
}

impl Drop for Guard {
    /// Kills the guard with its group, before its pipe ends.
    fn drop(&mut self) {
        end_group(self.0.id(), Ending::Kill);
        drop(self.0.wait());
    }
}

/// Starts `command` in a new process group.
pub(crate) fn spawn_group(command: &mut Command) -> io::Result<Group> {
    let guard = Guard::of_new_group()?;
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(pid(guard.0.id()).map_or(0, |pid| pid.as_raw_nonzero().get()));
    }
    Ok(Group { child: command.spawn()?, guard })
}

/// Starts `command` in the group of this process: it may ask at the terminal, and Ctrl-C ends it too.
/// It alone ends with this process.
pub(crate) fn spawn_in_foreground(command: &mut Command) -> io::Result<Group> {
    let mut child = command.spawn()?;
    match Guard::of_child(&child) {
        Ok(guard) => Ok(Group { child, guard }),
        Err(error) => {
            drop(child.kill());
            drop(child.wait());
            Err(error)
        }
    }
}

/// Lets `command`, once it is started, lead a new process group.
fn own_group(command: &mut Command) -> &mut Command {
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    command
}

/// Runs a command in a group of its own; gives what it prints. An error of the kind `TimedOut`: it
/// took longer than `limit`, and was killed with all that it started.
pub(crate) fn output(command: &mut Command, limit: Duration) -> io::Result<Output> {
    spawn_group(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?.hear_out(&[], limit)
}

/// What a command prints. `None`: it failed, or did not end in this time, and was killed.
pub(crate) fn output_within(command: &mut Command, time: Duration) -> Option<Vec<u8>> {
    output(command, time).ok().filter(|output| output.status.success()).map(|output| output.stdout)
}

/// Reads to the end, in a thread that is not waited for: a program's own children may keep its output.
pub(crate) fn read(output: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut output) = output {
            // What was read till then counts.
            drop(output.read_to_end(&mut bytes));
        }
        // After the limit there is no receiver.
        drop(sender.send(bytes));
    });
    receiver
}

/// What a thread came to; its panic goes on in this one.
pub(crate) fn joined<T>(thread: thread::ScopedJoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// How a group is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As Ctrl-C would: buildx cancels its build in the engine and leaves.
    Interrupt,
    /// At once.
    Kill,
}

/// Asks a child alone to end, that is not waited for yet: its process id is its own till then.
pub(crate) fn end(child: u32, ending: Ending) {
    if let Some(pid) = pid(child) {
        rustix::process::kill_process(pid, signal(ending)).unwrap_or_default();
    }
}

/// Asks a group to end. That it is gone already is no error.
pub(crate) fn end_group(leader: u32, ending: Ending) {
    if let Some(pid) = pid(leader) {
        rustix::process::kill_process_group(pid, signal(ending)).unwrap_or_default();
    }
}

fn pid(number: u32) -> Option<rustix::process::Pid> {
    i32::try_from(number).ok().and_then(rustix::process::Pid::from_raw)
}

fn signal(ending: Ending) -> rustix::process::Signal {
    match ending {
        Ending::Interrupt => rustix::process::Signal::INT,
        Ending::Kill => rustix::process::Signal::KILL,
    }
}

#[cfg(test)]
mod tests;
