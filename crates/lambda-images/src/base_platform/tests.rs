//! Bases of another platform than the image's.

use expect_test::{Expect, expect};

use super::*;
use crate::graph::ImageGraph;
use crate::graph::fixture::{EXTERNAL, texts};

/// The fixture's Lambda `one` with this Dockerfile and these settings.
fn graph_of(dockerfile: &str, settings: &str) -> ImageGraph {
    let mut texts = texts();
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), dockerfile.to_owned());
    let pyproject = texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap();
    pyproject.push_str(&format!("\n[tool.lambda-image]\n{settings}\n"));
    texts.graph().1
}

fn one(graph: &ImageGraph) -> &Image {
    graph.images().iter().find(|image| image.name().as_str() == "one").unwrap()
}

/// What is said where the base is for these platforms.
#[track_caller]
fn check(dockerfile: &str, settings: &str, platforms: &[&str], expected: &Expect) {
    let graph = graph_of(dockerfile, settings);
    let image = one(&graph);
    let platforms = platforms.iter().map(|&platform| platform.to_owned()).collect();
    let base = image.final_base();
    let told = base.and_then(|base| image.other_platform(&base, &platforms));
    let all = image.platform_warning().into_iter().chain(told);
    expected.assert_eq(&all.map(|it| it.to_string()).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_base_for_the_images_platform_is_no_warning() {
    let dockerfile = format!("FROM {EXTERNAL}\nCOPY handler.py /\n");
    for platforms in
        [&["linux/amd64"][..], &["linux/arm64/v8", "linux/x86_64"], &["linux/amd64/v2"], &[]]
    {
        check(&dockerfile, "", platforms, &expect![""]);
    }
    check(&dockerfile, "platform = \"linux/arm64\"", &["linux/arm64/v8"], &expect![""]);
    check("FROM scratch\nCOPY handler.py /\n", "", &["linux/arm64"], &expect![""]);
}

#[test]
fn a_base_for_another_platform_is_a_warning() {
    check(
        &format!("FROM {EXTERNAL} AS below\nFROM below\nCOPY handler.py /\n"),
        "",
        &["linux/arm64"],
        &expect![[r#"
            lambdas/one/Dockerfile:1:1: the base `public.ecr.aws/lambda/python:3.13` is for linux/arm64 only, and `one` is built for linux/amd64: its programs can't run there
              hint: take a base for linux/amd64, or set `platform = "linux/arm64"`"#]],
    );
    check(
        &format!("FROM {EXTERNAL}\nCOPY handler.py /\n"),
        "",
        &["linux/s390x", "windows/amd64"],
        &expect![[r#"
            lambdas/one/Dockerfile:1:1: the base `public.ecr.aws/lambda/python:3.13` is for linux/s390x, windows/amd64 only, and `one` is built for linux/amd64: its programs can't run there
              hint: take a base for linux/amd64"#]],
    );
}

#[test]
fn a_named_context_may_be_the_base() {
    check(
        "FROM py\nCOPY handler.py /\n",
        "contexts = { py = \"docker-image://registry.example/py:1\" }",
        &["linux/arm64"],
        &expect![[r#"
            lambdas/one/Dockerfile:1:1: the base `py` is for linux/arm64 only, and `one` is built for linux/amd64: its programs can't run there
              hint: take a base for linux/amd64, or set `platform = "linux/arm64"`"#]],
    );
}

#[test]
fn stages_that_lend_files_may_be_for_any_platform() {
    let dockerfile = format!(
        "FROM --platform=linux/arm64 {EXTERNAL} AS lends\nFROM scratch\nCOPY --from=lends /x /\n"
    );
    check(&dockerfile, "", &["linux/arm64"], &expect![""]);
}

#[test]
fn a_platform_in_the_last_from_has_to_be_the_images() {
    check(
        &format!("FROM --platform=linux/arm64 {EXTERNAL}\nCOPY handler.py /\n"),
        "",
        &["linux/arm64"],
        &expect![[r#"
            lambdas/one/Dockerfile:1:1: `one` begins with an image for linux/arm64, and is for linux/amd64
              hint: leave `--platform` out, or write `--platform=$TARGETPLATFORM`, or set `platform = "linux/arm64"`"#]],
    );
    check(
        &format!("FROM --platform=$BUILDPLATFORM {EXTERNAL}\nCOPY handler.py /\n"),
        "",
        &[],
        &expect![[r#"
            lambdas/one/Dockerfile:1:1: `one` begins with an image for the platform of the builder, and is for linux/amd64
              hint: leave `--platform` out, or write `--platform=$TARGETPLATFORM`"#]],
    );
    for same in ["linux/x86_64", "linux/amd64", "$TARGETPLATFORM"] {
        let dockerfile = format!("FROM --platform={same} {EXTERNAL}\nCOPY handler.py /\n");
        check(&dockerfile, "", &[], &expect![""]);
    }
}
