//! Outputs of upstream, distributions and Docker Desktop.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    assert_eq!(parse_version(text).map(|version| version.to_string()).as_deref(), expected);
}

#[test]
fn table() {
    let upstream = "github.com/docker/buildx v0.13.1 788433953af10f2a698f5c07611dddce2e08c7a0\n";
    check(upstream, Some("0.13.1"));
    check("github.com/docker/buildx 0.13.1+ds1-3 \n", Some("0.13.1"));
    check("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3+b5\n", Some("0.13.1"));
    check("github.com/docker/buildx v0.14.0-desktop.1 abc", Some("0.14.0"));
    check("github.com/docker/buildx v0.31.0-rc2 abc", Some("0.31.0"));
    check("github.com/docker/buildx v0.0.0+unknown \n", Some("0.0.0"));
    check("github.com/docker/buildx 0.20 abc", Some("0.20.0"));
    check("WARNING: something\ngithub.com/docker/buildx v1.2.3 abc\r\n", Some("1.2.3"));
}

#[test]
fn no_version() {
    check("", None);
    check("docker: 'buildx' is not a docker command.\nSee 'docker --help'", None);
    check("github.com/docker/buildx", None);
    check("github.com/docker/buildx 788433953af10f2a698f5c07611dddce2e08c7a0", None);
    check("github.com/docker/buildx v0.13.1.4", None);
    check("github.com/docker/buildx v0..1", None);
    check("github.com/docker/buildx v99999999999.0.0", None);
}

#[test]
fn order() {
    let at = |text: &str| parse_version(&format!("github.com/docker/buildx {text}")).unwrap();
    assert!(at("v0.12.5") < MINIMUM);
    assert_eq!(at("v0.13.0-rc1"), MINIMUM);
    assert!(at("v0.14.0-desktop.1") > MINIMUM);
    assert!(at("v1.0.0") > at("v0.99.99"));
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,40}|github.com/docker/buildx v?[0-9.+a-zé-]{0,12}") {
        prop_assert_eq!(parse_version(&text), parse_version(&format!("{text}\n")));
    }
}
