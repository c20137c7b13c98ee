//! How often `affected` is right about what BuildKit builds, by the kinds of its reasons.

use std::collections::BTreeMap;
use std::fmt;

use crate::rebuild::Verdict;

/// What came of all images of all cases.
#[derive(Debug, Default)]
pub(crate) struct Precision {
    /// Affected, and other files.
    pub(crate) right: usize,
    /// Affected, and the same files.
    pub(crate) wasted: usize,
    /// The same, only for a lock, which counts by its bytes where some command may do anything with it.
    pub(crate) by_lock: usize,
    /// Not affected, and the same files.
    pub(crate) spared: usize,
    /// Could not be built.
    pub(crate) unknown: usize,
    /// Right and wasted, by the kind of the first reason.
    by_kind: BTreeMap<String, (usize, usize)>,
    /// Wasted, by the changes of the case.
    wasted_by_change: BTreeMap<String, usize>,
}

impl Precision {
    /// Counts a verdict; one that is wrong is no matter of precision, and isn't counted.
    pub(crate) fn add(&mut self, verdict: &Verdict, changes: &str) {
        if !verdict.is_known() {
            self.unknown += 1;
            return;
        }
        match (verdict.is_affected, verdict.differs()) {
            (false, _) => self.spared += 1,
            (true, false) if verdict.is_by_lock => self.by_lock += 1,
            (true, differs) => {
                let kind = verdict.kinds.first().cloned().unwrap_or_default();
                let (right, wasted) = self.by_kind.entry(kind).or_default();
                *(if differs { right } else { wasted }) += 1;
                *(if differs { &mut self.right } else { &mut self.wasted }) += 1;
                if !differs {
                    *self.wasted_by_change.entry(changes.to_owned()).or_default() += 1;
                }
            }
        }
    }

    /// Of those that are affected, how many percent have other files; without those that are only for
    /// a lock.
    pub(crate) fn percent(&self) -> usize {
        100 * self.right / (self.right + self.wasted).max(1)
    }

    fn percent_with_locks(&self) -> usize {
        100 * self.right / (self.right + self.wasted + self.by_lock).max(1)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Precision { right, wasted, by_lock, spared, unknown, .. } = self;
        writeln!(
            f,
            "affected: {right} differ, {wasted} don't, {by_lock} don't whose lock counts by its bytes; \
             {spared} spared, {unknown} not built"
        )?;
        for (kind, (right, wasted)) in &self.by_kind {
            writeln!(f, "  {kind}: {right} differ, {wasted} don't")?;
        }
        for (changes, wasted) in &self.wasted_by_change {
            writeln!(f, "  wasted by {changes}: {wasted}")?;
        }
        let with_locks = self.percent_with_locks();
        write!(f, "precision: {} %, with those of locks {with_locks} %", self.percent())
    }
}
