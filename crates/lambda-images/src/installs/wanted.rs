//! Which extras and groups of a package are wanted.
//!
//! It reads no command: that is done where each tool's options are.

use std::collections::BTreeSet;

use pyproject::PackageName;
use pyproject::lock::{Lock, Root};

/// Which groups a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// What it begins with.
    pub start: StartGroups,
    /// Those that are added.
    pub with: BTreeSet<PackageName>,
    /// Those that are left out, wanted or not.
    pub without: BTreeSet<PackageName>,
}

/// Which groups are wanted before any is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartGroups {
    /// Those that the project says.
    Default,
    /// None.
    None,
    /// All.
    All,
}

/// Some of the names that a package gives its extras or groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Names {
    /// All but these.
    AllBut(BTreeSet<PackageName>),
    /// These.
    Only(BTreeSet<PackageName>),
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

impl Names {
    /// No name.
    pub fn none() -> Names {
        Names::Only(BTreeSet::new())
    }

    /// Every name.
    pub fn all() -> Names {
        Names::AllBut(BTreeSet::new())
    }

    fn holds(&self, name: &PackageName) -> bool {
        match self {
            Names::AllBut(left_out) => !left_out.contains(name),
            Names::Only(names) => names.contains(name),
        }
    }

    pub(super) fn add(&mut self, name: PackageName) {
        match self {
            Names::AllBut(left_out) => drop(left_out.remove(&name)),
            Names::Only(names) => drop(names.insert(name)),
        }
    }

    pub(super) fn remove(&mut self, name: PackageName) {
        match self {
            Names::AllBut(left_out) => drop(left_out.insert(name)),
            Names::Only(names) => drop(names.remove(&name)),
        }
    }
}

impl Groups {
    /// With these as the project's own choice.
    pub fn names(&self, default: &Names) -> Names {
        let mut names = match self.start {
            StartGroups::Default => default.clone(),
            StartGroups::None => Names::none(),
            StartGroups::All => Names::all(),
        };
        self.with.iter().for_each(|name| names.add(name.clone()));
        self.without.iter().for_each(|name| names.remove(name.clone()));
        names
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
