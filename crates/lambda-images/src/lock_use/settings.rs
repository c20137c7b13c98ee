//! Who reads a `pyproject.toml` of an image, where that is known: a file that only an installer reads
//! counts by what this reads of it ([`pyproject::installer_settings`]).
//!
//! # How it works
//! Every `RUN` that sees the file has to be understood, as for a lock, and each of its commands to
//! install only from locks that count by what is installed. None may build a project, of which
//! a build back end may read anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use dockerfile::join;
use pyproject::lock::{Lock, LockedSource};
use pyproject::{Installer, PackageName};

use super::project::{Step, project_installs};
use super::{Doubt, Install, Scene, doubt};
use crate::installs::{Action, FilesAction, ProjectAction, Tool};
use crate::locks::LockFile;

/// Who reads the `pyproject.toml` at `path`, relative to its context. `locks` are those of the context
/// that count by what is installed from them.
///
/// # Errors
/// Why that is not known.
pub(crate) fn reader(
    scene: &Scene<'_>,
    path: &str,
    locks: &[(String, Arc<LockFile>)],
) -> Result<Installer, Doubt> {
    let runs = scene.runs()?;
    let mut readers = BTreeSet::new();
    for ran in &runs {
        match ran.view.places_of(scene.context, path) {
            None => return ran.doubt("may see it, as it is brought to a place that is not known"),
            Some(places) if places.is_empty() => continue,
            Some(_) => {}
        }
        for (at, action) in ran.actions()?.iter().enumerate() {
            let step = Step { scene, runs: &runs, ran, at };
            match action {
                Action::Project(action) => readers.insert(step.reader_for(action, locks)?),
                Action::Files(action) => {
                    step.check_files(action, locks)?;
                    // It reads the settings, and the workspace that they are in.
                    action.is_uv && readers.insert(Installer::UvFrozen)
                }
                Action::Remove(_) => false,
            };
        }
    }
    let readers: Vec<Installer> = readers.into_iter().collect();
    match readers.as_slice() {
        [only] => Ok(*only),
        [Installer::UvFrozen, Installer::Uv] => Ok(Installer::Uv),
        [] => doubt("no `RUN` that sees it is known to read it"),
        _ => doubt("uv and poetry both read it"),
    }
}

impl Step<'_> {
    /// The lock that lies at a place when the command starts.
    fn lock_at<'l>(
        &self,
        place: &str,
        locks: &'l [(String, Arc<LockFile>)],
    ) -> Option<&'l LockFile> {
        let is_there = |(path, _): &&(String, Arc<LockFile>)| {
            let places = self.ran.view.places_of(self.scene.context, path);
            places.is_some_and(|places| places.contains(place))
        };
        locks.iter().find(is_there).map(|(_, lock)| &**lock)
    }

    fn reader_for(
        &self,
        action: &ProjectAction,
        locks: &[(String, Arc<LockFile>)],
    ) -> Result<Installer, Doubt> {
        let name = if action.tool == Tool::Uv { "uv.lock" } else { "poetry.lock" };
        let place = join(&action.folder, name).unwrap_or_default();
        let Some(LockFile::Graph(tool, lock)) = self.lock_at(&place, locks) else {
            return self.ran.doubt("installs from a lock that counts by its bytes");
        };
        if *tool == Tool::Poetry && !action.leaves_out.project {
            return self.ran.doubt("runs `poetry` without `--no-root`, which builds the project");
        }
        for install in project_installs(self, action, lock)? {
            let Install::Project { wanted, interpreter, .. } = &install else { continue };
            let closure = lock.closure(&[wanted.root(lock)], &interpreter.environment());
            for (name, distributions) in &closure.distributions {
                let is_built = distributions.iter().any(|distribution| {
                    let source = &distribution.release.source;
                    matches!(source, LockedSource::Editable(_) | LockedSource::Directory(_))
                });
                if is_built && !is_left_out(name, action, lock) {
                    return self.ran.doubt(format!("builds `{name}`, which may read any file"));
                }
            }
        }
        Ok(match (tool, action.is_checked) {
            (Tool::Poetry, _) => Installer::Poetry,
            (Tool::Uv, true) => Installer::Uv,
            (Tool::Uv, false) => Installer::UvFrozen,
        })
    }

    /// Requirements may name folders, which are built.
    fn check_files(
        &self,
        action: &FilesAction,
        locks: &[(String, Arc<LockFile>)],
    ) -> Result<(), Doubt> {
        for file in &action.files {
            let is_known = match self.lock_at(file, locks) {
                Some(LockFile::Requirements(_)) => true,
                Some(LockFile::Pylock(lock)) => !lock.has_folder(),
                _ => self.is_exported(file),
            };
            if !is_known {
                return self.ran.doubt("installs from requirements that may name any folder");
            }
        }
        Ok(())
    }

    /// Whether an earlier command of the same `RUN` has written a file. That it has no project in it
    /// is known where that command is.
    fn is_exported(&self, file: &str) -> bool {
        let Ok(actions) = self.ran.actions() else { return false };
        actions[..self.at].iter().any(|action| match action {
            Action::Project(action) => action.output.as_deref() == Some(file),
            _ => false,
        })
    }
}

/// Whether a command leaves out a project that is a folder.
fn is_left_out(name: &PackageName, action: &ProjectAction, lock: &Lock) -> bool {
    let left_out = &action.leaves_out;
    let own = match action.packages.as_slice() {
        [] => lock.project_in("."),
        [only] => Some(only),
        _ => None,
    };
    left_out.local
        || (left_out.workspace && lock.members().contains(name))
        || (left_out.project && own == Some(name))
        || left_out.packages.contains(name)
}
