//! What ECR wants beside the distribution API, by the `aws` client: a login, and repositories that are
//! made before anything is pushed.
//!
//! The password of a login goes from `aws` to `docker` by a pipe, and nowhere else. A profile that wants
//! an MFA code asks for it in the terminal; a program that does not end is ended.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use lambda_images::config::RepositoryTags;
use lambda_images::ecr::Ecr;

use super::error::RegistryError;
use crate::environment::Environment;
use crate::failure::tail;
use crate::process::{Ending, Group, end, read, spawn_in_foreground};

/// What a program of these may take, and a person who looks for an MFA code.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// What it has to leave the terminal as it was, once it is to end.
const GRACE: Duration = Duration::from_secs(2);

/// The account of whoever asks.
///
/// # Errors
/// There is no `aws`, or it has no credentials.
pub(crate) fn ask_account(
    environment: &Environment,
    region: &str,
) -> Result<String, RegistryError> {
    let query = ["--region", region, "--query", "Account", "--output", "text"];
    let said = aws(environment, LIMIT, &[&["sts", "get-caller-identity"], &query[..]].concat())?;
    Ok(said.trim().to_owned())
}

/// `aws ecr get-login-password | docker login --username AWS --password-stdin HOST`
///
/// # Errors
/// Either of the two fails, or takes longer than `limit`.
pub(super) fn log_in(
    environment: &Environment,
    ecr: &Ecr,
    host: &str,
    limit: Duration,
) -> Result<(), RegistryError> {
    let get_password = ["ecr", "get-login-password", "--region", &ecr.region];
    let password = aws(environment, limit, &get_password)?;
    let log_in = ["login", "--username", "AWS", "--password-stdin", host];
    run(environment, limit, "docker", &log_in, Some(password.as_bytes())).map(drop)
}

/// Those of some repositories that the registry does not have, in one question.
///
/// # Errors
/// `aws` can't tell.
pub(crate) fn find_missing<'r>(
    environment: &Environment,
    ecr: &Ecr,
    wanted: &BTreeSet<&'r str>,
) -> Result<Vec<&'r str>, RegistryError> {
    let query = ["--query", "repositories[].repositoryName", "--output", "json"];
    let said =
        aws(environment, LIMIT, &[&command(ecr, "describe-repositories")[..], &query].concat())?;
    let there: BTreeSet<String> =
        serde_json::from_str(&said).map_err(|_| RegistryError::Command {
            command: "aws ecr describe-repositories".to_owned(),
            why: "it printed no list of names".to_owned(),
        })?;
    Ok(wanted.iter().copied().filter(|name| !there.contains(*name)).collect())
}

/// What a repository is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Images: they are scanned when they are pushed.
    Images(RepositoryTags),
    /// Caches: each export moves its tag, and there is nothing in it to scan.
    Caches,
}

/// Makes a repository. That somebody else has made it in the meantime is success.
///
/// # Errors
/// `aws` can't make it.
pub(crate) fn create_repository(
    environment: &Environment,
    ecr: &Ecr,
    name: &str,
    holds: Holds,
) -> Result<(), RegistryError> {
    let (tags, scan) = match holds {
        Holds::Images(tags) => (tags, "scanOnPush=true"),
        Holds::Caches => (RepositoryTags::Mutable, "scanOnPush=false"),
    };
    let mut words = command(ecr, "create-repository");
    words.extend(["--repository-name", name]);
    words.extend(["--image-scanning-configuration", scan]);
    words.extend(["--image-tag-mutability", tags.as_ecr_has_it()]);
    match aws(environment, LIMIT, &words) {
        Err(RegistryError::Command { why, .. })
            if why.contains("RepositoryAlreadyExistsException") =>
        {
            Ok(())
        }
        result => result.map(drop),
    }
}

/// The first words of a command about a registry.
fn command<'a>(ecr: &'a Ecr, name: &'a str) -> Vec<&'a str> {
    let mut words = vec!["ecr", name, "--region", &ecr.region];
    words.extend(ecr.account.iter().flat_map(|account| ["--registry-id", account.as_str()]));
    words
}

fn aws(
    environment: &Environment,
    limit: Duration,
    arguments: &[&str],
) -> Result<String, RegistryError> {
    let said = run(environment, limit, "aws", arguments, None)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Runs a program; gives what it prints. What it was given is in no error.
fn run(
    environment: &Environment,
    limit: Duration,
    program: &str,
    arguments: &[&str],
    input: Option<&[u8]>,
) -> Result<Vec<u8>, RegistryError> {
    let words = std::iter::once(program).chain(arguments.iter().copied());
    let failed =
        |why: String| RegistryError::Command { command: buildx::quote_command(words.clone()), why };
    let mut command = environment.command(program);
    command
        .args(arguments)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = spawn_in_foreground(&mut command);
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // Who does not read its input says why by its exit status.
        drop(stdin.write_all(input));
    }
    let Some((out, said)) = hear_out(&mut child, limit) else {
        let command = buildx::quote_command(words.clone());
        return Err(RegistryError::Endless { command, limit });
    };
    // It has closed its outputs: it is at its end.
    let status = child.wait_until(Instant::now() + GRACE);
    let status = status.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(out);
    }
    let said = String::from_utf8_lossy(&said);
    let last = tail(&said, 1).first().map(|line| (*line).trim().to_owned());
    Err(failed(last.unwrap_or_else(|| status.to_string())))
}

/// What a program prints to its two outputs; `None`: it took too long, and is gone.
fn hear_out(child: &mut Group, limit: Duration) -> Option<(Vec<u8>, Vec<u8>)> {
    let (out, said) = (read(child.stdout.take()), read(child.stderr.take()));
    let both = |limit: Duration| {
        let until = Instant::now() + limit;
        let left = || until.saturating_duration_since(Instant::now());
        Ok::<_, RecvTimeoutError>((out.recv_timeout(left())?, said.recv_timeout(left())?))
    };
    if let Ok(heard) = both(limit) {
        return Some(heard);
    }
    // Who reads a code has turned the terminal's echo off, and gets to turn it on again.
    end((**child).id(), Ending::Interrupt);
    drop(both(GRACE));
    drop(child.kill());
    drop(child.wait());
    None
}
