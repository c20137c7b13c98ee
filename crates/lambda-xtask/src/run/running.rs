//! A run on its way: starts what the schedule says, hears what ends, stops when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use dockerfile::Cut;
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::plan::{Action, PlannedImage};
use lambda_images::reference::ImageReference;
use lambda_images::schedule::Schedule;

use super::deadlines::Deadlines;
use super::{Ended, Failed, Outcome, Run};
use crate::build::{BuildFailed, BuildJob, Built, Said};
use crate::caches::clear_folders;
use crate::display::{Display, seconds};
use crate::process::{Ending, end_group};
use crate::switches::ProgressForm;

/// Time that a build has to cancel and leave when it is to end, before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// What the main thread is told.
pub(super) enum Event {
    Step {
        image: usize,
        step: String,
    },
    Log {
        image: usize,
        lines: String,
    },
    /// The child of this image is gone, and its process id may become another's.
    Exited {
        image: usize,
    },
    Ended {
        image: usize,
        result: anyhow::Result<Ended>,
    },
    /// The build of this image failed, and may succeed when it is tried again.
    Failed {
        image: usize,
        error: anyhow::Error,
    },
    Interrupted,
}

/// A run on its way.
pub(super) struct Running<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    pub(super) schedule: Schedule,
    pub(super) display: Display,
    /// Process groups of the builds that run.
    pub(super) groups: BTreeMap<usize, u32>,
    /// Whether they have been asked to leave.
    pub(super) are_ended: Arc<AtomicBool>,
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) bases: BTreeMap<ImageName, ImageReference>,
    /// Images whose build was tried again.
    pub(super) retried: BTreeSet<usize>,
    /// Why nothing more is started.
    pub(super) stop: Option<Stop>,
    /// When what still runs then is killed.
    pub(super) kill_at: Option<Instant>,
    pub(super) deadlines: Deadlines,
    /// Images that were started and have not ended.
    pub(super) at_work: usize,
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

    fn tell_build(mut self, result: Result<Ended, Failed>) {
        match result {
            Ok(ended) => self.tell(Ok(ended)),
            Err(Failed::Finally(error)) => self.tell(Err(error)),
            Err(Failed::ForNow(error)) => {
                self.told = true;
                self.send(Event::Failed { image: self.image, error });
            }
        }
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
pub(super) enum Stop {
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

/// Whether a signal is among what nobody has heard yet, when nothing more is heard.
pub(super) fn was_interrupted(unheard: &Receiver<Event>) -> bool {
    unheard.try_iter().any(|event| matches!(event, Event::Interrupted))
}

/// Whether an error is told of an image that was to end anyway.
fn is_told(error: &anyhow::Error) -> bool {
    error.downcast_ref::<BuildFailed>().is_some_and(|failed| failed.by_itself)
}

impl<'r> Running<'r, '_> {
    /// Runs to the end: everything is done, skipped, or has been asked to leave.
    pub(super) fn drive<'s>(
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
            let wake_at = [self.kill_at, self.deadlines.next()].into_iter().flatten().min();
            let event = match wake_at {
                None => events.recv().context("all builds are gone")?,
                Some(at) => match events.recv_timeout(at.saturating_duration_since(Instant::now()))
                {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => {
                        self.end_late();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => bail!("all builds are gone"),
                },
            };
            match event {
                Event::Step { image, step } => {
                    self.display.step(&self.run.plan.images[image].name, &step);
                }
                Event::Log { image, lines } => {
                    self.display.log(&self.run.plan.images[image].name, &lines);
                }
                Event::Exited { image } => {
                    self.groups.remove(&image);
                    self.deadlines.end(image);
                }
                Event::Ended { image, result } => self.ended(image, result, manifest)?,
                Event::Failed { image, error }
                    if self.stop.is_some() || self.deadlines.is_late(image) =>
                {
                    self.ended(image, Err(error), manifest)?;
                }
                Event::Failed { image, .. } => {
                    self.at_work -= 1;
                    self.retried.insert(image);
                    let name = &self.run.plan.images[image].name;
                    self.display.say(&format!("note: {name}: the export failed: trying once more"));
                    self.start(scope, sender, image);
                }
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
        self.at_work += 1;
        let end = End { sender, image, told: false };
        if let Some(fault) = &run.faults[image] {
            end.tell(Err(anyhow!("{fault}")));
            return;
        }
        if planned.action == Action::Retag {
            scope.spawn(move || end.tell(run.retag(planned)));
            return;
        }
        let job = BuildJob {
            build: planned.build(&self.bases),
            environment: run.environment.clone(),
            log: match planned.action {
                Action::Warm => run.state.warm_log_path(&planned.name),
                _ => run.state.log_path(&planned.name),
            },
            metadata: run.state.metadata_path(&planned.name),
            lock: run.lock,
        };
        let root = run.environment.current_dir();
        let ready = clear_folders(root, &planned.caches);
        match ready.and_then(|()| job.start()) {
            Err(error) => end.tell(Err(error)),
            Ok(running) => {
                self.groups.insert(image, running.id());
                self.deadlines.start(image, Instant::now());
                let wants_log = run.progress == ProgressForm::Plain;
                let are_ended = Arc::clone(&self.are_ended);
                let is_last = self.retried.contains(&image);
                scope.spawn(move || {
                    let built = running.wait(&are_ended, &|said| match said {
                        // What only serves to reach the ends of a part is nobody's step.
                        Said::Step(step) if step.contains(Cut::NOTHING) => {}
                        Said::Step(step) => end.send(Event::Step { image, step: step.to_owned() }),
                        Said::Log(lines) if wants_log && !lines.is_empty() => {
                            end.send(Event::Log { image, lines: lines.to_owned() });
                        }
                        Said::Log(_) => {}
                    });
                    end.send(Event::Exited { image });
                    end.tell_build(match built {
                        Ok(built) => run.after_build(planned, built).map_err(Failed::Finally),
                        Err(error) => run.after_failed_build(planned, error, is_last),
                    });
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
        self.at_work -= 1;
        let run = self.run;
        let planned = &run.plan.images[image];
        let result = result.map_err(|error| self.why_late(image).unwrap_or(error));
        let (outcome, line) = match result {
            Ok(ended) => {
                if let Some(stored) = &ended.stored {
                    self.bases.insert(planned.name.clone(), run.pinned(planned, Some(stored)));
                    let size = (run.input_size)(&planned.name);
                    manifest.insert(planned, stored, run.store.destination, size);
                    let duration = ended.built.as_ref().map(|built| built.duration);
                    run.keep_record(planned, duration)?;
                    run.state.write_manifest(manifest)?;
                }
                self.outcome_of(planned, ended.built)
            }
            Err(error) if self.stop.is_some() && !is_told(&error) => {
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

    fn outcome_of(&self, planned: &PlannedImage, built: Option<Built>) -> (Outcome, String) {
        let name = &planned.name;
        let Some(built) = built else {
            return (Outcome::Retagged, format!("named   {name} {}", planned.names.reference));
        };
        for unwritten in &built.unwritten {
            self.display
                .say(&format!("warning: {name}: a cache could not be written: {unwritten}"));
        }
        let verb = if planned.action == Action::Warm { "warmed " } else { "built  " };
        let (time, steps) = (seconds(built.duration), built.steps);
        let line =
            format!("{verb} {name} in {time}, {} of {} steps cached", steps.cached, steps.total);
        (Outcome::Built(built), line)
    }

    /// Lets all that still runs end where there is no point in going on. Builds are killed; whoever
    /// waits for a registry may be left behind by Ctrl-C.
    pub(super) fn leave(&mut self, events: &Receiver<Event>) {
        self.end_all(Ending::Kill);
        self.run.store.registry.end(Ending::Interrupt);
        if self.at_work > 0 {
            self.display.say("failed: ending the builds (Ctrl-C: at once)");
        }
        while self.at_work > 0 {
            match events.recv() {
                Ok(Event::Ended { image, result }) => {
                    self.groups.remove(&image);
                    self.at_work -= 1;
                    if let Err(error) = result
                        && is_told(&error)
                    {
                        self.outcomes[image] =
                            Some(Outcome::Failed { error: format!("{error:#}") });
                    }
                }
                Ok(Event::Failed { image, error }) => {
                    self.groups.remove(&image);
                    self.at_work -= 1;
                    self.outcomes[image] = Some(Outcome::Failed { error: format!("{error:#}") });
                }
                Ok(Event::Exited { image }) => drop(self.groups.remove(&image)),
                Ok(Event::Interrupted) => {
                    self.end_all(Ending::Kill);
                    self.run.store.registry.end(Ending::Kill);
                    self.stop = Some(Stop::Interrupted);
                }
                Ok(Event::Step { .. } | Event::Log { .. }) => {}
                Err(_) => return,
            }
        }
    }

    /// Says what failed, where the run ends by an error of its own that hides its outcomes.
    pub(super) fn tell_failures(&self) {
        for (image, outcome) in self.run.plan.images.iter().zip(&self.outcomes) {
            if let Some(Outcome::Failed { error }) = outcome {
                self.display.say(&format!("{} failed: {error}", image.name));
            }
        }
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
                self.run.store.registry.end(Ending::Interrupt);
                self.stop(Stop::Interrupted);
            }
        }
    }

    pub(super) fn kill(&mut self) {
        self.end_all(Ending::Kill);
        if self.stop == Some(Stop::Interrupted) {
            self.run.store.registry.end(Ending::Kill);
        }
        self.kill_at = None;
    }

    pub(super) fn end_all(&self, ending: Ending) {
        self.are_ended.store(true, Ordering::SeqCst);
        for group in self.groups.values() {
            end_group(*group, ending);
        }
    }
}
