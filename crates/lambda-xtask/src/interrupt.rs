//! Hears Ctrl-C (SIGINT), SIGTERM, and SIGHUP (the terminal is gone) while it lives, in place of dying by them.

use std::thread::JoinHandle;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// A thread that waits for signals. Once it is dropped they are no longer heard, and still do
/// not end the process: it is about to end by itself.
pub(crate) struct Interrupts {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Interrupts {
    /// Calls `heard` for every signal.
    pub(crate) fn listen(heard: impl Fn() + Send + 'static) -> anyhow::Result<Interrupts> {
        let mut signals =
            Signals::new([SIGHUP, SIGINT, SIGTERM]).context("failed to listen for Ctrl-C")?;
        let handle = signals.handle();
        let thread = std::thread::spawn(move || {
            for _ in signals.forever() {
                heard();
            }
        });
        Ok(Interrupts { handle, thread: Some(thread) })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            // It panics only if `heard` did, which has been seen already.
            drop(thread.join());
        }
    }
}
