//! Which images are affected by the difference of two states of a workspace, and why.
//!
//! # How it works
//! Both states have been read in the same way, each by its own graph: an image is affected where
//! its fingerprints differ, or where an image that it stands on is affected. So this can say
//! nothing else than a comparison of the fingerprints of the two states would. The reasons come
//! from what the two states have of the image.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::fingerprint::{Fingerprint, Inputs};
use crate::graph::ImageGraph;
use crate::paths;
use crate::reason::Reason;

/// An image of the later state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AffectedImage {
    /// Its name.
    pub name: ImageName,
    /// Base image or Lambda image.
    pub kind: Kind,
    /// Whether it is affected.
    pub affected: bool,
    /// Why; empty where it isn't.
    pub reasons: Vec<Reason>,
}

/// The inputs of all images of one state.
pub type AllInputs = BTreeMap<ImageName, (Inputs, Fingerprint)>;

/// Compares two states; the images come in the order of the later one's graph. `before` gives each
/// fingerprint of the earlier one.
///
/// `doubts` are reasons that hold whatever the fingerprints say. `reasons_of` tells what differs of
/// an image whose fingerprints do. Lambdas use bases that are `stable` as they are.
pub fn compare(
    graph: &ImageGraph,
    before: &dyn Fn(&ImageName) -> Option<Fingerprint>,
    now: &AllInputs,
    doubts: &BTreeMap<ImageName, Reason>,
    reasons_of: &dyn Fn(&ImageName) -> Vec<Reason>,
    is_stable: &dyn Fn(&ImageName) -> bool,
) -> Vec<AffectedImage> {
    let mut affected: BTreeSet<&ImageName> = BTreeSet::new();
    let mut images = Vec::with_capacity(graph.images().len());
    for image in graph.images() {
        let name = image.name();
        let mut reasons: Vec<Reason> = doubts.get(name).cloned().into_iter().collect();
        let (was, is) = (before(name), now[name].1);
        match was {
            None => reasons.push(Reason::ImageAdded),
            Some(was) if was != is => reasons.extend(reasons_of(name)),
            Some(_) => {}
        }
        let is_base = image.declaration.kind == Kind::Base;
        let counts = |base: &&ImageName| affected.contains(base) && (is_base || !is_stable(base));
        for base in image.depends_on.keys().filter(counts) {
            let reason = Reason::BaseAffected { image: base.clone() };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if let (Some(was), true) = (was.filter(|was| *was != is), reasons.is_empty()) {
            reasons.push(Reason::SettingChanged {
                name: "fingerprint".to_owned(),
                was: Some(was.to_string()),
                is: Some(is.to_string()),
            });
        }
        if !reasons.is_empty() {
            affected.insert(name);
        }
        images.push(AffectedImage {
            name: name.clone(),
            kind: image.declaration.kind,
            affected: !reasons.is_empty(),
            reasons,
        });
    }
    images
}

/// For each affected image, one line per reason of its own, and one for each image that it stands on
/// and that is affected by itself: from the cause to the image, `→` between them.
pub fn chains(graph: &ImageGraph, images: &[AffectedImage]) -> BTreeMap<ImageName, Vec<String>> {
    let by_name: BTreeMap<&ImageName, &AffectedImage> =
        images.iter().map(|image| (&image.name, image)).collect();
    let mut chains = BTreeMap::new();
    for image in images.iter().filter(|image| image.affected) {
        let mut lines = Vec::new();
        // The nearest images first, each by the shortest way.
        let mut seen = BTreeSet::from([&image.name]);
        let mut waiting = VecDeque::from([vec![image]]);
        while let Some(way) = waiting.pop_front() {
            let Some(at) = way.last() else { continue };
            // Where nothing is known of the image, what is known of its bases says no more.
            let in_doubt = at.reasons.iter().any(|r| matches!(r, Reason::BaseUnknown { .. }));
            for reason in &at.reasons {
                match reason {
                    Reason::BaseAffected { image: base } => {
                        if let Some((base, next)) = by_name.get_key_value(base)
                            && !in_doubt
                            && seen.insert(base)
                        {
                            waiting.push_back(way.iter().copied().chain([*next]).collect());
                        }
                    }
                    reason => lines.push(chain(graph, reason, &way)),
                }
            }
        }
        chains.insert(image.name.clone(), lines);
    }
    chains
}

fn chain(graph: &ImageGraph, reason: &Reason, way: &[&AffectedImage]) -> String {
    let mut links = vec![reason.to_string()];
    let first = way.last().and_then(|image| graph.get(&image.name));
    if let (Some(path), Some(first)) = (reason.path(), first) {
        let holds =
            |folder: &str| !folder.is_empty() && paths::strip_folder(folder, path).is_some();
        let package = graph.packages().values().find(|package| holds(&package.folder));
        let own = first.declaration.package.as_ref();
        links.extend(
            package
                .filter(|package| {
                    first.declaration.kind == Kind::Base || Some(&package.name) != own
                })
                .map(|package| package.name.to_string()),
        );
    }
    links.extend(way.iter().rev().map(|image| image.name.to_string()));
    links.join(" → ")
}

/// The affected images in levels: each after all affected ones that it stands on.
pub fn levels<'i>(graph: &ImageGraph, images: &'i [AffectedImage]) -> Vec<Vec<&'i AffectedImage>> {
    let mut level_of: BTreeMap<&ImageName, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<&AffectedImage>> = Vec::new();
    for image in images.iter().filter(|image| image.affected) {
        let bases = graph.get(&image.name).into_iter().flat_map(|image| image.depends_on.keys());
        let below = bases.filter_map(|base| level_of.get(base)).max();
        let level = below.map_or(0, |below| below + 1);
        level_of.insert(&image.name, level);
        if levels.len() == level {
            levels.push(Vec::new());
        }
        levels[level].push(image);
    }
    levels
}

#[cfg(test)]
mod tests;
