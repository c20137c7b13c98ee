//! The `uv.lock` that uv wrote for a small workspace, and hand-made ones for what is not in it.

use expect_test::{Expect, expect};

use super::parse_uv_lock;
use crate::{
    lock::{
        Environment,
        tests::{UV_LOCK, closure, edit_package, image, render},
    },
    name::PackageName,
};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, roots: &str, environment: &Environment, expected: Expect) {
    let lock = parse_uv_lock(text).unwrap();
    expected.assert_eq(&render(&closure(&lock, roots, environment)));
}

#[test]
fn a_lambda_anywhere() {
    check(
        UV_LOCK,
        "poller",
        &Environment::default(),
        expect![[r#"
        alpha editable+packages/alpha
        anyio 4.16.0
        beta editable+packages/beta
        certifi 2026.10.18
        click 8.5.1
        exceptiongroup 1.3.1
          if python_full_version < '3.11'
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        importlib-metadata 9.0.1
          if python_full_version < '3.11'
        jmespath 1.1.0
        legacy directory+legacy
        packaging 26.3
        platformdirs 3.11.0
          if python_full_version < '3.11'
        platformdirs 4.14.7
          if python_full_version >= '3.11'
        poller virtual+lambdas/poller
        pycparser 3.11
          if python_full_version < '3.11' and platform_machine == 'x86_64'
        pycparser 3.12
          if python_full_version >= '3.11' and platform_machine == 'x86_64'
        six 1.17.0
        socksio 1.0.0
        typing-extensions 4.16.0
          if python_full_version < '3.15'
          through exceptiongroup 1.3.1 registry+https://index.example/simple
        zipp 4.1.2
          through importlib-metadata 9.0.1 registry+https://index.example/simple
    "#]],
    );
}

#[test]
fn a_lambda_in_its_image() {
    check(
        UV_LOCK,
        "poller",
        &image(),
        expect![[r#"
        alpha editable+packages/alpha
        anyio 4.16.0
        beta editable+packages/beta
        certifi 2026.10.18
        click 8.5.1
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        jmespath 1.1.0
        legacy directory+legacy
        packaging 26.3
        platformdirs 4.14.7
        poller virtual+lambdas/poller
        pycparser 3.12
        six 1.17.0
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
}

#[test]
fn extras_and_groups_are_chosen() {
    check(
        UV_LOCK,
        "beta[crypto]{test,none}",
        &image(),
        expect![[r#"
        alpha editable+packages/alpha
        anyio 4.16.0
        beta editable+packages/beta
        certifi 2026.10.18
        click 8.5.1
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        iniconfig 2.3.1
        legacy directory+legacy
        packaging 26.3
        platformdirs 4.14.7
        pycparser 3.12
        six 1.17.0
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        UV_LOCK,
        "mono{lint} legacy",
        &image(),
        expect![[r#"
        alpha editable+packages/alpha
        anyio 4.16.0
        beta editable+packages/beta
        certifi 2026.10.18
        click 8.5.1
        h11 0.16.0
        httpcore 1.0.9
        httpx 0.28.1
        idna 3.20
        jmespath 1.1.0
        legacy directory+legacy
        mccabe 0.7.0
        mono virtual+.
        packaging 26.3
        platformdirs 4.14.7
        pycparser 3.12
        six 1.17.0
        socksio 1.0.0
        typing-extensions 4.16.0
    "#]],
    );
    check(
        UV_LOCK,
        "nobody platformdirs",
        &image(),
        expect![[r#"
        platformdirs 4.14.7
        unresolved nobody
    "#]],
    );
}

const FORKED: &str = r#"
version = 1
[[package]]
name = "torch"
version = "2"
source = { registry = "https://cpu.example/simple" }
resolution-markers = ["sys_platform == 'darwin'", "sys_platform == 'win32'"]
[[package]]
name = "torch"
version = "2"
source = { registry = "https://gpu.example/simple" }
resolution-markers = ["sys_platform == 'linux'"]
dependencies = [{ name = "cuda", marker = "extra == 'extra-1-a-gpu'" }]
[[package]]
name = "cuda"
source = { url = "https://index.example/cuda.zip", subdirectory = "x" }
sdist = { url = "https://index.example/cuda.zip" }
[[package]]
name = "a"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "torch", marker = "python_version > '3'" }]
[package.optional-dependencies]
cpu = [{ name = "torch", source = { registry = "https://cpu.example/simple" } }]
"#;

#[test]
fn a_name_may_mean_several() {
    check(
        FORKED,
        "a",
        &Environment::default(),
        expect![[r#"
            a virtual+.
            cuda url+https://index.example/cuda.zip#subdirectory=x
              if extra == 'extra-1-a-gpu' through torch 2 registry+https://gpu.example/simple
            torch 2
              if (python_version > '3') and ((sys_platform == 'darwin') or (sys_platform == 'win32'))
            torch 2
              if (python_version > '3') and ((sys_platform == 'linux'))
        "#]],
    );
    check(
        FORKED,
        "a",
        &image(),
        expect![[r#"
        a virtual+.
        cuda url+https://index.example/cuda.zip#subdirectory=x
          if extra == 'extra-1-a-gpu'
        torch 2
    "#]],
    );
    check(
        FORKED,
        "a[cpu]",
        &image(),
        expect![[r#"
        a virtual+.
        cuda url+https://index.example/cuda.zip#subdirectory=x
          if extra == 'extra-1-a-gpu'
        torch 2
        torch 2
    "#]],
    );
    check(
        FORKED,
        "torch",
        &Environment::default(),
        expect![[r#"
            cuda url+https://index.example/cuda.zip#subdirectory=x
              if extra == 'extra-1-a-gpu' through torch 2 registry+https://gpu.example/simple
            torch 2
              if (sys_platform == 'darwin') or (sys_platform == 'win32')
            torch 2
              if (sys_platform == 'linux')
        "#]],
    );
}

#[test]
fn old_spellings() {
    let old = "version = 1\n[[distribution]]\nname = 'a'\nversion = '1'\nsource = 'editable+x'\n\
               dependencies = [{ name = 'b', extra = 'c' }]\n[[distribution]]\nname = 'b'\nversion = '2'\n\
               source = 'registry+https://index.example'\noptional-dependencies = { c = [{ name = 'd' }] }\n";
    check(
        old,
        "a",
        &Environment::default(),
        expect![[r#"
        a editable+x
        b 2
        unresolved d
    "#]],
    );
}

/// The bump of a member, and of its metadata, changes nobody's closure.
#[test]
fn the_version_of_a_member_is_noise() {
    let bumped = edit_package(UV_LOCK, "beta", |package| {
        package
            .replace("2.0.0", "2.0.1")
            .replace("provides-extras = [", "provides-extras = [\"x\", ")
    });
    assert_ne!(bumped, UV_LOCK);
    let (before, after) = (parse_uv_lock(UV_LOCK).unwrap(), parse_uv_lock(&bumped).unwrap());
    for roots in ["beta[s3]{test}", "poller", "mono{dev}", "alpha"] {
        for environment in [Environment::default(), image()] {
            assert_eq!(closure(&before, roots, &environment), closure(&after, roots, &environment));
        }
    }
}

/// Each is an edit of something that is installed.
#[test]
fn what_counts() {
    let before = parse_uv_lock(UV_LOCK).unwrap();
    let marker = "{ name = \"colorama\", marker = \"sys_platform == 'win32'\" },";
    for (edited, root, old, new) in [
        ("pytest", "mono{dev}", marker, "{ name = \"colorama\" },"),
        (
            "pytest",
            "mono{dev}",
            marker,
            "{ name = \"colorama\", marker = \"sys_platform == 'cygwin'\" },",
        ),
        ("pytest", "mono{dev}", marker, ""),
        ("click", "poller", "https://index.example/simple", "https://other.example/simple"),
        ("click", "poller", "hash = \"sha256:", "hash = \"sha256:0"),
        ("legacy", "beta", "directory = \"legacy\"", "editable = \"legacy\""),
        ("beta", "beta[s3]", "{ name = \"jmespath\" },", ""),
        ("beta", "beta{test}", "{ name = \"iniconfig\" },", ""),
    ] {
        let text = edit_package(UV_LOCK, edited, |package| {
            assert!(package.contains(old), "{old} in {package}");
            package.replace(old, new)
        });
        let after = parse_uv_lock(&text).unwrap();
        let everywhere = Environment::default();
        let lines = |lock| closure(lock, root, &everywhere).canonical_lines();
        assert_ne!(lines(&before), lines(&after), "{edited}: {new}");
        assert_eq!(closure(&before, "idna", &everywhere), closure(&after, "idna", &everywhere));
    }
}

#[track_caller]
fn check_projects(text: &str, folder: &str, project: Option<&str>, members: &str) {
    let lock = parse_uv_lock(text).unwrap();
    assert_eq!(lock.project_in(folder).map(PackageName::as_str), project, "{folder}");
    let listed: Vec<&str> = lock.members().iter().map(PackageName::as_str).collect();
    assert_eq!(listed.join(" "), members);
}

#[test]
fn projects_are_found_by_their_folders() {
    let package = |name: &str, source: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\nsource = {{ {source} }}\n")
    };
    let root = package("app", "virtual = \".\"");
    let job = package("job", "editable = \"jobs/job\"");
    let library = package("library", "directory = \"libs/library\"");
    let wheel = package("wheel", "path = \"dist/wheel.whl\"");
    let alone = format!("version = 1\n{root}{library}{wheel}");
    check_projects(&alone, ".", Some("app"), "app");
    check_projects(&alone, "libs/library/", Some("library"), "app");
    check_projects(&alone, "dist/wheel.whl", None, "app");
    let workspace = format!("version = 1\n[manifest]\nmembers = [\"App\", \"job\"]\n{job}{root}");
    check_projects(&workspace, "", Some("app"), "app job");
    check_projects(&workspace, "./jobs/job", Some("job"), "app job");
    check_projects(&workspace, "jobs", None, "app job");
    check_projects(
        &format!("version = 1\n[manifest]\nmembers = [\"job\"]\n{job}"),
        ".",
        None,
        "job",
    );
    let editable = format!("version = 1\n{}", package("app", "editable = \".\""));
    check_projects(&editable, ".", Some("app"), "app");
}
