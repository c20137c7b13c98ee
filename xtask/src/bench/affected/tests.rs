use serde_json::json;

use super::*;

#[test]
fn our_answer_is_read() {
    let image = |name: &str, affected: bool| json!({ "name": name, "kind": "lambda", "affected": affected, "reasons": [] });
    let answer = json!({ "version": 1, "images": [image("fn-1", true), image("fn-2", false)] });
    assert_eq!(affected_images(&answer), Some(vec!["fn-1".to_owned()]));
}

#[test]
fn what_does_not_say_what_is_affected_is_no_answer() {
    assert_eq!(affected_images(&json!({ "images": [{ "name": "fn-1" }] })), None);
    assert_eq!(affected_images(&json!({})), None);
}
