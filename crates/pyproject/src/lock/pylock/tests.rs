//! A `pylock.toml` as uv writes it, and the parts of PEP 751 that uv doesn't write.

use expect_test::{Expect, expect};

use super::*;

/// By `uv export --format pylock.toml`, shortened.
const PYLOCK: &str = r#"
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"

[[packages]]
name = "colorama"
version = "0.4.6"
marker = "sys_platform == 'win32'"
index = "https://index.example/simple"
sdist = { url = "https://files.example/colorama-0.4.6.tar.gz", upload-time = 2022-10-25T02:36:22Z, size = 27697, hashes = { sha256 = "c0" } }

[[packages]]
name = "idna"
version = "3.20"
marker = "python_full_version < '3.15'"
index = "https://index.example/simple"
sdist = { url = "https://files.example/idna-3.20.tar.gz", hashes = { sha256 = "10" } }
wheels = [{ url = "https://files.example/idna-3.20-py3-none-any.whl", hashes = { sha256 = "11", sha512 = "12" } }]

[[packages]]
name = "six"
version = "1.17.0"
marker = "'s3' in extras or 'dev' in dependency_groups"
index = "https://index.example/simple"
wheels = [{ url = "https://files.example/six-1.17.0-py2.py3-none-any.whl", hashes = { sha256 = "50" } }]
"#;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, environment: &Environment, expected: Expect) {
    let lines = parse_pylock(text).unwrap().closure(environment).canonical_lines();
    let lines = lines.iter().map(|line| line.replace('\t', " | ") + "\n");
    expected.assert_eq(&lines.collect::<String>());
}

fn linux() -> Environment {
    Environment::cpython_on_linux("3.13", "x86_64")
}

#[test]
fn every_package_whose_marker_may_hold_is_installed() {
    check(
        PYLOCK,
        &linux(),
        expect![[r#"
        idna | version=3.20 | source=registry+https://index.example/simple | hash=sha256:10 | hash=sha256:11 | hash=sha512:12
        six | version=1.17.0 | source=registry+https://index.example/simple | hash=sha256:50 | if='s3' in extras or 'dev' in dependency_groups | through= | for=
         | verbatim=requires-python = >=3.11
    "#]],
    );
    let none = Some(BTreeSet::new());
    let plain = Environment { extras: none.clone(), dependency_groups: none.clone(), ..linux() };
    check(
        PYLOCK,
        &plain,
        expect![[r#"
        idna | version=3.20 | source=registry+https://index.example/simple | hash=sha256:10 | hash=sha256:11 | hash=sha512:12
         | verbatim=requires-python = >=3.11
    "#]],
    );
    let s3 = Some(BTreeSet::from(["s3".parse().unwrap()]));
    let with_extra = Environment { extras: s3, dependency_groups: none, ..linux() };
    check(
        PYLOCK,
        &with_extra,
        expect![[r#"
        idna | version=3.20 | source=registry+https://index.example/simple | hash=sha256:10 | hash=sha256:11 | hash=sha512:12
        six | version=1.17.0 | source=registry+https://index.example/simple | hash=sha256:50
         | verbatim=requires-python = >=3.11
    "#]],
    );
}

#[test]
fn sources_that_are_no_index() {
    let text = r#"
lock-version = "1.0"
default-groups = ["Dev"]
extras = ["s3"]

[[packages]]
name = "from-git"
vcs = { type = "git", url = "https://git.example/a.git", commit-id = "abc", requested-revision = "main" }
[[packages]]
name = "from-folder"
version = "0.1.0"
directory = { path = "libs/a", editable = true }
[[packages]]
name = "from-archive"
requires-python = ">=3.9"
archive = { path = "dist/a.zip", subdirectory = "in", size = 1, hashes = { sha256 = "a0" } }
[[packages]]
name = "without-hash"
wheels = [{ path = "dist/b-1-py3-none-any.whl" }]
"#;
    check(
        text,
        &linux(),
        expect![[r#"
        from-archive | source=path+dist/a.zip#subdirectory=in | hash=sha256:a0
        from-folder | source=editable+libs/a
        from-git | source=git+https://git.example/a.git#abc#subdirectory=
        without-hash | source= | hash=dist/b-1-py3-none-any.whl
         | verbatim=extras = s3
         | verbatim=from-archive on >=3.9
    "#]],
    );
    assert_eq!(parse_pylock(text).unwrap().default_groups, ["dev".parse().unwrap()]);
}

/// Whether an image on Linux sees the difference.
#[track_caller]
fn check_change(old: &str, new: &str, seen: bool) {
    assert!(PYLOCK.contains(old), "{old}");
    let closure = |text: &str| parse_pylock(text).unwrap().closure(&linux());
    assert_eq!(closure(PYLOCK) != closure(&PYLOCK.replacen(old, new, 1)), seen, "{old} → {new}");
}

#[test]
fn what_counts() {
    check_change("\"3.20\"", "\"3.21\"", true);
    check_change("sha256 = \"11\"", "sha256 = \"13\"", true);
    check_change("sha512 = \"12\"", "sha512 = \"13\"", true);
    check_change("'s3' in extras", "'s4' in extras", true);
    check_change(">=3.11", ">=3.12", true);
    check_change("win32", "linux", true);
    check_change("created-by = \"uv\"", "created-by = \"pip\" # again", false);
    check_change("0.4.6", "0.4.7", false);
    check_change("27697", "1", false);
    check_change("python_full_version < ", "python_full_version  <", false);
    check_change("[[packages]]\nname = \"six\"", "[[packages]]\nname = \"sax\"", true);
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_refused(text: &str, expected: Expect) {
    expected.assert_eq(&parse_pylock(text).unwrap_err().to_string());
}

#[test]
fn what_is_not_in_the_standard_is_refused() {
    let package = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n";
    check_refused("packages = []\n", expect!["a lock without a version"]);
    check_refused("lock-version = \"1.1\"\n", expect!["a lock of the unknown version `1.1`"]);
    check_refused(
        "lock-version = \"1.0\"\nplans = 1\n",
        expect!["2:1: `plans` is no key of PEP 751"],
    );
    check_refused(
        &format!("{package}extra = 1\n"),
        expect!["4:1: `packages[0].extra` is no key of PEP 751"],
    );
    check_refused(
        &format!("{package}wheels = [{{ urls = 1 }}]\n"),
        expect!["4:13: `packages[0].wheels[0].urls` is no key of PEP 751"],
    );
    check_refused(
        &format!("{package}vcs = {{ branch = \"x\" }}\n"),
        expect!["4:9: `packages[0].vcs.branch` is no key of PEP 751"],
    );
    check_refused(
        "lock-version = \"1.0\"\n[[packages]]\nversion = \"1\"\n",
        expect!["2:1: `packages[0]` has no name"],
    );
}

#[test]
fn names_of_files() {
    let is = |name: &str| is_pylock_name(name);
    assert!(is("pylock.toml") && is("pylock.dev.toml"));
    assert!(!is("pylock..toml") && !is("pylock.a.b.toml") && !is("pylock.lock") && !is("a.toml"));
}
