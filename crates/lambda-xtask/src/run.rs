//! Runs a plan: starts each image when `Schedule` says so, keeps what succeeded at once, and
//! ends the children when it is interrupted. It has no policy of its own.

mod running;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::plan::{Action, Destination, Plan, PlannedImage, StoredImage};
use lambda_images::record::Record;
use lambda_images::reference::{Digest, ImageReference};
use lambda_images::schedule::Schedule;
use lambda_images::stable::Standing;

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
    /// Writes the Dockerfile and the ignore file that the builder is handed.
    pub(crate) stage: &'a (dyn Fn(&ImageName) -> anyhow::Result<()> + Sync),
    pub(crate) store: &'a Store<'a>,
    pub(crate) state: &'a State,
    /// In the workspace root: all paths of a build are relative to it.
    pub(crate) environment: &'a Environment,
    pub(crate) jobs: usize,
    pub(crate) fail_fast: bool,
    pub(crate) progress: ProgressForm,
    /// Inputs of an image that are no longer what its fingerprint was made from.
    pub(crate) changed_inputs: &'a (dyn Fn(&ImageName) -> anyhow::Result<Vec<String>> + Sync),
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
    pub(crate) duration: Duration,
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
            stop: None,
            kill_at: None,
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
        let duration = running.display.end();
        result?;
        Ok(Finished { outcomes, duration, interrupted })
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
        if image.action != Action::Warm {
            // First of all: whatever fails later must not leave a name that is not true.
            self.check_inputs(image, built.digest.as_deref())?;
        }
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

    /// What a build that failed or was cancelled has exported before it did is there: with a cache that
    /// could not be written, or was still being written. And a push may have failed because somebody else
    /// has pushed the same image in the meantime, and tags are immutable. Registries and engines tell that
    /// in many words, or in none: what counts is that the identity is there.
    fn after_failed_build(
        &self,
        image: &PlannedImage,
        error: anyhow::Error,
    ) -> anyhow::Result<Ended> {
        let failed = error.downcast_ref::<BuildFailed>().filter(|_| image.action == Action::Build);
        let Some(BuildFailed { by_itself, exported, .. }) = failed else { return Err(error) };
        let may_be_others = *by_itself && self.store.destination == Destination::Registry;
        if exported.is_empty() && !may_be_others {
            return Err(error);
        }
        let identity = &image.names.identity;
        let stored = match self.store.find(identity) {
            Ok(Some(stored)) => stored,
            Ok(None) => return Err(error),
            Err(why) => return Err(self.unknown_after_failure(image, error, &why)),
        };
        let doubt = doubt((self.changed_inputs)(&image.name));
        let is_ours = is_one_of(&stored, exported);
        if let (Some(doubt), true) = (&doubt, is_ours) {
            let Doubted(why) = self.take_names_away(image, stored.digest.as_ref(), doubt);
            return Err(Doubted(format!("{error:#}\n{why}")).into());
        }
        // By force what exists is what is to be replaced: only a push says something of its tag.
        let is_before_push = image.is_forced() && exported.is_empty();
        if doubt.is_some() || !may_be_others || is_before_push {
            return Err(error);
        }
        if image.is_forced() && !is_ours {
            bail!(
                "{error:#}\n`{identity}` exists, and could not be pushed anew\n\
                 hint: are the registry's tags immutable? then build without `--force`, or remove the tag first"
            );
        }
        self.store.name(image, &stored)?;
        Ok(Ended { built: None, stored: Some(stored) })
    }

    /// Of a build that failed, where the store can't be asked what has become of it.
    fn unknown_after_failure(
        &self,
        image: &PlannedImage,
        error: anyhow::Error,
        why: &anyhow::Error,
    ) -> anyhow::Error {
        let exports = error.downcast_ref::<BuildFailed>();
        let exports = exports.is_some_and(|failed| !failed.exported.is_empty());
        match doubt((self.changed_inputs)(&image.name)).filter(|_| exports) {
            Some(doubt) => {
                let hint = self.removal_hint(image, "may have it", why);
                Doubted(format!("{error:#}\n{doubt}\nhint: {hint}")).into()
            }
            None => error,
        }
    }

    /// The builder read the tree later than the fingerprint was made. Where they may have seen two
    /// states of it, the image must not keep the names that the fingerprint gave it.
    fn check_inputs(&self, image: &PlannedImage, digest: Option<&str>) -> anyhow::Result<()> {
        let digest = digest.map(parse_digest).transpose();
        let doubt = match &digest {
            Ok(_) => doubt((self.changed_inputs)(&image.name)),
            Err(error) => Some(format!("{error:#}")),
        };
        let Some(doubt) = doubt else { return Ok(()) };
        Err(self.take_names_away(image, digest.ok().flatten().as_ref(), &doubt).into())
    }

    /// Of an image that may not be what its fingerprint says.
    fn take_names_away(
        &self,
        image: &PlannedImage,
        digest: Option<&Digest>,
        doubt: &str,
    ) -> Doubted {
        let hint = match self.store.remove_names(&image.names, digest) {
            Ok(()) => "build again: it was given no name".to_owned(),
            Err(error) => self.removal_hint(image, "still has it", &error),
        };
        Doubted(format!("{doubt}\nhint: {hint}"))
    }

    /// What is to be done where a name that may not be true could not be taken away; `has`: what is known
    /// of the store.
    fn removal_hint(&self, image: &PlannedImage, has: &str, why: &anyhow::Error) -> String {
        let identity = &image.names.identity;
        let why = why.to_string();
        let why = why.lines().next().unwrap_or_default();
        match self.store.destination {
            Destination::Registry => format!(
                "remove `{identity}` from the registry, which {has} ({why}), and build again: it may hold another state"
            ),
            Destination::Local => format!(
                "`docker image rm {identity}` in the local store, which {has} ({why}), and build again: it may hold another state"
            ),
        }
    }
}

/// What may not be what its fingerprint says: told however the run ends.
#[derive(Debug)]
struct Doubted(String);

impl fmt::Display for Doubted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Doubted {}

/// Whether an image is what a build has exported, by what its store knows it by.
fn is_one_of(stored: &StoredImage, exported: &[String]) -> bool {
    let digest = stored.digest.as_ref().map(Digest::as_str);
    exported.iter().any(|ours| *ours == stored.id || Some(ours.as_str()) == digest)
}

/// What the builder says that it has made.
fn parse_digest(text: &str) -> anyhow::Result<Digest> {
    text.parse().with_context(|| format!("the builder gave no digest, but `{text}`"))
}

/// Why an image may not be what its fingerprint says; `None`: it is.
fn doubt(changed: anyhow::Result<Vec<String>>) -> Option<String> {
    let changed = match changed {
        Ok(changed) => changed,
        Err(error) => {
            return Some(format!(
                "whether its inputs changed while it was built can't be told: {error:#}"
            ));
        }
    };
    let (first, others) = changed.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some(format!("its inputs changed while it was built: `{first}`{more}"))
}

#[cfg(test)]
mod tests;
