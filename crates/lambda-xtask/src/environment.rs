//! What surrounds a run: variables and the current folder, as a value.
//!
//! The library never looks at its own process's environment after the start. Whoever calls it
//! can therefore run it as if elsewhere: with another Docker engine, or in another folder.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// Variables and current folder, for this run and for every child.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    current_dir: PathBuf,
}

impl Environment {
    /// This process's own.
    ///
    /// # Errors
    /// The current folder does not exist, or may not be read.
    pub fn of_process() -> anyhow::Result<Environment> {
        let current_dir = std::env::current_dir().context("failed to find the current folder")?;
        Ok(Environment { variables: std::env::vars_os().collect(), current_dir })
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Environment {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same without one variable.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Environment {
        self.variables.remove(name.as_ref());
        self
    }

    /// The same in another folder.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Environment {
        self.current_dir = folder.into();
        self
    }

    /// A variable; `None` if it is not set, empty, or not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
            .filter(|value| !value.is_empty())
    }

    /// The current folder.
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// A child in this environment, without standard input. Its program is looked up in this
    /// environment's `PATH`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let mut command = match self.find_program(program) {
            Some(found) => Command::new(found),
            None => Command::new(program),
        };
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.current_dir)
            .stdin(Stdio::null());
        command
    }

    /// Where in the `PATH` a program is. A child whose program is not looked up by the child itself
    /// needs no copy of this process's memory tables (`posix_spawn`).
    fn find_program(&self, program: &OsStr) -> Option<PathBuf> {
        if Path::new(program).components().count() != 1 {
            return None;
        }
        let folders = std::env::split_paths(self.variables.get(OsStr::new("PATH"))?);
        // An empty entry is the current folder: left to the system's own rules.
        let mut paths =
            folders.take_while(|folder| folder.is_absolute()).map(|folder| folder.join(program));
        paths.find(|path| is_executable(path))
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}
