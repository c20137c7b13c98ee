use super::fixture::{EXTERNAL, Texts, texts};
use super::*;
use expect_test::{Expect, expect};

mod references;

/// Every image with what it stands on and reads; then the problems.
#[track_caller]
fn check(texts: &Texts, expected: &Expect) {
    let (_, graph, problems) = texts.read();
    let mut text = String::new();
    for image in graph.images() {
        let edges: Vec<_> =
            image.depends_on.iter().map(|(name, kind)| format!("{name} ({kind:?})")).collect();
        let contexts: Vec<_> = image
            .contexts
            .iter()
            .map(|context| format!("{}={:?}", context.role, context.folder.folder))
            .collect();
        text += &format!("{} <- {}; reads {}", image.name(), edges.join(", "), contexts.join(", "));
        for base in &image.bases {
            if let BaseSource::External { stand_in: mirror } = &base.source {
                text +=
                    &format!("; {} is {}", base.written, mirror.as_deref().unwrap_or("external"));
            }
        }
        text.push('\n');
    }
    for problem in problems {
        text += &format!("{problem}\n");
    }
    expected.assert_eq(&text);
}

#[test]
fn bases_by_name_and_through_base_image() {
    check(
        &texts(),
        &expect![[r#"
            base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is external
            base-high <- base-low (Base); reads main="packages/high"
            one <- base-low (Base); reads main="lambdas/one"
            two <- base-high (Base); reads main="lambdas/two"
        "#]],
    );
}

#[test]
fn a_mirror_stands_in_for_an_external_base() {
    let mut texts = texts();
    texts.config += "mirrors = { \"public.ecr.aws/\" = \"mirror.example/\" }\n";
    check(
        &texts,
        &expect![[r#"
            base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is mirror.example/lambda/python:3.13
            base-high <- base-low (Base); reads main="packages/high"
            one <- base-low (Base); reads main="lambdas/one"
            two <- base-high (Base); reads main="lambdas/two"
        "#]],
    );
}

#[test]
fn the_base_setting_is_the_value_of_base_image() {
    let mut texts = texts();
    texts.config += "base = \"base-low\"\n";
    texts
        .pyprojects
        .get_mut("lambdas/one/pyproject.toml")
        .unwrap()
        .push_str("[tool.lambda-image]\nbase = \"python:3.13\"\n");
    texts.dockerfiles.insert(
        "lambdas/one/Dockerfile".to_owned(),
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\n".to_owned(),
    );
    texts.dockerfiles.insert(
        "lambdas/two/Dockerfile".to_owned(),
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\n".to_owned(),
    );
    check(
        &texts,
        &expect![[r#"
        base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is external
        base-high <- base-low (Base); reads main="packages/high"
        one <- base-low (Dependency); reads main="lambdas/one"; python:3.13 is external
        two <- base-high (Dependency), base-low (Base); reads main="lambdas/two"
    "#]],
    );
}

#[test]
fn a_package_without_an_image_is_an_input_of_who_needs_it() {
    let mut texts = texts();
    texts.dockerfiles.remove("packages/high/Dockerfile");
    texts.dockerfiles.insert("lambdas/two/Dockerfile".to_owned(), "FROM base-low\n".to_owned());
    check(
        &texts,
        &expect![[r#"
        base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is external
        one <- base-low (Base); reads main="lambdas/one"
        two <- base-low (Base); reads main="lambdas/two", package:high="packages/high"
    "#]],
    );
}

#[test]
fn a_package_inside_the_context_needs_no_edge() {
    let mut texts = texts();
    texts.config += "context = \"workspace\"\n";
    check(
        &texts,
        &expect![[r#"
        base-low <- ; reads main=""; public.ecr.aws/lambda/python:3.13 is external
        base-high <- base-low (Base); reads main=""
        one <- base-low (Base); reads main=""
        two <- base-high (Base); reads main=""
    "#]],
    );
}

#[test]
fn other_images_come_in_by_copy_and_named_contexts() {
    let mut texts = texts();
    texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str("[tool.lambda-image]\ncontexts = { tools = \"target:base-high\", assets = \"../../assets\" }\n");
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), "FROM base-low\nCOPY --from=tools /a /a\nCOPY --from=assets b b\nCOPY --from=ghcr.io/x/uv:1 /uv /uv\n".to_owned());
    check(
        &texts,
        &expect![[r#"
            base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is external
            base-high <- base-low (Base); reads main="packages/high"
            one <- base-high (Base), base-low (Base); reads main="lambdas/one", named:assets="assets"; ghcr.io/x/uv:1 is external
            two <- base-high (Base); reads main="lambdas/two"
        "#]],
    );
}

#[test]
fn problems_of_dockerfiles_and_bases() {
    let mut texts = texts();
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), "FROM base-lowe\n".to_owned());
    texts
        .dockerfiles
        .insert("lambdas/two/Dockerfile".to_owned(), "FROM base-high\nCOPI x y\n".to_owned());
    texts.dockerfiles.remove("packages/high/Dockerfile");
    texts.add("lambdas/three", "three", "", "");
    texts.dockerfiles.remove("lambdas/three/Dockerfile");
    texts.add("lambdas/four", "four", "", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n");
    texts.add("lambdas/five", "five", "", "FROM base-low\n");
    texts
        .pyprojects
        .get_mut("lambdas/five/pyproject.toml")
        .unwrap()
        .push_str("[tool.lambda-image]\nbase = \"base-low\"\ntarget = \"final\"\n");
    check(
        &texts,
        &expect![[r#"
        base-low <- ; reads main="packages/low"; public.ecr.aws/lambda/python:3.13 is external
        one <- base-low (Dependency); reads main="lambdas/one"
        lambdas/five/Dockerfile:1:1: no stage has the name `final`
          hint: no stage has a name: leave `target` out, or write `FROM … AS name`
        lambdas/four/Dockerfile:2:1: the base `${BASE_IMAGE}` of this stage is empty
          hint: `BASE_IMAGE` has no value: set `base`, or give it in `args`
        lambdas/one/Dockerfile:1:1: unknown base image `base-lowe`
          hint: did you mean `base-low`?
        lambdas/three/pyproject.toml:2:9: `three` has no Dockerfile: `lambdas/three/Dockerfile` does not exist
          hint: write one, or say where it is by `dockerfile`
        lambdas/two/Dockerfile:2:1: unknown instruction `COPI`
          hint: did you mean `COPY`?
    "#]],
    );
}

#[test]
fn an_own_arg_that_nothing_declares_is_a_problem() {
    let mut texts = texts();
    texts.config += "args = { UNHEARD = \"1\" }\n";
    let settings =
        "[tool.lambda-image]\nargs = { LEVL = \"1\", LEVEL = \"2\", HTTP_PROXY = \"x\" }\n";
    texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(settings);
    let (_, _, problems) = texts.read();
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    expect![[r#"
        lambdas/one/pyproject.toml:5:17: arg `LEVL` has no effect: `lambdas/one/Dockerfile` declares no `ARG LEVL`
          hint: did you mean `LEVEL`?"#]].assert_eq(&shown.join("\n"));
}

#[track_caller]
fn check_problems(texts: &Texts, expected: &Expect) {
    let (_, _, problems) = texts.read();
    expected.assert_eq(&problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_base_of_another_platform_is_a_problem() {
    let mut texts = texts();
    let settings = "[tool.lambda-image]\nplatform = \"linux/arm64\"\n";
    texts.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(settings);
    check_problems(
        &texts,
        &expect![[r#"
        lambdas/one/pyproject.toml:2:9: `one` is for linux/arm64 and stands on `base-low`, which is for linux/amd64
          hint: give both one `platform`, or list a second base image with its own in `[[workspace.metadata.lambda-images.images]]`"#]],
    );
}

#[test]
fn a_name_with_a_tag_is_somebody_elses_unless_a_base_image_bears_it() {
    let mut texts = texts();
    texts.add("lambdas/redis", "redis", "", "FROM redis:7\n");
    texts.add("lambdas/python", "python", "", "FROM python\n");
    texts.add("lambdas/three", "three", "", "FROM base-low:stable\n");
    texts.add("lambdas/four", "four", "", "FROM low\n");
    check_problems(
        &texts,
        &expect![[r#"
        lambdas/four/Dockerfile:1:1: `low` is a package of this workspace, not an image
          hint: did you mean `base-low`?
        lambdas/three/Dockerfile:1:1: `base-low:stable` names a base image of this workspace by a tag
          hint: write `base-low`: the build pins it"#]],
    );
}

#[test]
fn cycles_are_shown_whole() {
    let mut texts = texts();
    texts.add("packages/low", "low", "\"high\"", "FROM scratch\n");
    check(
        &texts,
        &expect![[r#"
            base-low <- base-high (Dependency); reads main="packages/low"
            base-high <- base-low (Base); reads main="packages/high"
            one <- base-low (Base); reads main="lambdas/one"
            two <- base-high (Base); reads main="lambdas/two"
            packages/high/pyproject.toml:2:9: these packages depend on each other: `high` → `low` → `high`
              hint: one of these dependencies must go: move what both need into a package below them
        "#]],
    );
    let mut texts = self::texts();
    texts.dockerfiles.insert("packages/low/Dockerfile".to_owned(), "FROM base-high\n".to_owned());
    texts.add("packages/high", "high", "", "FROM base-low\n");
    check(
        &texts,
        &expect![[r#"
        packages/high/Dockerfile: these images stand on each other: `base-high` → `base-low` → `base-high`
          hint: one of these `FROM`s, `base` settings or dependencies must go
    "#]],
    );
}

#[test]
fn closures_and_reduced_edges() {
    let (_, graph) = texts().graph();
    let name = |text: &str| ImageName::new(text).unwrap();
    let names = |set: BTreeSet<ImageName>| {
        set.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(graph.with_bases([name("two")])), "base-high base-low two");
    assert_eq!(names(graph.with_dependents(&BTreeSet::from([name("base-high")]))), "base-high two");
    assert_eq!(names(graph.reduced_edges()[&name("two")].clone()), "base-high");
    let low = BTreeSet::from([name("base-low")]);
    assert_eq!(names(graph.with_dependents(&low)), "base-high base-low one two");
    // A base is made from its true inputs; only Lambdas stand on what `stable` is.
    let on_low = graph.with_dependents_but(&low, &|name| low.contains(name));
    assert_eq!(names(on_low), "base-high base-low two");
    let both = BTreeSet::from([name("base-low"), name("base-high")]);
    assert_eq!(
        names(graph.with_dependents_but(&low, &|name| both.contains(name))),
        "base-high base-low"
    );
}

#[test]
fn each_edge_says_which_file_it_comes_from() {
    let declared = |texts: &Texts, image: &str| {
        let (_, graph) = texts.graph();
        let declared = graph.get(&ImageName::new(image).unwrap()).unwrap().declared.clone();
        declared.iter().map(|(name, path)| format!("{name} by {path}\n")).collect::<String>()
    };
    let mut texts = texts();
    let dockerfile = format!("FROM {EXTERNAL}\nCOPY handler.py ./\n");
    texts.add("lambdas/ping", "ping", "\"low\"", &dockerfile);
    assert_eq!(declared(&texts, "ping"), "base-low by lambdas/ping/pyproject.toml\n");
    assert_eq!(declared(&texts, "one"), "base-low by lambdas/one/Dockerfile\n");
    assert_eq!(declared(&texts, "two"), "base-high by lambdas/two/Dockerfile\n");
    texts.config += "base = \"base-low\"\n";
    assert!(declared(&texts, "two").contains("base-low by Cargo.toml\n"));
}
