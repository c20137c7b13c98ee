//! One line on stderr per step of `engine up` and `engine down`, with the seconds since the start.
//!
//! Deliberately no bars and no cursor movement: the lines must read the same in a log of a CI run.

use std::{fmt::Display, io::Write, time::Instant};

/// Shared by the threads of one command; the clock starts when it is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    started: Instant,
}

impl Progress {
    pub(crate) fn start() -> Progress {
        Progress { started: Instant::now() }
    }

    /// Says what is being done from now on.
    pub(crate) fn step(self, what: impl Display) {
        let seconds = self.started.elapsed().as_secs_f32();
        // A closed stderr must not stop an engine from starting.
        drop(writeln!(std::io::stderr(), "engine {seconds:5.1} s  {what}"));
    }
}
