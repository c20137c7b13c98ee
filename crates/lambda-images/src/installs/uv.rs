//! `uv` as it installs: `sync`, `export` into a file, `pip install` and `pip sync`.

use std::collections::BTreeSet;

use dockerfile::join;
use pyproject::PackageName;

use super::options::{Argument, Takes, read_options};
use super::shell::{Unclear, unclear};
use super::{
    Action, Call, FilesAction, Groups, LeftOut, Names, ProjectAction, StartGroups, Tool, Word, pip,
    variables,
};

/// Packages that a command names one by one; one that names more is refused.
const MOST_PACKAGES: usize = 100;

/// What any of uv's commands takes.
fn global(name: &str) -> Option<Takes> {
    Some(match name {
        "-q"
        | "-qq"
        | "--quiet"
        | "-v"
        | "--verbose"
        | "-n"
        | "--no-cache"
        | "--no-progress"
        | "--offline"
        | "--native-tls"
        | "--system-certs"
        | "--no-python-downloads"
        | "--managed-python"
        | "--no-managed-python"
        | "--no-config"
        | "--allow-python-downloads" => Takes::Nothing,
        "--cache-dir"
        | "--color"
        | "--python-preference"
        | "--python-fetch"
        | "--allow-insecure-host" => Takes::Value,
        "--directory" | "--project" => Takes::ChosenValue,
        _ => return None,
    })
}

/// What the commands take that install something.
fn installing(name: &str) -> Option<Takes> {
    Some(match name {
        "--compile-bytecode"
        | "--no-compile-bytecode"
        | "--reinstall"
        | "--no-build"
        | "--no-binary"
        | "--no-build-isolation"
        | "--no-index"
        | "--refresh"
        | "--no-installer-metadata" => Takes::Nothing,
        "-p"
        | "--python"
        | "--link-mode"
        | "-i"
        | "--index-url"
        | "--extra-index-url"
        | "--index"
        | "--default-index"
        | "-f"
        | "--find-links"
        | "--index-strategy"
        | "--keyring-provider"
        | "--no-binary-package"
        | "--no-build-package"
        | "--no-build-isolation-package"
        | "--reinstall-package"
        | "--refresh-package" => Takes::Value,
        name => return global(name),
    })
}

fn of_project(name: &str) -> Option<Takes> {
    Some(match name {
        "--no-editable" | "--inexact" | "--exact" | "--active" | "--no-active" => Takes::Nothing,
        "--no-install-project"
        | "--frozen"
        | "--locked"
        | "--all-extras"
        | "--dev"
        | "--no-dev"
        | "--all-groups"
        | "--no-default-groups"
        | "--no-install-workspace"
        | "--no-install-local" => Takes::Choice,
        "--no-install-package"
        | "--package"
        | "--extra"
        | "--no-extra"
        | "--group"
        | "--no-group" => Takes::ChosenValue,
        name => return installing(name),
    })
}

fn of_export(name: &str) -> Option<Takes> {
    Some(match name {
        "--no-emit-project" | "--no-emit-workspace" | "--no-emit-local" => Takes::Choice,
        "--no-hashes" | "--hashes" | "--no-annotate" | "--no-header" => Takes::Nothing,
        "--no-emit-package" | "-o" | "--output-file" | "--format" => Takes::ChosenValue,
        name => return of_project(name),
    })
}

fn of_pip(name: &str) -> Option<Takes> {
    Some(match name {
        "--system"
        | "--no-deps"
        | "--require-hashes"
        | "--no-require-hashes"
        | "--no-verify-hashes"
        | "--verify-hashes"
        | "-U"
        | "--upgrade"
        | "--strict"
        | "--break-system-packages"
        | "--exact"
        | "--user" => Takes::Nothing,
        "--target" | "-t" | "--prefix" | "--only-binary" | "--no-binary" | "--prerelease" => {
            Takes::Value
        }
        "-r" | "--requirement" | "--requirements" | "-c" | "--constraint" | "--constraints"
        | "--python-platform" | "--python-version" => Takes::ChosenValue,
        name => return installing(name),
    })
}

/// Where the first word stands that is no option.
fn subcommand(words: &[Word]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if !word.text.starts_with('-') {
            break;
        }
        let takes_next = !word.text.contains('=')
            && matches!(global(&word.text), Some(Takes::Value | Takes::ChosenValue));
        at += 1 + usize::from(takes_next);
    }
    at
}

pub(super) fn read(call: &Call<'_>) -> Result<Vec<Action>, Unclear> {
    let at = subcommand(call.arguments);
    let Some(command) = call.arguments.get(at) else {
        let is_version = |word: &Word| ["--version", "-V", "--help"].contains(&&*word.text);
        return match call.arguments.iter().all(is_version) {
            true => Ok(Vec::new()),
            false => unclear("runs `uv` without a command"),
        };
    };
    let command = command.known()?;
    let (before, behind) = (&call.arguments[..at], &call.arguments[at + 1..]);
    let second = behind.first().map_or("", |word| word.text.as_str());
    match (command, second) {
        ("sync" | "export", _) => {
            variables::check(call.variables, "UV_")?;
            let words = [before, behind].concat();
            Ok(vec![Action::Project(project(call, command, &words)?)])
        }
        ("pip", "install" | "sync") => {
            variables::check(call.variables, "UV_")?;
            let words = [before, &behind[1..]].concat();
            Ok(vec![Action::Files(files(call, second, &words)?)])
        }
        ("pip", "list" | "check" | "show" | "freeze" | "tree")
        | ("python", "install" | "find" | "list" | "dir" | "upgrade")
        | ("cache", "clean" | "prune" | "dir")
        | ("self", "version") => Ok(Vec::new()),
        ("pip", "uninstall") => pip::uninstall("uv pip uninstall", &behind[1..]),
        ("venv", _) => {
            let known = |name: &str| match name {
                "--seed"
                | "--system-site-packages"
                | "--relocatable"
                | "--clear"
                | "-c"
                | "--allow-existing"
                | "--no-project" => Some(Takes::Nothing),
                "--prompt" => Some(Takes::Value),
                name => installing(name),
            };
            read_options("uv venv", behind, known).map(|_| Vec::new())
        }
        ("tool", "install") => {
            let known = |name: &str| {
                if name == "--force" { Some(Takes::Nothing) } else { installing(name) }
            };
            let words = read_options("uv tool install", &behind[1..], known)?;
            pip::check_names("uv tool install", &words).map(|()| Vec::new())
        }
        _ => unclear(format!("runs `uv {command}`")),
    }
}

/// The folder that an option leads to from another one.
fn folder(from: &str, option: &str, arguments: &[Argument<'_>]) -> Result<String, Unclear> {
    let mut values = arguments.iter().filter_map(|argument| match argument {
        Argument::Option(name, value) if *name == option => *value,
        _ => None,
    });
    let Some(value) = values.next_back() else { return Ok(from.to_owned()) };
    join(from, value).map_or_else(|| unclear("names a folder that is not known"), Ok)
}

fn name_of(value: Option<&str>) -> Result<PackageName, Unclear> {
    let name = value.and_then(|value| value.parse().ok());
    name.map_or_else(|| unclear("names something that is no name"), Ok)
}

fn project(call: &Call<'_>, command: &str, words: &[Word]) -> Result<ProjectAction, Unclear> {
    let known = if command == "export" { of_export } else { of_project };
    let arguments = read_options(&format!("uv {command}"), words, known)?;
    let start_folder = folder(call.folder, "--directory", &arguments)?;
    let on = |name: &str| variables::is_on(call.variables, name);
    let (mut is_frozen, mut is_checked) = (on("UV_FROZEN")?, on("UV_LOCKED")?);
    let mut start =
        if on("UV_NO_DEFAULT_GROUPS")? { StartGroups::None } else { StartGroups::Default };
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    let (mut extras, mut no_extras) = (Names::none(), BTreeSet::new());
    let (mut packages, mut output) = (Vec::new(), None);
    let mut leaves_out = LeftOut::default();
    if command == "sync" {
        leaves_out.project = on("UV_NO_INSTALL_PROJECT")?;
        leaves_out.workspace = on("UV_NO_INSTALL_WORKSPACE")?;
        leaves_out.local = on("UV_NO_INSTALL_LOCAL")?;
    }
    let dev = || name_of(Some("dev"));
    let mut has_dev = None;
    for argument in &arguments {
        let (name, value) = match argument {
            Argument::Option(name, value) => (*name, *value),
            Argument::Word(word) => {
                return unclear(format!("has `{}` behind `uv {command}`", word.text));
            }
        };
        match name {
            "--no-install-project" | "--no-emit-project" => leaves_out.project = true,
            "--no-install-workspace" | "--no-emit-workspace" => leaves_out.workspace = true,
            "--no-install-local" | "--no-emit-local" => leaves_out.local = true,
            "--no-install-package" | "--no-emit-package" => {
                leaves_out.packages.insert(name_of(value)?);
            }
            "--frozen" => is_frozen = true,
            "--locked" => is_checked = true,
            "--package" => packages.push(name_of(value)?),
            "--all-extras" => extras = Names::all(),
            "--extra" => extras.add(name_of(value)?),
            "--no-extra" => drop(no_extras.insert(name_of(value)?)),
            "--all-groups" => start = StartGroups::All,
            "--no-default-groups" if start != StartGroups::All => start = StartGroups::None,
            "--group" => drop(with.insert(name_of(value)?)),
            "--no-group" => drop(without.insert(name_of(value)?)),
            "--dev" => has_dev = Some(true),
            "--no-dev" => has_dev = Some(false),
            "-o" | "--output-file" => output = value.and_then(|value| join(&start_folder, value)),
            "--format" if value != Some("requirements.txt") => {
                return unclear("exports another format than requirements.txt");
            }
            _ => {}
        }
    }
    match has_dev {
        Some(true) => drop(with.insert(dev()?)),
        Some(false) => drop(without.insert(dev()?)),
        None if on("UV_NO_DEV")? => drop(without.insert(dev()?)),
        None => {}
    }
    no_extras.into_iter().for_each(|name| extras.remove(name));
    if !is_frozen && !is_checked {
        return unclear(format!(
            "runs `uv {command}` without `--frozen` or `--locked`, which may resolve anew"
        ));
    }
    if packages.len() > MOST_PACKAGES {
        return unclear(format!("names more than {MOST_PACKAGES} packages"));
    }
    if command == "export" && output.is_none() {
        return unclear("runs `uv export` without `--output-file`");
    }
    let folder = folder(&start_folder, "--project", &arguments)?;
    let groups = Groups { start, with, without };
    let tool = Tool::Uv;
    Ok(ProjectAction { tool, folder, packages, extras, groups, is_checked, leaves_out, output })
}

fn files(call: &Call<'_>, command: &str, words: &[Word]) -> Result<FilesAction, Unclear> {
    let shown = format!("uv pip {command}");
    let arguments = read_options(&shown, words, of_pip)?;
    let folder = folder(call.folder, "--directory", &arguments)?;
    let mut action = FilesAction { files: Vec::new(), is_uv: true, is_for_other: false };
    let mut names = Vec::new();
    for argument in arguments {
        match argument {
            Argument::Option("--python-platform" | "--python-version", _) => {
                action.is_for_other = true;
            }
            Argument::Option("--directory" | "--project", _) => {}
            Argument::Option(_, value) => {
                action.files.push(pip::file(&folder, value.unwrap_or_default())?);
            }
            Argument::Word(word) if command == "sync" => {
                action.files.push(pip::file(&folder, word.known()?)?);
            }
            word @ Argument::Word(_) => names.push(word),
        }
    }
    pip::check_names(&shown, &names)?;
    Ok(action)
}
