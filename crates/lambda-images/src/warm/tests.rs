use std::collections::BTreeSet;

use dockerfile::{Entry, EntryKind, Listing};
use expect_test::{Expect, expect};

use super::*;
use crate::graph::ContextFolder;
use crate::graph::fixture::{Texts, texts};
use crate::tree::Tree;

/// What can be warmed of `one`, which has this Dockerfile, in a workspace with these files.
fn find(dockerfile: &str, settings: &str, files: &[&str]) -> Result<Warmable, String> {
    let mut texts: Texts = texts();
    let path = "lambdas/one/Dockerfile".to_owned();
    texts.dockerfiles.insert(path.clone(), dockerfile.to_owned());
    let pyproject = texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap();
    *pyproject += &format!("[tool.lambda-image]\n{settings}\n");
    let (_, graph) = texts.graph();
    let mut contexts = Contexts::default();
    let folders: BTreeSet<ContextFolder> =
        graph.images().iter().flat_map(|i| &i.contexts).map(|c| c.folder.clone()).collect();
    for folder in folders {
        let inside = |path: &&str| paths::strip_folder(&folder.folder, path).map(str::to_owned);
        let entries = files.iter().filter_map(inside);
        let entries = entries.map(|path| Entry { path, kind: EntryKind::File }).collect();
        contexts.add_tree(Tree::new(folder.folder.clone(), Listing::new(entries)), [folder]);
    }
    let one = graph.images().iter().find(|image| image.name().as_str() == "one").unwrap();
    warmable(one, &texts.dockerfiles[&path], &graph, &contexts)
}

const FILES: [&str; 7] = [
    "lambdas/one/handler.py",
    "lambdas/one/requirements.txt",
    "lambdas/one/requirements/dev.in",
    "lambdas/one/pyproject.toml",
    "lambdas/one/src/one/core.py",
    "packages/low/low.py",
    "shared/fonts.ttf",
];

#[track_caller]
fn check(dockerfile: &str, settings: &str, expected: &Expect) {
    let told = match find(dockerfile, settings, &FILES) {
        Err(why) => format!("{why}\n"),
        Ok(Warmable { part: None, late_runs }) => format!("nothing, late {late_runs:?}\n"),
        Ok(Warmable { part: Some(part), late_runs }) => {
            let bases: Vec<&str> =
                part.image.depends_on.keys().map(crate::discovery::ImageName::as_str).collect();
            format!("{}on {bases:?}, late {late_runs:?}\n", part.text)
        }
    };
    expected.assert_eq(&told);
}

#[test]
fn the_cut_is_before_the_handler_and_after_what_is_installed() {
    check(
        "FROM base-low\nCOPY requirements.txt pyproject.toml ./\nRUN pip install -r requirements.txt\nCOPY handler.py ./\nCMD [\"handler.handler\"]\n",
        "",
        &expect![[r#"
            FROM base-low AS lambda-images-end-0
            COPY requirements.txt pyproject.toml ./
            RUN pip install -r requirements.txt
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on ["base-low"], late []
        "#]],
    );
    check(
        "FROM base-low\nCOPY handler.py ./\nRUN compile\n",
        "",
        &expect![[r#"
        nothing, late [3]
    "#]],
    );
    check(
        "FROM base-low\nRUN tools\nCOPY . ./\n",
        "",
        &expect![[r#"
            FROM base-low AS lambda-images-end-0
            RUN tools
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on ["base-low"], late []
        "#]],
    );
    check(
        "FROM base-low\nCOPY requirements ./\nRUN x\nCOPY *.py ./\n",
        "",
        &expect![[r#"
            FROM base-low AS lambda-images-end-0
            COPY requirements ./
            RUN x
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on ["base-low"], late []
        "#]],
    );
    check(
        "FROM base-low\nRUN --mount=type=bind,target=/src x\nCOPY handler.py ./\n",
        "",
        &expect![[r#"
            nothing, late [2]
        "#]],
    );
}

#[test]
fn packages_and_what_lies_outside_are_not_the_handler_s() {
    check(
        "FROM base-low\nCOPY packages/low /tmp/low\nRUN pip install /tmp/low\nCOPY shared /fonts\nCOPY lambdas/one/handler.py ./\n",
        "context = \"workspace\"",
        &expect![[r#"
            FROM base-low AS lambda-images-end-0
            COPY packages/low /tmp/low
            RUN pip install /tmp/low
            COPY shared /fonts
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on ["base-low"], late []
        "#]],
    );
    check(
        "FROM base-low\nRUN tools\nCOPY lambdas /all\n",
        "context = \"workspace\"",
        &expect![[r#"
            FROM base-low AS lambda-images-end-0
            RUN tools
            FROM scratch AS lambda-images-empty
            FROM lambda-images-end-0 AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on ["base-low"], late []
        "#]],
    );
}

#[test]
fn what_is_left_refers_only_to_what_it_needs() {
    check(
        "FROM python:3.13 AS build\nCOPY requirements.txt ./\nRUN pip install\nFROM base-low\nCOPY handler.py ./\nCOPY --from=build /out ./\n",
        "",
        &expect![[r#"
            FROM python:3.13 AS build
            COPY requirements.txt ./
            RUN pip install
            FROM base-low
            FROM scratch AS lambda-images-empty
            FROM build AS lambda-images-on-end-0
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-empty /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            FROM scratch AS lambda-images-ends
            ARG LAMBDA_IMAGES_RUN
            COPY --from=lambda-images-on-end-0 /.lambda-images-nothing-* /${LAMBDA_IMAGES_RUN}/
            on [], late []
        "#]],
    );
}

#[test]
fn where_nobody_knows_what_is_read_nothing_is_warmed() {
    check(
        "FROM base-low\nRUN a\nCOPY handler.py ./\n",
        "reads = \"context\"",
        &expect![[r#"
        nobody knows which instruction reads its handler
    "#]],
    );
    check(
        "# syntax=example/frontend:1\nFROM base-low\nRUN a\nCOPY handler.py ./\n",
        "",
        &expect![[r#"
            nobody knows which instruction reads its handler
        "#]],
    );
    check(
        "FROM base-low\nARG TARGETSTAGE\nRUN a $TARGETSTAGE\nCOPY handler.py ./\n",
        "",
        &expect![[r#"
            its Dockerfile asks for `TARGETSTAGE`, which is another for a part of it
        "#]],
    );
}

#[test]
fn names_of_files_that_say_what_is_installed() {
    for path in [
        "requirements.txt",
        "requirements-dev.txt",
        "dev-requirements.in",
        "constraints.txt",
        "uv.lock",
        "requirements.lock",
        "requirements/base.txt",
        "wheels/low-1.0-py3-none-any.whl",
        "pyproject.toml",
        "Pipfile",
        "setup.cfg",
    ] {
        assert!(says_what_is_installed(path), "{path}");
    }
    for path in ["handler.py", "requirements.py", "notes.txt", "lock.py", "data/words.txt"] {
        assert!(!says_what_is_installed(path), "{path}");
    }
}
