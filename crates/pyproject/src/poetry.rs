//! Poetry's tables: name, dependencies, groups and extras.
//!
//! It does not read version constraints: poetry's (`^1.2`) are not those of PEP 440, and nothing
//! here resolves. A `python = "…"` condition of a dependency is left out of its marker for the same
//! reason, so that the dependency counts everywhere.

use std::collections::BTreeMap;

use crate::{
    dependency::{Dependency, REPEAT_LIMIT, Repeats, Section},
    groups::{Groups, Include},
    marker::join_markers,
    name::PackageName,
    place::Located,
    reader::{Entry, Node, Reader},
    source::Source,
    standard::named_entries,
    uv::{read_kind, read_marker, source_of_kind},
};

/// What `[tool.poetry]` says.
#[derive(Default)]
pub(crate) struct Poetry {
    pub(crate) name: Option<Located<PackageName>>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) groups: Groups,
}

/// `dev` is the name of the group that the older `[tool.poetry.dev-dependencies]` is.
pub(crate) fn read_poetry(reader: &mut Reader<'_>, tool: &Node<'_>, dev: &PackageName) -> Poetry {
    let Some(poetry) = reader.table(tool, "poetry") else { return Poetry::default() };
    let name = poetry.get("name").and_then(|node| reader.name(&node));
    let extras = read_extras(reader, &poetry);
    let mut dependencies = Vec::new();
    let mut repeats = Repeats::default();
    for PoetryDependency { dependency, optional } in
        read_dependencies(reader, &poetry, "dependencies", &Section::Main)
    {
        let wanted_by = extras.get(&dependency.name).map(Vec::as_slice).unwrap_or_default();
        repeats.add(wanted_by.len(), wanted_by.len() * dependency.text_length());
        if repeats.are_too_many() {
            let message = format!("extras repeat the dependencies more than {REPEAT_LIMIT} times");
            let hint = format!("let fewer extras want `{}`", dependency.name);
            reader.fault_at((dependency.line, dependency.column), message, Some(&hint));
            break;
        }
        for extra in wanted_by {
            dependencies
                .push(Dependency { section: Section::Extra(extra.clone()), ..dependency.clone() });
        }
        // An optional one that no extra wants is never installed, but that is more likely a slip
        // than meant.
        if !optional || wanted_by.is_empty() {
            dependencies.push(dependency);
        }
    }
    let groups = read_groups(reader, &poetry, dev);
    Poetry { name, dependencies, groups }
}

/// `[tool.poetry.extras]`, turned round: which extras want a name.
fn read_extras(
    reader: &mut Reader<'_>,
    poetry: &Node<'_>,
) -> BTreeMap<PackageName, Vec<PackageName>> {
    let mut wanted_by = BTreeMap::<_, Vec<PackageName>>::new();
    let Some(table) = reader.table(poetry, "extras") else { return wanted_by };
    for (extra, entry) in named_entries(reader, &table) {
        let hint = "write the names of dependencies: `[\"psycopg2\", \"mysqlclient\"]`";
        for element in reader.elements(&entry.node, "an array of strings", Some(hint)) {
            let Some(name) = reader.name(&element) else { continue };
            let extras = wanted_by.entry(name.value).or_default();
            if extras.last() != Some(&extra) {
                extras.push(extra.clone());
            }
        }
    }
    wanted_by
}

fn read_groups(reader: &mut Reader<'_>, poetry: &Node<'_>, dev: &PackageName) -> Groups {
    let mut groups = Groups::default();
    let older = read_dependencies(reader, poetry, "dev-dependencies", &Section::Group(dev.clone()));
    if !older.is_empty() {
        groups
            .entry(dev.clone())
            .dependencies
            .extend(older.into_iter().map(|poetry| poetry.dependency));
    }
    let Some(table) = reader.table(poetry, "group") else { return groups };
    for (name, entry) in named_entries(reader, &table) {
        if !entry.node.is_table() {
            reader.wrong_type(&entry.node, "a table", None);
            continue;
        }
        let section = Section::Group(name.clone());
        let dependencies = read_dependencies(reader, &entry.node, "dependencies", &section);
        let group = groups.entry(name);
        group.dependencies.extend(dependencies.into_iter().map(|poetry| poetry.dependency));
        if let Some(includes) = entry.node.get("include-groups") {
            for element in reader.elements(&includes, "an array of strings", None) {
                let offset = element.span.start;
                group
                    .includes
                    .extend(reader.name(&element).map(|name| Include { name: name.value, offset }));
            }
        }
    }
    groups
}

struct PoetryDependency {
    dependency: Dependency,
    optional: bool,
}

/// A table of dependencies: a constraint, a table, or several of either for several environments.
fn read_dependencies(
    reader: &mut Reader<'_>,
    parent: &Node<'_>,
    key: &str,
    section: &Section,
) -> Vec<PoetryDependency> {
    let mut dependencies = Vec::new();
    let Some(table) = reader.table(parent, key) else { return dependencies };
    for entry in table.entries() {
        let Some(name) = reader.key_name(&entry) else { continue };
        if name.as_str() == "python" {
            continue;
        }
        if entry.node.is_array() {
            for element in reader.elements(&entry.node, "an array", None) {
                dependencies.extend(read_dependency(reader, &entry, &element, &name, section));
            }
        } else {
            dependencies.extend(read_dependency(reader, &entry, &entry.node, &name, section));
        }
    }
    dependencies
}

fn read_dependency(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    node: &Node<'_>,
    name: &PackageName,
    section: &Section,
) -> Option<PoetryDependency> {
    let (line, column) = reader.place(entry.key_span.start);
    let plain = Dependency {
        name: name.clone(),
        extras: Vec::new(),
        section: section.clone(),
        source: Source::Index,
        marker: None,
        line,
        column,
    };
    if node.is_string() {
        return Some(PoetryDependency { dependency: plain, optional: false });
    }
    if !node.is_table() {
        let hint = "write it as `\"^1.2\"`, or as `{ path = \"../folder\" }`";
        reader.wrong_type(node, "a string, a table or an array of them", Some(hint));
        return None;
    }
    let dependency = Dependency {
        extras: read_names(reader, node, "extras"),
        source: read_source(reader, node),
        marker: read_condition(reader, node),
        ..plain
    };
    let optional =
        node.get("optional").and_then(|optional| reader.boolean(&optional)).unwrap_or(false);
    Some(PoetryDependency { dependency, optional })
}

fn read_names(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Vec<PackageName> {
    let Some(names) = node.get(key) else { return Vec::new() };
    let elements = reader.elements(&names, "an array of strings", None);
    elements.iter().filter_map(|element| Some(reader.name(element)?.value)).collect()
}

fn read_source(reader: &mut Reader<'_>, node: &Node<'_>) -> Source {
    // `source` is the index's name.
    let direct = read_kind(reader, node, &["path", "file", "git", "url"], false);
    let given = direct.or_else(|| Some(("source", node.get("source")?)));
    given
        .and_then(|(kind, value)| Some(source_of_kind(kind, reader.string(&value, None)?.value)))
        .unwrap_or(Source::Index)
}

fn read_condition(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let markers = node.get("markers").and_then(|markers| read_marker(reader, &markers));
    let platform = node.get("platform").and_then(|platform| reader.string(&platform, None));
    let platform = platform.map(|platform| format!("sys_platform == '{}'", platform.value));
    join_markers(markers.as_deref(), platform.as_deref())
}

#[cfg(test)]
mod tests;
