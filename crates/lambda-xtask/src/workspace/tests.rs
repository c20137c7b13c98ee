use super::fixture::Tree;
use super::*;
use crate::failure::exit_code;
use expect_test::{Expect, expect};

/// Each image with its folder, or all problems; then the exit code.
fn shown(read: anyhow::Result<Workspace>) -> String {
    match read {
        Ok(workspace) => {
            let images = workspace.graph.images().iter();
            images
                .map(|image| format!("{} {:?}\n", image.name(), image.declaration.context))
                .collect()
        }
        Err(error) => format!("{error:#}\nexit code {}\n", exit_code(&error)),
    }
}

#[track_caller]
fn check(change: impl FnOnce(&Tree), expected: &Expect) {
    let tree = Tree::plain();
    change(&tree);
    expected.assert_eq(&shown(Workspace::read(&tree.root, &tree.environment())));
}

#[test]
fn images_come_after_what_they_stand_on() {
    check(
        |_| {},
        &expect![[r#"
        base-low "packages/low"
        one "lambdas/one"
        two "lambdas/two"
    "#]],
    );
}

#[test]
fn a_folder_without_a_pyproject_is_no_project() {
    check(
        |tree| tree.write("packages/notes/README.md", ""),
        &expect![[r#"
        base-low "packages/low"
        one "lambdas/one"
        two "lambdas/two"
    "#]],
    );
    check(
        |tree| tree.write("packages/notes", "a file"),
        &expect![[r#"
        base-low "packages/low"
        one "lambdas/one"
        two "lambdas/two"
    "#]],
    );
}

#[test]
fn the_first_glob_that_finds_a_folder_says_what_it_is() {
    let globs = "packages = [\"*/low\"]\nlambdas = [\"lambdas/*\", \"packages/*\"]\n";
    check(
        |tree| tree.append("Cargo.toml", globs),
        &expect![[r#"
            base-low "packages/low"
            one "lambdas/one"
            two "lambdas/two"
        "#]],
    );
}

#[test]
fn globs_stay_in_the_workspace() {
    let globs = "packages = [\"/etc/*\", \"../x\"]\nlambdas = [\"lambdas/[\"]\n";
    check(
        |tree| tree.append("Cargo.toml", globs),
        &expect![[r#"
            Cargo.toml:6:13: `/etc/*` leads out of the workspace
              hint: globs are relative to the workspace root
            error: Cargo.toml:6:23: `../x` leads out of the workspace
              hint: globs are relative to the workspace root
            error: Cargo.toml:7:12: `lambdas/[` is not a glob: Pattern syntax error near position 0: invalid range pattern
            3 problems in the workspace
            exit code 3
        "#]],
    );
}

#[test]
fn the_root_can_be_a_project_itself() {
    check(
        |tree| {
            tree.append("Cargo.toml", "lambdas = [\".\"]\npackages = []\n");
            tree.write("pyproject.toml", "[project]\nname = \"whole\"\n");
            tree.write("Dockerfile", "FROM scratch\n");
        },
        &expect![[r#"
            whole ""
        "#]],
    );
}

#[test]
fn all_problems_come_at_once() {
    check(
        |tree| {
            tree.append("Cargo.toml", "stak = \"dev\"\n");
            tree.write("packages/low/pyproject.toml", "[project\n");
            tree.write("lambdas/one/Dockerfile", "FROM base-lo\nCOPPY . .\n");
            tree.remove("lambdas/two/Dockerfile");
        },
        &expect![[r#"
            Cargo.toml:6:1: unknown key `stak`
              hint: did you mean `stack`?
            error: lambdas/one/Dockerfile:2:1: unknown instruction `COPPY`
              hint: did you mean `COPY`?
            error: lambdas/two/pyproject.toml:2:9: `two` has no Dockerfile: `lambdas/two/Dockerfile` does not exist
              hint: write one, or say where it is by `dockerfile`
            error: packages/low/pyproject.toml:1:9: invalid TOML: unclosed table, expected `]`
            4 problems in the workspace
            exit code 3
        "#]],
    );
}

#[test]
fn a_pyproject_that_is_no_text_is_a_problem() {
    check(
        |tree| fs::write(tree.path("lambdas/two/pyproject.toml"), [0xff]).unwrap(),
        &expect![[r#"
            lambdas/two/pyproject.toml: failed to read it: it is not UTF-8
            1 problem in the workspace
            exit code 3
        "#]],
    );
}

#[test]
fn the_root_is_found_from_any_folder_of_the_workspace() {
    let tree = Tree::plain();
    let environment = tree.environment().in_folder(tree.path("lambdas/one"));
    let workspace = Workspace::load(&environment).unwrap();
    assert_eq!(workspace.root, tree.root);
}

#[test]
fn outside_of_a_workspace_nothing_is_found() {
    let tree = Tree::plain();
    tree.remove("Cargo.toml");
    let error = Workspace::load(&tree.environment()).err().unwrap();
    let text = format!("{error:#}").replace(tree.root.to_str().unwrap(), "ROOT");
    expect![[r#"
        failed to find the Cargo workspace: could not find `Cargo.toml` in `ROOT` or any parent directory
        hint: run this inside a repository whose root `Cargo.toml` has a `[workspace]`
        exit code 4"#]].assert_eq(&format!("{text}\nexit code {}", exit_code(&error)));
}

#[test]
fn without_cargo_the_hint_says_so() {
    let tree = Tree::plain();
    // The nearest `Cargo.toml` is a member's: only Cargo knows whose.
    tree.write("lambdas/one/Cargo.toml", "[package]\nname = \"one\"\n");
    let environment = tree.environment().with("CARGO", "/nowhere/cargo");
    let environment = environment.in_folder(tree.path("lambdas/one"));
    let error = Workspace::load(&environment).err().unwrap();
    expect![[r#"
        failed to run `cargo metadata`: No such file or directory (os error 2)
        hint: is cargo on the `PATH`?
        exit code 4"#]]
    .assert_eq(&format!("{error:#}\nexit code {}", exit_code(&error)));
}

#[track_caller]
fn check_environment(name: &str, value: &str, expected: &Expect) {
    let tree = Tree::plain();
    let environment = tree.environment().with(name, value);
    let text = match Workspace::read(&tree.root, &environment) {
        Ok(workspace) => {
            let mirror = workspace.config.mirrors.apply("public.ecr.aws/lambda/python:3.13");
            format!("{:?} {mirror:?} {}", workspace.network, workspace.stack(None, &environment))
        }
        Err(error) => format!("{error:#}\nexit code {}", exit_code(&error)),
    };
    expected.assert_eq(&text);
}

#[test]
fn one_machine_adds_what_is_its_own() {
    check_environment("LAMBDA_IMAGES_NETWORK", "host", &expect!["Host None dev"]);
    check_environment("LAMBDA_IMAGES_NETWORK", "", &expect!["Default None dev"]);
    check_environment(
        "LAMBDA_IMAGES_NETWORK",
        "hots",
        &expect![[r#"
        `LAMBDA_IMAGES_NETWORK` is `hots`
        hint: it can be `default`, `host` or `none`
        exit code 2"#]],
    );
    check_environment(
        "LAMBDA_IMAGES_MIRRORS",
        "public.ecr.aws/=localhost:5000/",
        &expect![[r#"Default Some("localhost:5000/lambda/python:3.13") dev"#]],
    );
    check_environment(
        "LAMBDA_IMAGES_MIRRORS",
        "public.ecr.aws/",
        &expect![[r#"
        `LAMBDA_IMAGES_MIRRORS`: the mirror `public.ecr.aws/` has no `=`
        hint: as in `from=to,from=to`
        exit code 2"#]],
    );
    check_environment("PULUMI_STACK", "prod", &expect!["Default None prod"]);
}

#[test]
fn the_stack_by_its_order() {
    let tree = Tree::plain();
    let workspace = tree.read();
    let environment = tree.environment().with("PULUMI_STACK", "p").with("LAMBDA_STACK", "l");
    assert_eq!(workspace.stack(Some("given"), &environment), "given");
    assert_eq!(workspace.stack(None, &environment), "l");
    assert_eq!(workspace.stack(None, &environment.without("LAMBDA_STACK")), "p");
    assert_eq!(workspace.stack(None, &tree.environment()), "dev");
}

#[track_caller]
fn check_select(given: &[&str], expected: &Expect) {
    let tree = Tree::plain();
    let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
    let text = match tree.read().select(&given) {
        Ok(names) => names.iter().map(|name| format!("{name} ")).collect(),
        Err(error) => format!("{error:#}\nexit code {}", exit_code(&error)),
    };
    expected.assert_eq(&text);
}

#[test]
fn images_are_selected_by_name_or_folder() {
    check_select(&[], &expect![""]);
    check_select(&["one", "base-low", "one"], &expect!["base-low one "]);
    check_select(&["Base_Low", "base__low", "BASE.-low"], &expect!["base-low "]);
    check_select(&["./lambdas/two/", "packages/low"], &expect!["base-low two "]);
    check_select(
        &["tow"],
        &expect![[r#"
        there is no image `tow`
        hint: `cargo xtask graph` shows the images there are
        exit code 2"#]],
    );
    check_select(
        &["."],
        &expect![[r#"
        there is no image `.`
        hint: `cargo xtask graph` shows the images there are
        exit code 2"#]],
    );
    check_select(
        &["lambdas"],
        &expect![[r#"
        there is no image `lambdas`
        hint: `cargo xtask graph` shows the images there are
        exit code 2"#]],
    );
}

fn told(tree: &Tree) -> String {
    tree.read().warnings().map(|warning| format!("{warning}\n")).collect()
}

#[test]
fn a_folder_with_a_dockerfile_that_nobody_declares_is_told() {
    let tree = Tree::plain();
    tree.write("lambdas/req/Dockerfile", "FROM scratch\n");
    tree.write("lambdas/notes/README.md", "");
    tree.write("lambdas/one/docker/Dockerfile", "FROM scratch\n");
    tree.append("Cargo.toml", "lambdas = [\"lambdas/**\"]\n");
    expect![[r#"
        lambdas/req/Dockerfile: there is no `pyproject.toml` beside it, so that it makes no image
          hint: add one (`[project]` with `name = "req"`), or list the image in `[[workspace.metadata.lambda-images.images]]`
    "#]].assert_eq(&told(&tree));
    for given in ["lambdas/req/", "req"] {
        let error = tree.read().select(&[given.to_owned()]).unwrap_err();
        assert!(error.to_string().contains("`lambdas/req/Dockerfile`: there is no `pyproject"));
    }
    tree.append(
        "Cargo.toml",
        "[[workspace.metadata.lambda-images.images]]\nname = \"req\"\ndockerfile = \"lambdas/req/Dockerfile\"\n",
    );
    assert_eq!(told(&tree), "");
}
