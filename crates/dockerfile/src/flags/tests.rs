//! Splitting and checking of flags.

use super::{FlagKind, Flags, split_flags};

#[track_caller]
fn check(line: &str, flags: &[&str], rest: &str) {
    let (found, found_rest) = split_flags(line, '\\');
    assert_eq!((found.as_slice(), found_rest.trim()), (flags.map_to_owned().as_slice(), rest));
}

trait MapToOwned {
    fn map_to_owned(&self) -> Vec<String>;
}

impl MapToOwned for &[&str] {
    fn map_to_owned(&self) -> Vec<String> {
        self.iter().map(|&s| s.to_owned()).collect()
    }
}

const KNOWN: &[(&str, FlagKind)] =
    &[("from", FlagKind::Value), ("link", FlagKind::Switch), ("exclude", FlagKind::List)];

#[track_caller]
fn check_refused(flags: &[&str], message: &str, hint: Option<&str>) {
    let refusal = Flags::parse(&flags.map_to_owned(), KNOWN).expect_err("a refusal");
    assert_eq!((refusal.message.as_str(), refusal.hint.as_deref()), (message, hint));
}

#[test]
fn splitting() {
    check("a --b c", &[], "a --b c");
    check("--a=b  --c d e", &["--a=b", "--c"], "d e");
    check("--a='b c' --d=\"e\\\"f\" g", &["--a=b c", "--d=e\"f"], "g");
    check("--a=b\\ c d", &["--a=b c"], "d");
    check("--a -- --b c", &["--a"], "--b c");
    check("-- a", &[], "a");
    check("--", &[], "");
    check("--a\\", &["--a"], "");
    check("--a=\"b", &["--a=b"], "");
    check("-a --b", &[], "-a --b");
    check("", &[], "");
}

#[test]
fn beyond_ascii_bytes_are_characters() {
    check("--a=é b", &["--a=Ã©"], "b");
    check("--a=à b", &["--a=Ã"], "b");
    let (flags, rest) = split_flags("--a=\u{2800}b", '\\');
    assert_eq!((flags.as_slice(), rest.as_str()), (&["--a=â".to_owned()][..], "\u{fffd}b"));
}

#[test]
fn checking() {
    let given = ["--from=a=b", "--link", "--exclude=x", "--exclude=y"].as_slice().map_to_owned();
    let flags = Flags::parse(&given, KNOWN).expect("known flags");
    assert_eq!(flags.value("from"), Some("a=b"));
    assert_eq!(flags.switch("link"), Some(true));
    assert_eq!(flags.list("exclude").collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(flags.switch("parents"), None);
}

#[test]
fn refusals() {
    check_refused(&["--form=a"], "unknown flag `--form`", Some("did you mean `--from`?"));
    check_refused(&["--from=a", "--from=b"], "duplicate flag `--from`", None);
    check_refused(&["--from"], "missing a value on flag `--from`", Some("write it as `--from=…`"));
    check_refused(&["--link="], "missing a value on flag `--link`", None);
    check_refused(&["--link=1"], "flag `--link` takes true or false, not `1`", None);
    check_refused(&["--From=a"], "unknown flag `--From`", Some("did you mean `--from`?"));
}
