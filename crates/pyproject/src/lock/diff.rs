//! What differs between two closures, in words for a reason.
//!
//! It doesn't say through whom: [`super::Lock::chain`] does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Closure, LockedDistribution, Release};
use crate::name::PackageName;

/// One difference. Two closures are equal where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the second has it.
    Added {
        /// The package.
        name: PackageName,
        /// What it is there.
        after: LockedDistribution,
    },
    /// Only the first has it.
    Removed {
        /// The package.
        name: PackageName,
        /// What it was there.
        before: LockedDistribution,
    },
    /// Both have it, not the same.
    Changed {
        /// The package.
        name: PackageName,
        /// What it was.
        before: LockedDistribution,
        /// What it is.
        after: LockedDistribution,
    },
    /// The second asks for it, and its lock doesn't have it.
    Unresolved(PackageName),
    /// The first asked for it, and its lock didn't have it.
    NoLongerUnresolved(PackageName),
    /// What counts as written is not the same: what is new in it, or else the whole.
    Verbatim(Vec<String>),
}

/// All differences, sorted by name. Versions of one name are paired where they have the same
/// version, or where one is left on either side.
pub fn diff_closures(before: &Closure, after: &Closure) -> Vec<Change> {
    let names: BTreeSet<_> =
        before.distributions.keys().chain(after.distributions.keys()).collect();
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    for name in names {
        let old = before.distributions.get(name).unwrap_or(&none);
        let new = after.distributions.get(name).unwrap_or(&none);
        diff_name(name, old, new, &mut changes);
    }
    let unresolved = after.unresolved.difference(&before.unresolved).cloned();
    changes.extend(unresolved.map(Change::Unresolved));
    let resolved = before.unresolved.difference(&after.unresolved).cloned();
    changes.extend(resolved.map(Change::NoLongerUnresolved));
    if before.verbatim != after.verbatim {
        let known: BTreeSet<_> = before.verbatim.iter().collect();
        let new = after.verbatim.iter().filter(|line| !known.contains(line));
        let new: Vec<_> = new.cloned().collect();
        changes.push(Change::Verbatim(if new.is_empty() { after.verbatim.clone() } else { new }));
    }
    changes
}

fn diff_name(
    name: &PackageName,
    old: &BTreeSet<LockedDistribution>,
    new: &BTreeSet<LockedDistribution>,
    changes: &mut Vec<Change>,
) {
    let mut come = BTreeMap::<_, Vec<_>>::new();
    for after in new.difference(old) {
        come.entry(&after.release.version).or_default().push(after);
    }
    let changed = |before: &LockedDistribution, after: &LockedDistribution| Change::Changed {
        name: name.clone(),
        before: before.clone(),
        after: after.clone(),
    };
    let mut gone = Vec::new();
    for before in old.difference(new) {
        match come.get_mut(&before.release.version).and_then(Vec::pop) {
            Some(after) => changes.push(changed(before, after)),
            None => gone.push(before),
        }
    }
    let come: Vec<_> = come.into_values().flatten().collect();
    if let ([before], [after]) = (gone.as_slice(), come.as_slice()) {
        changes.push(changed(before, after));
        return;
    }
    let name = || name.clone();
    changes.extend(gone.into_iter().map(|d| Change::Removed { name: name(), before: d.clone() }));
    changes.extend(come.into_iter().map(|d| Change::Added { name: name(), after: d.clone() }));
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name, after } => write!(f, "`{name}`{} added", version(&after.release)),
            Self::Removed { name, before } => {
                write!(f, "`{name}`{} removed", version(&before.release))
            }
            Self::Changed { name, before, after } => fmt_changed(f, name, before, after),
            Self::Unresolved(name) => write!(f, "`{name}` is no longer in the lock"),
            Self::NoLongerUnresolved(name) => write!(f, "`{name}` is now in the lock"),
            Self::Verbatim(lines) => match lines.first() {
                Some(line) => write!(f, "`{line}` changed"),
                None => f.write_str("options removed"),
            },
        }
    }
}

fn fmt_changed(
    f: &mut fmt::Formatter<'_>,
    name: &PackageName,
    before: &LockedDistribution,
    after: &LockedDistribution,
) -> fmt::Result {
    let (old, new) = (&before.release, &after.release);
    let (old_version, new_version) = (version(old), version(new));
    if old_version != new_version {
        let or_none = |text: String| if text.is_empty() { " no version".to_owned() } else { text };
        return write!(f, "`{name}`{} →{}", or_none(old_version), or_none(new_version));
    }
    let what = if old.source != new.source {
        "another source"
    } else if old.hashes != new.hashes {
        "other hashes"
    } else if old.extras != new.extras {
        "other extras"
    } else {
        "other markers"
    };
    write!(f, "`{name}`{new_version} has {what}")
}

/// With a blank before it, or nothing.
fn version(release: &Release) -> String {
    release.version.as_ref().map_or(String::new(), |version| format!(" {version}"))
}

#[cfg(test)]
mod tests;
