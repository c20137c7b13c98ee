//! Which commit counts, and when it is looked for anew.

use super::*;

/// History on a clean tree.
#[track_caller]
fn check_history(make: impl FnOnce(&Tree), expected: &Expect) {
    check_change(make, expected);
}

fn touch(tree: &Tree, path: &str, subject: &str) {
    tree.append(path, &format!("# {subject}\n"));
    tree.commit(subject);
}

const ONE: &str = "lambdas/one/handler.py";
const TWO: &str = "lambdas/two/handler.py";
const LOW: &str = "packages/low/low.py";

#[test]
fn the_newest_commit_that_touched_an_input() {
    check_history(
        |tree| {
            touch(tree, TWO, "two");
            touch(tree, LOW, "low");
            touch(tree, "README.md", "readme");
            touch(tree, "lambdas/two/tests/test.py", "test of two");
        },
        &expect![[r#"
            base-low clean low
            one clean low
            two clean two
        "#]],
    );
}

#[test]
fn a_commit_that_changes_nothing_does_not_count() {
    check_history(
        |tree| {
            touch(tree, ONE, "one");
            tree.commit("empty");
        },
        &expect![[r#"
            base-low clean first
            one clean one
            two clean first
        "#]],
    );
}

#[test]
fn settings_count_where_the_image_reads_them() {
    check_history(
        |tree| {
            tree.append("Cargo.toml", "stack = \"prod\"\n");
            tree.commit("stack");
            tree.append("Cargo.toml", "args = { LEVEL = \"1\" }\n");
            tree.commit("level");
            tree.append(
                "lambdas/two/pyproject.toml",
                "[tool.lambda-image]\nplatform = \"linux/arm64\"\n",
            );
            tree.commit("platform of two");
            tree.append("lambdas/two/pyproject.toml", "[tool.ruff]\n");
            tree.commit("ruff");
        },
        &expect![[r#"
            base-low clean first
            one clean level
            two clean platform of two
        "#]],
    );
}

#[test]
fn globs_that_find_the_same_projects_do_not_count() {
    check_history(
        |tree| {
            tree.append("Cargo.toml", "packages = [\"packages/low\"]\n");
            tree.commit("globs");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn a_package_that_went_counts_for_what_requires_it() {
    let tree = Tree::committed();
    tree.write("packages/plain/pyproject.toml", "[project]\nname = \"plain\"\n");
    tree.append("lambdas/two/pyproject.toml", "dependencies = [\"plain\"]\n");
    tree.commit("plain");
    let before = shown(&tree);
    tree.remove("packages/plain/pyproject.toml");
    tree.commit("removed");
    // Its folder was an input at `plain` and is none now.
    expect![[r#"
        base-low clean first
        one clean first
        two clean plain
        base-low clean first
        one clean first
        two clean removed
    "#]]
    .assert_eq(&format!("{before}{}", shown(&tree)));
}

#[test]
fn a_merge_that_takes_one_side_whole_does_not_count() {
    check_history(
        |tree| {
            tree.git(&["checkout", "-q", "-b", "side"]);
            touch(tree, TWO, "two on side");
            tree.git(&["checkout", "-q", "main"]);
            touch(tree, ONE, "one on main");
            tree.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
        },
        &expect![[r#"
            base-low clean first
            one clean one on main
            two clean two on side
        "#]],
    );
}

#[test]
fn a_merge_of_two_files_of_one_image_counts() {
    check_history(
        |tree| {
            tree.git(&["checkout", "-q", "-b", "side"]);
            touch(tree, "lambdas/two/a.py", "a on side");
            tree.git(&["checkout", "-q", "main"]);
            touch(tree, "lambdas/two/b.py", "b on main");
            tree.git(&["merge", "-q", "-m", "merge", "side"]);
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean merge
        "#]],
    );
}

#[test]
fn a_merge_that_drops_a_side_keeps_what_the_other_says() {
    check_history(
        |tree| {
            tree.git(&["checkout", "-q", "-b", "side"]);
            touch(tree, TWO, "two on side");
            tree.git(&["checkout", "-q", "main"]);
            touch(tree, TWO, "two on main");
            tree.git(&["merge", "-q", "-s", "ours", "-m", "merge", "side"]);
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean two on main
        "#]],
    );
}

/// What was found from an older head is known from a newer one.
#[test]
fn commits_behind_a_known_head_are_not_looked_at() {
    let tree = Tree::committed();
    touch(&tree, TWO, "two");
    shown(&tree);
    let answers = tree.path("target/lambda-images/git.json");
    let two = tree.git(&["rev-parse", "HEAD"]);
    let text = fs::read_to_string(&answers).unwrap();
    let other = text.replace(&format!(",\"{two}\"]"), &format!(",\"{}\"]", "0".repeat(40)));
    assert_ne!(text, other);
    fs::write(&answers, other).unwrap();
    touch(&tree, ONE, "one");
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean one
        two clean no commit
    "#]],
    );
}

#[test]
fn comments_and_layout_of_a_dockerfile_do_not_count() {
    check_history(
        |tree| {
            tree.append("lambdas/two/.dockerignore", "Dockerfile\n");
            tree.commit("not copied");
            tree.append("lambdas/two/Dockerfile", "# a comment\n\n");
            tree.commit("comment");
            tree.replace("lambdas/two/Dockerfile", "COPY . .", "copy  .  .");
            tree.append("lambdas/two/.dockerignore", "# a comment\n");
            tree.append("Cargo.toml", "# a comment\nargs = { OTHER = \"1\" }\n");
            tree.commit("layout");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean not copied
        "#]],
    );
}

#[test]
fn attributes_count_where_they_convert() {
    check_history(
        |tree| {
            tree.write(".gitattributes", "*.py diff=python\n* linguist-vendored export-ignore\n");
            tree.commit("idle");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
    check_history(
        |tree| {
            tree.write("lambdas/two/.gitattributes", "*.dat -text\n");
            tree.append("lambdas/two/.dockerignore", ".git*\n");
            tree.commit("converts");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean converts
        "#]],
    );
}

#[test]
fn what_an_ignore_file_kept_out_counts_once_it_is_let_in() {
    // The file comes while it is left out, and what let it in earlier is gone by then.
    check_history(
        |tree| {
            tree.write("lambdas/two/data.txt", "1");
            tree.commit("data");
            tree.append("lambdas/two/.dockerignore", "data.txt\n");
            tree.commit("ignored");
            tree.remove("lambdas/two/data.txt");
            tree.commit("removed");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean ignored
        "#]],
    );
}

#[test]
fn a_problem_of_one_image_does_not_rename_others() {
    check_history(
        |tree| {
            tree.write("lambdas/two/Dockerfile", "FROM\n");
            tree.commit("broken");
            tree.write("lambdas/two/Dockerfile", "FROM scratch\nCOPY . .\n");
            tree.commit("mended");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean mended
        "#]],
    );
}

#[test]
fn a_merge_of_three() {
    check_history(
        |tree| {
            for (branch, path) in [("x", ONE), ("y", TWO), ("z", "README.md")] {
                tree.git(&["checkout", "-q", "-b", branch, "main"]);
                touch(tree, path, branch);
            }
            tree.git(&["checkout", "-q", "main"]);
            tree.git(&["merge", "-q", "-m", "merge", "x", "y", "z"]);
        },
        &expect![[r#"
            base-low clean first
            one clean x
            two clean y
        "#]],
    );
}

#[test]
fn a_merge_of_unrelated_histories() {
    check_history(
        |tree| {
            tree.git(&["checkout", "-q", "--orphan", "other"]);
            tree.git(&["rm", "-rqf", "."]);
            tree.write("lambdas/two/other.py", "");
            tree.commit("other root");
            tree.git(&["checkout", "-q", "main"]);
            tree.git(&["merge", "-q", "--allow-unrelated-histories", "-m", "merge", "other"]);
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean merge
        "#]],
    );
}

#[test]
fn a_revert_is_a_commit_of_its_own() {
    check_history(
        |tree| {
            touch(tree, TWO, "two");
            tree.git(&["revert", "--no-edit", "HEAD"]);
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean Revert "two"
        "#]],
    );
}

#[test]
fn a_renamed_folder_with_the_same_files_does_not_count() {
    check_history(
        |tree| {
            tree.git(&["mv", "lambdas/two", "lambdas/zwei"]);
            tree.commit("rename");
            touch(tree, "lambdas/two/handler.py", "old place");
        },
        &expect![[r#"
            base-low clean first
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn a_mode_and_a_link_count() {
    check_history(
        |tree| {
            tree.git(&["update-index", "--chmod=+x", ONE]);
            tree.git(&["commit", "-q", "-m", "mode"]);
            tree.git(&["checkout", "-q", "--", "."]);
            tree.remove(TWO);
            #[cfg(unix)]
            tree.link(TWO, "Dockerfile");
            tree.commit("link");
        },
        &expect![[r#"
            base-low clean first
            one clean mode
            two clean link
        "#]],
    );
}

#[test]
fn an_image_that_no_commit_has() {
    check_history(
        |tree| {
            touch(tree, "README.md", "readme");
            tree.write("lambdas/new/pyproject.toml", "[project]\nname = \"new\"\n");
            tree.write("lambdas/new/Dockerfile", "FROM base-low\n");
        },
        &expect![[r#"
            base-low clean first
            new unknown: no commit has its inputs ["lambdas/new/Dockerfile", "lambdas/new/pyproject.toml"]
            one clean first
            two clean first
        "#]],
    );
    check_history(
        |tree| {
            tree.write("lambdas/new/pyproject.toml", "[project]\nname = \"new\"\n");
            tree.write("lambdas/new/Dockerfile", "FROM scratch\n");
        },
        &expect![[r#"
            base-low clean first
            new unknown: no commit has its inputs ["lambdas/new/Dockerfile", "lambdas/new/pyproject.toml"]
            one clean first
            two clean first
        "#]],
    );
}

#[test]
fn names_that_are_hard_to_quote_in_history() {
    check_history(
        |tree| {
            touch(tree, "lambdas/one/line\nbreak größe", "one");
            touch(tree, "lambdas/two/ -dash:*", "two");
            touch(tree, "lambdas/two\n/x", "neighbour");
        },
        &expect![[r#"
            base-low clean first
            one clean one
            two clean two
        "#]],
    );
}

/// `count` commits that touch nothing, made at once.
fn idle_commits(tree: &Tree, count: usize) {
    let mut stream = String::new();
    for number in 0..count {
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        stream += &format!(
            "commit refs/heads/main\ncommitter C <c@example.com> 1767225600 +0000\ndata 4\nidle\n{from}M 644 inline README.md\ndata <<END\n{number}\nEND\n\n"
        );
    }
    let file = tree.elsewhere();
    fs::write(&file, stream).unwrap();
    let mut import = tree.environment().command("git");
    import.args(["fast-import", "--quiet", "--force"]).stdin(fs::File::open(file).unwrap());
    assert!(import.status().unwrap().success());
    tree.git(&["reset", "-q", "--hard"]);
}

#[test]
fn a_history_of_several_batches() {
    for count in [62, 63, 64, 318, 319, 320, 400] {
        let tree = Tree::committed();
        touch(&tree, TWO, "two");
        idle_commits(&tree, count);
        let shown = shown(&tree);
        assert_eq!(shown, "base-low clean first\none clean first\ntwo clean two\n", "{count}");
    }
}

/// A `git` that writes each first word it is given to a file, and the file.
#[cfg(unix)]
pub(super) fn listening(tree: &Tree) -> (Environment, PathBuf) {
    let folder = tree.elsewhere();
    fs::create_dir_all(&folder).unwrap();
    let path = tree.environment().get("PATH").unwrap().to_owned();
    let log = folder.join("log");
    let script = format!(
        "#!/bin/sh\nprintf '%s ' \"$1\" >>'{}'\nPATH='{path}' exec git \"$@\"\n",
        log.display()
    );
    let file = folder.join("git");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let environment = tree.environment().with("PATH", format!("{}:{path}", folder.display()));
    (environment, log)
}

/// Whether history was read for the answer.
#[cfg(unix)]
fn reads_history(tree: &Tree) -> bool {
    let (environment, log) = listening(tree);
    drop(fs::remove_file(&log));
    ask(tree, &environment).unwrap();
    let words = fs::read_to_string(&log).unwrap();
    assert!(words.contains("rev-parse"), "{words}");
    words.contains("rev-list")
}

#[test]
#[cfg(unix)]
fn history_is_read_once_for_one_question() {
    let tree = Tree::committed();
    assert!(reads_history(&tree));
    assert!(!reads_history(&tree));
    // What is in no commit changes no commit.
    tree.append(TWO, "#");
    assert!(!reads_history(&tree));
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two dirty first ["lambdas/two/handler.py"]
    "#]],
    );
    tree.commit("two");
    assert!(reads_history(&tree));
    assert!(!reads_history(&tree));
    check(
        &tree,
        &expect![[r#"
        base-low clean first
        one clean first
        two clean two
    "#]],
    );
}

#[test]
#[cfg(unix)]
fn history_is_not_read_for_what_is_not_committed() {
    let changes: &[fn(&Tree)] = &[
        |tree| tree.append("Cargo.toml", "args = { LEVEL = \"1\" }\n"),
        |tree| tree.append("lambdas/two/.dockerignore", "docs\n"),
        |tree| tree.write("lambdas/two/Dockerfile.dockerignore", ""),
        |tree| tree.append("lambdas/two/Dockerfile", "ARG LEVEL\n"),
        |tree| tree.append("lambdas/two/pyproject.toml", "dependencies = [\"low\"]\n"),
        |tree| fs::remove_dir_all(tree.path("lambdas/two")).unwrap(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let tree = Tree::committed();
        assert!(reads_history(&tree));
        change(&tree);
        assert!(!reads_history(&tree), "change {number}");
    }
}

#[test]
#[cfg(unix)]
fn a_damaged_answer_is_found_anew() {
    let tree = Tree::committed();
    assert!(reads_history(&tree));
    tree.write("target/lambda-images/git.json", "{");
    assert!(reads_history(&tree));
    assert!(!reads_history(&tree));
}

#[test]
#[cfg(unix)]
fn an_answer_that_cannot_be_kept_is_an_answer() {
    let tree = Tree::committed();
    tree.write("target", "a file where the folder should be");
    assert!(reads_history(&tree));
    assert!(reads_history(&tree));
}

#[test]
fn a_broken_history_is_an_error() {
    let tree = Tree::committed();
    touch(&tree, TWO, "two");
    let first = tree.git(&["rev-parse", "HEAD~1"]);
    fs::remove_file(tree.path(&format!(".git/objects/{}/{}", &first[..2], &first[2..]))).unwrap();
    let error = ask(&tree, &tree.environment()).unwrap_err();
    let text = format!("{error:#}").replace(&first, "FIRST");
    assert!(text.starts_with("failed to run `git rev-list"), "{text}");
    assert!(text.contains("FIRST"), "{text}");
}
