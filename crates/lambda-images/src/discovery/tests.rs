use super::*;
use crate::config::parse_config;
use expect_test::{Expect, expect};

fn files(texts: &[(&str, &str)]) -> Vec<PyprojectFile> {
    let kind = |path: &str| if path.starts_with("lambdas/") { Kind::Lambda } else { Kind::Base };
    texts
        .iter()
        .map(|(path, text)| PyprojectFile {
            path: format!("{path}/pyproject.toml"),
            kind: kind(path),
            text: (*text).to_owned(),
        })
        .collect()
}

/// What is declared, a line each; then the problems.
#[track_caller]
fn check(config: &str, texts: &[(&str, &str)], expected: &Expect) {
    let (config, problems) = parse_config("Cargo.toml", config);
    assert_eq!(problems, []);
    let (declarations, problems) = declare(&config, &files(texts));
    let mut text = String::new();
    for package in declarations.packages.values() {
        let requires: Vec<_> = package.requires.keys().map(PackageName::as_str).collect();
        text += &format!(
            "package {} at {} requires {}\n",
            package.name,
            package.folder,
            requires.join(",")
        );
    }
    for image in declarations.images.values() {
        let base = image.base.as_ref().map_or("-", |base| &base.value);
        text += &format!(
            "image {} {} {} in {:?} base {base} {:?}\n",
            image.name,
            image.kind.as_str(),
            image.dockerfile,
            image.context,
            image.contexts
        );
    }
    for problem in problems {
        text += &format!("{problem}\n");
    }
    expected.assert_eq(&text);
}

#[test]
fn names_are_normalised_and_dependencies_found() {
    check(
        "",
        &[
            ("packages/dynamo", "[project]\nname = \"Receipt_Dynamo\"\ndependencies = [\"boto3\"]"),
            (
                "packages/chroma",
                "[project]\nname = \"receipt-chroma\"\ndependencies = [\"receipt.dynamo>=1; python_version > '3'\", \"chromadb\"]\n[project.optional-dependencies]\ns3 = [\"receipt-label\"]",
            ),
            ("packages/label", "[project]\nname = \"receipt-label\"\ndependencies = []"),
            (
                "lambdas/poll",
                "[project]\nname = \"poll\"\ndependencies = [\"receipt-chroma[s3]\"]\n[dependency-groups]\ndev = [\"receipt-dynamo\"]",
            ),
        ],
        &expect![[r#"
            package poll at lambdas/poll requires receipt-chroma,receipt-label
            package receipt-chroma at packages/chroma requires receipt-dynamo
            package receipt-dynamo at packages/dynamo requires 
            package receipt-label at packages/label requires 
            image base-receipt-chroma base packages/chroma/Dockerfile in "packages/chroma" base - {}
            image base-receipt-dynamo base packages/dynamo/Dockerfile in "packages/dynamo" base - {}
            image base-receipt-label base packages/label/Dockerfile in "packages/label" base - {}
            image poll lambda lambdas/poll/Dockerfile in "lambdas/poll" base - {}
        "#]],
    );
}

#[test]
fn paths_and_workspace_sources_are_followed() {
    check(
        "",
        &[
            (
                "packages/a",
                "[project]\nname = \"a\"\ndependencies = [\"b\", \"c @ file:../c\", \"d\"]\n[tool.uv.sources]\nb = { path = \"../b\" }\nd = { git = \"https://x.example/d\" }",
            ),
            (
                "packages/b",
                "[tool.poetry]\nname = \"b\"\n[tool.poetry.dependencies]\npython = \">=3.11\"\nc = { path = \"../c\", develop = true }",
            ),
            (
                "packages/c",
                "[project]\nname = \"c\"\ndependencies = [\"e\"]\n[tool.uv.sources]\ne = { workspace = true }",
            ),
            ("packages/d", "[project]\nname = \"d\""),
            (
                "packages/e",
                "[project]\nname = \"ee\"\ndependencies = [\"x @ file:../nowhere\", \"y @ file:../d\"]",
            ),
        ],
        &expect![[r#"
            package a at packages/a requires b,c
            package b at packages/b requires c
            package c at packages/c requires 
            package d at packages/d requires 
            package ee at packages/e requires d
            image base-a base packages/a/Dockerfile in "packages/a" base - {}
            image base-b base packages/b/Dockerfile in "packages/b" base - {}
            image base-c base packages/c/Dockerfile in "packages/c" base - {}
            image base-d base packages/d/Dockerfile in "packages/d" base - {}
            image base-ee base packages/e/Dockerfile in "packages/e" base - {}
            packages/c/pyproject.toml:3:18: `e` is to come from the workspace, which has no such package
              hint: did you mean `ee`?
            packages/e/pyproject.toml:3:18: `x` comes from `../nowhere`, which is not an internal package
              hint: match its folder by `packages` in `[workspace.metadata.lambda-images]`, or mend the path
            packages/e/pyproject.toml:3:41: `y` comes from `../d`, where the package `d` lives
              hint: mend the name or the path
        "#]],
    );
}

#[test]
fn settings_override_and_images_can_be_listed() {
    check(
        r#"[workspace.metadata.lambda-images]
base = "base-a"
context = "workspace"
[[workspace.metadata.lambda-images.images]]
name = "legacy"
dockerfile = "old/legacy/Dockerfile"
[[workspace.metadata.lambda-images.images]]
name = "tools"
kind = "base"
dockerfile = "old/tools.Dockerfile"
context = "image"
"#,
        &[
            (
                "packages/a",
                "[project]\nname = \"a\"\n[tool.lambda-image]\nname = \"base-of-all\"\ndockerfile = \"docker/Dockerfile\"\ncontext = \".\"",
            ),
            (
                "lambdas/f",
                "[project]\nname = \"f\"\n[tool.lambda-image]\ncontexts = { assets = \"../../assets\", other = \"target:base-of-all\", py = \"docker-image://python:3.13\" }",
            ),
        ],
        &expect![[r#"
            package a at packages/a requires 
            package f at lambdas/f requires 
            image base-of-all base packages/a/docker/Dockerfile in "packages/a" base - {}
            image f lambda lambdas/f/Dockerfile in "" base base-a {"assets": Folder("assets"), "other": Image(ImageName("base-of-all")), "py": Reference("python:3.13")}
            image legacy lambda old/legacy/Dockerfile in "" base base-a {}
            image tools base old/tools.Dockerfile in "old" base - {}
        "#]],
    );
}

#[test]
fn all_problems_are_told_with_their_places() {
    check(
        "",
        &[
            ("packages/a", "[project]\nname = \"same\""),
            ("packages/b", "[project]\nname = \"Same\"\n"),
            ("packages/broken", "[project\n"),
            ("packages/c", "[project]\nname = \"c\"\ndependencies = [\"not a requirement ==\"]\n"),
            (
                "lambdas/d",
                "[project]\nname = \"d\"\n[tool.lambda-image]\nnam = \"x\"\ncontext = \"../../..\"\nplatform = \"arm\"\nsecrets = [\"token\"]",
            ),
            ("lambdas/e", "[project]\nname = \"e\"\n[tool.lambda-image]\nname = \"Not/Good\""),
            ("lambdas/f", "[project]\nname = \"f\"\n[tool.lambda-image]\nname = \"d2\""),
            ("lambdas/g", "[project]\nname = \"d2\"\n"),
        ],
        &expect![[r#"
            package broken at packages/broken requires 
            package c at packages/c requires 
            package d at lambdas/d requires 
            package d2 at lambdas/g requires 
            package e at lambdas/e requires 
            package f at lambdas/f requires 
            package same at packages/a requires 
            image base-broken base packages/broken/Dockerfile in "packages/broken" base - {}
            image base-c base packages/c/Dockerfile in "packages/c" base - {}
            image base-same base packages/a/Dockerfile in "packages/a" base - {}
            image d2 lambda lambdas/g/Dockerfile in "lambdas/g" base - {}
            packages/broken/pyproject.toml:1:9: invalid TOML: unclosed table, expected `]`
            packages/c/pyproject.toml:3:22: invalid requirement `not a requirement ==`: expected a version operator, `@`, `;` or the end, found `a`
            lambdas/d/pyproject.toml:4:1: unknown key `nam`
              hint: did you mean `name`?
            packages/b/pyproject.toml:2:9: two packages are named `same`: here and in `packages/a/pyproject.toml`
              hint: names are equal when their PEP 503-normalised forms are: rename one of the two
            lambdas/d/pyproject.toml:5:11: `../../..` leads out of the workspace
              hint: paths are relative, and stay below the workspace root
            lambdas/e/pyproject.toml:4:8: `Not/Good` can't be an image's name
              hint: an image's name is part of its repository's: lowercase letters and digits, joined by `-`, `_` or `.`
            lambdas/f/pyproject.toml:4:8: two images are named `d2`: here and in `lambdas/g/pyproject.toml`
              hint: give one of the two another `name`
        "#]],
    );
}

#[test]
fn a_misnamed_table_is_a_problem() {
    check(
        "",
        &[(
            "lambdas/f",
            "[project]\nname = \"f\"\n[tool.lambda-images]\nplatform = \"linux/arm64\"",
        )],
        &expect![[r#"
            package f at lambdas/f requires 
            image f lambda lambdas/f/Dockerfile in "lambdas/f" base - {}
            lambdas/f/pyproject.toml:3:1: unknown table `lambda-images`
              hint: did you mean `lambda-image`?
        "#]],
    );
    let (_, problems) = parse_config("Cargo.toml", "[workspace.metadata.lambda-image]\n");
    assert_eq!(
        problems[0].to_string(),
        "Cargo.toml:1:1: unknown table `lambda-image`\n  hint: did you mean `lambda-images`?"
    );
}
