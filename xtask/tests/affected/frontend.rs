//! Whether this engine's BuildKit, or a frontend that somebody names, knows the flags of `COPY` that came
//! late: `--exclude` and `--parents`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::generate::Frontend;

/// An image that the engine can pull, as behind `# syntax=`.
pub(crate) const VARIABLE: &str = "LAMBDA_IMAGES_TEST_FRONTEND";

/// The frontend for all Dockerfiles that are built.
pub(crate) fn find() -> Frontend {
    if let Ok(image) = env::var(VARIABLE) {
        let said = build(&format!("# syntax={image}\n"));
        assert_eq!(said, Ok(()), "`{image}`, named by `{VARIABLE}`");
        return Frontend::Image(image.leak());
    }
    match build("") {
        Ok(()) => Frontend::Own,
        Err(said) => {
            // Any other failure is no answer.
            assert!(said.contains("unknown flag"), "{said}");
            Frontend::Older
        }
    }
}

/// Builds a Dockerfile that has both. `Err`: what BuildKit said.
fn build(begin: &str) -> Result<(), String> {
    let context = tempfile::Builder::new().prefix("frontend-").tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(context.path().join(name), "").unwrap();
    }
    let text = format!("{begin}FROM scratch\nCOPY --parents --exclude=b . /\n");
    let mut command = Command::new("docker");
    command.args(["buildx", "build", "--progress=plain", "--output=type=cacheonly", "--file=-"]);
    command.arg(context.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
