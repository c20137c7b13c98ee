//! What a build of a target refers to and reads.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Resolved, Settings, acts_undeclared};
use crate::dockerfile::parse_dockerfile;
use crate::fault::Fault;

/// Words such as `target=x`, `arg:A=1`, `context:name` and `build=linux/arm64`.
fn resolve(text: &str, settings: &str) -> Result<Resolved, Vec<Fault>> {
    let mut args = BTreeMap::new();
    let mut contexts = BTreeSet::new();
    let (mut target, mut platform, mut build) = (None, "linux/amd64", None);
    for word in settings.split_whitespace() {
        if let Some(arg) = word.strip_prefix("arg:") {
            let (name, value) = arg.split_once('=').expect("an arg has a value");
            args.insert(name.to_owned(), value.to_owned());
        } else if let Some(context) = word.strip_prefix("context:") {
            contexts.insert(context.to_owned());
        } else {
            match word.split_once('=').expect("a setting has a value") {
                ("target", value) => target = Some(value),
                ("platform", value) => platform = value,
                ("build", value) => build = Some(value),
                other => panic!("unknown setting {other:?}"),
            }
        }
    }
    let settings = Settings {
        target,
        args: &args,
        platform,
        build_platform: build,
        named_contexts: &contexts,
    };
    parse_dockerfile(text).expect("no faults").resolve(&settings)
}

fn render(resolved: &Resolved) -> String {
    let mut lines = vec![format!("stages {:?}", resolved.stages)];
    for r in &resolved.references {
        let mut line = format!("{}: {:?} {} as {:?}", r.line, r.via, r.name, r.raw);
        let extra = [("platform", &r.platform), ("arg", &r.from_arg), ("is", &r.named_context)];
        for (name, value) in extra {
            line.extend(value.iter().map(|value| format!(" {name} {value}")));
        }
        lines.push(line);
    }
    for read in &resolved.sources {
        let context = read.context.as_deref().unwrap_or("main");
        let mut line = format!("{}: reads {context} {:?}", read.line, read.patterns);
        if !read.excludes.is_empty() {
            line += &format!(" without {:?}", read.excludes);
        }
        line += if read.parents { " with parents" } else { "" };
        lines.push(line);
    }
    for remote in &resolved.remotes {
        let (kind, source, pin) = (remote.kind, &remote.source, &remote.checksum);
        lines.push(format!("{}: {kind:?} {source} {pin:?}", remote.line));
    }
    lines.extend(resolved.undetermined.iter().map(|n| format!("{}: {}", n.line, n.message)));
    lines.join("\n")
}

#[track_caller]
fn check(text: &str, settings: &str, expected: &Expect) {
    expected.assert_eq(&render(&resolve(text, settings).expect("no faults")));
}

#[track_caller]
fn check_fault(text: &str, settings: &str, expected: &Expect) {
    let faults = resolve(text, settings).expect_err("faults");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn only_reachable_stages_count() {
    let text = "\
FROM one AS a
COPY x /
FROM two AS b
COPY y /
FROM a AS c
COPY --from=b /y /
FROM unused AS d
COPY --from=other/image:1 /z /
FROM c
COPY z /
";
    check(
        text,
        "",
        &expect![[r#"
            stages [0, 1, 2, 4]
            1: From one as "one"
            3: From two as "two"
            2: reads main ["x"]
            4: reads main ["y"]
            10: reads main ["z"]"#]],
    );
    check(
        text,
        "target=D",
        &expect![[r#"
            stages [3]
            7: From unused as "unused"
            8: CopyFrom other/image:1 as "other/image:1""#]],
    );
    check(
        text,
        "target=a",
        &expect![[r#"
            stages [0]
            1: From one as "one"
            2: reads main ["x"]"#]],
    );
}

#[test]
fn bases_are_expanded() {
    check(
        "ARG V=3\nARG BASE_IMAGE=python:${V:-2}\nFROM --platform=$BUILDPLATFORM $BASE_IMAGE AS x\n\
         FROM a/$TARGETARCH-$TARGETSTAGE\nRUN --mount=from=x,target=/x y\n",
        "arg:V=4 platform=linux/arm64 build=linux/amd64",
        &expect![[r#"
            stages [0, 1]
            3: From python:4 as "$BASE_IMAGE" platform linux/amd64 arg BASE_IMAGE
            4: From a/arm64-default as "a/$TARGETARCH-$TARGETSTAGE""#]],
    );
    check(
        "FROM a-$TARGETSTAGE$V AS Last\n",
        "arg:V=1 arg:TARGETSTAGE=t",
        &expect![[r#"
            stages [0]
            1: From a-t as "a-$TARGETSTAGE$V""#]],
    );
}

#[test]
fn sources_see_args_and_env() {
    check(
        "ARG G=global\nFROM scratch\nARG G\nARG D=dir\nENV E=$D/e F=${U:-f}\nWORKDIR /w\n\
         COPY $G ${E} $F ./$U/x/ ../y /abs//z /\nARG D=\nCOPY \"a$D\" 'c' /\nCOPY <<EOF /only\n$E\nEOF\n",
        "arg:D=given",
        &expect![[r#"
            stages [0]
            7: reads main ["global", "given/e", "f", "x", "y", "abs/z"]
            9: reads main ["agiven", "c"]"#]],
    );
}

#[test]
fn a_stage_takes_over_the_environment_of_its_base() {
    check(
        "FROM scratch AS a\nARG X=1\nENV Y=2\nFROM a AS b\nENV Y=3\nFROM a\nCOPY $X$Y$Z /\n",
        "",
        &expect![[r#"
            stages [0, 2]
            7: reads main ["12"]"#]],
    );
}

#[test]
fn what_an_image_may_set_is_not_known() {
    check(
        "FROM image\nARG A\nENV B=$HOME/b C=c\nCOPY --exclude=x $C $A /\nCOPY --parents $B /\n\
         ADD $PATH /\nRUN --mount=source=$B,target=/b x\nRUN --mount=type=$B,target=/b x\n\
         RUN --mount=target=$B,source=s x\nCOPY $C /$HOME\nENV $HOME=x\nCOPY $C /\n",
        "",
        &expect![[r#"
            stages [0]
            1: From image as "image"
            4: reads main ["."] without ["x"]
            5: reads main ["."]
            6: reads main ["."]
            7: reads main ["."]
            8: reads main ["."]
            9: reads main ["s"]
            10: reads main ["c"]
            12: reads main ["."]
            4: `A` may be set by the environment of the base image: the whole context is taken for read
            5: `B` may be set by the environment of the base image: the whole context is taken for read
            6: `PATH` may be set by the environment of the base image: the whole context is taken for read
            7: `B` may be set by the environment of the base image: the whole context is taken for read
            8: `B` may be set by the environment of the base image: the whole context is taken for read
            12: `C` may be set by the environment of the base image: the whole context is taken for read"#]],
    );
}

#[test]
fn mounts() {
    check(
        "FROM scratch AS s\nFROM s\n\
         RUN --mount=target=/a --mount=type=cache,target=/c --mount=type=tmpfs,target=/t x\n\
         RUN --mount=source=/src/../lib/,target=/b --mount=from=s,target=/d --mount=from=img,target=/e x\n\
         RUN --mount=type=cache,from=ctx,source=seed,target=/f --mount=type=secret,id=x x\n",
        "context:ctx",
        &expect![[r#"
            stages [0, 1]
            4: MountFrom img as "img"
            5: MountFrom ctx as "ctx" is ctx
            3: reads main ["."]
            4: reads main ["lib"]
            5: reads ctx ["seed"]"#]],
    );
}

/// A mount takes a path, whatever it looks like.
#[test]
fn patterns_in_mounts() {
    check(
        "FROM scratch\nRUN --mount=source=a[1],target=/a --mount=source=b,target=/b x\n",
        "",
        &expect![[r#"
            stages [0]
            2: reads main ["."]
            2: reads main ["b"]
            2: `a[1]` is no pattern in a mount: the whole context is taken for read"#]],
    );
}

#[test]
fn add() {
    check(
        "FROM scratch\nADD a.tar https://example.com/f /\n\
         ADD --checksum=sha256:0 https://example.com/f /\n\
         ADD https://example.com/r.git#v1 /\nADD --exclude=*.md $X <<E /\nx\nE\n",
        "",
        &expect![[r#"
            stages [0]
            2: reads main ["a.tar"]
            5: reads main ["."] without ["*.md"]
            2: Http https://example.com/f None
            3: Http https://example.com/f Some("sha256:0")
            4: Git https://example.com/r.git#v1 None"#]],
    );
}

#[test]
fn parents_keep_the_pivot() {
    check(
        "FROM scratch\nCOPY --parents a/./b/../c /d /x/./**/y ./a /./b/./c /\nCOPY --parents=false a/./b /\n",
        "",
        &expect![[r#"
            stages [0]
            2: reads main ["a/./c", "d", "x/./**/y", "a", "b/c"] with parents
            3: reads main ["a/b"]"#]],
    );
}

#[test]
fn named_contexts_replace_images_and_stages() {
    let text = "\
FROM python:latest AS deps
COPY lost /
FROM docker.io/library/python
COPY --from=deps a /
COPY --from=0 b /
RUN --mount=from=Deps,source=c,target=/c x
";
    check(
        text,
        "context:python context:deps",
        &expect![[r#"
            stages [1]
            3: From docker.io/library/python as "docker.io/library/python" is python
            4: CopyFrom deps as "deps" is deps
            5: CopyFrom deps as "0" is deps
            6: MountFrom deps as "Deps" is deps
            3: reads python ["."]
            4: reads deps ["a"]
            5: reads deps ["b"]
            6: reads deps ["c"]"#]],
    );
    check(
        text,
        "context:deps target=deps",
        &expect![[r#"
            stages []
            1: From deps as "deps" is deps
            1: reads deps ["."]"#]],
    );
    check(
        "FROM a AS scratch\nCOPY x /\nFROM scratch\n",
        "context:scratch",
        &expect![[r#"
            stages [0, 1]
            1: From a as "a"
            2: reads main ["x"]"#]],
    );
}

#[test]
fn triggers_run_in_the_stages_on_top() {
    check(
        "FROM scratch AS a\nONBUILD ARG X=1\nONBUILD COPY $X /\nONBUILD COPY --from=img <<E /y z /\nb\nE\n\
         FROM a AS b\nENV X=2\nFROM b\nCOPY $X /\n",
        "",
        &expect![[r#"
            stages [0, 1, 2]
            7: CopyFrom img as "img"
            7: reads main ["1"]
            10: reads main ["2"]"#]],
    );
    check_fault(
        "FROM scratch AS a\nONBUILD NOPE\nFROM a\n",
        "",
        &expect![[r#"
            2:1: unknown instruction `NOPE`
            hint: did you mean `COPY`?"#]],
    );
}

/// As in BuildKit: `FROM` takes the stage before it, everything else the last one.
#[test]
fn repeated_names() {
    check(
        "FROM one AS x\nFROM x AS x\nCOPY a /\nFROM scratch\nCOPY --from=x b /\n",
        "",
        &expect![[r#"
            stages [0, 1, 2]
            1: From one as "one"
            3: reads main ["a"]"#]],
    );
}

#[test]
fn empty_bases() {
    check_fault(
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\n",
        "",
        &expect![[r#"
            2:1: the base `$BASE_IMAGE` of this stage is empty
            hint: `BASE_IMAGE` has no value: set `base`, or give it in `args`"#]],
    );
    check_fault(
        "ARG V\nFROM scratch AS x\nFROM python:$V AS y\nFROM $W\nFROM --platform=$V x\n",
        "target=x",
        &expect![[r#"
            3:1: invalid image name `python:`: it doesn't follow the format
            hint: `V` has no value: give it in `args`
            4:1: the base `$W` of this stage is empty
            hint: declare `ARG W` before the first FROM
            5:1: the platform `$V` of this stage is empty
            hint: `V` has no value: give it in `args`"#]],
    );
}

#[test]
fn refused_references() {
    check_fault(
        "FROM a AS one\nFROM b AS two\n",
        "target=three",
        &expect![[r#"
            1:1: no stage has the name `three`
            hint: the named stages are `one`, `two`"#]],
    );
    check_fault(
        "FROM a AS one\nCOPY --from=two x /\nFROM b AS two\nFROM one\n",
        "",
        &expect![[r#"
            2:1: stage `two` comes after the one that reads it
            hint: move the stage up"#]],
    );
    check_fault(
        "FROM a AS one\nCOPY --from=two x /\nFROM b AS two\nCOPY --from=one x /\nFROM c\n",
        "",
        &expect![[r#"
            3:1: stage `two` needs itself
            hint: a stage can only copy or mount from an earlier one"#]],
    );
    check_fault(
        "FROM a\nCOPY --from=2 x /\nCOPY --from=$X x /\nCOPY --from=Bad! x /\n",
        "",
        &expect![[r#"
            2:1: there is no stage with the index 2
            hint: stages are counted from 0 to 0
            3:1: `--from` takes no variables
            hint: define a stage with FROM and name it in `--from`
            4:1: invalid image name `Bad!`: the repository must be lowercase
            hint: an image name looks like `registry/repository:tag`"#]],
    );
    check_fault(
        "FROM a AS build-\nFROM Build\nFROM --platform=x/y/z/w a\n",
        "",
        &expect![[r#"
            1:1: invalid image name `build-`: it doesn't follow the format
            hint: an image name looks like `registry/repository:tag`
            2:1: invalid image name `Build`: the repository must be lowercase
            hint: an image name looks like `registry/repository:tag`
            3:1: invalid platform `x/y/z/w`
            hint: a platform looks like `linux/amd64` or `linux/arm/v7`"#]],
    );
}

#[test]
fn refused_instructions() {
    check_fault(
        "FROM scratch\nCOPY ${X:?} /\nARG Y=${X?set-it}\nENV A='\nRUN --mount=typ=x y\n\
         COPY http://x/y /\nCOPY --chmod=999 a /\nADD --checksum=x a /\nADD --checksum=x http://a/b c /\n\
         COPY <<E /\n${X?}\nE\n",
        "",
        &expect![[r#"
            2:1: X: is not allowed to be unset
            3:1: X: set-it
            4:1: unexpected end while looking for a matching single quote
            5:1: unknown mount option `typ`
            hint: did you mean `type`?
            6:1: COPY can't fetch `http://x/y`
            hint: use ADD
            7:1: invalid `--chmod=999`
            hint: a mode is an octal number up to 7777
            8:1: `--checksum` takes a URL or a git reference as source
            9:1: `--checksum` takes exactly one source
            10:1: X: is not allowed to be unset"#]],
    );
    check_fault(
        "FROM a\n",
        "platform=linux",
        &expect![[r#"
        1:1: platform `linux` is only half of one
        hint: write it as `linux/amd64`"#]],
    );
    check_fault("ARG A=${B?}\nFROM a\n", "", &expect!["1:1: B: is not allowed to be unset"]);
}

/// An arg that is given is not held against its default.
#[test]
fn a_default_that_is_not_used_is_not_refused() {
    check(
        "ARG A=${B?}\nFROM a:$A\nARG C=${D?}\n",
        "arg:A=1 arg:C=2",
        &expect![[r#"
            stages [0]
            2: From a:1 as "a:$A""#]],
    );
}

#[test]
fn declared_args_and_instructions() {
    let text = "# syntax=x\n# escape=`\nARG A=1\nFROM a AS one\nARG B\nRUN `\n x\n\
                FROM b\nARG C\nFROM one\nARG D\n";
    let resolved = resolve(text, "").expect("no faults");
    let names: Vec<&str> = resolved.declared_args.iter().map(String::as_str).collect();
    assert_eq!(names, ["A", "B", "D"]);
    expect![[r##"
        # syntax="x"
        # escape=`
        ARG ["A=1"]
        FROM ["a"] AS "one"
        ARG ["B"]
        RUN ("x")
        FROM ["one"]
        ARG ["D"]"##]]
    .assert_eq(&resolved.instructions.join("\n"));
    assert!(!resolved.reads_main_context);
}

#[test]
fn args_that_act_undeclared() {
    for name in ["http_proxy", "NO_PROXY", "TARGETARCH", "SOURCE_DATE_EPOCH", "BUILDKIT_SYNTAX"] {
        assert!(acts_undeclared(name), "{name}");
    }
    for name in ["VERSION", "PROXY", "TARGET", "source_date_epoch"] {
        assert!(!acts_undeclared(name), "{name}");
    }
}

/// An index beyond the stages can hit an image that an instruction names.
#[test]
fn indices_count_images_after_the_stages() {
    check(
        "FROM scratch AS a\nCOPY --from=one x /\nCOPY --from=1 y /\n",
        "",
        &expect![[r#"
            stages [0]
            2: CopyFrom one as "one"
            3: CopyFrom one as "1""#]],
    );
}

#[test]
fn growth_has_bounds() {
    let doubling = format!("FROM scratch\nENV A=xx\n{}COPY $A /\n", "ENV A=$A$A\n".repeat(60));
    let resolved = resolve(&doubling, "").expect("no faults");
    assert_eq!(resolved.sources[0].patterns, ["."]);
    assert_eq!(resolved.undetermined.len(), 1);
}

/// Many stages on one with many variables: past the bound a stage knows nothing of them.
#[test]
fn copies_of_environments_have_bounds() {
    let text = |heirs: usize| {
        let variables = (0..2000).map(|n| format!("ENV A{n}=a\n")).collect::<String>();
        let heir = |n: usize| format!("FROM s AS t{n}\nCOPY --from=t{} b /\nCOPY $A1 /\n", n - 1);
        let heirs = (1..heirs).map(heir).collect::<String>();
        format!("FROM scratch AS s\n{variables}FROM s AS t0\n{heirs}")
    };
    for (heirs, pattern) in [(100, "a"), (2000, ".")] {
        let resolved = resolve(&text(heirs), "").expect("no faults");
        // The last heir takes the environment itself.
        let read = &resolved.sources[resolved.sources.len() - 2];
        assert_eq!(read.patterns, [pattern], "{heirs} heirs");
    }
}

/// Many stages on one with many triggers.
#[test]
fn triggers_have_bounds() {
    let triggers = "ONBUILD RUN a\n".repeat(2000);
    let heir = |n: usize| format!("FROM s AS t{n}\nCOPY --from=t{} a /\n", n - 1);
    let heirs = (1..2000).map(heir).collect::<String>();
    let text = format!("FROM scratch AS s\n{triggers}FROM s AS t0\n{heirs}");
    let faults = resolve(&text, "").expect_err("a fault");
    assert!(faults[0].message.starts_with("more ONBUILD instructions"), "{}", faults[0]);
}

/// A folder that no Linux has is not known.
#[test]
fn working_folders_have_bounds() {
    let text = format!("FROM scratch\n{}COPY a b\n", "WORKDIR a\n".repeat(20_000));
    let resolved = resolve(&text, "").expect("no faults");
    assert!(resolved.may_keep(None, "a"));
}

/// Every fault of a `FROM` looks at the args, every one of a `--from` at the stages.
#[test]
fn faults_of_many_stages_are_told() {
    let args = (0..20_000).map(|n| format!("ARG A{n}\n")).collect::<String>();
    let faults = resolve(&format!("{args}{}", "FROM $A7\n".repeat(20_000)), "");
    let faults = faults.expect_err("faults");
    assert_eq!(faults.len(), 20_000);
    assert_eq!(faults[0].hint.as_deref(), Some("`A7` has no value: give it in `args`"));
    let stages = (0..20_000).map(|n| format!("FROM a AS s{n}\nCOPY --from=S_{n}- a b\n"));
    let faults = resolve(&stages.collect::<String>(), "").expect_err("faults");
    assert_eq!(faults.len(), 20_000);
}

/// Lines that make sense together more often than chance.
fn dockerfiles() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "FROM scratch\n",
        "FROM a AS one\n",
        "FROM one AS two\n",
        "FROM $A\n",
        "ARG A=x\n",
        "ARG A\n",
        "ENV B=$A$C\n",
        "COPY $A$B /\n",
        "COPY --from=one x /\n",
        "COPY --from=two x /\n",
        "COPY --from=0 x /\n",
        "COPY --from=1 x /\n",
        "ADD https://x/y $B /\n",
        "RUN --mount=from=two,target=/x --mount=source=$A,target=/y z\n",
        "ONBUILD COPY --from=two $A /\n",
        "ONBUILD ARG A=y\n",
        "WORKDIR $A\n",
    ]);
    prop::collection::vec(line, 1..12).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn deterministic_and_consistent(
        text in dockerfiles(),
        settings in prop::sample::select(vec!["", "arg:A=one", "target=two", "context:one"]),
    ) {
        let Ok(_) = parse_dockerfile(&text) else { return Ok(()) };
        let resolved = resolve(&text, settings);
        prop_assert_eq!(&resolved, &resolve(&text, settings));
        if let Ok(resolved) = resolved {
            prop_assert!(resolved.stages.is_sorted());
            let main = resolved.sources.iter().any(|read| read.context.is_none());
            prop_assert_eq!(resolved.reads_main_context, main);
            for note in &resolved.undetermined {
                let whole = resolved.sources.iter().any(|r| {
                    r.line == note.line && r.patterns == ["."]
                });
                prop_assert!(whole);
            }
            prop_assert!(resolved.references.iter().all(|r| r.name != "scratch"));
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        if parse_dockerfile(&format!("FROM a\n{text}")).is_ok() {
            drop(resolve(&format!("FROM a\n{text}"), ""));
        }
    }
}

#[test]
fn an_image_that_keeps_triggers_says_so() {
    let leaves = |text: &str| {
        let contexts = BTreeSet::new();
        let settings = Settings {
            target: None,
            args: &BTreeMap::new(),
            platform: "linux/amd64",
            build_platform: None,
            named_contexts: &contexts,
        };
        parse_dockerfile(text).unwrap().resolve(&settings).unwrap().leaves_triggers
    };
    assert!(leaves("FROM x\nONBUILD COPY . /app\n"));
    // The stage that stands on it has run them.
    assert!(!leaves("FROM x AS a\nONBUILD COPY . /app\nFROM a\n"));
}

#[test]
fn a_stage_on_a_named_context_has_all_of_it() {
    check(
        "FROM rootfs AS a\nRUN x\nFROM scratch\nCOPY --from=a /y /\n",
        "context:rootfs",
        &expect![[r#"
            stages [0, 1]
            1: From rootfs as "rootfs" is rootfs
            1: reads rootfs ["."]"#]],
    );
    // The short name counts.
    check(
        "FROM docker.io/library/python:latest\n",
        "context:python",
        &expect![[r#"
            stages [0]
            1: From docker.io/library/python:latest as "docker.io/library/python:latest" is python
            1: reads python ["."]"#]],
    );
    check(
        "ARG BASE=ghcr.io/x/y:1\nFROM $BASE\n",
        "context:ghcr.io/x/y:1",
        &expect![[r#"
            stages [0]
            2: From ghcr.io/x/y:1 as "$BASE" arg BASE is ghcr.io/x/y:1
            2: reads ghcr.io/x/y:1 ["."]"#]],
    );
}

#[test]
fn a_named_context_that_replaces_a_stage_is_read() {
    let text = "FROM python AS Deps\nRUN x\nFROM deps\nRUN --mount=from=DEPS,target=/m x\nCOPY --from=0 /a /b\n";
    check(
        text,
        "context:deps",
        &expect![[r#"
            stages [1]
            3: From deps as "deps" is deps
            4: MountFrom deps as "DEPS" is deps
            5: CopyFrom deps as "0" is deps
            3: reads deps ["."]
            4: reads deps ["."]
            5: reads deps ["a"]"#]],
    );
    // So is one that is the target.
    check(
        text,
        "context:deps target=DEPS",
        &expect![[r#"
            stages []
            1: From deps as "deps" is deps
            1: reads deps ["."]"#]],
    );
    // These names BuildKit never looks up for a stage; `FROM context` it does.
    check(
        "FROM a AS context\nFROM b AS scratch\nFROM context\n",
        "context:context context:scratch",
        &expect![[r#"
            stages [0, 2]
            1: From a as "a""#]],
    );
    check(
        "FROM context\nCOPY --from=scratch x /\n",
        "context:context context:scratch",
        &expect![[r#"
            stages [0]
            1: From context as "context" is context
            1: reads context ["."]"#]],
    );
}

#[test]
fn what_a_stage_begins_with_may_be_kept() {
    let keeps = |text: &str, path: &str| {
        resolve(text, "context:rootfs").expect("no faults").may_keep(Some("rootfs"), path)
    };
    assert!(keeps("FROM rootfs\n", "etc/x"));
    assert!(keeps("FROM rootfs AS a\nFROM a\n", "etc/x"));
    assert!(keeps("FROM rootfs AS a\nFROM scratch\nCOPY --from=a /etc /etc\n", "etc/x"));
    assert!(!keeps("FROM rootfs AS a\nFROM scratch\nCOPY --from=a /usr /usr\n", "etc/x"));
}

#[test]
fn a_name_like_a_stage_is_told() {
    let similar = |text: &str, settings: &str| -> Vec<String> {
        let resolved = resolve(text, settings).expect("no faults");
        resolved.references.into_iter().filter_map(|reference| reference.similar_stage).collect()
    };
    let stages = "FROM a/b AS builder\nFROM c/d AS Tests\n";
    let last = |line: &str| format!("{stages}FROM e/f\n{line}\n");
    assert_eq!(similar(&last("COPY --from=bulder /x /"), ""), ["builder"]);
    assert_eq!(similar(&last("RUN --mount=from=test,target=/m x"), ""), ["tests"]);
    assert_eq!(similar(&format!("{stages}FROM buildr\n"), ""), ["builder"]);
    assert!(similar(&last("COPY --from=builder /x /"), "").is_empty());
    assert!(similar(&last("COPY --from=python /x /"), "").is_empty());
    assert!(similar(&last("COPY --from=docker.io/bulder /x /"), "").is_empty());
    assert!(similar(&last("COPY --from=bulder:1 /x /"), "").is_empty());
    assert!(similar(&last("COPY --from=bulder /x /"), "context:bulder").is_empty());
}

/// What the commands ask of whoever builds: `secret`, `ssh` or `?`, its id, and `!` where required.
#[track_caller]
fn check_asks(text: &str, settings: &str, expected: &Expect) {
    let asked = resolve(text, settings).expect("no faults").asks;
    let shown = asked.iter().map(|ask| {
        let kind = ask.kind.map_or("?".to_owned(), |kind| format!("{kind:?}").to_lowercase());
        let required = if ask.required { "!" } else { "" };
        format!("{}: {kind} {}{required}", ask.line, ask.id.as_deref().unwrap_or("?"))
    });
    expected.assert_eq(&shown.collect::<Vec<_>>().join("\n"));
}

#[test]
fn ids_of_secrets_and_agents() {
    check_asks(
        "FROM scratch AS idle\nRUN --mount=type=secret,id=idle x\n\
         FROM scratch\nARG N=n\n\
         RUN --mount=type=secret,id=a --mount=type=secret,source=b,required x\n\
         RUN --mount=type=secret,target=/run/c/d --mount=type=secret,id=$N,required=true x\n\
         RUN --mount=type=ssh --mount=type=ssh,id=e,required=1 --mount=type=ssh,required=false x\n\
         RUN --mount=type=cache,id=f,target=/f --mount=target=/g x\n",
        "",
        &expect![[r#"
            5: secret a
            5: secret b!
            6: secret d
            6: secret n!
            7: ssh default
            7: ssh e!
            7: ssh default"#]],
    );
}

#[test]
fn an_unknown_variable_may_ask_for_anything() {
    check_asks(
        "FROM a\nRUN --mount=type=secret,id=$U --mount=type=$U,id=b,target=/b x\n",
        "",
        &expect![[r#"
            2: secret ?
            2: ? b"#]],
    );
}

#[test]
fn only_the_stages_of_the_image_give_it_modes_and_a_base() {
    let text = "FROM a AS lends\nCOPY --chmod=0600 x /\n\
         FROM --platform=linux/arm64 b AS below\nADD --chmod=0700 x /\n\
         FROM below\nARG M=u=rw\nCOPY --from=lends --chmod=$M,go= /x /\nCOPY --chmod=$U x /\n";
    let resolved = resolve(text, "").expect("no faults");
    let chmods: Vec<_> = resolved.chmods.iter().map(|it| (it.line, it.mode.as_str())).collect();
    assert_eq!(chmods, [(4, "0700"), (7, "u=rw,go=")]);
    let base = &resolved.references[resolved.base.expect("a base")];
    assert_eq!((base.name.as_str(), base.platform.as_deref()), ("b", Some("linux/arm64")));
    assert_eq!(resolve("FROM scratch\n", "").expect("no faults").base, None);
}
