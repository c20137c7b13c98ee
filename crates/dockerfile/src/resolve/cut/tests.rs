use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::*;
use crate::parse_dockerfile;

/// What is left where the lines that hold `HANDLER` are cut.
#[track_caller]
fn check(text: &str, target: Option<&str>, expected: &Expect) {
    let before = (text.lines().enumerate())
        .filter(|(_, line)| line.contains("HANDLER"))
        .map(|(at, _)| at + 1)
        .collect();
    let (args, contexts) = (BTreeMap::new(), BTreeSet::new());
    let settings = Settings {
        target,
        args: &args,
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &contexts,
    };
    let cut = parse_dockerfile(text).unwrap().cut(text, &settings, &before).unwrap();
    let target = cut.target.as_deref();
    expected.assert_eq(&format!("{}# target {target:?}, late {:?}\n", cut.text, cut.late_runs));
    // What is left is a Dockerfile, and holds no cut line.
    let left = parse_dockerfile(&cut.text).unwrap();
    left.resolve(&Settings { target, ..settings }).unwrap();
    if target.is_some() {
        assert!(
            !left
                .resolve(&Settings { target, ..settings })
                .unwrap()
                .instructions
                .join("\n")
                .contains("HANDLER")
        );
    }
}

#[test]
fn what_comes_before_the_handler_is_left() {
    check(
        "# syntax=docker/dockerfile:1\nARG BASE=python\nFROM ${BASE}\nCOPY requirements.txt ./\nRUN pip install \\\n    -r requirements.txt\n# The handler.\nCOPY HANDLER.py ./\nRUN late\nCMD [\"h\"]\n",
        None,
        &expect![[r##"
            # syntax=docker/dockerfile:1
            ARG BASE=python
            FROM ${BASE} AS lambda-images-end-0
            COPY requirements.txt ./
            RUN pip install \
                -r requirements.txt
            # The handler.
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late [9]
        "##]],
    );
}

#[test]
fn a_handler_alone_leaves_nothing_to_do() {
    check(
        "FROM base\nENV A=1\nWORKDIR /x\nCOPY HANDLER.py /\nCMD [\"h\"]",
        None,
        &expect![[r#"
        FROM base
        ENV A=1
        WORKDIR /x
        # target None, late []
    "#]],
    );
}

#[test]
fn a_file_without_a_handler_stays_whole() {
    check(
        "FROM base AS one\nRUN a",
        None,
        &expect![[r#"
            FROM base AS one
            RUN a
            FROM scratch AS lambda-images-empty
            FROM one AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late []
        "#]],
    );
}

#[test]
fn a_stage_that_feeds_what_is_cut_is_an_end_of_its_own() {
    check(
        "FROM python AS build\nCOPY lock /\nRUN install\nFROM base\nCOPY HANDLER.py /\nCOPY --from=build /out /\n",
        None,
        &expect![[r#"
            FROM python AS build
            COPY lock /
            RUN install
            FROM base
            FROM scratch AS lambda-images-empty
            FROM build AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late []
        "#]],
    );
    check(
        "FROM python AS build\nRUN install\nFROM --platform=linux/amd64 base\nRUN tools\nCOPY HANDLER.py /\nCOPY --from=0 /out /\n",
        None,
        &expect![[r#"
            FROM python AS build
            RUN install
            FROM --platform=linux/amd64 base AS lambda-images-end-1
            RUN tools
            FROM scratch AS lambda-images-empty
            FROM build AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM lambda-images-end-1 AS lambda-images-on-end-1
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            COPY --from=lambda-images-on-end-1 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late []
        "#]],
    );
}

#[test]
fn a_cut_stage_cuts_what_takes_from_it() {
    check(
        "FROM python AS deps\nRUN install\nFROM deps AS compile\nCOPY HANDLER.py /\nRUN compile\nFROM compile AS more\nRUN more\nFROM base\nRUN tools\nCOPY --from=compile /out /\nRUN --mount=from=deps,target=/d late\n",
        None,
        &expect![[r#"
            FROM python AS deps
            RUN install
            FROM deps AS compile
            FROM compile AS more
            RUN more
            FROM base AS lambda-images-end-3
            RUN tools
            FROM scratch AS lambda-images-empty
            FROM compile AS lambda-images-on-end-1
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM lambda-images-end-3 AS lambda-images-on-end-3
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-1 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            COPY --from=lambda-images-on-end-3 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late [5, 11]
        "#]],
    );
}

#[test]
fn only_the_target_s_stages_count() {
    check(
        "FROM a AS dev\nRUN a\nCOPY HANDLER.py /\nFROM b AS prod\nRUN b\nCOPY HANDLER.py /\nRUN c\n",
        Some("dev"),
        &expect![[r#"
            FROM a AS dev
            RUN a
            FROM b AS prod
            RUN b
            COPY HANDLER.py /
            RUN c
            FROM scratch AS lambda-images-empty
            FROM dev AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late []
        "#]],
    );
}

#[test]
fn here_documents_and_continuations_stay_whole() {
    check(
        "FROM a\nRUN <<EOF\nFROM none\nCOPY x\nEOF\nRUN b \\\n\n  # comment\n  c\nCOPY HANDLER.py \\\n /x\n",
        None,
        &expect![[r#"
            FROM a AS lambda-images-end-0
            RUN <<EOF
            FROM none
            COPY x
            EOF
            RUN b \

              # comment
              c
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            # target Some("lambda-images-ends"), late []
        "#]],
    );
}

#[test]
fn triggers_are_cut_with_their_stage() {
    check(
        "FROM a AS base\nRUN a\nONBUILD COPY x /\nFROM base AS HANDLER\nRUN b\n",
        None,
        &expect![[r#"
            FROM a AS base
            RUN a
            ONBUILD COPY x /
            FROM base AS HANDLER
            # target None, late [5]
        "#]],
    );
}
