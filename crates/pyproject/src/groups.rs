//! Dependency groups and what they include of each other (PEP 735's `include-group`, poetry's
//! `include-groups`).
//!
//! It does not choose groups: all of them are read.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    dependency::{Dependency, REPEAT_LIMIT, Repeats, Section, enrich},
    name::PackageName,
    place::excerpt,
    reader::Reader,
};

/// All groups of one text, by name.
#[derive(Default)]
pub(crate) struct Groups(BTreeMap<PackageName, Group>);

#[derive(Default)]
pub(crate) struct Group {
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) includes: Vec<Include>,
}

pub(crate) struct Include {
    pub(crate) name: PackageName,
    /// Where the include is written.
    pub(crate) offset: usize,
}

impl Groups {
    /// The group of this name, an empty one if it is new.
    pub(crate) fn entry(&mut self, name: PackageName) -> &mut Group {
        self.0.entry(name).or_default()
    }

    pub(crate) fn dependencies_mut(&mut self) -> impl Iterator<Item = &mut Vec<Dependency>> {
        self.0.values_mut().map(|group| &mut group.dependencies)
    }

    /// Adds the groups of another tool: a group that both have is one, see [`enrich`].
    pub(crate) fn merge(&mut self, reader: &mut Reader<'_>, other: Self) {
        for (name, group) in other.0 {
            let own = self.entry(name);
            let declared = std::mem::take(&mut own.dependencies);
            own.dependencies = enrich(reader, declared, group.dependencies);
            own.includes.extend(group.includes);
        }
    }

    /// The dependencies of all groups, those of included groups repeated for each group that
    /// includes them.
    pub(crate) fn expand(mut self, reader: &mut Reader<'_>) -> Vec<Dependency> {
        self.drop_unknown_includes(reader);
        self.report_cycles(reader);
        let mut all = Vec::new();
        let mut repeats = Repeats::default();
        for name in self.0.keys() {
            let section = Section::Group(name.clone());
            let mut seen = BTreeSet::from([name]);
            let mut pending = vec![name];
            while let Some(member) = pending.pop() {
                let group = &self.0[member];
                if member != name {
                    repeats.add(1 + group.dependencies.len() + group.includes.len(), 0);
                    let lengths = group.dependencies.iter().map(Dependency::text_length);
                    repeats.add(0, lengths.sum());
                }
                if repeats.are_too_many() {
                    let offset = group.includes.first().map_or(0, |include| include.offset);
                    let message =
                        format!("groups include each other {REPEAT_LIMIT} times and more");
                    reader.fault(offset, message, Some("let fewer groups include others"));
                    return all;
                }
                let wanted = |d: &Dependency| Dependency { section: section.clone(), ..d.clone() };
                all.extend(group.dependencies.iter().map(wanted));
                let includes = group.includes.iter().map(|include| &include.name);
                pending.extend(includes.filter(|name| seen.insert(name)));
            }
        }
        all
    }

    fn drop_unknown_includes(&mut self, reader: &mut Reader<'_>) {
        let known: BTreeSet<PackageName> = self.0.keys().cloned().collect();
        for group in self.0.values_mut() {
            group.includes.retain(|include| {
                let found = known.contains(&include.name);
                if !found {
                    let message = format!("there is no dependency group `{}`", include.name);
                    reader.fault(
                        include.offset,
                        message,
                        Some("declare it, or remove the include"),
                    );
                }
                found
            });
        }
    }

    /// A depth-first walk with a stack of its own; an include that leads back to a group on the
    /// stack closes a loop.
    fn report_cycles(&self, reader: &mut Reader<'_>) {
        let mut done = BTreeSet::new();
        for root in self.0.keys() {
            let mut path: Vec<(&PackageName, usize)> = Vec::new();
            let mut on_path = BTreeSet::new();
            if !done.contains(root) {
                path.push((root, 0));
                on_path.insert(root);
            }
            while let Some((name, next)) = path.last_mut() {
                let Some(include) = self.0[*name].includes.get(*next) else {
                    on_path.remove(*name);
                    done.insert(*name);
                    path.pop();
                    continue;
                };
                *next += 1;
                if on_path.contains(&include.name) {
                    let path: Vec<_> = path.iter().map(|(name, _)| *name).collect();
                    report_cycle(reader, &path, include);
                } else if !done.contains(&include.name) {
                    path.push((&include.name, 0));
                    on_path.insert(&include.name);
                }
            }
        }
    }
}

const LONGEST_LOOP_SHOWN: usize = 12;

fn report_cycle(reader: &mut Reader<'_>, path: &[&PackageName], include: &Include) {
    let from = path.iter().position(|name| **name == include.name).unwrap_or_default();
    // The whole loop, unless nobody would read it.
    let (shown, rest) = path[from..].split_at((path.len() - from).min(LONGEST_LOOP_SHOWN));
    let mut names: Vec<_> =
        shown.iter().map(|name| format!("`{}`", excerpt(name.as_str()))).collect();
    if !rest.is_empty() {
        names.push(format!("{} more", rest.len()));
    }
    names.push(format!("`{}`", excerpt(include.name.as_str())));
    let message = format!("dependency groups include each other: {}", names.join(" → "));
    reader.fault(include.offset, message, Some("remove one of these includes"));
}

#[cfg(test)]
mod tests;
