//! Which entries of a context a build reads.
//!
//! [`Dockerfile::resolve`](crate::Dockerfile::resolve) says what the instructions ask for,
//! [`select`] finds it in a [`Listing`] as BuildKit's copy does: globs by Go's rules, links in
//! a source followed within the context, links below a folder taken as links. An answer
//! costs what is read: a folder is a range of the listing.
//!
//! # How it works
//! It follows `solver/llbsolver/file/backend.go` in moby/buildkit and the `copy` package of
//! tonistiigi/fsutil: a source without wildcards is a path, which `RootPath` of
//! containerd/continuity resolves ([`links`]); from its first component with a wildcard on, a
//! source is matched against what is below the folder before it, where links are not followed,
//! and then each match is resolved like a path. What `--exclude` and `--parents` filter is the
//! path below the folder that is copied; the source itself is never filtered.
//!
//! # Limitations
//! - BuildKit's client reads a source as an ignore pattern, to send less. Where the two readings
//!   of a glob differ (`[*]`, `[[:alpha:]]`, `^`, `\d`), BuildKit may read fewer entries than are
//!   named here, never more.
//! - It may also fail to find a link's target that only a glob in the middle of a source leads
//!   to, and refuse the build. The target is named here.
//! - Of a folder that a glob matches, or that is copied with `--exclude` or `--parents`, BuildKit also
//!   follows the links, for the key of its cache, and refuses the build if they lead to nothing that it
//!   has sent. They are named as links only.
//! - A `COPY --parents` of `.` counts as a copy of everything.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::gomatch::has_wildcards;
use crate::ignore::{Dockerignore, Sweep};
use crate::listing::{EntryKind, Found, Listing, join};
use crate::resolve::ContextRead;

mod glob;
mod links;

use links::Links;

/// What a build reads of one context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// What is copied or mounted: indices into [`Listing::entries`], ascending ranges with gaps
    /// between them.
    pub ranges: Vec<Range<usize>>,
    /// The symlinks that were followed on the way, ascending. Their texts are read; they
    /// themselves only if they are in `ranges` too.
    pub links: Vec<usize>,
    /// Whether the root is read as a whole: whatever is added to the context is read too.
    pub whole: bool,
    /// The sources that lead to nothing, in the order of the reads.
    pub misses: Vec<Miss>,
    /// Paths without which the build could take another course: what is read is at or below
    /// one of them. Sorted.
    pub(crate) roots: Vec<String>,
}

/// A source that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// As it is in [`ContextRead::patterns`].
    pub pattern: String,
    /// What is missing: the path that the source leads to, links followed. For a glob, the folder
    /// before its first wildcard.
    pub path: String,
    /// Where, counted from 1.
    pub line: usize,
    /// Why.
    pub reason: MissReason,
}

/// Why a source leads to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissReason {
    /// Nothing is there; BuildKit refuses the build.
    Missing,
    /// No path matches the glob; BuildKit goes on if it finds the folder before the glob.
    NoMatch,
    /// The pattern is malformed; BuildKit refuses the build.
    Malformed,
    /// The symlinks on the way are too many, or lead in a circle; BuildKit refuses the build.
    TooManyLinks,
    /// A file stands where a folder has to; BuildKit refuses the build.
    NotAFolder,
    /// The path is longer than Linux allows; BuildKit refuses the build.
    TooLong,
}

impl std::fmt::Display for MissReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            MissReason::Missing => "there is no such file or folder in the context",
            MissReason::NoMatch => "nothing in the context matches",
            MissReason::Malformed => "the pattern is malformed",
            MissReason::TooManyLinks => "too many symlinks, or a circle of them",
            MissReason::NotAFolder => "a file stands where a folder has to",
            MissReason::TooLong => "the path is longer than Linux allows",
        })
    }
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", crate::fault::excerpt(&self.pattern), self.reason)
    }
}

impl Selection {
    /// The indices of everything that is read, links that are followed included, ascending.
    pub fn entries(&self) -> impl Iterator<Item = usize> {
        let mut links = self.links.iter().copied().filter(|&link| !self.copies(link)).peekable();
        let mut copied = self.ranges.iter().cloned().flatten().peekable();
        std::iter::from_fn(move || match (links.peek(), copied.peek()) {
            (Some(link), Some(index)) if link < index => links.next(),
            (Some(_), None) => links.next(),
            _ => copied.next(),
        })
    }

    /// Paths of the context without which the build could take another course: those that are read, or
    /// a folder above them, and those that only have to be there. Sorted.
    #[must_use]
    pub fn roots(&self) -> &[String] {
        &self.roots
    }

    /// Marks what is read in a list that has a place for each entry of the listing.
    pub fn mark(&self, read: &mut [bool]) {
        for range in &self.ranges {
            read[range.clone()].fill(true);
        }
        self.links.iter().for_each(|&link| read[link] = true);
    }

    /// Whether the entry is copied or mounted; asked in `ranges`.
    #[must_use]
    pub fn copies(&self, index: usize) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= index);
        after > 0 && self.ranges[after - 1].contains(&index)
    }

    /// Whether the entry is read.
    #[must_use]
    pub fn reads(&self, index: usize) -> bool {
        self.copies(index) || self.links.binary_search(&index).is_ok()
    }
}

/// Finds what the reads, all of one context, take of its listing.
///
/// The listing is that of the context after its ignore file, see [`Listing::without_ignored`].
#[must_use]
pub fn select(listing: &Listing, reads: &[&ContextRead]) -> Selection {
    let mut search = Search {
        listing,
        links: Links::new(listing),
        ranges: Vec::new(),
        roots: Vec::new(),
        whole: false,
        swept: None,
    };
    let mut misses = Vec::new();
    for read in reads {
        // What BuildKit can't use as an exclusion makes it refuse the build: nothing is lost.
        let exclude = Some(&read.excludes).filter(|excludes| !excludes.is_empty());
        let exclude = exclude.and_then(|excludes| Dockerignore::of_copy(excludes));
        let mut known = HashMap::new();
        let is_only = read.patterns.len() == 1;
        search.swept = (!is_only).then(HashSet::new);
        for pattern in &read.patterns {
            let mut find = || search.read(read, pattern, exclude.as_ref());
            let found =
                if is_only { find() } else { known.entry(pattern).or_insert_with(find).clone() };
            if let Err(Lost { path, reason }) = found {
                let pattern = pattern.clone();
                misses.push(Miss { pattern, path, line: read.line, reason });
            }
        }
    }
    let Search { links, ranges, mut roots, whole, .. } = search;
    let Links { followed, passed, .. } = links;
    roots.extend(followed.iter().map(|&index| listing.entries()[index].path.clone()));
    roots.extend(passed);
    roots.sort_unstable();
    roots.dedup();
    Selection { whole, ranges: merge(ranges), links: followed.into_iter().collect(), misses, roots }
}

struct Search<'l> {
    listing: &'l Listing,
    links: Links<'l>,
    ranges: Vec<Range<usize>>,
    roots: Vec<String>,
    whole: bool,
    /// The folders that the read at hand has taken, for a glob or without one, where it has several
    /// sources.
    swept: Option<HashSet<(bool, String)>>,
}

/// A source that does not exist.
#[derive(Clone)]
struct Lost {
    path: String,
    reason: MissReason,
}

impl Lost {
    fn new(path: impl Into<String>, reason: MissReason) -> Lost {
        Lost { path: path.into(), reason }
    }
}

/// What a copy leaves out of the folder that it copies.
struct Filter<'r> {
    /// The pattern of `--parents`, with the path before its first special character: nothing
    /// outside it matches.
    include: Option<(String, Dockerignore)>,
    exclude: Option<&'r Dockerignore>,
    is_glob: bool,
}

impl Search<'_> {
    fn read(
        &mut self,
        read: &ContextRead,
        pattern: &str,
        exclude: Option<&Dockerignore>,
    ) -> Result<(), Lost> {
        let (source, include) = match (read.parents, pattern.split_once("/./")) {
            (true, Some((folder, "."))) => (folder, None),
            (true, Some((folder, below))) => (folder, Some(below)),
            (true, None) if pattern != "." => (".", Some(pattern)),
            _ => (pattern, None),
        };
        let include = match include.map(|text| (text, Dockerignore::of_copy(&[text.to_owned()]))) {
            None => None,
            Some((text, Some(patterns))) => Some((plain_start(text), patterns)),
            Some((text, None)) => return Err(Lost::new(text, MissReason::Malformed)),
        };
        let is_glob = glob::split(source).is_some();
        // Without wildcards BuildKit wants what the pattern of `--parents` names.
        let reason = if has_wildcards(pattern) { MissReason::NoMatch } else { MissReason::Missing };
        let lost = include.as_ref().map(|(start, _)| {
            let path = if start == "." { source.to_owned() } else { join(source, start) };
            Lost { path, reason }
        });
        let filter = Filter { include, exclude, is_glob };
        let count = self.ranges.len();
        let found = self.sources(source)?;
        // After one that BuildKit stumbles over, the others are taken all the same.
        let taken: Vec<_> = found.iter().map(|path| self.take(path, &filter)).collect();
        taken.into_iter().collect::<Result<(), _>>()?;
        if is_glob || filter.exclude.is_some() || filter.include.is_some() {
            self.pass_links(count);
        }
        match lost {
            Some(lost) if self.ranges.len() == count => Err(lost),
            _ => Ok(()),
        }
    }

    /// The paths that a source stands for, links not yet followed.
    fn sources(&mut self, source: &str) -> Result<Vec<String>, Lost> {
        let Some((folder, pattern)) = glob::split(source) else {
            return Ok(vec![source.to_owned()]);
        };
        let folder = self.resolve(folder)?;
        if self.listing.at(&folder) == Found::Nothing {
            self.roots.push(folder.clone());
            return Err(Lost::new(folder, MissReason::Missing));
        }
        let found = glob::expand(self.listing, &folder, pattern);
        let found = found.ok_or_else(|| Lost::new(&*folder, MissReason::Malformed))?;
        if !found.is_empty() {
            return Ok(found);
        }
        // The folder has to be there all the same.
        if folder != "." {
            self.roots.push(folder.clone());
        }
        Err(Lost::new(folder, MissReason::NoMatch))
    }

    fn resolve(&mut self, path: &str) -> Result<String, Lost> {
        self.links.resolve(path).map_err(|reason| Lost::new(path, reason))
    }

    /// For the key of its cache, BuildKit follows all links that a glob brings in, or a copy with
    /// `--exclude` or `--parents`, those below its folders too, and refuses the build where it finds
    /// nothing. What they lead to isn't read for that, but has to be there.
    fn pass_links(&mut self, first: usize) {
        let entries = self.listing.entries();
        let taken = self.ranges[first..].iter().cloned().flatten();
        let mut links = Links::new(self.listing);
        for entry in taken.map(|index| &entries[index]) {
            if matches!(entry.kind, EntryKind::Symlink(_)) {
                self.roots.extend(links.resolve(&entry.path));
            }
        }
        self.roots.extend(links.followed.into_iter().map(|index| entries[index].path.clone()));
        self.roots.extend(links.passed);
    }

    /// Takes what is at a path, links followed.
    fn take(&mut self, source: &str, filter: &Filter<'_>) -> Result<(), Lost> {
        // What is listed has no link on its way.
        if source.len() < links::LONGEST_PATH && !self.listing.below(source).is_empty() {
            self.take_folder(source, filter);
            return Ok(());
        }
        let path = self.resolve(source)?;
        match self.listing.at(&path) {
            Found::Nothing => {
                self.roots.push(path.clone());
                Err(Lost::new(path, MissReason::Missing))
            }
            Found::File(index) | Found::Symlink(index, _) => {
                self.ranges.push(index..index + 1);
                self.roots.push(path);
                Ok(())
            }
            Found::Folder => {
                self.take_folder(&path, filter);
                Ok(())
            }
        }
    }

    fn take_folder(&mut self, folder: &str, filter: &Filter<'_>) {
        // However many sources lead to it: the result is the same.
        if filter.include.is_none()
            && let Some(swept) = &mut self.swept
            && !swept.insert((filter.is_glob, folder.to_owned()))
        {
            return;
        }
        let listing = self.listing;
        let start = match &filter.include {
            Some((start, _)) if start != "." => join(folder, start),
            _ => folder.to_owned(),
        };
        // Nobody asks for the folder that the pattern of `--parents` is looked for in.
        let own = listing.find(&start).filter(|_| filter.include.is_none() || start != folder);
        let own = own.map(|index| index..index + 1);
        let mut taken: Vec<Range<usize>> = own.into_iter().chain([listing.below(&start)]).collect();
        let sifts = [
            filter.include.as_ref().map(|(_, include)| (include, true)),
            filter.exclude.map(|exclude| (exclude, false)),
        ];
        for (patterns, matching) in sifts.into_iter().flatten() {
            taken = sift(listing, folder, taken, patterns, matching);
        }
        if filter.include.is_some() {
            let paths = taken.iter().cloned().flatten();
            self.roots.extend(paths.map(|index| listing.entries()[index].path.clone()));
        } else {
            self.whole |= folder == "." && filter.exclude.is_none();
            self.roots.push(folder.to_owned());
        }
        self.ranges.extend(taken);
    }
}

/// The entries of which the path below `folder` matches the patterns, or doesn't. The folder
/// itself is not asked for.
fn sift(
    listing: &Listing,
    folder: &str,
    ranges: Vec<Range<usize>>,
    patterns: &Dockerignore,
    matching: bool,
) -> Vec<Range<usize>> {
    let mut sweep = Sweep::new(patterns);
    let before = if folder == "." { 0 } else { folder.len() + 1 };
    let kept = ranges.into_iter().flatten().filter(|&index| {
        let below = listing.entries()[index].path.get(before..);
        below.is_none_or(|path| sweep.excludes(path) == matching)
    });
    merge(kept.map(|index| index..index + 1).collect())
}

/// The components before the first that an ignore pattern may not mean as it is written.
pub(crate) fn plain_start(pattern: &str) -> String {
    let components = pattern.split('/');
    let plain: Vec<&str> = components
        .take_while(|component| !component.contains(['*', '?', '[', ']', '\\', '^', '!']))
        .collect();
    if plain.is_empty() { ".".to_owned() } else { plain.join("/") }
}

/// The ranges in order, without overlaps; neighbours become one.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
pub(crate) mod tests;
