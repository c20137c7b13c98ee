//! Which version clauses are well-formed by PEP 440.

use proptest::prelude::*;

use crate::scanner::Scanner;

use super::skip_version_clauses;

/// `rest` is what is left behind the clauses, or the message of the error.
#[track_caller]
fn check(text: &str, expected: Result<&str, &str>) {
    let mut scanner = Scanner::new(text);
    let outcome = skip_version_clauses(&mut scanner).map(|()| scanner.rest());
    assert_eq!(outcome.as_deref().map_err(|error| error.message.as_str()), expected, "{text}");
}

#[test]
fn clauses() {
    for text in [
        "",
        ">=1",
        "==1.*",
        "!= 1.2.*",
        "~=1.2",
        "~=1.2rc1",
        "==1!2.0a1.post2.dev3+Local-1.x",
        ">=v1.0-1, <2.0_RC.3 ,",
        "===anything at",
        "<=1.0.post,>1.dev0",
    ] {
        let rest = text.strip_prefix("===anything ").unwrap_or("");
        check(text, Ok(rest));
    }
    check(">=1 ; x", Ok("; x"));
    check("=1", Ok("=1"));
}

#[test]
fn faults() {
    check(">=", Err("expected a version after `>=`, found the end"));
    check(">= ;", Err("expected a version after `>=`, found `;`"));
    check(">=1.x", Err("`1.x` is not a version"));
    check("==1.*.2", Err("`1.*.2` is not a version"));
    check("==1.0rc1.*", Err("`1.0rc1.*` is not a version"));
    check("==1.0+", Err("`1.0+` is not a version"));
    check("==a!1", Err("`a!1` is not a version"));
    check(">=1.*", Err("`1.*` can't follow `>=`"));
    check("<1+local", Err("`1+local` can't follow `<`"));
    check("~=1", Err("`~=1` needs a version of two numbers at least"));
}

proptest! {
    #[test]
    fn all_versions_of_pep_440_are_accepted(
        version in "v?([0-9]!)?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?[0-9]?)?(-[0-9]|[-_.]?(post|rev|r)[-_.]?[0-9]?)?([-_.]?dev[-_.]?[0-9]?)?",
        local in "(\\+[a-z0-9]{1,3}([-_.][a-z0-9]{1,3}){0,2})?",
        operator in "(==|!=)",
    ) {
        for text in [format!("{operator}{version}{local}"), format!(">={version}, <{version}").to_uppercase()] {
            let mut scanner = Scanner::new(&text);
            prop_assert!(skip_version_clauses(&mut scanner).is_ok(), "{}", text);
            prop_assert_eq!(scanner.rest(), "", "{}", text);
        }
    }
}
