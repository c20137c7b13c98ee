//! What is known here of the images that bear the name `stable`: what they were made from.
//!
//! A record is kept when this checkout gives the name. Of an image that somebody else named it is only
//! known whether it is the one of the present inputs.

use std::collections::BTreeMap;

use lambda_images::discovery::ImageName;
use lambda_images::plan::{Destination, ImageNames, PlannedImage, StoredImage};
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;
use lambda_images::stable::{dirty_inputs, stable_reference};
use serde::{Deserialize, Serialize};

use super::digest_of;
use crate::commands::survey::Survey;
use crate::display::note;
use crate::state::{read_json, write_json};
use crate::store::LookUpError;

/// What a base was made from when it was given the name `stable` here, by [`key`]. Each is the record
/// of one image, and true of it whichever has the name: the others are those of a move that came to
/// nothing, or was going on when the process ended.
#[derive(Default, Serialize, Deserialize)]
struct StableRecords {
    named: BTreeMap<String, Vec<StableRecord>>,
}

#[derive(Serialize, Deserialize)]
struct StableRecord {
    digest: String,
    /// Files of it that were in no commit.
    dirty: Vec<String>,
    record: Record,
}

/// What is known of some `stable` bases.
#[derive(Default)]
pub(super) struct KnownStable {
    /// Those of which the inputs have changed since they were named here, and how.
    moved: BTreeMap<ImageName, Vec<Reason>>,
    /// Those that were named elsewhere, of other inputs: older or newer ones.
    foreign: Vec<ImageName>,
    /// Those that are made from uncommitted files: from which.
    pub(super) dirty: BTreeMap<ImageName, Vec<String>>,
}

/// Stacks, and the two stores, each have a `stable` of their own.
fn key(survey: &Survey, name: &ImageName) -> String {
    let store = match survey.destination {
        Destination::Local => "local",
        Destination::Registry => "registry",
    };
    format!("{store} {}", stable_reference(&survey.names[name]))
}

/// Remembers what `image` was made from, which is to be given the name `stable`, beside what is known
/// of the image that has it now.
pub(super) fn keep(survey: &Survey, image: &PlannedImage, digest: &str) -> anyhow::Result<()> {
    let record = StableRecord {
        digest: digest.to_owned(),
        dirty: image.git.dirty_paths().to_vec(),
        record: survey.record(&image.name),
    };
    change(survey, &image.name, |records| {
        records.retain(|known| known.digest != digest);
        records.push(record);
    })
}

/// The name is this image's now: nobody asks for what had it before.
pub(super) fn forget_others(survey: &Survey, name: &ImageName, digest: &str) -> anyhow::Result<()> {
    change(survey, name, |records| records.retain(|known| known.digest == digest))
}

fn change(
    survey: &Survey,
    name: &ImageName,
    change: impl FnOnce(&mut Vec<StableRecord>),
) -> anyhow::Result<()> {
    let path = survey.state.stable_path(name);
    let mut records: StableRecords = read_json(&path).unwrap_or_default();
    change(records.named.entry(key(survey, name)).or_default());
    write_json(&path, &records)
}

/// What is known of these bases, each with the image that is its `stable` now.
///
/// # Errors
/// The store can't be asked.
pub(super) fn look_back(
    survey: &Survey,
    found: &BTreeMap<ImageName, StoredImage>,
) -> Result<KnownStable, LookUpError> {
    let mut unknown: BTreeMap<ImageName, ImageNames> = BTreeMap::new();
    let mut known = KnownStable::default();
    for (name, image) in found {
        let records: Option<StableRecords> = read_json(&survey.state.stable_path(name));
        let records = records.and_then(|mut records| records.named.remove(&key(survey, name)));
        let digest = digest_of(survey, image);
        match records.into_iter().flatten().find(|record| record.digest == digest) {
            Some(record) => {
                let reasons = reasons_since(&record.record, &survey.record(name));
                let is_present = record.record.fingerprint == survey.inputs[name].1;
                known.add_dirty(survey, name, Some(&record.dirty), is_present);
                if !reasons.is_empty() {
                    known.moved.insert(name.clone(), reasons);
                }
            }
            None => drop(unknown.insert(name.clone(), survey.names[name].clone())),
        }
    }
    // Somebody else named it: it is of the present inputs if it is the image of their identity.
    for (name, stored) in survey.store().look_up(&unknown)? {
        let is_present = stored.identity.as_ref().map(|image| &image.id) == Some(&found[&name].id);
        known.add_dirty(survey, &name, None, is_present);
        if !is_present {
            known.foreign.push(name);
        }
    }
    Ok(known)
}

impl KnownStable {
    fn add_dirty(
        &mut self,
        survey: &Survey,
        name: &ImageName,
        named: Option<&[String]>,
        is_present: bool,
    ) {
        let dirty = dirty_inputs(named, is_present, &survey.git[name]);
        if !dirty.is_empty() {
            self.dirty.insert(name.clone(), dirty);
        }
    }

    /// Says which bases are not of the present inputs, by what, and how to make them so.
    pub(super) fn tell_moved_on(&self) {
        let refresh = "`cargo xtask build-lambdas --refresh-base`";
        if !self.moved.is_empty() {
            let moved = self.moved.iter().map(|(name, why)| format!("`{name}` ({})", shown(why)));
            let moved = moved.collect::<Vec<_>>().join(", ");
            note(&format!(
                "note: `stable` is older than the packages: {moved}; {refresh} builds it anew"
            ));
        }
        if !self.foreign.is_empty() {
            // It may be newer: to refresh it from an older checkout would take that from all others.
            let names: Vec<String> = self.foreign.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ");
            note(&format!(
                "note: `stable` was named elsewhere, from other packages than are here: {names}; {refresh} would move it to these, for all who use it"
            ));
        }
    }
}

fn shown(reasons: &[Reason]) -> String {
    const MOST: usize = 3;
    let mut texts: Vec<String> = reasons.iter().take(MOST).map(ToString::to_string).collect();
    if reasons.len() > MOST {
        texts.push(format!("{} more", reasons.len() - MOST));
    }
    texts.join(", ")
}
