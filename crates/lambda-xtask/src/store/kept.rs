//! What was found in the local store, kept for the next run, and whether it still holds then.
//!
//! To inspect an image takes an engine with containerd's store some 20 ms: 1,000 images take much
//! longer than all else that a run with nothing to do does. What says at once that nothing has changed
//! is asked instead:
//! - the engine's last events. It remembers 256, first in, first out, and none of before its start:
//!   where one that was its newest at the last look-up (the mark) is among them, all that came since
//!   is known. Nothing may have come that concerns images, nor any prune.
//! - how many images there are. Before Docker 28.4 containerd's store tells nobody of
//!   `docker image prune`, and Docker 26 of no build either; both change the number.
//! - the oldest of the images, which are looked at as ever: where a prune and as many builds leave the
//!   number as it was, the prune took all of them, or the oldest (`until`).
//!
//! Any doubt gives a look-up of all images. An engine that remembers no event at all, as after its
//! start, is given one by the run that looks all up: an image is given the name that it has. Only what was found is kept: what was missing is always asked for. A workspace of a
//! few images does without. Here is no I/O: [`super::watch`] asks.

use lambda_images::plan::{ImageNames, Stored, StoredImage};
use serde::{Deserialize, Serialize};

/// So many images are looked up each time, in less time than the engine takes for its word.
pub(crate) const FEW: usize = 16;
/// The images that are looked at whatever the engine says.
const LOOKED_AT: usize = 4;

/// One event of the engine, as far as it tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    /// Nanoseconds since 1970, by the engine's clock.
    time: i64,
    /// `image`, `container` and others.
    kind: String,
    action: String,
    actor: String,
}

/// The engine at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EngineState {
    /// Differs from engine to engine.
    pub(super) id: String,
    /// The number of images in its store.
    pub(super) images: u64,
    /// What it remembers, the oldest first.
    pub(super) events: Vec<Event>,
}

/// An image that was there under both its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptImage {
    pub(super) identity: String,
    reference: String,
    id: String,
    digest: Option<String>,
    size: Option<u64>,
    /// When it was made, by its own word, as Docker writes times.
    created: String,
}

/// What a look-up found, and the engine as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    version: u32,
    engine: String,
    images: u64,
    mark: Event,
    /// Sorted by identity, each once.
    pub(super) found: Vec<KeptImage>,
}

/// Reads what `docker events --format '{{json .}}'` prints. `None`: an event is not understood.
pub(super) fn parse_events(text: &str) -> Option<Vec<Event>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Told {
        #[serde(rename = "timeNano")]
        time: i64,
        r#type: String,
        action: String,
        actor: Actor,
    }
    #[derive(Deserialize)]
    struct Actor {
        #[serde(rename = "ID")]
        id: String,
    }
    let parse = |line: &str| {
        let Told { time, r#type: kind, action, actor } = serde_json::from_str(line).ok()?;
        Some(Event { time, kind, action, actor: actor.id })
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

impl Event {
    /// Whether an image may be another after it.
    fn concerns_images(&self) -> bool {
        self.kind == "image" || self.action == "prune"
    }
}

impl EngineState {
    /// Whether nothing has happened to images since, when it remembered nothing, but that one was given
    /// the name that it has.
    pub(super) fn is_only_marked_since(&self, before: &EngineState) -> bool {
        let mut events = self.events.iter().filter(|event| event.concerns_images());
        let is_mark = |event: &Event| event.kind == "image" && event.action == "tag";
        before.events.is_empty()
            && (&self.id, self.images) == (&before.id, before.images)
            && events.next().is_some_and(is_mark)
            && events.next().is_none()
    }
}

impl Kept {
    /// To be raised when the form changes.
    const VERSION: u32 = 1;

    /// `engine` is what it was before the look-up began, so that the next run sees what changed
    /// meanwhile. `None`: it remembers no event, and there is nothing to know the time by.
    pub(super) fn new(engine: &EngineState, mut found: Vec<KeptImage>) -> Option<Kept> {
        let mark = engine.events.last()?.clone();
        // Of one that was kept and looked up all the same, what was seen last comes last.
        found.reverse();
        found.sort_by(|a, b| a.identity.cmp(&b.identity));
        found.dedup_by(|a, b| a.identity == b.identity);
        let EngineState { id, images, .. } = engine.clone();
        Some(Kept { version: Kept::VERSION, engine: id, images, mark, found })
    }

    /// Whether nothing that was found can be another now, as far as the engine tells.
    pub(super) fn holds(&self, now: &EngineState) -> bool {
        let Some(mark) = now.events.iter().position(|event| *event == self.mark) else {
            return false;
        };
        self.version == Kept::VERSION
            && self.engine == now.id
            && self.images == now.images
            && !now.events[mark + 1..].iter().any(Event::concerns_images)
    }

    /// What was found under both names of an image.
    pub(super) fn find(&self, names: &ImageNames) -> Option<Stored> {
        let identity = names.identity.to_string();
        let index = self.found.binary_search_by(|image| image.identity.cmp(&identity)).ok()?;
        self.found[index].stored(names)
    }

    /// The images that were made first: the first that a prune takes.
    pub(super) fn oldest(&self) -> Vec<&KeptImage> {
        let mut images: Vec<&KeptImage> = self.found.iter().collect();
        images.sort_by_key(|image| &image.created);
        images.truncate(LOOKED_AT);
        images
    }
}

impl KeptImage {
    /// As found, for an image that has these names now. `None`: it must be asked for.
    fn stored(&self, names: &ImageNames) -> Option<Stored> {
        if self.reference != names.reference.to_string() {
            return None;
        }
        let digest = match &self.digest {
            Some(digest) => Some(digest.parse().ok()?),
            None => None,
        };
        let image = StoredImage { id: self.id.clone(), digest, size: self.size };
        Some(Stored { identity: Some(image.clone()), reference: Some(image) })
    }

    /// Its names; `None`: the file that it was kept in is damaged.
    pub(super) fn names(&self) -> Option<ImageNames> {
        let (identity, reference) = (self.identity.parse().ok()?, self.reference.parse().ok()?);
        Some(ImageNames { reference, identity })
    }

    /// What is worth keeping: an image that nothing has to be done about.
    pub(super) fn of(names: &ImageNames, stored: &Stored, created: &str) -> Option<KeptImage> {
        let image = stored.identity.as_ref().filter(|_| stored.identity == stored.reference)?;
        Some(KeptImage {
            identity: names.identity.to_string(),
            reference: names.reference.to_string(),
            id: image.id.clone(),
            digest: image.digest.as_ref().map(ToString::to_string),
            size: image.size,
            created: created.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
