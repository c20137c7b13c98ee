//! Which image to start next: the moment its bases are done, the longest expected first, at most
//! so many at once. A state machine without threads or a clock, so that it can be tested whole.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::discovery::ImageName;
use crate::plan::{Action, Plan};

/// The state of a run of a plan.
#[derive(Debug)]
pub struct Schedule {
    jobs: Vec<Job>,
    running: usize,
    limit: usize,
    stopped: bool,
}

#[derive(Debug)]
struct Job {
    name: ImageName,
    bases: Vec<usize>,
    /// Expected time from its start to the end of the last image that stands on it.
    path: Duration,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// An image that will not be built, and the image because of which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Index in the plan.
    pub image: usize,
    /// The one that failed.
    pub because_of: ImageName,
}

impl Schedule {
    /// A schedule of at most `limit` (at least 1) images at once. `expected` is how long an
    /// image is expected to take.
    pub fn new(plan: &Plan, limit: usize, expected: impl Fn(&ImageName) -> Duration) -> Schedule {
        let index: BTreeMap<&ImageName, usize> =
            plan.images.iter().enumerate().map(|(index, image)| (&image.name, index)).collect();
        let mut jobs: Vec<Job> = plan
            .images
            .iter()
            .map(|image| Job {
                name: image.name.clone(),
                // A new name needs only the image that it names.
                bases: image
                    .depends_on
                    .iter()
                    .filter(|_| image.action.runs_build())
                    .filter_map(|name| index.get(name).copied())
                    .collect(),
                path: if image.action.runs_build() {
                    expected(&image.name)
                } else {
                    Duration::ZERO
                },
                state: if image.action == Action::UpToDate { State::Done } else { State::Waiting },
            })
            .collect();
        // Bases come before what stands on them, so from the end each path is known in time.
        let own: Vec<Duration> = jobs.iter().map(|job| job.path).collect();
        for index in (0..jobs.len()).rev() {
            let path = jobs[index].path;
            for base in jobs[index].bases.clone() {
                jobs[base].path = jobs[base].path.max(path + own[base]);
            }
        }
        Schedule { jobs, running: 0, limit: limit.max(1), stopped: false }
    }

    /// Starts the next image, if one can start now: its index in the plan.
    pub fn start_next(&mut self) -> Option<usize> {
        if self.stopped || self.running >= self.limit {
            return None;
        }
        let ready = |job: &&(usize, &Job)| {
            job.1.state == State::Waiting
                && job.1.bases.iter().all(|base| self.jobs[*base].state == State::Done)
        };
        let jobs: Vec<(usize, &Job)> = self.jobs.iter().enumerate().collect();
        // The longest path first; of equals the first of the plan.
        let (index, _) =
            jobs.iter().filter(ready).max_by(|a, b| a.1.path.cmp(&b.1.path).then(b.0.cmp(&a.0)))?;
        let index = *index;
        self.jobs[index].state = State::Running;
        self.running += 1;
        Some(index)
    }

    /// Takes in that an image ended. A failure gives all that stood on it.
    pub fn finish(&mut self, image: usize, succeeded: bool) -> Vec<Skip> {
        self.running -= 1;
        self.jobs[image].state = if succeeded { State::Done } else { State::Failed };
        let mut skipped = Vec::new();
        if succeeded {
            return skipped;
        }
        for index in 0..self.jobs.len() {
            let dead =
                |base: &usize| matches!(self.jobs[*base].state, State::Failed | State::Skipped);
            if self.jobs[index].state == State::Waiting && self.jobs[index].bases.iter().any(dead) {
                self.jobs[index].state = State::Skipped;
                skipped.push(Skip { image: index, because_of: self.jobs[image].name.clone() });
            }
        }
        skipped
    }

    /// Starts nothing more: what runs may end. Gives what will not be built.
    pub fn stop(&mut self) -> Vec<usize> {
        self.stopped = true;
        let mut left = Vec::new();
        for (index, job) in self.jobs.iter_mut().enumerate() {
            if job.state == State::Waiting {
                job.state = State::Skipped;
                left.push(index);
            }
        }
        left
    }

    /// Whether nothing runs and nothing is left to start.
    pub fn is_over(&self) -> bool {
        self.running == 0 && !self.jobs.iter().any(|job| job.state == State::Waiting)
    }
}

#[cfg(test)]
mod tests;
