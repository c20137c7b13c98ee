//! `pylock.toml`, the lock of PEP 751, version 1.0: a list of packages, each with a marker.
//!
//! What is installed is every package whose marker holds: it follows no `dependencies`, which only
//! inform. Which extras and groups are wanted is for the [`Environment`] to say. A key that is not
//! in the standard is a fault, as nobody knows what an installer does with it. `created-by`, `tool`,
//! sizes, times of upload and attestations install nothing and are not read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Closure, Environment, LockError, LockedDistribution, LockedSource, Release, read_toml,
    requirements::conditions,
    uv::{read_name, read_string, read_strings},
};
use crate::{
    name::PackageName,
    reader::{Node, Reader},
};

/// The version that is read here.
const VERSION: &str = "1.0";

/// A file that `wheels` and `sdist` list, or an archive.
const FILE_KEYS: &[&str] =
    &["name", "upload-time", "url", "path", "size", "hashes", "subdirectory"];

/// What a `pylock.toml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pylock {
    /// `default-groups`: those that are installed where no group is asked for.
    pub default_groups: Vec<PackageName>,
    packages: Vec<Package>,
    /// What only decides whether the lock is taken: it counts as it is written.
    limits: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: PackageName,
    release: Arc<Release>,
    marker: Option<String>,
    /// `requires-python`: the installation is refused elsewhere.
    python: Option<String>,
}

/// Whether a file of this name is a `pylock.toml` by the standard.
pub fn is_pylock_name(name: &str) -> bool {
    let middle = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    name == "pylock.toml"
        || middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('.'))
}

/// Reads the text of a `pylock.toml`.
pub fn parse_pylock(text: &str) -> Result<Pylock, LockError> {
    read_toml(text, |reader, root| {
        let found = root.get("lock-version").and_then(|version| version.scalar_text());
        if found.as_deref() != Some(VERSION) {
            return Err(LockError::UnknownVersion { found });
        }
        let limiting = ["environments", "requires-python", "extras", "dependency-groups"];
        let other = ["lock-version", "default-groups", "created-by", "packages", "tool"];
        refuse_unknown(reader, root, &[&limiting[..], &other[..]].concat());
        let mut limits = Vec::new();
        for key in limiting {
            let Some(node) = root.get(key) else { continue };
            let values = match key {
                "requires-python" => read_string(reader, root, key).into_iter().collect(),
                _ => read_strings(reader, root, key),
            };
            limits.extend(values.iter().map(|value| format!("{} = {value}", node.path)));
        }
        let nodes = match root.get("packages") {
            Some(packages) => reader.elements(&packages, "an array of tables", None),
            None => Vec::new(),
        };
        let packages = nodes.iter().filter_map(|node| read_package(reader, node)).collect();
        let default_groups = match root.get("default-groups") {
            Some(groups) => reader.elements(&groups, "an array of strings", None),
            None => Vec::new(),
        };
        let default_groups =
            default_groups.iter().filter_map(|group| Some(reader.name(group)?.value)).collect();
        Ok(Pylock { default_groups, packages, limits })
    })
}

fn refuse_unknown(reader: &mut Reader<'_>, node: &Node<'_>, known: &[&str]) {
    if !node.is_table() {
        return reader.wrong_type(node, "a table", None);
    }
    for entry in node.entries().iter().filter(|entry| !known.contains(&entry.key)) {
        let message = format!("`{}` is no key of PEP 751", entry.node.path);
        reader.fault(entry.key_span.start, message, None);
    }
}

fn read_package(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Package> {
    let sources = ["index", "vcs", "directory", "archive", "sdist", "wheels"];
    let other = ["name", "version", "marker", "requires-python", "dependencies", "tool"];
    let known = [&sources[..], &other[..], &["attestation-identities"]].concat();
    refuse_unknown(reader, node, &known);
    let name = read_name(reader, node)?;
    let mut hashes = BTreeSet::new();
    if let Some(sdist) = reader.table(node, "sdist") {
        hashes.extend(read_file(reader, &sdist));
    }
    if let Some(wheels) = node.get("wheels") {
        for wheel in reader.elements(&wheels, "an array of tables", None) {
            hashes.extend(read_file(reader, &wheel));
        }
    }
    let source = read_source(reader, node, &mut hashes);
    let version = read_string(reader, node, "version");
    let marker = read_string(reader, node, "marker");
    let python = read_string(reader, node, "requires-python");
    Some(Package { name, release: Arc::new(Release::new(version, source, hashes)), marker, python })
}

fn read_source(
    reader: &mut Reader<'_>,
    package: &Node<'_>,
    hashes: &mut BTreeSet<String>,
) -> LockedSource {
    if let Some(vcs) = reader.table(package, "vcs") {
        let known = ["type", "url", "path", "requested-revision", "commit-id", "subdirectory"];
        refuse_unknown(reader, &vcs, &known);
        let mut part = |key| read_string(reader, &vcs, key).unwrap_or_default();
        let (kind, url, path) = (part("type"), part("url"), part("path"));
        let (commit, subdirectory) = (part("commit-id"), part("subdirectory"));
        let text = format!("{url}{path}#{commit}#subdirectory={subdirectory}");
        return match kind.as_str() {
            "git" => LockedSource::Git(text),
            _ => LockedSource::Other(format!("{kind}+{text}")),
        };
    }
    if let Some(directory) = reader.table(package, "directory") {
        refuse_unknown(reader, &directory, &["path", "editable", "subdirectory"]);
        let path = read_path(reader, &directory, "path");
        let editable = directory.get("editable").and_then(|editable| reader.boolean(&editable));
        return match editable {
            Some(true) => LockedSource::Editable(path),
            _ => LockedSource::Directory(path),
        };
    }
    if let Some(archive) = reader.table(package, "archive") {
        hashes.extend(read_file(reader, &archive));
        return match archive.get("url") {
            Some(_) => LockedSource::Url(read_path(reader, &archive, "url")),
            None => LockedSource::Path(read_path(reader, &archive, "path")),
        };
    }
    read_string(reader, package, "index").map_or(LockedSource::Unstated, LockedSource::Registry)
}

/// A path or URL with the folder inside.
fn read_path(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> String {
    let path = read_string(reader, node, key).unwrap_or_default();
    match read_string(reader, node, "subdirectory") {
        Some(folder) => format!("{path}#subdirectory={folder}"),
        None => path,
    }
}

/// The hashes of a file, else what else says which it is.
fn read_file(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<String> {
    refuse_unknown(reader, node, FILE_KEYS);
    let table = reader.table(node, "hashes");
    let entries = table.map(|table| table.entries()).unwrap_or_default();
    let hashes = entries.iter().filter_map(|entry| {
        Some(format!("{}:{}", entry.key, reader.string(&entry.node, None)?.value))
    });
    let hashes: Vec<String> = hashes.collect();
    if !hashes.is_empty() {
        return hashes;
    }
    let named = ["url", "path", "name"].into_iter().find(|key| node.get(key).is_some());
    named.and_then(|key| read_string(reader, node, key)).into_iter().collect()
}

impl Pylock {
    /// Whether a package comes from a folder, which is built.
    pub fn has_folder(&self) -> bool {
        self.packages.iter().any(|package| package.release.source.folder().is_some())
    }

    /// What is installed: every package that this environment doesn't rule out.
    pub fn closure(&self, environment: &Environment) -> Closure {
        let mut distributions = BTreeMap::<_, BTreeSet<_>>::new();
        let mut verbatim = self.limits.clone();
        for Package { name, release, marker, python } in &self.packages {
            let Some(conditions) = conditions(marker.as_deref(), environment) else { continue };
            verbatim.extend(python.iter().map(|python| format!("{name} on {python}")));
            let release = Arc::clone(release);
            let of_name: &mut BTreeSet<_> = distributions.entry(name.clone()).or_default();
            of_name.insert(LockedDistribution { release, conditions });
        }
        verbatim.sort();
        Closure { distributions, verbatim, ..Closure::default() }
    }
}

#[cfg(test)]
mod tests;
