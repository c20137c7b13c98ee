//! Whole texts: `[project]`, syntax errors, places, and that no text makes the parser panic.

use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::{Dependency, PackageName, Section, Source, parse_pyproject};

/// What a text is read as, a line per value and per fault; other modules' tests use it too.
pub(crate) fn render(text: &str) -> String {
    let (pyproject, faults) = parse_pyproject(text);
    let mut out = String::new();
    if let Some(name) = &pyproject.name {
        writeln!(out, "{}:{} name {}", name.line, name.column, name.value).unwrap();
    }
    for field in &pyproject.dynamic {
        writeln!(out, "{}:{} dynamic {}", field.line, field.column, field.value).unwrap();
    }
    for dependency in &pyproject.dependencies {
        render_dependency(&mut out, dependency);
    }
    for fault in &faults {
        writeln!(out, "{fault}").unwrap();
        if let Some(hint) = &fault.hint {
            writeln!(out, "  hint: {hint}").unwrap();
        }
    }
    out
}

fn render_dependency(out: &mut String, dependency: &Dependency) {
    let Dependency { name, extras, section, source, marker, line, column } = dependency;
    write!(out, "{line}:{column} {name}").unwrap();
    if !extras.is_empty() {
        let extras: Vec<_> = extras.iter().map(PackageName::as_str).collect();
        write!(out, "[{}]", extras.join(",")).unwrap();
    }
    match section {
        Section::Main => {}
        Section::Extra(extra) => write!(out, " in extra {extra}").unwrap(),
        Section::Group(group) => write!(out, " in group {group}").unwrap(),
    }
    match source {
        Source::Index => {}
        Source::NamedIndex(index) => write!(out, " from index {index}").unwrap(),
        Source::Workspace => write!(out, " from workspace").unwrap(),
        Source::Path(path) => write!(out, " from path {path}").unwrap(),
        Source::Url(url) => write!(out, " from url {url}").unwrap(),
        Source::Git(git) => write!(out, " from git {git}").unwrap(),
    }
    match marker {
        Some(marker) => writeln!(out, " if {marker}").unwrap(),
        None => writeln!(out).unwrap(),
    }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(text));
}

#[test]
fn an_empty_text_is_no_fault() {
    check("", expect![[""]]);
    check("[tool.uv.workspace]\nmembers = ['packages/*']\n", expect![[""]]);
}

#[test]
fn project() {
    check(
        r#"[project]
name = "Receipt_Label"
dynamic = ["version", "readme"]
dependencies = [
    "openai >=1.30, <2",
    "Receipt.Dynamo[aws, S3]",
    'numpy (>=2.0) ; python_version < "3.14"',
    "receipt-chroma @ file:../receipt_chroma",
    "rules @ git+https://example.com/rules.git@v1 ; extra == 'rules'",
    "wheel @ https://example.com/wheel-1-py3-none-any.whl",
]

[project.optional-dependencies]
Dev_Tools = ["pytest"]
all = ["receipt-label[dev-tools]"]
"#,
        expect![[r#"
            2:9 name receipt-label
            3:13 dynamic version
            3:24 dynamic readme
            5:6 openai
            6:6 receipt-dynamo[aws,s3]
            7:6 numpy if python_version < "3.14"
            8:6 receipt-chroma from path ../receipt_chroma
            9:6 rules from git https://example.com/rules.git@v1 if extra == 'rules'
            10:6 wheel from url https://example.com/wheel-1-py3-none-any.whl
            14:15 pytest in extra dev-tools
            15:9 receipt-label[dev-tools] in extra all
        "#]],
    );
}

#[test]
fn inline_and_dotted_tables_are_tables() {
    check(
        "project = { name = 'a', dependencies = ['b'], optional-dependencies = { c = ['d'] } }",
        expect![[r#"
            1:21 name a
            1:42 b
            1:79 d in extra c
        "#]],
    );
    check(
        "project.name = 'a'\nproject.optional-dependencies.c = ['d']\n",
        expect![[r#"
        1:17 name a
        2:37 d in extra c
    "#]],
    );
}

#[test]
fn a_syntax_error_is_one_fault() {
    check(
        "[project]\nname = \"a\"\ndependencies = [\"b\"\n",
        expect![[r#"
        3:20: invalid TOML: unclosed array, expected `]`
    "#]],
    );
    check(
        "[project\nname = = 'a'",
        expect![[r#"
        1:9: invalid TOML: unclosed table, expected `]`
    "#]],
    );
    check(
        "a = 1\na = 2\n",
        expect![[r#"
        2:1: invalid TOML: duplicate key
    "#]],
    );
}

#[test]
fn wrong_types_are_faults_at_their_place() {
    check(
        "project = 1",
        expect![[r#"
        1:11: `project` must be a table, found an integer
    "#]],
    );
    check(
        "[[project]]\nname = 'a'",
        expect![[r#"
        1:1: `project` must be a table, found an array of tables
    "#]],
    );
    check(
        "[project]\nname = ['a']\ndynamic = 'version'\n",
        expect![[r#"
        2:8: `project.name` must be a string, found an array
        3:11: `project.dynamic` must be an array of strings, found a string
    "#]],
    );
    check(
        "[project]\nname = 'a'\n[project.dependencies]\nboto3 = '^1'\n",
        expect![[r#"
        2:9 name a
        3:1: `project.dependencies` must be an array of strings, found a table
          hint: write it as `["boto3>=1.34", "numpy"]`
    "#]],
    );
    check(
        "[project]\nname = 'a'\ndependencies = ['ok', 1, { path = '../b' }]\n",
        expect![[r#"
        2:9 name a
        3:18 ok
        3:23: `project.dependencies[1]` must be a string, found an integer
          hint: write it as a requirement, such as `"boto3>=1.34"`
        3:26: `project.dependencies[2]` must be a string, found a table
          hint: write it as a requirement, such as `"boto3>=1.34"`
    "#]],
    );
    check(
        "[project]\nname = 'a'\noptional-dependencies = { s3 = 'boto3', 'a b' = [] }\n",
        expect![[r#"
            2:9 name a
            3:32: `project.optional-dependencies.s3` must be an array of strings, found a string
              hint: write it as `["boto3>=1.34", "numpy"]`
            3:41: `a b` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
        "#]],
    );
}

#[test]
fn a_bad_requirement_is_a_fault_at_the_character() {
    check(
        "[project]\nname = 'a'\ndependencies = [\"ok\", \"boto3 = 1\"]\n",
        expect![[r#"
        2:9 name a
        3:18 ok
        3:30: invalid requirement `boto3 = 1`: expected a version operator, `@`, `;` or the end, found `=`
          hint: write `==` for exactly one version
    "#]],
    );
    check(
        "[project]\nname = 'a'\ndependencies = [\n  \"\\u00e9 boto3\",\n  'b>=1;os = \"x\"',\n]\n",
        expect![[r#"
            2:9 name a
            4:4: invalid requirement `é boto3`: expected a package name, found `é`
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
            5:9: invalid requirement `b>=1;os = "x"`: `os` is not a marker variable
              hint: quote it if it is a text; variables are `python_version`, `sys_platform`, `extra` and others of PEP 508
        "#]],
    );
    check(
        "[project]\nname = 'a'\ndependencies = ['''\nb c''']\n",
        expect![[r#"
        2:9 name a
        4:3: invalid requirement `b c`: expected a version operator, `@`, `;` or the end, found `c`
    "#]],
    );
}

#[test]
fn names_are_checked() {
    check(
        "[project]\nname = 'a b'\n",
        expect![[r#"
            2:9: `a b` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
        "#]],
    );
    check(
        "[project]\nversion = '1'\n",
        expect![[r#"
        1:1: `project` has no `name`
          hint: give it a `name = "…"`
    "#]],
    );
    check(
        "[project]\ndynamic = ['name']\n",
        expect![[r#"
        2:13 dynamic name
        1:1: `project` has no `name`
          hint: give it a `name = "…"`
        2:13: `project.name` can't be dynamic
          hint: write the name itself
    "#]],
    );
    check(
        "[project.optional-dependencies]\na-b = []\nA_B = ['c']\n[project]\nname = 'a'\n",
        expect![[r#"
            5:9 name a
            3:9 c in extra a-b
            3:1: `A_B` and `a-b` are one name, `a-b`
              hint: put both into one table, or rename one
        "#]],
    );
}

#[test]
fn line_endings_and_byte_order_mark() {
    let text = "[project]\nname = 'é'\ndependencies = [\n  \"b\",\n  'c d',\n]\n";
    let expected = render(text);
    check(
        text,
        expect![[r#"
            4:4 b
            2:9: `é` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
            5:6: invalid requirement `c d`: expected a version operator, `@`, `;` or the end, found `d`
        "#]],
    );
    assert_eq!(render(&text.replace('\n', "\r\n")), expected);
    assert_eq!(render(&format!("\u{feff}{text}")), expected);
    check(
        "\u{feff}project = 1",
        expect![[r#"
        1:11: `project` must be a table, found an integer
    "#]],
    );
}

#[test]
fn tables_of_other_tools_come_with_their_spans() {
    let text = "[project]\nname = 'é'\n[tool.other]\nfirst = 'ü'\nsecond = 2\n[tool]\ninline = { a = 1 }\n";
    let (pyproject, _) = parse_pyproject(text);
    let table = pyproject.tool("other").unwrap().as_table_like().unwrap();
    let span = table.get("second").unwrap().span().unwrap();
    assert_eq!(&text[span.clone()], "2");
    assert_eq!(pyproject.place(span.start), (5, 10));
    assert_eq!(pyproject.place(table.key("second").unwrap().span().unwrap().start), (5, 1));
    let inline = pyproject.tool("inline").unwrap();
    assert_eq!(inline.as_table_like().unwrap().get("a").unwrap().as_integer(), Some(1));
    assert!(pyproject.tool("absent").is_none());
    assert!(parse_pyproject("tool = 1").0.tool("other").is_none());
}

#[test]
fn long_and_deep_texts_are_read() {
    let many =
        format!("project.name = 'a'\nproject.dependencies = [{}]\n", "'é b', ".repeat(50_000));
    assert_eq!(parse_pyproject(&many).1.len(), 50_000);
    let deep =
        format!("project.name = 'a'\nproject.dependencies = ['b; {}']\n", "(".repeat(500_000));
    assert_eq!(parse_pyproject(&deep).1.len(), 1);
    let nested = format!("a = {}", "[".repeat(100_000));
    assert!(!parse_pyproject(&nested).1.is_empty());
}

/// Each of many requirements with each of many sources: the one thing that grows by a product.
#[test]
fn sources_are_bounded() {
    let sources = (0..2000).map(|index| format!("{{ path = '{index}' }},")).collect::<String>();
    for table in ["tool.uv.sources", "tool.poetry.dependencies"] {
        let dependencies = "'a', ".repeat(2000);
        let text = format!(
            "project.name = 'x'\nproject.dependencies = [{dependencies}]\n[{table}]\na = [{sources}]\n"
        );
        let (pyproject, faults) = parse_pyproject(&text);
        assert!(pyproject.dependencies.len() <= 102_000);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].message, "sources repeat the dependencies more than 100000 times");
    }
}

/// A long text that is repeated for each of many short ones grows by a product too.
#[test]
fn repeated_texts_are_bounded() {
    let check = |text: &str, message: &str| {
        let (_, faults) = parse_pyproject(text);
        let messages: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        assert_eq!(messages, [message]);
    };
    let long = "b".repeat(100_000);
    let dependencies = "'a', ".repeat(2000);
    for table in ["tool.uv.sources", "tool.poetry.dependencies"] {
        check(
            &format!(
                "project.name = 'x'\nproject.dependencies = [{dependencies}]\n[{table}]\na = {{ path = '{long}' }}\n"
            ),
            "sources repeat the dependencies more than 100000 times",
        );
    }
    let extras = (0..2000).map(|index| format!("e{index} = ['a']\n")).collect::<String>();
    let alternatives = "'1', ".repeat(2000);
    for a in [format!("{{ path = '{long}' }}"), format!("[{alternatives}]")] {
        check(
            &format!("[tool.poetry.dependencies]\na = {a}\n[tool.poetry.extras]\n{extras}"),
            "extras repeat the dependencies more than 100000 times",
        );
    }
    let groups = (0..2000).map(|i| format!("g{i} = [{{ include-group = 'b' }}]\n"));
    let groups = groups.collect::<String>();
    check(
        &format!("[dependency-groups]\nb = ['a @ {long}']\n{groups}"),
        "groups include each other 100000 times and more",
    );
}

/// The name of a section or a group is shared by what is in it, and cut where it is shown.
#[test]
fn long_names_cost_once() {
    let long = "n".repeat(400_000);
    let many = "'a', ".repeat(50_000);
    let text = format!("project.name = 'x'\nproject.optional-dependencies.{long} = [{many}]\n");
    let (pyproject, faults) = parse_pyproject(&text);
    assert_eq!((pyproject.dependencies.len(), faults.len()), (50_000, 0));
    let text = format!("[tool.uv.sources]\n{long} = [{}]\n", "1, ".repeat(50_000));
    let (_, faults) = parse_pyproject(&text);
    assert_eq!(faults.len(), 50_000);
    let key = "n".repeat(80);
    assert_eq!(
        faults[0].message,
        format!("`tool.uv.sources.\"{key}…\"[0]` must be a table, found an integer")
    );
}

/// Fragments that make texts the reader has to look into, valid and not.
fn fragment() -> impl Strategy<Value = String> {
    let written = proptest::sample::select(vec![
        "[project]\n",
        "[project.optional-dependencies]\n",
        "[dependency-groups]\n",
        "[tool.uv]\n",
        "[tool.uv.sources]\n",
        "[[tool.uv.sources.a]]\n",
        "[tool.poetry]\n",
        "[tool.poetry.dependencies]\n",
        "[[tool.poetry.dependencies.a]]\n",
        "[tool.poetry.extras]\n",
        "[tool.poetry.group.a]\n",
        "[tool.poetry.group.b.dependencies]\n",
        "name = 'a'\n",
        "dynamic = ['name', 1]\n",
        "dependencies = ['a', \"b >= 1\", 'é', {}]\n",
        "dev-dependencies = ['b ; os_name == \"x\"', '']\n",
        "a = ['a @ file:../é', { include-group = 'b' }]\n",
        "b = [{ include-group = 'a' }, \"\"\"\nb[x] ==1.*\"\"\"]\n",
        "a = { path = '../é', extras = ['x'], markers = 'os' }\n",
        "b = [{ workspace = true, marker = \"extra == 'é\" }, 1]\n",
        "path = '../b'\ngroup = 'a'\n",
        "include-groups = ['b', 'a']\n",
        "git = 1\n",
        "]\n",
        "\r\n",
    ]);
    prop_oneof![9 => written.prop_map(str::to_owned), 1 => ".{0,4}"]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}") {
        parse_pyproject(&text);
    }

    #[test]
    fn no_pyproject_makes_it_panic(fragments in proptest::collection::vec(fragment(), 0..20)) {
        let text = fragments.concat();
        let (pyproject, faults) = parse_pyproject(&text);
        let lines = text.split('\n').count();
        for fault in &faults {
            prop_assert!((1..=lines).contains(&fault.line) && fault.column >= 1, "{}", fault);
        }
        for dependency in &pyproject.dependencies {
            let line = text.split('\n').nth(dependency.line - 1).unwrap_or_default();
            prop_assert!(dependency.column <= line.chars().count(), "{:?}", dependency);
        }
    }

    #[test]
    fn a_dependency_stands_at_its_name(indent in "[ \té🦀]{0,3}", name in "[a-z]{1,8}", before in "[a-z]{1,3}") {
        let key = format!("'{indent}'");
        let text = format!("project.name = 'x'\n{key} = 1\nproject.dependencies = ['{before}', \" {name} >=1\"] # é\n");
        let (pyproject, faults) = parse_pyproject(&text);
        prop_assert!(faults.is_empty(), "{:?}", faults);
        let dependency = &pyproject.dependencies[1];
        let line = text.lines().nth(dependency.line - 1).unwrap();
        let found: String = line.chars().skip(dependency.column - 1).take(name.len()).collect();
        prop_assert_eq!(found, name);
    }
}
