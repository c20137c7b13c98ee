//! A login to ECR by the `aws` client and docker: the password goes from the one to the other by a
//! pipe, and nowhere else.

use std::io::Write as _;
use std::process::Stdio;

use super::error::RegistryError;
use crate::environment::Environment;
use crate::failure::tail;
use crate::process::own_group;

/// How to log in where docker has no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EcrLogin {
    /// The AWS region of the registry.
    pub(crate) region: String,
}

impl EcrLogin {
    /// `aws ecr get-login-password | docker login --username AWS --password-stdin HOST`
    pub(super) fn log_in(
        &self,
        environment: &Environment,
        host: &str,
    ) -> Result<(), RegistryError> {
        let get = ["ecr", "get-login-password", "--region", &self.region];
        let password = run(environment, "aws", &get, host, None)?;
        let log_in = ["login", "--username", "AWS", "--password-stdin", host];
        run(environment, "docker", &log_in, host, Some(&password)).map(drop)
    }
}

/// Runs a program; gives what it prints. What it was given is in no error.
fn run(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
    host: &str,
    input: Option<&[u8]>,
) -> Result<Vec<u8>, RegistryError> {
    let failed = |why: String| RegistryError::Login {
        command: format!("{program} {}", arguments.join(" ")),
        host: host.to_owned(),
        why,
    };
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
    let last =
        tail(&said, 1).first().map_or_else(|| output.status.to_string(), |line| (*line).to_owned());
    Err(failed(last))
}
