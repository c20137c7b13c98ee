//! What is concluded once a build is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::anyhow;
use lambda_images::plan::{Destination, Plan, StoredImage};
use lambda_images::schedule::Schedule;

use super::deadlines::Deadlines;
use super::running::{Event, Running, was_interrupted};
use super::{Outcome, Run, is_one_of};
use crate::build::BuildFailed;
use crate::display::Display;
use crate::environment::Environment;
use crate::registry::RegistryClient;
use crate::state::State;
use crate::store::Store;
use crate::switches::ProgressForm;

#[test]
fn an_image_is_ours_by_whatever_its_store_calls_it() {
    let of = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let check = |id: &str, digest: Option<&str>, expected: bool| {
        let digest = digest.map(|digit| of(digit).parse().unwrap());
        let stored = StoredImage { id: of(id), digest, size: None };
        assert_eq!(is_one_of(&stored, &[of("a"), of("b")]), expected);
    };
    check("b", None, true);
    check("c", Some("a"), true);
    check("c", Some("d"), false);
    check("c", None, false);
}

#[test]
fn a_signal_that_comes_as_the_last_image_ends_is_heard() {
    let (sender, receiver) = channel();
    let send = |event| sender.send(event).unwrap();
    send(Event::Exited { image: 0 });
    assert!(!was_interrupted(&receiver));
    send(Event::Exited { image: 0 });
    send(Event::Interrupted);
    send(Event::Exited { image: 1 });
    assert!(was_interrupted(&receiver));
    assert!(!was_interrupted(&receiver));
}

/// A run that is to end by an error of its own, with as many images at work as events say that one ended.
#[track_caller]
fn check_left(ends: Vec<anyhow::Error>, wanted: &[Option<&str>]) {
    let environment = Environment::of_process().unwrap();
    let registry = RegistryClient::new(&environment, None);
    let (plan, nothing) = (Plan::default(), "a run that leaves asks for no image");
    let run = Run {
        plan: &plan,
        record_of: &|_| panic!("{nothing}"),
        input_size: &|_| panic!("{nothing}"),
        faults: &[],
        store: &Store {
            environment: &environment,
            destination: Destination::Registry,
            registry: &registry,
        },
        state: &State::of_workspace(environment.current_dir()),
        environment: &environment,
        jobs: 1,
        fail_fast: false,
        timeout: None,
        progress: ProgressForm::Quiet,
        lock: None,
    };
    let at_work = ends.len();
    let mut running = Running {
        run: &run,
        schedule: Schedule::new(&plan, 1, |_| Duration::ZERO),
        display: Display::new(at_work, 0, ProgressForm::Quiet),
        groups: BTreeMap::new(),
        are_ended: Arc::default(),
        outcomes: ends.iter().map(|_| None).collect(),
        bases: BTreeMap::new(),
        retried: BTreeSet::new(),
        stop: None,
        kill_at: None,
        deadlines: Deadlines::new(None),
        at_work,
    };
    let (sender, receiver) = channel();
    for (image, error) in ends.into_iter().enumerate() {
        sender.send(Event::Ended { image, result: Err(error) }).unwrap();
    }
    running.leave(&receiver);
    let left: Vec<Option<&str>> = (running.outcomes.iter())
        .map(|outcome| match outcome {
            Some(Outcome::Failed { error }) => Some(error.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(left, wanted);
}

#[test]
fn a_build_that_failed_by_itself_is_shown_also_where_the_run_ends_by_an_error() {
    let failed = |by_itself| BuildFailed::new(anyhow!("exit code: 1"), by_itself);
    let wanted = [None, None, Some("exit code: 1")];
    check_left(
        vec![anyhow!("ended by a signal"), failed(false).into(), failed(true).into()],
        &wanted,
    );
}
