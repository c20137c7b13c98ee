//! Variables by which build scripts steer docker, read once and checked: `DOCKER_BUILDKIT`,
//! `BUILDKIT_PROGRESS`, `USE_STATIC_BASE_IMAGE`. `BUILDX_BUILDER` is read by buildx itself.

use lambda_images::ci::{CiRun, ci_run};
use lambda_images::stable::{VARIABLE, parse_switch};
use serde_json::Value;

use crate::environment::Environment;
use crate::failure::{environment as environment_failure, usage};
use crate::files::{Links, SETTINGS_LIMIT, read};

/// How a run shows its builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ProgressForm {
    /// A line per running image on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// Every line of every build, the image's name in front.
    Plain,
    /// Only how it ended.
    Quiet,
}

/// Refuses to run where BuildKit is switched off: there is no other builder that can do this.
///
/// # Errors
/// `DOCKER_BUILDKIT` is off, or no boolean.
pub(crate) fn check_buildkit(environment: &Environment) -> anyhow::Result<()> {
    let Some(value) = environment.get("DOCKER_BUILDKIT") else { return Ok(()) };
    // As docker reads it: Go's `strconv.ParseBool`.
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(()),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Err(environment_failure(
            format!("`DOCKER_BUILDKIT` is `{value}`, and images are built by BuildKit alone"),
            "`unset DOCKER_BUILDKIT`, or set it to `1`",
        )),
        other => Err(environment_failure(
            format!("`DOCKER_BUILDKIT` is `{other}`"),
            "it can be `1` or `true`, or not be set",
        )),
    }
}

/// What `BUILDKIT_PROGRESS` asks for.
///
/// # Errors
/// It is none of the words that are known.
pub(crate) fn progress_form(environment: &Environment) -> anyhow::Result<ProgressForm> {
    match environment.get("BUILDKIT_PROGRESS").unwrap_or("auto") {
        "auto" | "tty" => Ok(ProgressForm::Auto),
        "plain" => Ok(ProgressForm::Plain),
        "quiet" | "none" => Ok(ProgressForm::Quiet),
        other => Err(usage(
            format!("`BUILDKIT_PROGRESS` is `{other}`"),
            "it can be `auto`, `tty`, `plain`, `quiet` or `none`",
        )),
    }
}

/// Whether development mode is asked for, by `--dev` or by the variable.
///
/// # Errors
/// The variable is none of the words that are known.
pub(crate) fn wants_dev(flag: bool, environment: &Environment) -> anyhow::Result<bool> {
    let value = environment.get(VARIABLE).unwrap_or_default();
    match parse_switch(value) {
        Some(wanted) => Ok(flag || wanted),
        None => Err(usage(
            format!("`{VARIABLE}` is `{value}`"),
            "it can be `true`, `1` or `yes`, and `false`, `0` or `no`",
        )),
    }
}

/// The CI service's run that this is.
pub(crate) fn find_ci_run(environment: &Environment) -> Option<CiRun> {
    let event = environment.get("GITHUB_EVENT_PATH");
    let event: Option<Value> = event
        .and_then(|path| read(std::path::Path::new(path), Links::Follow, SETTINGS_LIMIT).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    ci_run(|name| environment.get(name).map(str::to_owned), event.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Environment {
        let clean = Environment::of_process().unwrap();
        clean.without("DOCKER_BUILDKIT").without(VARIABLE).with(name, value)
    }

    #[test]
    fn buildkit_is_not_switched_off() {
        for value in ["", "1", "true", "T"] {
            assert!(check_buildkit(&with("DOCKER_BUILDKIT", value)).is_ok(), "{value}");
        }
        for value in ["0", "false", "F", "yes"] {
            assert!(check_buildkit(&with("DOCKER_BUILDKIT", value)).is_err(), "{value}");
        }
    }

    #[test]
    fn progress_has_the_words_of_buildx() {
        let form = |value| progress_form(&with("BUILDKIT_PROGRESS", value)).ok();
        assert_eq!(form(""), Some(ProgressForm::Auto));
        assert_eq!(form("tty"), Some(ProgressForm::Auto));
        assert_eq!(form("plain"), Some(ProgressForm::Plain));
        assert_eq!(form("quiet"), Some(ProgressForm::Quiet));
        assert_eq!(form("none"), Some(ProgressForm::Quiet));
        assert_eq!(form("fancy"), None);
    }

    #[test]
    fn the_flag_or_the_variable_asks_for_development_mode() {
        let wants = |flag, value| wants_dev(flag, &with(VARIABLE, value)).ok();
        assert_eq!(wants(false, "YES"), Some(true));
        assert_eq!(wants(false, "false"), Some(false));
        assert_eq!(wants(true, "no"), Some(true));
        assert_eq!(wants(true, "maybe"), None);
    }
}
