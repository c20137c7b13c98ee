//! Durations.

use super::check_duration;

#[track_caller]
fn check(text: &str, message: Option<&str>) {
    let refusal = check_duration("interval", text).err().map(|refusal| refusal.message);
    assert_eq!(refusal.as_deref(), message, "{text}");
}

#[test]
fn durations() {
    for valid in ["", "0", "30s", "1m30s", "1.5h", ".5s", "1ms", "+1s", "0s", "1000us"] {
        check(valid, None);
    }
    for invalid in ["30", "s", "1 s", "1x", ".s", "-", "1.2.3s", "99999999h"] {
        check(invalid, Some(&format!("invalid value `{invalid}` for `--interval`")));
    }
    check("999us", Some("`--interval` can't be less than 1ms"));
    check("-1s", Some("`--interval` can't be less than 1ms"));
}
