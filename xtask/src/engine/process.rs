//! Processes that outlive the command which started them: start, identity, end.
//!
//! A process is known by its id *and* its start time, so that an id which the kernel has given to
//! somebody else is never taken for ours. Deliberately no supervision: whoever comes next
//! (`up`, `status`, `down`) looks at what lives.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// How often something that has no event to wait for (another session's process, a socket that
/// does not exist yet) is looked at.
const POLL: Duration = Duration::from_millis(20);

/// One process of the engine, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// Clock ticks between the machine's boot and the start of the process.
    pub(crate) started: u64,
}

/// The two fields of `/proc/<pid>/stat` that tell whether a process is the one it was.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    started: u64,
}

/// Source: proc_pid_stat(5). The name in parentheses may hold blanks and parentheses of its own.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // `state` is field 3 and `starttime` is field 22.
    let started = fields.nth(22 - 3 - 1)?.parse().ok()?;
    Some(Stat { state, started })
}

fn read_stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

impl Process {
    /// The process that has this id now.
    pub(crate) fn of_pid(name: &str, pid: u32) -> Option<Process> {
        let stat = read_stat(pid)?;
        Some(Process { name: name.to_owned(), pid, started: stat.started })
    }

    /// Whether it still runs. A zombie that nobody reaps (a container without an init) does not.
    pub(crate) fn lives(&self) -> bool {
        read_stat(self.pid)
            .is_some_and(|stat| stat.started == self.started && !matches!(stat.state, 'Z' | 'X'))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        if !self.lives() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("process id {} is out of range", self.pid))?;
        match rustix::process::kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("failed to signal {} ({})", self.name, self.pid))
            }
        }
    }
}

/// Starts `program` in a session of its own, with its output in `log`.
///
/// `setsid` executes the program in its own place, so the id of the child is the program's.
pub(crate) fn spawn_detached(
    name: &str,
    program: &Path,
    log: &Path,
    configure: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<(Process, Child)> {
    let output =
        File::create(log).with_context(|| format!("failed to create `{}`", log.display()))?;
    let mut command = Command::new("setsid");
    command.arg(program).stdin(Stdio::null());
    command.stdout(output.try_clone()?).stderr(output);
    let child = configure(&mut command)
        .current_dir("/")
        .spawn()
        .with_context(|| format!("failed to start `{}`", program.display()))?;
    let process = Process::of_pid(name, child.id());
    Ok((process.with_context(|| format!("`{name}` left no trace in /proc"))?, child))
}

/// Waits until `ready`; fails with the tail of `log` when the process ends before, or after `limit`.
pub(crate) fn wait_until_ready(
    name: &str,
    child: &mut Child,
    log: &Path,
    limit: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !ready() {
        let tail = || format!("log `{}` ends with:\n{}", log.display(), read_tail(log, 2_000));
        if let Some(status) = child.try_wait()? {
            bail!("`{name}` ended at its start ({status})\n{}", tail());
        }
        if Instant::now() > deadline {
            bail!("`{name}` did not answer within {} s\n{}", limit.as_secs(), tail());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// Asks the processes to end, and ends those that still live after `grace`.
pub(crate) fn stop(processes: &[Process], grace: Duration) -> Result<()> {
    for (signal, limit) in [(Signal::TERM, grace), (Signal::KILL, Duration::from_secs(10))] {
        processes.iter().try_for_each(|process| process.signal(signal))?;
        let deadline = Instant::now() + limit;
        while processes.iter().any(Process::lives) && Instant::now() < deadline {
            thread::sleep(POLL);
        }
    }
    match processes.iter().find(|process| process.lives()) {
        None => Ok(()),
        Some(process) => bail!("`{}` ({}) can't be ended", process.name, process.pid),
    }
}

/// The last `limit` bytes of a file, from a line's beginning; empty when it can't be read.
pub(crate) fn read_tail(path: &Path, limit: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    match text.split_once('\n') {
        Some((_, rest)) if text.len() as u64 >= limit => rest.to_owned(),
        _ => text,
    }
}

/// Runs a command whose output is wanted only when it fails.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.with_context(|| format!("failed to start `{}`", render_command(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    bail!(render_failure(command, output.status, &output))
}

/// Runs a command for at most `limit`; `None` when it took longer and was ended.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> io::Result<Option<Output>> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let collect = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let (stdout, stderr) = (collect(Box::new(stdout)), collect(Box::new(stderr)));
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    };
    let join = |thread: thread::JoinHandle<io::Result<Vec<u8>>>| {
        thread.join().expect("reading a pipe does not panic")
    };
    Ok(Some(Output { status, stdout: join(stdout)?, stderr: join(stderr)? }))
}

/// A script among the arguments is left out: what it printed says more.
fn render_command(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy());
    words
        .map(|word| if word.contains('\n') { "…".into() } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

fn render_failure(command: &Command, status: ExitStatus, output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let lines: Vec<&str> = text.iter().flat_map(|text| text.lines()).collect();
    let tail = lines[lines.len().saturating_sub(20)..].join("\n");
    format!("`{}` failed ({status})\n{tail}", render_command(command))
}

#[cfg(test)]
mod tests;
