//! `poetry.lock`s that poetry 2 and poetry 1.8 wrote for one project, and one of the oldest form.

use expect_test::{Expect, expect};

use super::parse_poetry_lock;
use crate::lock::{
    Environment,
    tests::{OLD_POETRY_LOCK, POETRY_LOCK, closure, image, render},
};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, roots: &str, environment: &Environment, expected: Expect) {
    let lock = parse_poetry_lock(text).unwrap();
    expected.assert_eq(&render(&closure(&lock, roots, environment)));
}

#[test]
fn the_project_with_its_groups() {
    check(
        POETRY_LOCK,
        "shop",
        &image(),
        expect![[r#"
        anyio 4.16.0
        certifi 2026.10.18
        click 8.5.1
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        packaging 26.3
        platformdirs 4.14.7
        shared directory+libs/shared
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        POETRY_LOCK,
        "shop[query]{dev}",
        &image(),
        expect![[r#"
        anyio 4.16.0
        certifi 2026.10.18
        click 8.5.1
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        iniconfig 2.3.1
        jmespath 1.1.0
        packaging 26.3
        platformdirs 4.14.7
        pluggy 1.7.0
        pygments 2.21.0
        pytest 9.2.0
        shared directory+libs/shared
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        POETRY_LOCK,
        "shop[query]",
        &Environment::default(),
        expect![[r#"
        anyio 4.16.0
        certifi 2026.10.18
        click 8.5.1
        exceptiongroup 1.3.1
          if python_version < '3.11'
          if python_version == '3.10'
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        jmespath 1.1.0
        packaging 26.3
        platformdirs 3.11.0
          if python_version == '3.10'
        platformdirs 4.14.7
          if python_version >= '3.11'
        shared directory+libs/shared
        socksio 1.0.0
        typing-extensions 4.16.0
          if python_version < '3.15'
          if python_version < '3.13' through exceptiongroup 1.3.1 registry+https://index.example/simple
        tzdata 2026.6
          if sys_platform == 'win32'
    "#]],
    );
}

#[test]
fn requirements_as_roots() {
    check(
        POETRY_LOCK,
        "httpx[socks] shared",
        &image(),
        expect![[r#"
        anyio 4.16.0
        certifi 2026.10.18
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        packaging 26.3
        shared directory+libs/shared
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        OLD_POETRY_LOCK,
        "httpx[socks] shared",
        &image(),
        expect![[r#"
        anyio 4.16.0
        certifi 2026.10.18
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        packaging 26.3
        shared directory+libs/shared
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        OLD_POETRY_LOCK,
        "click platformdirs",
        &Environment::default(),
        expect![[r#"
        click 8.5.1
        platformdirs 3.11.0
        platformdirs 4.14.7
    "#]],
    );
}

/// Poetry 1 doesn't say who wants a package: all are in, but those that extras ask for.
#[test]
fn an_old_project() {
    let lock = parse_poetry_lock(OLD_POETRY_LOCK).unwrap();
    let names =
        |roots: &str| closure(&lock, roots, &image()).distributions.into_keys().collect::<Vec<_>>();
    let (all, with_extra) = (names("shop"), names("shop[query]"));
    assert_eq!(with_extra.len(), all.len() + 1);
    assert!(with_extra.iter().any(|name| name.as_str() == "jmespath"));
    assert!(all.iter().any(|name| name.as_str() == "pytest"));
}

const OLDEST: &str = r#"
[[package]]
name = "A"
version = "1"
category = "main"
optional = false
[package.dependencies]
b = {version = "*", optional = true}
c = [
    {version = "<2", markers = "python_version < \"3\""},
    {version = ">=2", markers = "python_version >= \"3\" and extra == \"c\""},
]
[package.extras]
b = ["b (>=1)"]
[[package]]
name = "b"
version = "1"
category = "main"
optional = true
[package.source]
type = "git"
url = "https://git.example/b"
reference = "main"
resolved_reference = "abc"
[[package]]
name = "c"
version = "2"
category = "dev"
optional = false
[metadata]
lock-version = "1.1"
content-hash = "0"
[metadata.files]
a = [{file = "a.whl", hash = "sha256:a"}]
b = []
"#;

#[test]
fn the_oldest_form() {
    check(
        OLDEST,
        "a",
        &Environment::default(),
        expect![[r#"
        a 1
        c 2
          if python_version < '3'
    "#]],
    );
    check(
        OLDEST,
        "a[b]",
        &image(),
        expect![[r#"
        a 1
        b 1
    "#]],
    );
    check(
        OLDEST,
        "a[c]",
        &image(),
        expect![[r#"
        a 1
        c 2
    "#]],
    );
    check(
        OLDEST,
        "project",
        &image(),
        expect![[r#"
        a 1
    "#]],
    );
    check(
        OLDEST,
        "project{dev}",
        &image(),
        expect![[r#"
        a 1
        c 2
    "#]],
    );
    let lines = closure(&parse_poetry_lock(OLDEST).unwrap(), "a[b]", &image()).canonical_lines();
    expect![[r#"
        a | version=1 | source= | hash=sha256:a
        b | version=1 | source=git+https://git.example/b#abc"#]]
    .assert_eq(&lines.join("\n").replace('\t', " | "));
}
