//! Variables by which `uv`, `poetry` and `pip` are set: those that decide what is installed are
//! understood or refused, and so is every one that is not known.

use super::Variables;
use super::shell::{Unclear, unclear};

/// More variables are not looked at.
pub(super) const MOST: usize = 1_000;

/// The shell itself, or every program, reads what these name.
const OF_SHELLS: [&str; 7] =
    ["BASH_ENV", "ENV", "IFS", "CDPATH", "SHELLOPTS", "LD_PRELOAD", "LD_LIBRARY_PATH"];

/// How, where and how fast, but not what. A star stands for any ending.
const OF_UV: [&str; 47] = [
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_CACHE_DIR",
    "UV_COMPILE_BYTECODE*",
    "UV_CONCURRENT_*",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_FROZEN",
    "UV_HTTP_*",
    "UV_INDEX*",
    "UV_INSECURE_HOST",
    "UV_INSTALL_DIR",
    "UV_INSTALLER_*",
    "UV_KEYRING_PROVIDER",
    "UV_LINK_MODE",
    "UV_LOCKED",
    "UV_LOCK_TIMEOUT",
    "UV_MANAGED_PYTHON",
    "UV_NATIVE_TLS",
    "UV_NO_BINARY*",
    "UV_NO_BUILD*",
    "UV_NO_CACHE",
    "UV_NO_CONFIG",
    "UV_NO_DEFAULT_GROUPS",
    "UV_NO_DEV",
    "UV_NO_EDITABLE",
    "UV_NO_INSTALLER_METADATA",
    "UV_NO_INSTALL_LOCAL",
    "UV_NO_INSTALL_PROJECT",
    "UV_NO_INSTALL_WORKSPACE",
    "UV_NO_MANAGED_PYTHON",
    "UV_NO_MODIFY_PATH",
    "UV_NO_PROGRESS",
    "UV_NO_WRAP",
    "UV_OFFLINE",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_*",
    "UV_REQUIRE_HASHES",
    "UV_REQUEST_TIMEOUT",
    "UV_SKIP_WHEEL_FILENAME_CHECK",
    "UV_SYSTEM_CERTS",
    "UV_SYSTEM_PYTHON",
    "UV_TOOL_*",
    "UV_UNMANAGED_INSTALL",
    "UV_VENV_*",
    "UV_VERSION",
];

const OF_POETRY: [&str; 20] = [
    "POETRY_CACHE_DIR",
    "POETRY_CERTIFICATES_*",
    "POETRY_HOME",
    "POETRY_HTTP_BASIC_*",
    "POETRY_INSTALLER_MAX_WORKERS",
    "POETRY_INSTALLER_NO_BINARY",
    "POETRY_INSTALLER_ONLY_BINARY",
    "POETRY_INSTALLER_PARALLEL",
    "POETRY_KEYRING_ENABLED",
    "POETRY_NO_ANSI",
    "POETRY_NO_INTERACTION",
    "POETRY_PYPI_TOKEN_*",
    "POETRY_PYTHON_INSTALLATION_DIR",
    "POETRY_REPOSITORIES_*",
    "POETRY_REQUESTS_*",
    "POETRY_SOLVER_LAZY_WHEEL",
    "POETRY_SYSTEM_GIT_CLIENT",
    "POETRY_VERSION",
    "POETRY_VIRTUALENVS_*",
    "POETRY_WARNINGS_EXPORT",
];

const OF_PIP: [&str; 32] = [
    "PIP_BREAK_SYSTEM_PACKAGES",
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_COMPILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_FORCE_REINSTALL",
    "PIP_IGNORE_INSTALLED",
    "PIP_INDEX_URL",
    "PIP_NO_BINARY",
    "PIP_NO_CACHE",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_COLOR",
    "PIP_NO_COMPILE",
    "PIP_NO_DEPS",
    "PIP_NO_INDEX",
    "PIP_NO_INPUT",
    "PIP_NO_WARN_SCRIPT_LOCATION",
    "PIP_ONLY_BINARY",
    "PIP_PREFER_BINARY",
    "PIP_PREFIX",
    "PIP_PROGRESS_BAR",
    "PIP_PROXY",
    "PIP_QUIET",
    "PIP_REQUIRE_HASHES",
    "PIP_RETRIES",
    "PIP_ROOT_USER_ACTION",
    "PIP_TARGET",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
];

/// Refuses a variable that the shell goes by.
pub(super) fn check_shell(variables: &Variables) -> Result<(), Unclear> {
    if variables.contains_key(&None) {
        return unclear("finds a variable whose name is not known");
    }
    if variables.len() > MOST {
        return unclear(format!("finds more than {MOST} variables"));
    }
    let is_set = |name: &&&str| variables.contains_key(&Some((**name).to_owned()));
    match OF_SHELLS.iter().find(is_set) {
        Some(name) => unclear(format!("finds `{name}` set")),
        None => Ok(()),
    }
}

/// Whether one of the tools reads the variable.
pub(super) fn is_of_tool(name: &str) -> bool {
    ["UV_", "POETRY_", "PIP_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Refuses what may decide what a tool installs; `prefix` is that of the tool's variables.
pub(super) fn check(variables: &Variables, prefix: &str) -> Result<(), Unclear> {
    let known: &[&str] = match prefix {
        "UV_" => &OF_UV,
        "POETRY_" => &OF_POETRY,
        _ => &OF_PIP,
    };
    let is_known = |name: &&String| {
        known.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name.as_str() == *known,
        })
    };
    let from = variables.range(Some(prefix.to_owned())..).filter_map(|(name, _)| name.as_ref());
    let mut of_tool = from.take_while(|name| name.starts_with(prefix));
    match of_tool.find(|name| !is_known(name)) {
        Some(name) => unclear(format!("finds `{name}` set, which is not known here")),
        None => Ok(()),
    }
}

/// Whether a switch is on.
///
/// # Errors
/// Its value is not known, or none that every version of the tool reads alike.
pub(super) fn is_on(variables: &Variables, name: &str) -> Result<bool, Unclear> {
    match variables.get(&Some(name.to_owned())) {
        None => Ok(false),
        Some(Some(value)) if ["1", "true"].contains(&value.as_str()) => Ok(true),
        Some(Some(value)) if ["", "0", "false"].contains(&value.as_str()) => Ok(false),
        Some(_) => unclear(format!("finds a value of `{name}` that is not known")),
    }
}
