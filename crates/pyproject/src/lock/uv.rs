//! `uv.lock`, version 1.
//!
//! The format is uv's own and no promise, so that keys which are not known here are passed over.
//! What uv wrote to check the lock against the `pyproject.toml`s (`package.metadata`, `manifest`
//! except its members, `options`, `requires-python`), and how often it rewrote it (`revision`),
//! installs nothing: it counts only where the lock is checked ([`Lock::checks`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    DefaultGroups, Lock, LockError, LockedDependency, LockedPackage, LockedSource, Release, When,
    graph::build_lock, read_toml,
};
use crate::{
    dependency::Section,
    name::PackageName,
    reader::{Node, Reader},
};

/// The versions of the format that are read here. A `revision` only adds what may be ignored.
const VERSION: &str = "1";

/// Reads the text of a `uv.lock`.
pub fn parse_uv_lock(text: &str) -> Result<Lock, LockError> {
    read_toml(text, |reader, root| {
        let found = root.get("version").and_then(|version| version.scalar_text());
        if found.as_deref() != Some(VERSION) {
            return Err(LockError::UnknownVersion { found });
        }
        // Called `distribution` before uv 0.3.
        let packages = root.get("package").or_else(|| root.get("distribution"));
        let packages = match &packages {
            Some(packages) => reader.elements(packages, "an array of tables", None),
            None => Vec::new(),
        };
        let packages = packages.iter().filter_map(|node| read_package(reader, node)).collect();
        let mut lock =
            build_lock(packages, None, false).map_err(|fault| LockError::Invalid(vec![fault]))?;
        lock.checks = read_checks(root);
        lock.default_groups = read_default_groups(reader, root);
        lock.members = read_members(reader, root);
        lock.members.extend(lock.project_in(".").cloned());
        Ok(lock)
    })
}

/// All but the packages of others: what uv compares with the `pyproject.toml`s.
fn read_checks(root: &Node<'_>) -> String {
    let mut checks = Vec::new();
    for entry in root.entries() {
        match entry.key {
            "version" | "revision" | "distribution" => {}
            "package" => {
                let packages = entry.node.elements().unwrap_or_default();
                let is_own = |package: &Node<'_>| {
                    let source = package.get("source");
                    let registry = source.as_ref().and_then(|source| source.get("registry"));
                    registry.is_none()
                };
                checks.extend(packages.iter().filter(|p| is_own(p)).map(Node::canonical));
            }
            key => checks.push(format!("{key}={}", entry.node.canonical())),
        }
    }
    checks.sort();
    checks.join("\n")
}

/// `package.default-groups`, which a lock has since uv writes it there.
fn read_default_groups(
    reader: &mut Reader<'_>,
    root: &Node<'_>,
) -> BTreeMap<PackageName, DefaultGroups> {
    let packages = root.get("package").and_then(|packages| packages.elements());
    let mut all = BTreeMap::new();
    for package in packages.unwrap_or_default() {
        let Some(value) = package.get("default-groups") else { continue };
        let Some(name) = package.get("name").and_then(|name| reader.name(&name)) else { continue };
        let names = value.elements().unwrap_or_default();
        let names = names.iter().filter_map(|name| Some(reader.name(name)?.value)).collect();
        let groups =
            if value.is_array() { DefaultGroups::These(names) } else { DefaultGroups::All };
        all.insert(name.value, groups);
    }
    all
}

/// `manifest.members`, which a lock of one project doesn't have.
fn read_members(reader: &mut Reader<'_>, root: &Node<'_>) -> BTreeSet<PackageName> {
    let manifest = reader.table(root, "manifest");
    let Some(members) = manifest.and_then(|manifest| manifest.get("members")) else {
        return BTreeSet::new();
    };
    let members = reader.elements(&members, "an array of strings", None);
    members.iter().filter_map(|member| Some(reader.name(member)?.value)).collect()
}

fn read_package(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<LockedPackage> {
    let name = read_name(reader, node)?;
    let version = read_string(reader, node, "version");
    let source =
        node.get("source").map_or(LockedSource::Unstated, |source| read_source(reader, &source));
    let mut dependencies = read_dependencies(reader, node, "dependencies", &Section::Main);
    read_sections(reader, node, "optional-dependencies", &mut dependencies, Section::Extra);
    read_sections(reader, node, "dev-dependencies", &mut dependencies, Section::Group);
    let markers = read_strings(reader, node, "resolution-markers");
    let release = Arc::new(Release::new(version.clone(), source, read_hashes(reader, node)));
    Some(LockedPackage { name, version, release, dependencies, markers })
}

/// The name that every package and every dependency has.
pub(super) fn read_name(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<PackageName> {
    let Some(name) = node.get("name") else {
        let hint = "write the lock again with the tool it is from";
        reader.fault(node.span.start, format!("`{}` has no name", node.path), Some(hint));
        return None;
    };
    Some(reader.name(&name)?.value)
}

pub(super) fn read_string(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<String> {
    let value = node.get(key)?;
    Some(reader.string(&value, None)?.value.to_owned())
}

pub(super) fn read_strings(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Vec<String> {
    let Some(value) = node.get(key) else { return Vec::new() };
    let elements = reader.elements(&value, "an array of strings", None);
    let texts = elements.iter().filter_map(|element| reader.string(element, None));
    texts.map(|text| text.value.to_owned()).collect()
}

/// A table with one key that says the kind, or `kind+value` in a string, as before uv 0.3.
fn read_source(reader: &mut Reader<'_>, node: &Node<'_>) -> LockedSource {
    if node.is_string() {
        let text = reader.string(node, None).map_or("", |text| text.value);
        let (kind, value) = text.split_once('+').unwrap_or((text, ""));
        return LockedSource::from_kind(kind, value.to_owned());
    }
    if !node.is_table() {
        reader.wrong_type(node, "a table", None);
        return LockedSource::Unstated;
    }
    let subdirectory = read_string(reader, node, "subdirectory");
    let mut entries = node.entries();
    entries.retain(|entry| entry.key != "subdirectory");
    let mut texts = Vec::new();
    for entry in &entries {
        texts.push((entry.key, entry.node.scalar_text().unwrap_or_default()));
    }
    texts.sort();
    let suffix = subdirectory.map_or(String::new(), |path| format!("#subdirectory={path}"));
    match texts.as_slice() {
        [] => LockedSource::Unstated,
        [(kind, value)] => LockedSource::from_kind(kind, format!("{value}{suffix}")),
        several => LockedSource::Other(format!("{several:?}{suffix}")),
    }
}

/// The dependencies of each key of a table of arrays.
fn read_sections(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    dependencies: &mut Vec<LockedDependency>,
    section: fn(PackageName) -> Section,
) {
    let Some(table) = reader.table(node, key) else { return };
    for entry in table.entries() {
        if let Some(name) = reader.key_name(&entry) {
            dependencies.extend(read_dependencies(reader, &table, entry.key, &section(name)));
        }
    }
}

fn read_dependencies(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    section: &Section,
) -> Vec<LockedDependency> {
    let Some(array) = node.get(key) else { return Vec::new() };
    let elements = reader.elements(&array, "an array of tables", None);
    elements.iter().filter_map(|element| read_dependency(reader, element, section)).collect()
}

fn read_dependency(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    section: &Section,
) -> Option<LockedDependency> {
    if !node.is_table() {
        reader.wrong_type(node, "a table", None);
        return None;
    }
    let name = read_name(reader, node)?;
    let version = read_string(reader, node, "version");
    let source = node.get("source").map(|source| read_source(reader, &source));
    let extras = node.get("extra").map_or(Vec::new(), |extras| read_extras(reader, &extras));
    let when = read_string(reader, node, "marker").map_or(When::Always, When::If);
    Some(LockedDependency { section: section.clone(), name, version, source, extras, when })
}

/// One, or an array of them.
fn read_extras(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<PackageName> {
    let names = if node.is_string() {
        vec![node.clone()]
    } else {
        reader.elements(node, "an array of strings", None)
    };
    names.iter().filter_map(|name| Some(reader.name(name)?.value)).collect()
}

fn read_hashes(reader: &mut Reader<'_>, node: &Node<'_>) -> BTreeSet<String> {
    let mut hashes = BTreeSet::new();
    if let Some(sdist) = reader.table(node, "sdist") {
        hashes.extend(read_file(reader, &sdist));
    }
    if let Some(wheels) = node.get("wheels") {
        let wheels = reader.elements(&wheels, "an array of tables", None);
        hashes.extend(wheels.iter().filter_map(|wheel| read_file(reader, wheel)));
    }
    hashes
}

/// The hash of a file, else what else says which it is.
pub(super) fn read_file(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    if !node.is_table() {
        reader.wrong_type(node, "a table", None);
        return None;
    }
    let key = ["hash", "url", "path", "filename", "file"]
        .into_iter()
        .find(|key| node.get(key).is_some())?;
    read_string(reader, node, key)
}

#[cfg(test)]
mod tests;
