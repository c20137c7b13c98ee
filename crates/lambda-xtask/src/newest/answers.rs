//! The commits that were found, by the head that they were found from and by the image's inputs there.
//!
//! What is found from a head is a fact about its history: it holds for ever. So an image that comes to
//! that head on the way from a newer one, with the same inputs, need not go on.

use std::collections::BTreeMap;
use std::path::Path;

use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::state::{read_json, write_json};

/// Raised when what counts as an answer changes.
const VERSION: u32 = 8;
/// Heads of which answers are kept: branches that somebody goes back and forth between.
const HEADS: usize = 4;
/// Hex digits of a fingerprint that are kept.
const DIGITS: usize = 32;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Answers {
    version: u32,
    /// Where the clone's history ends, and where the workspace is in it.
    place: String,
    /// The last ones first.
    heads: Vec<Head>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    commit: String,
    images: BTreeMap<ImageName, Answer>,
}

/// The image's fingerprint at the head, and its newest commit if it has one.
#[derive(Serialize, Deserialize)]
struct Answer(String, Option<String>);

impl Answers {
    pub(super) fn read(path: &Path, place: String) -> Answers {
        let known = read_json::<Answers>(path);
        let known = known.filter(|known| known.version == VERSION && known.place == place);
        known.unwrap_or(Answers { version: VERSION, place, heads: Vec::new() })
    }

    pub(super) fn write(&self, path: &Path) {
        write_json(path, self).unwrap_or_default();
    }

    /// What is known of an image with these inputs at a commit. `Some(None)`: it has no newest commit.
    pub(super) fn at(
        &self,
        commit: &str,
        name: &ImageName,
        fingerprint: Fingerprint,
    ) -> Option<Option<String>> {
        let head = self.heads.iter().find(|head| head.commit == commit)?;
        let Answer(known, newest) = head.images.get(name)?;
        (*known == fingerprint.short(DIGITS)).then(|| newest.clone())
    }

    /// The newest commits of images at a head; `None`: they are not all known.
    pub(super) fn all_at(
        &self,
        head: &str,
        images: &[(ImageName, Fingerprint)],
    ) -> Option<BTreeMap<ImageName, String>> {
        let mut all = BTreeMap::new();
        for (name, fingerprint) in images {
            let newest = self.at(head, name, *fingerprint)?;
            all.extend(newest.map(|newest| (name.clone(), newest)));
        }
        Some(all)
    }

    /// Adds what was found from a head.
    pub(super) fn add<'c>(
        &mut self,
        head: &str,
        images: &[(ImageName, Fingerprint)],
        newest: impl Fn(usize) -> Option<&'c String>,
    ) {
        self.heads.retain(|known| known.commit != head);
        let answer = |(number, (name, fingerprint)): (usize, &(ImageName, Fingerprint))| {
            (name.clone(), Answer(fingerprint.short(DIGITS), newest(number).cloned()))
        };
        let images = images.iter().enumerate().map(answer).collect();
        self.heads.insert(0, Head { commit: head.to_owned(), images });
        self.heads.truncate(HEADS);
    }
}
