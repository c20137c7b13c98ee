//! What is read from os-release and from the versions that programs print.

use super::*;

fn distribution(id: &str, version: &str, codename: &str) -> Distribution {
    Distribution { id: id.to_owned(), version: version.to_owned(), codename: codename.to_owned() }
}

#[track_caller]
fn check_suites(id: &str, version: &str, codename: &str, expected: Result<(&str, &str), &str>) {
    let expected = expected
        .map(|(own, engine)| Suites { own: own.to_owned(), engine: engine.to_owned() })
        .map_err(str::to_owned);
    assert_eq!(choose_suites(&distribution(id, version, codename)), expected);
}

#[test]
fn os_release_is_read_with_and_without_quotes() {
    let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n\
                  VERSION_CODENAME=bookworm\nID=debian\n";
    assert_eq!(parse_os_release(debian), distribution("debian", "12", "bookworm"));
    let ubuntu = "ID_LIKE=debian\nID='ubuntu'\nVERSION_ID='24.04'\nVERSION_CODENAME=noble\n";
    assert_eq!(parse_os_release(ubuntu), distribution("ubuntu", "24.04", "noble"));
    assert_eq!(parse_os_release(""), Distribution::default());
}

#[test]
fn an_older_debian_takes_the_engine_from_the_next() {
    check_suites("debian", "12", "bookworm", Ok(("bookworm", "trixie")));
    check_suites("debian", "13", "trixie", Ok(("trixie", "trixie")));
    check_suites("debian", "", "forky", Ok(("forky", "forky")));
    check_suites("ubuntu", "24.04", "noble", Ok(("noble", "noble")));
    check_suites("ubuntu", "25.10", "questing", Ok(("questing", "questing")));
}

#[test]
fn what_is_too_old_or_something_else_is_named() {
    check_suites("debian", "11", "bullseye", Err("the packages of debian 11 are too old"));
    check_suites("ubuntu", "22.04", "jammy", Err("the packages of ubuntu 22.04 are too old"));
    check_suites("fedora", "42", "", Err("`fedora` is neither Debian nor Ubuntu"));
    check_suites("debian", "", "", Err("`/etc/os-release` names no suite"));
}

#[test]
fn another_suite_is_for_the_engine_alone() {
    let suites = choose_suites(&distribution("debian", "12", "bookworm")).unwrap();
    assert_eq!(suites.with_engine(None), suites);
    let chosen = suites.with_engine(Some("forky"));
    assert_eq!((chosen.own.as_str(), chosen.engine.as_str()), ("bookworm", "forky"));
}

#[test]
fn a_suite_is_one_word_of_a_sources_list() {
    for suite in ["forky", "sid", "noble", "stable"] {
        assert_eq!(parse_suite(suite).as_deref(), Ok(suite));
    }
    for text in ["", "-", "forky main", "Forky", "13", "forky/", "forky\n"] {
        assert!(parse_suite(text).is_err(), "{text}");
    }
}

#[track_caller]
fn check_buildx(text: &str, expected: Option<(&str, (u32, u32))>) {
    let expected = expected.map(|(version, number)| (version.to_owned(), number));
    assert_eq!(parse_buildx_version(text), expected);
}

#[test]
fn versions_of_buildx() {
    let docker = "github.com/docker/buildx v0.21.1-desktop.2 abcdef\n";
    check_buildx(docker, Some(("0.21.1-desktop.2", (0, 21))));
    let debian = "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3\n";
    check_buildx(debian, Some(("0.13.1+ds1", (0, 13))));
    check_buildx("github.com/docker/buildx 0.9.1", Some(("0.9.1", (0, 9))));
    check_buildx("github.com/docker/buildx dev", None);
    check_buildx("", None);
    assert!((0, 9) < OLDEST_BUILDX && (0, 13) >= OLDEST_BUILDX && (1, 0) >= OLDEST_BUILDX);
}

#[test]
fn docker_info_is_read_tolerantly() {
    let info: DockerInfo =
        serde_json::from_str(r#"{"ID":"","ServerErrors":["no"],"ServerVersion":"28.0"}"#).unwrap();
    assert_eq!((info.server_version.as_str(), info.name.as_str()), ("28.0", ""));
}
