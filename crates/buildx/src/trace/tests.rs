//! Runs that merge, and groups.

use super::*;
use crate::ProgressGroup;

fn at(second: u32) -> Timestamp {
    Timestamp::parse(&format!("2024-03-06T10:11:{second:02}Z")).unwrap()
}

#[track_caller]
fn check(runs: &[(u32, Option<u32>)], expected: &[(u32, Option<u32>)]) {
    let run = |(start, stop): &(u32, Option<u32>)| (at(*start), stop.map(at));
    let merged = merged(&runs.iter().map(run).collect());
    assert_eq!(merged, expected.iter().map(run).collect::<Vec<_>>());
}

#[test]
fn runs_merge_as_in_buildkit() {
    check(&[], &[]);
    check(&[(0, Some(1))], &[(0, Some(1))]);
    check(&[(0, Some(1)), (2, Some(4))], &[(0, Some(1)), (2, Some(4))]);
    check(&[(0, Some(2)), (2, Some(4))], &[(0, Some(4))]);
    check(&[(0, Some(3)), (2, Some(4))], &[(0, Some(4))]);
    check(&[(0, Some(9)), (2, Some(4)), (5, Some(6))], &[(0, Some(9))]);
    check(&[(0, Some(3)), (2, None), (5, Some(6))], &[(0, None)]);
    check(&[(0, None), (2, Some(4))], &[(0, None)]);
    check(&[(0, Some(1)), (3, None)], &[(0, Some(1)), (3, None)]);
}

fn vertex(digest: &str, started: Option<u32>, completed: Option<u32>) -> Vertex {
    Vertex {
        digest: digest.to_owned(),
        name: digest.to_owned(),
        started: started.map(at),
        completed: completed.map(at),
        ..Vertex::default()
    }
}

#[test]
fn an_announcement_after_the_start_resets_nothing() {
    let mut trace = Trace::default();
    let index = trace.apply(&vertex("a", None, None));
    assert_eq!(trace.get(index).started(), None);
    trace.apply(&Vertex { cached: true, ..vertex("a", Some(1), Some(2)) });
    trace.apply(&vertex("a", None, None));
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Cached));
}

#[test]
fn a_vertex_that_runs_again_is_running() {
    let mut trace = Trace::default();
    let index = trace.apply(&vertex("a", Some(1), Some(2)));
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Ran { seconds: 1.0 }));
    trace.apply(&vertex("a", Some(4), None));
    assert!(trace.get(index).is_running());
    trace.apply(&vertex("a", Some(4), Some(6)));
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Ran { seconds: 3.0 }));
}

/// `COPY --link`: a weak copy, then the merge.
#[test]
fn a_group_is_one_step() {
    let group = |weak| {
        Some(ProgressGroup { id: "g".to_owned(), name: "[2/2] COPY --link a .".to_owned(), weak })
    };
    let copy = Vertex { progress_group: group(true), ..vertex("copy", Some(1), Some(2)) };
    let merge = Vertex { progress_group: group(false), ..vertex("merge", Some(2), Some(3)) };
    let mut trace = Trace::default();

    let index = trace.apply(&copy);
    assert_eq!(trace.get(index).outcome(), None, "hidden while only the weak member started");
    assert_eq!(trace.apply(&merge), index);
    assert_eq!(trace.index_of("copy"), Some(index));
    assert_eq!(trace.index_of("merge"), Some(index));
    assert_eq!(trace.iter().count(), 1);
    assert_eq!(trace.get(index).name, "[2/2] COPY --link a .");
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Ran { seconds: 2.0 }));

    trace.apply(&Vertex { cached: true, ..copy.clone() });
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Ran { seconds: 2.0 }), "one ran");
    trace.apply(&Vertex { cached: true, ..merge });
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Cached));
    trace.apply(&Vertex { error: "no space".to_owned(), ..copy });
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Failed("no space".to_owned())));
}

#[test]
fn outcomes() {
    let outcome = |error: &str| {
        let mut trace = Trace::default();
        trace.apply(&Vertex { error: error.to_owned(), ..vertex("a", Some(1), Some(1)) });
        trace.get(0).outcome()
    };
    assert_eq!(outcome(""), Some(Outcome::Ran { seconds: 0.0 }));
    assert_eq!(outcome("exit code: 1"), Some(Outcome::Failed("exit code: 1".to_owned())));
    assert_eq!(outcome("failed: context canceled"), Some(Outcome::Canceled));
}

/// Found by fuzzing: a vertex that ran again and again made each message cost all its runs.
#[test]
fn of_a_vertex_that_runs_very_often_the_last_runs_count() {
    let mut trace = Trace::default();
    let time = |run: usize| {
        let (minute, second) = (run / 60 % 60, run % 60);
        Timestamp::parse(&format!("2024-03-06T10:{minute:02}:{second:02}Z")).unwrap()
    };
    let mut index = 0;
    for run in 0..2 * MOST_RUNS {
        let (started, completed) = (Some(time(3 * run)), Some(time(3 * run + 1)));
        index = trace.apply(&Vertex { started, completed, ..vertex("a", None, None) });
    }
    let shown = trace.get(index);
    assert_eq!(shown.started(), Some(time(6 * MOST_RUNS - 3)));
    assert_eq!(shown.outcome(), Some(Outcome::Ran { seconds: MOST_RUNS as f64 }));
}

/// What is counted of the members follows what is known of them.
#[test]
fn a_member_that_starts_again_loses_its_error_and_is_cached_where_it_was() {
    let group = Some(ProgressGroup { id: "g".to_owned(), name: "g".to_owned(), weak: true });
    let member = |error: &str, cached| Vertex {
        error: error.to_owned(),
        cached,
        progress_group: group.clone(),
        ..vertex("a", Some(1), Some(2))
    };
    let mut trace = Trace::default();
    let index = trace.apply(&member("exit code: 1", false));
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Failed("exit code: 1".to_owned())));
    trace.apply(&member("", true));
    assert_eq!((trace.get(index).error(), trace.get(index).outcome()), ("", None));
    let strong = ProgressGroup { weak: false, ..group.clone().unwrap() };
    let strong =
        Vertex { progress_group: Some(strong), cached: true, ..vertex("b", Some(1), Some(2)) };
    trace.apply(&strong);
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Cached));
    // Its layers are fetched, which is no run.
    trace.apply(&Vertex { cached: false, ..strong.clone() });
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Cached));
    let strong = Vertex { digest: "c".to_owned(), name: "c".to_owned(), cached: false, ..strong };
    trace.apply(&strong);
    assert_eq!(trace.get(index).outcome(), Some(Outcome::Ran { seconds: 1.0 }));
}
