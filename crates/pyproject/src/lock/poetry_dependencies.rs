//! What the packages of a `poetry.lock` depend on, and for which of their extras.
//!
//! Version clauses are not read: see [`super::poetry`].

use std::collections::{BTreeMap, BTreeSet};

use super::{
    LockedDependency, When,
    environment::{Environment, Requested, Truth},
    marker_eval::Marker,
    uv::{read_string, read_strings},
};
use crate::{
    dependency::Section,
    name::PackageName,
    reader::{Entry, Node, Reader},
};

/// A marker that names more extras than these is taken to be about none.
const MOST_EXTRAS: usize = 16;

/// All of `package.dependencies`.
pub(super) fn read_package_dependencies(
    reader: &mut Reader<'_>,
    package: &Node<'_>,
) -> Vec<LockedDependency> {
    let mut dependencies = Vec::new();
    if let Some(table) = reader.table(package, "dependencies") {
        let asking = extras_that_ask(reader, package);
        for entry in table.entries() {
            read_dependency(reader, &entry, &asking, &mut dependencies);
        }
    }
    dependencies
}

/// Who wants a dependency under this marker: the package, or those of its extras that `extra` in
/// the marker speaks of.
pub(super) fn sections_of(marker: &str) -> Vec<Section> {
    let marker = Marker::new(marker);
    let extras: BTreeSet<_> = marker.extras.iter().collect();
    let anywhere = Environment::default();
    let may_hold = |requested| marker.evaluate(&anywhere, requested) != Truth::False;
    if extras.len() > MOST_EXTRAS || may_hold(Requested::NoExtra) {
        return vec![Section::Main];
    }
    let asking = extras.into_iter().filter(|extra| may_hold(Requested::Extra(extra)));
    asking.cloned().map(Section::Extra).collect()
}

/// `package.extras`: by what each asks for, the extras. Written as requirements or, long ago, as
/// `name (clauses)`.
fn extras_that_ask(
    reader: &mut Reader<'_>,
    package: &Node<'_>,
) -> BTreeMap<PackageName, BTreeSet<PackageName>> {
    let mut asking = BTreeMap::<_, BTreeSet<_>>::new();
    let Some(table) = reader.table(package, "extras") else { return asking };
    for entry in table.entries() {
        let Some(extra) = reader.key_name(&entry) else { continue };
        for text in read_strings(reader, &table, entry.key) {
            if let Some(name) = leading_name(&text) {
                asking.entry(name).or_default().insert(extra.clone());
            }
        }
    }
    asking
}

/// The name that a requirement begins with, however the rest is written.
pub(super) fn leading_name(text: &str) -> Option<PackageName> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// `name = "clauses"`, `name = { … }` or an array of such.
fn read_dependency(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    asking: &BTreeMap<PackageName, BTreeSet<PackageName>>,
    dependencies: &mut Vec<LockedDependency>,
) {
    let Some(name) = reader.key_name(entry) else { return };
    let nodes = if entry.node.is_array() {
        reader.elements(&entry.node, "an array", None)
    } else {
        vec![entry.node.clone()]
    };
    for node in nodes {
        if !node.is_table() && !node.is_string() {
            reader.wrong_type(&node, "a string, a table or an array of them", None);
            continue;
        }
        let marker = read_string(reader, &node, "markers");
        let optional = node.get("optional").is_some_and(|o| reader.boolean(&o) == Some(true));
        let extras: Vec<PackageName> =
            read_strings(reader, &node, "extras").iter().filter_map(|e| e.parse().ok()).collect();
        let mut sections = marker.as_deref().map_or(vec![Section::Main], sections_of);
        if optional && sections == [Section::Main] {
            let extras = asking.get(&name).into_iter().flatten().cloned().map(Section::Extra);
            let asked: Vec<_> = extras.take(MOST_EXTRAS + 1).collect();
            if (1..=MOST_EXTRAS).contains(&asked.len()) {
                sections = asked;
            }
        }
        let when = marker.map_or(When::Always, When::If);
        dependencies.extend(sections.into_iter().map(|section| LockedDependency {
            section,
            name: name.clone(),
            version: None,
            source: None,
            extras: extras.clone(),
            when: when.clone(),
        }));
    }
}
