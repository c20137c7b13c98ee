//! Programs that the tasks call and a fresh machine may lack: git, Python with its `venv`, Terraform.
//! On Debian and Ubuntu they are installed from the distribution, but for Terraform, which no
//! distribution has; elsewhere the error says what is missing.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::engine::host;
use crate::steps::say;

/// A program, how to see that it is there, and the packages that bring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `git`
    Git,
    /// `python3`, 3.11 or newer, that can make virtual environments.
    Python,
    /// `terraform`, 1.6 or newer
    Terraform,
}

impl Tool {
    fn check(self) -> Command {
        let (program, arguments): (&str, &[&str]) = match self {
            Tool::Git => ("git", &["--version"]),
            Tool::Python => (
                "python3",
                &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"],
            ),
            Tool::Terraform => ("terraform", &["version"]),
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Tool::Git => &["git"],
            Tool::Python => &["python3", "python3-venv"],
            Tool::Terraform => &[],
        }
    }

    fn about(self) -> &'static str {
        match self {
            Tool::Git => "git",
            Tool::Python => "python3, 3.11 or newer, with the `venv` module",
            Tool::Terraform => "terraform, 1.6 or newer",
        }
    }

    fn is_there(self) -> bool {
        self.check().status().is_ok_and(|status| status.success())
    }
}

/// Installs what is missing of `tools`.
///
/// # Errors
/// This machine gives no way to, with what to install by hand.
pub(crate) fn ensure_tools(tools: &[Tool]) -> anyhow::Result<()> {
    let missing: Vec<Tool> = tools.iter().copied().filter(|tool| !tool.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if missing.contains(&Tool::Terraform) {
        bail!(
            "this machine has no {}, and no distribution has it\n\
             hint: install it by <https://developer.hashicorp.com/terraform/install>, and put it on the `PATH`",
            Tool::Terraform.about()
        );
    }
    let names: Vec<&str> = missing.iter().map(|tool| tool.about()).collect();
    if let Err(why) = host::find_suites() {
        bail!(
            "this machine has no {}, and they can't be installed: {why}\nhint: install them",
            names.join(" and no ")
        );
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages()).copied().collect();
    say(&format!("installing {}", packages.join(" ")));
    apt_get(&["update", "--quiet", "--quiet"])?;
    apt_get(
        &[&["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"], &packages[..]]
            .concat(),
    )?;
    for tool in missing {
        ensure!(
            tool.is_there(),
            "this distribution has no {}\nhint: install it, and put it first on the `PATH`",
            tool.about()
        );
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = if host::is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        // Its own environment is not passed on.
        sudo.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    // What apt says is for people, and stdout is for pipes.
    let status = command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status();
    let status = status.with_context(|| format!("failed to run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
