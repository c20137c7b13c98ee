//! Runs a plan: starts each image when `Schedule` says so, keeps what succeeded at once, and
//! ends the children when it is interrupted. It has no policy of its own.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::plan::{Action, Destination, Plan, PlannedImage, StoredImage};
use lambda_images::record::Record;
use lambda_images::reference::{Digest, ImageReference};
use lambda_images::schedule::Schedule;

use crate::build::{BuildJob, Built, StepFailed};
use crate::display::{Display, seconds};
use crate::environment::Environment;
use crate::interrupt::Interrupts;
use crate::process::{Ending, end_group};
use crate::state::State;
use crate::store::Store;

/// Time that a build has to cancel and leave when it is to end, before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How long to expect of an image that was never built here.
const UNKNOWN: Duration = Duration::from_secs(60);

/// All that a run needs besides the plan.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) records: &'a BTreeMap<ImageName, Record>,
    pub(crate) last: &'a BTreeMap<ImageName, Record>,
    /// Bytes of each image's input files.
    pub(crate) input_sizes: &'a BTreeMap<ImageName, u64>,
    pub(crate) store: &'a Store<'a>,
    pub(crate) state: &'a State,
    /// In the workspace root: all paths of a build are relative to it.
    pub(crate) environment: &'a Environment,
    pub(crate) jobs: usize,
    pub(crate) fail_fast: bool,
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

enum Event {
    Step {
        image: usize,
        step: String,
    },
    /// The child of this image is gone, and its process id may become another's.
    Exited {
        image: usize,
    },
    Ended {
        image: usize,
        result: anyhow::Result<Ended>,
    },
    Interrupted,
}

/// What an image that is done leaves.
struct Ended {
    built: Option<Built>,
    stored: StoredImage,
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
            self.last
                .get(name)
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
            display: Display::new(left, width),
            groups: BTreeMap::new(),
            outcomes,
            bases: self.known_bases(),
            stop: None,
            kill_at: None,
        };
        let result = thread::scope(|scope| {
            let result = running.drive(scope, &sender, &receiver, manifest);
            if result.is_err() {
                // Without the manifest there is no point in going on; nothing may be left running.
                running.end_all(Ending::Kill);
            }
            result
        });
        drop(interrupts);
        let interrupted = running.stop == Some(Stop::Interrupted);
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
        let before = manifest.clone();
        for image in self.plan.images.iter().filter(|image| image.action == Action::UpToDate) {
            if let Some(stored) = &image.stored.identity {
                manifest.insert(image, stored, self.input_sizes[&image.name]);
                self.keep_record(&image.name, None)?;
            }
        }
        if *manifest != before || !self.state.manifest_path().exists() {
            self.state.write_manifest(manifest)?;
        }
        Ok(())
    }

    fn keep_record(&self, name: &ImageName, duration: Option<Duration>) -> anyhow::Result<()> {
        let last = self.last.get(name);
        let now = &self.records[name];
        if duration.is_none() && last.is_some_and(|last| last.fingerprint == now.fingerprint) {
            return Ok(());
        }
        let duration_ms = match duration {
            Some(duration) => u64::try_from(duration.as_millis()).ok(),
            None => last.and_then(|last| last.duration_ms),
        };
        self.state.write_record(name, &Record { duration_ms, ..now.clone() })
    }

    /// What each image that need not be built is called by those that stand on it.
    fn known_bases(&self) -> BTreeMap<ImageName, ImageReference> {
        let exists = |image: &&PlannedImage| image.action != Action::Build;
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
        self.store.rename(image)?;
        let stored = image
            .stored
            .identity
            .clone()
            .context("an image without an identity can't be given a name")?;
        Ok(Ended { built: None, stored })
    }

    fn after_build(&self, image: &PlannedImage, built: Built) -> anyhow::Result<Ended> {
        self.check_inputs(image)?;
        let digest = built.digest.as_ref().map(|digest| digest.parse()).transpose()?;
        if let (Destination::Registry, Some(digest)) = (self.store.destination, &digest) {
            // The push has said what the registry holds: no need to ask it.
            let digest: Digest = Digest::clone(digest);
            let stored = StoredImage { id: digest.to_string(), digest: Some(digest), size: None };
            return Ok(Ended { built: Some(built), stored });
        }
        let found = self.store.find(&image.names.identity)?;
        let found = found.with_context(|| {
            format!("`{}` was built, but the store does not have it", image.names.identity)
        })?;
        Ok(Ended { built: Some(built), stored: found })
    }

    /// The builder read the tree later than the fingerprint was made. Where they may have seen two
    /// states of it, the image must not keep the names that the fingerprint gave it.
    fn check_inputs(&self, image: &PlannedImage) -> anyhow::Result<()> {
        let changed = (self.changed_inputs)(&image.name)?;
        let Some(first) = changed.first() else { return Ok(()) };
        let hint = match self.store.remove_names(&image.names) {
            Ok(()) => "build again: it was given no name".to_owned(),
            Err(_) => format!(
                "build again, after removing `{}` from the registry: it may hold another state",
                image.names.identity
            ),
        };
        let more = if changed.len() > 1 {
            format!(" and {} more", changed.len() - 1)
        } else {
            String::new()
        };
        bail!("its inputs changed while it was built: `{first}`{more}\nhint: {hint}")
    }
}

/// A run on its way.
struct Running<'r, 'a> {
    run: &'r Run<'a>,
    schedule: Schedule,
    display: Display,
    /// Process groups of the builds that run.
    groups: BTreeMap<usize, u32>,
    outcomes: Vec<Option<Outcome>>,
    bases: BTreeMap<ImageName, ImageReference>,
    /// Why nothing more is started.
    stop: Option<Stop>,
    /// When what still runs then is killed.
    kill_at: Option<Instant>,
}

/// The promise of a worker that its image will end: kept even if it panics.
struct End {
    sender: Sender<Event>,
    image: usize,
    told: bool,
}

impl End {
    fn send(&self, event: Event) {
        // It fails only when nobody listens any more, and then nothing is left to tell.
        drop(self.sender.send(event));
    }

    fn tell(mut self, result: anyhow::Result<Ended>) {
        self.told = true;
        self.send(Event::Ended { image: self.image, result });
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.told {
            let result = Err(anyhow::anyhow!("its worker panicked"));
            self.send(Event::Ended { image: self.image, result });
        }
    }
}

/// Why a run ends before all is done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    /// By Ctrl-C.
    Interrupted,
    /// By the failure of this image, with `--fail-fast`.
    Failed(ImageName),
}

impl Stop {
    fn because_of(&self) -> Option<ImageName> {
        match self {
            Stop::Interrupted => None,
            Stop::Failed(name) => Some(name.clone()),
        }
    }
}

impl<'r> Running<'r, '_> {
    fn drive<'s>(
        &mut self,
        scope: &'s thread::Scope<'s, '_>,
        sender: &Sender<Event>,
        events: &Receiver<Event>,
        manifest: &mut Manifest,
    ) -> anyhow::Result<()>
    where
        'r: 's,
    {
        loop {
            while let Some(image) = self.schedule.start_next() {
                self.start(scope, sender, image);
            }
            if self.schedule.is_over() {
                return Ok(());
            }
            let event = match self.kill_at {
                None => events.recv().context("all builds are gone")?,
                Some(at) => match events.recv_timeout(at.saturating_duration_since(Instant::now()))
                {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => {
                        self.kill();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => bail!("all builds are gone"),
                },
            };
            match event {
                Event::Step { image, step } => {
                    self.display.step(&self.run.plan.images[image].name, &step);
                }
                Event::Exited { image } => drop(self.groups.remove(&image)),
                Event::Ended { image, result } => self.ended(image, result, manifest)?,
                Event::Interrupted => self.interrupted(),
            }
        }
    }

    fn start<'s>(&mut self, scope: &'s thread::Scope<'s, '_>, sender: &Sender<Event>, image: usize)
    where
        'r: 's,
    {
        let (run, sender) = (self.run, sender.clone());
        let planned = &run.plan.images[image];
        self.display.start(&planned.name);
        let end = End { sender, image, told: false };
        if planned.action == Action::Retag {
            scope.spawn(move || end.tell(run.retag(planned)));
            return;
        }
        let job = BuildJob {
            build: planned.build(&self.bases),
            environment: run.environment.clone(),
            log: run.state.log_path(&planned.name),
            metadata: run.state.metadata_path(&planned.name),
        };
        match job.start() {
            Err(error) => end.tell(Err(error)),
            Ok(running) => {
                self.groups.insert(image, running.id());
                scope.spawn(move || {
                    let built = running.wait(&|step| {
                        end.send(Event::Step { image, step: step.to_owned() });
                    });
                    end.send(Event::Exited { image });
                    end.tell(built.and_then(|built| run.after_build(planned, built)));
                });
            }
        }
    }

    fn ended(
        &mut self,
        image: usize,
        result: anyhow::Result<Ended>,
        manifest: &mut Manifest,
    ) -> anyhow::Result<()> {
        self.groups.remove(&image);
        let run = self.run;
        let planned = &run.plan.images[image];
        let (outcome, line) = match result {
            Ok(ended) => {
                self.bases.insert(planned.name.clone(), run.pinned(planned, Some(&ended.stored)));
                manifest.insert(planned, &ended.stored, run.input_sizes[&planned.name]);
                run.keep_record(&planned.name, ended.built.as_ref().map(|built| built.duration))?;
                run.state.write_manifest(manifest)?;
                match ended.built {
                    Some(built) => {
                        let steps = built.steps;
                        let line = format!(
                            "built   {} in {}, {} of {} steps cached",
                            planned.name,
                            seconds(built.duration),
                            steps.cached,
                            steps.total
                        );
                        (Outcome::Built(built), line)
                    }
                    None => (
                        Outcome::Retagged,
                        format!("named   {} {}", planned.name, planned.names.reference),
                    ),
                }
            }
            Err(error) if self.stop.is_some() && error.downcast_ref::<StepFailed>().is_none() => {
                let because_of = self.stop.as_ref().and_then(Stop::because_of);
                (Outcome::Skipped { because_of }, format!("ended   {}", planned.name))
            }
            Err(error) => (
                Outcome::Failed { error: format!("{error:#}") },
                format!("failed  {}", planned.name),
            ),
        };
        self.display.finish(&planned.name, &line);
        let succeeded = matches!(outcome, Outcome::Built(_) | Outcome::Retagged);
        let failed = matches!(outcome, Outcome::Failed { .. });
        self.outcomes[image] = Some(outcome);
        for skip in self.schedule.finish(image, succeeded) {
            let name = &run.plan.images[skip.image].name;
            self.display.finish(name, &format!("skipped {name}: `{}` failed", skip.because_of));
            self.outcomes[skip.image] =
                Some(Outcome::Skipped { because_of: Some(skip.because_of) });
        }
        if failed && run.fail_fast && self.stop.is_none() {
            self.stop(Stop::Failed(planned.name.clone()));
        }
        Ok(())
    }

    /// Starts nothing more, and asks what runs to cancel and leave.
    fn stop(&mut self, stop: Stop) {
        for image in self.schedule.stop() {
            self.outcomes[image] = Some(Outcome::Skipped { because_of: stop.because_of() });
        }
        self.end_all(Ending::Interrupt);
        self.kill_at = Some(Instant::now() + GRACE);
        self.stop = Some(stop);
    }

    fn interrupted(&mut self) {
        match self.stop {
            Some(Stop::Interrupted) => self.kill(),
            _ => {
                self.display.say("interrupted: ending the builds (again: at once)");
                self.stop(Stop::Interrupted);
            }
        }
    }

    fn kill(&mut self) {
        self.end_all(Ending::Kill);
        self.kill_at = None;
    }

    fn end_all(&self, ending: Ending) {
        for group in self.groups.values() {
            end_group(*group, ending);
        }
    }
}
