//! What an installer reads of a `pyproject.toml`, where it installs from a lock and does not build
//! the project itself: a change of anything else installs the same.
//!
//! By uv's source (`uv-workspace`, `uv-settings`: it reads `[project]`, `[build-system]`,
//! `[dependency-groups]` and `[tool.uv]`) and poetry's (all that is left out here has a type in its
//! schema, and is only copied into the metadata of a built package). It doesn't know whether a
//! project is built: that reads all of the file, and is for the caller to rule out.
//!
//! # Limitations
//! A text that is not plain TOML 1.0 is not understood, as an older installer would refuse it.

use std::collections::BTreeMap;

use toml_edit::{Array, Document, InlineTable, Item, TableLike, Value};

use crate::version::is_plain_version;

/// Who reads a `pyproject.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Installer {
    /// `uv sync --frozen`: the lock is taken as it is.
    UvFrozen,
    /// `uv sync --locked`, or neither: the lock is compared with the `pyproject.toml`s.
    Uv,
    /// `poetry install`.
    Poetry,
}

/// `[project]` keys that uv reads only to build the project.
const DESCRIPTIVE: [&str; 10] = [
    "authors",
    "classifiers",
    "description",
    "entry-points",
    "keywords",
    "license",
    "license-files",
    "maintainers",
    "readme",
    "urls",
];

/// Keys that poetry checks by their types alone: strings, or lists or tables of strings.
const DESCRIPTIVE_STRINGS: [&str; 7] =
    ["classifiers", "description", "documentation", "homepage", "keywords", "repository", "urls"];

/// Tables of tools that install nothing. A plugin of poetry may read any other.
const CHECKERS: [&str; 22] = [
    "autopep8",
    "bandit",
    "basedpyright",
    "black",
    "codespell",
    "commitizen",
    "coverage",
    "deptry",
    "djlint",
    "flake8",
    "interrogate",
    "isort",
    "mypy",
    "pydocstyle",
    "pylint",
    "pyright",
    "pytest",
    "ruff",
    "ty",
    "tox",
    "vulture",
    "yapf",
];

/// What an installer reads, by its name in the file: texts that are equal where the values are.
/// `None`: the text is not understood, and all of it counts.
#[must_use]
pub fn installer_settings(text: &str, installer: Installer) -> Option<BTreeMap<String, String>> {
    let root = Document::parse(text).ok()?;
    if text.starts_with('\u{feff}') || !root.iter().all(|(_, item)| is_plain(item, text)) {
        return None;
    }
    let root = root.as_table();
    if installer == Installer::Uv && asks_back_end(root) {
        return None;
    }
    let mut settings = BTreeMap::new();
    for (key, item) in root.iter() {
        match key {
            "project" => add_table(&mut settings, key, item, |key, item| {
                read_of_project(installer, key, item)
            }),
            "tool" => {
                for (tool, item) in item.as_table_like()?.iter() {
                    add_tool(&mut settings, installer, tool, item);
                }
            }
            _ => drop(settings.insert(key.to_owned(), encode_item(item))),
        }
    }
    Some(settings)
}

/// What of a value counts.
enum Reads {
    Nothing,
    /// That the key is there.
    Presence,
    All,
}

fn add_tool(
    settings: &mut BTreeMap<String, String>,
    installer: Installer,
    tool: &str,
    item: &Item,
) {
    let name = format!("tool.{tool}");
    match (installer, tool) {
        (Installer::Uv | Installer::UvFrozen, "uv") => {
            add_table(settings, &name, item, |_, _| Reads::All);
        }
        (Installer::Uv | Installer::UvFrozen, _) => {}
        (Installer::Poetry, "poetry") => {
            add_table(settings, &name, item, |key, item| read_of_project(installer, key, item));
        }
        (Installer::Poetry, tool) if CHECKERS.contains(&tool) => {}
        (Installer::Poetry, _) => drop(settings.insert(name, encode_item(item))),
    }
}

fn read_of_project(installer: Installer, key: &str, item: &Item) -> Reads {
    let is_version = key == "version" && item.as_str().is_some_and(is_plain_version);
    match installer {
        Installer::Uv | Installer::UvFrozen if DESCRIPTIVE.contains(&key) => Reads::Nothing,
        Installer::Uv | Installer::UvFrozen if ["scripts", "gui-scripts"].contains(&key) => {
            Reads::Presence
        }
        Installer::Poetry if DESCRIPTIVE_STRINGS.contains(&key) && holds_strings(item) => {
            Reads::Nothing
        }
        Installer::UvFrozen | Installer::Poetry if is_version => Reads::Presence,
        _ => Reads::All,
    }
}

/// Adds that a table is there, and what is read of its keys.
fn add_table(
    settings: &mut BTreeMap<String, String>,
    name: &str,
    item: &Item,
    read: impl Fn(&str, &Item) -> Reads,
) {
    let Some(table) = item.as_table_like() else {
        settings.insert(name.to_owned(), encode_item(item));
        return;
    };
    settings.insert(name.to_owned(), String::new());
    for (key, item) in table.iter() {
        let value = match read(key, item) {
            Reads::Nothing => continue,
            Reads::Presence => String::new(),
            Reads::All => encode_item(item),
        };
        settings.insert(format!("{name}.{key}"), value);
    }
}

/// Whether uv may have to ask the project's build back end for what a lock is compared with.
fn asks_back_end(root: &toml_edit::Table) -> bool {
    match root.get("project").and_then(Item::as_table_like) {
        Some(project) => project.contains_key("dynamic"),
        None => {
            let tool = root.get("tool").and_then(Item::as_table_like);
            root.contains_key("build-system")
                || tool.is_some_and(|tool| tool.contains_key("poetry"))
        }
    }
}

fn holds_strings(item: &Item) -> bool {
    let are_strings = |array: &Array| array.iter().all(Value::is_str);
    item.is_str()
        || item.as_array().is_some_and(are_strings)
        || item.as_table_like().is_some_and(|table| table.iter().all(|(_, item)| item.is_str()))
}

/// Whether a value is written in TOML 1.0: 1.1 knows more escapes, times without seconds, and
/// inline tables over several lines.
fn is_plain(item: &Item, text: &str) -> bool {
    match item {
        Item::None => true,
        Item::Value(value) => is_plain_value(value, text),
        Item::Table(table) => table.iter().all(|(_, item)| is_plain(item, text)),
        Item::ArrayOfTables(tables) => {
            tables.iter().flat_map(|table| table.iter()).all(|(_, item)| is_plain(item, text))
        }
    }
}

fn is_plain_value(value: &Value, text: &str) -> bool {
    let written = value.span().and_then(|span| text.get(span)).unwrap_or("\n");
    match value {
        Value::String(_) => {
            !written.starts_with('"') || !(written.contains("\\e") || written.contains("\\x"))
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => true,
        Value::Datetime(_) => false,
        Value::Array(array) => array.iter().all(|value| is_plain_value(value, text)),
        Value::InlineTable(table) => is_plain_inline(table, written, text),
    }
}

fn is_plain_inline(table: &InlineTable, written: &str, text: &str) -> bool {
    let inside = written.strip_suffix('}').unwrap_or(written).trim_end();
    !written.contains('\n')
        && !inside.ends_with(',')
        && table.iter().all(|(_, value)| is_plain_value(value, text))
}

/// One text for each value: what could run together has its length in front, keys are sorted.
fn encode_item(item: &Item) -> String {
    let mut encoded = String::new();
    push_item(&mut encoded, item);
    encoded
}

fn push_item(encoded: &mut String, item: &Item) {
    match item {
        Item::None => {}
        Item::Value(value) => push_value(encoded, value),
        Item::Table(table) => push_table(encoded, table),
        Item::ArrayOfTables(tables) => {
            encoded.push_str(&format!("[{}", tables.len()));
            tables.iter().for_each(|table| push_table(encoded, table));
        }
    }
}

fn push_value(encoded: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_text(encoded, '"', text.value()),
        Value::Integer(number) => push_text(encoded, 'i', &number.value().to_string()),
        Value::Float(number) => push_text(encoded, 'f', &number.value().to_string()),
        Value::Boolean(truth) => push_text(encoded, 'b', &truth.value().to_string()),
        Value::Datetime(time) => push_text(encoded, 't', &time.value().to_string()),
        Value::Array(array) => {
            encoded.push_str(&format!("[{}", array.len()));
            array.iter().for_each(|value| push_value(encoded, value));
        }
        Value::InlineTable(table) => push_table(encoded, table),
    }
}

fn push_table(encoded: &mut String, table: &dyn TableLike) {
    let entries: BTreeMap<&str, &Item> = table.iter().collect();
    encoded.push_str(&format!("{{{}", entries.len()));
    for (key, item) in entries {
        push_text(encoded, 'k', key);
        push_item(encoded, item);
    }
}

fn push_text(encoded: &mut String, kind: char, text: &str) {
    encoded.push_str(&format!("{kind}{}:{text}", text.len()));
}

#[cfg(test)]
mod tests;
