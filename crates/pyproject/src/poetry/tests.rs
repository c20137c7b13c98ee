//! Poetry's forms of a dependency, its groups and extras, alone and beside `[project]`.

use expect_test::{Expect, expect};

use crate::tests::render;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(text));
}

#[test]
fn each_form_of_a_dependency() {
    check(
        r#"[tool.poetry]
name = "My_Lambda"

[tool.poetry.dependencies]
python = ">=3.12,<4"
Boto3 = "^1.34"
receipt_dynamo = { path = "../receipt_dynamo", develop = true, extras = ["S3"] }
rules = { git = "https://example.com/rules.git", branch = "main" }
wheel = { url = "https://example.com/wheel.whl" }
archive = { file = "vendor/archive.tar.gz" }
torch = { version = "^2", source = "pytorch" }
old = { version = "1", python = "<3.13", platform = "linux", markers = "os_name == 'posix'" }
several = [
    { version = "^1", markers = "python_version < '3.13'" },
    { path = "../several", markers = "python_version >= '3.13'" },
]

[tool.poetry.dependencies.table]
path = "../table"

[[tool.poetry.dependencies.tables]]
path = "../tables"
platform = "darwin"
[[tool.poetry.dependencies.tables]]
version = "1"
platform = "linux"
"#,
        expect![[r#"
            2:9 name my-lambda
            6:1 boto3
            7:1 receipt-dynamo[s3] from path ../receipt_dynamo
            8:1 rules from git https://example.com/rules.git
            9:1 wheel from url https://example.com/wheel.whl
            10:1 archive from path vendor/archive.tar.gz
            11:1 torch from index pytorch
            12:1 old if (os_name == 'posix') and (sys_platform == 'linux')
            13:1 several if python_version < '3.13'
            13:1 several from path ../several if python_version >= '3.13'
            18:27 table from path ../table
            21:28 tables from path ../tables if sys_platform == 'darwin'
            21:28 tables if sys_platform == 'linux'
        "#]],
    );
}

#[test]
fn groups() {
    check(
        r#"[tool.poetry.group.test]
optional = true
include-groups = ["lint"]
[tool.poetry.group.test.dependencies]
pytest = "^8"
[tool.poetry.group.lint.dependencies]
ruff = { path = "../ruff" }
[tool.poetry.dev-dependencies]
mypy = "*"
"#,
        expect![[r#"
            5:1 pytest in group test
            7:1 ruff in group lint from path ../ruff
            7:1 ruff in group test from path ../ruff
            9:1 mypy in group dev
        "#]],
    );
}

#[test]
fn extras_name_optional_dependencies() {
    check(
        r#"[tool.poetry.dependencies]
psycopg = { version = "3", optional = true }
lonely = { path = "../lonely", optional = true }
always = "1"
[tool.poetry.extras]
PG = ["psycopg", "always"]
all = ["Psycopg", "psycopg"]
"#,
        expect![[r#"
            2:1 psycopg in extra all
            2:1 psycopg in extra pg
            3:1 lonely from path ../lonely
            4:1 always
            4:1 always in extra pg
        "#]],
    );
}

#[test]
fn beside_project_it_adds_sources() {
    check(
        r#"[project]
name = "a"
dependencies = ["receipt-dynamo>=1 ; os_name == 'posix'", "several", "numpy"]
optional-dependencies = { chroma = ["receipt-chroma[s3]"] }
[dependency-groups]
test = ["tooling"]
[tool.poetry]
name = "other"
[tool.poetry.dependencies]
receipt_dynamo = { path = "../receipt_dynamo" }
receipt-chroma = { path = "../receipt_chroma", optional = true, extras = ["s3", "sql"] }
several = [{ path = "../x", platform = "linux" }, { git = "g", platform = "darwin" }]
more = "^1"
[tool.poetry.group.test.dependencies]
tooling = { path = "../tooling" }
"#,
        expect![[r#"
            2:9 name a
            3:18 receipt-dynamo from path ../receipt_dynamo if os_name == 'posix'
            3:60 several from path ../x if sys_platform == 'linux'
            3:60 several from git g if sys_platform == 'darwin'
            3:71 numpy
            4:38 receipt-chroma[s3,sql] in extra chroma from path ../receipt_chroma
            6:10 tooling in group test from path ../tooling
            13:1 more
        "#]],
    );
}

#[test]
fn faults() {
    check(
        "[tool]\npoetry = 1\n",
        expect![[r#"
        2:10: `tool.poetry` must be a table, found an integer
    "#]],
    );
    check(
        "[tool.poetry]\nname = 1\ndependencies = ['a']\ngroup = { a = 1, 'b c' = {} }\n",
        expect![[r#"
            2:8: `tool.poetry.name` must be a string, found an integer
            3:16: `tool.poetry.dependencies` must be a table, found an array
            4:15: `tool.poetry.group.a` must be a table, found an integer
            4:18: `b c` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
        "#]],
    );
    check(
        "[tool.poetry.dependencies]\na = 1\nb = [1]\nc = { path = 1 }\n'd e' = '1'\nf = { git = 'g', path = 'p' }\n",
        expect![[r#"
            4:1 c
            6:1 f from path p
            2:5: `tool.poetry.dependencies.a` must be a string, a table or an array of them, found an integer
              hint: write it as `"^1.2"`, or as `{ path = "../folder" }`
            3:6: `tool.poetry.dependencies.b[0]` must be a string, a table or an array of them, found an integer
              hint: write it as `"^1.2"`, or as `{ path = "../folder" }`
            4:14: `tool.poetry.dependencies.c.path` must be a string, found an integer
            5:1: `d e` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
            6:13: `tool.poetry.dependencies.f` has both `path` and `git`
              hint: give exactly one of `path`, `file`, `git`, `url`
        "#]],
    );
    check(
        "[tool.poetry.dependencies]\na = { optional = 1, extras = 'b', markers = 'os', platform = 2, source = 3 }\n",
        expect![[r#"
            2:1 a
            2:18: `tool.poetry.dependencies.a.optional` must be a boolean, found an integer
            2:30: `tool.poetry.dependencies.a.extras` must be an array of strings, found a string
            2:46: invalid marker `os`: `os` is not a marker variable
              hint: quote it if it is a text; variables are `python_version`, `sys_platform`, `extra` and others of PEP 508
            2:62: `tool.poetry.dependencies.a.platform` must be a string, found an integer
            2:74: `tool.poetry.dependencies.a.source` must be a string, found an integer
        "#]],
    );
    check(
        "[tool.poetry.extras]\na = 'b'\nc = [1, 'd e']\n[tool.poetry.group.a]\ninclude-groups = 'b'\n",
        expect![[r#"
            2:5: `tool.poetry.extras.a` must be an array of strings, found a string
              hint: write the names of dependencies: `["psycopg2", "mysqlclient"]`
            3:6: `tool.poetry.extras.c[0]` must be a string, found an integer
            3:10: `d e` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
            5:18: `tool.poetry.group.a.include-groups` must be an array of strings, found a string
        "#]],
    );
}
