//! `poetry.lock`, versions 1.0 to 2.1.
//!
//! The project itself is not in its lock. Since 2.1 each package says for which of the project's
//! groups, and under which marker, it is installed; before that, all packages count for a project,
//! except those that only extras ask for. A caller that knows the project's requirements may give
//! them as roots instead and gets exactly what they need. Version clauses are not checked: where a
//! name has several versions, their markers choose, or all are in. `content-hash` counts
//! only as what is checked ([`Lock::checks`]); what only describes a package is not read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Lock, LockError, LockedDependency, LockedPackage, LockedSource, Release, When,
    graph::build_lock,
    poetry_dependencies::{leading_name, read_package_dependencies, sections_of},
    read_toml,
    uv::{read_file, read_name, read_string, read_strings},
};
use crate::{
    dependency::Section,
    name::PackageName,
    reader::{Node, Reader},
};

const VERSIONS: [&str; 4] = ["1.0", "1.1", "2.0", "2.1"];

/// No package is in so many groups; without a bound its markers could be repeated for each of
/// thousands.
const MOST_GROUPS: usize = 256;

/// Likewise of the files that versions of one name share in old locks.
const MOST_SHARED_FILES: usize = 100_000;

/// Reads the text of a `poetry.lock`.
pub fn parse_poetry_lock(text: &str) -> Result<Lock, LockError> {
    read_toml(text, |reader, root| {
        let metadata = root.get("metadata");
        let found = metadata
            .as_ref()
            .and_then(|metadata| metadata.get("lock-version"))
            .and_then(|version| version.scalar_text());
        if !found.as_deref().is_some_and(|version| VERSIONS.contains(&version)) {
            return Err(LockError::UnknownVersion { found });
        }
        let mut files = metadata.map_or(Files::default(), |metadata| read_files(reader, &metadata));
        let nodes = match root.get("package") {
            Some(packages) => reader.elements(&packages, "an array of tables", None),
            None => Vec::new(),
        };
        let mut packages = Vec::new();
        let mut project = Vec::new();
        for node in nodes {
            if let Some(package) = read_package(reader, &node, &mut files) {
                project.extend(read_membership(reader, &node, &package));
                packages.push(package);
            }
        }
        project.extend(read_extras(reader, root));
        let mut lock = build_lock(packages, Some(&project), true)
            .map_err(|fault| LockError::Invalid(vec![fault]))?;
        // What it compares with `pyproject.toml`.
        let of_metadata = |key: &str| root.get("metadata")?.get(key)?.scalar_text();
        let checked = ["lock-version", "python-versions", "content-hash"].map(of_metadata);
        lock.checks = checked.map(Option::unwrap_or_default).join("\n");
        lock.states_groups = found.as_deref() == Some("2.1");
        Ok(lock)
    })
}

fn read_package(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    files: &mut Files,
) -> Option<LockedPackage> {
    let name = read_name(reader, node)?;
    let version = read_string(reader, node, "version");
    let source = match reader.table(node, "source") {
        Some(source) => read_source(reader, &source, node),
        None => LockedSource::Unstated,
    };
    let mut hashes = files.of(&name);
    if files.shared > MOST_SHARED_FILES {
        reader.fault(node.span.start, format!("too many packages are called `{name}`"), None);
        return None;
    }
    if let Some(own) = node.get("files") {
        let own = reader.elements(&own, "an array of tables", None);
        hashes.extend(own.iter().filter_map(|file| read_file(reader, file)));
    }
    let dependencies = read_package_dependencies(reader, node);
    let markers = read_markers(reader, node).into_values().collect();
    let release = Arc::new(Release::new(version.clone(), source, hashes));
    Some(LockedPackage { name, version, release, dependencies, markers })
}

/// Until 1.1 the files of all packages stand in `metadata.files`, by name: those of all versions of
/// one are one list.
#[derive(Default)]
struct Files {
    by_name: BTreeMap<PackageName, BTreeSet<String>>,
    given: BTreeSet<PackageName>,
    /// How many were given out for a second version and more.
    shared: usize,
}

impl Files {
    fn of(&mut self, name: &PackageName) -> BTreeSet<String> {
        let Some(files) = self.by_name.get(name) else { return BTreeSet::new() };
        if !self.given.insert(name.clone()) {
            self.shared += files.len();
        }
        if self.shared > MOST_SHARED_FILES { BTreeSet::new() } else { files.clone() }
    }
}

fn read_files(reader: &mut Reader<'_>, metadata: &Node<'_>) -> Files {
    let mut files = Files::default();
    let Some(table) = reader.table(metadata, "files") else { return files };
    for entry in table.entries() {
        let Some(name) = reader.key_name(&entry) else { continue };
        let elements = reader.elements(&entry.node, "an array of tables", None);
        let hashes = elements.iter().filter_map(|file| read_file(reader, file));
        files.by_name.entry(name).or_default().extend(hashes);
    }
    files
}

fn read_source(reader: &mut Reader<'_>, node: &Node<'_>, package: &Node<'_>) -> LockedSource {
    let mut part = |key| read_string(reader, node, key).unwrap_or_default();
    let (kind, mut url) = (part("type"), part("url"));
    let (resolved, subdirectory) = (part("resolved_reference"), part("subdirectory"));
    if !resolved.is_empty() {
        url = format!("{url}#{resolved}");
    }
    if !subdirectory.is_empty() {
        url = format!("{url}#subdirectory={subdirectory}");
    }
    let develop =
        package.get("develop").is_some_and(|develop| reader.boolean(&develop) == Some(true));
    match kind.as_str() {
        "legacy" => LockedSource::Registry(url),
        "directory" if develop => LockedSource::Editable(url),
        "directory" => LockedSource::Directory(url),
        "file" => LockedSource::Path(url),
        "url" => LockedSource::Url(url),
        "git" => LockedSource::Git(url),
        _ => LockedSource::Other(format!("{kind}+{url}")),
    }
}

/// `package.markers`: one for all groups, or one for each. The key is empty where it is for all.
fn read_markers(reader: &mut Reader<'_>, node: &Node<'_>) -> BTreeMap<String, String> {
    let Some(markers) = node.get("markers") else { return BTreeMap::new() };
    if !markers.is_table() {
        let text = reader.string(&markers, None).map(|text| text.value.to_owned());
        return text.into_iter().map(|marker| (String::new(), marker)).collect();
    }
    let entries = markers.entries();
    let texts = entries.iter().filter_map(|entry| {
        Some((entry.key.to_owned(), reader.string(&entry.node, None)?.value.to_owned()))
    });
    texts.collect()
}

/// That the project installs a package.
fn read_membership(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    package: &LockedPackage,
) -> Vec<LockedDependency> {
    let membership = |section, when| LockedDependency {
        section,
        name: package.name.clone(),
        version: package.version.clone(),
        source: Some(package.release.source.clone()),
        extras: Vec::new(),
        when,
    };
    let Some(groups) = node.get("groups") else {
        let optional = node.get("optional").and_then(|optional| reader.boolean(&optional));
        let dev = read_string(reader, node, "category").is_some_and(|category| category == "dev");
        let section = if dev { group_section("dev") } else { Some(Section::Main) };
        let wanted = section.filter(|_| optional != Some(true));
        return wanted.into_iter().map(|section| membership(section, When::Unstated)).collect();
    };
    let markers = read_markers(reader, node);
    let names: BTreeSet<_> = read_strings(reader, node, "groups").into_iter().collect();
    if names.len() > MOST_GROUPS {
        let message = format!("`{}` has more than {MOST_GROUPS} groups", groups.path);
        reader.fault(groups.span.start, message, None);
        return Vec::new();
    }
    let mut memberships = Vec::new();
    for group in names {
        let section = if group == "main" { Some(Section::Main) } else { group_section(&group) };
        let marker = markers.get(&group).or_else(|| markers.get(""));
        let Some(section) = section else { continue };
        let when = marker.map_or(When::Always, |marker| When::If(marker.clone()));
        let sections = match (&when, section) {
            (When::If(marker), Section::Main) => sections_of(marker),
            (_, section) => vec![section],
        };
        memberships.extend(sections.into_iter().map(|section| membership(section, when.clone())));
    }
    memberships
}

fn group_section(group: &str) -> Option<Section> {
    group.parse().ok().map(Section::Group)
}

/// The project's extras, and which packages they ask for.
fn read_extras(reader: &mut Reader<'_>, root: &Node<'_>) -> Vec<LockedDependency> {
    let Some(table) = reader.table(root, "extras") else { return Vec::new() };
    let mut wanted = Vec::new();
    for entry in table.entries() {
        let Some(extra) = reader.key_name(&entry) else { continue };
        for name in read_strings(reader, &table, entry.key) {
            if let Some(name) = leading_name(&name) {
                let section = Section::Extra(extra.clone());
                let when = When::Unstated;
                let (version, source, extras) = (None, None, Vec::new());
                wanted.push(LockedDependency { section, name, version, source, extras, when });
            }
        }
    }
    wanted
}

#[cfg(test)]
mod tests;
