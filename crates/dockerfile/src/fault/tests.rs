//! Suggestions and the printed form.

use super::{Refusal, excerpt};

#[track_caller]
fn check(given: &str, options: &[&str], expected: Option<&str>) {
    let refusal = Refusal::new("x").suggest(given, options.iter().copied());
    assert_eq!(refusal.hint, expected.map(|e| format!("did you mean `{e}`?")));
}

#[test]
fn suggestions_are_at_most_two_edits_away() {
    check("COYP", &["COPY", "CMD"], Some("COPY"));
    check("form", &["from", "format"], Some("from"));
    check("kopie", &["copy"], None);
    check("copy", &["copy"], None);
    check("", &["id", "uid"], Some("id"));
}

#[test]
fn a_fault_prints_place_message_and_hint() {
    let fault = Refusal::new("unknown flag `--form`").hint("did you mean `--from`?").at(3, 1);
    assert_eq!(fault.to_string(), "3:1: unknown flag `--form`\nhint: did you mean `--from`?");
}

#[test]
fn an_excerpt_is_cut_between_characters() {
    assert_eq!(excerpt(&"é".repeat(100)).chars().count(), 81);
}
