//! Under which reference each image's last build is found, for the inline caches that lie in them.
//!
//! One that this checkout has built is in its manifest. Of a registry only what is there counts: names
//! are asked for in rounds, those of all images at once, and for most images the first is it.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::cache::{EarlierBuilds, seeks_last_image};
use lambda_images::discovery::ImageName;
use lambda_images::plan::{Destination, Plan, PlannedImage};
use lambda_images::reason::Reason;
use lambda_images::reference::ImageReference;

use super::survey::Survey;
use crate::display::note;
use crate::registry::RegistryError;

/// The references, as far as there are any.
pub(super) fn find_last_images(survey: &Survey, plan: &Plan) -> BTreeMap<ImageName, String> {
    let seeks = |image: &&PlannedImage| {
        let known = survey.workspace.graph.get(&image.name);
        image.action.runs_build() && known.is_some_and(|known| seeks_last_image(&known.declaration))
    };
    let images: Vec<&PlannedImage> = plan.images.iter().filter(seeks).collect();
    if images.is_empty() {
        return BTreeMap::new();
    }
    let manifest = survey.state.read_manifest(&survey.stack);
    let of_manifest = |name: &ImageName| {
        let entry = manifest.images.iter().find(|entry| entry.name == *name)?;
        Some(entry.image_ref.clone())
    };
    // Who could not be asked a moment ago is not asked again.
    let is_asked = |image: &&&PlannedImage| {
        survey.destination == Destination::Registry
            && !image.reasons.iter().any(|reason| matches!(reason, Reason::StoreUnknown { .. }))
    };
    let (asked, others): (Vec<&PlannedImage>, Vec<&PlannedImage>) =
        images.iter().partition(is_asked);
    let mut found: BTreeMap<ImageName, String> = others
        .into_iter()
        .filter_map(|image| Some((image.name.clone(), of_manifest(&image.name)?)))
        .collect();
    let names: BTreeSet<&ImageName> = asked.iter().map(|image| &image.name).collect();
    if names.is_empty() {
        return found;
    }
    let commits = survey.earlier_commits(&names);
    let candidates = asked.into_iter().map(|image| {
        let builds = EarlierBuilds {
            names: &image.names,
            stored: &image.stored,
            fingerprint: &image.fingerprint,
            policy: survey.workspace.config.tag_policy,
            last: of_manifest(&image.name).and_then(|text| text.parse().ok()),
            commits: commits.get(&image.name).map_or(&[], Vec::as_slice),
        };
        (image.name.clone(), builds.candidates())
    });
    let exist = |references: &[&ImageReference]| survey.exist(references);
    found.extend(first_that_exist(&exist, candidates.collect()));
    found
}

/// Which of some references there are.
type Exist<'a> = dyn Fn(&[&ImageReference]) -> Result<Vec<bool>, RegistryError> + 'a;

/// Of each image the first name that its registry has. A registry that gives no answer, such as one
/// that images have moved away from, is not asked again.
fn first_that_exist(
    exist: &Exist,
    mut left: BTreeMap<ImageName, Vec<ImageReference>>,
) -> BTreeMap<ImageName, String> {
    let host = |reference: &ImageReference| reference.repository.split().0.map(str::to_owned);
    let mut found = BTreeMap::new();
    loop {
        left.retain(|name, candidates| !found.contains_key(name) && !candidates.is_empty());
        if left.is_empty() {
            return found;
        }
        let mut rounds: BTreeMap<Option<String>, Vec<(ImageName, ImageReference)>> =
            BTreeMap::new();
        for (name, candidates) in &mut left {
            let first = candidates.remove(0);
            rounds.entry(host(&first)).or_default().push((name.clone(), first));
        }
        for (of, round) in rounds {
            let references: Vec<&ImageReference> = round.iter().map(|(_, name)| name).collect();
            match exist(&references) {
                Ok(exist) => {
                    let there = round.into_iter().zip(exist).filter(|(_, exists)| *exists);
                    found.extend(there.map(|((name, reference), _)| (name, reference.to_string())));
                }
                // They only make a build faster.
                Err(error) => {
                    note(&format!("note: inline caches were not looked for: {}", error.message()));
                    for candidates in left.values_mut() {
                        candidates.retain(|candidate| host(candidate) != of);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_is_gone_ends_the_search_in_it_alone() {
        let asked = std::cell::RefCell::new(Vec::new());
        let exist = |references: &[&ImageReference]| {
            let texts: Vec<String> = references.iter().map(ToString::to_string).collect();
            asked.borrow_mut().push(texts.join(" "));
            match texts[0].starts_with("old.example/") {
                true => Err(RegistryError::Unreachable {
                    host: "old.example".to_owned(),
                    why: "gone".to_owned(),
                }),
                false => Ok(texts.iter().map(|text| text.ends_with(":there")).collect()),
            }
        };
        let names = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let left = BTreeMap::from([
            (
                ImageName::new("a").unwrap(),
                names(&["old.example/a:1", "old.example/a:2", "r.example/a:there"]),
            ),
            (ImageName::new("b").unwrap(), names(&["r.example/b:there"])),
            (ImageName::new("c").unwrap(), names(&["old.example/c:1"])),
        ]);
        let found = first_that_exist(&exist, left);
        let found: Vec<String> = found.into_values().collect();
        assert_eq!(found, ["r.example/a:there", "r.example/b:there"]);
        let expected =
            ["old.example/a:1 old.example/c:1", "r.example/b:there", "r.example/a:there"];
        assert_eq!(*asked.borrow(), expected);
    }
}
