//! What a set of roots installs from a lock, as a value that may be compared and hashed.
//!
//! It doesn't compute one: [`super::walk`] does for locks, [`super::requirements`] for requirements
//! files.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Release;
use crate::{dependency::Section, name::PackageName};

/// What somebody installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// A member of the workspace, or any package of the lock. Of a `poetry.lock` any other name
    /// stands for the project that the lock is for, as that one is not in it.
    pub name: PackageName,
    /// Its extras; one that doesn't exist adds nothing.
    pub extras: Vec<PackageName>,
    /// Its dependency groups; one that doesn't exist adds nothing. None is a default.
    pub groups: Vec<PackageName>,
}

impl Root {
    /// The package alone.
    pub fn new(name: PackageName) -> Self {
        Self { name, extras: Vec::new(), groups: Vec::new() }
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = Section> {
        let extras = self.extras.iter().cloned().map(Section::Extra);
        let groups = self.groups.iter().cloned().map(Section::Group);
        [Section::Main].into_iter().chain(extras).chain(groups)
    }
}

/// What is installed. Two that are equal install the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// One name has several where markers choose between them.
    pub distributions: BTreeMap<PackageName, BTreeSet<LockedDistribution>>,
    /// What is asked for and not in the lock.
    pub unresolved: BTreeSet<PackageName>,
    /// Of a requirements file: options, in their order, and requirements without a name. They count
    /// as they are written.
    pub verbatim: Vec<String>,
}

/// One distribution of a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedDistribution {
    /// Shared with the lock, so that what is computed of it may be kept by its address.
    pub release: Arc<Release>,
    /// Where it, or an extra of it, is installed: where any of these holds. Empty where nothing
    /// restricts it.
    pub conditions: BTreeSet<Condition>,
}

/// One way on which a distribution gets installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// What gets installed on it: the distribution, or only this extra's dependencies.
    pub extra: Option<PackageName>,
    /// By whom, where that one is only installed under conditions itself.
    pub through: Option<String>,
    /// If this holds, where it is not known to hold.
    pub marker: Option<String>,
}

impl Closure {
    /// One line for each distribution and each other thing, sorted; equal closures and only those
    /// have equal lines. Fields are separated by tabs and name what they hold; a tab, a line feed
    /// and a backslash within are escaped.
    pub fn canonical_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, distributions) in &self.distributions {
            lines.extend(distributions.iter().map(|distribution| distribution.line(name)));
        }
        lines.sort();
        for name in &self.unresolved {
            lines.push(format!("\tunresolved={name}"));
        }
        for text in &self.verbatim {
            let mut line = String::new();
            push_field(&mut line, "verbatim", text);
            lines.push(line);
        }
        lines
    }

    /// Adds what another file installs too: an included requirements file.
    pub fn extend(&mut self, other: Self) {
        for (name, distributions) in other.distributions {
            self.distributions.entry(name).or_default().extend(distributions);
        }
        self.unresolved.extend(other.unresolved);
        self.verbatim.extend(other.verbatim);
    }
}

impl LockedDistribution {
    fn line(&self, name: &PackageName) -> String {
        let Release { version, source, hashes, extras } = &*self.release;
        let mut line = name.to_string();
        if let Some(version) = version {
            push_field(&mut line, "version", version);
        }
        push_field(&mut line, "source", &source.to_string());
        for extra in extras {
            push_field(&mut line, "extra", extra.as_str());
        }
        for hash in hashes {
            push_field(&mut line, "hash", hash);
        }
        for Condition { extra, through, marker } in &self.conditions {
            push_field(&mut line, "if", marker.as_deref().unwrap_or_default());
            push_field(&mut line, "through", through.as_deref().unwrap_or_default());
            push_field(&mut line, "for", extra.as_ref().map_or("", PackageName::as_str));
        }
        line
    }
}

fn push_field(line: &mut String, field: &str, value: &str) {
    line.push('\t');
    line.push_str(field);
    line.push('=');
    for character in value.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
