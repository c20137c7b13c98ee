//! How a run ends badly: exit codes, errors that have one of their own, and how they are shown.

use std::fmt;
use std::process::{ExitStatus, Output};

use lambda_images::problem::Problem;

use crate::registry::RegistryError;

/// Everything asked for was done.
pub const EXIT_SUCCESS: u8 = 0;
/// At least one image failed, or something unforeseen did.
pub const EXIT_FAILURE: u8 = 1;
/// The command line is wrong (clap's own code), or names an image that there is not.
pub const EXIT_USAGE: u8 = 2;
/// The workspace has problems: configuration, `pyproject.toml`s, Dockerfiles.
pub const EXIT_WORKSPACE: u8 = 3;
/// Something that the run needs is missing: docker, buildx, git, a registry.
pub const EXIT_ENVIRONMENT: u8 = 4;
/// Interrupted by Ctrl-C (128 + SIGINT, as shells have it).
pub const EXIT_INTERRUPTED: u8 = 130;

/// An error with its mend and, where it has one, its own exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// The command line asks for something that there is not.
pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Failure { code: EXIT_USAGE, message: message.into(), hint: Some(hint.into()) }.into()
}

/// Something that the run needs is missing.
pub(crate) fn environment(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Failure { code: EXIT_ENVIRONMENT, message: message.into(), hint: Some(hint.into()) }.into()
}

/// All problems of the workspace.
#[derive(Debug)]
pub(crate) struct WorkspaceProblems(pub(crate) Vec<Problem>);

impl fmt::Display for WorkspaceProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The first stands behind the `error:` that every error is shown with.
        for (index, problem) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "error: " };
            writeln!(f, "{before}{problem}")?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural} in the workspace", self.0.len())
    }
}

impl std::error::Error for WorkspaceProblems {}

/// The exit code of an error.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<WorkspaceProblems>().is_some() {
        return EXIT_WORKSPACE;
    }
    match error.downcast_ref::<RegistryError>() {
        Some(RegistryError::Interrupted { .. }) => return EXIT_INTERRUPTED,
        Some(_) => return EXIT_ENVIRONMENT,
        None => {}
    }
    error.downcast_ref::<Failure>().map_or(EXIT_FAILURE, |failure| failure.code)
}

/// A child that failed: its command, how it ended, and the end of what it said.
pub(crate) fn child_failure(words: &[String], status: ExitStatus, said: &str) -> anyhow::Error {
    let ended = match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "ended by a signal".to_owned(),
    };
    let mut message = format!(
        "failed to run `{}`: {ended}",
        buildx::quote_command(words.iter().map(String::as_str))
    );
    for line in tail(said, 12) {
        message += &format!("\n  {line}");
    }
    anyhow::anyhow!(message)
}

/// The same for a child whose output was gathered.
pub(crate) fn output_failure(words: &[String], output: &Output) -> anyhow::Error {
    child_failure(words, output.status, &String::from_utf8_lossy(&output.stderr))
}

/// The last lines of a text that are not empty, each cut to what is worth showing.
pub(crate) fn tail(text: &str, lines: usize) -> Vec<&str> {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| start(line)).collect()
}

/// The start of a line that has at most 4 KiB once it is shown: a dozen of them stay below 64 KiB.
fn start(line: &str) -> &str {
    let mut size = 0;
    let end = line.char_indices().find(|(_, c)| {
        // What is not printable ASCII may be shown by its escape.
        size += if c.is_ascii_graphic() || *c == ' ' { 1 } else { 10 };
        size > 4096
    });
    end.map_or(line, |(end, _)| &line[..end])
}

#[cfg(test)]
mod tests {
    use lambda_images::escape::escape_text;

    use super::*;

    #[test]
    fn the_tail_of_an_output_is_short_also_when_it_is_escaped() {
        let long = ["\u{1b}", "\u{202e}", "x", "é"].map(|text| text.repeat(1 << 20)).join("\n");
        let said = format!("first\n\n{}", [long.as_str(); 5].join("\n"));
        let failure = child_failure(&["docker".to_owned()], ExitStatus::default(), &said);
        let text = failure.to_string();
        assert_eq!(text.lines().count(), 13);
        assert!(escape_text(&text).len() < 64 * 1024, "{}", escape_text(&text).len());
        assert_eq!(tail("a\n\n b \n\nc\n", 2), [" b ", "c"]);
    }
}
