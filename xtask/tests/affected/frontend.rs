//! Whether this engine's BuildKit, or a frontend that somebody names, knows a flag of `COPY` that came
//! late: `--exclude` or, later still, `--parents`. It is asked by a build.
//!
//! A frontend is named by a build argument, not by a `# syntax` line: Dockerfiles are to be read as those
//! of BuildKit's own frontend, not as those of any program.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs};

/// An image that the engine can pull, as behind `# syntax=`.
const VARIABLE: &str = "LAMBDA_IMAGES_TEST_FRONTEND";
/// BuildKit's own name for it.
const ARGUMENT: &str = "BUILDKIT_SYNTAX";

/// The build argument that names the frontend, if somebody does.
pub(crate) fn given() -> Option<(&'static str, String)> {
    env::var(VARIABLE).ok().map(|image| (ARGUMENT, image))
}

/// Whether the frontend of all builds knows a flag, which comes with its value.
pub(crate) fn knows(flag: &str) -> bool {
    let Err(said) = build(flag) else { return true };
    if let Some((_, image)) = given() {
        panic!("`{image}`, named by `{VARIABLE}`: {said}");
    }
    // Any other failure is no answer.
    assert!(said.contains("unknown flag"), "{said}");
    false
}

/// What is said of a flag that it doesn't know.
pub(crate) fn note(flag: &str) -> String {
    format!(
        "note: this engine's BuildKit knows no `COPY {flag}`, and no build has it; \
         `{VARIABLE}=IMAGE` names a frontend that does"
    )
}

/// Builds a Dockerfile that has the flag. `Err`: what BuildKit said.
fn build(flag: &str) -> Result<(), String> {
    let context = tempfile::Builder::new().prefix("frontend-").tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(context.path().join(name), "").unwrap();
    }
    let mut command = Command::new("docker");
    command.args(["buildx", "build", "--progress=plain", "--output=type=cacheonly", "--file=-"]);
    command.args(given().map(|(name, image)| format!("--build-arg={name}={image}")));
    command.arg(context.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text = format!("FROM scratch\nCOPY {flag} . /\n");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
