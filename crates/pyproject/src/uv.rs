//! uv's tables: `[tool.uv.sources]` and `[tool.uv] dev-dependencies`.
//!
//! It reads no setting of the resolver (indexes, constraints, overrides) and not
//! `[tool.uv.workspace]`, which is about files.

use std::collections::BTreeMap;

use crate::{
    dependency::{Dependency, Repeats, Section, read_requirements, report_repeats},
    marker::{check_marker, join_markers},
    name::PackageName,
    place::excerpt,
    reader::{Node, Reader},
    source::Source,
};

/// One source of `[tool.uv.sources]`.
///
/// Those of a workspace's root hold for its members too, unless a member has sources for the name
/// itself; that is for whoever knows the workspace to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvSource {
    /// Where the package comes from.
    pub source: Source,
    /// Only in these environments.
    pub marker: Option<String>,
    /// Only where this extra asks for the package.
    pub extra: Option<PackageName>,
    /// Only where this group asks for the package.
    pub group: Option<PackageName>,
    /// Line of the source, from 1.
    pub line: usize,
    /// Column of the source, from 1, in characters.
    pub column: usize,
}

impl UvSource {
    /// How many bytes a copy of what a dependency takes from it has.
    fn text_length(&self) -> usize {
        self.source.text_length() + self.marker.as_ref().map_or(0, String::len)
    }
}

/// The sources of each name.
pub(crate) type UvSources = BTreeMap<PackageName, Vec<UvSource>>;

pub(crate) fn read_sources(reader: &mut Reader<'_>, uv: &Node<'_>) -> UvSources {
    let mut sources = UvSources::new();
    let Some(table) = reader.table(uv, "sources") else { return sources };
    for entry in table.entries() {
        let Some(name) = reader.key_name(&entry) else { continue };
        let of_name = sources.entry(name).or_default();
        if entry.node.is_table() {
            of_name.extend(read_source(reader, &entry.node));
            continue;
        }
        let hint = "write it as `{ workspace = true }` or `{ path = \"../folder\" }`";
        for element in reader.elements(&entry.node, "a table or an array of tables", Some(hint)) {
            if element.is_table() {
                of_name.extend(read_source(reader, &element));
            } else {
                reader.wrong_type(&element, "a table", Some(hint));
            }
        }
    }
    sources
}

fn read_source(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<UvSource> {
    let (kind, value) =
        read_kind(reader, node, &["workspace", "path", "git", "url", "index"], true)?;
    let source = if kind == "workspace" {
        // `false` is how a member takes back what the workspace's root says.
        if reader.boolean(&value)? { Source::Workspace } else { Source::Index }
    } else {
        source_of_kind(kind, reader.string(&value, None)?.value)
    };
    let marker = node.get("marker").and_then(|marker| read_marker(reader, &marker));
    let extra = node.get("extra").and_then(|extra| reader.name(&extra)).map(|extra| extra.value);
    let group = node.get("group").and_then(|group| reader.name(&group)).map(|group| group.value);
    let (line, column) = reader.place(node.span.start);
    Some(UvSource { source, marker, extra, group, line, column })
}

/// The one key of `kinds` that a table has. Two are a fault, and so is none where one is
/// `required`.
pub(crate) fn read_kind<'d>(
    reader: &mut Reader<'_>,
    node: &Node<'d>,
    kinds: &[&'static str],
    required: bool,
) -> Option<(&'static str, Node<'d>)> {
    let mut given = kinds.iter().filter_map(|kind| Some((*kind, node.get(kind)?)));
    let first = given.next();
    let hint = format!("give exactly one of `{}`", kinds.join("`, `"));
    if let (Some((first, _)), Some((second, value))) = (&first, given.next()) {
        let message = format!("`{}` has both `{first}` and `{second}`", node.path);
        reader.fault(value.span.start, message, Some(&hint));
    } else if required && first.is_none() {
        reader.fault(node.span.start, format!("`{}` names no source", node.path), Some(&hint));
    }
    first
}

/// The source that a string under one of the keys that uv and poetry share means.
pub(crate) fn source_of_kind(kind: &str, value: &str) -> Source {
    match kind {
        "path" | "file" => Source::Path(value.to_owned()),
        "git" => Source::Git(value.to_owned()),
        "url" => Source::from_url(value),
        _ => Source::NamedIndex(value.to_owned()),
    }
}

/// A string that is a marker.
pub(crate) fn read_marker(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let text =
        reader.string(node, Some("write it as a string, such as `\"sys_platform == 'linux'\"`"))?;
    if let Err(error) = check_marker(text.value) {
        let message = format!("invalid marker `{}`: {}", excerpt(text.value), error.message);
        let offset = reader.offset_in(&text, error.offset);
        reader.fault(offset, message, error.hint.as_deref());
        return None;
    }
    Some(text.value.trim().to_owned())
}

/// `[tool.uv] dev-dependencies`, uv's own group `dev` from before PEP 735.
pub(crate) fn read_dev_dependencies(
    reader: &mut Reader<'_>,
    uv: &Node<'_>,
    dev: &PackageName,
) -> Vec<Dependency> {
    match uv.get("dev-dependencies") {
        Some(node) => read_requirements(reader, &node, &Section::Group(dev.clone())),
        None => Vec::new(),
    }
}

/// Gives each dependency its sources. Where all of them are for other extras or groups, the index
/// is the source.
pub(crate) fn apply_sources(
    reader: &mut Reader<'_>,
    sources: &UvSources,
    dependencies: &mut Vec<Dependency>,
) {
    if sources.is_empty() {
        return;
    }
    let mut sourced = Vec::with_capacity(dependencies.len());
    let mut repeats = Repeats::default();
    for dependency in dependencies.drain(..) {
        let of_name = sources.get(&dependency.name).into_iter().flatten();
        let applicable: Vec<_> =
            of_name.filter(|source| applies(source, &dependency.section)).collect();
        let more = applicable.len().saturating_sub(1);
        repeats.add(more, more * dependency.text_length());
        repeats.add(0, applicable.iter().map(|source| source.text_length()).sum());
        if repeats.are_too_many() {
            report_repeats(reader, &dependency);
            break;
        }
        if applicable.is_empty() {
            sourced.push(dependency);
        } else if dependency.source != Source::Index {
            let message =
                format!("`{}` has a URL here and a source in `tool.uv.sources`", dependency.name);
            let hint = "keep one of the two: uv refuses both";
            reader.fault_at((dependency.line, dependency.column), message, Some(hint));
            sourced.push(dependency);
        } else {
            sourced.extend(applicable.into_iter().map(|source| Dependency {
                source: source.source.clone(),
                marker: join_markers(dependency.marker.as_deref(), source.marker.as_deref()),
                ..dependency.clone()
            }));
        }
    }
    *dependencies = sourced;
}

fn applies(source: &UvSource, section: &Section) -> bool {
    match (&source.extra, &source.group) {
        (None, None) => true,
        (extra, group) => match section {
            Section::Main => false,
            Section::Extra(name) => extra.as_ref() == Some(name),
            Section::Group(name) => group.as_ref() == Some(name),
        },
    }
}

#[cfg(test)]
mod tests;
