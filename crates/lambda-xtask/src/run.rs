//! Runs a plan: starts each image when `Schedule` says so, keeps what succeeded at once, and
//! ends the children when it is interrupted. It has no policy of its own.

mod deadlines;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::plan::{Action, Destination, Plan, PlannedImage, StoredImage};
use lambda_images::record::Record;
use lambda_images::reference::{Digest, ImageReference};
use lambda_images::schedule::Schedule;
use lambda_images::stable::Standing;

use self::deadlines::Deadlines;
use self::running::{Event, Running, Stop, was_interrupted};
use crate::build::{BuildFailed, Built};
use crate::caches::keep_folders;
use crate::display::Display;
use crate::environment::Environment;
use crate::interrupt::Interrupts;
use crate::state::State;
use crate::store::Store;
use crate::switches::ProgressForm;

/// How long to expect of an image that was never built here.
const UNKNOWN: Duration = Duration::from_secs(60);

/// All that a run needs besides the plan.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    /// An image's inputs as they were when its fingerprint was made.
    pub(crate) record_of: &'a (dyn Fn(&ImageName) -> Record + Sync),
    /// Bytes of each image's input files.
    pub(crate) input_size: &'a (dyn Fn(&ImageName) -> u64 + Sync),
    /// Of each image of the plan, why it can be neither built nor named.
    pub(crate) faults: &'a [Option<String>],
    pub(crate) store: &'a Store<'a>,
    pub(crate) state: &'a State,
    /// In the workspace root: all paths of a build are relative to it.
    pub(crate) environment: &'a Environment,
    pub(crate) jobs: usize,
    pub(crate) fail_fast: bool,
    /// How long each build may take.
    pub(crate) timeout: Option<Duration>,
    pub(crate) progress: ProgressForm,
    /// Held by each build too: a build that outlives this process still reads the copies of contexts.
    pub(crate) lock: Option<&'a File>,
}

/// How one image ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Built(Built),
    Retagged,
    UpToDate,
    Failed { error: String },
    Skipped { because_of: Option<ImageName> },
}

/// How the run ended.
pub(crate) struct Finished {
    /// In the plan's order.
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) interrupted: bool,
}

/// What an image that is done leaves.
struct Ended {
    built: Option<Built>,
    /// `None`: it left layers in the cache, and no image.
    stored: Option<StoredImage>,
}

impl Run<'_> {
    /// Runs the plan. `manifest` is written after every image.
    ///
    /// # Errors
    /// The manifest or a record can't be written. What ran till then is kept.
    pub(crate) fn run(&self, manifest: &mut Manifest) -> anyhow::Result<Finished> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        for image in &self.plan.images {
            outcomes.push((image.action == Action::UpToDate).then_some(Outcome::UpToDate));
        }
        self.keep_what_exists(manifest)?;
        let width =
            self.plan.images.iter().map(|image| image.name.as_str().len()).max().unwrap_or(0);
        let left = outcomes.iter().filter(|outcome| outcome.is_none()).count();
        let expected = |name: &ImageName| {
            self.state
                .read_record(name)
                .and_then(|record| record.duration_ms)
                .map_or(UNKNOWN, Duration::from_millis)
        };
        let (sender, receiver) = channel();
        let interrupts = Interrupts::listen({
            let sender = sender.clone();
            move || drop(sender.send(Event::Interrupted))
        })?;
        let mut running = Running {
            run: self,
            schedule: Schedule::new(self.plan, self.jobs, expected),
            display: Display::new(left, width, self.progress),
            groups: BTreeMap::new(),
            are_ended: Arc::default(),
            outcomes,
            bases: self.known_bases(),
            retried: BTreeSet::new(),
            stop: None,
            kill_at: None,
            deadlines: Deadlines::new(self.timeout),
            at_work: 0,
        };
        let result = thread::scope(|scope| {
            let result = running.drive(scope, &sender, &receiver, manifest);
            if result.is_err() {
                // Without the manifest there is no point in going on; nothing may be left running.
                running.leave(&receiver);
            }
            result
        });
        // From here on a signal ends the process. One that came just before was heard by nobody yet.
        drop(interrupts);
        let interrupted = was_interrupted(&receiver) || running.stop == Some(Stop::Interrupted);
        if result.is_err() {
            running.tell_failures();
        }
        let outcomes = running
            .outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::Skipped { because_of: None }))
            .collect();
        running.display.end();
        result?;
        Ok(Finished { outcomes, interrupted })
    }

    /// Images that need nothing are in the manifest before the first build starts.
    fn keep_what_exists(&self, manifest: &mut Manifest) -> anyhow::Result<()> {
        let mut is_changed = !self.state.manifest_path().exists();
        let exists = |image: &&PlannedImage| {
            image.action == Action::UpToDate && image.standing != Standing::StableBase
        };
        for image in self.plan.images.iter().filter(exists) {
            if let Some(stored) = &image.stored.identity {
                let size = (self.input_size)(&image.name);
                let is_other = manifest.insert(image, stored, self.store.destination, size);
                // A record is written before the entry: where that is as it was, so is the record.
                // It may be long, and is read only where it may have to be written.
                if is_other || !self.state.has_record(&image.name) {
                    self.keep_record(image, None)?;
                }
                is_changed |= is_other;
            }
        }
        if is_changed {
            self.state.write_manifest(manifest)?;
        }
        Ok(())
    }

    /// Remembers what an image is made from; `duration` is how long that took, if it was now.
    fn keep_record(&self, image: &PlannedImage, duration: Option<Duration>) -> anyhow::Result<()> {
        let name = &image.name;
        let duration_ms = match duration {
            Some(duration) => u64::try_from(duration.as_millis()).ok(),
            None => match self.state.read_record(name) {
                Some(last) if last.fingerprint == image.fingerprint => return Ok(()),
                last => last.and_then(|last| last.duration_ms),
            },
        };
        self.state.write_record(name, &Record { duration_ms, ..(self.record_of)(name) })
    }

    /// What each image that need not be built is called by those that stand on it.
    fn known_bases(&self) -> BTreeMap<ImageName, ImageReference> {
        let exists = |image: &&PlannedImage| !image.action.runs_build();
        self.plan
            .images
            .iter()
            .filter(exists)
            .map(|image| (image.name.clone(), self.pinned(image, image.stored.identity.as_ref())))
            .collect()
    }

    /// A registry's image is pinned by its digest. In the local store BuildKit looks no digest
    /// up, and the identity tag pins as well: it names these inputs and no others.
    fn pinned(&self, image: &PlannedImage, stored: Option<&StoredImage>) -> ImageReference {
        match stored.and_then(|stored| stored.digest.as_ref()) {
            Some(digest) if self.store.destination == Destination::Registry => {
                image.names.identity.pinned(digest)
            }
            _ => image.names.identity.clone(),
        }
    }

    fn retag(&self, image: &PlannedImage) -> anyhow::Result<Ended> {
        let stored = image.stored.identity.clone();
        let stored = stored.context("an image without an identity can't be given a name")?;
        self.store.name(image, &stored)?;
        Ok(Ended { built: None, stored: Some(stored) })
    }

    fn after_build(&self, image: &PlannedImage, mut built: Built) -> anyhow::Result<Ended> {
        // As a cache that BuildKit can't write: the image is none the worse.
        if let Err(error) = keep_folders(self.environment.current_dir(), &image.caches) {
            built.unwritten.push(format!("{error:#}"));
        }
        if image.action == Action::Warm {
            return Ok(Ended { built: Some(built), stored: None });
        }
        let found = self.store.find(&image.names.identity)?;
        let found = found.with_context(|| {
            format!("`{}` was built, but the store does not have it", image.names.identity)
        })?;
        if self.store.destination == Destination::Registry {
            self.store.name(image, &found)?;
        }
        Ok(Ended { built: Some(built), stored: Some(found) })
    }

    /// What becomes of an image whose build failed. Somebody else may have pushed or loaded the same image in
    /// the meantime: in a registry with immutable tags, or in an engine that two checkouts use, the later
    /// of two fails. Registries and engines say that in many words, or in none: what counts is that
    /// the identity is there. An export that failed otherwise is worth another try: `is_last` tells that
    /// there was one.
    fn after_failed_build(
        &self,
        image: &PlannedImage,
        error: anyhow::Error,
        is_last: bool,
    ) -> Result<Ended, Failed> {
        let is_registry = self.store.destination == Destination::Registry;
        let failed = error.downcast_ref::<BuildFailed>().filter(|_| image.action == Action::Build);
        let Some(failed) = failed.filter(|failed| failed.by_itself) else {
            return Err(Failed::Finally(error));
        };
        let BuildFailed { exported, is_export, .. } = failed;
        let may_try_again = *is_export && !is_last;
        // By force what exists is what is to be replaced.
        if !(is_registry || *is_export) || (image.is_forced() && may_try_again) {
            return Err(Failed::or_again(error, may_try_again));
        }
        let identity = &image.names.identity;
        let Ok(Some(stored)) = self.store.find(identity) else {
            return Err(Failed::or_again(error, may_try_again));
        };
        if image.is_forced() && !is_one_of(&stored, exported) {
            if !is_registry || exported.is_empty() {
                return Err(Failed::Finally(error));
            }
            return Err(Failed::Finally(anyhow!(
                "{error:#}\n`{identity}` exists, and could not be pushed anew\n\
                 hint: are the registry's tags immutable? then build without `--force`, or remove the tag first"
            )));
        }
        self.store.name(image, &stored).map_err(Failed::Finally)?;
        Ok(Ended { built: None, stored: Some(stored) })
    }
}

/// How a build failed.
#[derive(Debug)]
enum Failed {
    Finally(anyhow::Error),
    /// It is worth another try.
    ForNow(anyhow::Error),
}

impl Failed {
    fn or_again(error: anyhow::Error, again: bool) -> Failed {
        if again { Failed::ForNow(error) } else { Failed::Finally(error) }
    }
}

/// Whether an image is what a build has exported, by what its store knows it by.
fn is_one_of(stored: &StoredImage, exported: &[String]) -> bool {
    let digest = stored.digest.as_ref().map(Digest::as_str);
    exported.iter().any(|ours| *ours == stored.id || Some(ours.as_str()) == digest)
}

#[cfg(test)]
mod tests;
