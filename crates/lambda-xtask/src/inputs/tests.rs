use std::fs;
use std::time::{Duration, SystemTime};

use super::*;
use crate::checkout::Disk;
use crate::hash_cache::{HashCache, Stamp};
use crate::tree_caches::TreeCaches;
use crate::workspace::Workspace;
use crate::workspace::fixture::Tree;
use dockerfile::EntryKind;
use expect_test::{Expect, expect};
use lambda_images::fingerprint::sha256;
use lambda_images::tree::FileState;

fn read(tree: &Tree) -> anyhow::Result<(Workspace, Found)> {
    let workspace = tree.read();
    let found = Found::read(
        &Disk { root: &workspace.root, caches: &TreeCaches::of_hashes(Vec::new()) },
        &workspace.graph,
    )?;
    Ok((workspace, found))
}

/// The files that an image reads, by their paths from the workspace root.
fn files_of(workspace: &Workspace, found: &Found, name: &str) -> BTreeMap<String, FileState> {
    let images = workspace.graph.images();
    let index = images.iter().position(|image| image.name().as_str() == name).unwrap();
    found.contexts.files(index, &BTreeMap::new())
}

/// Mode, path, size and start of the hash of everything that image `two` reads, or all problems.
fn shown(tree: &Tree) -> String {
    match read(tree) {
        Ok((workspace, found)) => {
            let files = files_of(&workspace, &found, "two").into_iter().map(|(path, file)| {
                let sha256 = file.sha256.to_string();
                let path = path.strip_prefix("lambdas/two/").unwrap();
                let mode = file.mode.as_str();
                format!("{mode} lambdas/two/{path:?} {} {sha256:.8}\n", file.size)
            });
            files.collect()
        }
        Err(error) => format!("{error:#}\n"),
    }
}

#[track_caller]
fn check(change: impl FnOnce(&Tree), expected: &Expect) {
    let tree = Tree::plain();
    change(&tree);
    expected.assert_eq(&shown(&tree));
}

fn fingerprints(tree: &Tree) -> Vec<String> {
    let (workspace, found) = read(tree).unwrap();
    let inputs = found.inputs(&workspace.graph).into_iter();
    inputs.map(|(name, (_, fingerprint))| format!("{name} {fingerprint}")).collect()
}

#[test]
fn files_that_the_ignore_file_leaves() {
    check(
        |tree| {
            tree.write("lambdas/two/tests/test_handler.py", "");
            tree.write("lambdas/two/src/tests/deep.py", "");
            tree.write("lambdas/two/-dash space\n.py", "x");
            tree.write("lambdas/two/größe/ü.txt", "x");
        },
        &expect![[r#"
            100644 lambdas/two/"-dash space\n.py" 1 2d711642
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            100644 lambdas/two/"größe/ü.txt" 1 2d711642
            100644 lambdas/two/"handler.py" 8 14702a1e
            100644 lambdas/two/"src/tests/deep.py" 0 e3b0c442
        "#]],
    );
}

#[test]
fn modes_count_as_git_counts_them() {
    check(
        |tree| {
            for (name, mode) in [
                ("owner", 0o700),
                ("group", 0o670),
                ("all", 0o755),
                ("none", 0o600),
                ("odd", 0o4711),
            ] {
                tree.write(&format!("lambdas/two/{name}"), "");
                tree.set_mode(&format!("lambdas/two/{name}"), mode);
            }
        },
        &expect![[r#"
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            100755 lambdas/two/"all" 0 e3b0c442
            100644 lambdas/two/"group" 0 e3b0c442
            100644 lambdas/two/"handler.py" 8 14702a1e
            100644 lambdas/two/"none" 0 e3b0c442
            100755 lambdas/two/"odd" 0 e3b0c442
            100755 lambdas/two/"owner" 0 e3b0c442
        "#]],
    );
}

#[test]
fn links_count_by_their_text() {
    check(
        |tree| {
            tree.write("elsewhere/file", "never read");
            tree.link("lambdas/two/to_file", "handler.py");
            tree.link("lambdas/two/to_folder", "../../elsewhere");
            tree.link("lambdas/two/dangling", "/nowhere");
            tree.link("lambdas/two/loop", "loop");
            tree.link("lambdas/two/tests", "/nowhere");
        },
        &expect![[r#"
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            120000 lambdas/two/"dangling" 8 00147101
            100644 lambdas/two/"handler.py" 8 14702a1e
            120000 lambdas/two/"loop" 4 254637f7
            120000 lambdas/two/"to_file" 10 ac1d62d4
            120000 lambdas/two/"to_folder" 15 d801ba5b
        "#]],
    );
}

#[test]
fn a_link_and_what_it_leads_to_are_two_contents() {
    let tree = Tree::plain();
    tree.write("lambdas/two/a", "b");
    let file = shown(&tree);
    tree.remove("lambdas/two/a");
    tree.link("lambdas/two/a", "b");
    assert_ne!(shown(&tree), file);
}

#[test]
fn what_is_no_file_is_passed_over() {
    check(
        |tree| {
            let socket = std::os::unix::net::UnixListener::bind(tree.path("lambdas/two/socket"));
            drop(socket.unwrap());
            let pipe = tree.path("lambdas/two/pipe");
            assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
            fs::create_dir_all(tree.path("lambdas/two/empty/folders")).unwrap();
        },
        &expect![[r#"
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            100644 lambdas/two/"handler.py" 8 14702a1e
        "#]],
    );
}

#[test]
fn the_ignore_file_of_the_dockerfile_comes_first() {
    check(
        |tree| tree.write("lambdas/two/Dockerfile.dockerignore", "Dockerfile*\n"),
        &expect![[r#"
        100644 lambdas/two/".dockerignore" 27 780cacf4
        100644 lambdas/two/"handler.py" 8 14702a1e
        100644 lambdas/two/"pyproject.toml" 23 b66391a7
    "#]],
    );
}

#[test]
fn an_ignore_file_without_patterns_excludes_nothing() {
    check(
        |tree| {
            tree.write("lambdas/two/Dockerfile.dockerignore", "# nothing\n");
            tree.write("lambdas/two/tests/test.py", "");
        },
        &expect![[r#"
            100644 lambdas/two/".dockerignore" 27 780cacf4
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            100644 lambdas/two/"Dockerfile.dockerignore" 10 5e49ea83
            100644 lambdas/two/"handler.py" 8 14702a1e
            100644 lambdas/two/"pyproject.toml" 23 b66391a7
            100644 lambdas/two/"tests/test.py" 0 e3b0c442
        "#]],
    );
}

#[test]
fn a_file_comes_back_from_an_excluded_folder() {
    check(
        |tree| {
            tree.write("lambdas/two/.dockerignore", "*\n!src/kept\n!**/*.txt\n");
            for path in ["src/kept/a", "src/kept/below/b", "src/left/c", "deep/er/d.txt"] {
                tree.write(&format!("lambdas/two/{path}"), "");
            }
        },
        &expect![[r#"
            100644 lambdas/two/"deep/er/d.txt" 0 e3b0c442
            100644 lambdas/two/"src/kept/a" 0 e3b0c442
            100644 lambdas/two/"src/kept/below/b" 0 e3b0c442
        "#]],
    );
}

#[test]
fn all_problems_of_all_folders_come_at_once() {
    check(
        |tree| {
            tree.write("lambdas/two/.dockerignore", "good\n[a\n!\n");
            tree.append(
                "lambdas/one/pyproject.toml",
                "[tool.lambda-image]\ncontext = \"./gone\"\n",
            );
            tree.append(
                "packages/low/pyproject.toml",
                "[tool.lambda-image]\ncontexts = { data = \"./low.py\" }\n",
            );
        },
        &expect![[r#"
            lambdas/one/gone: this folder is a build context, and does not exist
            error: lambdas/two/.dockerignore:2:1: invalid pattern `[a`
              hint: brackets must be closed and hold valid ranges; a backslash escapes what follows it
            error: lambdas/two/.dockerignore:3:1: `!` without a pattern
              hint: write the exception after it
            error: packages/low/low.py: this is a build context, and not a folder
            4 problems in the workspace
        "#]],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf8_is_a_problem_unless_it_is_excluded() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let write = |tree: &Tree, folder: &str, name: &[u8]| {
        fs::create_dir_all(tree.path(folder)).unwrap();
        fs::write(tree.path(folder).join(OsStr::from_bytes(name)), "").unwrap();
    };
    check(
        |tree| {
            write(tree, "lambdas/two/src", b"bad\xff");
            let link = tree.path("lambdas/two/src/link");
            std::os::unix::fs::symlink(OsStr::from_bytes(b"to\xff"), link).unwrap();
            let folder = tree.path("lambdas/two").join(OsStr::from_bytes(b"\xfe"));
            fs::create_dir(folder).unwrap();
        },
        &expect![[r#"
            lambdas/two/src/bad�: its name is not UTF-8, and BuildKit can't send it
              hint: rename it, or exclude it in `.dockerignore`
            error: lambdas/two/src/link: the text of this link is not UTF-8, and BuildKit can't send it
              hint: exclude it in `.dockerignore`
            error: lambdas/two/�: its name is not UTF-8, and BuildKit can't send it
              hint: rename it, or exclude it in `.dockerignore`
            3 problems in the workspace
        "#]],
    );
    check(
        |tree| {
            tree.append("lambdas/two/.dockerignore", "src/bad*\n");
            write(tree, "lambdas/two/src", b"bad\xff");
            write(tree, "lambdas/two/tests", b"\xff");
        },
        &expect![[r#"
            100644 lambdas/two/"Dockerfile" 48 7314dd4e
            100644 lambdas/two/"handler.py" 8 14702a1e
        "#]],
    );
}

#[test]
fn an_ignore_file_that_is_no_text_is_an_error() {
    let tree = Tree::plain();
    fs::write(tree.path("lambdas/two/.dockerignore"), [0xff]).unwrap();
    assert!(shown(&tree).starts_with("lambdas/two/.dockerignore: failed to read it: "));
}

#[test]
fn neither_place_nor_time_nor_umask_nor_order_matter() {
    let tree = Tree::plain();
    tree.write("lambdas/two/a/b", "1");
    tree.write("lambdas/two/a-b", "2");
    tree.write("lambdas/two/a.b", "3");
    let other = Tree::below("some where/else");
    for (path, text) in [("a.b", "3"), ("a-b", "2"), ("a/b", "1")] {
        other.write(&format!("lambdas/two/{path}"), text);
    }
    other.set_mode("lambdas/two/a/b", 0o640);
    other.set_mode("lambdas/two/a", 0o700);
    fs::create_dir(other.path("lambdas/two/empty")).unwrap();
    let file = fs::File::open(other.path("lambdas/two/a-b")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(fingerprints(&tree), fingerprints(&other));
}

#[test]
fn git_makes_no_difference() {
    let tree = Tree::committed();
    assert_eq!(fingerprints(&tree), fingerprints(&Tree::plain()));
    let clone = tree.elsewhere();
    tree.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    assert_eq!(fingerprints(&tree), fingerprints(&tree.at(clone)));
}

#[test]
fn every_change_of_an_input_is_seen_by_those_that_read_it() {
    let changed = |change: &dyn Fn(&Tree)| -> Vec<String> {
        let tree = Tree::plain();
        let before = fingerprints(&tree);
        change(&tree);
        let changed = fingerprints(&tree).into_iter().filter(|after| !before.contains(after));
        changed.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let handler = "lambdas/two/handler.py";
    assert_eq!(changed(&|tree| tree.append(handler, " ")), ["two"]);
    assert_eq!(changed(&|tree| tree.set_mode(handler, 0o755)), ["two"]);
    assert_eq!(changed(&|tree| tree.remove(handler)), ["two"]);
    assert_eq!(changed(&|tree| tree.write("lambdas/two/empty", "")), ["two"]);
    let to_other = |tree: &Tree| fs::rename(tree.path(handler), tree.path("lambdas/two/other.py"));
    assert_eq!(changed(&|tree| to_other(tree).unwrap()), ["two"]);
    assert_eq!(changed(&|tree| tree.append("packages/low/low.py", " ")), ["base-low", "one"]);
    assert_eq!(changed(&|tree| tree.write("lambdas/two/tests/x", "")), [""; 0]);
    assert_eq!(changed(&|tree| tree.write("README.md", "")), [""; 0]);
}

#[test]
fn a_folder_is_read_once_for_all_that_see_it_alike() {
    let tree = Tree::plain();
    tree.append("Cargo.toml", "context = \"workspace\"\n");
    tree.write(".dockerignore", "target\n.git\n");
    tree.write("lambdas/two/Dockerfile.dockerignore", "packages\ntarget\n.git\n");
    let (workspace, found) = read(&tree).unwrap();
    let count = |tree: &lambda_images::tree::Tree| {
        let entries = tree.listing().entries().iter();
        entries.filter(|entry| entry.kind == EntryKind::File).count()
    };
    let counts: Vec<(&str, usize)> =
        found.contexts.trees().iter().map(|tree| (tree.folder.as_str(), count(tree))).collect();
    assert_eq!(counts, [("", 13), ("", 10)]);
    let indices = 0..workspace.graph.images().len();
    let sizes: Vec<u64> = indices.map(|index| found.contexts.size(index)).collect();
    assert!(sizes[0] == sizes[1] && sizes[1] > sizes[2], "{sizes:?}");
}

#[test]
fn a_file_of_many_buffers_is_read_whole() {
    let tree = Tree::plain();
    let bytes: Vec<u8> = (0..300_001_u32).map(|number| (number % 251) as u8).collect();
    fs::write(tree.path("lambdas/two/big"), &bytes).unwrap();
    let (workspace, found) = read(&tree).unwrap();
    let big = files_of(&workspace, &found, "two")["lambdas/two/big"];
    assert_eq!((big.size, big.sha256), (300_001, sha256(&bytes)));
}

#[test]
fn a_known_file_is_not_read_again_and_a_changed_one_is() {
    const PATH: &str = "lambdas/one/handler.py";
    let tree = Tree::plain();
    let workspace = tree.read();
    let sum_of = |hashes: &[u8]| {
        let caches = TreeCaches::of_hashes(hashes.to_vec());
        let disk = Disk { root: &workspace.root, caches: &caches };
        let found = Found::read(&disk, &workspace.graph).unwrap();
        assert!(found.reader()(PATH) && !found.reader()("lambdas/one/absent"));
        files_of(&workspace, &found, "one")[PATH].sha256
    };
    let real = sum_of(b"");
    // A sum that no file has shows whether the file was read.
    let recorded = HashCache::parse(Vec::new());
    let metadata = fs::metadata(tree.root.join(PATH)).unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    recorded.record(PATH, Stamp::of(&metadata), later, sha256(b"recorded"));
    let known = recorded.render(|path| path == PATH).unwrap();
    assert_eq!(sum_of(&known), sha256(b"recorded"));
    fs::write(tree.root.join(PATH), fs::read(tree.root.join(PATH)).unwrap()).unwrap();
    assert_eq!(sum_of(&known), real);
}

#[test]
fn a_root_context_never_holds_what_every_run_writes() {
    let tree = Tree::plain();
    tree.append("Cargo.toml", "context = \"workspace\"\n");
    tree.write("target/lambda-images/images.json", "{}");
    tree.write("target/app", "");
    tree.write(".git/HEAD", "");
    let files = |tree: &Tree| -> Vec<String> {
        let (workspace, found) = read(tree).unwrap();
        let one = workspace.graph.images().iter().position(|image| image.name().as_str() == "one");
        let files = found.contexts.files(one.unwrap(), &BTreeMap::new()).into_keys();
        files.filter(|path| path.starts_with("target") || path.starts_with(".git/")).collect()
    };
    let warnings = |tree: &Tree| -> Vec<String> {
        read(tree).unwrap().1.warnings.iter().map(ToString::to_string).collect()
    };
    assert!(files(&tree).is_empty());
    let warning = ".dockerignore: the context `.` is used without `.git` and `target`, which change with every run\n  hint: add `.git` and `target` to `.dockerignore`, each on a line of its own";
    assert_eq!(warnings(&tree), [warning]);
    // What is copied by its own name is an input, and the state beside it is none.
    tree.write("lambdas/one/Dockerfile", "FROM base-low\nCOPY . .\nCOPY target/app /\n");
    assert_eq!(files(&tree), ["target/app"]);
    tree.write(".dockerignore", "target/lambda-images\n.git\n");
    assert_eq!(warnings(&tree), [""; 0]);
    assert_eq!(files(&tree), ["target/app"]);
    tree.write("lambdas/one/Dockerfile", "FROM base-low\nCOPY handler.py .\n");
    tree.write(".dockerignore", "target\n!target/app\n.git\n");
    assert!(files(&tree).is_empty());
    assert_eq!(warnings(&tree), [""; 0]);
}

#[test]
fn linked_ignore_files_count_as_buildkit_follows_them() {
    let tree = Tree::plain();
    let state = |tree: &Tree| {
        let (_, found) = read(tree).unwrap();
        let files = found.contexts.files(2, &BTreeMap::new());
        let has = files.contains_key("lambdas/two/tests/a");
        (has, found.warnings.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>())
    };
    tree.write("lambdas/two/tests/a", "");
    tree.write("lambdas/two/ignore", "tests\n");
    tree.write("lambdas/two/.dockerignore", "");
    assert_eq!(state(&tree), (true, vec![]));
    tree.link("lambdas/two/Dockerfile.dockerignore", "ignore");
    assert_eq!(state(&tree), (false, vec![]));
    fs::remove_file(tree.path("lambdas/two/Dockerfile.dockerignore")).unwrap();
    // One that leads nowhere makes way for the other.
    tree.write("lambdas/two/.dockerignore", "tests\n");
    tree.write("shared/ignore", "handler.py\n");
    let path = "lambdas/two/Dockerfile.dockerignore";
    tree.link(path, "../../shared/ignore");
    assert_eq!(state(&tree), (false, vec![path.to_owned()]));
}
