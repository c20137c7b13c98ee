//! The tables that are standards: `[project]` (PEP 621) and `[dependency-groups]` (PEP 735).
//!
//! It reads what says which package this is and what it depends on, and leaves the rest of the
//! metadata alone.

use std::collections::BTreeMap;

use crate::{
    dependency::{Dependency, Section, read_requirement, read_requirements},
    groups::{Groups, Include},
    name::PackageName,
    place::{Located, excerpt},
    reader::{Entry, Node, Reader},
};

/// What `[project]` says.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) name: Option<Located<PackageName>>,
    pub(crate) dynamic: Vec<Located<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) fn read_project(reader: &mut Reader<'_>, root: &Node<'_>) -> Project {
    let Some(project) = reader.table(root, "project") else { return Project::default() };
    let name = project.get("name").and_then(|node| reader.name(&node));
    let dynamic =
        project.get("dynamic").map(|node| read_dynamic(reader, &node)).unwrap_or_default();
    let mut dependencies = match project.get("dependencies") {
        Some(node) => read_requirements(reader, &node, &Section::Main),
        None => Vec::new(),
    };
    if let Some(extras) = reader.table(&project, "optional-dependencies") {
        for (name, entry) in named_entries(reader, &extras) {
            dependencies.extend(read_requirements(reader, &entry.node, &Section::Extra(name)));
        }
    }
    Project { name, dynamic, dependencies }
}

/// PEP 621 asks for a static name; without one nothing can depend on the project.
pub(crate) fn report_missing_name(reader: &mut Reader<'_>, root: &Node<'_>) {
    if let Some(project) =
        root.get("project").filter(|project| project.is_table() && project.get("name").is_none())
    {
        let hint = "give it a `name = \"…\"`";
        reader.fault(project.span.start, "`project` has no `name`".to_owned(), Some(hint));
    }
}

fn read_dynamic(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Located<String>> {
    let mut fields = Vec::new();
    for element in reader.elements(node, "an array of strings", None) {
        let Some(text) = reader.string(&element, None) else { continue };
        let offset = reader.offset_in(&text, 0);
        if text.value == "name" {
            reader.fault(
                offset,
                "`project.name` can't be dynamic".to_owned(),
                Some("write the name itself"),
            );
        }
        let (line, column) = reader.place(offset);
        fields.push(Located { value: text.value.to_owned(), line, column });
    }
    fields
}

pub(crate) fn read_groups(reader: &mut Reader<'_>, root: &Node<'_>) -> Groups {
    let mut groups = Groups::default();
    let Some(table) = reader.table(root, "dependency-groups") else { return groups };
    for (name, entry) in named_entries(reader, &table) {
        let section = Section::Group(name.clone());
        let hint = "write it as `[\"pytest>=8\", { include-group = \"lint\" }]`";
        let group = groups.entry(name);
        for element in reader.elements(&entry.node, "an array of strings and includes", Some(hint))
        {
            if element.is_table() {
                group.includes.extend(read_include(reader, &element));
            } else {
                group.dependencies.extend(read_requirement(reader, &element, &section));
            }
        }
    }
    groups
}

/// `{ include-group = "name" }`, and nothing else in the table.
fn read_include(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Include> {
    let hint = Some("the only table in a group is `{ include-group = \"name\" }`");
    let mut include = None;
    for entry in node.entries() {
        if entry.key == "include-group" {
            include = Some(entry.node);
        } else {
            reader.fault(
                entry.key_span.start,
                format!("unknown key `{}`", excerpt(entry.key)),
                hint,
            );
        }
    }
    let Some(include) = include else {
        reader.fault(node.span.start, format!("`{}` has no `include-group`", node.path), hint);
        return None;
    };
    let name = reader.name(&include)?;
    Some(Include { name: name.value, offset: include.span.start })
}

/// The entries of a table whose keys are names: extras (PEP 685) and groups (PEP 735), which two
/// keys must not share.
pub(crate) fn named_entries<'d>(
    reader: &mut Reader<'_>,
    table: &Node<'d>,
) -> Vec<(PackageName, Entry<'d>)> {
    let mut keys = BTreeMap::new();
    let mut named = Vec::new();
    for entry in table.entries() {
        let Some(name) = reader.key_name(&entry) else { continue };
        if let Some(other) = keys.insert(name.clone(), entry.key) {
            let message = format!("`{}` and `{other}` are one name, `{name}`", entry.key);
            reader.fault(
                entry.key_span.start,
                message,
                Some("put both into one table, or rename one"),
            );
        }
        named.push((name, entry));
    }
    named
}
