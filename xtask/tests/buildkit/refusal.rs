//! Which instructions BuildKit refuses.
//!
//! A refused instruction spoils the build of all worlds in it, so most are foreseen and left out.

use dockerfile::{ContextRead, Entry, EntryKind, Listing, MissReason, select};

use crate::build::Batch;
use crate::sent::has_wildcards;
use crate::world::{Instruction, World};

/// Whether the reads of one instruction fail on what is in a context.
pub(crate) fn is_refused(listing: &Listing, reads: &[ContextRead]) -> bool {
    let selection = select(listing, &reads.iter().collect::<Vec<_>>());
    // Without a folder before the glob, there is none that could be missing.
    let is_fine =
        |reason: MissReason, pattern: &str| reason == MissReason::NoMatch && !pattern.contains('/');
    let misses = selection.misses.iter();
    let entries = listing.entries();
    let mut copied = selection.entries().map(|index| &entries[index]);
    let is_glob = reads.iter().flat_map(|read| &read.patterns).any(|text| has_wildcards(text))
        || reads.iter().any(|read| !read.excludes.is_empty());
    misses.clone().any(|miss| !is_fine(miss.reason, &miss.pattern))
        || (is_glob && copied.any(|entry| is_dead_link(listing, entry)))
}

/// For the key of its cache, BuildKit follows each link that a glob brings in, or a copy with `--exclude`.
fn is_dead_link(listing: &Listing, entry: &Entry) -> bool {
    let read = ContextRead {
        context: None,
        patterns: vec![entry.path.replace('[', "[[]")],
        excludes: Vec::new(),
        parents: false,
        line: 1,
    };
    matches!(entry.kind, EntryKind::Symlink(_)) && !select(listing, &[&read]).misses.is_empty()
}

/// The instructions that fail on what BuildKit's client sends, if they may.
pub(crate) fn foresee_refused(worlds: &[World], batch: &Batch<'_>) -> Vec<(usize, usize)> {
    let cases = worlds.iter().enumerate().flat_map(|(world, whole)| {
        whole.instructions.iter().enumerate().map(move |(index, one)| ((world, index), one))
    });
    let refused = cases.filter(|&((world, index), one)| {
        if !may_be_refused(&worlds[world], one) {
            return false;
        }
        let sent = batch.sent(world, index);
        sent.is_none_or(|sent| is_refused(&sent, &worlds[world].reads(one)))
    });
    refused.map(|(case, _)| case).collect()
}

/// BuildKit's client doesn't send what only some links lead to; see the limitations of `select`.
pub(crate) fn may_be_refused(world: &World, instruction: &Instruction) -> bool {
    let is_link = |entry: &Entry| matches!(entry.kind, EntryKind::Symlink(_));
    let is_glob = instruction.sources.iter().any(|source| has_wildcards(source))
        || !instruction.excludes.is_empty();
    let follows = !world.selection(&[instruction]).links.is_empty();
    follows || (is_glob && world.entries.iter().any(is_link))
}
