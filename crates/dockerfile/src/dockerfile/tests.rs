//! Whole files: what is read, and what is refused where.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::parse_dockerfile;
use crate::instruction::{Command, InstructionKind};

#[track_caller]
fn check(text: &str, expected: &Expect) {
    let dockerfile = parse_dockerfile(text).expect("no faults");
    let mut lines = vec![format!("{:?} {:?}", dockerfile.directives, dockerfile.global_args)];
    for stage in &dockerfile.stages {
        let (name, platform) = (&stage.name, &stage.platform);
        lines.push(format!("{}: FROM {:?} {platform:?} {name:?}", stage.line, stage.base));
        lines.extend(stage.instructions.iter().map(|i| format!("{}: {:?}", i.line, i.kind)));
    }
    expected.assert_eq(&lines.join("\n"));
}

#[track_caller]
fn check_faults(text: &str, expected: &Expect) {
    let faults = parse_dockerfile(text).expect_err("faults");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// A single faulty instruction after a `FROM`.
#[track_caller]
fn check_fault(instruction: &str, message: &str) {
    let faults = parse_dockerfile(&format!("FROM a\n{instruction}\n")).expect_err("a fault");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].line, faults[0].message.as_str()), (2, message), "{instruction}");
}

#[track_caller]
fn check_command(text: &str, expected: &Command) {
    let dockerfile = parse_dockerfile(text).expect("no faults");
    match &dockerfile.stages[0].instructions[0].kind {
        InstructionKind::Run(run) => assert_eq!(&run.command, expected, "{text}"),
        other => panic!("not a RUN: {other:?}"),
    }
}

#[test]
fn stages_and_args() {
    check(
        "\u{feff}# syntax=docker/dockerfile:1\r\n# escape=`\r\n# c\r\nARG V=3 W\r\n\
         FROM --platform=$BUILDPLATFORM python:$V AS Build\r\nARG X\r\nENV A=b `\r\n  C=d\r\n\
         FROM scratch\r\nWORKDIR /a b\r\n",
        &expect![[r#"
            Directives { syntax: Some("docker/dockerfile:1"), escape: '`' } [Arg { name: "V", default: Some("3"), line: 4 }, Arg { name: "W", default: None, line: 4 }]
            5: FROM "python:$V" Some("$BUILDPLATFORM") Some("build")
            6: Arg([Arg { name: "X", default: None, line: 6 }])
            7: Env([("A", "b"), ("C", "d")])
            9: FROM "scratch" None None
            10: Workdir("/a b")"#]],
    );
}

#[test]
fn copy_and_add() {
    check(
        "FROM a\nCOPY --from=b --chown=1:1 --chmod=755 --link --parents --exclude=x --exclude=y s t /d/\n\
         ADD --checksum=c --keep-git-dir=false --unpack [\"a b\", \"/d\"]\n\
         COPY <<one <<-'two' three /d/\n1 $x\none\n\t2\n\ttwo\nUSER x\n",
        &expect![[r#"
            Directives { syntax: None, escape: '\\' } []
            1: FROM "a" None None
            2: Copy(Copy { from: Some("b"), sources: ["s", "t"], destination: "/d/", heredocs: [], excludes: ["x", "y"], parents: true, link: true, chown: Some("1:1"), chmod: Some("755") })
            3: Add(Add { sources: ["a b"], destination: "/d", heredocs: [], excludes: [], checksum: Some("c"), keep_git_dir: Some(false), unpack: Some(true), link: false, chown: None, chmod: None })
            4: Copy(Copy { from: None, sources: ["three"], destination: "/d/", heredocs: [Heredoc { name: "one", expand: true, strip_tabs: false, content: "1 $x\n" }, Heredoc { name: "two", expand: false, strip_tabs: true, content: "\t2\n" }], excludes: [], parents: false, link: false, chown: None, chmod: None })
            9: Other { keyword: "USER", text: "x" }"#]],
    );
}

#[test]
fn run() {
    check(
        "FROM a\nRUN --mount=type=cache,id=x,target=/c --network=none --device=v.com/d=x,required <<E cat\n# kept\nE\n\
         ONBUILD COPY <<E /x\nbody\nE\n",
        &expect![[r##"
            Directives { syntax: None, escape: '\\' } []
            1: FROM "a" None None
            2: Run(Run { command: Shell("<<E cat"), mounts: [Mount { kind: Cache, from: None, source: None, target: Some("/c"), options: [MountOption { key: "type", value: Some("cache") }, MountOption { key: "id", value: Some("x") }, MountOption { key: "target", value: Some("/c") }] }], network: Some("none"), security: None, devices: [Device { name: "v.com/d=x", required: true }], heredocs: [Heredoc { name: "E", expand: true, strip_tabs: false, content: "# kept\n" }] })
            5: Onbuild(Onbuild { expression: "COPY <<E /x\nbody\nE" })"##]],
    );
}

#[test]
fn shell_and_json_form() {
    let shell = |text: &str| Command::Shell(text.to_owned());
    let exec = |words: &[&str]| Command::Exec(words.iter().map(|&w| w.to_owned()).collect());
    check_command("FROM a\nRUN  a 'b'  c ", &shell("a 'b'  c"));
    check_command("FROM a\nRUN [\"a\", \"b c\"]", &exec(&["a", "b c"]));
    check_command("FROM a\nRUN ['a']", &shell("['a']"));
    check_command("FROM a\nRUN [ -f x ] && y", &shell("[ -f x ] && y"));
    check_command("FROM a\nRUN []", &exec(&[]));
    check_command("FROM a\nRUN", &shell(""));
    check_command("FROM a\nRUN -- --a", &shell("--a"));
}

#[test]
fn all_faults_are_reported() {
    check_faults(
        "RUN x\nFORM a\nCOPY --form=b x /y\nFROM a\nENV\n  COPY one\nRUN --mount=type=cache,from=$x y\n",
        &expect![[r#"
            1:1: instruction before the first FROM
            hint: only ARG may come before it
            2:1: unknown instruction `FORM`
            hint: did you mean `FROM`?
            3:1: unknown flag `--form`
            hint: did you mean `--from`?
            5:1: ENV needs at least one argument
            6:3: COPY needs at least two arguments
            hint: write it as `COPY source… destination`
            7:1: `from` of a mount takes no variables
            hint: define a stage with FROM and name it in `from`"#]],
    );
    check_faults(
        "",
        &expect![[r#"
            1:1: no instructions
            hint: begin with `FROM image`"#]],
    );
    check_faults(
        "ARG a\n",
        &expect![[r#"
            1:1: no stages: there is no FROM
            hint: begin with `FROM image`"#]],
    );
    check_faults(
        "FROM a\nRUN <<EOF\nx\n",
        &expect![[r#"
            2:1: here-document `EOF` has no end
            hint: end it with a line that is only `EOF`"#]],
    );
    check_faults(
        "# escape=x\nFROM a\n",
        &expect![[r#"
            1:1: invalid escape token `x`
            hint: the escape token is either a backslash or a backtick"#]],
    );
}

/// BuildKit warns of a repeated name and builds.
#[test]
fn a_stage_name_may_be_repeated() {
    let dockerfile = parse_dockerfile("FROM a AS x\nFROM b AS X\n").expect("no faults");
    assert_eq!(dockerfile.stages.len(), 2);
}

#[test]
fn refusals() {
    check_fault("FROM", "FROM takes one or three arguments");
    check_fault("FROM a b", "FROM takes one or three arguments");
    check_fault("FROM a is b", "FROM takes one or three arguments");
    check_fault("FROM a AS 1b", "invalid stage name `1b`");
    check_fault("FROM --plat=x a", "unknown flag `--plat`");
    check_fault("COPY", "COPY needs at least two arguments");
    check_fault("COPY a <<E\nE", "COPY can't have a here-document as destination");
    check_fault("COPY [1, 2]", "the JSON form takes strings only");
    check_fault("COPY --parents=yes a b", "flag `--parents` takes true or false, not `yes`");
    check_fault("ADD --from=a b c", "unknown flag `--from`");
    check_fault("ENV a", "ENV needs a name and a value");
    check_fault("ENV a=b c", "no `=` in `c`");
    check_fault("ENV =a", "ENV can't have a blank name");
    check_fault("ARG", "ARG needs at least one argument");
    check_fault("ARG =a", "an ARG can't have a blank name");
    check_fault("LABEL", "LABEL needs at least one argument");
    check_fault("WORKDIR", "WORKDIR needs exactly one argument");
    check_fault("USER --x y", "unknown flag `--x`");
    check_fault("STOPSIGNAL", "STOPSIGNAL needs exactly one argument");
    check_fault("EXPOSE", "EXPOSE needs at least one argument");
    check_fault("VOLUME [\" \"]", "VOLUME can't be an empty string");
    check_fault("SHELL sh -c", "SHELL takes the JSON form only");
    check_fault("SHELL []", "SHELL needs at least one argument");
    check_fault("CMD --x y", "unknown flag `--x`");
    check_fault("HEALTHCHECK", "HEALTHCHECK needs at least one argument");
    check_fault("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments");
    check_fault("HEALTHCHECK CMD", "no command after HEALTHCHECK CMD");
    check_fault("HEALTHCHECK --retries=-1 CMD x", "invalid value `-1` for `--retries`");
    check_fault("HEALTHCHECK TCP x", "unknown type `TCP` in HEALTHCHECK");
    check_fault("ONBUILD", "ONBUILD needs an instruction");
    check_fault("ONBUILD onbuild RUN x", "ONBUILD can't keep another ONBUILD");
    check_fault("ONBUILD from a", "ONBUILD can't keep FROM");
    check_fault("RUN --network=x y", "invalid value `x` for `--network`");
    check_fault("RUN --mount=a\\\"b y", "bare quote in field `a\"b`");
    check_fault("\\", "unknown instruction ``");
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>()) {
        drop(parse_dockerfile(&text));
    }

    #[test]
    fn never_panics_on_likely_text(
        text in r#"(FROM |ONBUILD |COPY |RUN |ENV |ARG |--from=|--mount=|<<-?E|\n|\\\n|# escape=`\n|[a-e"'\[\]{}, =$\\`#à]|\r\n|\t){0,40}"#,
    ) {
        drop(parse_dockerfile(&text));
    }

    /// Places point into the text.
    #[test]
    fn faults_stand_in_the_text(text in "(FROM a|RUN|COPY x|FOO|ENV|[\n \\\\])*") {
        for fault in parse_dockerfile(&text).err().into_iter().flatten() {
            prop_assert!(fault.line >= 1 && fault.column >= 1);
            prop_assert!(fault.line <= text.split('\n').count());
        }
    }
}
