//! `poetry` as it installs: `install`, `sync`, and `export` into a file.

use std::collections::BTreeSet;

use dockerfile::join;
use pyproject::PackageName;

use super::options::{Argument, Takes, read_options};
use super::shell::{Unclear, unclear};
use super::{
    Action, Call, Groups, LeftOut, Names, ProjectAction, StartGroups, Tool, Word, variables,
};

fn known(name: &str) -> Option<Takes> {
    Some(match name {
        "-n" | "--no-interaction" | "--ansi" | "--no-ansi" | "-q" | "--quiet" | "-v" | "-vv"
        | "-vvv" | "--verbose" | "--no-cache" | "--compile" | "--sync" => Takes::Nothing,
        "--all-extras" | "--all-groups" | "--no-root" | "--no-directory" => Takes::Choice,
        "-E" | "--extras" | "--with" | "--without" | "--only" | "-C" | "--directory" | "-P"
        | "--project" => Takes::ChosenValue,
        _ => return None,
    })
}

fn of_export(name: &str) -> Option<Takes> {
    Some(match name {
        "--without-hashes" | "--without-urls" | "--with-credentials" => Takes::Nothing,
        "-o" | "--output" | "-f" | "--format" => Takes::ChosenValue,
        name => return known(name),
    })
}

/// Settings that decide how and where, but not what.
const SETTINGS: [&str; 11] = [
    "cache-dir",
    "certificates.",
    "http-basic.",
    "installer.max-workers",
    "installer.parallel",
    "keyring.enabled",
    "pypi-token.",
    "repositories.",
    "solver.lazy-wheel",
    "virtualenvs.",
    "warnings.export",
];

pub(super) fn read(call: &Call<'_>) -> Result<Vec<Action>, Unclear> {
    let is_command = |word: &&Word| !word.text.starts_with('-');
    let Some(at) = call.arguments.iter().position(|word| is_command(&word)) else {
        let is_version = |word: &Word| ["--version", "-V"].contains(&&*word.text);
        return match call.arguments.iter().all(is_version) {
            true => Ok(Vec::new()),
            false => unclear("runs `poetry` without a command"),
        };
    };
    // An option with a value in front would hide the command.
    if call.arguments[..at].iter().any(|word| known(&word.text) != Some(Takes::Nothing)) {
        return unclear("runs `poetry` with options in front of the command");
    }
    let command = call.arguments[at].known()?;
    let rest = &call.arguments[at + 1..];
    let second = rest.first().map_or("", |word| word.text.as_str());
    let third = rest.get(1).map_or("", |word| word.text.as_str());
    match (command, second) {
        ("install" | "sync" | "export", _) => {
            variables::check(call.variables, "POETRY_")?;
            if call.variables.contains_key(&Some("XDG_CONFIG_HOME".to_owned())) {
                return unclear("finds `XDG_CONFIG_HOME` set");
            }
            Ok(vec![Action::Project(project(call, command, rest)?)])
        }
        ("cache", "clear") | ("env", "use" | "info" | "list") | ("about", _) => Ok(Vec::new()),
        ("self", "add") if third.starts_with("poetry-plugin-export") => Ok(Vec::new()),
        ("config", key)
            if SETTINGS.iter().any(|known| key.starts_with(known))
                && !rest.iter().any(|word| word.text.starts_with("--")) =>
        {
            Ok(Vec::new())
        }
        _ => unclear(format!("runs `poetry {command}`")),
    }
}

/// Names with commas or blanks between them.
fn names(value: Option<&str>) -> Result<Vec<PackageName>, Unclear> {
    let names = value.unwrap_or_default().split([',', ' ']).filter(|name| !name.is_empty());
    let names: Option<Vec<_>> = names.map(|name| name.parse().ok()).collect();
    names.map_or_else(|| unclear("names something that is no name"), Ok)
}

fn project(call: &Call<'_>, command: &str, words: &[Word]) -> Result<ProjectAction, Unclear> {
    let options = if command == "export" { of_export } else { known };
    let main: PackageName = names(Some("main"))?.remove(0);
    let mut extras = Names::none();
    // An export never has the project.
    let mut leaves_out = LeftOut { project: command == "export", ..LeftOut::default() };
    // An export has the main dependencies alone where no group is named.
    let mut start = if command == "export" { StartGroups::None } else { StartGroups::Default };
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    let mut only: Option<BTreeSet<PackageName>> = None;
    let (mut folder, mut output) = (call.folder.to_owned(), None);
    for argument in read_options(&format!("poetry {command}"), words, options)? {
        let (name, value) = match argument {
            Argument::Option(name, value) => (name, value),
            Argument::Word(word) => {
                return unclear(format!("has `{}` behind `poetry {command}`", word.text));
            }
        };
        match name {
            "--no-root" => leaves_out.project = true,
            "--no-directory" => leaves_out.local = true,
            "--all-extras" => extras = Names::all(),
            "--all-groups" => start = StartGroups::All,
            "-E" | "--extras" => names(value)?.into_iter().for_each(|extra| extras.add(extra)),
            "--with" => with.extend(names(value)?),
            "--without" => without.extend(names(value)?),
            "--only" => only.get_or_insert_default().extend(names(value)?),
            "-o" | "--output" => output = value.and_then(|value| join(call.folder, value)),
            "-f" | "--format" if value == Some("requirements.txt") => {}
            "-f" | "--format" => return unclear("exports another format than requirements.txt"),
            _ => {
                let below = value.and_then(|value| join(&folder, value));
                folder = below.map_or_else(|| unclear("names a folder that is not known"), Ok)?;
            }
        }
    }
    if let Some(only) = only {
        // Groups without the project's own dependencies are another closure.
        if !only.contains(&main) || !with.is_empty() || start == StartGroups::All {
            return unclear("installs groups without the main dependencies");
        }
        start = StartGroups::None;
        with = only;
    }
    if without.contains(&main) || (command == "export" && output.is_none()) {
        return unclear(format!("runs `poetry {command}` in a way that is not known here"));
    }
    with.remove(&main);
    let groups = Groups { start, with, without };
    let (tool, packages) = (Tool::Poetry, Vec::new());
    // It fails where the lock is of another `pyproject.toml`.
    let is_checked = true;
    Ok(ProjectAction { tool, folder, packages, extras, groups, is_checked, leaves_out, output })
}
