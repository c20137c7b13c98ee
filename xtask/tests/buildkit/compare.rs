//! What arrives against what we name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use dockerfile::{ContextRead, EntryKind, Listing, select};

use crate::build::{Arrived, Batch, Output, Refused, build_original};
use crate::refusal::{foresee_refused, may_be_refused};
use crate::shrink::shrink;
use crate::world::{IGNORE_FILE, World};

/// Says something to whoever watches the tests run.
pub(crate) fn report(text: fmt::Arguments<'_>) {
    // Not by `eprintln!`, which is kept back where the test passes.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{text}").unwrap();
}

/// What isn't a counter-example, but has to be rare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Instructions that BuildKit refused because of links.
    pub(crate) refused: usize,
    /// Instructions that read fewer than we name.
    pub(crate) imprecise: usize,
}

/// Compares all worlds and panics with the smallest counter-example.
#[track_caller]
pub(crate) fn compare_batch(worlds: &[World]) -> Counts {
    match try_batch(worlds) {
        Ok(counts) => counts,
        Err((world, problem)) => {
            report(format_args!("{problem}\n{}shrinking …", worlds[world]));
            let (world, problem) = shrink(worlds[world].clone(), problem, |world| {
                try_batch(std::slice::from_ref(world)).err().map(|(_, problem)| problem)
            });
            panic!("{problem}\n{world}narrowed to {:?}\n{world:?}", world.narrowed_ignore());
        }
    }
}

/// The counts, or the world that is at odds and how.
fn try_batch(worlds: &[World]) -> Result<Counts, (usize, String)> {
    let mut left_out = foresee_refused(worlds, &Batch::write(worlds, &[]));
    loop {
        let batch = Batch::write(worlds, &left_out);
        let (culprits, words) = match batch.build("original") {
            Ok(original) => {
                let imprecise = compare_original(worlds, &batch, &original)?;
                compare_narrowed(worlds, &batch, &original)?;
                return Ok(Counts { refused: left_out.len(), imprecise });
            }
            Err(Refused { instruction: Some(culprit), words }) => (vec![culprit], words),
            Err(Refused { instruction: None, words }) => (find_culprits(worlds, &left_out), words),
        };
        assert!(!culprits.is_empty(), "only the whole batch fails: {words}");
        for (world, index) in culprits {
            if !may_be_refused(&worlds[world], &worlds[world].instructions[index]) {
                return Err((world, format!("BuildKit refuses: {words}")));
            }
            let line = worlds[world].instructions[index].render(None, "/");
            let last = words.trim_end().lines().last().unwrap_or_default();
            report(format_args!("refused because of links: {line}\n  {last}"));
            left_out.push((world, index));
        }
    }
}

/// Where BuildKit's client is the one to fail, it doesn't say at which instruction.
fn find_culprits(worlds: &[World], left_out: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut culprits = Vec::new();
    for (world, whole) in worlds.iter().enumerate() {
        for (index, instruction) in whole.instructions.iter().enumerate() {
            let alone = World { instructions: vec![instruction.clone()], ..whole.clone() };
            let suspect = !left_out.contains(&(world, index)) && may_be_refused(whole, instruction);
            if suspect && build_original(std::slice::from_ref(&alone)).is_err() {
                culprits.push((world, index));
            }
        }
    }
    culprits
}

/// Gives the number of instructions that read fewer than we name.
fn compare_original(
    worlds: &[World],
    batch: &Batch<'_>,
    output: &Output,
) -> Result<usize, (usize, String)> {
    let mut imprecise = 0;
    for (&(index, instruction), arrived) in output {
        let compared = compare_instruction(
            &worlds[index],
            instruction,
            batch.sent(index, instruction),
            arrived,
        );
        let is_precise =
            compared.map_err(|problem| (index, format!("instruction {instruction}: {problem}")))?;
        imprecise += usize::from(!is_precise);
    }
    Ok(imprecise)
}

/// Whether we name exactly what arrives; in any case no less, and of what BuildKit's client sends
/// just that.
fn compare_instruction(
    world: &World,
    instruction: usize,
    sent: Option<Listing>,
    arrived: &BTreeMap<PathBuf, Arrived>,
) -> Result<bool, String> {
    let instruction = &world.instructions[instruction];
    let named = copied(&world.listing(), &world.reads(instruction));
    let sent = sent.ok_or("BuildKit's client fails, by our reading of it")?;
    let exactly = copied(&sent, &world.reads(instruction));
    let mut seen = BTreeSet::new();
    let mut empty = 0;
    for what in arrived.values() {
        match what {
            Arrived::Folder => {}
            // BuildKit's two ideas of an ignore file: sent by one, not opened by the other.
            Arrived::File(text) if text.is_empty() => empty += 1,
            what => {
                seen.insert(identify(world, what).ok_or_else(|| format!("{what:?} is unknown"))?);
            }
        }
    }
    if let Some(path) = seen.difference(&named.all).next() {
        return Err(format!("`{path}` arrives and isn't named"));
    }
    if let Some(path) = seen.difference(&exactly.all).next() {
        return Err(format!("`{path}` arrives and wasn't sent, by our reading"));
    }
    let missing: Vec<&String> = exactly.sure.difference(&seen).collect();
    if missing.len() > empty {
        return Err(format!("{missing:?} are named and sent, and {empty} arrive empty"));
    }
    Ok(named.all == exactly.all)
}

/// The files and links that a copy brings.
struct Copied {
    all: BTreeSet<String>,
    /// Without those links that are followed too: what they lead to may overwrite them.
    sure: BTreeSet<String>,
}

fn copied(listing: &Listing, reads: &[ContextRead]) -> Copied {
    let selection = select(listing, &reads.iter().collect::<Vec<_>>());
    let entries = listing.entries();
    let ranges = selection.ranges.iter().cloned().flatten();
    let files = ranges.filter(|&index| entries[index].kind != EntryKind::Folder);
    let path = |index: usize| entries[index].path.clone();
    let all: BTreeSet<String> = files.map(path).collect();
    let mut sure = all.clone();
    for &link in &selection.links {
        sure.remove(&path(link));
    }
    Copied { all, sure }
}

/// The path of the entry that has arrived.
fn identify(world: &World, arrived: &Arrived) -> Option<String> {
    let is_it = |kind: &EntryKind, path: &str| match (kind, arrived) {
        (EntryKind::File, Arrived::File(text)) => text == path,
        (EntryKind::Symlink(own), Arrived::Symlink(text)) => own == text,
        _ => false,
    };
    let found = world.entries.iter().find(|entry| is_it(&entry.kind, &entry.path));
    let ignore = matches!(arrived, Arrived::File(text) if *text == world.ignore);
    found.map(|entry| entry.path.clone()).or_else(|| ignore.then(|| IGNORE_FILE.to_owned()))
}

/// With the narrowed ignore files, the same comes out.
fn compare_narrowed(
    worlds: &[World],
    batch: &Batch<'_>,
    original: &Output,
) -> Result<(), (usize, String)> {
    batch.narrow();
    let narrowed = match batch.build("narrowed") {
        Ok(narrowed) => narrowed,
        Err(Refused { instruction: Some((world, _)), words }) => {
            return Err((world, format!("refused once narrowed: {words}")));
        }
        Err(Refused { instruction: None, words }) => {
            panic!("the narrowed build failed, and doesn't say where: {words}")
        }
    };
    for (&(world, instruction), arrived) in original {
        let without_ignore = |arrived: &BTreeMap<PathBuf, Arrived>| {
            let mut arrived = arrived.clone();
            arrived.remove(&PathBuf::from(IGNORE_FILE));
            arrived
        };
        let (before, after) =
            (without_ignore(arrived), without_ignore(&narrowed[&(world, instruction)]));
        if before != after {
            let text = worlds[world].narrowed_ignore();
            return Err((world, format!("{before:?}\nbecomes {after:?}\nby {text:?}")));
        }
    }
    Ok(())
}
