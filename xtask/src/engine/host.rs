//! What the machine already has: its distribution, a Docker engine of somebody's, the way to root.
//!
//! Deliberately changes nothing: every command here only asks.

use std::{
    env, fs,
    io::{self, IsTerminal},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::process::run_within;

/// The oldest buildx with `--progress=rawjson`.
const OLDEST_BUILDX: (u32, u32) = (0, 13);
/// A reachable engine answers much faster; a dead `ssh://` or `tcp://` one never does.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Docker engine that somebody runs, good enough to be used.
#[derive(Debug)]
pub(crate) struct Existing {
    pub(crate) docker_version: String,
    pub(crate) buildx_version: String,
    /// Whether it shares loopback with this process.
    pub(crate) is_local: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerInfo {
    /// Host name of the machine that the engine runs on.
    #[serde(default)]
    name: String,
    #[serde(default)]
    server_version: String,
}

/// The engine that `docker` talks to, or the reason why it can't be used.
pub(crate) fn find_existing_engine() -> Result<Existing, String> {
    let info = ask_docker(&["info", "--format", "{{json .}}"])?;
    let info: DockerInfo = serde_json::from_str(&info)
        .map_err(|error| format!("`docker info` is unclear: {error}"))?;
    if info.server_version.is_empty() {
        return Err("no Docker engine is reachable".to_owned());
    }
    let buildx = ask_docker(&["buildx", "version"])
        .map_err(|reason| format!("the Docker engine has no buildx plugin ({reason})"))?;
    let (version, number) = parse_buildx_version(&buildx)
        .ok_or_else(|| format!("`docker buildx version` is unclear: `{}`", buildx.trim()))?;
    if number < OLDEST_BUILDX {
        return Err(format!("buildx {version} is older than 0.13"));
    }
    let host_name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Ok(Existing {
        docker_version: info.server_version,
        buildx_version: version,
        is_local: info.name == host_name.trim(),
    })
}

fn ask_docker(arguments: &[&str]) -> Result<String, String> {
    let asked = arguments[0];
    match run_within(Command::new("docker").args(arguments), PATIENCE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err("no `docker` on the PATH".to_owned())
        }
        Err(error) => Err(format!("`docker {asked}` can't be started: {error}")),
        Ok(None) => Err(format!("`docker {asked}` took over {} s", PATIENCE.as_secs())),
        Ok(Some(output)) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Some(output)) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let line = text.lines().next_back().unwrap_or("no Docker engine is reachable");
            // The client's question after the statement is put to somebody else.
            Err(line.split(". Is the docker daemon").next().unwrap_or(line).to_owned())
        }
    }
}

/// `github.com/docker/buildx v0.21.1 abcdef` → (`0.21.1`, (0, 21)).
pub(crate) fn parse_buildx_version(text: &str) -> Option<(String, (u32, u32))> {
    let version = text.split_ascii_whitespace().nth(1)?.trim_start_matches('v');
    let mut numbers = version.split(|character: char| !character.is_ascii_digit());
    let mut number = || numbers.next()?.parse().ok();
    Some((version.to_owned(), (number()?, number()?)))
}

/// Whether `reference` can be pulled from here; `buildx` is a command to which arguments are added.
pub(crate) fn can_pull(buildx: &mut Command, reference: &str) -> bool {
    // What buildx notes about builders is of no use after this one question.
    let Ok(notes) = tempfile::tempdir() else { return false };
    let asked =
        buildx.args(["imagetools", "inspect", reference]).env("BUILDX_CONFIG", notes.path());
    matches!(run_within(asked, PATIENCE), Ok(Some(output)) if output.status.success())
}

/// The parts of os-release(5) that packages depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    pub(crate) id: String,
    /// `12` of Debian 12, `24.04` of Ubuntu 24.04, empty for Debian's testing.
    pub(crate) version: String,
    pub(crate) codename: String,
}

fn parse_os_release(text: &str) -> Distribution {
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.trim().split_once('='));
        let found = pairs.find(|(name, _)| *name == key).map(|(_, value)| value);
        found.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    Distribution {
        id: value("ID"),
        version: value("VERSION_ID"),
        codename: value("VERSION_CODENAME"),
    }
}

/// The suites that the packages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suites {
    /// This machine's own: for whatever is linked against its libraries.
    pub(crate) own: String,
    /// For the Docker engine: the first of the distribution with a buildx that is new enough, of
    /// which only programs that need nothing but an older libc are taken.
    pub(crate) engine: String,
}

impl Suites {
    /// The same machine with an engine of another suite, if one is asked for.
    pub(crate) fn with_engine(&self, suite: Option<&str>) -> Suites {
        let engine = suite.unwrap_or(&self.engine).to_owned();
        Suites { engine, ..self.clone() }
    }
}

/// A suite's name, as a line of a sources list takes it.
///
/// # Errors
/// When it is none.
pub(crate) fn parse_suite(text: &str) -> Result<String, String> {
    let is_of_name = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    if text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(is_of_name) {
        Ok(text.to_owned())
    } else {
        Err("a suite is named as `trixie` or `noble` is".to_owned())
    }
}

/// # Errors
/// The reason why this distribution's packages don't make an engine.
pub(crate) fn choose_suites(distribution: &Distribution) -> Result<Suites, String> {
    let Distribution { id, version, codename } = distribution;
    let (oldest, suite) = match (id.as_str(), version.as_str()) {
        ("debian", "12") => (12.0, "trixie"),
        ("debian", _) => (12.0, codename.as_str()),
        ("ubuntu", _) => (24.04, codename.as_str()),
        _ => return Err(format!("`{id}` is neither Debian nor Ubuntu")),
    };
    if version.parse().is_ok_and(|version: f64| version < oldest) {
        return Err(format!("the packages of {id} {version} are too old"));
    }
    if codename.is_empty() {
        return Err("`/etc/os-release` names no suite".to_owned());
    }
    Ok(Suites { own: codename.clone(), engine: suite.to_owned() })
}

/// The suites for this machine.
///
/// # Errors
/// The reason why there are none.
pub(crate) fn find_suites() -> Result<Suites, String> {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .map_err(|_| format!("this is {}, not Debian or Ubuntu", env::consts::OS))?;
    choose_suites(&parse_os_release(&text))
}

/// What to install by hand where `up` can't help.
pub(crate) fn render_install_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        "hint: install Docker Desktop, or `brew install colima docker docker-buildx` and run \
         `colima start`; then run `cargo xtask engine up` again"
    } else {
        "hint: install Docker Engine and its buildx plugin, 0.13 or newer \
         (https://docs.docker.com/engine/install/, packages `docker-ce` and \
         `docker-buildx-plugin`), start it, and run `cargo xtask engine up` again"
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs this program again as root, with the same environment as far as Docker goes.
///
/// # Errors
/// When there is no `sudo`, or it wants a password and there is nobody to ask.
pub(crate) fn run_as_root(root: &Path, arguments: &[&str]) -> Result<ExitStatus> {
    let mut sudo = Command::new("sudo");
    if !io::stdin().is_terminal() {
        sudo.arg("-n");
    }
    let home = env::var_os("HOME").unwrap_or_default();
    let docker_config =
        env::var_os("DOCKER_CONFIG").unwrap_or_else(|| Path::new(&home).join(".docker").into());
    let preserved = "--preserve-env=PATH,DOCKER_HOST,DOCKER_CONTEXT,DOCKER_CONFIG,SSL_CERT_FILE,\
                     http_proxy,https_proxy,no_proxy,HTTP_PROXY,HTTPS_PROXY,NO_PROXY,PIP_INDEX_URL,\
                     PIP_EXTRA_INDEX_URL,LAMBDA_IMAGES_MIRRORS";
    let program = env::current_exe().context("failed to find this program's own file")?;
    let status = sudo
        .arg(preserved)
        .arg(program)
        .args(arguments)
        .env("DOCKER_CONFIG", docker_config)
        .current_dir(root)
        .stdout(Stdio::inherit())
        .status();
    status.with_context(|| {
        format!(
            "failed to start `sudo`, without which only root can do this\n{}",
            render_install_hint()
        )
    })
}

#[cfg(test)]
mod tests;
