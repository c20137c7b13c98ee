//! What ECR wants beside the distribution API, by the `aws` client: a login, repositories that are made
//! before anything is pushed, and a way to delete a tag.
//!
//! The password of a login goes from `aws` to `docker` by a pipe, and nowhere else.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;

use lambda_images::config::RepositoryTags;
use lambda_images::ecr::Ecr;

use super::error::RegistryError;
use crate::environment::Environment;
use crate::failure::tail;
use crate::process::own_group;

/// The account of whoever asks.
///
/// # Errors
/// There is no `aws`, or it has no credentials.
pub(crate) fn ask_account(
    environment: &Environment,
    region: &str,
) -> Result<String, RegistryError> {
    let query = ["--region", region, "--query", "Account", "--output", "text"];
    let said = aws(environment, &[&["sts", "get-caller-identity"], &query[..]].concat())?;
    Ok(said.trim().to_owned())
}

/// `aws ecr get-login-password | docker login --username AWS --password-stdin HOST`
///
/// # Errors
/// Either of the two fails.
pub(super) fn log_in(
    environment: &Environment,
    ecr: &Ecr,
    host: &str,
) -> Result<(), RegistryError> {
    let password = aws(environment, &["ecr", "get-login-password", "--region", &ecr.region])?;
    let log_in = ["login", "--username", "AWS", "--password-stdin", host];
    run(environment, "docker", &log_in, Some(password.as_bytes())).map(drop)
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
    let said = aws(environment, &[&command(ecr, "describe-repositories")[..], &query].concat())?;
    let there: BTreeSet<String> =
        serde_json::from_str(&said).map_err(|_| RegistryError::Command {
            command: "aws ecr describe-repositories".to_owned(),
            why: "it printed no list of names".to_owned(),
        })?;
    Ok(wanted.iter().copied().filter(|name| !there.contains(*name)).collect())
}

/// Makes a repository whose images are scanned when they are pushed. That somebody else has made it
/// in the meantime is success.
///
/// # Errors
/// `aws` can't make it.
pub(crate) fn create_repository(
    environment: &Environment,
    ecr: &Ecr,
    name: &str,
    tags: RepositoryTags,
) -> Result<(), RegistryError> {
    let mut words = command(ecr, "create-repository");
    words.extend(["--repository-name", name]);
    words.extend(["--image-scanning-configuration", "scanOnPush=true"]);
    words.extend(["--image-tag-mutability", tags.as_ecr_has_it()]);
    match aws(environment, &words) {
        Err(RegistryError::Command { why, .. })
            if why.contains("RepositoryAlreadyExistsException") =>
        {
            Ok(())
        }
        result => result.map(drop),
    }
}

/// Takes a tag away; `false`: it still is there.
///
/// # Errors
/// `aws` may not do that.
pub(super) fn delete_tag(
    environment: &Environment,
    ecr: &Ecr,
    repository: &str,
    tag: &str,
) -> Result<bool, RegistryError> {
    let id = format!("imageTag={tag}");
    let mut words = command(ecr, "batch-delete-image");
    words.extend(["--repository-name", repository, "--image-ids", &id]);
    words.extend(["--query", "failures", "--output", "json"]);
    let said = aws(environment, &words)?;
    Ok(serde_json::from_str::<Vec<serde_json::Value>>(&said).is_ok_and(|list| list.is_empty()))
}

/// The first words of a command about a registry.
fn command<'a>(ecr: &'a Ecr, name: &'a str) -> Vec<&'a str> {
    let mut words = vec!["ecr", name, "--region", &ecr.region];
    words.extend(ecr.account.iter().flat_map(|account| ["--registry-id", account.as_str()]));
    words
}

fn aws(environment: &Environment, arguments: &[&str]) -> Result<String, RegistryError> {
    let said = run(environment, "aws", arguments, None)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Runs a program; gives what it prints. What it was given is in no error.
fn run(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
    input: Option<&[u8]>,
) -> Result<Vec<u8>, RegistryError> {
    let words = std::iter::once(program).chain(arguments.iter().copied());
    let failed =
        |why: String| RegistryError::Command { command: buildx::quote_command(words.clone()), why };
    let mut command = environment.command(program);
    own_group(&mut command)
        .args(arguments)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // Who does not read its input says why by its exit status.
        drop(stdin.write_all(input));
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = tail(&said, 1).first().map(|line| (*line).trim().to_owned());
    Err(failed(last.unwrap_or_else(|| output.status.to_string())))
}
