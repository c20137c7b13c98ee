//! The packages of a lock as a graph of *parts*: what a package always installs is one, what each
//! of its extras and groups adds is another.
//!
//! It walks nothing: [`super::closure`] does.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lock, LockedDependency, LockedPackage, When, marker_eval::Marker};
use crate::{dependency::Section, name::PackageName, place::Fault};

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub(super) parts: Vec<Part>,
    /// Of each package, in the lock's order. `Section::Main` is always there.
    pub(super) parts_of: Vec<BTreeMap<Section, usize>>,
    /// Of the project that the lock is for, where that is no package of its own.
    pub(super) project: Option<BTreeMap<Section, usize>>,
    pub(super) by_name: BTreeMap<PackageName, Vec<usize>>,
    /// Of each package: where it is meant, if others have its name.
    pub(super) chosen_if: Vec<Guard>,
    pub(super) markers: Vec<Marker>,
    /// Whether `extra` in a marker is the extra that the part stands for.
    pub(super) extra_is_own: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Absent: the project.
    pub(super) package: Option<usize>,
    pub(super) section: Section,
    pub(super) edges: Vec<Edge>,
    /// What it depends on, and the lock doesn't have.
    pub(super) unresolved: Vec<PackageName>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) part: usize,
    pub(super) guard: Guard,
}

/// Under which condition an edge is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    Always,
    /// The index of a marker.
    If(usize),
    Unstated,
}

/// How much may be repeated: who asks, for each dependency; markers, for each package that a name
/// may mean. In bytes; real locks need a hundredth. Without a bound, this is what grows by
/// a product.
const REPEAT_LIMIT: usize = 1 << 26;

/// What one package more for a name costs, as bytes.
const STEP: usize = 64;

/// Links what was read.
pub(super) fn build_lock(
    packages: Vec<LockedPackage>,
    project: Option<&[LockedDependency]>,
    extra_is_own: bool,
) -> Result<Lock, Fault> {
    let mut builder = Builder::new(&packages, extra_is_own);
    for (index, package) in packages.iter().enumerate() {
        builder.add_parts(Some(index), &package.dependencies);
    }
    builder.graph.project = project.map(|dependencies| builder.add_parts(None, dependencies));
    for (index, package) in packages.iter().enumerate() {
        let sections = builder.graph.parts_of[index].clone();
        builder.link(Some(package), &sections, &package.dependencies)?;
    }
    if let Some((dependencies, sections)) = project.zip(builder.graph.project.clone()) {
        builder.link(None, &sections, dependencies)?;
    }
    let mut graph = builder.graph;
    sort_edges(&mut graph, &packages);
    let (members, default_groups) = (BTreeSet::new(), BTreeMap::new());
    let (checks, states_groups) = (String::new(), true);
    Ok(Lock { packages, graph, members, default_groups, checks, states_groups })
}

struct Builder<'p> {
    packages: &'p [LockedPackage],
    by_version: BTreeMap<(&'p PackageName, Option<&'p str>), Vec<usize>>,
    marker_indexes: BTreeMap<String, usize>,
    spent: usize,
    graph: Graph,
}

impl<'p> Builder<'p> {
    fn new(packages: &'p [LockedPackage], extra_is_own: bool) -> Self {
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        let mut by_version = BTreeMap::<_, Vec<_>>::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry(package.name.clone()).or_default().push(index);
            let version = package.version.as_deref();
            by_version.entry((&package.name, version)).or_default().push(index);
        }
        let graph = Graph {
            parts: Vec::new(),
            parts_of: vec![BTreeMap::new(); packages.len()],
            project: None,
            by_name,
            chosen_if: Vec::new(),
            markers: Vec::new(),
            extra_is_own,
        };
        let mut builder =
            Self { packages, by_version, marker_indexes: BTreeMap::new(), spent: 0, graph };
        for package in packages {
            let guard = builder.selector(package);
            builder.graph.chosen_if.push(guard);
        }
        builder
    }

    fn selector(&mut self, package: &LockedPackage) -> Guard {
        if package.markers.is_empty() || self.graph.by_name[&package.name].len() < 2 {
            return Guard::Always;
        }
        let mut alternatives: Vec<_> =
            package.markers.iter().map(|marker| Marker::new(marker).text).collect();
        alternatives.sort();
        self.guard(format!("({})", alternatives.join(") or (")))
    }

    fn guard(&mut self, marker: String) -> Guard {
        let markers = &mut self.graph.markers;
        Guard::If(*self.marker_indexes.entry(marker).or_insert_with_key(|text| {
            markers.push(Marker::new(text));
            markers.len() - 1
        }))
    }

    fn add_parts(
        &mut self,
        package: Option<usize>,
        dependencies: &[LockedDependency],
    ) -> BTreeMap<Section, usize> {
        let mut sections = BTreeMap::new();
        let wanted = dependencies.iter().map(|dependency| &dependency.section);
        for section in [&Section::Main].into_iter().chain(wanted) {
            if !sections.contains_key(section) {
                sections.insert(section.clone(), self.graph.parts.len());
                let (section, edges, unresolved) = (section.clone(), Vec::new(), Vec::new());
                self.graph.parts.push(Part { package, section, edges, unresolved });
            }
        }
        if let Some(package) = package {
            self.graph.parts_of[package] = sections.clone();
        }
        sections
    }

    fn link(
        &mut self,
        package: Option<&LockedPackage>,
        sections: &BTreeMap<Section, usize>,
        dependencies: &[LockedDependency],
    ) -> Result<(), Fault> {
        let label_length = package.map_or(0, |package| {
            package.name.as_str().len() + package.release.source.to_string().len()
        });
        for dependency in dependencies {
            let marker_length = match &dependency.when {
                When::If(marker) => marker.len(),
                When::Always | When::Unstated => 0,
            };
            // Each extra is one more edge, with the label and the marker of its own condition.
            self.spend(label_length + (label_length + marker_length) * dependency.extras.len())?;
            let part = sections[&dependency.section];
            let candidates = self.candidates(dependency)?;
            if candidates.is_empty() {
                self.graph.parts[part].unresolved.push(dependency.name.clone());
            }
            let ambiguous = candidates.len() > 1;
            for target in candidates {
                let guard = self.edge_guard(dependency, target, ambiguous)?;
                let parts_of = &self.graph.parts_of[target];
                let extras = dependency.extras.iter().cloned().map(Section::Extra);
                let reached = [Section::Main].into_iter().chain(extras);
                let reached = reached.filter_map(|section| parts_of.get(&section));
                let edges: Vec<_> = reached.map(|&part| Edge { part, guard }).collect();
                self.graph.parts[part].edges.extend(edges);
            }
        }
        Ok(())
    }

    fn candidates(&mut self, dependency: &LockedDependency) -> Result<Vec<usize>, Fault> {
        let LockedDependency { name, version, source, .. } = dependency;
        let named = match version {
            Some(version) => self.by_version.get(&(name, Some(version))),
            None => self.graph.by_name.get(name),
        };
        let sources = |index: &usize| &self.packages[*index].release.source;
        let fits = |index: &usize| source.as_ref().is_none_or(|source| source == sources(index));
        let candidates = named.into_iter().flatten().copied().filter(fits).collect();
        self.spend(named.map_or(0, |named| named.len() - 1) * STEP)?;
        Ok(candidates)
    }

    fn edge_guard(
        &mut self,
        dependency: &LockedDependency,
        target: usize,
        ambiguous: bool,
    ) -> Result<Guard, Fault> {
        let own = match &dependency.when {
            When::Always => Guard::Always,
            When::Unstated => Guard::Unstated,
            When::If(marker) => self.guard(Marker::new(marker).text),
        };
        if !ambiguous {
            return Ok(own);
        }
        let text = match (own, self.graph.chosen_if[target]) {
            (Guard::Unstated, _) => return Ok(own),
            (Guard::If(own), Guard::If(chosen)) if own != chosen => {
                let markers = &self.graph.markers;
                format!("({}) and ({})", markers[own].text, markers[chosen].text)
            }
            (Guard::Always, chosen) => return Ok(chosen),
            (own, _) => return Ok(own),
        };
        self.spend(text.len() + dependency.extras.len())?;
        Ok(self.guard(text))
    }

    fn spend(&mut self, cost: usize) -> Result<(), Fault> {
        self.spent += cost;
        if self.spent <= REPEAT_LIMIT {
            return Ok(());
        }
        let message = "its dependencies name too many packages".to_owned();
        let hint = Some("write the lock again with the tool it is from".to_owned());
        Err(Fault { line: 1, column: 1, message, hint })
    }
}

/// So that the order of the text decides nothing. Packages are compared once: a release may hold
/// as much text as the rest of the lock.
fn sort_edges(graph: &mut Graph, packages: &[LockedPackage]) {
    let ranks = ranks(packages, |package| (&package.name, &package.release));
    let parts = ranks_of_parts(&graph.parts, &ranks);
    for part in &mut graph.parts {
        part.edges.sort_by_key(|edge| parts[edge.part]);
    }
}

fn ranks_of_parts(parts: &[Part], packages: &[usize]) -> Vec<usize> {
    ranks(parts, |part| (part.package.map(|package| packages[package]), &part.section))
}

/// For each item its place in the order of the keys; equal keys have equal places.
fn ranks<'i, I, K: Ord>(items: &'i [I], key: impl Fn(&'i I) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| key(&items[a]).cmp(&key(&items[b])));
    let mut ranks = vec![0; items.len()];
    for pair in order.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let differs = key(&items[before]) != key(&items[after]);
        ranks[after] = ranks[before] + usize::from(differs);
    }
    ranks
}
