//! What the commands of a Dockerfile install from a lock: by the words of `uv` and `poetry`.
//!
//! # How it works
//! Every command is cut into its parts (`&&`, `;`, `|`, line ends) and these into words. A part
//! that runs `uv sync`, `uv export` or `uv run`, or `poetry install`, `export` or `sync`, says by
//! its options which packages, extras and groups are wanted. Commands together want what each
//! of them wants.
//!
//! # Limitations
//! It is no shell. Doubt means everything: a word with a variable in it, an option that leads to
//! another project, `uv run`, a lock that no command names. A command that isn't known may do
//! anything with a lock, see [`are_known`].

use std::collections::{BTreeMap, BTreeSet};

use pyproject::PackageName;
use pyproject::lock::{Lock, Root};

/// Which tool's lock is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `uv.lock`
    Uv,
    /// `poetry.lock`
    Poetry,
}

/// What is installed of a lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Installs {
    /// All of it, as far as anybody can tell.
    Everything,
    /// What these want.
    Wanted(BTreeSet<Wanted>),
}

/// A package with the sections that are wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// The package.
    pub package: PackageName,
    /// Its extras.
    pub extras: Names,
    /// Its dependency groups.
    pub groups: Names,
}

/// Some of the names that a package gives its extras or groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Names {
    /// All but these.
    AllBut(BTreeSet<PackageName>),
    /// These.
    Only(BTreeSet<PackageName>),
}

/// Whose lock it is, and what is wanted where no option says so.
#[derive(Debug, Clone, Default)]
pub struct Project<'a> {
    /// The project beside the lock, if the image is made from it: it is what is installed where no
    /// `--package` says otherwise.
    pub beside_lock: Option<&'a PackageName>,
    /// `[tool.uv] default-groups` of each package that sets it; `None`: `"all"`.
    pub default_groups: BTreeMap<&'a PackageName, Option<&'a [PackageName]>>,
}

impl Names {
    fn none() -> Names {
        Names::Only(BTreeSet::new())
    }

    fn all() -> Names {
        Names::AllBut(BTreeSet::new())
    }

    fn holds(&self, name: &PackageName) -> bool {
        match self {
            Names::AllBut(left_out) => !left_out.contains(name),
            Names::Only(names) => names.contains(name),
        }
    }

    fn add(&mut self, name: PackageName) {
        match self {
            Names::AllBut(left_out) => drop(left_out.remove(&name)),
            Names::Only(names) => drop(names.insert(name)),
        }
    }

    fn remove(&mut self, name: PackageName) {
        match self {
            Names::AllBut(left_out) => drop(left_out.insert(name)),
            Names::Only(names) => drop(names.remove(&name)),
        }
    }
}

impl Wanted {
    /// As a root of this lock.
    pub fn root(&self, lock: &Lock) -> Root {
        let mut root = lock.whole_root(self.package.clone());
        root.extras.retain(|extra| self.extras.holds(extra));
        root.groups.retain(|group| self.groups.holds(group));
        root
    }
}

/// What the commands install.
pub fn installs(tool: Tool, commands: &[String], project: &Project<'_>) -> Installs {
    let mut all = BTreeSet::new();
    let parts: Option<Vec<_>> = commands.iter().map(|command| nested_parts(command)).collect();
    let Some(parts) = parts else { return Installs::Everything };
    for part in parts.into_iter().flatten() {
        // Who knows which program that is?
        if program(&part).is_some_and(|(program, _)| program.contains(['$', '`'])) {
            return Installs::Everything;
        }
        let Some(options) = options_of(tool, &part) else { continue };
        if options.iter().any(|word| word.contains(['$', '`'])) {
            return Installs::Everything;
        }
        let read = match tool {
            Tool::Uv => read_uv(&options, project),
            Tool::Poetry => read_poetry(&options, project),
        };
        match read {
            Some(wanted) => all.extend(wanted),
            None => return Installs::Everything,
        }
    }
    if all.is_empty() { Installs::Everything } else { Installs::Wanted(all) }
}

/// Programs that leave a lock where it is, and install nothing from one unseen.
const HARMLESS: [&str; 30] = [
    ":", "[", "adduser", "apk", "apt", "apt-get", "cd", "chmod", "chown", "dnf", "echo", "export",
    "groupadd", "id", "ldconfig", "ls", "microdnf", "mkdir", "pip", "pip3", "printf", "rm",
    "rmdir", "rpm", "set", "test", "touch", "true", "useradd", "yum",
];

/// What of `uv` and `poetry` touches no project's environment, or says what it installs.
const KNOWN_SUBCOMMANDS: [&str; 11] = [
    "sync",
    "export",
    "run",
    "install",
    "pip",
    "venv",
    "cache",
    "python",
    "config",
    "self",
    "--version",
];

/// Whether all that these commands do is known. Else one of them may copy a lock into the image, or
/// install from it what nobody can see here.
pub fn are_known(commands: &[String]) -> bool {
    commands.iter().flat_map(|command| parts(command)).all(|words| {
        let Some((program, arguments)) = program(&words) else { return true };
        let name = program.rsplit('/').next().unwrap_or(program);
        let first = arguments.first().map_or("", String::as_str);
        let is_known = match name {
            "uv" | "poetry" => {
                arguments.iter().any(|word| KNOWN_SUBCOMMANDS.contains(&word.as_str()))
                    && !arguments.iter().any(|word| word == "run")
            }
            "python" | "python3" => {
                arguments.len() >= 2
                    && first == "-m"
                    && ["compileall", "pip"].contains(&&*arguments[1])
            }
            // A here-document's lines follow.
            name if name.starts_with("<<") => arguments.is_empty(),
            name => HARMLESS.contains(&name),
        };
        is_known && !arguments.iter().any(|word| word.contains(['<', '>']))
    })
}

/// The program that is run, behind what is set for it, and its arguments.
fn program(words: &[String]) -> Option<(&str, &[String])> {
    let is_set = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let at = words.iter().take_while(is_set).count();
    let (program, arguments) = words.get(at..)?.split_first()?;
    Some((program, arguments))
}

/// Shells within shells that are looked into.
const MOST_SHELLS: usize = 4;
/// Packages that commands name one by one; who names more means everything.
const MOST_PACKAGES: usize = 100;

/// The same, with what is within `sh -c "…"`; `None`: there are shells within shells without end.
fn nested_parts(command: &str) -> Option<Vec<Vec<String>>> {
    let mut all = Vec::new();
    let mut waiting = vec![command.to_owned()];
    for _ in 0..=MOST_SHELLS {
        let mut nested = Vec::new();
        for command in waiting {
            let parts = parts(&command);
            let words = parts.iter().flatten();
            // A word that is the whole command again would never end.
            nested.extend(words.filter(|word| word.contains(' ') && **word != command).cloned());
            all.extend(parts);
        }
        if nested.is_empty() {
            return Some(all);
        }
        waiting = nested;
    }
    None
}

/// The words of each simple command, without their quotes.
fn parts(command: &str) -> Vec<Vec<String>> {
    let mut parts = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = command.replace("\r\n", "\n").chars().collect::<Vec<_>>().into_iter();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => match characters.next() {
                None | Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (Some(_), c) => word.get_or_insert_default().push(c),
            // A comment, up to the end of the line.
            (None, '#') if word.is_none() => {
                if characters.by_ref().any(|c| c == '\n') {
                    parts.push(Vec::new());
                }
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() || ";|&()".contains(c) => {
                let last = parts.len() - 1;
                parts[last].extend(word.take());
                if !matches!(c, ' ' | '\t') {
                    parts.push(Vec::new());
                }
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    let last = parts.len() - 1;
    parts[last].extend(word);
    parts.retain(|words| !words.is_empty());
    parts
}

/// The options behind `uv sync` or `poetry install`, those before the subcommand included.
fn options_of(tool: Tool, words: &[String]) -> Option<Vec<String>> {
    let (program, subcommands): (&str, &[&str]) = match tool {
        Tool::Uv => ("uv", &["sync", "export", "run"]),
        Tool::Poetry => ("poetry", &["install", "export", "sync"]),
    };
    let is_program = |word: &String| word.rsplit('/').next() == Some(program);
    let start = words.iter().position(is_program)? + 1;
    let rest = &words[start..];
    let at = rest.iter().position(|word| subcommands.contains(&word.as_str()))?;
    // `uv pip install run` names no subcommand of these.
    let is_other =
        |word: &String| ["pip", "tool", "add", "lock", "venv", "python"].contains(&word.as_str());
    if rest[..at].iter().any(is_other) {
        return None;
    }
    // `run` is kept: it is read in another way.
    let behind = if rest[at] == "run" { at } else { at + 1 };
    Some(rest[..at].iter().chain(&rest[behind..]).cloned().collect())
}

/// An option and its value, whether it stands behind `=` or a blank. What is no option is passed
/// over: `uv run`'s own command, or the value of an option that doesn't matter here.
fn options(words: &[String]) -> impl Iterator<Item = (&str, Option<&str>)> {
    words.iter().enumerate().filter(|(_, word)| word.starts_with('-')).map(|(index, word)| {
        match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), words.get(index + 1).map(String::as_str)),
        }
    })
}

/// Short options written together, or with their value.
fn has_cluster(words: &[String]) -> bool {
    words.iter().any(|word| word.len() > 2 && word.starts_with('-') && !word.starts_with("--"))
}

/// `None`: nobody can tell.
fn read_uv(words: &[String], project: &Project<'_>) -> Option<Vec<Wanted>> {
    // Behind `run` stand another command's options too.
    if has_cluster(words) || words.iter().any(|word| word == "run") {
        return None;
    }
    let value = |value: Option<&str>| value?.parse::<PackageName>().ok();
    let mut packages = Vec::new();
    for (name, written) in options(words) {
        match name {
            "--package" => packages.push(value(written)?),
            "--all-packages" | "--project" | "--directory" | "--script" | "-s" => return None,
            _ => {}
        }
    }
    if packages.is_empty() {
        packages.push(project.beside_lock?.clone());
    }
    if packages.len() > MOST_PACKAGES {
        return None;
    }
    let mut wanted = Vec::new();
    for package in packages {
        let mut extras = Names::none();
        let mut groups = default_groups(&package, project);
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (name, written) in options(words) {
            if written.is_some_and(|value| value.contains('$')) || name.contains('$') {
                return None;
            }
            match name {
                "--all-extras" => extras = Names::all(),
                "--extra" => extras.add(value(written)?),
                "--no-extra" => removed.push((true, value(written)?)),
                "--all-groups" => groups = Names::all(),
                "--no-default-groups" => groups = Names::none(),
                "--group" | "--only-group" => added.push(value(written)?),
                "--dev" | "--only-dev" => added.push("dev".parse().ok()?),
                "--no-dev" => removed.push((false, "dev".parse().ok()?)),
                "--no-group" => removed.push((false, value(written)?)),
                _ => {}
            }
        }
        added.into_iter().for_each(|name| groups.add(name));
        for (is_extra, name) in removed {
            if is_extra { &mut extras } else { &mut groups }.remove(name);
        }
        wanted.push(Wanted { package, extras, groups });
    }
    Some(wanted)
}

/// uv's own default is the group `dev`.
fn default_groups(package: &PackageName, project: &Project<'_>) -> Names {
    match project.default_groups.get(package) {
        Some(None) => Names::all(),
        Some(Some(names)) => Names::Only(names.iter().cloned().collect()),
        None => Names::Only("dev".parse().into_iter().collect()),
    }
}

fn read_poetry(words: &[String], project: &Project<'_>) -> Option<Vec<Wanted>> {
    if has_cluster(words) {
        return None;
    }
    let mut extras = Names::none();
    let mut groups = Names::all();
    let mut only: Option<BTreeSet<PackageName>> = None;
    for (name, written) in options(words) {
        let list = || -> Option<Vec<PackageName>> {
            let list = written?.split([',', ' ']).filter(|name| !name.is_empty());
            list.map(|name| name.parse().ok()).collect()
        };
        if written.is_some_and(|value| value.contains('$')) || name.contains('$') {
            return None;
        }
        match name {
            "--all-extras" => extras = Names::all(),
            "--extras" | "-E" => list()?.into_iter().for_each(|extra| extras.add(extra)),
            "--only" => only.get_or_insert_default().extend(list()?),
            "--without" => list()?.into_iter().for_each(|group| groups.remove(group)),
            "--no-dev" => groups.remove("dev".parse().ok()?),
            "--directory" | "-C" | "--project" | "-P" => return None,
            _ => {}
        }
    }
    let main: PackageName = "main".parse().ok()?;
    let groups = match only {
        // What only a group wants counts together with the project's own: that is more, not less.
        Some(names) => Names::Only(names.into_iter().filter(|name| *name != main).collect()),
        None => groups,
    };
    Some(vec![Wanted { package: project.beside_lock?.clone(), extras, groups }])
}

#[cfg(test)]
mod tests;
