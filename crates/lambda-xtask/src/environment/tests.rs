use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// What is found of a program `tool`, whose text is the first file of this name in the `PATH`.
#[track_caller]
fn check(text: &[u8], mode: u32, is_found: bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bin/tool");
    fs::create_dir_all(folder.path().join("bin")).unwrap();
    fs::create_dir_all(folder.path().join("empty")).unwrap();
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let path = ["empty", "bin"].map(|name| folder.path().join(name));
    let path = std::env::join_paths(path).unwrap();
    let environment = Environment::of_process().unwrap().with("PATH", path);
    let expected = if is_found { file.into_os_string() } else { OsString::from("tool") };
    assert_eq!(environment.find_program("tool"), expected);
    assert_eq!(environment.find_program("another"), "another");
}

#[test]
fn a_program_is_where_the_path_says() {
    check(b"#!/bin/sh\n", 0o755, true);
    check(b"\x7fELF...", 0o755, true);
}

#[test]
fn what_the_system_runs_by_other_rules_is_left_to_it() {
    check(b"echo no shebang\n", 0o755, false);
    check(b"#!", 0o755, false);
    check(b"#!/bin/sh\n", 0o644, false);
}

#[test]
fn an_empty_entry_of_the_path_is_left_to_the_system() {
    let environment = Environment::of_process().unwrap().with("PATH", ":/usr/bin:/bin");
    assert_eq!(environment.find_program("sh"), "sh");
    assert_eq!(environment.without("PATH").find_program("sh"), "sh");
}
