//! From roots along the edges of a lock: what they install, and on which way.
//!
//! It follows every edge that is not known to be shut. It chooses no wheel and checks no version
//! clause: a name means all versions that the lock or the environment don't rule out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write,
    iter,
    sync::Arc,
};

use super::{
    Lock,
    closure::{Closure, Condition, LockedDistribution, Root},
    environment::{Environment, Requested, Truth},
    graph::{Edge, Guard},
};
use crate::{dependency::Section, name::PackageName};

impl Lock {
    /// What these roots install. `Environment::default()` knows nothing, and every marker stays.
    pub fn closure(&self, roots: &[Root], environment: &Environment) -> Closure {
        let mut walk = Walk::new(self, environment);
        let (starts, mut unresolved) = self.starts(roots);
        let order = walk.reach(&starts, Truth::Unknown);
        let mut certain = vec![false; self.graph.parts.len()];
        for part in walk.reach(&starts, Truth::True) {
            certain[part] = true;
        }
        let mut conditions = vec![BTreeSet::new(); self.graph.parts.len()];
        for (from, edges) in iter::once((None, &starts))
            .chain(order.iter().map(|&part| (Some(part), &self.graph.parts[part].edges)))
        {
            for edge in edges.iter().filter(|edge| !certain[edge.part]) {
                let through = from.filter(|&from| !certain[from]).map(|from| self.label(from));
                conditions[edge.part].extend(walk.condition(*edge, from, through));
            }
        }
        let mut reached = BTreeMap::<usize, BTreeSet<Condition>>::new();
        for part in order {
            let part_of = &self.graph.parts[part];
            unresolved.extend(part_of.unresolved.iter().cloned());
            if let Some(package) = part_of.package {
                let of_package = reached.entry(package).or_default();
                of_package.append(&mut conditions[part]);
            }
        }
        let mut closure = Closure { unresolved, ..Closure::default() };
        for (package, conditions) in reached {
            let package = &self.packages[package];
            let release = Arc::clone(&package.release);
            let of_name = closure.distributions.entry(package.name.clone()).or_default();
            of_name.insert(LockedDistribution { release, conditions });
        }
        closure
    }

    /// The shortest way from a root to a package, both included; empty where there is none.
    pub fn chain(
        &self,
        roots: &[Root],
        environment: &Environment,
        to: &PackageName,
    ) -> Vec<PackageName> {
        let mut walk = Walk::new(self, environment);
        let (starts, _) = self.starts(roots);
        let order = walk.reach(&starts, Truth::Unknown);
        let name = |part: usize| self.graph.parts[part].package.map(|p| &self.packages[p].name);
        let mut at = order.into_iter().find(|&part| name(part) == Some(to));
        let mut chain: Vec<PackageName> = Vec::new();
        while let Some(part) = at {
            let name = name(part).filter(|name| chain.last() != Some(name));
            chain.extend(name.cloned());
            at = walk.reached_from[part];
        }
        chain.reverse();
        chain
    }

    /// The parts that roots name, and the names that are not there.
    fn starts(&self, roots: &[Root]) -> (Vec<Edge>, BTreeSet<PackageName>) {
        let mut starts = Vec::new();
        let mut unresolved = BTreeSet::new();
        for root in roots {
            let packages = self.graph.by_name.get(&root.name).map_or(&[][..], Vec::as_slice);
            for &package in packages {
                let several = packages.len() > 1;
                let guard = if several { self.graph.chosen_if[package] } else { Guard::Always };
                let parts = root.sections().filter_map(|s| self.graph.parts_of[package].get(&s));
                starts.extend(parts.map(|&part| Edge { part, guard }));
            }
            match &self.graph.project {
                Some(project) if packages.is_empty() => {
                    let parts = root.sections().filter_map(|section| project.get(&section));
                    starts.extend(parts.map(|&part| Edge { part, guard: Guard::Always }));
                }
                None if packages.is_empty() => {
                    unresolved.insert(root.name.clone());
                }
                _ => {}
            }
        }
        (starts, unresolved)
    }

    /// A part in words that tell it from others.
    fn label(&self, part: usize) -> String {
        let part = &self.graph.parts[part];
        let mut label = String::new();
        if let Some(package) = part.package.map(|package| &self.packages[package]) {
            let version = package.release.version.as_deref().unwrap_or_default();
            // Writing to a string can't fail.
            write!(label, "{} {version} {}", package.name, package.release.source).ok();
        }
        if let Section::Extra(name) | Section::Group(name) = &part.section {
            write!(label, " [{name}]").ok();
        }
        label
    }
}

/// A walk over the parts of a lock in an environment.
struct Walk<'l> {
    lock: &'l Lock,
    environment: &'l Environment,
    /// Of each marker whose truth doesn't depend on who asks.
    truths: Vec<Option<Truth>>,
    /// The part from which each was reached first, in the last `reach`.
    reached_from: Vec<Option<usize>>,
}

impl<'l> Walk<'l> {
    fn new(lock: &'l Lock, environment: &'l Environment) -> Self {
        let truths = vec![None; lock.graph.markers.len()];
        Self { lock, environment, truths, reached_from: Vec::new() }
    }

    /// The parts that edges of at least this truth lead to, nearest first.
    fn reach(&mut self, starts: &[Edge], least: Truth) -> Vec<usize> {
        let parts = &self.lock.graph.parts;
        self.reached_from = vec![None; parts.len()];
        let mut seen = vec![false; parts.len()];
        let mut order = Vec::new();
        let mut pending = VecDeque::from([(None, starts)]);
        while let Some((from, edges)) = pending.pop_front() {
            for edge in edges {
                if seen[edge.part] || self.truth(*edge, from) < least {
                    continue;
                }
                seen[edge.part] = true;
                self.reached_from[edge.part] = from;
                order.push(edge.part);
                pending.push_back((Some(edge.part), parts[edge.part].edges.as_slice()));
            }
        }
        order
    }

    fn truth(&mut self, edge: Edge, from: Option<usize>) -> Truth {
        let graph = &self.lock.graph;
        let index = match edge.guard {
            Guard::Always => return Truth::True,
            Guard::Unstated => return Truth::Unknown,
            Guard::If(index) => index,
        };
        let marker = &graph.markers[index];
        let requested = match from.map(|from| &graph.parts[from].section) {
            Some(Section::Main) if graph.extra_is_own => Requested::NoExtra,
            Some(Section::Extra(extra)) if graph.extra_is_own => Requested::Extra(extra),
            _ => Requested::Unknown,
        };
        if !marker.extras.is_empty() {
            return marker.evaluate(self.environment, requested);
        }
        *self.truths[index].get_or_insert_with(|| marker.evaluate(self.environment, requested))
    }

    /// The condition that an edge stands for, if it is followed and the lock says what it is.
    fn condition(
        &mut self,
        edge: Edge,
        from: Option<usize>,
        through: Option<String>,
    ) -> Option<Condition> {
        let truth = self.truth(edge, from);
        let marker = match edge.guard {
            Guard::If(index) if truth == Truth::Unknown => {
                Some(self.lock.graph.markers[index].text.clone())
            }
            Guard::Unstated => return None,
            _ => None,
        };
        let extra = match &self.lock.graph.parts[edge.part].section {
            Section::Extra(extra) => Some(extra.clone()),
            Section::Main | Section::Group(_) => None,
        };
        (truth > Truth::False).then_some(Condition { extra, through, marker })
    }
}
