use super::*;

const TEXT: &str = r#"
[project]
name = "app"
version = "0.1.0"
description = "What it does."
keywords = ["a"]
requires-python = ">=3.11"
dependencies = ["idna"]
scripts = { app = "app:main" }

[project.optional-dependencies]
s3 = ["six"]

[dependency-groups]
dev = ["iniconfig"]

[build-system]
requires = ["hatchling"]

[tool.uv]
no-binary = true
default-groups = ["dev"]

[tool.uv.sources]
six = { index = "inner" }

[[tool.uv.index]]
name = "inner"
url = "https://index.example/simple"

[tool.poetry]
package-mode = false
homepage = "https://app.example"

[tool.poetry.group.dev.dependencies]
pytest = "^8"

[tool.ruff]
line-length = 100

[tool.hatch.version]
path = "app.py"
"#;

/// Which installers see it when `old` becomes `new`.
#[track_caller]
fn check(old: &str, new: &str, expected: &str) {
    assert!(TEXT.contains(old), "{old}");
    let changed = TEXT.replacen(old, new, 1);
    let installers = [Installer::UvFrozen, Installer::Uv, Installer::Poetry];
    let seen = installers.into_iter().filter(|installer| {
        let before = installer_settings(TEXT, *installer);
        assert!(before.is_some());
        before != installer_settings(&changed, *installer)
    });
    let seen: Vec<String> = seen.map(|installer| format!("{installer:?}")).collect();
    assert_eq!(seen.join(" "), expected, "{old} → {new}");
}

#[test]
fn what_an_installer_does_not_read_does_not_count() {
    check("\n[tool.ruff]", "\n# A comment.\n[tool.ruff]", "");
    check("line-length = 100", "line-length   =   100 # wide", "");
    check("line-length = 100", "line-length = 120", "");
    check("[tool.ruff]", "[tool.mypy]\nstrict = true\n[tool.ruff]", "");
    check("[tool.ruff]", "[[tool.mypy.overrides]]\nmodule = \"a\"\n[tool.ruff]", "");
    check("What it does.", "What it really does.", "");
    check("[\"a\"]", "[\"a\", \"b\"]", "");
    check("https://app.example", "https://other.example", "");
    check("six = { index = \"inner\" }", "six.index = 'inner'", "");
    check("name = \"app\"\nversion = \"0.1.0\"", "version = \"0.1.0\"\nname = 'app'", "");
}

#[test]
fn what_an_installer_reads_counts() {
    let all = "UvFrozen Uv Poetry";
    check("name = \"app\"", "name = \"other\"", all);
    check("[\"idna\"]", "[\"idna>=3\"]", all);
    check("[\"six\"]", "[\"six\", \"attrs\"]", all);
    check("s3 = ", "s4 = ", all);
    check(">=3.11", ">=3.12", all);
    check("[\"iniconfig\"]", "[]", all);
    check("dev = [\"iniconfig\"]", "dev = [\"iniconfig\"]\ndocs = []", all);
    check("[\"hatchling\"]", "[\"hatchling>=1\"]", all);
    check("[build-system]\nrequires = [\"hatchling\"]\n", "", all);
    check("[build-system]", "[unheard-of]\na = 1\n[build-system]", all);
    check("[project]", "[project]\nunheard-of = 1", all);
    check("no-binary = true", "no-binary = false", all);
    check("no-binary = true", "no-binary = true\npackage = false", all);
    check("default-groups = [\"dev\"]", "default-groups = \"all\"", all);
    check("index.example/simple", "index.example/other", all);
    check("index = \"inner\"", "path = \"inner\"", all);
    check("^8", "^9", "Poetry");
    check("package-mode = false", "package-mode = true", "Poetry");
    // One of poetry's plugins may read it.
    check("[tool.hatch.version]", "[tool.hatch]", "Poetry");
}

#[test]
fn a_version_counts_where_the_lock_is_compared_with_it() {
    check("0.1.0", "0.2.0rc1", "Uv");
    // An installer refuses these.
    check("0.1.0", "next", "UvFrozen Uv Poetry");
    check("0.1.0", "0.1.99999999999999999999", "UvFrozen Uv Poetry");
    check("version = \"0.1.0\"\n", "", "UvFrozen Uv Poetry");
    check("\"0.1.0\"", "1", "UvFrozen Uv Poetry");
}

#[test]
fn scripts_count_by_their_presence() {
    check("app:main", "app:other", "Poetry");
    check("scripts = { app = \"app:main\" }\n", "", "UvFrozen Uv Poetry");
}

#[test]
fn a_value_of_a_type_that_poetry_refuses_counts() {
    check("\"What it does.\"", "1", "Poetry");
    check("[\"a\"]", "[1]", "Poetry");
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let installers = [Installer::UvFrozen, Installer::Uv, Installer::Poetry];
    let refused = installers.into_iter().filter(|&who| installer_settings(text, who).is_none());
    let refused: Vec<String> = refused.map(|installer| format!("{installer:?}")).collect();
    assert_eq!(refused.join(" "), expected, "{text}");
}

#[test]
fn what_is_not_understood_counts_by_its_bytes() {
    let all = "UvFrozen Uv Poetry";
    check_refused("[project", all);
    check_refused("[tool]\nruff = { a = 1 }\n", "");
    check_refused("tool = 1\n", all);
    // TOML 1.1, which older installers refuse.
    check_refused("[tool.ruff]\nlint = { a = 1,\n b = 2 }\n", all);
    check_refused("[tool.ruff]\nlint = { a = 1, }\n", all);
    check_refused("[tool.ruff]\nlint = [{ a = \"\\e[\" }]\n", all);
    check_refused("[tool.ruff]\nsince = 07:32\n", all);
    check_refused("\u{feff}[tool.ruff]\n", all);
    // The back end says what the lock is compared with.
    check_refused("[project]\nname = \"a\"\ndynamic = [\"version\"]\n", "Uv");
    check_refused("[build-system]\nrequires = []\n", "Uv");
    check_refused("[tool.poetry]\nname = \"a\"\n", "Uv");
    check_refused("[tool.uv.workspace]\nmembers = []\n", "");
}

#[test]
fn values_never_run_together() {
    let texts = [
        "a = [\"x\", \"y\"]",
        "a = [\"xy\"]",
        "a = [[\"x\"], \"y\"]",
        "a = [[\"x\", \"y\"]]",
        "a = [\"1\"]",
        "a = [1]",
        "a = [1.0]",
        "a = [true]",
        "a = [\"true\"]",
        "a = [{ b = 1 }, { c = 1 }]",
        "a = [{ b = 1, c = 1 }]",
        "a = { b = { c = 1 } }",
        "a = { b = {}, c = 1 }",
        "a = \"1:i1\"",
    ];
    let read = |text: &&str| installer_settings(text, Installer::UvFrozen).unwrap();
    let encoded: std::collections::BTreeSet<_> = texts.iter().map(read).collect();
    assert_eq!(encoded.len(), texts.len());
    assert_eq!(read(&"a = [{ b = 1 }, { c = 1 }]"), read(&"[[a]]\nb = 1\n[[a]]\nc = 1"));
}
