use expect_test::{Expect, expect};

use super::*;
use crate::checkout::Disk;
use crate::tree_caches::TreeCaches;
use crate::workspace::fixture::Tree;

#[track_caller]
fn check_missing(dockerfile: &str, ignore: &str, expected: &Expect) {
    check_tree(dockerfile, ignore, |_| {}, expected);
}

#[track_caller]
fn check_tree(dockerfile: &str, ignore: &str, make: impl Fn(&Tree), expected: &Expect) {
    let tree = Tree::plain();
    make(&tree);
    tree.write("lambdas/two/Dockerfile", dockerfile);
    tree.write("lambdas/two/.dockerignore", ignore);
    tree.write("lambdas/two/src/a.py", "");
    fs::create_dir(tree.path("lambdas/two/empty")).unwrap();
    let workspace = tree.read();
    let disk = Disk { root: &workspace.root, caches: &TreeCaches::of_hashes(Vec::new()) };
    let found = Found::read(&disk, &workspace.graph).unwrap();
    let problems = found.missing_sources(&workspace.root, &workspace.graph);
    expected.assert_eq(&problems.iter().map(|problem| format!("{problem}\n")).collect::<String>());
}

#[test]
fn a_source_that_is_not_there_is_told_with_its_reason() {
    let dockerfile = "FROM scratch AS unused\nCOPY nowhere /\nFROM scratch\nCOPY handler.py utils.py ./\nCOPY src gone/*.py ./\nRUN --mount=type=bind,source=lock,target=/lock true\n";
    check_missing(
        dockerfile,
        "tests\n",
        &expect![[r#"
        lambdas/two/Dockerfile:4:1: `utils.py`: there is no such file or folder in the context
        lambdas/two/Dockerfile:5:1: `gone/*.py`: there is no such file or folder in the context
        lambdas/two/Dockerfile:6:1: `lock`: there is no such file or folder in the context
    "#]],
    );
    check_missing(
        "FROM scratch\nCOPY handler.py src/a.py ./\n",
        "*\n!handler.py\n",
        &expect![[r#"
            lambdas/two/Dockerfile:2:1: `src/a.py` is excluded by `lambdas/two/.dockerignore`
              hint: `!src/a.py` at its end brings it back
        "#]],
    );
    check_missing(
        "FROM scratch\nCOPY src/*.py ./\n",
        "src\n",
        &expect![[r#"
        lambdas/two/Dockerfile:2:1: `src` is excluded by `lambdas/two/.dockerignore`
          hint: `!src` at its end brings it back
    "#]],
    );
}

#[test]
fn what_a_link_leads_to_is_told() {
    let dockerfile =
        "FROM scratch\nCOPY handler.py link ./\nCOPY up/a.py /\nCOPY out /\nCOPY link/*.py /\n";
    let tree = |tree: &Tree| {
        tree.link("lambdas/two/link", "src");
        tree.link("lambdas/two/up", "link");
        tree.link("lambdas/two/out", "../../packages");
    };
    check_tree(
        dockerfile,
        "src\n",
        tree,
        &expect![[r#"
        lambdas/two/Dockerfile:2:1: `link` leads to `src`, which is excluded by `lambdas/two/.dockerignore`
          hint: `!src` at its end brings it back
        lambdas/two/Dockerfile:3:1: `up/a.py` leads to `src/a.py`, which is excluded by `lambdas/two/.dockerignore`
          hint: `!src/a.py` at its end brings it back
        lambdas/two/Dockerfile:4:1: `out`: there is no such file or folder in the context
        lambdas/two/Dockerfile:5:1: `src` is excluded by `lambdas/two/.dockerignore`
          hint: `!src` at its end brings it back
    "#]],
    );
    check_tree(
        "FROM scratch\nCOPY link /\nCOPY out /\n",
        "",
        tree,
        &expect![[r#"
        lambdas/two/Dockerfile:3:1: `out`: there is no such file or folder in the context
    "#]],
    );
}

#[test]
fn what_a_copy_with_parents_names_has_to_be_there() {
    let dockerfile = "# syntax=docker/dockerfile:1-labs\nFROM scratch\nCOPY --parents src/a.py /missing src/./b.py src/*.txt /\n";
    check_missing(
        dockerfile,
        "",
        &expect![[r#"
        lambdas/two/Dockerfile:3:1: `missing`: there is no such file or folder in the context
        lambdas/two/Dockerfile:3:1: `src/./b.py`: there is no such file or folder in the context
    "#]],
    );
    check_missing(
        "FROM scratch\nCOPY --parents src/a.py /\n",
        "src\n",
        &expect![[r#"
        lambdas/two/Dockerfile:2:1: `src/a.py` is excluded by `lambdas/two/.dockerignore`
          hint: `!src/a.py` at its end brings it back
    "#]],
    );
}

#[test]
fn what_buildkit_does_not_refuse_or_nobody_can_tell_is_not_told() {
    let nothing = expect![""];
    check_missing("FROM scratch\nCOPY *.txt handler.py empty ./\n", "", &nothing);
    check_missing("FROM scratch\nCOPY empty/*.txt src ./\n", "src/**\n", &nothing);
    let unknown = "# syntax=example.com/other\nFROM scratch\nCOPY utils.py ./\n";
    check_missing(unknown, "", &nothing);
    check_missing("FROM scratch AS unused\nCOPY nowhere /\nFROM scratch\n", "", &nothing);
}
