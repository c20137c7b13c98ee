//! Finds out which platforms external bases are for: of their registries, each digest once and for all.
//!
//! What can't be found out within [`LIMIT`] is left out: it only serves a warning. What it means for
//! an image is decided by `lambda_images::base_platform`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use lambda_images::ecr::Ecr;
use lambda_images::graph::{Image, ImageGraph};
use lambda_images::reference::ImageReference;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::display::note;
use crate::environment::Environment;
use crate::process::output_within;
use crate::registry::{Platform, Platforms, RegistryClient};
use crate::state::{State, read_json, write_json};

/// How long a run waits for registries before it goes on without an answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Digests that are remembered.
const MOST_KNOWN: usize = 1000;

/// Platforms, by the digest of an index or a manifest.
type Known = BTreeMap<String, BTreeSet<String>>;

/// Questions on their way.
pub(crate) struct Asked {
    answers: Receiver<Vec<Answer>>,
    known: Known,
}

/// A reference, the digest that it leads to, and the platforms of that.
struct Answer {
    reference: String,
    digest: String,
    platforms: BTreeSet<String>,
}

/// Asks for the bases that these images begin with, without waiting for an answer. `None`: none has
/// one.
pub(crate) fn ask<'i>(
    environment: &Environment,
    state: &State,
    images: impl Iterator<Item = &'i Image>,
) -> Option<Asked> {
    let bases = images.filter_map(Image::final_base);
    let references: BTreeSet<String> = bases.map(|base| base.reference).collect();
    if references.is_empty() {
        return None;
    }
    let known: Known = read_json(&state.base_platforms_path()).unwrap_or_default();
    let (sender, answers) = channel();
    let (environment, before) = (environment.clone(), known.clone());
    thread::spawn(move || {
        let found = references.par_iter().filter_map(|it| find(&environment, &before, it));
        // After the limit there is no receiver.
        drop(sender.send(found.collect()));
    });
    Some(Asked { answers, known })
}

impl Asked {
    /// Warns of images whose base is for other platforms, once the answers are there.
    pub(crate) fn warn<'i>(mut self, state: &State, images: impl Iterator<Item = &'i Image>) {
        let Ok(answers) = self.answers.recv_timeout(LIMIT) else { return };
        let mut is_new = false;
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for Answer { reference, digest, platforms } in answers {
            is_new |= !self.known.contains_key(&digest);
            self.known.insert(digest, platforms.clone());
            found.insert(reference, platforms);
        }
        if is_new {
            if self.known.len() > MOST_KNOWN {
                self.known.clear();
            }
            // It only saves questions.
            drop(write_json(&state.base_platforms_path(), &self.known));
        }
        for image in images {
            let Some(base) = image.final_base() else { continue };
            let Some(platforms) = found.get(&base.reference) else { continue };
            if let Some(problem) = image.other_platform(&base, platforms) {
                note(&format!("warning: {problem}"));
            }
        }
    }
}

/// The same for all images of a graph, waiting for the answers.
pub(crate) fn warn_of_all(environment: &Environment, state: &State, graph: &ImageGraph) {
    if let Some(asked) = ask(environment, state, graph.images().iter()) {
        asked.warn(state, graph.images().iter());
    }
}

fn find(environment: &Environment, known: &Known, written: &str) -> Option<Answer> {
    let mut reference: ImageReference = written.parse().ok()?;
    let host = reference.repository.split().0.unwrap_or_default();
    let client = RegistryClient::new(environment, Ecr::of_host(host));
    let digest = match reference.digest.clone() {
        Some(digest) => digest,
        None => client.resolve(&reference).ok()??,
    };
    let answer = |platforms| {
        let digest = digest.to_string();
        Some(Answer { reference: written.to_owned(), digest, platforms })
    };
    if let Some(platforms) = known.get(digest.as_str()) {
        return answer(platforms.clone());
    }
    reference = reference.pinned(&digest);
    match client.platforms(&reference).ok()? {
        Platforms::These(platforms) => answer(platforms),
        Platforms::OfConfig => answer(BTreeSet::from([of_config(environment, &reference)?])),
        Platforms::Unknown => None,
    }
}

/// The platform of a single image. Its configuration is a blob: where a registry sends elsewhere for
/// those, docker follows.
fn of_config(environment: &Environment, reference: &ImageReference) -> Option<String> {
    let mut inspect = environment.command("docker");
    inspect.args(["buildx", "imagetools", "inspect", "--format", "{{json .Image}}"]);
    let said = output_within(inspect.arg(reference.to_string()), LIMIT)?;
    let platform: Platform = serde_json::from_slice(&said).ok()?;
    platform.text()
}
