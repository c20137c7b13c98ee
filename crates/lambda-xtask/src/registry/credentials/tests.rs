//! Configuration files and helpers as docker has them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn password(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
}

/// Time that no helper of these tests needs.
const LIMIT: Duration = Duration::from_secs(60);

/// What is found for a host where `config.json` is this, and a helper `x` this script.
fn find(config: &str, helper: &str, host: &str) -> Result<Option<Credentials>, RegistryError> {
    find_within("", config, helper, host, LIMIT)
}

/// The same with the variable.
fn find_with(
    variable: &str,
    config: &str,
    helper: &str,
    host: &str,
) -> Result<Option<Credentials>, RegistryError> {
    find_within(variable, config, helper, host, LIMIT)
}

fn find_within(
    variable: &str,
    config: &str,
    helper: &str,
    host: &str,
    limit: Duration,
) -> Result<Option<Credentials>, RegistryError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), config).unwrap();
    let program = folder.path().join("docker-credential-x");
    // Written by another process: see `Text file busy`.
    let script = format!("#!/bin/sh\n{helper}\n");
    let copied = std::process::Command::new("sh")
        .args(["-c", "printf '%s' \"$1\" > \"$2\"", "sh", &script])
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let environment =
        Environment::of_process().unwrap().with("PATH", path).with("DOCKER_CONFIG", folder.path());
    find_credentials(&environment.with(VARIABLE, variable), host, limit)
}

#[track_caller]
fn check(config: &str, host: &str, wanted: Option<Credentials>) {
    assert_eq!(find(config, "exit 9", host).map_err(|error| error.to_string()), Ok(wanted));
}

#[test]
fn entries_of_the_file() {
    // `user:pass:word`
    let auths = r#"{"auths":{"a.example":{"auth":"dXNlcjpwYXNzOndvcmQ="},"https://b.example/v1/":{"username":"u","password":"p"},"c.example":{}}}"#;
    check(auths, "a.example", password("user", "pass:word"));
    check(auths, "b.example", password("u", "p"));
    check(auths, "c.example", None);
    check(auths, "d.example", None);
    check("{}", "a.example", None);
    let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}}}"#;
    check(hub, "registry-1.docker.io", password("u", "p"));
    let token = r#"{"auths":{"a.example":{"auth":"dTo=","identitytoken":"t"}}}"#;
    check(token, "a.example", Some(Credentials::IdentityToken("t".to_owned())));
}

#[test]
fn keys_are_hosts_or_urls() {
    let keyed = |key: &str| format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#);
    for key in [
        "a.example:5000",
        "a.example:5000/",
        "a.example:5000/v1/",
        "http://a.example:5000",
        "https://a.example:5000/",
        "https://a.example:5000/v1/",
        "https://a.example:5000/v2/",
        "https://user@a.example:5000/v2/?x=1",
    ] {
        check(&keyed(key), "a.example:5000", password("u", "p"));
        check(&keyed(key), "a.example", None);
        check(&keyed(key), "a.example:5001", None);
    }
    check(&keyed("http://[::1]:5000/v2/"), "[::1]:5000", password("u", "p"));
    check(&keyed("[::1]:5000"), "[::1]:5000", password("u", "p"));
    check(&keyed("https://index.docker.io/v1/"), "registry-1.docker.io", password("u", "p"));
    check(&keyed("index.docker.io"), "registry-1.docker.io", password("u", "p"));
    check(&keyed("a.example"), "b.a.example", None);
    // What is written as the host itself comes first.
    let both = r#"{"auths":{"https://a.example/v2/":{"auth":"dTpx"},"a.example":{"auth":"dTpw"}}}"#;
    check(both, "a.example", password("u", "p"));
}

#[test]
fn tokens_come_before_passwords() {
    let entry = r#"{"auth":"dTpw","identitytoken":"i","registrytoken":"r"}"#;
    let config = format!(r#"{{"auths":{{"a.example":{entry}}}}}"#);
    let token = Some(Credentials::RegistryToken("r".to_owned()));
    check(&config, "a.example", token.clone());
    // Also before a helper, which knows no such token.
    let config = format!(r#"{{"credsStore":"x","auths":{{"a.example":{entry}}}}}"#);
    check(&config, "a.example", token);
    let empty = r#"{"credHelpers":{"a.example":""},"credsStore":"x","auths":{"a.example":{"auth":"dTpw"}}}"#;
    check(empty, "a.example", password("u", "p"));
}

#[test]
fn the_variable_comes_before_the_file() {
    let file = r#"{"auths":{"a.example":{"auth":"dTpw"}}}"#;
    let found = |variable: &str, host: &str| find_with(variable, file, "exit 9", host).unwrap();
    let variable =
        r#"{"auths":{"a.example":{"auth":"djpx"},"https://index.docker.io/v1/":{"auth":"djpo"}}}"#;
    assert_eq!(found(variable, "a.example"), password("v", "q"));
    assert_eq!(found(variable, "registry-1.docker.io"), password("v", "h"));
    assert_eq!(
        found(r#"{"auths":{"b.example":{"auth":"djpx"}}}"#, "a.example"),
        password("u", "p")
    );
    assert_eq!(found("{}", "a.example"), password("u", "p"));
    // Unlike in the file, a key is only what docker looks up.
    assert_eq!(found(r#"{"auths":{"https://b.example":{"auth":"djpx"}}}"#, "b.example"), None);
    // Docker takes none of it where something is wrong with it.
    for damaged in [
        "no json",
        r#"{"auths":{"a.example":{"auth":"djpx"}},"credsStore":"x"}"#,
        r#"{"auths":{"a.example":{"username":"v","password":"q"}}}"#,
        r#"{"auths":{"a.example":{"auth":"djpx"},"b.example":{"auth":"7"}}}"#,
        r#"{"auths":{"a.example":{"auth":"djpx"},"b.example":{"auth":""}}}"#,
        r#"{"auths":{"a.example":{"auth":"djpx"}}} {}"#,
    ] {
        assert_eq!(found(damaged, "a.example"), password("u", "p"), "{damaged}");
    }
    let helped = r#"{"credsStore":"x"}"#;
    let variable = r#"{"auths":{"a.example":{"auth":"djpx"}}}"#;
    let found = find_with(variable, helped, "exit 9", "a.example").unwrap();
    assert_eq!(found, password("v", "q"));
}

#[test]
fn a_helper_is_told_the_host() {
    let config = r#"{"auths":{"a.example":{}},"credHelpers":{"a.example":"x"}}"#;
    let helper =
        r#"read host; printf '{"ServerURL":"%s","Username":"u","Secret":"%s!"}' "$host" "$host""#;
    assert_eq!(find(config, helper, "a.example").unwrap(), password("u", "a.example!"));
    assert_eq!(find(config, helper, "b.example").unwrap(), None);
    let config = r#"{"credsStore":"x"}"#;
    let helper = r#"printf '{"Username":"<token>","Secret":"t"}'"#;
    let token = Some(Credentials::IdentityToken("t".to_owned()));
    assert_eq!(find(config, helper, "b.example").unwrap(), token);
    let helper = "echo credentials not found in native keychain; exit 1";
    assert_eq!(find(config, helper, "b.example").unwrap(), None);
}

#[test]
fn a_helper_that_fails_is_named() {
    let error = find(r#"{"credsStore":"x"}"#, "echo 'the keychain is locked'; exit 1", "a.example");
    assert_eq!(
        error.unwrap_err(),
        RegistryError::Helper {
            program: "docker-credential-x".to_owned(),
            host: "a.example".to_owned(),
            why: "the keychain is locked".to_owned()
        }
    );
    let missing = find(r#"{"credsStore":"nowhere"}"#, "", "a.example").unwrap_err();
    assert!(missing.to_string().contains("`docker-credential-nowhere`"), "{missing}");
}

#[test]
fn damage_is_told_without_the_secret() {
    for config in [
        r#"{"auths":{"a.example":{"auth":7777777}}}"#,
        r#"{"auths":{"a.example":{"auth":"7777777"}}}"#,
    ] {
        let error = find(config, "", "a.example").unwrap_err();
        assert!(matches!(error, RegistryError::Config { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("7777777"), "{error:?}");
    }
    let shown = format!("{:?}", password("user", "s3cret"));
    assert!(!shown.contains("s3cret"), "{shown}");
}

/// Also where it keeps its output open by a child of its own.
#[test]
fn a_helper_without_an_answer_is_ended() {
    for helper in ["exec sleep 60", "sleep 60 & exit 0", "sleep 60 >/dev/null & wait"] {
        let error = find_within("", r#"{"credsStore":"x"}"#, helper, "a.example", Duration::ZERO);
        let (program, host) = ("docker-credential-x".to_owned(), "a.example".to_owned());
        let why = "it gave no answer within 0 s".to_owned();
        assert_eq!(error.unwrap_err(), RegistryError::Helper { program, host, why }, "{helper}");
    }
}

#[test]
fn a_configuration_that_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    crate::files::make_pipe(&folder.path().join("config.json"));
    let environment = Environment::of_process().unwrap().with("DOCKER_CONFIG", folder.path());
    let error = find_credentials(&environment, "a.example", LIMIT).unwrap_err();
    assert!(error.to_string().contains(": it is a named pipe, and must be a file"), "{error}");
}
