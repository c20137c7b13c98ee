//! A child in a process group of its own, and ending the whole group.
//!
//! Ctrl-C in a terminal goes to the foreground group alone. Children are kept out of it, so
//! that this process decides when they end, and in which order.

use std::process::{Child, Command};

/// Starts `command` as the leader of a new process group.
pub(crate) fn spawn_group(command: &mut Command) -> std::io::Result<Child> {
    own_group(command).spawn()
}

/// Lets `command`, once it is started, lead a new process group.
pub(crate) fn own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    command
}

/// How a group is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As Ctrl-C would: buildx cancels its build in the engine and leaves.
    Interrupt,
    /// At once.
    Kill,
}

/// Asks the group of a child to end. That it is gone already is no error.
pub(crate) fn end_group(leader: u32, ending: Ending) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = match ending {
            Ending::Interrupt => Signal::INT,
            Ending::Kill => Signal::KILL,
        };
        if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
            kill_process_group(pid, signal).unwrap_or_default();
        }
    }
    #[cfg(not(unix))]
    let _: (u32, Ending) = (leader, ending);
}
