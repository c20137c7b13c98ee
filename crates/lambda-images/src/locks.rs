//! Locks as inputs: by what an image installs from them, not by their bytes.
//!
//! # How it works
//! A `uv.lock` or `poetry.lock`, or a requirements file in which every requirement has hashes,
//! comes down to its distributions, for the packages, extras and groups that the Dockerfile's
//! commands ask for ([`crate::installs`]) on the image's platform. A comment, another order, a
//! `revision`, a member's own version, a distribution that somebody else installs don't show.
//!
//! # Limitations
//! Only a lock whose bytes don't become part of the image counts so
//! ([`dockerfile::Resolved::may_keep`]), and only where all that the commands do is known
//! ([`crate::installs::are_known`]): else it counts by its bytes, as any file. So does one that can't be understood, and one of which a requirement lacks its hashes.
//! Which Python installs isn't known: what only a marker on its version decides is in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pyproject::PackageName;
use pyproject::lock::{
    Closure, Environment, Lock, RequirementsFile, RequirementsOption, parse_poetry_lock,
    parse_requirements, parse_uv_lock,
};
use serde::{Deserialize, Serialize};

use crate::fingerprint::{Sha256Sum, sha256};
use crate::installs::{Installs, Tool};
use crate::platform::Platform;

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
}

/// Whether a file with this path may be a lock: nobody else's text is read.
pub fn may_be_lock(path: &str) -> bool {
    if !path.ends_with(".lock") && !path.ends_with(".txt") {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "uv.lock" | "poetry.lock") || name.contains("requirements")
}

/// Understands a lock. `None`: it counts by its bytes.
pub fn parse_lock(path: &str, text: &str) -> Option<LockFile> {
    match path.rsplit('/').next() {
        Some("uv.lock") => Some(LockFile::Graph(Tool::Uv, parse_uv_lock(text).ok()?)),
        Some("poetry.lock") => Some(LockFile::Graph(Tool::Poetry, parse_poetry_lock(text).ok()?)),
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

impl LockFile {
    /// What is installed from it.
    pub fn locked(&self, installs: &Installs, platform: &Platform) -> Locked {
        let environment = environment(platform);
        render(&match (self, installs) {
            (LockFile::Requirements(file), _) => file.closure(&environment),
            (LockFile::Graph(_, lock), Installs::Everything) => lock.everything(),
            // What isn't there was named by mistake, most likely ours.
            (LockFile::Graph(Tool::Uv, lock), Installs::Wanted(wanted))
                if !wanted.iter().all(|wanted| holds(lock, &wanted.package)) =>
            {
                lock.everything()
            }
            (LockFile::Graph(_, lock), Installs::Wanted(wanted)) => {
                let roots: Vec<_> = wanted.iter().map(|wanted| wanted.root(lock)).collect();
                lock.closure(&roots, &environment)
            }
        })
    }
}

fn holds(lock: &Lock, name: &PackageName) -> bool {
    lock.packages().iter().any(|package| package.name == *name)
}

/// What is known of the Python that installs.
fn environment(platform: &Platform) -> Environment {
    let known = |text: &str| Some(text.to_owned());
    let machine = match platform.as_str() {
        "linux/amd64" => known("x86_64"),
        "linux/arm64" => known("aarch64"),
        _ => None,
    };
    Environment {
        os_name: known("posix"),
        sys_platform: known("linux"),
        platform_system: known("Linux"),
        platform_machine: machine,
        platform_python_implementation: known("CPython"),
        implementation_name: known("cpython"),
        ..Environment::default()
    }
}

/// A closure by name: its canonical lines, hashed for each name.
fn render(closure: &Closure) -> Locked {
    let mut by_name: BTreeMap<String, (Vec<&str>, String)> = BTreeMap::new();
    let lines = closure.canonical_lines();
    for line in &lines {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let version = fields.next().and_then(|field| field.strip_prefix("version="));
        let name = if name.is_empty() { "options" } else { name };
        let (versions, text) = by_name.entry(name.to_owned()).or_default();
        versions.extend(version);
        text.push_str(line);
        text.push('\n');
    }
    let part = |(name, (versions, text)): (String, (Vec<&str>, String))| {
        let version = (!versions.is_empty()).then(|| versions.join(", "));
        (name, LockedPart { version, sha256: sha256(text.as_bytes()) })
    };
    by_name.into_iter().map(part).collect()
}

/// Locks by their contents, each understood once, and what was asked of them.
#[derive(Debug, Default)]
pub struct Locks {
    files: HashMap<(String, Sha256Sum), Option<LockFile>>,
    answers: HashMap<(String, Sha256Sum, Installs, String), Arc<Locked>>,
}

impl Locks {
    /// Whether the file with this content has been added.
    pub fn knows(&self, path: &str, content: &Sha256Sum) -> bool {
        self.files.contains_key(&(path.to_owned(), *content))
    }

    /// Adds a file.
    pub fn add(&mut self, path: &str, content: Sha256Sum, text: &str) {
        self.files.insert((path.to_owned(), content), parse_lock(path, text));
    }

    /// The lock of a file; `None`: it is none, and counts by its bytes.
    pub fn get(&self, path: &str, content: &Sha256Sum) -> Option<&LockFile> {
        self.files.get(&(path.to_owned(), *content))?.as_ref()
    }

    /// What `installs` takes from a lock. `None`: the file counts by its bytes.
    pub fn locked(
        &mut self,
        path: &str,
        content: &Sha256Sum,
        installs: &Installs,
        platform: &Platform,
    ) -> Option<Arc<Locked>> {
        let lock = self.files.get(&(path.to_owned(), *content))?.as_ref()?;
        let key = (path.to_owned(), *content, installs.clone(), platform.to_string());
        let answer = self.answers.entry(key);
        Some(Arc::clone(answer.or_insert_with(|| Arc::new(lock.locked(installs, platform)))))
    }
}

#[cfg(test)]
mod tests;
