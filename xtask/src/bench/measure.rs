//! Whole processes, measured from outside: in turn (ours, theirs, ours, theirs …), so that a
//! machine that drifts drifts under all.
//!
//! Times and memory are taken in different runs: what looks at memory is a process of its own.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lambda_xtask::Environment;

/// Runs a program and prints the peak of its memory, in KiB: of the largest process among it
/// and its children. Linux's `wait4` gives that, and Rust's library has no `wait4`.
const PEAK: &str = "\
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
";

/// The times of one command, in the order of the rounds; never empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    fn sorted_seconds(&self) -> Vec<f64> {
        let mut times = self.0.clone();
        times.sort();
        times.iter().map(Duration::as_secs_f64).collect()
    }

    /// In seconds, as all of these; of an even number the upper of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let times = self.sorted_seconds();
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn min(&self) -> f64 {
        self.sorted_seconds().first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.sorted_seconds().last().copied().unwrap_or(f64::NAN)
    }
}

/// Runs it once, its output thrown away.
pub(crate) fn time(mut command: Command) -> anyhow::Result<Duration> {
    command.stdout(Stdio::null());
    let started = Instant::now();
    run(&mut command).map(|_| started.elapsed())
}

/// What it prints.
pub(crate) fn output(mut command: Command) -> anyhow::Result<Vec<u8>> {
    run(&mut command)
}

/// The most memory that any one of its processes had, in MiB. `command`'s own environment and
/// folder must be those of `environment`.
pub(crate) fn peak_memory(environment: &Environment, command: &Command) -> anyhow::Result<f64> {
    let mut measured = environment.command("python3");
    measured.args(["-c", PEAK]).arg(command.get_program()).args(command.get_args());
    let kib = run(&mut measured)?;
    let kib = std::str::from_utf8(&kib).ok().and_then(|text| text.trim().parse::<f64>().ok());
    Ok(kib.context("`wait4` gave no peak")? / 1024.0)
}

fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("failed to run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

#[cfg(test)]
mod tests;
