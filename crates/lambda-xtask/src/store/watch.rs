//! Asks the engine whether what the last run found in its store still holds, and keeps what this one
//! finds. What can be believed is decided in [`super::kept`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use lambda_images::discovery::ImageName;
use lambda_images::plan::{ImageNames, Stored};

use super::kept::{EngineState, Kept, KeptImage, parse_events};
use super::local::{find_in, inspect, parse_inspected};
use crate::environment::Environment;
use crate::process::{joined, output_within};
use crate::state::{read_json, write_json};

/// How long the engine's word is waited for; afterwards all images are looked up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of the local store before any image is looked up.
#[derive(Debug)]
pub(crate) struct Known {
    path: PathBuf,
    /// `None`: it can't be told what changes from now on.
    engine: Option<EngineState>,
    /// What the last run kept, and holds.
    kept: Option<Kept>,
}

impl Known {
    /// Asks the engine, of what the file at `path` keeps.
    pub(crate) fn ask(environment: &Environment, path: PathBuf) -> Known {
        let kept: Option<Kept> = read_json(&path);
        let (engine, are_there) = thread::scope(|scope| {
            let looked =
                kept.as_ref().map(|kept| scope.spawn(|| look_at_oldest(environment, kept)));
            let engine = ask_engine(environment);
            (engine, looked.is_some_and(joined))
        });
        let holds =
            |kept: &Kept| are_there && engine.as_ref().is_some_and(|engine| kept.holds(engine));
        let kept = kept.filter(holds);
        Known { path, engine, kept }
    }

    /// An image that need not be asked for.
    pub(super) fn stored(&self, names: &ImageNames) -> Option<Stored> {
        self.kept.as_ref()?.find(names)
    }

    /// Keeps what is known, and what was found besides, as far as the workspace's images have these
    /// names. Where that can't be done, the next run looks all up.
    pub(super) fn keep(
        self,
        environment: &Environment,
        found: Vec<KeptImage>,
        all: &BTreeMap<ImageName, ImageNames>,
    ) {
        let engine = self.engine.and_then(|engine| match engine.events.as_slice() {
            [] => leave_mark(environment, &engine, found.first()?),
            _ => Some(engine),
        });
        let Some(engine) = engine else { return };
        let wanted: BTreeSet<String> =
            all.values().map(|names| names.identity.to_string()).collect();
        let before = self.kept.as_ref();
        let known = before.into_iter().flat_map(|kept| &kept.found).cloned();
        let found = known.chain(found).filter(|image| wanted.contains(&image.identity));
        let now = Kept::new(&engine, found.collect());
        if now.as_ref() != before
            && let Some(now) = now
        {
            drop(write_json(&self.path, &now));
        }
    }
}

/// The engine as it is; `None`: it says nothing of it, or not in time.
fn ask_engine(environment: &Environment) -> Option<EngineState> {
    let format = "{{.ID}}\n{{.Images}}\n{{.SystemTime}}";
    let mut info = environment.command("docker");
    info.args(["info", "--format", format]);
    let said = text_of(&mut info)?;
    let mut lines = said.lines();
    let (id, images, time) = (lines.next()?, lines.next()?, lines.next()?);
    // By its own clock: to a time that it has not reached, the engine would wait.
    let mut events = environment.command("docker");
    events.args(["events", "--format", "{{json .}}", "--since", "0", "--until", time]);
    let events = parse_events(&text_of(&mut events)?)?;
    Some(EngineState { id: id.to_owned(), images: images.parse().ok()?, events })
}

/// An engine that remembers nothing, as after its start, is given something to remember: an image is
/// given the name that it has. `None`: something else has happened since it was asked.
fn leave_mark(
    environment: &Environment,
    before: &EngineState,
    image: &KeptImage,
) -> Option<EngineState> {
    let mut tag = environment.command("docker");
    tag.args(["image", "tag", &image.identity, &image.identity]);
    output_within(&mut tag, PATIENCE)?;
    ask_engine(environment).filter(|now| now.is_only_marked_since(before))
}

/// Whether the oldest of the images that were kept are what they were.
fn look_at_oldest(environment: &Environment, kept: &Kept) -> bool {
    let oldest = kept.oldest();
    let names: Vec<&str> = oldest.iter().map(|image| image.identity.as_str()).collect();
    let found = output_within(&mut inspect(environment, &names), PATIENCE);
    let Some(images) = found.and_then(|bytes| parse_inspected(&bytes).ok()) else { return false };
    let find = find_in(&images);
    oldest.into_iter().all(|image| {
        image.names().is_some_and(|names| {
            let (stored, created) = find(&names);
            KeptImage::of(&names, &stored, created).as_ref() == Some(image)
        })
    })
}

fn text_of(command: &mut Command) -> Option<String> {
    String::from_utf8(output_within(command, PATIENCE)?).ok()
}
