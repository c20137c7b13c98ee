//! Text to a typed `pyproject.toml`: which package this is, and what it depends on, where from. And
//! text to a typed [`lock`]: which distributions that comes down to.
//!
//! ```
//! let text = r#"
//! [project]
//! name = "Receipt_Chroma"
//! dependencies = ["chromadb>=1.0", "receipt-dynamo"]
//!
//! [tool.uv.sources]
//! receipt-dynamo = { path = "../receipt_dynamo" }
//! "#;
//! let (pyproject, faults) = pyproject::parse_pyproject(text);
//! assert!(faults.is_empty());
//! assert_eq!(pyproject.name.unwrap().value.as_str(), "receipt-chroma");
//! assert_eq!(pyproject.dependencies[1].source, pyproject::Source::Path("../receipt_dynamo".to_owned()));
//! assert_eq!((pyproject.dependencies[1].line, pyproject.dependencies[1].column), (4, 35));
//! ```
//!
//! It reads the standards (PEP 508, 621, 735), uv's and poetry's tables, and gives a caller the
//! tables of other tools as they are. It performs no I/O, resolves no version, evaluates no marker
//! outside of a lock, and follows no path: whether a dependency is a package of the same repository is decided by
//! those who know the repository. `[build-system] requires` is not read.

mod dependency;
mod groups;
pub mod lock;
mod marker;
mod name;
mod place;
mod poetry;
mod reader;
mod requirement;
mod scanner;
mod settings;
mod source;
mod standard;
mod toml_string;
mod uv;
mod version;

use std::collections::BTreeMap;

use toml_edit::{Document, Item, Table};

use crate::{
    dependency::enrich,
    place::SourceText,
    reader::{Node, Reader},
};
pub use crate::{
    dependency::{Dependency, Section},
    name::{InvalidName, PackageName},
    place::{Fault, Located},
    requirement::{Requirement, Wanted},
    scanner::InvalidRequirement,
    settings::{Installer, installer_settings},
    source::Source,
    uv::UvSource,
};

/// What a `pyproject.toml` says.
#[derive(Debug, Clone)]
pub struct Pyproject {
    /// `[project] name`, else `[tool.poetry] name`.
    pub name: Option<Located<PackageName>>,
    /// `[project] dynamic`: fields that the build back end computes, so that what stands here may
    /// not be all.
    pub dynamic: Vec<Located<String>>,
    /// All of them, in the order of the text.
    pub dependencies: Vec<Dependency>,
    /// `[tool.uv.sources]`. They are applied to `dependencies` already.
    pub sources: BTreeMap<PackageName, Vec<UvSource>>,
    root: Table,
    source: SourceText,
}

impl Pyproject {
    /// Whether it has a table of this name at the top.
    pub fn has_table(&self, name: &str) -> bool {
        self.root.get(name).is_some_and(|item| item.as_table_like().is_some())
    }

    /// The value of `tool.<name>` with its spans, for a caller that knows its keys. See
    /// [`Item::as_table_like`]: it may be a table, an inline table, or what should have been one.
    pub fn tool(&self, name: &str) -> Option<&Item> {
        self.root.get("tool")?.as_table_like()?.get(name)
    }

    /// The line and column, from 1, of a byte of the text that was parsed: the start of a span,
    /// say. An offset past the end means the end.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        self.source.place(offset)
    }
}

/// Reads the text of a `pyproject.toml`. All faults come at once, in the order of the text, and
/// what they don't concern is read all the same. A text that is not TOML gives an empty
/// [`Pyproject`] and the first syntax error, as its successors would mostly follow from it.
pub fn parse_pyproject(text: &str) -> (Pyproject, Vec<Fault>) {
    let source = SourceText::new(text);
    let mut reader = Reader::new(&source);
    let root = parse_table(&mut reader, text);
    let read = read_all(&mut reader, &Node::root(&root));
    let faults = reader.into_faults();
    let Read { name, dynamic, dependencies, sources } = read;
    (Pyproject { name, dynamic, dependencies, sources, root, source }, faults)
}

/// The root of a TOML text; an empty one and a fault, if it is none.
fn parse_table(reader: &mut Reader<'_>, text: &str) -> Table {
    match Document::parse(text) {
        Ok(document) => document.into_table(),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            reader.fault(
                offset,
                format!("invalid TOML: {}", error.message().replace('\n', ", ")),
                None,
            );
            Table::new()
        }
    }
}

/// The public fields of a [`Pyproject`].
struct Read {
    name: Option<Located<PackageName>>,
    dynamic: Vec<Located<String>>,
    dependencies: Vec<Dependency>,
    sources: uv::UvSources,
}

fn read_all(reader: &mut Reader<'_>, root: &Node<'_>) -> Read {
    let dev: PackageName = "dev".parse().expect("`dev` is a name");
    let mut project = standard::read_project(reader, root);
    let mut groups = standard::read_groups(reader, root);
    let mut sources = uv::UvSources::new();
    let mut poetry = poetry::Poetry::default();
    if let Some(tool) = reader.table(root, "tool") {
        if let Some(uv) = reader.table(&tool, "uv") {
            sources = uv::read_sources(reader, &uv);
            let development = uv::read_dev_dependencies(reader, &uv, &dev);
            if !development.is_empty() {
                groups.entry(dev.clone()).dependencies.extend(development);
            }
        }
        poetry = poetry::read_poetry(reader, &tool, &dev);
    }
    if project.name.is_none() && poetry.name.is_none() {
        standard::report_missing_name(reader, root);
    }
    uv::apply_sources(reader, &sources, &mut project.dependencies);
    for dependencies in groups.dependencies_mut() {
        uv::apply_sources(reader, &sources, dependencies);
    }
    groups.merge(reader, poetry.groups);
    let mut dependencies = enrich(reader, project.dependencies, poetry.dependencies);
    dependencies.extend(groups.expand(reader));
    dependencies
        .sort_by(|a, b| (a.line, a.column, &a.section).cmp(&(b.line, b.column, &b.section)));
    Read { name: project.name.or(poetry.name), dynamic: project.dynamic, dependencies, sources }
}

#[cfg(test)]
mod tests;
