//! uv's sources in all the forms its documentation shows.

use expect_test::{Expect, expect};

use crate::tests::render;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&format!("project.name = 'x'\n{text}")));
}

#[test]
fn each_kind_of_source() {
    check(
        r#"project.dependencies = ["A_1", "b", "c", "d", "e", "f", "g"]
[tool.uv.sources]
a-1 = { workspace = true }
b = { path = "../b", editable = true }
c = { git = "https://example.com/c", tag = "1" }
D = { url = "https://example.com/d.whl" }
e = { index = "pytorch" }
f = { workspace = false }
unused = { path = "../unused" }
"#,
        expect![[r#"
            1:17 name x
            2:26 a-1 from workspace
            2:33 b from path ../b
            2:38 c from git https://example.com/c
            2:43 d from url https://example.com/d.whl
            2:48 e from index pytorch
            2:53 f
            2:58 g
        "#]],
    );
}

#[test]
fn several_sources_of_one_name() {
    check(
        r#"project.dependencies = ["torch>=2; python_version < '3.14'"]
[tool.uv.sources]
torch = [
    { index = "cpu", marker = "sys_platform == 'darwin'" },
    { index = "cuda", marker = "sys_platform == 'linux'" },
]
"#,
        expect![[r#"
            1:17 name x
            2:26 torch from index cpu if (python_version < '3.14') and (sys_platform == 'darwin')
            2:26 torch from index cuda if (python_version < '3.14') and (sys_platform == 'linux')
        "#]],
    );
    check(
        "project.dependencies = ['a']\n[[tool.uv.sources.a]]\npath = '../a'\n[[tool.uv.sources.a]]\ngit = 'g'\nmarker = \"extra == 'x'\"\n",
        expect![[r#"
            1:17 name x
            2:26 a from path ../a
            2:26 a from git g if extra == 'x'
        "#]],
    );
}

#[test]
fn sources_of_an_extra_or_a_group() {
    check(
        r#"project.dependencies = ["a"]
project.optional-dependencies = { cpu = ["a"], gpu = ["a"] }
[tool.uv.sources]
a = [{ path = "../cpu", extra = "CPU" }, { path = "../test", group = "test" }]
[dependency-groups]
test = ["a"]
"#,
        expect![[r#"
            1:17 name x
            2:26 a
            3:43 a in extra cpu from path ../cpu
            3:56 a in extra gpu
            7:10 a in group test from path ../test
        "#]],
    );
}

#[test]
fn dev_dependencies_are_the_group_dev() {
    check(
        "[tool.uv]\ndev-dependencies = ['pytest']\n[dependency-groups]\ndev = ['ruff']\nall = [{ include-group = 'dev' }]\n",
        expect![[r#"
            1:17 name x
            3:22 pytest in group all
            3:22 pytest in group dev
            5:9 ruff in group all
            5:9 ruff in group dev
        "#]],
    );
}

#[test]
fn faults() {
    check(
        "[tool.uv]\nsources = []\ndev-dependencies = 'a'\n",
        expect![[r#"
        1:17 name x
        3:11: `tool.uv.sources` must be a table, found an array
        4:20: `tool.uv.dev-dependencies` must be an array of strings, found a string
          hint: write it as `["boto3>=1.34", "numpy"]`
    "#]],
    );
    check(
        "[tool.uv.sources]\na = '../a'\nb = ['../b']\n'c d' = { path = 'x' }\n",
        expect![[r#"
        1:17 name x
        3:5: `tool.uv.sources.a` must be a table or an array of tables, found a string
          hint: write it as `{ workspace = true }` or `{ path = "../folder" }`
        4:6: `tool.uv.sources.b[0]` must be a table, found a string
          hint: write it as `{ workspace = true }` or `{ path = "../folder" }`
        5:1: `c d` is not a valid name
          hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
    "#]],
    );
    check(
        "[tool.uv.sources]\na = {}\nb = { path = '../b', workspace = true }\n",
        expect![[r#"
        1:17 name x
        3:5: `tool.uv.sources.a` names no source
          hint: give exactly one of `workspace`, `path`, `git`, `url`, `index`
        4:14: `tool.uv.sources.b` has both `workspace` and `path`
          hint: give exactly one of `workspace`, `path`, `git`, `url`, `index`
    "#]],
    );
    check(
        "[tool.uv.sources]\na = { workspace = 'yes' }\nb = { path = 1 }\n",
        expect![[r#"
        1:17 name x
        3:19: `tool.uv.sources.a.workspace` must be a boolean, found a string
        4:14: `tool.uv.sources.b.path` must be a string, found an integer
    "#]],
    );
    check(
        "[tool.uv.sources]\na = { path = 'x', marker = 'os == 1' }\n",
        expect![[r#"
            1:17 name x
            3:29: invalid marker `os == 1`: `os` is not a marker variable
              hint: quote it if it is a text; variables are `python_version`, `sys_platform`, `extra` and others of PEP 508
        "#]],
    );
    check(
        "project.dependencies = ['a @ file:../a']\n[tool.uv.sources]\na = { path = '../b' }\n",
        expect![[r#"
            1:17 name x
            2:26 a from path ../a
            2:26: `a` has a URL here and a source in `tool.uv.sources`
              hint: keep one of the two: uv refuses both
        "#]],
    );
}
