//! Which part of a lock an image installs: by every `RUN` that sees the lock.
//!
//! # How it works
//! A lock counts by what is installed from it only if each `RUN` that sees it (by a mount, or
//! after a `COPY` into its stage or one that this is based on) is understood to the last word
//! ([`crate::installs`]), and at least one installs from it. Then what decides is known: the
//! project beside the lock, its `pyproject.toml` and those of the members that are named, the
//! variables of the stage and of internal base images, the platform of the stage.
//! Anything else is a [`Doubt`], and the lock counts by its bytes.
//!
//! # Limitations
//! External base images are taken to set none of the tools' variables and to have none of their
//! settings files. Which Python installs isn't known: what only a marker on its version or
//! implementation decides is in.

mod project;
mod scene;
mod settings;

use std::collections::BTreeSet;
use std::fmt;

use dockerfile::{RunView, StagePlatform, join};
use pyproject::lock::Environment;

use self::project::project_installs;
pub(crate) use self::scene::Scene;
pub(crate) use self::settings::reader;
use crate::installs::{Action, FilesAction, Tool, Unclear, Wanted};
use crate::locks::LockFile;

/// Why a lock counts by its bytes. A lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt(pub String);

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn doubt<T>(why: impl Into<String>) -> Result<T, Doubt> {
    Err(Doubt(why.into()))
}

/// What is known of the Python that installs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interpreter {
    /// Nothing.
    Unknown,
    /// It runs on Linux, on a processor with this name for `uname -m`, where that is known.
    OnLinux(Option<String>),
}

impl Interpreter {
    /// What markers are held against.
    pub fn environment(&self) -> Environment {
        let known = |text: &str| Some(text.to_owned());
        match self {
            Interpreter::Unknown => Environment::default(),
            Interpreter::OnLinux(machine) => Environment {
                os_name: known("posix"),
                sys_platform: known("linux"),
                platform_system: known("Linux"),
                platform_machine: machine.clone(),
                ..Environment::default()
            },
        }
    }
}

/// One installation from a lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Install {
    /// A project with what is wanted of it.
    Project {
        /// What is wanted.
        wanted: Wanted,
        /// Who installs it.
        interpreter: Interpreter,
        /// Whether it fails where the lock doesn't fit the projects.
        is_checked: bool,
    },
    /// All that a requirements file or a `pylock.toml` lists.
    File(Interpreter),
}

/// All installations from a lock.
pub type Installs = BTreeSet<Install>;

/// More instructions than this are not looked at for one `RUN`.
const DEEPEST: usize = 2_000;
/// Nor more `RUN`s of one image.
const MOST_RUNS: usize = 500;

/// A `RUN`, and what it does.
struct Ran<'s> {
    view: RunView<'s>,
    actions: Result<Vec<Action>, Unclear>,
}

impl Ran<'_> {
    fn actions(&self) -> Result<&[Action], Doubt> {
        match &self.actions {
            Ok(actions) => Ok(actions),
            Err(unclear) => doubt(format!("`RUN` on line {} {unclear}", self.view.line())),
        }
    }

    fn doubt<T>(&self, why: impl fmt::Display) -> Result<T, Doubt> {
        doubt(format!("`RUN` on line {} {why}", self.view.line()))
    }
}

/// What is installed from the lock at `path`, relative to its context.
///
/// # Errors
/// Why that is not known.
pub(crate) fn installs(scene: &Scene<'_>, path: &str, lock: &LockFile) -> Result<Installs, Doubt> {
    let runs = scene.runs()?;
    let mut seeing = Vec::new();
    for ran in &runs {
        match ran.view.places_of(scene.context, path) {
            None => {
                return ran.doubt(
                    "may see it, as a folder or file is brought to a place that is not known",
                );
            }
            Some(places) if !places.is_empty() => seeing.push((ran, places)),
            Some(_) => {}
        }
    }
    let mut installs = Installs::new();
    let mut is_used = false;
    for (ran, places) in &seeing {
        for (at, action) in ran.actions()?.iter().enumerate() {
            match (action, lock) {
                (Action::Project(action), LockFile::Graph(tool, graph)) if *tool == action.tool => {
                    let name = if *tool == Tool::Uv { "uv.lock" } else { "poetry.lock" };
                    let place = join(&action.folder, name).unwrap_or_default();
                    if !places.contains(&place) {
                        return ran.doubt(format!(
                            "installs a project that `{path}` does not lie beside"
                        ));
                    }
                    let step = project::Step { scene, runs: &runs, ran, at };
                    installs.extend(project_installs(&step, action, graph)?);
                    is_used = true;
                }
                (Action::Files(action), LockFile::Requirements(_) | LockFile::Pylock(_)) => {
                    if action.is_uv {
                        scene.check_earlier(ran, &runs)?;
                    }
                    is_used |= action.files.iter().any(|file| places.contains(file));
                    installs.insert(Install::File(interpreter_of_files(scene, ran, action)));
                }
                (Action::Files(action), _) if action.files.iter().any(|f| places.contains(f)) => {
                    return ran.doubt(format!("installs from `{path}` as if it were requirements"));
                }
                _ => {}
            }
        }
    }
    match is_used {
        true => Ok(installs),
        false => doubt("no `RUN` that sees it is known to install from it"),
    }
}

fn interpreter_of_files(scene: &Scene<'_>, ran: &Ran<'_>, action: &FilesAction) -> Interpreter {
    // Settings of uv may choose another platform.
    if action.is_for_other || (action.is_uv && scene.has_settings_of_uv()) {
        return Interpreter::Unknown;
    }
    interpreter(scene, &ran.view)
}

/// That of the stage, which need not be the image's.
fn interpreter(scene: &Scene<'_>, view: &RunView<'_>) -> Interpreter {
    let platform = match view.platform() {
        StagePlatform::Target => scene.image.declaration.platform.as_str(),
        StagePlatform::Named(platform) => platform.as_str(),
        StagePlatform::Unknown => return Interpreter::OnLinux(None),
    };
    let machine = match platform {
        "linux/amd64" => Some("x86_64".to_owned()),
        "linux/arm64" | "linux/arm64/v8" => Some("aarch64".to_owned()),
        other if other.starts_with("linux/") => None,
        _ => return Interpreter::Unknown,
    };
    Interpreter::OnLinux(machine)
}

#[cfg(test)]
mod tests;
