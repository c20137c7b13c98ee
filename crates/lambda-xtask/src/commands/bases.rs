//! `bases`: which external base images there are, what pins each, and what its tag leads to now.
//!
//! With `--update` what the tags lead to becomes what is built on, by `lambda-images.lock`. Each tag is
//! asked for once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use lambda_images::base_lock::{BASE_LOCK, BaseLock, LockedBase};
use lambda_images::ecr::Ecr;
use lambda_images::graph::{ExternalBase, PinnedBy, external_bases};
use lambda_images::problem::suggestion;
use lambda_images::reference::{Digest, ImageReference};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::base_platforms;
use crate::cli::{Bases, Format};
use crate::display::note;
use crate::environment::Environment;
use crate::failure::{EXIT_FAILURE, EXIT_SUCCESS, usage};
use crate::registry::RegistryClient;
use crate::state::{State, write_atomically};
use crate::workspace::Workspace;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

pub(crate) fn bases(arguments: &Bases, environment: &Environment) -> anyhow::Result<u8> {
    let workspace = Workspace::load(environment)?;
    let all = external_bases(&workspace.config, &workspace.graph);
    let chosen = choose(&all, &arguments.names)?;
    let asked = if arguments.offline { Answers::new() } else { ask(&chosen, environment) };
    let mut lock = workspace.config.base_lock.clone();
    let mut written = false;
    if arguments.update {
        update(&mut lock, &chosen, &all, &asked);
        written = lock != workspace.config.base_lock;
        if written {
            write_atomically(&workspace.root.join(BASE_LOCK), lock.render().as_bytes())
                .with_context(|| format!("failed to write `{BASE_LOCK}`"))?;
        }
    }
    let today = today();
    let shown: Vec<Shown> = chosen.iter().map(|base| Shown::of(base, &lock, &asked)).collect();
    match arguments.format {
        Format::Human => {
            let text: String = shown.iter().map(|shown| shown.render(&today)).collect();
            super::print(&text)?;
        }
        Format::Json => super::print_exact(&format!("{:#}\n", render_json(&shown)))?,
    }
    if !arguments.offline {
        // By what is locked from now on.
        let workspace = if written { Workspace::load(environment)? } else { workspace };
        let state = State::of_workspace(&workspace.root);
        base_platforms::warn_of_all(environment, &state, &workspace.graph);
    }
    let failed = asked.values().filter(|answer| answer.is_err()).count();
    note(&summary(&shown, arguments.update, written, failed));
    Ok(if failed == 0 { EXIT_SUCCESS } else { EXIT_FAILURE })
}

/// What registries said, by what is written; why they said nothing.
type Answers = BTreeMap<String, Result<Option<Digest>, String>>;

fn choose<'b>(all: &'b [ExternalBase], names: &[String]) -> anyhow::Result<Vec<&'b ExternalBase>> {
    if names.is_empty() {
        return Ok(all.iter().collect());
    }
    let mut chosen = BTreeSet::new();
    for name in names {
        // `python:3.13`, and `lambda/python`, name `public.ecr.aws/lambda/python:3.13`.
        let is_meant = |base: &ExternalBase| {
            let written = base.written.as_str();
            let before = |text: &str| text.is_empty() || text.ends_with('/');
            let after = |text: &str| text.is_empty() || text.starts_with([':', '@']);
            written
                .match_indices(name.as_str())
                .any(|(at, _)| before(&written[..at]) && after(&written[at + name.len()..]))
        };
        let found: Vec<usize> = (0..all.len()).filter(|&at| is_meant(&all[at])).collect();
        if found.is_empty() {
            let hint = match suggestion(name, all.iter().map(|base| base.written.as_str())) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "`cargo xtask bases --offline` shows the bases there are".to_owned(),
            };
            return Err(usage(format!("there is no external base `{name}`"), hint));
        }
        chosen.extend(found);
    }
    Ok(chosen.into_iter().map(|at| &all[at]).collect())
}

/// Asks for every tag that something other than a person could move.
fn ask(bases: &[&ExternalBase], environment: &Environment) -> Answers {
    let is_fixed =
        |base: &&&ExternalBase| matches!(base.pinned, Some(PinnedBy::Reference | PinnedBy::Mirror));
    let asked: Vec<&&ExternalBase> = bases.iter().filter(|base| !is_fixed(base)).collect();
    let texts = asked.iter().flat_map(|base| [&base.mirrored, &base.written]);
    let references = texts.filter_map(|text| text.parse::<ImageReference>().ok());
    let hosts: BTreeSet<String> =
        references.map(|reference| host_of(&reference).to_owned()).collect();
    let client = |host: String| {
        let client = RegistryClient::new(environment, Ecr::of_host(&host));
        (host, client)
    };
    let clients: BTreeMap<String, RegistryClient> = hosts.into_iter().map(client).collect();
    let resolve = |text: &str| match text.parse::<ImageReference>() {
        Ok(reference) => {
            clients[host_of(&reference)].resolve(&reference).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let ask = |base: &&&ExternalBase| {
        let mut answer = match resolve(&base.mirrored) {
            Ok(None) => Err(format!("there is no `{}`", base.mirrored)),
            answer => answer,
        };
        // What is locked is everybody's: a mirror that is behind, or holds something else, must not
        // decide it where the origin can be asked.
        if base.mirrored != base.written
            && let (Ok(Some(mirrored)), Ok(Some(origin))) = (&answer, resolve(&base.written))
            && *mirrored != origin
        {
            answer = Err(format!(
                "its mirror has {mirrored}, and its own registry {origin}: update the mirror, or give it the digest that is meant"
            ));
        }
        (base.written.clone(), answer)
    };
    asked.par_iter().map(ask).collect()
}

fn host_of(reference: &ImageReference) -> &str {
    reference.repository.split().0.unwrap_or_default()
}

/// Locks what was answered, and forgets what no image refers to any more.
fn update(lock: &mut BaseLock, chosen: &[&ExternalBase], all: &[ExternalBase], asked: &Answers) {
    for base in chosen {
        if let Some(Ok(Some(digest))) = asked.get(&base.written)
            && lock.get(&base.written).is_none_or(|locked| locked.digest != *digest)
        {
            let locked = LockedBase { digest: digest.clone(), resolved: today() };
            lock.insert(&base.written, locked);
        }
    }
    for gone in lock.retain(|written| all.iter().any(|base| base.written == written)) {
        note(&format!("note: no image refers to `{gone}` any more: it is no longer locked"));
    }
}

/// A base as it is shown.
struct Shown<'b> {
    base: &'b ExternalBase,
    pinned: Option<PinnedBy>,
    locked: Option<LockedBase>,
    /// What its tag leads to now, if that was asked and answered.
    newest: Option<Digest>,
    failure: Option<String>,
}

impl<'b> Shown<'b> {
    fn of(base: &'b ExternalBase, lock: &BaseLock, asked: &Answers) -> Shown<'b> {
        let locked = lock.get(&base.written).cloned();
        let (newest, failure) = match asked.get(&base.written) {
            None => (None, None),
            Some(Ok(newest)) => (newest.clone(), None),
            Some(Err(why)) => (None, Some(why.clone())),
        };
        let pinned = base.pinned.or(locked.as_ref().map(|_| PinnedBy::Lock));
        Shown { base, pinned, locked, newest, failure }
    }

    /// The digest that is built on.
    fn digest(&self) -> Option<String> {
        let behind = |text: &str| text.split_once('@').map(|(_, digest)| digest.to_owned());
        match self.pinned? {
            PinnedBy::Reference => behind(&self.base.written),
            PinnedBy::Mirror => behind(&self.base.mirrored),
            PinnedBy::Lock => self.locked.as_ref().map(|locked| locked.digest.to_string()),
        }
    }

    fn is_newer(&self) -> bool {
        match (&self.locked, &self.newest) {
            (Some(locked), Some(newest)) => locked.digest != *newest,
            _ => false,
        }
    }

    fn render(&self, today: &str) -> String {
        let images = match self.base.images.as_slice() {
            [one] => format!("`{one}`"),
            many => format!("{} images", many.len()),
        };
        let mut text = format!("{}  ({images})\n", self.base.written);
        if self.base.mirrored != self.base.written {
            text += &format!("  mirrored by {}\n", self.base.mirrored);
        }
        text += &match (self.pinned, &self.locked) {
            (Some(PinnedBy::Reference), _) => "  pinned where it is written\n".to_owned(),
            (Some(PinnedBy::Mirror), _) => "  pinned by the mirror\n".to_owned(),
            (Some(PinnedBy::Lock), Some(locked)) => {
                format!("  locked to {}, {}\n", locked.digest, age(&locked.resolved, today))
            }
            _ => format!(
                "  not pinned: {}:{}: what its tag leads to counts as no change\n",
                self.base.place.path, self.base.place.line
            ),
        };
        match (&self.failure, &self.newest) {
            (Some(why), _) => {
                let first = why.lines().next().unwrap_or_default();
                text += &format!("  its registry gave no answer: {first}\n");
            }
            (None, Some(newest)) if self.is_newer() || self.locked.is_none() => {
                text += &format!("  its tag leads to {newest} now\n");
            }
            (None, Some(_)) => text += "  its tag leads there still\n",
            (None, None) => {}
        }
        text
    }
}

fn render_json(shown: &[Shown]) -> Value {
    let bases: Vec<Value> = shown
        .iter()
        .map(|shown| {
            json!({
                "reference": shown.base.written,
                "mirrored": shown.base.mirrored,
                "pinned_by": shown.pinned,
                "digest": shown.digest(),
                "resolved": shown.locked.as_ref().map(|locked| &locked.resolved),
                "newest": shown.newest.as_ref().map(ToString::to_string),
                "why": shown.failure,
                "images": shown.base.images,
            })
        })
        .collect();
    json!({ "version": 1, "bases": bases })
}

/// `written`: whether the update changed the lock.
fn summary(shown: &[Shown], update: bool, written: bool, failed: usize) -> String {
    let count = |is: &dyn Fn(&Shown) -> bool| shown.iter().filter(|shown| is(shown)).count();
    let plural = |count: usize| if count == 1 { "base" } else { "bases" };
    let mut parts = vec![format!("{} external {}", shown.len(), plural(shown.len()))];
    let unpinned = count(&|shown| shown.pinned.is_none());
    let newer = count(&|shown| shown.is_newer());
    if unpinned > 0 {
        parts.push(format!("{unpinned} not pinned"));
    }
    if newer > 0 {
        parts.push(format!("{newer} newer"));
    }
    if failed > 0 {
        parts.push(format!("{failed} without an answer"));
    }
    let mut text = parts.join(", ");
    if written {
        text += &format!("; commit `{BASE_LOCK}`");
    } else if update {
        text += &format!("; `{BASE_LOCK}` stays as it is");
    } else if unpinned + newer > 0 {
        text += "; `cargo xtask bases --update` builds on what the tags lead to now";
    }
    text
}

/// How long ago a day was.
fn age(day: &str, today: &str) -> String {
    match (day_number(day), day_number(today)) {
        (Some(day), Some(today)) if day == today => "today".to_owned(),
        (Some(day), Some(today)) if day + 1 == today => "yesterday".to_owned(),
        (Some(then), Some(today)) if then < today => format!("{} days ago", today - then),
        _ => format!("on {day}"),
    }
}

/// Today's date (UTC), as in `2026-11-24`.
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date_of(now.as_secs() / DAY)
}

/// The date of a day since 1970, by Howard Hinnant's `civil_from_days`.
fn date_of(days: u64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day since 1970 of a date; `None` for what is no date.
fn day_number(date: &str) -> Option<u64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

#[cfg(test)]
mod tests;
