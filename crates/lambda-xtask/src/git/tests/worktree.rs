//! What makes an image dirty, and what does not.

use super::*;

#[test]
fn a_tree_as_committed_is_clean() {
    check_change(
        |_| {},
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
}

#[test]
fn own_inputs_make_dirty() {
    check_change(
        |tree| tree.append("lambdas/one/handler.py", "#"),
        &expect![[r#"
        base-low clean first
        one dirty first ["lambdas/one/handler.py"]
        two clean first
    "#]],
    );
}

#[test]
fn inputs_of_bases_make_dirty() {
    check_change(
        |tree| tree.append("packages/low/low.py", "#"),
        &expect![[r#"
        base-low dirty first ["packages/low/low.py"]
        one dirty first ["packages/low/low.py"]
        two clean first
    "#]],
    );
}

#[test]
fn other_peoples_files_do_not() {
    check_change(
        |tree| {
            tree.write("README.md", "");
            tree.write("lambdas/three/handler.py", "");
            tree.write("lambdas/one.py", "");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn untracked_inputs_make_dirty() {
    check_change(
        |tree| tree.write("lambdas/two/new/file.py", ""),
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty first ["lambdas/two/new/file.py"]
    "#]],
    );
}

#[test]
fn inputs_that_git_ignores_make_dirty() {
    check_change(
        |tree| {
            tree.write(".gitignore", "*.bin\n");
            tree.write("lambdas/two/model.bin", "");
            tree.write("lambdas/two/tests/model.bin", "");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/model.bin"]
        "#]],
    );
}

#[test]
fn what_the_ignore_file_leaves_out_does_not() {
    check_change(
        |tree| {
            tree.write("lambdas/two/tests/test_handler.py", "");
            tree.append("lambdas/two/pyproject.toml", "# a comment\n");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn a_file_whose_time_alone_changed_is_clean() {
    check_change(
        |tree| {
            let file = fs::File::open(tree.path("lambdas/two/handler.py")).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn a_nested_repository_makes_dirty() {
    check_change(
        |tree| {
            tree.append("lambdas/two/.dockerignore", "**/.git\n");
            tree.commit("ignore");
            tree.git(&["init", "-q", "lambdas/two/nested"]);
            tree.write("lambdas/two/nested/file", "");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/nested/file"]
        "#]],
    );
}

#[test]
#[cfg(unix)]
fn modes_and_kinds_count() {
    check_change(
        |tree| tree.set_mode("lambdas/two/handler.py", 0o755),
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty first ["lambdas/two/handler.py"]
    "#]],
    );
    check_change(
        |tree| {
            tree.remove("lambdas/two/handler.py");
            tree.link("lambdas/two/handler.py", "Dockerfile");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/handler.py"]
        "#]],
    );
    // Bits that git does not keep do not count.
    check_change(
        |tree| tree.set_mode("lambdas/two/handler.py", 0o606),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
}

#[test]
#[cfg(unix)]
fn modes_count_where_git_is_told_not_to_look() {
    check_change(
        |tree| {
            tree.git(&["config", "core.fileMode", "false"]);
            tree.set_mode("lambdas/two/handler.py", 0o755);
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/handler.py"]
        "#]],
    );
}

#[test]
fn deleted_inputs_make_dirty() {
    check_change(
        |tree| tree.remove("lambdas/two/handler.py"),
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty first ["lambdas/two/handler.py"]
    "#]],
    );
}

#[test]
fn staged_changes_make_dirty() {
    check_change(
        |tree| {
            tree.append("lambdas/one/handler.py", "#");
            tree.write("packages/low/new.py", "");
            tree.git(&["mv", "lambdas/two/handler.py", "lambdas/two/renamed.py"]);
            tree.git(&["add", "--all"]);
        },
        &expect![[r#"
            base-low dirty first ["packages/low/new.py"]
            one dirty first ["lambdas/one/handler.py", "packages/low/new.py"]
            two dirty first ["lambdas/two/handler.py", "lambdas/two/renamed.py"]
        "#]],
    );
    check_change(
        |tree| drop(tree.git(&["rm", "-q", "--cached", "lambdas/two/handler.py"])),
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
    // Staged, and taken back in the tree alone: what is built is what the head has.
    check_change(
        |tree| {
            tree.append("lambdas/two/handler.py", "#");
            tree.git(&["add", "--all"]);
            tree.write("lambdas/two/handler.py", "TWO = 2\n");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn conflicts_make_dirty() {
    check_change(
        |tree| {
            tree.git(&["checkout", "-q", "-b", "side"]);
            tree.write("lambdas/two/handler.py", "side\n");
            tree.append("Cargo.toml", "args = { LEVEL = \"side\" }\n");
            tree.commit("side");
            tree.git(&["checkout", "-q", "main"]);
            tree.write("lambdas/two/handler.py", "main\n");
            tree.append("Cargo.toml", "args = { LEVEL = \"main\" }\n");
            tree.commit("main");
            let mut merge = tree.environment().command("git");
            assert!(!merge.args(["merge", "-q", "side"]).output().unwrap().status.success());
            // The tool can't run on a manifest with conflict marks in it.
            tree.git(&["checkout", "-q", "--theirs", "Cargo.toml"]);
        },
        &expect![[r#"
            base-low clean first
            one dirty main ["Cargo.toml"]
            two dirty main ["lambdas/two/handler.py"]
        "#]],
    );
}

#[test]
fn files_that_git_was_told_not_to_look_at_make_dirty() {
    check_change(
        |tree| {
            tree.git(&["update-index", "--assume-unchanged", "lambdas/two/handler.py"]);
            tree.append("lambdas/two/handler.py", "#");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/handler.py"]
        "#]],
    );
    check_change(
        |tree| {
            tree.git(&["update-index", "--skip-worktree", "Cargo.toml"]);
            tree.append("Cargo.toml", "args = { LEVEL = \"1\" }\n");
        },
        &expect![[r#"
            base-low clean first
            one dirty first ["Cargo.toml"]
            two clean first
        "#]],
    );
}

#[test]
fn a_sparse_checkout_without_an_input_makes_dirty() {
    check_change(
        |tree| {
            tree.write("lambdas/two/data/a.txt", "");
            tree.write("lambdas/two/tests/data/a.txt", "");
            tree.commit("data");
            let patterns = ["/*", "!/lambdas/two/data", "!/lambdas/two/tests"];
            tree.git(&[&["sparse-checkout", "set", "--no-cone"], &patterns[..]].concat());
            assert!(!tree.path("lambdas/two/data").exists());
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty data ["lambdas/two/data/a.txt"]
        "#]],
    );
}

#[test]
fn settings_that_the_image_reads_make_dirty() {
    check_change(
        |tree| tree.append("Cargo.toml", "args = { LEVEL = \"1\" }\n"),
        &expect![[r#"
        base-low clean first
        one dirty first ["Cargo.toml"]
        two clean first
    "#]],
    );
    check_change(
        |tree| tree.append("Cargo.toml", "args = { OTHER = \"1\" }\n"),
        &expect![[r#"
        base-low clean first
        one clean first
        two clean first
    "#]],
    );
    check_change(
        |tree| tree.replace("Cargo.toml", "members = []", "members = []\nexclude = [\"x\"]"),
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
    check_change(
        |tree| {
            tree.append(
                "lambdas/two/pyproject.toml",
                "[tool.lambda-image]\nplatform = \"linux/arm64\"\n",
            );
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/pyproject.toml"]
        "#]],
    );
    check_change(
        |tree| tree.append("lambdas/two/pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn a_package_that_goes_makes_dirty_what_requires_it() {
    check_change(
        |tree| {
            tree.write("packages/plain/pyproject.toml", "[project]\nname = \"plain\"\n");
            let requires = "dependencies = [\"plain\"]\n";
            tree.append("lambdas/two/pyproject.toml", requires);
            tree.commit("plain");
            tree.remove("packages/plain/pyproject.toml");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty plain ["packages/plain/pyproject.toml"]
        "#]],
    );
}

#[test]
fn dockerfiles_and_ignore_files_count_wherever_they_lie() {
    let elsewhere = |tree: &Tree| {
        tree.append(
            "lambdas/two/pyproject.toml",
            "[tool.lambda-image]\ndockerfile = \"../../docker/two\"\n",
        );
        tree.write("docker/two", "FROM scratch\nCOPY . .\n");
        tree.write("docker/two.dockerignore", "tests\n*.toml\n");
        tree.commit("elsewhere");
    };
    check_change(
        elsewhere,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean elsewhere
    "#]],
    );
    for (path, line) in [("docker/two", "USER nobody"), ("docker/two.dockerignore", "handler.py")] {
        let tree = Tree::committed();
        elsewhere(&tree);
        tree.append(path, "# a comment\n");
        assert!(shown(&tree).contains("two clean elsewhere"), "{path}");
        tree.append(path, &format!("{line}\n"));
        assert!(shown(&tree).contains(&format!("two dirty elsewhere [\"{path}\"]")), "{path}");
    }
    // In no commit, and ignored by git as well.
    check_change(
        |tree| {
            tree.write(".gitignore", "Dockerfile.dockerignore\n");
            tree.commit("ignore");
            tree.write("lambdas/two/Dockerfile.dockerignore", "Dockerfile*\n");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty first ["lambdas/two/Dockerfile.dockerignore"]
        "#]],
    );
}

#[test]
fn names_that_are_hard_to_quote() {
    check_change(
        |tree| {
            for name in ["with space", "line\nbreak", "größe", "-dash", "\"quoted\"", ":(glob)*"]
            {
                tree.write(&format!("lambdas/two/{name}/{name}.py"), "1");
            }
            tree.commit("names");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean names
        "#]],
    );
    check_change(
        |tree| {
            for name in ["with space", "line\nbreak", "größe", "-dash", "\"quoted\""] {
                tree.write(&format!("lambdas/two/{name}"), "1");
            }
            tree.commit("names");
            for name in ["with space", "line\nbreak", "größe"] {
                tree.append(&format!("lambdas/two/{name}"), "2");
            }
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty names ["lambdas/two/größe", "lambdas/two/line\nbreak", "lambdas/two/with space"]
        "#]],
    );
}

#[test]
#[cfg(unix)]
fn a_context_behind_a_link_is_never_called_clean() {
    check_change(
        |tree| {
            tree.write("shared/file.py", "");
            fs::create_dir_all(tree.path("lambdas/two")).unwrap();
            tree.link("lambdas/two/behind", "../../shared");
            tree.append(
                "lambdas/two/pyproject.toml",
                "[tool.lambda-image]\ncontext = \"behind\"\n",
            );
            tree.commit("linked");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two dirty linked ["lambdas/two/behind/file.py"]
        "#]],
    );
}

/// In development mode a Lambda has no part in its bases: neither in what is dirty there nor in the
/// commits that touched them. Bases have in theirs.
#[test]
fn on_stable_bases_only_own_inputs_count() {
    let tree = Tree::committed();
    tree.append("packages/low/low.py", "#");
    tree.commit("of the base");
    let on_stable =
        || show(&tree, &ask_on_stable(&tree, &tree.environment(), &["base-low"]).unwrap());
    expect![[r#"
        base-low clean of the base
        one clean first
        two clean first
    "#]]
    .assert_eq(&on_stable());
    tree.append("packages/low/low.py", "#");
    tree.append("lambdas/one/handler.py", "#");
    expect![[r#"
        base-low dirty of the base ["packages/low/low.py"]
        one dirty first ["lambdas/one/handler.py"]
        two clean first
    "#]]
    .assert_eq(&on_stable());
    // The usual question keeps an answer of its own.
    check(
        &tree,
        &expect![[r#"
            base-low dirty of the base ["packages/low/low.py"]
            one dirty of the base ["lambdas/one/handler.py", "packages/low/low.py"]
            two clean first
        "#]],
    );
}
