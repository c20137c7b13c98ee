//! Where in a context reads can lead, before anybody has looked at it.
//!
//! A walk that asks [`Reach`] goes only into folders in which something may be read: a build that
//! copies two packages of a big repository costs no look at the rest.
//!
//! # How it works
//! Patterns become a trie by their components. A walk carries a [`Reached`] from folder to folder:
//! the nodes that the folder's path has come to. The end of a pattern means everything below.
//!
//! # Limitations
//! - It knows no links: what a link in a source leads to is added by [`Reach::add_path`] once the
//!   link has been seen.
//! - What `--exclude` leaves out, and what is below the first special component of a
//!   `COPY --parents`, counts as reached.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::gomatch::{GoPattern, has_wildcards};
use crate::gopath::{below_root, clean};
use crate::listing::{EntryKind, Listing};
use crate::resolve::ContextRead;
use crate::select::plain_start;

/// The paths that some reads of one context can come to.
#[derive(Clone, Debug)]
pub struct Reach {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// A pattern ends here: these read everything below. Each once, as long as a reader's patterns
    /// come one after the other.
    readers: Vec<usize>,
    plain: FxHashMap<String, usize>,
    globs: Vec<(GoPattern, usize)>,
}

/// How far a path has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Everything at and below it may be read.
    All,
    /// What is at or below it may be read where one of these nodes leads on.
    Nodes(Vec<usize>),
}

impl Default for Reach {
    /// Nothing.
    fn default() -> Reach {
        Reach { nodes: vec![Node::default()] }
    }
}

impl Reach {
    /// Everything that these reads, all of one context, can come to.
    pub fn new<'r>(reads: impl IntoIterator<Item = &'r ContextRead>) -> Reach {
        let mut reach = Reach::default();
        reach.add_reads(0, reads);
        reach
    }

    /// Adds what one of several readers reads.
    pub fn add_reads<'r>(
        &mut self,
        reader: usize,
        reads: impl IntoIterator<Item = &'r ContextRead>,
    ) {
        for read in reads {
            for pattern in &read.patterns {
                let end = if read.parents {
                    self.parents_end(pattern)
                } else {
                    self.pattern_end(pattern)
                };
                self.add_reader(end, reader);
            }
        }
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Reach {
        Reach { nodes: vec![Node { readers: vec![0], ..Node::default() }] }
    }

    /// Adds a path, read as it is written, and all that is below it.
    pub fn add_path(&mut self, reader: usize, path: &str) {
        let mut at = 0;
        for component in components(path) {
            at = self.plain(at, component);
        }
        self.add_reader(at, reader);
    }

    fn add_reader(&mut self, node: usize, reader: usize) {
        let readers = &mut self.nodes[node].readers;
        if readers.last() != Some(&reader) {
            readers.push(reader);
        }
    }

    /// The node where a pattern ends.
    fn pattern_end(&mut self, pattern: &str) -> usize {
        let mut at = 0;
        for component in components(pattern) {
            if !has_wildcards(component) {
                at = self.plain(at, component);
                continue;
            }
            match GoPattern::parse(component) {
                Some(glob) if glob.splits() => at = self.glob(at, glob),
                // It may match across folders, or not at all: it isn't for a walk to say.
                _ => break,
            }
        }
        at
    }

    fn parents_end(&mut self, pattern: &str) -> usize {
        let (folder, below) = pattern.split_once("/./").unwrap_or((".", pattern));
        let mut at = 0;
        for component in components(folder) {
            if has_wildcards(component) {
                return at;
            }
            at = self.plain(at, component);
        }
        for component in components(&plain_start(below)) {
            at = self.plain(at, component);
        }
        at
    }

    fn plain(&mut self, at: usize, component: &str) -> usize {
        if let Some(&next) = self.nodes[at].plain.get(component) {
            return next;
        }
        let next = self.add_node();
        self.nodes[at].plain.insert(component.to_owned(), next);
        next
    }

    fn glob(&mut self, at: usize, glob: GoPattern) -> usize {
        if let Some((_, next)) = self.nodes[at].globs.iter().find(|(known, _)| *known == glob) {
            return *next;
        }
        let next = self.add_node();
        self.nodes[at].globs.push((glob, next));
        next
    }

    fn add_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// The context's root; `None` where nothing is read.
    #[must_use]
    pub fn root(&self) -> Option<Reached> {
        let root = self.nodes.first()?;
        match root {
            Node { readers, .. } if !readers.is_empty() => Some(Reached::All),
            Node { plain, globs, .. } if plain.is_empty() && globs.is_empty() => None,
            _ => Some(Reached::Nodes(vec![0])),
        }
    }

    /// From a folder to what is called `name` in it; `None` where nothing at or below that is
    /// read.
    #[must_use]
    pub fn enter(&self, folder: &Reached, name: &str) -> Option<Reached> {
        let Reached::Nodes(nodes) = folder else { return Some(Reached::All) };
        let next = self.next(nodes, name);
        if next.iter().any(|&node| !self.nodes[node].readers.is_empty()) {
            return Some(Reached::All);
        }
        (!next.is_empty()).then_some(Reached::Nodes(next))
    }

    /// Whether the path itself may be read: it is at or below the end of a pattern.
    #[must_use]
    pub fn reads(&self, path: &str) -> bool {
        self.follow(path) == Some(Reached::All)
    }

    /// Whether anything at or below the path, or a folder above it, may be read.
    #[must_use]
    pub fn touches(&self, path: &str) -> bool {
        self.follow(path).is_some()
    }

    /// Who may read the path itself.
    #[must_use]
    pub fn readers(&self, path: &str) -> BTreeSet<usize> {
        let mut readers = BTreeSet::new();
        let mut nodes = vec![0];
        let mut names = components(path);
        while !nodes.is_empty() {
            for node in nodes.iter().map(|&node| &self.nodes[node]) {
                readers.extend(&node.readers);
            }
            let Some(name) = names.next() else { break };
            nodes = self.next(&nodes, name);
        }
        readers
    }

    /// Who may read the path itself, or anything below it.
    #[must_use]
    pub fn readers_below(&self, path: &str) -> BTreeSet<usize> {
        let mut readers = self.readers(path);
        let mut nodes = components(path).fold(vec![0], |nodes, name| self.next(&nodes, name));
        while let Some(node) = nodes.pop() {
            let Node { readers: own, plain, globs } = &self.nodes[node];
            readers.extend(own);
            nodes.extend(plain.values().copied().chain(globs.iter().map(|(_, next)| *next)));
        }
        readers
    }

    fn next(&self, nodes: &[usize], name: &str) -> Vec<usize> {
        let mut next = Vec::new();
        for node in nodes.iter().map(|&node| &self.nodes[node]) {
            next.extend(node.plain.get(name));
            let globs = node.globs.iter().filter(|(glob, _)| glob.matches(name));
            next.extend(globs.map(|(_, next)| *next));
        }
        next
    }

    fn follow(&self, path: &str) -> Option<Reached> {
        components(path).try_fold(self.root()?, |at, name| self.enter(&at, name))
    }

    /// Whether a walk by this one goes wherever one by `other` goes.
    #[must_use]
    pub fn covers(&self, other: &Reach) -> bool {
        self.covers_below(&[0], other, 0)
    }

    fn covers_below(&self, nodes: &[usize], other: &Reach, node: usize) -> bool {
        if nodes.iter().any(|&node| !self.nodes[node].readers.is_empty()) {
            return true;
        }
        let Node { readers, plain, globs } = &other.nodes[node];
        readers.is_empty()
            && plain
                .iter()
                .all(|(name, &next)| self.covers_below(&self.next(nodes, name), other, next))
            && globs.iter().all(|(glob, next)| {
                let own = nodes.iter().flat_map(|&node| &self.nodes[node].globs);
                let own: Vec<usize> =
                    own.filter(|(known, _)| known == glob).map(|(_, next)| *next).collect();
                self.covers_below(&own, other, *next)
            })
    }

    /// Adds what the links of a listing lead to, and what they pass through on the way; says
    /// whether anything is new, so that the context must be walked again.
    pub fn add_links(&mut self, listing: &Listing) -> bool {
        let mut added = false;
        for entry in listing.entries() {
            let EntryKind::Symlink(text) = &entry.kind else { continue };
            let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target =
                if text.starts_with('/') { text.clone() } else { format!("{folder}/{text}") };
            // `a/..` needs `a` to be there.
            let passed =
                target.match_indices("/..").map(|(at, _)| below_root(&clean(&target[..at])));
            let passed = passed.filter(|path| path != ".");
            for path in passed.chain([below_root(&clean(&target))]) {
                if !self.reads(&path) {
                    self.add_path(0, &path);
                    added = true;
                }
            }
        }
        added
    }
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|component| !matches!(*component, "" | "."))
}

#[cfg(test)]
mod tests;
