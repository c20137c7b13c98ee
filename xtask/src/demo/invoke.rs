//! Runs a Lambda image: imports its handler, and invokes it through its runtime interface client.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use lambda_xtask::Environment;
use serde_json::Value;

use super::runtime_api::RuntimeApi;

/// The Lambda whose sample event needs nothing from outside its image: a dry run, which gives
/// back the batch file that it would have submitted.
pub(super) const OFFLINE_LAMBDA: &str = "submit-to-openai";
pub(super) const OFFLINE_EVENT: &str = "lambdas/submit_to_openai/events/sample.json";
/// Requests in the sample event's batch file.
pub(super) const OFFLINE_REQUESTS: u64 = 3;

/// A container that has not answered by then does not work.
const LIMIT: Duration = Duration::from_secs(60);

/// Imports `handler` in a container, as the runtime would.
pub(super) fn import_handler(environment: &Environment, reference: &str) -> anyhow::Result<()> {
    let mut command = environment.command("docker");
    command.args(["run", "--rm", "--network", "none", "--entrypoint", "python", reference]);
    command.args(["-c", "import handler; assert callable(handler.handler)"]);
    let output = command.output().context("failed to run `docker`")?;
    ensure!(
        output.status.success(),
        "the handler can't be imported: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Hands one event to the image's handler, and gives back its response.
pub(super) fn invoke(
    environment: &Environment,
    reference: &str,
    event: &str,
) -> anyhow::Result<String> {
    let api = RuntimeApi::start(event.to_owned())?;
    // Docker Desktop's containers reach this machine's loopback by a name; elsewhere they
    // share its network.
    let host = if cfg!(target_os = "linux") { "127.0.0.1" } else { "host.docker.internal" };
    let mut command = environment.command("docker");
    command
        .args(["run", "--detach", "--env"])
        .arg(format!("AWS_LAMBDA_RUNTIME_API={host}:{}", api.port()));
    command.args(["--env", "AWS_REGION=us-east-1"]);
    if cfg!(target_os = "linux") {
        command.args(["--network", "host"]);
    }
    let output = command.arg(reference).output().context("failed to run `docker`")?;
    ensure!(
        output.status.success(),
        "the container did not start: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let container = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let response = api.wait(LIMIT);
    let logs = environment.command("docker").args(["logs", &container]).output();
    // It waits for a second event that never comes.
    let removed = environment.command("docker").args(["rm", "--force", &container]).output();
    let response = response.with_context(|| match logs {
        Ok(logs) => format!(
            "the container said: {}{}",
            String::from_utf8_lossy(&logs.stdout),
            String::from_utf8_lossy(&logs.stderr)
        ),
        Err(error) => format!("its logs can't be read: {error}"),
    })?;
    ensure!(
        removed.is_ok_and(|output| output.status.success()),
        "the container `{container}` can't be removed"
    );
    Ok(response)
}

/// The response of the offline Lambda to its sample event.
pub(super) fn check_response(response: &str) -> anyhow::Result<()> {
    let response: Value = serde_json::from_str(response).context("the response is not JSON")?;
    let lines = response["jsonl"].as_str().unwrap_or_default().lines().count() as u64;
    ensure!(
        response["requests"] == OFFLINE_REQUESTS && lines == OFFLINE_REQUESTS,
        "the response has {} requests in {lines} lines, not {OFFLINE_REQUESTS}",
        response["requests"]
    );
    Ok(())
}
