//! Steps of a task: each with its name and, at its end, how long it took, on stderr.

use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context as _, bail};
use xshell::Cmd;

/// A line for people.
pub(crate) fn say(line: &str) {
    // A closed pipe is no reason to stop.
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// Runs one step, and names it in its error.
pub(crate) fn step<T>(name: &str, run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    say(&format!("==> {name}"));
    let started = Instant::now();
    let result = run().with_context(|| format!("failed: {name}"))?;
    say(&format!("    {name}: {:.1}s", started.elapsed().as_secs_f64()));
    Ok(result)
}

/// Runs a command with its output on the terminal; anything but success is an error.
pub(crate) fn run(command: Cmd<'_>) -> anyhow::Result<()> {
    let shown = command.to_string();
    let mut command: std::process::Command = command.into();
    let status = command.status().with_context(|| format!("failed to run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}
