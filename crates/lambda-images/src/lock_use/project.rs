//! What a command installs of a project, from the lock that lies beside it.

use std::collections::BTreeSet;

use dockerfile::{is_outside, join};
use pyproject::lock::{DefaultGroups, Lock};

use super::{Doubt, Install, Installs, Interpreter, Ran, Scene, doubt, interpreter};
use crate::installs::{Action, Names, ProjectAction, StartGroups, Tool, Wanted};
use crate::locks::ProjectFile;

/// Which action of which `RUN` is looked at.
pub(super) struct Step<'s> {
    pub(super) scene: &'s Scene<'s>,
    pub(super) runs: &'s [Ran<'s>],
    pub(super) ran: &'s Ran<'s>,
    /// Its index among the actions of the `RUN`.
    pub(super) at: usize,
}

const PYPROJECT: &str = "pyproject.toml";

pub(super) fn project_installs(
    step: &Step<'_>,
    action: &ProjectAction,
    lock: &Lock,
) -> Result<Installs, Doubt> {
    let (scene, ran) = (step.scene, step.ran);
    scene.check_earlier(ran, step.runs)?;
    let own = step.project_files(&action.folder)?;
    if own.is_empty() {
        return ran.doubt("installs a project whose `pyproject.toml` is not known");
    }
    let interpreter = match &action.output {
        // Another command installs what is written here.
        Some(place) => {
            step.check_output(place)?;
            Interpreter::Unknown
        }
        None => interpreter(scene, &ran.view),
    };
    let wanted = match action.tool {
        Tool::Uv => wanted_of_uv(step, action, lock, &own)?,
        Tool::Poetry => wanted_of_poetry(step, action, lock, &own)?,
    };
    let install = |wanted| Install::Project {
        wanted,
        interpreter: interpreter.clone(),
        is_checked: action.is_checked,
    };
    Ok(wanted.into_iter().map(install).collect())
}

fn wanted_of_uv(
    step: &Step<'_>,
    action: &ProjectAction,
    lock: &Lock,
    own: &[&ProjectFile],
) -> Result<BTreeSet<Wanted>, Doubt> {
    let ran = step.ran;
    if !own.iter().all(|own| own.is_workspace) {
        step.check_no_project_above(&action.folder)?;
    }
    let mut packages = action.packages.clone();
    if packages.is_empty() {
        let Some(name) = lock.project_in(".") else {
            return ran.doubt("installs all members of a workspace whose root is no project");
        };
        if own.iter().any(|own| own.name.as_ref() != Some(name)) {
            return ran.doubt(format!(
                "installs a project that the lock calls `{name}`, and `{PYPROJECT}` does not"
            ));
        }
        packages.push(name.clone());
    }
    let mut wanted = BTreeSet::new();
    for package in packages {
        let mut of_name = lock.packages().iter().filter(|locked| locked.name == package);
        let (Some(locked), None) = (of_name.next(), of_name.next()) else {
            return ran
                .doubt(format!("installs `{package}`, which is not one package of the lock"));
        };
        let Some(below) = locked.release.source.folder() else {
            return ran
                .doubt(format!("installs `{package}`, which is no project of the workspace"));
        };
        let Some(folder) = join(&action.folder, below) else {
            return ran.doubt(format!("installs `{package}` from a folder that is not known"));
        };
        let files = step.project_files(&folder)?;
        // Versions of uv differ in whose choice it is: each of these may be the one.
        let dev = || DefaultGroups::These("dev".parse().into_iter().collect());
        let of_files = files.iter().chain(own).map(|file| file.default_groups.clone());
        let of_lock = lock.default_groups(&package).cloned();
        let defaults: BTreeSet<DefaultGroups> = match action.groups.start {
            StartGroups::Default => {
                of_files.chain([of_lock]).map(|groups| groups.unwrap_or_else(dev)).collect()
            }
            StartGroups::None | StartGroups::All => [dev()].into(),
        };
        for default in defaults {
            let default = match default {
                DefaultGroups::All => Names::all(),
                DefaultGroups::These(names) => Names::Only(names.into_iter().collect()),
            };
            let groups = action.groups.names(&default);
            let (package, extras) = (package.clone(), action.extras.clone());
            wanted.insert(Wanted { package, extras, groups });
        }
    }
    Ok(wanted)
}

fn wanted_of_poetry(
    step: &Step<'_>,
    action: &ProjectAction,
    lock: &Lock,
    own: &[&ProjectFile],
) -> Result<BTreeSet<Wanted>, Doubt> {
    let ran = step.ran;
    if !lock.states_groups() {
        return doubt("a `poetry.lock` before version 2.1 does not say which groups want what");
    }
    let names_settings = |text: &str| text.contains("pypoetry") || text.contains("poetry.toml");
    if step.scene.settings.iter().any(|name| name == "poetry.toml")
        || ran.view.reads().any(|(_, to)| to.is_some_and(names_settings))
        || ran.view.foreign_places().any(|to| to.is_some_and(names_settings))
    {
        return doubt("settings of poetry are copied, which may decide what is installed");
    }
    let mut wanted = BTreeSet::new();
    for file in own {
        // The project is not in its own lock: any name that is not there stands for it.
        let name = match &file.name {
            Some(name) => name.clone(),
            None => return ran.doubt("installs a project without a name"),
        };
        if lock.packages().iter().any(|locked| locked.name == name) {
            return ran.doubt(format!("installs `{name}`, whose lock has a package of that name"));
        }
        let default = Names::AllBut(file.optional_groups.clone());
        let groups = action.groups.names(&default);
        wanted.insert(Wanted { package: name, extras: action.extras.clone(), groups });
    }
    Ok(wanted)
}

impl Step<'_> {
    /// What may be the `pyproject.toml` in a folder; none where there is none.
    fn project_files(&self, folder: &str) -> Result<Vec<&ProjectFile>, Doubt> {
        let (scene, ran) = (self.scene, self.ran);
        let place = join(folder, PYPROJECT).unwrap_or_default();
        let why = |what: &str| ran.doubt(format!("may find {what} in place of a `{PYPROJECT}`"));
        for to in ran.view.foreign_places() {
            if to.is_none_or(|to| !is_outside(&place, to)) {
                return why("a file that is of no context");
            }
        }
        for (read, to) in ran.view.reads() {
            let Some(to) = to else { return why("another file") };
            let is_named = |pattern: &String| pattern.rsplit('/').next() == Some(PYPROJECT);
            if to == place && !read.patterns.iter().all(is_named) {
                return why("a file of another name");
            }
            if read.context.as_deref() != scene.context && !is_outside(&place, to) {
                return why("a file of another context");
            }
        }
        let mut files = Vec::new();
        for (path, file) in scene.projects {
            let places = ran.view.places_of(scene.context, path);
            if !places.is_none_or(|places| places.contains(&place)) {
                continue;
            }
            let Some(file) = file else {
                return doubt(format!("`{path}` is not understood"));
            };
            files.push(*file);
            self.check_untouched(path)?;
        }
        self.check_not_removed(&place, &join(folder, "uv.lock").unwrap_or_default())?;
        Ok(files)
    }

    /// Every `RUN` that may have changed the file before has to be known.
    fn check_untouched(&self, path: &str) -> Result<(), Doubt> {
        for earlier in self.ran.view.earlier() {
            let sees = earlier.places_of(self.scene.context, path);
            if sees.is_some_and(|places| places.is_empty()) {
                continue;
            }
            if let Some(ran) = self.runs.iter().find(|other| other.view.is(&earlier)) {
                ran.actions()?;
            }
        }
        Ok(())
    }

    /// What was deleted before must be neither of the two files.
    fn check_not_removed(&self, project: &str, lock: &str) -> Result<(), Doubt> {
        let earlier = self.ran.view.earlier();
        for ran in self.runs {
            let is_own = ran.view.is(&self.ran.view);
            if !is_own && !earlier.iter().any(|earlier| earlier.is(&ran.view)) {
                continue;
            }
            let Ok(actions) = &ran.actions else { continue };
            let end = if is_own { self.at } else { actions.len() };
            for action in &actions[..end] {
                let Action::Remove(places) = action else { continue };
                let is_safe =
                    |place: &String| is_outside(project, place) && is_outside(lock, place);
                if !places.as_ref().is_some_and(|places| places.iter().all(is_safe)) {
                    return ran.doubt("may delete what a later command installs from");
                }
            }
        }
        Ok(())
    }

    /// uv looks for the workspace's root in the folders above too.
    fn check_no_project_above(&self, folder: &str) -> Result<(), Doubt> {
        for (path, _) in self.scene.projects {
            let places = self.ran.view.places_of(self.scene.context, path).unwrap_or_default();
            for place in places.iter().filter(|place| place.ends_with("/pyproject.toml")) {
                let above = place.rsplit_once('/').map_or("", |(above, _)| above);
                let above = if above.is_empty() { "/" } else { above };
                if above != folder && !is_outside(folder, above) {
                    return self.ran.doubt(format!("installs a project below that of `{path}`"));
                }
            }
        }
        Ok(())
    }

    /// What is exported is not kept, and is seen by known commands alone.
    fn check_output(&self, place: &str) -> Result<(), Doubt> {
        let name = place.rsplit('/').next().unwrap_or(place);
        if self.ran.view.may_keep(place) {
            return self.ran.doubt(format!("writes `{name}`, which may become part of the image"));
        }
        for later in self.runs {
            if later.view.earlier().iter().any(|earlier| earlier.is(&self.ran.view)) {
                later.actions()?;
            }
        }
        Ok(())
    }
}
