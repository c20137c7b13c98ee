//! How long each build may take: `--timeout`.
//!
//! A build that is late is asked to leave, and killed if it has not left some time later. It is the
//! build that is bound: neither its wait for others, nor the names that its image is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::running::{GRACE, Running};
use crate::duration::render_duration;
use crate::process::{Ending, end_group};

/// The builds that run, and when each is to end.
pub(super) struct Deadlines {
    limit: Option<Duration>,
    at: BTreeMap<usize, (Instant, Ending)>,
    late: BTreeSet<usize>,
}

impl Deadlines {
    pub(super) fn new(limit: Option<Duration>) -> Deadlines {
        Deadlines { limit, at: BTreeMap::new(), late: BTreeSet::new() }
    }

    /// An image's build begins.
    pub(super) fn start(&mut self, image: usize, now: Instant) {
        if let Some(limit) = self.limit {
            self.at.insert(image, (now + limit, Ending::Interrupt));
        }
    }

    /// It has ended.
    pub(super) fn end(&mut self, image: usize) {
        self.at.remove(&image);
    }

    /// When the next one is late.
    pub(super) fn next(&self) -> Option<Instant> {
        self.at.values().map(|(at, _)| *at).min()
    }

    /// Those that are late now, and how each is to be ended.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<(usize, Ending)> {
        let mut ends = Vec::new();
        self.at.retain(|image, (at, ending)| {
            if *at > now {
                return true;
            }
            ends.push((*image, *ending));
            self.late.insert(*image);
            let is_first = *ending == Ending::Interrupt;
            (*at, *ending) = (now + GRACE, Ending::Kill);
            is_first
        });
        ends
    }

    /// Whether an image's build was ended.
    pub(super) fn is_late(&self, image: usize) -> bool {
        self.late.contains(&image)
    }

    /// Why an image's build was ended; `None`: it was in time.
    pub(super) fn why_late(&self, image: usize) -> Option<String> {
        let limit = self.limit.filter(|_| self.is_late(image))?;
        let limit = render_duration(limit);
        Some(format!("its build took longer than {limit} (`--timeout`), and was ended"))
    }
}

impl Running<'_, '_> {
    /// Ends what is late: single builds, or all where the run is to end.
    pub(super) fn end_late(&mut self) {
        let now = Instant::now();
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill();
        }
        for (image, ending) in self.deadlines.take_late(now) {
            if let Some(group) = self.groups.get(&image) {
                end_group(*group, ending);
            }
        }
    }

    /// The error of an image whose build was late.
    pub(super) fn why_late(&self, image: usize) -> Option<anyhow::Error> {
        let why = self.deadlines.why_late(image)?;
        Some(anyhow!("{why}\nhint: give it more time, or see in its log where it hangs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_build_is_interrupted_and_then_killed() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::new(Some(Duration::from_secs(60)));
        deadlines.start(0, start);
        deadlines.start(1, after(30));
        assert_eq!(deadlines.next(), Some(after(60)));
        assert_eq!(deadlines.take_late(after(59)), []);
        assert_eq!(deadlines.take_late(after(60)), [(0, Ending::Interrupt)]);
        assert_eq!(deadlines.next(), Some(after(60) + GRACE));
        assert_eq!(deadlines.take_late(after(60) + GRACE), [(0, Ending::Kill)]);
        let why = "its build took longer than 1m (`--timeout`), and was ended";
        assert_eq!(deadlines.why_late(0).as_deref(), Some(why));
        assert_eq!(deadlines.why_late(1), None);
        deadlines.end(1);
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn without_a_limit_nothing_is_late() {
        let mut deadlines = Deadlines::new(None);
        deadlines.start(0, Instant::now());
        assert_eq!(deadlines.next(), None);
    }
}
