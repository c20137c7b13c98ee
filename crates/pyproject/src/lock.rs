//! Text to a typed lock, and which distributions a set of roots installs from it.
//!
//! ```
//! use pyproject::lock::{Environment, Root, parse_uv_lock};
//!
//! let text = r#"
//! version = 1
//! revision = 3
//!
//! [[package]]
//! name = "receipt-label"
//! version = "0.1.0"
//! source = { editable = "packages/receipt_label" }
//! dependencies = [
//!     { name = "numpy" },
//!     { name = "colorama", marker = "sys_platform == 'win32'" },
//! ]
//!
//! [[package]]
//! name = "numpy"
//! version = "2.2.6"
//! source = { registry = "https://index.example/simple" }
//! sdist = { url = "https://index.example/numpy-2.2.6.tar.gz", hash = "sha256:e295" }
//!
//! [[package]]
//! name = "colorama"
//! version = "0.4.6"
//! source = { registry = "https://index.example/simple" }
//! "#;
//! let lock = parse_uv_lock(text).unwrap();
//! let image = Environment::cpython_on_linux("3.13", "x86_64");
//! let closure = lock.closure(&[Root::new("receipt-label".parse().unwrap())], &image);
//! let names: Vec<_> = closure.distributions.keys().map(|name| name.as_str()).collect();
//! assert_eq!(names, ["numpy", "receipt-label"]);
//! ```
//!
//! Doubt means in: what a marker doesn't decide is part of the closure, with the marker. It resolves
//! nothing and chooses no wheel of a distribution, so that all hashes of one count. It reads no
//! `requires-python` of a lock: that only says whether an installation is refused.

mod closure;
mod diff;
mod environment;
mod error;
mod graph;
mod marker_eval;
mod poetry;
mod poetry_dependencies;
mod pylock;
mod requirements;
mod requirements_option;
mod requirements_text;
mod uv;
mod version_order;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use crate::{
    dependency::Section,
    name::PackageName,
    place::SourceText,
    reader::{Node, Reader},
};
use graph::Graph;
pub use {
    closure::{Closure, Condition, LockedDistribution, Root},
    diff::{Change, diff_closures},
    environment::Environment,
    error::LockError,
    poetry::parse_poetry_lock,
    pylock::{Pylock, is_pylock_name, parse_pylock},
    requirements::{ListedRequirement, RequirementsFile, parse_requirements},
    requirements_option::RequirementsOption,
    uv::parse_uv_lock,
};

/// A lock whose packages know each other: a `uv.lock` or a `poetry.lock`.
#[derive(Debug, Clone)]
pub struct Lock {
    packages: Vec<LockedPackage>,
    graph: Graph,
    members: BTreeSet<PackageName>,
    default_groups: BTreeMap<PackageName, DefaultGroups>,
    checks: String,
    states_groups: bool,
}

/// The dependency groups that are installed where a command asks for none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultGroups {
    /// All of them.
    All,
    /// These.
    These(Vec<PackageName>),
}

impl Lock {
    /// All packages in the order of the text, members of the workspace included.
    pub fn packages(&self) -> &[LockedPackage] {
        &self.packages
    }

    /// The members of a uv workspace as the lock lists them, and the project beside the lock. A
    /// `poetry.lock` has none.
    pub fn members(&self) -> &BTreeSet<PackageName> {
        &self.members
    }

    /// The project in a folder. The path is relative to the folder of the lock, `.` is that folder.
    /// A `poetry.lock` doesn't hold its own project.
    pub fn project_in(&self, folder: &str) -> Option<&PackageName> {
        let folder = plain_folder(folder);
        let is_there = |package: &&LockedPackage| {
            package.release.source.folder().is_some_and(|path| plain_folder(path) == folder)
        };
        Some(&self.packages.iter().find(is_there)?.name)
    }

    /// The default groups of a project, where a `uv.lock` says them.
    pub fn default_groups(&self, project: &PackageName) -> Option<&DefaultGroups> {
        self.default_groups.get(project)
    }

    /// What the tool compares with the projects before it goes by the lock, in one form: an installation
    /// that checks the lock fails where this doesn't fit them.
    pub fn checks(&self) -> &str {
        &self.checks
    }

    /// Whether the lock says which groups want a package. A `poetry.lock` does since version 2.1.
    pub fn states_groups(&self) -> bool {
        self.states_groups
    }

    /// All that the lock has, whoever installs it and where.
    pub fn everything(&self) -> Closure {
        let mut closure = Closure::default();
        for LockedPackage { name, release, .. } in &self.packages {
            let release = Arc::clone(release);
            let of_name = closure.distributions.entry(name.clone()).or_default();
            of_name.insert(LockedDistribution { release, conditions: BTreeSet::new() });
        }
        closure
    }

    /// A root with all the extras and groups that the lock knows of it.
    pub fn whole_root(&self, name: PackageName) -> Root {
        let indices = self.graph.by_name.get(&name).map_or(&[][..], Vec::as_slice);
        let packages = indices.iter().map(|&index| &self.graph.parts_of[index]);
        let project = self.graph.project.iter().filter(|_| indices.is_empty());
        let mut root = Root::new(name);
        for section in packages.chain(project).flat_map(BTreeMap::keys) {
            match section {
                Section::Main => {}
                Section::Extra(extra) => root.extras.push(extra.clone()),
                Section::Group(group) => root.groups.push(group.clone()),
            }
        }
        root
    }
}

/// One package of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The package.
    pub name: PackageName,
    /// As written, for a member of the workspace too.
    pub version: Option<String>,
    /// What is installed.
    pub release: Arc<Release>,
    /// What it depends on, also by extras and groups.
    pub dependencies: Vec<LockedDependency>,
    /// Where a name has several versions: this one is meant where any of these markers holds.
    /// Empty: anywhere.
    pub markers: Vec<String>,
}

/// What of a package decides what is installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// Absent where the source is a folder: there the files count, which a lock doesn't hold. A
    /// requirement that is not pinned has its clauses here (`>=1.2`).
    pub version: Option<String>,
    /// Where it comes from.
    pub source: LockedSource,
    /// Of all its files; the file's URL or path where the lock has no hash of it.
    pub hashes: BTreeSet<String>,
    /// Those that a line of a requirements file asks for; in a lock they are dependencies.
    pub extras: BTreeSet<PackageName>,
}

impl Release {
    fn new(version: Option<String>, source: LockedSource, hashes: BTreeSet<String>) -> Self {
        // The files in a folder are inputs of whoever reads them: its version is their business.
        let version = version.filter(|_| source.folder().is_none());
        Self { version, source, hashes, extras: BTreeSet::new() }
    }
}

/// Where a locked package comes from. Paths are relative to the lock's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockedSource {
    /// The installer's own choice of an index.
    Unstated,
    /// An index by its URL or path.
    Registry(String),
    /// A folder that is installed by reference.
    Editable(String),
    /// A folder that is not installed, only its dependencies are.
    Virtual(String),
    /// A folder that is built and installed.
    Directory(String),
    /// An archive.
    Path(String),
    /// An archive.
    Url(String),
    /// A repository with the commit.
    Git(String),
    /// A kind that is not known here, as written.
    Other(String),
}

impl LockedSource {
    /// By uv's keys, which old versions wrote as `key+value`.
    fn from_kind(kind: &str, value: String) -> Self {
        match kind {
            "registry" => Self::Registry(value),
            "editable" => Self::Editable(value),
            "virtual" => Self::Virtual(value),
            "directory" => Self::Directory(value),
            "path" => Self::Path(value),
            "url" | "direct" => Self::Url(value),
            "git" => Self::Git(value),
            _ => Self::Other(format!("{kind}+{value}")),
        }
    }

    /// The path of a folder that is the source.
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Editable(path) | Self::Virtual(path) | Self::Directory(path) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for LockedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => Ok(()),
            Self::Registry(value) => write!(f, "registry+{value}"),
            Self::Editable(value) => write!(f, "editable+{value}"),
            Self::Virtual(value) => write!(f, "virtual+{value}"),
            Self::Directory(value) => write!(f, "directory+{value}"),
            Self::Path(value) => write!(f, "path+{value}"),
            Self::Url(value) => write!(f, "url+{value}"),
            Self::Git(value) => write!(f, "git+{value}"),
            Self::Other(value) => write!(f, "other+{value}"),
        }
    }
}

/// That one package installs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedDependency {
    /// Who of those that install the package wants it.
    pub section: Section,
    /// The package that is depended on.
    pub name: PackageName,
    /// Which of several; absent where there is one, or where the lock leaves it to markers.
    pub version: Option<String>,
    /// Which of several, as with the version.
    pub source: Option<LockedSource>,
    /// Its extras that are wanted.
    pub extras: Vec<PackageName>,
    /// Under which condition.
    pub when: When,
}

/// The condition of a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// None.
    Always,
    /// Where this marker holds.
    If(String),
    /// The lock doesn't say.
    Unstated,
}

/// `./a/` and `a` are one folder, so are `.` and nothing.
fn plain_folder(path: &str) -> &str {
    let path = match path.trim_end_matches('/') {
        "" => path,
        path => path,
    };
    let path = path.strip_prefix("./").unwrap_or(path);
    if path == "." { "" } else { path }
}

/// Parses TOML and reads it; any fault is the end.
fn read_toml<L>(
    text: &str,
    read: impl FnOnce(&mut Reader<'_>, &Node<'_>) -> Result<L, LockError>,
) -> Result<L, LockError> {
    let source = SourceText::new(text);
    let mut reader = Reader::new(&source);
    let root = crate::parse_table(&mut reader, text);
    if reader.has_faults() {
        return Err(LockError::Invalid(reader.into_faults()));
    }
    let lock = read(&mut reader, &Node::root(&root))?;
    let faults = reader.into_faults();
    if faults.is_empty() { Ok(lock) } else { Err(LockError::Invalid(faults)) }
}

#[cfg(test)]
mod tests;
