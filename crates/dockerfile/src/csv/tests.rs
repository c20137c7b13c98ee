//! Fields and their quotes.

use super::parse_fields;

#[track_caller]
fn check(line: &str, expected: Option<&[&str]>) {
    let fields = parse_fields(line).ok();
    let expected = expected.map(|e| e.iter().map(|&f| f.to_owned()).collect());
    assert_eq!(fields, expected, "{line:?}");
}

#[test]
fn fields() {
    check("a", Some(&["a"]));
    check("a,b=c,", Some(&["a", "b=c", ""]));
    check(",", Some(&["", ""]));
    check("\"a,b\",c", Some(&["a,b", "c"]));
    check("\"a\"\"b\"", Some(&["a\"b"]));
    check("\"\",x\r\n", Some(&["", "x"]));
    check("", None);
    check("a\"b", None);
    check("\"a", None);
    check("\"a\"b", None);
}
