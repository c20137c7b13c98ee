//! Ctrl-C (SIGINT), SIGTERM, and SIGHUP (the terminal is gone): who hears of them, and what happens
//! where nobody does.
//!
//! A run listens while its builds run, and ends by itself. Before and after that nothing has to be
//! tidied up, whatever is waited for: then a signal ends the process at once, with the same exit code.
//!
//! A SIGHUP that was ignored when the process was started stays ignored, where Linux tells it: `nohup`
//! wants a run to outlive its terminal. The others are heard all the same: a shell without job control has
//! what it runs in the background ignore SIGINT, and CI services end such jobs by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::display::note;
use crate::failure::EXIT_INTERRUPTED;

/// Told of every signal.
type Listener = Box<dyn Fn() + Send>;

/// Signals are the process's, and so is what is done about them.
static HEARS: Mutex<bool> = Mutex::new(false);
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on signals do not end the process by themselves, but by its own exit code.
///
/// # Errors
/// Signals can't be heard.
pub(crate) fn hear_signals() -> anyhow::Result<()> {
    let mut hears = lock(&HEARS);
    if *hears {
        return Ok(());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let signals = Signals::new(heeded(&status));
    let mut signals = signals.context("failed to listen for Ctrl-C")?;
    thread::spawn(move || signals.forever().for_each(|_| heard()));
    *hears = true;
    Ok(())
}

/// Those signals that a process of this `/proc/self/status` hears.
fn heeded(status: &str) -> Vec<i32> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // The lowest bit is of signal 1.
    let is_heeded = |signal: &i32| *signal != SIGHUP || ignored >> (signal - 1) & 1 == 0;
    [SIGHUP, SIGINT, SIGTERM].into_iter().filter(is_heeded).collect()
}

fn heard() {
    // Held till the end: a run that begins now begins after it, or not at all.
    let listener = lock(&LISTENER);
    match &*listener {
        Some(tell) => tell(),
        None => {
            note("interrupted");
            std::process::exit(i32::from(EXIT_INTERRUPTED));
        }
    }
}

/// Somebody listens as long as this lives.
pub(crate) struct Interrupts;

impl Interrupts {
    /// Calls `heard` for every signal.
    ///
    /// # Errors
    /// Signals can't be heard.
    pub(crate) fn listen(heard: impl Fn() + Send + 'static) -> anyhow::Result<Interrupts> {
        hear_signals()?;
        *lock(&LISTENER) = Some(Box::new(heard));
        Ok(Interrupts)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        *lock(&LISTENER) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hangup_that_was_ignored_stays_so() {
        let check = |mask: &str, expected: &[i32]| {
            let status = format!("Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t{mask}\n");
            assert_eq!(heeded(&status), expected, "{mask}");
        };
        // As Rust leaves SIGPIPE.
        check("0000000000001000", &[SIGHUP, SIGINT, SIGTERM]);
        check("0000000000001001", &[SIGINT, SIGTERM]);
        // As a shell's background jobs have it.
        check("0000000000001006", &[SIGHUP, SIGINT, SIGTERM]);
        check("0000000000004001", &[SIGINT, SIGTERM]);
        check("nonsense", &[SIGHUP, SIGINT, SIGTERM]);
        assert_eq!(heeded(""), [SIGHUP, SIGINT, SIGTERM]);
    }
}
