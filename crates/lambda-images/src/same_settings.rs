//! Whether two texts of a file that shapes the workspace mean the same: then the images of one are
//! those of the other, and their inputs need not be computed anew.
//!
//! `true` is a promise, `false` only a doubt. It does not say which images differ.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pyproject::{Dependency, PackageName, Section, Source};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::base_lock::parse_base_lock;
use crate::config::{Kind, parse_config};
use crate::discovery::{Declarations, ImageDeclaration, PyprojectFile, declare};
use crate::table::Text;

/// Names of packages.
pub type PackageNames = BTreeSet<PackageName>;

/// Whether two texts of the root `Cargo.toml` have the same configuration.
pub fn same_config(old: &str, new: &str) -> bool {
    let table = |text: &str| -> Option<String> {
        let document: DocumentMut = text.parse().ok()?;
        let workspace = document.get("workspace")?.as_table_like()?;
        let mut all = String::new();
        write_item(workspace.get("metadata")?.get("lambda-images")?, &mut all);
        Some(all)
    };
    let table = table(old).zip(table(new));
    table.is_some_and(|(old, new)| old == new)
}

/// A TOML value without its layout, in the order of its keys.
fn write_item(item: &Item, all: &mut String) {
    let written = "a string takes all that is written";
    let mut write_table = |table: &dyn TableLike| {
        let mut entries: Vec<(&str, &Item)> = table.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        all.push('{');
        for (key, item) in entries {
            write!(all, "{key:?}=").expect(written);
            write_item(item, all);
        }
        all.push('}');
    };
    match item {
        Item::None => {}
        Item::Table(table) => write_table(table),
        Item::Value(toml_edit::Value::InlineTable(table)) => write_table(table),
        Item::ArrayOfTables(tables) => {
            for table in tables {
                write_table(table);
            }
        }
        Item::Value(value) => {
            write!(all, "{};", value.clone().decorated("", "")).expect(written);
        }
    }
}

/// Whether two texts of the lock of external bases lock the same.
pub fn same_base_lock(old: &str, new: &str) -> bool {
    let ((old, was_wrong), (new, is_wrong)) = (parse_base_lock(old), parse_base_lock(new));
    was_wrong.is_empty() && is_wrong.is_empty() && old.differences(&new).next().is_none()
}

/// Whether two texts of a `pyproject.toml` declare the same project and image. `internal` are the
/// names of all packages of the two workspaces: other dependencies come from an index.
pub fn same_project(old: &str, new: &str, internal: &PackageNames) -> bool {
    let (old, new) = (Project::read(old), Project::read(new));
    let dependencies = |project: &Project| -> BTreeSet<_> {
        let counts = |dependency: &&Dependency| {
            !matches!(dependency.section, Section::Group(_))
                && (dependency.source != Source::Index || internal.contains(&dependency.name))
        };
        let counting = project.dependencies.iter().filter(counts);
        let what = |Dependency { name, extras, section, source, .. }: &Dependency| {
            (name.clone(), extras.clone(), section.clone(), source.clone())
        };
        counting.map(what).collect()
    };
    let is_sound = old.is_sound && new.is_sound;
    is_sound && old.declarations == new.declarations && dependencies(&old) == dependencies(&new)
}

/// The names of the packages that a `pyproject.toml` declares.
pub fn project_names(text: &str) -> PackageNames {
    Project::read(text).declarations.packages.into_keys().collect()
}

/// What a workspace reads from a `pyproject.toml`.
struct Project {
    declarations: Declarations,
    dependencies: Vec<Dependency>,
    /// It could be understood.
    is_sound: bool,
}

impl Project {
    fn read(text: &str) -> Project {
        // What comes from the workspace's table is the same on both sides of a comparison.
        let (config, _) = parse_config("", "");
        let path = "folder/pyproject.toml".to_owned();
        let file = PyprojectFile { path, kind: Kind::Lambda, text: text.to_owned() };
        let (mut declarations, _) = declare(&config, &[file]);
        let (pyproject, faults) = pyproject::parse_pyproject(text);
        for package in declarations.packages.values_mut() {
            package.place = (0, 0);
        }
        for image in declarations.images.values_mut() {
            forget_layout(image);
        }
        let dependencies = pyproject.dependencies;
        Project { declarations, dependencies, is_sound: faults.is_empty() }
    }
}

/// Leaves out where a declaration is written, and what only says how it is built: no fingerprint has
/// secrets or caches.
fn forget_layout(image: &mut ImageDeclaration) {
    image.place = (0, 0);
    if let Some(Text { place, .. }) = &mut image.base {
        *place = (0, 0);
    }
    for place in image.own_args.values_mut() {
        *place = (0, 0);
    }
    for unset in image.unset_args.values_mut() {
        unset.place = (0, 0);
    }
    (image.handed, image.cache_from, image.cache_to) = (Vec::new(), Vec::new(), Vec::new());
}

#[cfg(test)]
mod tests;
