//! Reading, writing and judging the record.

use super::*;

fn sample() -> Record {
    let mut record = Record::new(Owner::Own, None);
    record.ready = true;
    record.registry_port = Some(40_971);
    record.stand_in = Some(StandIn { recipe: "1".to_owned(), digest: "sha256:00".to_owned() });
    record
}

#[track_caller]
fn check_parse(text: &str, expected: Option<&Record>) {
    assert_eq!(parse_record(text).as_ref(), expected);
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let root = tempfile::tempdir().unwrap();
    let layout = Layout::of(root.path()).unwrap();
    assert_eq!(load_record(&layout), None);
    layout.create().unwrap();
    store_record(&layout, &sample()).unwrap();
    assert_eq!(load_record(&layout), Some(sample()));
}

#[test]
fn an_unknown_record_counts_as_none() {
    let text = serde_json::to_string(&sample()).unwrap();
    check_parse(&text, Some(&sample()));
    check_parse(&text[..text.len() / 2], None);
    check_parse(&text.replace(r#""version":1"#, r#""version":2"#), None);
    check_parse(&text.replace(r#""ready""#, r#""finished""#), None);
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_up_only_with_all_processes_in_the_same_boot() {
    assert!(sample().is_up());
    let living = Process::of_pid("test", std::process::id()).unwrap();
    let dead = Process { started: living.started + 1, ..living.clone() };
    assert!(Record { processes: vec![living.clone()], ..sample() }.is_up());
    assert!(!Record { processes: vec![living, dead], ..sample() }.is_up());
    assert!(!Record { ready: false, ..sample() }.is_up());
    assert!(!Record { boot: "another".to_owned(), ..sample() }.is_up());
}

#[test]
fn a_registry_is_told_as_a_line_of_the_configuration() {
    let line = sample().registry_line().unwrap();
    assert!(line.contains("`registry = \"localhost:40971\"`"), "{line}");
    assert_eq!(Record { registry_port: None, ..sample() }.registry_line(), None);
}

#[test]
fn port_and_stand_in_outlive_the_processes() {
    let next = Record::new(Owner::Own, Some(&sample()));
    assert_eq!((next.registry_port, next.stand_in), (sample().registry_port, sample().stand_in));
    assert!(!next.ready);
}
