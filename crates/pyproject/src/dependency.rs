//! A dependency: what the tables of all tools come down to.
//!
//! It does not know whether a dependency is internal: that takes the other packages of the
//! repository.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    marker::join_markers,
    name::PackageName,
    place::excerpt,
    reader::{Node, Reader},
    requirement::{Requirement, Wanted},
    source::Source,
};

/// One dependency at one place of the text. A requirement that has several sources, each under a
/// marker of its own, is several dependencies; so is one that stands in a group that others
/// include.
///
/// A project may name itself (`all = ["itself[s3,sql]"]` is the idiom for an extra of extras): that
/// is listed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package that is depended on.
    pub name: PackageName,
    /// Its extras that are wanted.
    pub extras: Vec<PackageName>,
    /// Who wants it.
    pub section: Section,
    /// Where it comes from.
    pub source: Source,
    /// The condition under which it is wanted, as written; conditions of several tables are joined
    /// by `and`.
    pub marker: Option<String>,
    /// Line of the name, from 1.
    pub line: usize,
    /// Column of the name, from 1, in characters.
    pub column: usize,
}

/// Who wants a dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Whoever installs the package.
    Main,
    /// Whoever asks for this extra: `[project.optional-dependencies]`, `[tool.poetry.extras]`.
    Extra(PackageName),
    /// Whoever develops the package with this group: `[dependency-groups]` (PEP 735),
    /// `[tool.poetry.group.*]`, `[tool.uv] dev-dependencies`.
    Group(PackageName),
}

/// The dependency that a string of PEP 508 declares.
pub(crate) fn read_requirement(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    section: &Section,
) -> Option<Dependency> {
    let text = reader.string(node, Some("write it as a requirement, such as `\"boto3>=1.34\"`"))?;
    let requirement = match text.value.parse::<Requirement>() {
        Ok(requirement) => requirement,
        Err(error) => {
            let message =
                format!("invalid requirement `{}`: {}", excerpt(text.value), error.message);
            let offset = reader.offset_in(&text, error.offset);
            reader.fault(offset, message, error.hint.as_deref());
            return None;
        }
    };
    let indent = text.value.len() - text.value.trim_start().len();
    let (line, column) = reader.place(reader.offset_in(&text, indent));
    let source = match requirement.wanted {
        Wanted::Version(_) => Source::Index,
        Wanted::Url(url) => Source::from_url(&url),
    };
    let (name, extras, marker) = (requirement.name, requirement.extras, requirement.marker);
    Some(Dependency { name, extras, section: section.clone(), source, marker, line, column })
}

/// All requirements of an array of strings.
pub(crate) fn read_requirements(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    section: &Section,
) -> Vec<Dependency> {
    let hint = "write it as `[\"boto3>=1.34\", \"numpy\"]`";
    let elements = reader.elements(node, "an array of strings", Some(hint));
    elements.iter().filter_map(|element| read_requirement(reader, element, section)).collect()
}

/// How often a declared dependency may be repeated, all in all, because of its sources and of
/// groups that include others. No project has a hundredth of this; without a bound a text of some
/// hundred KiB could ask for billions.
pub(crate) const REPEAT_LIMIT: usize = 100_000;

/// How much has been repeated.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    times: usize,
    bytes: usize,
}

impl Repeats {
    /// Of text, a few long ones cost as much as many.
    const MOST_BYTES: usize = 1 << 26;

    pub(crate) fn add(&mut self, times: usize, bytes: usize) {
        self.times += times;
        self.bytes += bytes;
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.times > REPEAT_LIMIT || self.bytes > Self::MOST_BYTES
    }
}

impl Dependency {
    /// How many bytes a copy has, names left out: those are shared.
    pub(crate) fn text_length(&self) -> usize {
        let extras = self.extras.len() * size_of::<PackageName>();
        self.source.text_length() + self.marker.as_ref().map_or(0, String::len) + extras
    }
}

/// `declared`, each with the sources that `sourced` has for the same name, and what of `sourced` is
/// not declared.
///
/// That is how poetry ≥ 2 reads `[tool.poetry.dependencies]` beside `[project]`: it only adds to a
/// requirement where it comes from. A name that is in one of the tables alone is wanted all the
/// same: doubt keeps a dependency.
pub(crate) fn enrich(
    reader: &mut Reader<'_>,
    declared: Vec<Dependency>,
    sourced: Vec<Dependency>,
) -> Vec<Dependency> {
    let declared_names: BTreeSet<_> = declared.iter().map(|dependency| &dependency.name).collect();
    let (added, mut all): (Vec<_>, Vec<_>) =
        sourced.into_iter().partition(|dependency| declared_names.contains(&dependency.name));
    let mut added_by_name = BTreeMap::<&PackageName, Vec<&Dependency>>::new();
    let mut seen = BTreeSet::new();
    for dependency in &added {
        // One that several extras want is there once for each, and would be added as often.
        let Dependency { name, extras, source, marker, .. } = dependency;
        if seen.insert((name, source, marker, extras)) {
            added_by_name.entry(name).or_default().push(dependency);
        }
    }
    let mut repeats = Repeats::default();
    for dependency in declared {
        let added =
            added_by_name.get(&dependency.name).filter(|_| dependency.source == Source::Index);
        let Some(added) = added else {
            all.push(dependency);
            continue;
        };
        repeats.add(added.len() - 1, dependency.text_length() * (added.len() - 1));
        repeats.add(0, added.iter().map(|added| added.text_length()).sum());
        if repeats.are_too_many() {
            report_repeats(reader, &dependency);
            break;
        }
        all.extend(added.iter().map(|added| with_source(&dependency, added)));
    }
    all
}

/// Says that `dependency` is where the limit was reached.
pub(crate) fn report_repeats(reader: &mut Reader<'_>, dependency: &Dependency) {
    let message = format!("sources repeat the dependencies more than {REPEAT_LIMIT} times");
    let hint = format!("give `{}` fewer sources", dependency.name);
    reader.fault_at((dependency.line, dependency.column), message, Some(&hint));
}

fn with_source(declared: &Dependency, added: &Dependency) -> Dependency {
    let known: BTreeSet<_> = declared.extras.iter().collect();
    let more = added.extras.iter().filter(|extra| !known.contains(extra));
    Dependency {
        extras: declared.extras.iter().chain(more).cloned().collect(),
        source: added.source.clone(),
        marker: join_markers(declared.marker.as_deref(), added.marker.as_deref()),
        ..declared.clone()
    }
}
