use std::fs;

use super::*;
use crate::workspace::fixture::Tree;

/// The index of a repository, and what `git ls-files` says is in it.
fn read(tree: &Tree) -> (Option<IndexFile>, String) {
    let path = tree.path(".git/index");
    let listed = tree.git(&["ls-files", "--stage"]);
    (IndexFile::parse(&fs::read(path).unwrap(), 20), listed)
}

fn render(index: &IndexFile) -> String {
    let line =
        |entry| format!("{} {} 0\t{}", index.mode(entry), index.id(entry), index.path(entry));
    index.below("").map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(tree: &Tree) {
    let (index, listed) = read(tree);
    assert_eq!(render(&index.expect("nothing is out of the ordinary")), listed);
}

fn with_more_files() -> Tree {
    let tree = Tree::committed();
    for number in 0..40 {
        let path = "long/".repeat(number % 7) + &"x".repeat(number) + "-größe.py";
        tree.write(&format!("more/{path}"), &number.to_string());
    }
    tree
}

#[test]
#[cfg(unix)]
fn every_version_is_read_as_git_reads_it() {
    let tree = with_more_files();
    tree.set_mode("lambdas/one/handler.py", 0o755);
    tree.link("lambdas/one/link", "handler.py");
    for version in ["2", "3", "4"] {
        tree.git(&["update-index", "--index-version", version]);
        tree.git(&["-c", "core.quotePath=false", "add", "--all"]);
        tree.git(&["config", "core.quotePath", "false"]);
        check(&tree);
    }
    tree.commit("with a cache of trees");
    check(&tree);
}

#[test]
fn what_is_out_of_the_ordinary_is_for_git_to_read() {
    #[track_caller]
    fn check_none(change: impl FnOnce(&Tree)) {
        let tree = with_more_files();
        tree.git(&["add", "--all"]);
        change(&tree);
        assert!(read(&tree).0.is_none());
    }
    check_none(|tree| {
        drop(tree.git(&["update-index", "--assume-unchanged", "lambdas/one/handler.py"]));
    });
    check_none(|tree| {
        drop(tree.git(&["update-index", "--skip-worktree", "lambdas/one/handler.py"]));
    });
    check_none(|tree| drop(tree.git(&["update-index", "--split-index"])));
    check_none(|tree| {
        tree.write("new.py", "");
        tree.git(&["add", "--intent-to-add", "new.py"]);
    });
    check_none(|tree| {
        let head = tree.git(&["rev-parse", "HEAD"]);
        let entry = format!("160000,{head},module");
        tree.git(&["update-index", "--add", "--cacheinfo", &entry]);
    });
}

#[test]
fn the_tree_is_the_one_that_a_commit_would_have() {
    let tree = with_more_files();
    tree.commit("more");
    let kept = |tree: &Tree| read(tree).0.unwrap().tree().map(str::to_owned);
    let head = || tree.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(kept(&tree), Some(head()));
    // What is on disk is not the index's affair.
    tree.append("lambdas/one/handler.py", "#");
    assert_eq!(kept(&tree), Some(head()));
    tree.git(&["add", "--all"]);
    assert_eq!(kept(&tree), None);
    let staged = tree.git(&["write-tree"]);
    assert_eq!(kept(&tree), Some(staged.clone()));
    assert_ne!(staged, head());
    tree.git(&["rm", "--quiet", "--cached", "lambdas/one/handler.py"]);
    assert_ne!(kept(&tree), Some(staged));
}

#[test]
fn folders_and_files_are_found() {
    let tree = with_more_files();
    tree.git(&["add", "--all"]);
    let index = read(&tree).0.unwrap();
    let below = |prefix: &str| -> Vec<&str> {
        index.below(prefix).map(|entry| index.path(entry)).collect()
    };
    assert_eq!(
        below("lambdas/one/"),
        ["lambdas/one/Dockerfile", "lambdas/one/handler.py", "lambdas/one/pyproject.toml"]
    );
    assert_eq!(below("lambdas/on/"), [""; 0]);
    assert_eq!(
        index.find("lambdas/one/handler.py").map(|entry| index.path(entry)),
        Some("lambdas/one/handler.py")
    );
    assert!(index.find("lambdas/one").is_none());
}

#[test]
fn a_file_is_unchanged_only_in_the_state_in_which_git_saw_it() {
    let tree = Tree::committed();
    let index = read(&tree).0.unwrap();
    let entry = index.find("lambdas/one/handler.py").unwrap();
    let stamp = |path: &str| Stamp::of(&fs::symlink_metadata(tree.path(path)).unwrap());
    let (file, written) = (stamp("lambdas/one/handler.py"), stamp(".git/index"));
    let later = Stamp { modified: written.modified + 1_000_000_000, ..written };
    assert!(index.is_unchanged(entry, &file, &later));
    // Modified when the index was written, or after it: nobody knows.
    assert!(!index.is_unchanged(entry, &file, &file));
    for other in [
        Stamp { size: file.size + 1, ..file },
        Stamp { inode: file.inode + 1, ..file },
        Stamp { modified: file.modified + 1, ..file },
        Stamp { changed: file.changed + 1_000_000_000, ..file },
    ] {
        assert!(!index.is_unchanged(entry, &other, &later), "{other:?}");
    }
}

#[test]
fn damaged_bytes_are_no_index() {
    let tree = with_more_files();
    for version in ["2", "4"] {
        tree.git(&["add", "--all"]);
        tree.git(&["update-index", "--index-version", version]);
        let bytes = fs::read(tree.path(".git/index")).unwrap();
        for length in 0..bytes.len() {
            // A shorter one may be read up to an extension, and never panics.
            drop(IndexFile::parse(&bytes[..length], 20));
        }
        for place in 0..bytes.len().min(4000) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0xff;
            drop(IndexFile::parse(&damaged, 20));
        }
    }
}
