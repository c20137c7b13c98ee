//! Programs that install nothing from a lock and leave it where it is.

use dockerfile::join;

use super::options::{Argument, Takes, read_options};
use super::pip::check_names;
use super::shell::{Unclear, unclear};
use super::{Action, Call, OPEN, Word};

/// Shells that run a text as the usual one does. `None` is the usual one.
pub(super) fn check_shell(shell: Option<&Option<Vec<String>>>) -> Result<(), Unclear> {
    let Some(shell) = shell else { return Ok(()) };
    let words = shell.as_deref().unwrap_or_default();
    let Some(([program, options @ ..], "-c")) =
        words.split_last().map(|(last, front)| (front, last.as_str()))
    else {
        // `-ec` and `-euxc` are flags and `-c` in one.
        return match words {
            [program, flags]
                if is_shell(program)
                    && flags.ends_with('c')
                    && is_set(&flags[..flags.len() - 1]) =>
            {
                Ok(())
            }
            _ => unclear("is run by a `SHELL` that is not known here"),
        };
    };
    let texts: Vec<&str> = options.iter().map(String::as_str).collect();
    match is_shell(program) && are_set(&texts) {
        true => Ok(()),
        false => unclear("is run by a `SHELL` that is not known here"),
    }
}

fn is_shell(program: &str) -> bool {
    ["/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/sh", "sh", "bash", "/bin/ash"]
        .contains(&program)
}

/// Flags of `set` that change no command: `-e`, `-u`, `-x`, together too.
fn is_set(flags: &str) -> bool {
    let letters = flags.strip_prefix(['-', '+']);
    letters.is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| "eux".contains(c)))
}

fn are_set(words: &[&str]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let is_known = match word.strip_suffix('o') {
            Some(flags) => {
                let option = words.next().is_some_and(|option| {
                    ["errexit", "nounset", "pipefail", "xtrace"].contains(option)
                });
                option && (matches!(flags, "-" | "+") || is_set(flags))
            }
            None => is_set(word),
        };
        if !is_known {
            return false;
        }
    }
    true
}

/// `python`, `python3`, `python3.13`
pub(super) fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python");
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The folder that `cd` leads to.
pub(super) fn cd(call: &Call<'_>) -> Result<String, Unclear> {
    let [word] = call.arguments else { return unclear("runs `cd` without one folder") };
    let path = word.known()?;
    let folder = join(call.folder, path).filter(|_| !path.starts_with('-') && !path.is_empty());
    folder.map_or_else(|| unclear("changes to a folder that is not known"), Ok)
}

/// Files that settings or projects are in: what brings one about is no harmless command.
fn is_of_project(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".toml")
        || name.ends_with(".lock")
        || name.ends_with(".txt")
        || name == "pip.conf"
}

pub(super) fn read(call: &Call<'_>) -> Result<Vec<Action>, Unclear> {
    let texts: Vec<&str> = call.arguments.iter().map(|word| word.text.as_str()).collect();
    let has = |found: &dyn Fn(&str) -> bool| texts.iter().any(|text| found(text));
    let is_harmless = match call.program {
        ":" | "true" | "echo" | "mkdir" | "chmod" | "chown" | "ls" | "id" | "whoami" | "pwd"
        | "groupadd" | "addgroup" | "rmdir" | "ldconfig" | "sync" => true,
        "printf" => !has(&|text| text.starts_with("-v")),
        "touch" => !has(&|text| is_of_project(text) || text.contains(OPEN)),
        // A skeleton of a home folder is copied.
        "useradd" | "adduser" => !has(&|text| {
            text.starts_with("--skel")
                || text.starts_with("--root")
                || text.starts_with("--prefix")
                || (text.starts_with('-')
                    && !text.starts_with("--")
                    && text.contains(['k', 'R', 'P']))
        }),
        // Options of theirs may name commands to run.
        "apk" | "apt" | "apt-get" | "dnf" | "microdnf" | "yum" => !has(&|text| {
            ["-o", "-c", "--option", "--config", "--setopt", "--root", "--installroot"]
                .iter()
                .any(|option| text.starts_with(option))
        }),
        "set" => are_set(&texts),
        "rm" => return remove(call).map(|action| vec![action]),
        "pipx" if texts.first() == Some(&"install") => {
            let known = |name: &str| (name == "--force").then_some(Takes::Nothing);
            let words = read_options("pipx install", &call.arguments[1..], known)?;
            check_names("pipx install", &words)?;
            true
        }
        _ => return unclear(format!("runs `{}`, which is not known here", call.program)),
    };
    match is_harmless {
        true => Ok(Vec::new()),
        false => unclear(format!("runs `{}` with arguments that are not known here", call.program)),
    }
}

fn remove(call: &Call<'_>) -> Result<Action, Unclear> {
    let known = |name: &str| {
        let flags = name.strip_prefix('-').unwrap_or_default();
        let is_known =
            flags.chars().all(|c| "rfRv".contains(c)) || ["-recursive", "-force"].contains(&flags);
        is_known.then_some(Takes::Nothing)
    };
    let place = |word: &Word| {
        // A pattern may mean all that is beside it.
        let end = word.text.find(['*', '?', '[']).filter(|_| word.has_glob);
        let path = match end {
            Some(end) => word.text[..end].rsplit_once('/').map_or(".", |(folder, _)| folder),
            None => &word.text,
        };
        let path = if path.is_empty() { "/" } else { path };
        (!word.text.contains(OPEN)).then(|| join(call.folder, path))?
    };
    let arguments = read_options("rm", call.arguments, known)?;
    let places = arguments.iter().map(|argument| match argument {
        Argument::Word(word) => place(word),
        Argument::Option(..) => None,
    });
    Ok(Action::Remove(places.collect()))
}
