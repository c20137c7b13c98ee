//! The one place that calls each part is a `fn` of its own.

use lambda_images::plan::{ImageNames, Stored, StoredImage};

use super::{EngineState, Event, FEW, Kept, KeptImage, LOOKED_AT, parse_events};

fn event(time: i64, kind: &str, action: &str) -> Event {
    Event { time, kind: kind.to_owned(), action: action.to_owned(), actor: "x".to_owned() }
}

fn engine(events: &[Event]) -> EngineState {
    EngineState { id: "engine".to_owned(), images: 2, events: events.to_vec() }
}

fn names(name: &str) -> ImageNames {
    let reference = format!("{name}-demo:git-1").parse().expect("it is a reference");
    let identity = format!("{name}-demo:sha-1").parse().expect("it is a reference");
    ImageNames { reference, identity }
}

fn stored(id: &str) -> Stored {
    let digest = Some(format!("sha256:{}", "0".repeat(64)).parse().expect("it is a digest"));
    let image = StoredImage { id: id.to_owned(), digest, size: Some(1) };
    Stored { identity: Some(image.clone()), reference: Some(image) }
}

fn image(name: &str, created: &str) -> KeptImage {
    KeptImage::of(&names(name), &stored(name), created).expect("it is there under both names")
}

/// Whether what was found after `before` holds where the engine tells this `now`.
#[track_caller]
fn check(before: &EngineState, now: &EngineState, holds: bool) {
    let kept = Kept::new(before, vec![image("a", "")]).expect("there is a mark");
    assert_eq!(kept.holds(now), holds, "{before:?}\n{now:?}");
}

const CONTAINER: (&str, &str) = ("container", "start");

#[test]
fn what_was_found_holds_where_all_that_came_since_is_known_and_concerns_no_image() {
    let old = event(1, "image", "tag");
    let mark = event(2, CONTAINER.0, CONTAINER.1);
    let before = engine(&[old.clone(), mark.clone()]);
    check(&before, &before, true);
    check(&before, &engine(std::slice::from_ref(&mark)), true);
    check(&before, &engine(&[mark.clone(), event(3, "container", "die")]), true);
    for kind in ["tag", "untag", "delete", "pull", "load", "import", "prune", "what comes next"] {
        check(&before, &engine(&[mark.clone(), event(3, "image", kind)]), false);
    }
    check(&before, &engine(&[mark.clone(), event(3, "builder", "prune")]), false);
    check(&before, &engine(&[mark.clone(), event(3, "image", "tag"), event(4, "a", "b")]), false);
}

#[test]
fn a_mark_that_is_left_says_that_nothing_else_has_happened() {
    let (nothing, tag) = (engine(&[]), event(1, "image", "tag"));
    let check = |before: &EngineState, now: &EngineState, is_marked: bool| {
        assert_eq!(now.is_only_marked_since(before), is_marked, "{before:?}\n{now:?}");
    };
    check(&nothing, &engine(std::slice::from_ref(&tag)), true);
    check(&nothing, &engine(&[event(0, CONTAINER.0, CONTAINER.1), tag.clone()]), true);
    // No mark was left, or more than that has happened.
    check(&nothing, &nothing, false);
    check(&nothing, &engine(&[event(1, CONTAINER.0, CONTAINER.1)]), false);
    check(&nothing, &engine(&[event(0, "image", "untag"), tag.clone()]), false);
    check(&nothing, &engine(&[tag.clone(), event(2, "builder", "prune")]), false);
    check(&nothing, &engine(&[event(1, "image", "delete")]), false);
    check(&engine(std::slice::from_ref(&tag)), &engine(std::slice::from_ref(&tag)), false);
    check(&nothing, &EngineState { images: 3, ..engine(std::slice::from_ref(&tag)) }, false);
    let other = EngineState { id: "another".to_owned(), ..engine(std::slice::from_ref(&tag)) };
    check(&nothing, &other, false);
}

#[test]
fn a_mark_that_is_gone_is_doubt() {
    let before = engine(&[event(1, "image", "tag"), event(2, "container", "start")]);
    check(&before, &engine(&[]), false);
    check(&before, &engine(&[event(1, "image", "tag")]), false);
    check(&before, &engine(&[event(2, "container", "die"), event(3, "network", "create")]), false);
    let other = Event { actor: "y".to_owned(), ..event(2, "container", "start") };
    check(&before, &engine(&[other]), false);
    // Where nothing is remembered there is nothing to know the time by.
    assert_eq!(Kept::new(&engine(&[]), vec![image("a", "")]), None);
}

#[test]
fn another_number_of_images_or_another_engine_is_doubt() {
    let before = engine(&[event(1, "image", "tag")]);
    check(&before, &EngineState { images: 1, ..before.clone() }, false);
    check(&before, &EngineState { images: 3, ..before.clone() }, false);
    check(&before, &EngineState { id: "another".to_owned(), ..before.clone() }, false);
    let kept = Kept::new(&before, Vec::new()).expect("there is a mark");
    assert!(!Kept { version: Kept::VERSION + 1, ..kept }.holds(&before));
}

#[test]
fn what_is_found_last_counts_and_what_is_asked_under_another_name_is_unknown() {
    let (old, new) = (image("a", "old"), image("a", "new"));
    let found = vec![image("b", ""), old, new.clone()];
    let kept = Kept::new(&engine(&[event(1, "image", "tag")]), found).expect("there is a mark");
    assert_eq!(kept.found, [new, image("b", "")]);
    assert_eq!(kept.find(&names("a")), Some(stored("a")));
    assert_eq!(kept.find(&names("c")), None);
    let renamed = ImageNames { reference: names("c").reference, ..names("a") };
    assert_eq!(kept.find(&renamed), None);
}

#[test]
fn only_an_image_that_needs_nothing_is_kept() {
    let none = Stored { reference: None, ..stored("a") };
    assert_eq!(KeptImage::of(&names("a"), &none, ""), None);
    let other = Stored { reference: stored("b").reference, ..stored("a") };
    assert_eq!(KeptImage::of(&names("a"), &other, ""), None);
    assert_eq!(KeptImage::of(&names("a"), &Stored::default(), ""), None);
}

#[test]
fn the_oldest_are_looked_at_and_a_few_are_not_worth_it() {
    const { assert!(LOOKED_AT < FEW) };
    let created = ["2026-01-05", "2026-01-01", "2026-01-04", "2026-01-03", "2026-01-02"];
    let found = created.iter().map(|time| image(&format!("made-{time}"), time)).collect();
    let kept = Kept::new(&engine(&[event(1, "image", "tag")]), found).expect("there is a mark");
    let oldest: Vec<&str> = kept.oldest().iter().map(|image| image.created.as_str()).collect();
    assert_eq!(oldest, ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
}

#[test]
fn events_as_docker_prints_them() {
    let tag = r#"{"status":"tag","id":"sha256:c67c","Type":"image","Action":"tag","Actor":{"ID":"sha256:c67c","Attributes":{"name":"own:2"}},"scope":"local","time":1795564626,"timeNano":1795564626992962013}"#;
    let prune = r#"{"Type":"builder","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":"57540"}},"scope":"local","time":1795564788,"timeNano":1795564788961556787}"#;
    let events = parse_events(&format!("{tag}\n{prune}\n")).expect("both are understood");
    let expected = Event {
        time: 1_795_564_626_992_962_013,
        kind: "image".to_owned(),
        action: "tag".to_owned(),
        actor: "sha256:c67c".to_owned(),
    };
    assert_eq!(events[0], expected);
    assert!(events.iter().all(Event::concerns_images));
    assert_eq!(parse_events(""), Some(Vec::new()));
    assert_eq!(parse_events(&format!("{tag}\nsomething else\n")), None);
    assert_eq!(parse_events(r#"{"Type":"image","Action":"tag"}"#), None);
}
