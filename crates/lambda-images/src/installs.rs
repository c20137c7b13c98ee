//! What the `RUN`s of a Dockerfile install from locks: of the commands that are understood to the
//! last word.
//!
//! # How it works
//! The text of a `RUN` is read as simple commands (`shell`). Each has to be one of those that are
//! known here, with options that are known: `uv`, `poetry` and `pip` as they install, and programs
//! that leave a lock where it is. Its folder and its variables are followed. What comes out is a
//! list of [`Action`]s; which file each of them means is decided in [`crate::lock_use`].
//!
//! # Limitations
//! Whatever is not known is refused, with the reason: a lock that such a `RUN` sees counts by its
//! bytes. A program is taken for what its name says.

mod options;
mod other;
mod pip;
mod poetry;
mod shell;
mod uv;
mod variables;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{Command, Heredoc};
use pyproject::PackageName;

pub use self::shell::Unclear;
use self::shell::{Piece, RawWord, read_commands, unclear};
pub use self::wanted::{Groups, Names, StartGroups, Wanted};

/// Which tool's lock is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `uv.lock`
    Uv,
    /// `poetry.lock`
    Poetry,
}

/// What one command does that matters for locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It installs or exports the project in a folder.
    Project(ProjectAction),
    /// It installs from requirements files.
    Files(FilesAction),
    /// It deletes what lies at these places. `None`: who knows where.
    Remove(Option<Vec<String>>),
}

/// `uv sync`, `poetry install` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectAction {
    /// Whose lock it goes by.
    pub tool: Tool,
    /// The folder that the project is in.
    pub folder: String,
    /// The members of the workspace that it names; none: the project itself.
    pub packages: Vec<PackageName>,
    /// Their extras.
    pub extras: Names,
    /// Their groups.
    pub groups: Groups,
    /// Whether it fails where the lock doesn't fit the projects.
    pub is_checked: bool,
    /// Which projects it neither builds nor installs: to build one may read any file of it.
    pub leaves_out: LeftOut,
    /// The file that it writes.
    pub output: Option<String>,
}

/// Projects that a command leaves out of what it installs or exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The one that it is run for.
    pub project: bool,
    /// Those of the workspace.
    pub workspace: bool,
    /// All that are folders.
    pub local: bool,
    /// These.
    pub packages: BTreeSet<PackageName>,
}

/// `pip install -r` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesAction {
    /// The files, requirements and constraints alike.
    pub files: Vec<String>,
    /// Whether `uv` reads them, whose settings may choose another platform.
    pub is_uv: bool,
    /// Whether options choose another platform or Python than those of the stage.
    pub is_for_other: bool,
}

/// Variables that are set; `None` for a name or value that isn't known.
pub type Variables = BTreeMap<Option<String>, Option<String>>;

/// What a `RUN` finds.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The folder that it starts in.
    pub folder: String,
    /// Those that are set before it.
    pub variables: Variables,
    /// The shell, where it is not the usual one; `Some(None)`: not understood.
    pub shell: Option<Option<Vec<String>>>,
}

/// Where a value may come from that no Dockerfile says: AWS's base images set these, and none has a
/// blank in it.
const KNOWN_OF_BASES: [&str; 3] = ["LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "HOME"];

/// Stands in a word for a value that isn't known.
const OPEN: char = '\0';

/// A word as a program gets it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Word {
    /// With [`OPEN`] for each value that isn't known.
    text: String,
    has_glob: bool,
}

impl Word {
    /// The text, where it is known.
    fn known(&self) -> Result<&str, Unclear> {
        if self.text.contains(OPEN) {
            return unclear("uses a variable whose value is not known");
        }
        if self.has_glob {
            return unclear(format!("uses the pattern `{}`", self.text));
        }
        Ok(&self.text)
    }
}

/// A program with its arguments, and what is set for it alone.
struct Call<'s> {
    program: &'s str,
    arguments: &'s [Word],
    variables: &'s Variables,
    folder: &'s str,
}

/// What a `RUN` does, in order.
///
/// # Errors
/// Why it is not known.
pub fn actions(
    command: &Command,
    heredocs: &[Heredoc],
    surroundings: &Surroundings,
) -> Result<Vec<Action>, Unclear> {
    let mut state = State { surroundings: surroundings.clone(), actions: Vec::new() };
    variables::check_shell(&surroundings.variables)?;
    match command {
        Command::Exec(words) if heredocs.is_empty() => {
            let words: Vec<Word> =
                words.iter().map(|text| Word { text: text.clone(), has_glob: false }).collect();
            if words.iter().any(|word| word.text.contains(OPEN)) {
                return unclear("has a word with a zero byte");
            }
            state.call(&words, None)?;
        }
        Command::Exec(_) => return unclear("has a here-document"),
        Command::Shell(text) => {
            other::check_shell(surroundings.shell.as_ref())?;
            for words in read_commands(&script(text, heredocs)?)? {
                state.command(&words)?;
            }
        }
    }
    Ok(state.actions)
}

fn read_call(name: &str, call: &Call<'_>) -> Result<Vec<Action>, Unclear> {
    match name {
        "uv" => uv::read(call),
        "poetry" => poetry::read(call),
        name if pip::is_pip(name) => pip::read(call),
        name if other::is_python(name) => match call.arguments {
            [flag, module, arguments @ ..] if flag.text == "-m" && module.text == "pip" => {
                pip::read(&Call { arguments, ..*call })
            }
            [flag, module, ..]
                if flag.text == "-m" && ["compileall", "venv"].contains(&&*module.text) =>
            {
                Ok(Vec::new())
            }
            _ => unclear(format!("runs `{name}`, which is not known here")),
        },
        _ => other::read(call),
    }
}

/// The text that the shell runs: a here-document may be all of it.
fn script(text: &str, heredocs: &[Heredoc]) -> Result<String, Unclear> {
    match heredocs {
        [] => Ok(text.to_owned()),
        [only] => {
            let rest = text.trim().strip_prefix("<<").unwrap_or(" ");
            let name = rest.strip_prefix('-').unwrap_or(rest).trim_matches(['"', '\'']);
            if name != only.name || only.content.starts_with("#!") {
                return unclear("uses a here-document");
            }
            let lines = only.content.split_inclusive('\n');
            let strip =
                |line| if only.strip_tabs { str::trim_start_matches(line, '\t') } else { line };
            Ok(lines.map(strip).collect())
        }
        _ => unclear("uses several here-documents"),
    }
}

/// The shell, while it goes through the commands.
struct State {
    surroundings: Surroundings,
    actions: Vec<Action>,
}

impl State {
    fn command(&mut self, words: &[RawWord]) -> Result<(), Unclear> {
        let mut set: Vec<(String, Option<String>)> = Vec::new();
        let mut rest = words;
        while let Some((name, value)) = rest.first().and_then(RawWord::assignment) {
            let is_set = |piece: &Piece| match piece {
                Piece::Variable { name, .. } => set.iter().any(|(other, _)| other == name),
                Piece::Text { .. } => false,
            };
            if value.pieces.iter().any(is_set) {
                return unclear("sets one variable by another in one command");
            }
            let value = self.expand(&value)?.text;
            set.push((name, Some(value).filter(|value| !value.contains(OPEN))));
            rest = &rest[1..];
        }
        if set.len() > variables::MOST {
            return unclear("sets too many variables at once");
        }
        if rest.is_empty()
            && let Some((name, _)) = set.iter().find(|(name, _)| variables::is_of_tool(name))
        {
            return unclear(format!("sets `{name}` for the shell alone"));
        }
        let set = set.into_iter().map(|(name, value)| (Some(name), value));
        if rest.is_empty() {
            self.surroundings.variables.extend(set);
            return variables::check_shell(&self.surroundings.variables);
        }
        let words = rest.iter().map(|word| self.expand(word)).collect::<Result<Vec<_>, _>>()?;
        if set.len() == 0 {
            return self.call(&words, None);
        }
        let mut variables = self.surroundings.variables.clone();
        variables.extend(set);
        variables::check_shell(&variables)?;
        self.call(&words, Some(&variables))
    }

    fn expand(&self, raw: &RawWord) -> Result<Word, Unclear> {
        let mut word = Word { text: String::new(), has_glob: raw.has_glob };
        for piece in &raw.pieces {
            let (name, is_quoted) = match piece {
                Piece::Text { text, .. } => {
                    word.text.push_str(text);
                    continue;
                }
                Piece::Variable { name, is_quoted } => (name, *is_quoted),
            };
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
            match self.surroundings.variables.get(&Some(name.clone())) {
                Some(Some(value)) if is_quoted && !value.contains(OPEN) => {
                    word.text.push_str(value);
                }
                Some(Some(value)) if !value.is_empty() && value.chars().all(is_plain) => {
                    word.text.push_str(value);
                }
                None if is_quoted || KNOWN_OF_BASES.contains(&name.as_str()) => {
                    word.text.push(OPEN);
                }
                Some(None) if is_quoted => word.text.push(OPEN),
                _ => {
                    return unclear(format!(
                        "uses `${name}` without quotes, whose value is not known"
                    ));
                }
            }
        }
        Ok(word)
    }

    /// Runs a program, with other variables than the shell's where some are set for it alone.
    fn call(&mut self, words: &[Word], others: Option<&Variables>) -> Result<(), Unclear> {
        let Some((program, arguments)) = words.split_first() else { return Ok(()) };
        let path = program.known()?;
        let Surroundings { folder, variables, .. } = &self.surroundings;
        let variables = others.unwrap_or(variables);
        let name = path.rsplit('/').next().unwrap_or(path);
        let call = Call { program: name, arguments, variables, folder };
        if path.contains('/') && !path.starts_with('/') {
            return unclear(format!("runs `{path}`, which is not known"));
        }
        match name {
            "cd" => self.surroundings.folder = other::cd(&call)?,
            "export" => self.export(arguments)?,
            name => {
                let actions = read_call(name, &call)?;
                self.actions.extend(actions);
            }
        }
        Ok(())
    }

    fn export(&mut self, arguments: &[Word]) -> Result<(), Unclear> {
        for word in arguments {
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (&*word.text, None),
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return unclear(format!("runs `export {}`", word.text.replace(OPEN, "…")));
            }
            if let Some(value) = value {
                let value = Some(value.to_owned()).filter(|value| !value.contains(OPEN));
                self.surroundings.variables.insert(Some(name.to_owned()), value);
            }
        }
        variables::check_shell(&self.surroundings.variables)
    }
}

#[cfg(test)]
mod tests;
