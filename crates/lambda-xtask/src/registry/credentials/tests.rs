//! Configuration files and helpers as docker has them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn password(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
}

/// What is found for a host where `config.json` is this, and a helper `x` this script.
fn find(config: &str, helper: &str, host: &str) -> Result<Option<Credentials>, RegistryError> {
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
    find_credentials(&environment, host)
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
