//! Whether this engine's BuildKit, or a frontend that somebody names, knows the flags of `COPY` that came
//! late: `--exclude` and `--parents`.
//!
//! A frontend is named by a build argument, not by a `# syntax` line: Dockerfiles are to be read as those
//! of BuildKit's own frontend, not as those of any program.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::generate::Frontend;

/// An image that the engine can pull, as behind `# syntax=`.
pub(crate) const VARIABLE: &str = "LAMBDA_IMAGES_TEST_FRONTEND";
/// BuildKit's own name for it.
pub(crate) const ARGUMENT: &str = "BUILDKIT_SYNTAX";

/// The frontend that is named.
pub(crate) fn given() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// What the frontend of all builds knows.
pub(crate) fn find() -> Frontend {
    match (build(), given()) {
        (Ok(()), _) => Frontend::Newer,
        (Err(said), Some(image)) => panic!("`{image}`, named by `{VARIABLE}`: {said}"),
        (Err(said), None) => {
            // Any other failure is no answer.
            assert!(said.contains("unknown flag"), "{said}");
            Frontend::Older
        }
    }
}

/// Builds a Dockerfile that has both. `Err`: what BuildKit said.
fn build() -> Result<(), String> {
    let context = tempfile::Builder::new().prefix("frontend-").tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(context.path().join(name), "").unwrap();
    }
    let mut command = Command::new("docker");
    command.args(["buildx", "build", "--progress=plain", "--output=type=cacheonly", "--file=-"]);
    command.args(given().map(|image| format!("--build-arg={ARGUMENT}={image}")));
    command.arg(context.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text = b"FROM scratch\nCOPY --parents --exclude=b . /\n";
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
