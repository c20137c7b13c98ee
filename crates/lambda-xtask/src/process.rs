//! A child in a process group of its own, and ending the whole group.
//!
//! Ctrl-C in a terminal goes to the foreground group alone. Children are kept out of it, so
//! that this process decides when they end, and in which order.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Starts `command` as the leader of a new process group.
pub(crate) fn spawn_group(command: &mut Command) -> std::io::Result<Child> {
    own_group(command).spawn()
}

/// Lets `command`, once it is started, lead a new process group.
pub(crate) fn own_group(command: &mut Command) -> &mut Command {
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    command
}

/// What a command prints. `None`: it failed, or did not end in this time, and was killed.
pub(crate) fn output_within(command: &mut Command, time: Duration) -> Option<Vec<u8>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.read_to_end(&mut bytes);
        // Nobody listens any more where the time is over.
        drop(sender.send(read.map(|_| bytes)));
    });
    let printed = receiver.recv_timeout(time);
    if printed.is_err() {
        child.kill().ok()?;
    }
    let status = child.wait().ok()?;
    printed.ok()?.ok().filter(|_| status.success())
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

/// Asks the group of a child to end. That it is gone already is no error.
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
