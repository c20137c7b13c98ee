//! What is concluded once a build is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::anyhow;
use lambda_images::plan::{Destination, Plan, StoredImage};
use lambda_images::schedule::Schedule;

use super::running::{Event, Running, was_interrupted};
use super::{Doubted, Outcome, Run, doubt, is_one_of, parse_digest};
use crate::display::Display;
use crate::environment::Environment;
use crate::registry::RegistryClient;
use crate::state::State;
use crate::store::Store;
use crate::switches::ProgressForm;

#[track_caller]
fn check(changed: anyhow::Result<&[&str]>, wanted: Option<&str>) {
    let changed = changed.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    assert_eq!(doubt(changed).as_deref(), wanted);
}

#[test]
fn what_cannot_be_told_is_doubt_as_what_changed() {
    check(Ok(&[]), None);
    check(Ok(&["a"]), Some("its inputs changed while it was built: `a`"));
    check(Ok(&["a", "b", "c"]), Some("its inputs changed while it was built: `a` and 2 more"));
    check(
        Err(anyhow!("permission denied").context("failed to read `a`")),
        Some(
            "whether its inputs changed while it was built can't be told: failed to read `a`: permission denied",
        ),
    );
}

#[test]
fn a_digest_of_the_builder_is_one() {
    let digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(parse_digest(digest).unwrap().as_str(), digest);
    let error = parse_digest("none").unwrap_err();
    assert!(error.to_string().ends_with("gave no digest, but `none`"), "{error}");
}

#[test]
fn an_image_is_ours_by_whatever_its_store_calls_it() {
    let of = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let check = |id: &str, digest: Option<&str>, expected: bool| {
        let digest = digest.map(|digit| parse_digest(&of(digit)).unwrap());
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
        stage: &|_| panic!("{nothing}"),
        store: &Store {
            environment: &environment,
            destination: Destination::Registry,
            registry: &registry,
        },
        state: &State::of_workspace(environment.current_dir()),
        environment: &environment,
        jobs: 1,
        fail_fast: false,
        progress: ProgressForm::Quiet,
        changed_inputs: &|_| panic!("{nothing}"),
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
        stop: None,
        kill_at: None,
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
fn a_name_that_may_not_be_true_is_told_also_where_the_run_ends_by_an_error() {
    let doubted = Doubted("its inputs changed while it was built: `a`".to_owned());
    let wanted = [None, Some("its inputs changed while it was built: `a`")];
    check_left(vec![anyhow!("ended by a signal"), doubted.into()], &wanted);
}
