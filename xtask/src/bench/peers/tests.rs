use super::*;

#[track_caller]
fn check(question: usize, answer: &Value, expected: Option<&[&str]>) {
    let projects = (QUESTIONS[question].projects)(answer);
    let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(projects, expected);
}

#[test]
fn answers_are_read() {
    check(0, &json!({ "packages": { "items": [{ "name": "a", "path": "b" }] } }), Some(&["a"]));
    check(1, &json!({ "packages": ["a", "b"], "tasks": [] }), Some(&["a", "b"]));
    check(2, &json!([]), Some(&[]));
    check(3, &json!({ "projects": [{ "id": "a" }] }), Some(&["a"]));
}

#[test]
fn what_is_no_answer_names_nothing() {
    for question in 0..QUESTIONS.len() {
        check(question, &json!({ "error": "no such thing" }), None);
    }
}
