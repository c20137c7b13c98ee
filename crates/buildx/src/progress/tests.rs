//! Recorded builds, small made-up ones, and the sums that must hold for any stream.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::parser::tests::{CACHED, FAILED, FIRST, PUSHED, parse};
use crate::{Line, Timestamp, VertexLog, VertexWarning};

fn fold(lines: &[Line]) -> Progress {
    let mut progress = Progress::default();
    for line in lines {
        if let Line::Status(status) = line {
            progress.apply(status);
        }
    }
    progress
}

#[track_caller]
fn check(stream: &str, expected: &Expect) {
    let progress = fold(&parse(stream));
    let StepCounts { total, done, cached, failed } = progress.steps();
    let mut text = format!(
        "total {total}, done {done}, cached {cached}, failed {failed}, sent {} bytes\n",
        progress.transferred_bytes()
    );
    text.extend(progress.cached_steps().iter().map(|step| format!("cached {step}\n")));
    text.extend(progress.ran_steps().iter().map(|step| format!("ran {step}\n")));
    text.extend(progress.failure().map(|failure| format!("{failure:#?}\n")));
    text.extend(progress.current().map(|step| format!("current {step}\n")));
    expected.assert_eq(&text);
}

#[test]
fn first_build() {
    check(
        FIRST,
        &expect![[r#"
            total 6, done 6, cached 0, failed 0, sent 121 bytes
            ran [builder 2/4] WORKDIR /app
            ran [builder 3/4] COPY requirements.txt .
            ran [stage-1 2/4] COPY --link handler.py /var/task/
            ran [builder 4/4] RUN echo "collecting one"; echo "a warning" >&2; printf 'no end of line'; sleep 0.2
            ran [stage-1 3/4] COPY --from=builder /app /opt/app
            ran [stage-1 4/4] RUN for i in 1 2 3; do echo "line $i"; done
        "#]],
    );
}

#[test]
fn same_build_again() {
    check(
        CACHED,
        &expect![[r#"
            total 6, done 6, cached 6, failed 0, sent 66 bytes
            cached [stage-1 4/4] RUN for i in 1 2 3; do echo "line $i"; done
            cached [stage-1 3/4] COPY --from=builder /app /opt/app
            cached [builder 4/4] RUN echo "collecting one"; echo "a warning" >&2; printf 'no end of line'; sleep 0.2
            cached [builder 3/4] COPY requirements.txt .
            cached [builder 2/4] WORKDIR /app
            cached [stage-1 2/4] COPY --link handler.py /var/task/
        "#]],
    );
}

#[test]
fn failed_build() {
    check(
        FAILED,
        &expect![[r#"
            total 6, done 5, cached 5, failed 1, sent 121 bytes
            cached [stage-1 3/4] COPY --from=builder /app /opt/app
            cached [builder 4/4] RUN echo "collecting one"; echo "a warning" >&2; printf 'no end of line'; sleep 0.2
            cached [builder 3/4] COPY requirements.txt .
            cached [builder 2/4] WORKDIR /app
            cached [stage-1 2/4] COPY --link handler.py /var/task/
            Failure {
                step: "[stage-1 4/4] RUN echo \"about to fail\"; echo \"no such thing\" >&2; exit 3",
                error: "process \"/bin/sh -c echo \\\"about to fail\\\"; echo \\\"no such thing\\\" >&2; exit 3\" did not complete successfully: exit code: 3",
                log_tail: [
                    "about to fail",
                    "no such thing",
                ],
            }
        "#]],
    );
}

#[test]
fn pushed_build() {
    check(
        PUSHED,
        &expect![[r#"
            total 6, done 6, cached 6, failed 0, sent 66 bytes
            cached [stage-1 4/4] RUN for i in 1 2 3; do echo "line $i"; done
            cached [stage-1 3/4] COPY --from=builder /app /opt/app
            cached [builder 4/4] RUN echo "collecting one"; echo "a warning" >&2; printf 'no end of line'; sleep 0.2
            cached [builder 3/4] COPY requirements.txt .
            cached [builder 2/4] WORKDIR /app
            cached [stage-1 2/4] COPY --link handler.py /var/task/
        "#]],
    );
}

#[test]
fn what_was_exported_is_known_by_its_digest() {
    let exported = |text| {
        let mut progress = Progress::default();
        for line in parse(text) {
            if let Line::Status(status) = line {
                progress.apply(&status);
            }
        }
        progress.exported_digests().map(str::to_owned).collect::<Vec<_>>()
    };
    let config = "sha256:612775153232648faa258f42fdae26e9d459ac84de2efa9742ee988657f81f46";
    let manifest = "sha256:8dd06ce01ee28f3983c1e427c1e797302a9144d0e8ff683c0f7dbd521b80f381";
    assert_eq!(exported(PUSHED), [config, manifest]);
    assert_eq!(exported(FAILED), [""; 0]);
}

/// What a row of the terminal would show, each time it changes.
#[test]
fn current_over_time() {
    let mut progress = Progress::default();
    let mut seen: Vec<String> = Vec::new();
    for line in parse(FIRST) {
        if let Line::Status(status) = line {
            progress.apply(&status);
        }
        let current = progress.current().unwrap_or("-").to_owned();
        if seen.last() != Some(&current) {
            seen.push(current);
        }
    }
    expect![[r#"
        -
        [internal] load build context
        [builder 1/4] FROM registry.example/lambda/python:3.13@sha256:d17ccbe66be609e5e79086309d8b4e5fbc3d17329ce95a843ad7fb267dc214fc
        -
        [builder 1/4] FROM registry.example/lambda/python:3.13@sha256:d17ccbe66be609e5e79086309d8b4e5fbc3d17329ce95a843ad7fb267dc214fc
        -
        [builder 2/4] WORKDIR /app
        [stage-1 2/4] COPY --link handler.py /var/task/
        [builder 3/4] COPY requirements.txt .
        [stage-1 2/4] COPY --link handler.py /var/task/
        [builder 4/4] RUN echo "collecting one"; echo "a warning" >&2; printf 'no end of line'; sleep 0.2
        -
        [stage-1 3/4] COPY --from=builder /app /opt/app
        -
        [stage-1 4/4] RUN for i in 1 2 3; do echo "line $i"; done
        -
        exporting to image
        -"#]].assert_eq(&seen.join("\n"));
}

fn at(second: u8) -> Timestamp {
    Timestamp::parse(&format!("2024-03-06T10:11:{second:02}Z")).unwrap()
}

fn vertex(name: &str, started: Option<u8>, completed: Option<u8>) -> Vertex {
    Vertex {
        digest: name.to_owned(),
        name: name.to_owned(),
        started: started.map(at),
        completed: completed.map(at),
        ..Vertex::default()
    }
}

fn message(vertexes: Vec<Vertex>) -> Line {
    Line::Status(SolveStatus { vertexes, ..SolveStatus::default() })
}

#[test]
fn a_canceled_step_is_no_failure() {
    let error = |text: &str, vertex: Vertex| Vertex { error: text.to_owned(), ..vertex };
    let progress = fold(&[message(vec![
        error("context canceled", vertex("[1/2] RUN a", Some(1), Some(2))),
        error("exit code: 1", vertex("[2/2] RUN b", Some(1), Some(3))),
        error("exit code: 2", vertex("exporting to image", Some(1), Some(4))),
    ])]);
    let failure = progress.failure().unwrap();
    assert_eq!((&*failure.step, &*failure.error), ("[2/2] RUN b", "exit code: 1"));
    assert_eq!(progress.steps(), StepCounts { total: 2, failed: 1, ..StepCounts::default() });
}

#[test]
fn caches_that_were_read_and_those_that_could_not_be_written() {
    let found = vertex("importing cache manifest from r.example/cache:a", Some(1), Some(2));
    let mut absent = vertex("importing cache manifest from r.example/cache:b", Some(1), Some(2));
    absent.error = "not found".to_owned();
    let mut export = vertex("exporting to GitHub Actions Cache", Some(3), Some(4));
    export.error = "no space left".to_owned();
    let mut canceled = vertex("exporting cache to registry", Some(3), Some(4));
    canceled.error = "context canceled".to_owned();
    let mut progress = Progress::default();
    let vertexes = vec![found, absent, export, canceled];
    progress.apply(&SolveStatus { vertexes, ..SolveStatus::default() });
    assert_eq!(progress.imported_caches(), ["r.example/cache:a"]);
    let failed = [("exporting to GitHub Actions Cache", "no space left")];
    assert_eq!(progress.failed_exports(), failed);
}

#[test]
fn a_cache_that_does_not_exist_yet_is_no_failure() {
    let mut import = vertex("importing cache manifest from r.example/cache:p", Some(1), Some(2));
    import.error =
        "failed to configure registry cache importer: r.example/cache:p: not found".to_owned();
    assert_eq!(fold(&[message(vec![import])]).failure(), None);
}

#[test]
fn the_newest_running_vertex_is_current() {
    let mut lines = vec![message(vec![
        vertex("[internal] load build context", Some(9), None),
        vertex("[internal] load .dockerignore", Some(10), None),
        vertex("[1/3] FROM base", Some(3), None),
        vertex("[2/3] RUN a", Some(5), None),
        vertex("[3/3] RUN b", None, None),
    ])];
    assert_eq!(fold(&lines).current(), Some("[internal] load build context"));
    lines.push(message(vec![vertex("[internal] load build context", Some(9), Some(10))]));
    assert_eq!(fold(&lines).current(), Some("[2/3] RUN a"));
    lines.push(message(vec![vertex("[2/3] RUN a", Some(5), Some(10))]));
    assert_eq!(fold(&lines).current(), Some("[1/3] FROM base"));
    lines.push(message(vec![vertex("[1/3] FROM base", Some(3), Some(10))]));
    assert_eq!(fold(&lines).current(), None);
}

#[test]
fn the_tail_of_a_failure_is_bounded() {
    let log = |data: String| VertexLog {
        vertex: "[1/1] RUN a".to_owned(),
        stream: 1,
        data: data.into_bytes(),
        timestamp: at(2),
    };
    let mut progress = Progress::default();
    progress.apply(&SolveStatus {
        vertexes: vec![Vertex {
            error: "exit code: 1".to_owned(),
            ..vertex("[1/1] RUN a", Some(1), Some(3))
        }],
        logs: (0..50)
            .map(|number| log(format!("line {number}\r\n")))
            .chain([log("open".to_owned())])
            .collect(),
        ..SolveStatus::default()
    });
    let tail = progress.failure().unwrap().log_tail;
    assert_eq!(tail.len(), TAIL_LINES);
    assert_eq!((&*tail[0], &*tail[TAIL_LINES - 2]), ("line 11", "line 49"));
    assert_eq!(tail[TAIL_LINES - 1], "open");
}

#[test]
fn only_contexts_count_as_transferred() {
    let status = |vertex: &str, id: &str, current| VertexStatus {
        vertex: vertex.to_owned(),
        id: id.to_owned(),
        current,
        ..VertexStatus::default()
    };
    let names = [
        "[internal] load build context",
        "[context shared] load from client",
        "[internal] load .dockerignore",
    ];
    let mut progress = fold(&[message(names.map(|name| vertex(name, Some(1), None)).to_vec())]);
    progress.apply(&SolveStatus {
        statuses: vec![
            status(names[0], "transferring context:", 5),
            status(names[0], "transferring context:", 100),
            status(names[1], "transferring shared:", 20),
            status(names[1], "something else", 3000),
            status(names[2], "transferring context:", 4000),
            status("unknown", "transferring context:", 5000),
        ],
        ..SolveStatus::default()
    });
    assert_eq!(progress.transferred_bytes(), 120);
}

#[test]
fn a_warning_counts_once() {
    let warning =
        |short: &str| VertexWarning { short: short.to_owned(), ..VertexWarning::default() };
    let mut progress = Progress::default();
    progress.apply(&SolveStatus {
        warnings: vec![warning("a"), warning("b"), warning("a")],
        ..SolveStatus::default()
    });
    assert_eq!(progress.warnings(), ["a", "b"]);
}

prop_compose! {
    /// Vertexes that collide, restart, fail and end before they start.
    fn vertexes()(
        name in "\\[[1-3]/3\\] (RUN|FROM) x|\\[internal\\] y|exporting z",
        (started, completed) in (proptest::option::of(0_u8..60), proptest::option::of(0_u8..60)),
        cached in any::<bool>(),
        error in "||exit code: 1|context canceled",
        group in proptest::option::of(("[ab]", "\\[1/3\\] COPY --link", any::<bool>())),
    ) -> Vertex {
        let progress_group = group.map(|(id, name, weak)| crate::ProgressGroup { id, name, weak });
        Vertex { cached, error, progress_group, ..vertex(&name, started, completed) }
    }
}

proptest! {
    #[test]
    fn sums_hold(list in proptest::collection::vec(vertexes(), 0..30)) {
        let mut progress = Progress::default();
        for vertex in list {
            progress.apply(&SolveStatus { vertexes: vec![vertex], ..SolveStatus::default() });
            let StepCounts { total, done, cached, failed } = progress.steps();
            prop_assert_eq!(progress.cached_steps().len(), cached);
            prop_assert_eq!(cached + progress.ran_steps().len(), done);
            prop_assert!(done + failed <= total);
            if let Some(current) = progress.current() {
                prop_assert_ne!(VertexKind::of(current), VertexKind::Internal);
            }
            if failed > 0 {
                prop_assert!(progress.failure().is_some());
            }
        }
    }

    #[test]
    fn splitting_messages_changes_nothing(list in proptest::collection::vec(vertexes(), 0..12)) {
        let whole = fold(&[message(list.clone())]);
        let split: Vec<Line> = list.into_iter().map(|vertex| message(vec![vertex])).collect();
        let split = fold(&split);
        prop_assert_eq!(whole.steps(), split.steps());
        prop_assert_eq!(whole.current(), split.current());
        prop_assert_eq!(whole.failure(), split.failure());
    }
}
