//! What surrounds a run: variables and the current folder, as a value.
//!
//! The library never looks at its own process's environment after the start. Whoever calls it
//! can therefore run it as if elsewhere: with another Docker engine, or in another folder.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use rustix::fs::{Access, access};

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

    /// A variable as it is, also where it is empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// All variables that are UTF-8.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let text = |text: &OsString| text.to_str().map(str::to_owned);
        self.variables.iter().filter_map(move |(name, value)| Some((text(name)?, text(value)?)))
    }

    /// The current folder.
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// A child in this environment, without standard input. Its program is looked up in this
    /// environment's `PATH`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.current_dir)
            .stdin(Stdio::null());
        command
    }

    /// Where in the `PATH` a program is; the name itself where that is for the system to find out. A child
    /// that does not look its program up itself needs no copy of this process's memory tables
    /// (`posix_spawn`), which counts where there are many children.
    pub(crate) fn find_program(&self, program: &str) -> OsString {
        let folders = self.variables.get(OsStr::new("PATH")).map(std::env::split_paths);
        // An empty entry is the current folder, a text without `#!` a script of the shell: both by the
        // system's own rules.
        let folders = folders.into_iter().flatten().take_while(|folder| folder.is_absolute());
        let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
        found
            .filter(|path| access(path, Access::EXEC_OK).is_ok() && is_program(path))
            .map_or_else(|| OsString::from(program), PathBuf::into_os_string)
    }
}

/// Whether a file begins as what the system runs by itself.
fn is_program(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    let is_script = start.starts_with(b"#!");
    // ELF; Mach-O, for one processor and for several.
    let is_binary =
        [*b"\x7fELF", [0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe]].contains(&start);
    read.is_ok() && (is_script || is_binary)
}

#[cfg(test)]
mod tests;
