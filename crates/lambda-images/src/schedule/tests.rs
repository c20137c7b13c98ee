use super::*;
use crate::plan::fixture::plan_of;
use proptest::prelude::*;

/// Runs a plan written as `name:seconds<base,base`, with failures, and writes down what starts
/// (`+`), ends (`-`), fails (`!`) and is skipped (`~`), one clock tick after the other.
fn trace(text: &str, limit: usize, failing: &[&str]) -> String {
    let plan = plan_of(text);
    let expected: BTreeMap<ImageName, Duration> =
        plan.images.iter().map(|image| (image.name.clone(), image.expected)).collect();
    let mut schedule = Schedule::new(&plan.plan, limit, |name| expected[name]);
    let mut running: Vec<(Duration, usize)> = Vec::new();
    let mut events = Vec::new();
    let mut now = Duration::ZERO;
    loop {
        while let Some(image) = schedule.start_next() {
            events.push(format!("+{}", plan.images[image].name));
            running.push((now + plan.images[image].expected, image));
        }
        if schedule.is_over() {
            return events.join(" ");
        }
        running.sort();
        let (end, image) = running.remove(0);
        now = end;
        let failed = failing.contains(&plan.images[image].name.as_str());
        events.push(format!("{}{}", if failed { '!' } else { '-' }, plan.images[image].name));
        for skip in schedule.finish(image, !failed) {
            events.push(format!("~{}", plan.images[skip.image].name));
        }
    }
}

#[track_caller]
fn check(text: &str, limit: usize, failing: &[&str], expected: &str) {
    assert_eq!(trace(text, limit, failing), expected);
}

#[test]
fn an_image_starts_the_moment_its_bases_are_done() {
    check("a:1 b:5 c:1<a d:1<b", 8, &[], "+b +a -a +c -c -b +d -d");
}

#[test]
fn the_longest_path_goes_first() {
    check("a:3 b:1 c:9<b", 1, &[], "+b -b +c -c +a -a");
    check("a:1 b:2 c:3", 2, &[], "+c +b -b +a -a -c");
}

#[test]
fn a_failure_stops_what_stands_on_it_and_nothing_else() {
    check("a:1 b:2 c:1<a d:1<c e:1<b", 8, &["a"], "+a +b !a ~c ~d -b +e -e");
}

#[test]
fn what_exists_is_not_waited_for() {
    check("a=up b:1<a", 1, &[], "+b -b");
}

#[test]
fn a_new_name_waits_for_no_base() {
    let mut fixture = plan_of("a:1 b:0<a");
    fixture.plan.images[1].action = Action::Retag;
    let mut schedule = Schedule::new(&fixture.plan, 2, |_| Duration::from_secs(1));
    assert_eq!((schedule.start_next(), schedule.start_next()), (Some(0), Some(1)));
    assert_eq!(schedule.finish(0, false), []);
}

#[test]
fn stop_starts_nothing_more() {
    let plan = plan_of("a:1 b:1<a c:1");
    let mut schedule = Schedule::new(&plan.plan, 1, |_| Duration::from_secs(1));
    let first = schedule.start_next().unwrap();
    assert_eq!(schedule.stop(), vec![1, 2]);
    assert_eq!(schedule.start_next(), None);
    assert!(!schedule.is_over());
    assert_eq!(schedule.finish(first, true), []);
    assert!(schedule.is_over());
}

proptest! {
    #[test]
    fn every_image_ends_once_and_never_before_its_bases(
        edges in prop::collection::vec((0usize..10, 0usize..10), 0..25),
        failing in prop::collection::vec(0usize..10, 0..3),
        limit in 1usize..5,
    ) {
        let text: Vec<String> = (0..10)
            .map(|node| {
                let bases: Vec<String> = edges.iter().filter(|(from, to)| *from == node && to < from).map(|(_, to)| format!("n{to}")).collect();
                format!("n{node}:{}{}{}", node % 4 + 1, if bases.is_empty() { "" } else { "<" }, bases.join(","))
            })
            .collect();
        let failing: Vec<String> = failing.iter().map(|node| format!("n{node}")).collect();
        let failing: Vec<&str> = failing.iter().map(String::as_str).collect();
        let events = trace(&text.join(" "), limit, &failing);
        let events: Vec<&str> = events.split(' ').collect();
        let mut running = 0usize;
        for event in &events {
            match event.as_bytes()[0] {
                b'+' => running += 1,
                b'-' | b'!' => running -= 1,
                _ => {}
            }
            prop_assert!(running <= limit);
        }
        for node in 0..10 {
            let ends = events.iter().filter(|event| event[1..] == format!("n{node}") && !event.starts_with('+')).count();
            prop_assert_eq!(ends, 1);
        }
        for (node, base) in edges.iter().filter(|(node, base)| base < node) {
            let started = events.iter().position(|event| *event == format!("+n{node}"));
            let ready = events.iter().position(|event| *event == format!("-n{base}"));
            if let Some(started) = started {
                prop_assert!(ready.is_some_and(|ready| ready < started));
            }
        }
    }
}
