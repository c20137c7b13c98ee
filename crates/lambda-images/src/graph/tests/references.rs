//! References in Dockerfiles and named contexts: the warnings, and what a foreign frontend makes of them.

use expect_test::{Expect, expect};

use crate::discovery::ImageName;
use crate::graph::ContextUse;
use crate::graph::fixture::{Texts, texts};

/// Warnings of a workspace without problems, the usual ones of unpinned bases left out.
fn warnings(texts: &Texts) -> String {
    let (_, graph) = texts.graph();
    let told: Vec<String> = graph.warnings().iter().map(ToString::to_string).collect();
    told.into_iter()
        .filter(|text| !text.contains("is not pinned: what"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn check_warnings(texts: &Texts, expected: &Expect) {
    expected.assert_eq(&warnings(texts));
}

#[test]
fn an_image_of_this_workspace_by_its_pushed_name_is_told() {
    let mut texts = texts();
    texts.config += "registry = \"registry.example/team\"\nrepository = \"{name}-{stack}\"\n";
    let lines = "FROM registry.example/team/base-low-prod:git-1\n\
        COPY --from=registry.example/team/two-dev@sha256:aa /x /\n\
        COPY --from=registry.example/team/other-dev:1 /x /\n\
        COPY --from=elsewhere.example/team/two-dev:1 /x /\n\
        COPY --from=registry.example/team/deep/two-dev:1 /x /\n";
    let lines = lines.replace("aa", &"a".repeat(64));
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), lines);
    let two = texts.pyprojects.get_mut("lambdas/two/pyproject.toml").unwrap();
    two.push_str("[tool.lambda-image.contexts]\nlow = \"docker-image://registry.example/team/base-low-dev\"\n");
    check_warnings(
        &texts,
        &expect![[r#"
        lambdas/one/Dockerfile:1:1: `registry.example/team/base-low-prod:git-1` is `base-low` of this workspace as it was pushed: a change of `base-low` does not affect `one`
          hint: write `base-low`: the build pins it
        lambdas/one/Dockerfile:2:1: `registry.example/team/two-dev@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is `two` of this workspace as it was pushed: a change of `two` does not affect `one`
          hint: write `two`: the build pins it
        lambdas/one/pyproject.toml:3:18: `one` depends on `low`, which `lambdas/one/Dockerfile` neither copies nor has in a base image
          hint: copy it, or stand on an image that has it, or remove the dependency; until then every change of it affects the image
        lambdas/two/pyproject.toml:2:1: `registry.example/team/base-low-dev` is `base-low` of this workspace as it was pushed: a change of `base-low` does not affect `two`
          hint: write `target:base-low`: the build pins it"#]],
    );
}

#[test]
fn ecr_is_whoevers_account_it_is() {
    let mut texts = texts();
    texts.config += "registry = \"ecr\"\n";
    let lines = "FROM 123456789012.dkr.ecr.eu-west-1.amazonaws.com/base-low-prod:1\n";
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), lines.to_owned());
    check_warnings(
        &texts,
        &expect![[r#"
        lambdas/one/Dockerfile:1:1: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/base-low-prod:1` is `base-low` of this workspace as it was pushed: a change of `base-low` does not affect `one`
          hint: write `base-low`: the build pins it
        lambdas/one/pyproject.toml:3:18: `one` depends on `low`, which `lambdas/one/Dockerfile` neither copies nor has in a base image
          hint: copy it, or stand on an image that has it, or remove the dependency; until then every change of it affects the image"#]],
    );
}

#[test]
fn a_misspelt_stage_is_told() {
    let mut texts = texts();
    let lines = "FROM base-low AS builder\nRUN x\nFROM base-low\nCOPY --from=bulder /x /\n\
        RUN --mount=from=biulder,target=/m x\nCOPY --from=docker.io/library/bulder /x /\n";
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), lines.to_owned());
    check_warnings(
        &texts,
        &expect![[r#"
        lambdas/one/Dockerfile:4:1: `bulder` is no stage: BuildKit takes it for an image of Docker Hub
          hint: did you mean stage `builder`? if not, write `from=docker.io/library/bulder`
        lambdas/one/Dockerfile:5:1: `biulder` is no stage: BuildKit takes it for an image of Docker Hub
          hint: did you mean stage `builder`? if not, write `from=docker.io/library/biulder`"#]],
    );
    // An image of this workspace is meant.
    let lines =
        "FROM base-low AS base-lo\nFROM base-low\nCOPY --from=two /x /\nFROM base-low AS tw\n";
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), lines.to_owned());
    check_warnings(&texts, &expect![[""]]);
}

#[test]
fn all_that_a_foreign_frontend_may_look_at_counts() {
    let settings = "[tool.lambda-image]\nargs = { LEVEL = \"1\" }\n[tool.lambda-image.contexts]\nfiles = \"../../files\"\n";
    for first in
        ["# syntax=a/b:1", "#!x\n# syntax=a/b:1", "// syntax=a/b:1", "{\"syntax\": \"a/b:1\"}"]
    {
        let mut texts = texts();
        texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(settings);
        let text = format!("{first}\nFROM base-low\n");
        // Nothing may follow a JSON object.
        let text = if first.starts_with('{') { first.to_owned() } else { text };
        texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), text.clone());
        let (_, graph) = texts.graph();
        let image = graph.get(&ImageName::new("one").unwrap()).unwrap();
        assert_eq!(image.resolved.instructions, [text.as_str()]);
        assert_eq!(image.args()["LEVEL"], "1");
        let whole = |context: &ContextUse| context.reads.iter().any(|read| read.patterns == ["."]);
        assert!(image.contexts.len() == 2 && image.contexts.iter().all(whole), "{first}");
        let notes = &image.resolved.undetermined;
        let said = "unknown frontend `a/b:1`: the whole context is taken for read";
        assert!(notes.iter().any(|note| note.message == said), "{notes:?}");
    }
}

#[test]
fn a_build_arg_names_the_frontend() {
    let told = |syntax: &str, text: &str| {
        let mut texts = texts();
        let settings =
            format!("[tool.lambda-image]\nargs = {{ BUILDKIT_SYNTAX = \"{syntax}\" }}\n");
        texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(&settings);
        texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), text.to_owned());
        let (_, graph) = texts.graph();
        !graph.get(&ImageName::new("one").unwrap()).unwrap().resolved.undetermined.is_empty()
    };
    assert!(told("a/b x", "FROM base-low\n"));
    assert!(!told("docker/dockerfile:1 x", "# syntax=a/b\nFROM base-low\n"));
    assert!(!told("docker.io/docker/dockerfile-upstream:master", "FROM base-low\n"));
}

#[test]
fn urls_of_named_contexts_are_pinned_or_told() {
    let mut texts = texts();
    let commit = "a".repeat(40);
    let contexts = format!(
        "[tool.lambda-image.contexts]\ngit = \"https://a.example/x.git#main\"\n\
         pinned = \"https://a.example/x.git#{commit}\"\nfile = \"https://a.example/x.tar\"\n\
         nothing = \"docker-image://scratch\"\nlayout = \"oci-layout://x@sha256:00\"\n"
    );
    texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(&contexts);
    check_warnings(
        &texts,
        &expect![[r#"
        lambdas/one/pyproject.toml:2:9: `https://a.example/x.git#main` is not pinned: a change of it affects no image
          hint: name a commit: `https://….git#<commit>`; `ADD --checksum=…` pins a file
        lambdas/one/pyproject.toml:2:9: `https://a.example/x.tar` is not pinned: a change of it affects no image
          hint: name a commit: `https://….git#<commit>`; `ADD --checksum=…` pins a file"#]],
    );
    let (_, graph) = texts.graph();
    assert!(
        !graph
            .get(&ImageName::new("one").unwrap())
            .unwrap()
            .externals
            .iter()
            .any(|used| used.written == "scratch")
    );
}

#[test]
fn a_named_context_bears_the_name_of_an_image() {
    let mut texts = texts();
    let contexts = "[tool.lambda-image.contexts]\nFiles = \"../../files\"\n\"python:latest\" = \"../../files\"\n\
        python = \"../../files\"\nlayout = \"oci-layout://x:1\"\n";
    texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(contexts);
    let (_, _, problems) = texts.read();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    expect![[r#"
        lambdas/one/pyproject.toml:5:9: `Files` can't name a context
          hint: a context's name is that of an image: `files`, `python:3.13` or `registry.example/team/x:1`
        lambdas/one/pyproject.toml:8:10: `oci-layout://x:1` has no digest
          hint: write `oci-layout://FOLDER@sha256:…`: the files of the folder are no inputs, and its tags may move
        lambdas/one/pyproject.toml:6:19: the contexts `python` and `python:latest` are one name to BuildKit
          hint: remove one of them"#]].assert_eq(&told.join("\n"));
}
