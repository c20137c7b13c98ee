//! `pip` as it installs: distributions by their names, wheels, requirements files.

use dockerfile::join;

use super::options::{Argument, Takes, read_options};
use super::shell::{Unclear, unclear};
use super::{Action, Call, FilesAction, OPEN, Word, variables};

/// `pip`, `pip3`, `pip3.13`
pub(super) fn is_pip(name: &str) -> bool {
    let version = name.strip_prefix("pip");
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn known(name: &str) -> Option<Takes> {
    Some(match name {
        "--no-deps"
        | "--no-compile"
        | "--compile"
        | "--require-hashes"
        | "--no-cache-dir"
        | "-U"
        | "--upgrade"
        | "--user"
        | "--no-input"
        | "-q"
        | "-qq"
        | "--quiet"
        | "-v"
        | "--verbose"
        | "--no-build-isolation"
        | "--no-index"
        | "--pre"
        | "--prefer-binary"
        | "--ignore-installed"
        | "-I"
        | "--force-reinstall"
        | "--disable-pip-version-check"
        | "--no-warn-script-location"
        | "--break-system-packages"
        | "--no-warn-conflicts"
        | "--use-pep517"
        | "--no-color"
        | "--isolated"
        | "--no-python-version-warning" => Takes::Nothing,
        "-t" | "--target" | "--prefix" | "--root" | "--only-binary" | "--no-binary"
        | "--platform" | "--python-version" | "--implementation" | "--abi" | "-i"
        | "--index-url" | "--extra-index-url" | "-f" | "--find-links" | "--trusted-host"
        | "--cache-dir" | "--timeout" | "--retries" | "--progress-bar" | "--root-user-action"
        | "--upgrade-strategy" | "--cert" | "--client-cert" | "--proxy" | "-w" | "--wheel-dir"
        | "-d" | "--dest" | "--exists-action" => Takes::Value,
        "-r" | "--requirement" | "-c" | "--constraint" => Takes::ChosenValue,
        _ => return None,
    })
}

pub(super) fn read(call: &Call<'_>) -> Result<Vec<Action>, Unclear> {
    let Some((command, rest)) = call.arguments.split_first() else { return Ok(Vec::new()) };
    let command = command.known()?;
    match command {
        "install" | "wheel" | "download" => {}
        "--version" | "-V" | "list" | "freeze" | "check" | "show" | "cache" => {
            return Ok(Vec::new());
        }
        "uninstall" => return uninstall("pip uninstall", rest),
        _ => return unclear(format!("runs `pip {command}`")),
    }
    variables::check(call.variables, "PIP_")?;
    let shown = format!("pip {command}");
    let mut action = FilesAction { files: Vec::new(), is_uv: false, is_for_other: false };
    let mut names = Vec::new();
    for argument in read_options(&shown, rest, known)? {
        match argument {
            Argument::Option(_, value) => {
                action.files.push(file(call.folder, value.unwrap_or_default())?);
            }
            word @ Argument::Word(_) => names.push(word),
        }
    }
    check_names(&shown, &names)?;
    Ok(vec![Action::Files(action)])
}

/// Distributions by their names go.
pub(super) fn uninstall(command: &str, words: &[Word]) -> Result<Vec<Action>, Unclear> {
    let known = |name: &str| match name {
        "-y" | "--yes" | "-q" | "--quiet" | "--system" | "--root-user-action" => {
            Some(Takes::Nothing)
        }
        _ => None,
    };
    check_names(command, &read_options(command, words, known)?).map(|()| Vec::new())
}

/// The place of a requirements file.
pub(super) fn file(folder: &str, value: &str) -> Result<String, Unclear> {
    let name = value.rsplit('/').next().unwrap_or(value);
    let is_list = [".txt", ".lock", ".in", ".toml"].iter().any(|end| name.ends_with(end));
    let place = join(folder, value).filter(|_| is_list && !value.contains(':'));
    place.map_or_else(|| unclear(format!("installs what `{value}` says")), Ok)
}

/// Distributions by their names, or wheels: nothing of a lock's folder is read for them.
pub(super) fn check_names(command: &str, words: &[Argument<'_>]) -> Result<(), Unclear> {
    for argument in words {
        let text = match argument {
            Argument::Option(name, _) => *name,
            Argument::Word(word) if word.text.ends_with(".whl") => continue,
            Argument::Word(word) if word.has_glob && word.text.contains(['*', '?']) => &word.text,
            Argument::Word(word) if is_requirement(&word.text) => continue,
            Argument::Word(word) => &word.text,
        };
        let text = text.replace(OPEN, "…");
        return unclear(format!("runs `{command} {text}`, which may read any file"));
    }
    Ok(())
}

/// `name`, `name[extra]==1.2`: neither a path nor an archive nor a URL.
fn is_requirement(text: &str) -> bool {
    const ARCHIVES: [&str; 7] = [".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst"];
    let name_end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let (name, rest) = text.split_at(name_end.unwrap_or(text.len()));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    // A version may be anything that the index has; an open one can't become a path.
    let is_rest = rest.chars().all(|c| c.is_ascii_alphanumeric() || "[]<>=!~,.*+_- \0".contains(c));
    let is_archive = ARCHIVES.iter().any(|end| text.ends_with(end));
    is_name && is_rest && !is_archive && !rest.starts_with(OPEN)
}
