use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::*;

const SMALL: Shape = Shape { lambdas: 8, packages: 7, files: 4 + 8 * 52 + 7 * 111 - 3 };

fn hash_of(files: &[File]) -> String {
    let mut hash = Sha256::new();
    for (path, text) in files {
        for field in [path, text] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn all_files(shape: Shape) -> Vec<File> {
    let graph = Graph::of(shape);
    let projects = 0..project_count(shape);
    projects.flat_map(|project| files_of_project(shape, &graph, project)).collect()
}

#[test]
fn the_same_bytes_on_every_machine() {
    let mut files = all_files(SMALL);
    files.extend(peer_files(&Graph::of(SMALL)));
    assert_eq!(
        hash_of(&files),
        "ee0eafdfbf5105003c6a0c43ab794ad5fa85200084a51e78c92fc9d7d06385b5",
        "raise `GENERATOR` with this: trees that were kept are used again until then"
    );
}

#[test]
fn the_tree_has_its_number_of_files_and_no_path_twice() {
    let files = all_files(SMALL);
    assert_eq!(files.len(), SMALL.files);
    let paths: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths.len(), SMALL.files);
    let dockerfiles = paths.iter().filter(|path| path.ends_with("/Dockerfile")).count();
    assert_eq!(dockerfiles, SMALL.lambdas);
}

#[test]
fn what_is_written_is_what_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let count = write_tree(SMALL, &Graph::of(SMALL), folder.path()).unwrap();
    assert_eq!(count, SMALL.files);
    for (path, text) in all_files(SMALL) {
        assert_eq!(fs::read_to_string(folder.path().join(path)).unwrap(), text);
    }
}

#[test]
fn the_full_tree_has_the_shape_that_is_measured() {
    let graph = Graph::of(FULL);
    let files: usize = (0..FULL.packages).map(|package| FULL.package_files(package)).sum();
    assert_eq!(files + 1_000 * 52 + 4, 107_500);
    assert_eq!((graph.packages.len(), graph.lambdas.len()), (500, 1_000));
    for (package, dependencies) in graph.packages.iter().enumerate() {
        assert!(dependencies.len() <= 3 && dependencies.iter().all(|lower| *lower < package));
    }
    assert!(graph.lambdas.iter().all(|dependencies| (2..=4).contains(&dependencies.len())));
    let mut depths: Vec<usize> = Vec::new();
    for dependencies in &graph.packages {
        let below = dependencies.iter().map(|package| depths[*package]).max();
        depths.push(below.unwrap_or_default() + 1);
    }
    assert_eq!(depths.iter().max(), Some(&6));
}

#[test]
fn a_tree_is_used_again_and_nobody_elses_folder_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (tree, graph) = (folder.path().join("tree"), Graph::of(SMALL));
    ensure_tree(SMALL, &graph, &tree).unwrap();
    let environment = Environment::of_process().unwrap().in_folder(&tree);
    let ask_git = |arguments: &[&str]| {
        String::from_utf8(environment.command("git").args(arguments).output().unwrap().stdout)
    };
    let count = SMALL.files + peer_files(&graph).len();
    assert_eq!(ask_git(&["ls-files"]).unwrap().lines().count(), count);
    // Who made it, when, and by which git doesn't count.
    assert_eq!(
        ask_git(&["rev-parse", "main"]).unwrap(),
        "520ffbe855a0fe7d2f5d76296b0ca41e52afe95a\n"
    );

    fs::write(tree.join("Cargo.toml"), "an interrupted run's edit").unwrap();
    fs::write(tree.join("new"), "").unwrap();
    fs::create_dir(tree.join("node_modules")).unwrap();
    ensure_tree(SMALL, &graph, &tree).unwrap();
    assert_eq!(ask_git(&["status", "--porcelain"]).unwrap(), "");
    assert!(tree.join("node_modules").exists());

    let error = ensure_tree(SMALL, &graph, folder.path()).unwrap_err();
    assert!(error.to_string().contains("holds something that no bench made"), "{error}");
    assert!(tree.join(MARKER).exists());
}
