//! What the cache was warmed for, remembered for the next run.
//!
//! It is believed only as far as the builder still has every layer that was used then: a cache that
//! was pruned, or another engine, is noticed by one question. Which layers those are is told by how
//! often each has been used before and after the builds, and by the step that made it. Where no
//! step is known to have made one, all that were used meanwhile count: that somebody else's is gone
//! costs a run of builds that are all cached.

use std::collections::{BTreeMap, BTreeSet};

use buildx::{CacheRecord, parse_disk_usage};
use dockerfile::Cut;
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::Fingerprint;
use lambda_images::plan::{Action, Plan};
use serde::{Deserialize, Serialize};

use super::parts::Parts;
use crate::build::Built;
use crate::commands::survey::Survey;
use crate::patience::ask_docker;
use crate::run::{Finished, Outcome};
use crate::state::{read_json, write_json};

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct WarmRecord {
    version: u32,
    stack: String,
    images: BTreeMap<ImageName, WarmedImage>,
}

/// What was left for one Lambda.
#[derive(Debug, Serialize, Deserialize)]
struct WarmedImage {
    /// Of what comes before its handler.
    fingerprint: Fingerprint,
    /// Ids in the builder's cache.
    layers: BTreeSet<String>,
}

const VERSION: u32 = 1;

impl WarmRecord {
    /// The last run's; an empty one where there is none for this stack.
    pub(super) fn read(survey: &Survey) -> WarmRecord {
        let read: Option<WarmRecord> = read_json(&survey.state.warm_path());
        read.filter(|record| record.version == VERSION && record.stack == survey.stack)
            .unwrap_or_default()
    }

    /// The images that are as warm as they were left, by what the builder's cache has now.
    pub(super) fn still_warm(&self, parts: &Parts, cache: &Cache) -> BTreeSet<ImageName> {
        let is_warm = |name: &&ImageName| {
            self.images.get(*name).is_some_and(|warmed| {
                Some(warmed.fingerprint) == parts.fingerprint(name) && cache.has(&warmed.layers)
            })
        };
        parts.names().filter(is_warm).cloned().collect()
    }

    /// The record after a run. `None`: it warmed nothing, or the builder can't be asked.
    pub(super) fn extended(
        mut self,
        survey: &Survey,
        parts: &Parts,
        before: &Cache,
        plan: &Plan,
        finished: &Finished,
    ) -> Option<WarmRecord> {
        let warmed: Vec<(&ImageName, &Built)> = (plan.images.iter().zip(&finished.outcomes))
            .filter(|(image, _)| image.action == Action::Warm)
            .filter_map(|(image, outcome)| match outcome {
                Outcome::Built(built) => Some((&image.name, built)),
                _ => None,
            })
            .collect();
        if warmed.is_empty() {
            return None;
        }
        let used = Cache::ask(survey)?.used_since(before);
        for (name, built) in warmed {
            let fingerprint = parts.fingerprint(name)?;
            let layers = layers_of(&used, built);
            self.images.insert(name.clone(), WarmedImage { fingerprint, layers });
        }
        Some(WarmRecord { version: VERSION, stack: survey.stack.clone(), ..self })
    }
}

/// The layers among these that a build's steps have made; all, where none is known to be.
fn layers_of(used: &[CacheRecord], built: &Built) -> BTreeSet<String> {
    let is_made = |record: &&CacheRecord| {
        built.step_names.iter().filter(|name| !name.contains(Cut::NOTHING)).any(|name| {
            let instruction = name.split_once("] ").map_or(name.as_str(), |(_, text)| text);
            let command = instruction.strip_prefix("RUN ");
            record.description == *name
                || command.is_some_and(|command| record.description.ends_with(command))
        })
    };
    let made: BTreeSet<String> =
        used.iter().filter(is_made).map(|record| record.id.clone()).collect();
    if made.is_empty() { used.iter().map(|record| record.id.clone()).collect() } else { made }
}

/// What a builder's cache holds.
#[derive(Debug, Default)]
pub(super) struct Cache {
    layers: Vec<CacheRecord>,
}

impl Cache {
    /// Asks the builder; `None`: it can't be asked.
    pub(super) fn ask(survey: &Survey) -> Option<Cache> {
        let mut command = survey.environment.command("docker");
        let output = ask_docker(command.args(["buildx", "du", "--verbose"])).ok()?;
        let records = parse_disk_usage(&String::from_utf8_lossy(&output.stdout));
        let layers = records.into_iter().filter(|record| record.kind == "regular").collect();
        output.status.success().then_some(Cache { layers })
    }

    fn has(&self, layers: &BTreeSet<String>) -> bool {
        let ids: BTreeSet<&String> = self.layers.iter().map(|record| &record.id).collect();
        // Nothing at all is no proof that anything is there.
        !layers.is_empty() && layers.iter().all(|id| ids.contains(id))
    }

    fn used_since(self, before: &Cache) -> Vec<CacheRecord> {
        let counts: BTreeMap<&String, u64> =
            before.layers.iter().map(|record| (&record.id, record.usage_count)).collect();
        let is_used = |record: &CacheRecord| {
            counts.get(&record.id).is_none_or(|&count| count < record.usage_count)
        };
        self.layers.into_iter().filter(is_used).collect()
    }
}

/// Writes the record of a run that warmed something.
pub(super) fn write(survey: &Survey, record: Option<WarmRecord>) -> anyhow::Result<()> {
    match record {
        Some(record) => write_json(&survey.state.warm_path(), &record),
        None => Ok(()),
    }
}
