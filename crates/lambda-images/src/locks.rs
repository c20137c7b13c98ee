//! Locks as inputs: by what an image installs from them, not by their bytes.
//!
//! # How it works
//! A `uv.lock`, `poetry.lock` or `pylock.toml`, or a requirements file in which every requirement has hashes,
//! comes down to its distributions, for the packages, extras and groups that the Dockerfile's
//! commands ask for ([`crate::installs`]) on the image's platform. A comment, another order, a
//! `revision`, a member's own version, a distribution that somebody else installs don't show.
//!
//! # Limitations
//! Only a lock whose bytes don't become part of the image counts so
//! ([`dockerfile::Resolved::may_keep`]), and only where all that the commands do is known
//! ([`crate::lock_use`]): else it counts by its bytes, as any file. So does one that can't be
//! understood, and one of which a requirement lacks its hashes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pyproject::lock::{
    Closure, DefaultGroups, Environment, Lock, Pylock, RequirementsFile, RequirementsOption,
    is_pylock_name, parse_poetry_lock, parse_pylock, parse_requirements, parse_uv_lock,
};
use pyproject::{Installer, PackageName, installer_settings, parse_pyproject};
use serde::{Deserialize, Serialize};

use crate::fingerprint::{Sha256Sum, sha256};
use crate::installs::Tool;
use crate::lock_use::{Install, Installs, Interpreter};

/// What an image installs from one lock, by name.
pub type Locked = BTreeMap<String, LockedPart>;

/// One distribution, or what else of a lock counts under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedPart {
    /// Its version, or versions, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of all that counts: version, source, hashes, extras, markers.
    pub sha256: Sha256Sum,
}

/// A lock that was understood.
#[derive(Debug)]
pub enum LockFile {
    /// One whose packages know each other.
    Graph(Tool, Lock),
    /// A requirements file with hashes.
    Requirements(RequirementsFile),
    /// A `pylock.toml`.
    Pylock(Pylock),
    /// No lock, but a project that may decide what is installed from one.
    Project(ProjectFile),
}

/// What a `pyproject.toml` says that decides what is installed from a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// The project's name.
    pub name: Option<PackageName>,
    /// Whether it is the root of a uv workspace.
    pub is_workspace: bool,
    /// `[tool.uv] default-groups`, where it is set.
    pub default_groups: Option<DefaultGroups>,
    /// The groups that poetry installs only where they are named.
    pub optional_groups: BTreeSet<PackageName>,
    /// What an installer reads of it that doesn't build the project; absent for one of which that is
    /// not known.
    pub settings: BTreeMap<Installer, Arc<Locked>>,
}

/// Whether a file with this path may be a lock: nobody else's text is read.
pub fn may_be_lock(path: &str) -> bool {
    if !path.ends_with(".lock") && !path.ends_with(".txt") && !path.ends_with(".toml") {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.ends_with(".toml") {
        return is_pylock_name(name);
    }
    matches!(name, "uv.lock" | "poetry.lock") || name.contains("requirements")
}

/// Whether a path is that of a `pyproject.toml`.
pub fn is_project(path: &str) -> bool {
    path.rsplit('/').next() == Some("pyproject.toml")
}

/// Whether a file with this path may decide what is installed from a lock.
pub fn may_decide(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "pyproject.toml" | "uv.toml" | "poetry.toml")
}

/// Understands a lock. `None`: it counts by its bytes.
pub fn parse_lock(path: &str, text: &str) -> Option<LockFile> {
    match path.rsplit('/').next() {
        Some("pyproject.toml") => Some(LockFile::Project(parse_project(text)?)),
        Some("uv.lock") => Some(LockFile::Graph(Tool::Uv, parse_uv_lock(text).ok()?)),
        Some("poetry.lock") => Some(LockFile::Graph(Tool::Poetry, parse_poetry_lock(text).ok()?)),
        Some(name) if is_pylock_name(name) => Some(LockFile::Pylock(parse_pylock(text).ok()?)),
        _ => {
            let file = parse_requirements(text).ok()?;
            let is_pinned = file.requirements.iter().all(|requirement| {
                requirement.value.name.is_some() && !requirement.value.release.hashes.is_empty()
            });
            // What an editable one brings is in its folder.
            let has_folder = file
                .options
                .iter()
                .any(|option| matches!(option.value, RequirementsOption::Editable(_)));
            (is_pinned && !has_folder).then_some(LockFile::Requirements(file))
        }
    }
}

fn parse_project(text: &str) -> Option<ProjectFile> {
    let (pyproject, faults) = parse_pyproject(text);
    // What is not understood may say anything.
    if !faults.is_empty() {
        return None;
    }
    let uv = pyproject.tool("uv").and_then(|item| item.as_table_like());
    let default_groups = uv.and_then(|uv| uv.get("default-groups"));
    let optional = |(name, group): (&str, &toml_edit::Item)| {
        let optional = group.as_table_like()?.get("optional")?;
        if optional.as_bool() == Some(false) { None } else { Some(name.parse().ok()) }
    };
    let poetry = pyproject.tool("poetry").and_then(|item| item.as_table_like());
    let groups = poetry.and_then(|poetry| poetry.get("group")?.as_table_like());
    let optional_groups = groups.into_iter().flat_map(|groups| groups.iter().filter_map(optional));
    Some(ProjectFile {
        name: pyproject.name.as_ref().map(|name| name.value.clone()),
        is_workspace: uv.is_some_and(|uv| uv.contains_key("workspace")),
        default_groups: match default_groups {
            None => None,
            Some(groups) => Some(parse_default_groups(groups)?),
        },
        optional_groups: optional_groups.collect::<Option<_>>()?,
        settings: read_settings(text),
    })
}

fn read_settings(text: &str) -> BTreeMap<Installer, Arc<Locked>> {
    let mut settings = BTreeMap::new();
    for installer in [Installer::UvFrozen, Installer::Uv, Installer::Poetry] {
        let Some(read) = installer_settings(text, installer) else { continue };
        let part = |text: &str| LockedPart { version: None, sha256: sha256(text.as_bytes()) };
        let parts = read.into_iter().map(|(name, text)| (name, part(&text))).collect();
        settings.insert(installer, Arc::new(parts));
    }
    settings
}

fn parse_default_groups(item: &toml_edit::Item) -> Option<DefaultGroups> {
    if item.as_str() == Some("all") {
        return Some(DefaultGroups::All);
    }
    let names = item.as_array()?.iter().map(|name| name.as_str()?.parse().ok());
    names.collect::<Option<_>>().map(DefaultGroups::These)
}

impl LockFile {
    /// What is installed from it.
    pub fn locked(&self, installs: &Installs) -> Locked {
        let mut checks = None;
        let mut closures = Vec::new();
        for install in installs {
            closures.push(match (self, install) {
                (LockFile::Requirements(file), Install::File(interpreter)) => {
                    file.closure(&interpreter.environment())
                }
                (LockFile::Pylock(lock), Install::File(interpreter)) => {
                    lock.closure(&pylock_environment(lock, interpreter))
                }
                (
                    LockFile::Graph(_, lock),
                    Install::Project { wanted, interpreter, is_checked },
                ) => {
                    checks = checks.or(is_checked.then(|| lock.checks()));
                    lock.closure(&[wanted.root(lock)], &interpreter.environment())
                }
                _ => continue,
            });
        }
        let mut locked = render(&closures);
        let part = |text: &str| LockedPart { version: None, sha256: sha256(text.as_bytes()) };
        locked.extend(checks.map(|checks| (CHECKS.to_owned(), part(checks))));
        locked
    }
}

/// No option of a known command asks for extras or groups.
fn pylock_environment(lock: &Pylock, interpreter: &Interpreter) -> Environment {
    let none = Some(BTreeSet::new());
    let groups = none.clone().filter(|_| lock.default_groups.is_empty());
    Environment { extras: none, dependency_groups: groups, ..interpreter.environment() }
}

/// What of a lock is compared with the projects counts under this name, which no distribution has.
pub const CHECKS: &str = "checked projects";

/// Closures by name: their canonical lines, hashed for each name. What one installs doesn't hide what
/// another does.
fn render(closures: &[Closure]) -> Locked {
    let mut by_name: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
    for (index, closure) in closures.iter().enumerate() {
        for line in closure.canonical_lines() {
            let mut fields = line.split('\t');
            let name = fields.next().unwrap_or_default();
            let version = fields.next().and_then(|field| field.strip_prefix("version="));
            let name = if name.is_empty() { "options" } else { name };
            let (versions, text) = by_name.entry(name.to_owned()).or_default();
            versions.extend(version.map(str::to_owned));
            text.push_str(&format!("{index}\t{line}\n"));
        }
    }
    let part = |(name, (versions, text)): (String, (BTreeSet<String>, String))| {
        let versions: Vec<String> = versions.into_iter().collect();
        let version = (!versions.is_empty()).then(|| versions.join(", "));
        (name, LockedPart { version, sha256: sha256(text.as_bytes()) })
    };
    by_name.into_iter().map(part).collect()
}

/// Locks by their contents, each understood once, and what was asked of them.
#[derive(Debug, Clone, Default)]
pub struct Locks {
    files: HashMap<(String, Sha256Sum), Option<Arc<LockFile>>>,
    answers: HashMap<(String, Sha256Sum, Installs), Arc<Locked>>,
}

impl Locks {
    /// Whether the file with this content has been added.
    pub fn knows(&self, path: &str, content: &Sha256Sum) -> bool {
        self.files.contains_key(&(path.to_owned(), *content))
    }

    /// Adds a file.
    pub fn add(&mut self, path: &str, content: Sha256Sum, text: &str) {
        self.files.insert((path.to_owned(), content), parse_lock(path, text).map(Arc::new));
    }

    /// The lock of a file; `None`: it is none, and counts by its bytes.
    pub fn get(&self, path: &str, content: &Sha256Sum) -> Option<Arc<LockFile>> {
        self.files.get(&(path.to_owned(), *content))?.clone()
    }

    /// What an installer reads of a `pyproject.toml`. `None`: the file counts by its bytes.
    pub fn settings(
        &self,
        path: &str,
        content: &Sha256Sum,
        installer: Installer,
    ) -> Option<Arc<Locked>> {
        match self.files.get(&(path.to_owned(), *content))?.as_deref()? {
            LockFile::Project(project) => project.settings.get(&installer).cloned(),
            _ => None,
        }
    }

    /// What `installs` takes from a lock. `None`: the file counts by its bytes.
    pub fn locked(
        &mut self,
        path: &str,
        content: &Sha256Sum,
        installs: &Installs,
    ) -> Option<Arc<Locked>> {
        let lock = self.files.get(&(path.to_owned(), *content))?.as_ref()?;
        let key = (path.to_owned(), *content, installs.clone());
        let answer = self.answers.entry(key);
        Some(Arc::clone(answer.or_insert_with(|| Arc::new(lock.locked(installs)))))
    }
}

#[cfg(test)]
mod tests;
