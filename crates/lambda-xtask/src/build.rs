//! One image: runs `docker buildx build`, keeps its output, and says how it ended.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::{ChildStderr, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use buildx::{Build, ENVIRONMENT, Line, PlainLog, Progress, ProgressParser, StepCounts};

use dockerfile::Cut;

use crate::environment::Environment;
use crate::failure::child_failure;
use crate::process::{Group, spawn_group};
use crate::state::{create_anew, make_room};

/// A build that is to run.
pub(crate) struct BuildJob<'a> {
    pub(crate) build: Build,
    pub(crate) environment: Environment,
    pub(crate) log: PathBuf,
    pub(crate) metadata: PathBuf,
    /// Locked as long as the child or one of its own is there, also where this process is killed.
    pub(crate) lock: Option<&'a File>,
}

/// A build that succeeded.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) duration: Duration,
    pub(crate) steps: StepCounts,
    /// As BuildKit names them.
    pub(crate) step_names: Vec<String>,
    /// Cache sources that were read.
    pub(crate) imported: Vec<String>,
    /// Caches that could not be written, and why.
    pub(crate) unwritten: Vec<String>,
}

/// What a running build says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    /// It is at this step now.
    Step(&'a str),
    /// Lines for its log.
    Log(&'a str),
}

/// A build that ran and came to nothing.
#[derive(Debug)]
pub(crate) struct BuildFailed {
    error: anyhow::Error,
    /// Whether a step failed by itself: before the build was asked to leave, and was not cancelled.
    pub(crate) by_itself: bool,
    /// Whether what failed is the export of the image: each step had succeeded.
    pub(crate) is_export: bool,
    /// Digests of what it had exported till then, and may have pushed or loaded.
    pub(crate) exported: Vec<String>,
}

#[cfg(test)]
impl BuildFailed {
    pub(crate) fn new(error: anyhow::Error, by_itself: bool) -> BuildFailed {
        BuildFailed { error, by_itself, is_export: false, exported: Vec::new() }
    }
}

impl fmt::Display for BuildFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl std::error::Error for BuildFailed {}

/// A running build: the child, and what is needed to hear it out.
pub(crate) struct RunningBuild {
    child: Group,
    stderr: ChildStderr,
    log: BufWriter<File>,
    words: Vec<String>,
    started: Instant,
}

impl BuildJob<'_> {
    /// Starts the child, in a process group of its own.
    pub(crate) fn start(self) -> anyhow::Result<RunningBuild> {
        // What an earlier build left must not be taken for this one's.
        make_room(&self.metadata)?;
        let build =
            Build { metadata_file: Some(self.metadata.display().to_string()), ..self.build };
        let mut words = vec!["docker".to_owned()];
        words.extend(build.argv());
        let mut log = BufWriter::new(create_anew(&self.log)?);
        writeln!(log, "$ {}\n", buildx::quote_command(&words))
            .with_context(|| format!("failed to write `{}`", self.log.display()))?;
        let mut command = self.environment.command("docker");
        command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::piped());
        for (name, value) in ENVIRONMENT {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(lock) = self.lock {
            // It reads nothing of its standard input. A lock is the open file's, whoever has that.
            command.stdin(lock.try_clone().context("failed to hand the lock on")?);
        }
        let mut child = spawn_group(&mut command).context("failed to run `docker`")?;
        let stderr = child.stderr.take().context("`docker buildx build` has no output")?;
        Ok(RunningBuild { child, stderr, log, words, started: Instant::now() })
    }
}

impl RunningBuild {
    /// Its process group.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads the build to its end; `hear` hears each new step, and each line of the log. `is_ended`:
    /// whether it has been asked to leave. What BuildKit tells from then on it tells in many words.
    pub(crate) fn wait(
        mut self,
        is_ended: &AtomicBool,
        hear: &dyn Fn(Said),
    ) -> anyhow::Result<Built> {
        let mut heard = Heard {
            progress: Progress::default(),
            plain: PlainLog::default(),
            text: Vec::new(),
            log: self.log,
        };
        let mut parser = ProgressParser::default();
        let mut reader = BufReader::new(self.stderr);
        let mut bytes = Vec::new();
        let mut step = String::new();
        let mut had_failed = None;
        // A line that is not UTF-8, or a log that can't be written, must not stop the reading:
        // the child would wait forever for somebody to take what it says.
        while reader.read_until(b'\n', &mut bytes).unwrap_or(0) > 0 {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if had_failed.is_none() && is_ended.load(Ordering::SeqCst) {
                had_failed = Some(heard.progress.failure().is_some());
            }
            for line in parser.push(&line) {
                hear(Said::Log(&heard.hear(&line)));
            }
            if let Some(now) = heard.progress.current()
                && now != step
            {
                step = now.to_owned();
                hear(Said::Step(&step));
            }
        }
        if let Some(line) = parser.finish() {
            hear(Said::Log(&heard.hear(&line)));
        }
        let status = self.child.wait().context("failed to wait for `docker buildx build`")?;
        hear(Said::Log(&heard.finish()));
        if !status.success() {
            let error = child_failure(&self.words, status, &heard.why());
            let by_itself = had_failed.unwrap_or_else(|| heard.progress.failure().is_some());
            let exported = heard.progress.exported_digests().map(str::to_owned).collect();
            let is_export = heard.progress.is_image_export_failed();
            return Err(BuildFailed { error, by_itself, is_export, exported }.into());
        }
        Ok(Built {
            duration: self.started.elapsed(),
            // What only serves to reach the ends of a part is none of its steps.
            steps: heard.progress.steps_that(|name| !name.contains(Cut::NOTHING)),
            step_names: heard.progress.step_names().map(str::to_owned).collect(),
            imported: heard.progress.imported_caches().into_iter().map(str::to_owned).collect(),
            unwritten: heard
                .progress
                .failed_exports()
                .into_iter()
                .map(|(name, why)| format!("{name}: {why}"))
                .collect(),
        })
    }
}

/// All that a build has said so far.
struct Heard {
    progress: Progress,
    plain: PlainLog,
    text: Vec<String>,
    log: BufWriter<File>,
}

impl Heard {
    /// Takes in a line; gives what it adds to the log.
    fn hear(&mut self, line: &Line) -> String {
        match line {
            Line::Status(status) => self.progress.apply(status),
            Line::Text(text) => self.text.push(text.clone()),
        }
        self.write(|plain| plain.render(line))
    }

    fn finish(&mut self) -> String {
        let last = self.write(PlainLog::finish);
        drop(self.log.flush());
        last
    }

    fn write(&mut self, render: impl FnOnce(&mut PlainLog) -> String) -> String {
        let text = render(&mut self.plain);
        // A full disk must not turn a good build into a failed one.
        drop(self.log.write_all(text.as_bytes()));
        text
    }

    /// The step that failed with the end of its output; else what buildx said in words.
    fn why(&self) -> String {
        match self.progress.failure() {
            Some(failure) => {
                format!("{}\n{}\n{}", failure.step, failure.log_tail.join("\n"), failure.error)
            }
            None => self.text.join("\n"),
        }
    }
}

#[cfg(test)]
mod tests;
