//! Pulls images into the engine, some at once: for each the first of its references that there is.
//! That none is there is no failure; what docker says of another is told and left at that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Stdio;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lambda_images::discovery::ImageName;

use crate::display::{Display, seconds};
use crate::environment::Environment;
use crate::failure::tail;
use crate::interrupt::Interrupts;
use crate::process::{Ending, end_group, spawn_group};
use crate::store::is_missing;
use crate::switches::ProgressForm;

/// Pulls at once: each of them loads several layers side by side.
const AT_ONCE: usize = 4;

/// An image that is to be pulled.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) image: ImageName,
    pub(crate) platform: String,
    /// The best first.
    pub(crate) candidates: Vec<String>,
}

/// What was pulled.
#[derive(Debug, Default)]
pub(crate) struct Pulled {
    /// Under which reference.
    pub(crate) found: BTreeMap<ImageName, String>,
    pub(crate) interrupted: bool,
}

enum Event {
    Started { image: ImageName },
    Trying { image: ImageName, reference: String },
    Ended { image: ImageName, result: Result<Option<String>, String>, time: Duration },
    Interrupted,
}

/// What the workers share.
struct Shared {
    waiting: Mutex<VecDeque<Pull>>,
    running: Mutex<Running>,
}

/// The pulls that run.
#[derive(Default)]
struct Running {
    /// Their process groups.
    groups: BTreeSet<u32>,
    /// Nothing more is to start.
    is_stopped: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pulls all of these.
///
/// # Errors
/// Signals can't be listened for.
pub(crate) fn pull_all(
    environment: &Environment,
    pulls: Vec<Pull>,
    progress: ProgressForm,
) -> anyhow::Result<Pulled> {
    let mut pulled = Pulled::default();
    if pulls.is_empty() {
        return Ok(pulled);
    }
    let width = pulls.iter().map(|pull| pull.image.as_str().len()).max().unwrap_or(0);
    let mut left = pulls.len();
    let mut display = Display::new(left, width, progress);
    let shared = Shared { waiting: Mutex::new(pulls.into()), running: Mutex::default() };
    let (sender, receiver) = channel();
    let interrupts = Interrupts::listen({
        let sender = sender.clone();
        move || drop(sender.send(Event::Interrupted))
    })?;
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(left) {
            let (shared, sender) = (&shared, sender.clone());
            scope.spawn(move || work(environment, shared, &sender));
        }
        while left > 0 {
            // Each image ends once, and this end of the channel lives as long as `sender`.
            let Ok(event) = receiver.recv() else { break };
            left -= usize::from(matches!(event, Event::Ended { .. }));
            take_in(event, &shared, &mut display, &mut pulled);
        }
    });
    drop((interrupts, sender));
    display.end();
    Ok(pulled)
}

fn take_in(event: Event, shared: &Shared, display: &mut Display, pulled: &mut Pulled) {
    match event {
        Event::Started { image } => display.start(&image),
        Event::Trying { image, reference } => display.step(&image, &format!("pull {reference}")),
        Event::Ended { image, result, time } => {
            let line = match result {
                Ok(Some(reference)) => {
                    let line = format!("pulled  {image} in {}: {reference}", seconds(time));
                    pulled.found.insert(image.clone(), reference);
                    line
                }
                Ok(None) => format!("missing {image}: no image of it to pull"),
                Err(why) => format!("warning: {image} could not be pulled: {why}"),
            };
            display.finish(&image, &line);
        }
        Event::Interrupted => {
            let mut running = lock(&shared.running);
            // Once more: at once.
            let ending = if running.is_stopped { Ending::Kill } else { Ending::Interrupt };
            running.is_stopped = true;
            pulled.interrupted = true;
            running.groups.iter().for_each(|group| end_group(*group, ending));
        }
    }
}

fn work(environment: &Environment, shared: &Shared, sender: &Sender<Event>) {
    let send = |event| drop(sender.send(event));
    loop {
        let Some(pull) = lock(&shared.waiting).pop_front() else { return };
        let started = Instant::now();
        send(Event::Started { image: pull.image.clone() });
        let mut result = Ok(None);
        for reference in &pull.candidates {
            send(Event::Trying { image: pull.image.clone(), reference: reference.clone() });
            result = try_pull(environment, shared, reference, &pull.platform);
            if !matches!(result, Ok(None)) {
                break;
            }
        }
        send(Event::Ended { image: pull.image, result, time: started.elapsed() });
    }
}

/// `None`: there is no such image.
fn try_pull(
    environment: &Environment,
    shared: &Shared,
    reference: &str,
    platform: &str,
) -> Result<Option<String>, String> {
    let mut command = environment.command("docker");
    let platform = format!("--platform={platform}");
    command.args(["image", "pull", "--quiet", &platform, "--", reference]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = {
        let mut running = lock(&shared.running);
        if running.is_stopped {
            return Err("interrupted".to_owned());
        }
        let child = spawn_group(&mut command);
        let child = child.map_err(|error| format!("failed to run `docker`: {error}"))?;
        running.groups.insert(child.id());
        child
    };
    let group = child.id();
    let output = child.wait_with_output();
    lock(&shared.running).groups.remove(&group);
    let output = output.map_err(|error| format!("failed to wait for `docker`: {error}"))?;
    if output.status.success() {
        return Ok(Some(reference.to_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if is_missing(&said) {
        return Ok(None);
    }
    let why = tail(&said, 1).first().map_or("docker gave no reason", |line| *line).to_owned();
    Err(why.trim_start_matches("Error response from daemon: ").to_owned())
}
