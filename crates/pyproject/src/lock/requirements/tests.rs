//! Requirements files as pip, pip-tools and uv write them, and by hand.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::parse_requirements;
use crate::{
    lock::{Environment, LockError},
    place::Located,
};

fn render(text: &str) -> String {
    let file = match parse_requirements(text) {
        Ok(file) => file,
        Err(LockError::Invalid(faults)) => {
            let lines = faults.iter().map(|fault| {
                let hint =
                    fault.hint.as_deref().map_or(String::new(), |hint| format!("\n  {hint}"));
                format!("{fault}{hint}\n")
            });
            return lines.collect();
        }
        Err(other) => panic!("{other}"),
    };
    let mut out = String::new();
    for Located { value, line, column } in &file.options {
        out += &format!("{line}:{column} {value:?}\n");
    }
    for Located { value, line, column } in &file.requirements {
        out += &format!("{line}:{column} {} settings={}\n", value.text, value.settings.len());
    }
    for line in file.closure(&Environment::cpython_on_linux("3.13", "x86_64")).canonical_lines() {
        out += &(line.replace('\t', " | ") + "\n");
    }
    out
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(text));
}

#[test]
fn pins_with_hashes() {
    check(
        "# by hand\nnumpy==2.2.6 \\\n    --hash=sha256:b \\\n    --hash sha256:a  # via x\nBoto_3 == 1.0 ; sys_platform == 'linux'\ncolorama==1;sys_platform == 'win32'\nuvloop==1 ; platform_release == '6'\n",
        expect![[r#"
            2:1 numpy==2.2.6 settings=0
            5:1 Boto_3 == 1.0 ; sys_platform == 'linux' settings=0
            6:1 colorama==1;sys_platform == 'win32' settings=0
            7:1 uvloop==1 ; platform_release == '6' settings=0
            boto-3 | version=1.0 | source=
            numpy | version=2.2.6 | source= | hash=sha256:a | hash=sha256:b
            uvloop | version=1 | source= | if=platform_release == '6' | through= | for=
        "#]],
    );
}

#[test]
fn what_is_not_pinned() {
    check(
        "a\nb >= 1, <2\nc[x, Y]==1.*\nd===1.0\ne @ https://index.example/e.whl\nf @ file:../f\ng @ git+https://git.example/g@abc",
        expect![[r#"
            1:1 a settings=0
            2:1 b >= 1, <2 settings=0
            3:1 c[x, Y]==1.* settings=0
            4:1 d===1.0 settings=0
            5:1 e @ https://index.example/e.whl settings=0
            6:1 f @ file:../f settings=0
            7:1 g @ git+https://git.example/g@abc settings=0
            a | source=
            b | version=>=1,<2 | source=
            c | version===1.* | source= | extra=x | extra=y
            d | version====1.0 | source=
            e | source=url+https://index.example/e.whl
            f | source=path+../f
            g | source=git+https://git.example/g@abc
        "#]],
    );
}

#[test]
fn options() {
    check(
        "-r base.txt\n-cconstraints.txt --pre\n--requirement=a.txt\n-i https://index.example/simple\n--extra-index-url \"https://${USER}@index.example/simple\"\n--no-binary :all:\n-e ../pkg[x]\nnumpy==1 --config-settings=a=b\n--unknown word other\n",
        expect![[r#"
            1:1 Include("base.txt")
            2:1 Constraint("constraints.txt")
            2:19 Other { name: "--pre", value: None }
            3:1 Include("a.txt")
            4:1 IndexUrl("https://index.example/simple")
            5:1 ExtraIndexUrl("https://${USER}@index.example/simple")
            6:1 Other { name: "--no-binary", value: Some(":all:") }
            7:1 Editable("../pkg[x]")
            9:1 Other { name: "--unknown", value: Some("word") }
            9:16 Other { name: "other", value: None }
            8:1 numpy==1 settings=1
            numpy | version=1 | source=
             | verbatim=--requirement base.txt
             | verbatim=--constraint constraints.txt
             | verbatim=--pre
             | verbatim=--requirement a.txt
             | verbatim=--index-url https://index.example/simple
             | verbatim=--extra-index-url https://${USER}@index.example/simple
             | verbatim=--no-binary :all:
             | verbatim=--editable ../pkg[x]
             | verbatim=--unknown word
             | verbatim=other
             | verbatim=numpy==1 --config-settings a=b
        "#]],
    );
}

#[test]
fn requirements_without_a_name() {
    check(
        "./dist/x.whl --hash=sha256:a\n../folder[x] ; os_name == 'posix'\ngit+https://git.example/x#egg=x\n${NAME}==1\nx-1.0.tar.gz\n",
        expect![[r#"
            1:1 ./dist/x.whl settings=0
            2:1 ../folder[x] ; os_name == 'posix' settings=0
            3:1 git+https://git.example/x#egg=x settings=0
            4:1 ${NAME}==1 settings=0
            5:1 x-1.0.tar.gz settings=0
            x-1-0-tar-gz | source=
             | verbatim=${NAME}==1
             | verbatim=../folder[x] ; os_name == 'posix'
             | verbatim=./dist/x.whl --hash=sha256:a
             | verbatim=git+https://git.example/x#egg=x
        "#]],
    );
}

#[test]
fn faults() {
    check(
        "ok==1\n  numpy = 1\nfoo \\\n  bar\n",
        expect![[r#"
        2:9: invalid requirement `numpy = 1`: expected a version operator, `@`, `;` or the end, found `=`
          write `==` for exactly one version
        4:3: invalid requirement `foo   bar`: expected a version operator, `@`, `;` or the end, found `b`
    "#]],
    );
    check(
        "é==1 --hash=a",
        expect![[r#"
        1:1: invalid requirement `é==1`: expected a package name, found `é`
          use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
    "#]],
    );
}

#[test]
fn an_exported_file() {
    let text = include_str!("../../../fixtures/requirements.txt");
    let file = parse_requirements(text).unwrap();
    let pins = file.requirements.iter().filter(|line| !line.value.release.hashes.is_empty());
    assert_eq!((pins.count(), file.options.len()), (file.requirements.len(), 1));
}

#[test]
fn included_files_add_to_a_closure() {
    let everywhere = Environment::default();
    let of = |text| parse_requirements(text).unwrap().closure(&everywhere);
    let mut both = of("a==1\n-e .");
    both.extend(of("b==1\na==1"));
    assert_eq!(both, of("a==1\nb==1\n-e ."));
}

/// Each option stands in the closure with its requirement.
#[test]
fn options_of_a_requirement_are_bounded() {
    let text = |count: usize| format!("a==1{}\n", " --a=b".repeat(count));
    assert!(parse_requirements(&text(64)).is_ok());
    check(
        &text(65),
        expect![[r#"
            1:390: invalid requirement `a==1`: it has more than 64 options
        "#]],
    );
}

fn line() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "numpy==2.2.6 \\\n",
        "    --hash=sha256:aa \\\n",
        "    --hash=sha256:aa\n",
        "# comment \\\n",
        "-r é.txt\n",
        "--pre\r\n",
        "a ; os_name == 'x' # why\n",
        "b[x]@./é\n",
        "'\"\\\n",
        "= é\n",
        "\r",
        "${A}\n",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}") {
        render(&text);
    }

    #[test]
    fn no_file_makes_it_panic(lines in proptest::collection::vec(line(), 0..12)) {
        let text = lines.concat();
        if let Err(LockError::Invalid(faults)) = parse_requirements(&text) {
            let count = text.split(['\n', '\r']).count();
            prop_assert!(faults.iter().all(|f| (1..=count).contains(&f.line) && f.column >= 1));
        }
    }

    #[test]
    fn order_and_comments_are_noise(mut names in proptest::collection::btree_set("[a-z]{1,5}", 1..6).prop_map(Vec::from_iter).prop_shuffle()) {
        let text = |names: &[String]| names.iter().map(|name| format!("{name}==1 --hash=sha256:x\n")).collect::<String>();
        let closure = |text: &str| parse_requirements(text).unwrap().closure(&Environment::default());
        let before = closure(&text(&names));
        prop_assert_eq!(before.distributions.len(), names.len());
        names.sort();
        let after = closure(&text(&names).replace(" --", "  \\\r\n\t--").replace("x\n", "x # why\n\n"));
        prop_assert_eq!(before.canonical_lines(), after.canonical_lines());
    }
}
