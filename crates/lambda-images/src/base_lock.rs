//! The lock of external base images, `lambda-images.lock`: to which digest each of their tags is
//! taken to lead, until somebody says otherwise.
//!
//! It is committed. A tag that moves changes nothing; a new digest here builds exactly what stands on
//! it. Who asks registries is none of this module's business.

use std::collections::BTreeMap;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::keys::{Key, LOCKED_BASE};
use crate::problem::Problem;
use crate::reference::{Digest, ImageReference};
use crate::table::Source;

/// The file, at the workspace root.
pub const BASE_LOCK: &str = "lambda-images.lock";

/// The version that this code writes and reads.
const VERSION: i64 = 1;

const HEADER: &str = "\
# External base images, and what their tags led to when somebody last looked: this is built on.
# Commit this file. `cargo xtask bases --update` writes it.

";

/// What the tags of external bases are taken to lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaseLock {
    bases: BTreeMap<String, LockedBase>,
}

/// One base image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedBase {
    /// What its tag leads to: mostly an index of one image for each platform.
    pub digest: Digest,
    /// The day on which the registry said so, as in `2026-11-24` (UTC).
    pub resolved: String,
}

impl BaseLock {
    /// What is locked for a reference, as Dockerfiles write it.
    pub fn get(&self, reference: &str) -> Option<&LockedBase> {
        self.bases.get(reference)
    }

    /// Locks a reference, in place of what was locked for it.
    pub fn insert(&mut self, reference: &str, base: LockedBase) {
        self.bases.insert(reference.to_owned(), base);
    }

    /// Forgets all references but these; gives those that are forgotten.
    pub fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let (kept, gone) =
            std::mem::take(&mut self.bases).into_iter().partition(|(name, _)| is_wanted(name));
        self.bases = kept;
        BTreeMap::into_keys(gone).collect()
    }

    /// The references of which two locks say different things.
    pub fn differences<'a>(&'a self, other: &'a BaseLock) -> impl Iterator<Item = &'a str> {
        let digest = |lock: &'a BaseLock, name: &str| lock.get(name).map(|base| &base.digest);
        let names = self.bases.keys().chain(other.bases.keys());
        names.map(String::as_str).filter(move |name| digest(self, name) != digest(other, name))
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let mut document = DocumentMut::new();
        document.insert("version", value(VERSION));
        let mut tables = ArrayOfTables::new();
        for (reference, LockedBase { digest, resolved }) in &self.bases {
            let mut table = Table::new();
            table.insert("reference", value(reference.as_str()));
            table.insert("digest", value(digest.to_string()));
            table.insert("resolved", value(resolved.as_str()));
            tables.push(table);
        }
        if !tables.is_empty() {
            document.insert("base", Item::ArrayOfTables(tables));
        }
        format!("{HEADER}{document}")
    }
}

/// Reads the lock. What is wrong becomes a problem with its line and column.
pub fn parse_base_lock(text: &str) -> (BaseLock, Vec<Problem>) {
    let source = Source::new(BASE_LOCK, text);
    let mut problems = Vec::new();
    let mut lock = BaseLock::default();
    let hint = "`cargo xtask bases --update` writes it anew, once it is removed";
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let message = format!("invalid TOML: {}", error.message().replace('\n', ", "));
            problems.push(source.problem(error.span(), message).hint(hint));
            return (lock, problems);
        }
    };
    if document.get("version").and_then(Item::as_integer) != Some(VERSION) {
        let span = document.get("version").and_then(Item::span);
        let message = format!("`version` is not {VERSION}");
        let hint = "another version of this tool wrote it: use that, or remove the file and run `cargo xtask bases --update`";
        problems.push(source.problem(span, message).hint(hint));
        return (lock, problems);
    }
    let tables = document.get("base").map(|item| item.as_array_of_tables());
    if matches!(tables, Some(None))
        || document.iter().any(|(key, _)| !matches!(key, "version" | "base"))
    {
        let message = "there is more in it than `version` and `[[base]]`";
        problems.push(Problem::of_file(BASE_LOCK, message).hint(hint));
    }
    for table in tables.flatten().into_iter().flatten() {
        let place = table.span();
        let mut values = source.read(table, LOCKED_BASE, &mut problems);
        let mut text = |key: &Key| values.text(key.name).unwrap_or_default();
        let [reference, digest, resolved] = [0, 1, 2].map(|key| text(&LOCKED_BASE[key]));
        let is_plain = reference.value.parse::<ImageReference>().is_ok_and(|r| r.digest.is_none());
        match digest.value.parse::<Digest>() {
            Ok(digest) if is_plain => {
                let resolved = resolved.value;
                if lock.bases.contains_key(&reference.value) {
                    let message = format!("`{}` is locked twice", reference.value);
                    problems.push(source.problem(place, message).hint("remove one of the two"));
                }
                lock.insert(&reference.value, LockedBase { digest, resolved });
            }
            _ => {
                let message =
                    "a base needs a `reference` without a digest and a `digest`, `sha256:…`";
                problems.push(source.problem(place, message.to_owned()).hint(hint));
            }
        }
    }
    (lock, problems)
}

#[cfg(test)]
mod tests;
