//! `docker buildx bake`, allowed whatever the files ask for that this repository makes for it.
//!
//! A newer bake ends with a question where a file wants the machine's network, or what lies outside of
//! the folder that it is called in; an older one doesn't know the answer's flag.

use std::io;
use std::process::Command;

/// `docker` gives a command to which arguments are added.
pub(crate) fn bake(docker: impl Fn() -> Command) -> io::Result<Command> {
    let help = docker().args(["buildx", "bake", "--help"]).output()?;
    let mut command = docker();
    command.args(["buildx", "bake"]).env("BUILDX_BAKE_ENTITLEMENTS_FS", "0");
    if String::from_utf8_lossy(&help.stdout).contains("--allow ") {
        command.arg("--allow=network.host");
    }
    Ok(command)
}
