use super::*;
use crate::installs::{Names, Wanted};

const UV_LOCK: &str = r#"
version = 1
revision = 2

[[package]]
name = "fn"
version = "0.1.0"
source = { editable = "lambdas/fn" }
dependencies = [{ name = "boto3" }, { name = "colorama", marker = "sys_platform == 'win32'" }]

[package.optional-dependencies]
s3 = [{ name = "s3fs" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "other"
version = "0.1.0"
source = { editable = "lambdas/other" }
dependencies = [{ name = "numpy" }]

[[package]]
name = "boto3"
version = "1.40.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/boto3.tar.gz", hash = "sha256:b0" }

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://index.example/simple" }

[[package]]
name = "numpy"
version = "2.2.6"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "s3fs"
version = "2025.1"
source = { registry = "https://index.example/simple" }
"#;

const REQUIREMENTS: &str = "\
boto3==1.40.0 \\
    --hash=sha256:b0
pywin32==306 ; sys_platform == \"win32\" \\
    --hash=sha256:c0
";

fn wanted(extras: Names, groups: Names) -> Installs {
    Installs::Wanted([Wanted { package: "fn".parse().unwrap(), extras, groups }].into())
}

fn nothing() -> Names {
    Names::Only([].into())
}

fn locked(path: &str, text: &str, installs: &Installs) -> Locked {
    let lock = parse_lock(path, text).expect("it is a lock");
    lock.locked(installs, &Platform::default())
}

#[track_caller]
fn check_names(text: &str, installs: &Installs, expected: &str) {
    let found = locked("uv.lock", text, installs);
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn what_is_installed_counts() {
    check_names(UV_LOCK, &wanted(nothing(), nothing()), "boto3 fn");
    check_names(UV_LOCK, &wanted(Names::AllBut([].into()), nothing()), "boto3 fn s3fs");
    check_names(UV_LOCK, &wanted(nothing(), Names::AllBut([].into())), "boto3 fn pytest");
    check_names(UV_LOCK, &Installs::Everything, "boto3 colorama fn numpy other pytest s3fs");
}

/// Whether an image that installs `fn` alone sees the difference.
#[track_caller]
fn check_change(old: &str, new: &str, seen: bool) {
    assert!(UV_LOCK.contains(old));
    let installs = wanted(nothing(), nothing());
    let after = locked("uv.lock", &UV_LOCK.replacen(old, new, 1), &installs);
    assert_eq!(locked("uv.lock", UV_LOCK, &installs) != after, seen, "{old} → {new}");
}

#[test]
fn noise_does_not_count() {
    check_change("1.40.0", "1.41.0", true);
    check_change("sha256:b0", "sha256:b1", true);
    check_change("revision = 2", "revision = 3", false);
    check_change("version = \"0.1.0\"", "version = \"0.2.0\"", false);
    check_change("2.2.6", "2.3.0", false);
    check_change("8.0.0", "8.1.0", false);
    check_change("0.4.6", "0.4.7", false);
    check_change("'win32'", "'linux'", true);
}

#[test]
fn requirements_with_hashes_count_by_their_lines() {
    let read = |text: &str| locked("app/requirements.lock", text, &Installs::Everything);
    let before = read(REQUIREMENTS);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["boto3"]);
    assert_eq!(before["boto3"].version.as_deref(), Some("1.40.0"));
    assert_eq!(read(&format!("# A comment.\n{REQUIREMENTS}")), before);
    assert_eq!(read(&REQUIREMENTS.replace("306", "307")), before);
    assert_ne!(read(&REQUIREMENTS.replace("b0", "b1")), before);
    assert_ne!(read(&format!("--index-url https://index.example\n{REQUIREMENTS}")), before);
}

#[test]
fn what_is_no_lock_counts_by_its_bytes() {
    assert!(parse_lock("requirements.txt", "boto3==1.40.0\n").is_none());
    assert!(parse_lock("requirements.txt", "-e .\n").is_none());
    assert!(parse_lock("requirements.txt", "./wheels/x.whl --hash=sha256:00\n").is_none());
    assert!(parse_lock("uv.lock", "version = 99\n").is_none());
    assert!(parse_lock("poetry.lock", "=").is_none());
    assert!(may_be_lock("a/requirements-dev.lock") && may_be_lock("uv.lock"));
    assert!(!may_be_lock("Cargo.lock") && !may_be_lock("a/requirements.in"));
}

#[test]
fn a_lock_is_understood_once_and_asked_often() {
    let mut locks = Locks::default();
    let content = sha256(REQUIREMENTS.as_bytes());
    let ask = |locks: &mut Locks| {
        locks.locked("requirements.txt", &content, &Installs::Everything, &Platform::default())
    };
    assert!(ask(&mut locks).is_none() && !locks.knows("requirements.txt", &content));
    locks.add("requirements.txt", content, REQUIREMENTS);
    let first = ask(&mut locks).unwrap();
    assert!(Arc::ptr_eq(&first, &ask(&mut locks).unwrap()));
}
