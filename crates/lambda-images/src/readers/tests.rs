use super::*;
use crate::graph::fixture::{Texts, texts};
use dockerfile::parse_dockerignore;

/// The images of `texts` that `ask` gives, where each context has the ignore file `ignore`.
fn readers(texts: &Texts, ignore: &str, ask: impl FnOnce(&Readers) -> ImageSet) -> String {
    let (_, graph) = texts.graph();
    let mut ignores = BTreeMap::new();
    for context in graph.images().iter().flat_map(|image| &image.contexts) {
        ignores.insert(context.folder.clone(), parse_dockerignore(ignore).unwrap());
    }
    let readers = Readers::new(&graph, |folder| ignores.get(folder), &Contexts::default());
    let images = ask(&readers);
    images.iter().map(|index| graph.images()[*index].name().as_str()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_path(path: &str, expected: &str) {
    let found = readers(&texts(), "tests\n", |readers| readers.of_path(path));
    assert_eq!(found, expected);
}

#[test]
fn a_path_belongs_to_whose_context_it_would_be_in() {
    check_path("packages/high/src/gone.py", "base-high");
    check_path("packages/high/tests/x.py", "");
    check_path("packages/higher/x.py", "");
    check_path("lambdas/one/handler.py", "one");
    check_path("lambdas/one/notes.txt", "");
    check_path("README.md", "");
}

#[track_caller]
fn check_file(texts: &Texts, path: &str, expected: &str) {
    assert_eq!(readers(texts, "*", |readers| readers.of_file(path)), expected);
}

#[test]
fn dockerfiles_and_ignore_files_belong_to_their_images() {
    check_file(&texts(), "lambdas/one/Dockerfile", "one");
    check_file(&texts(), "lambdas/one/.dockerignore", "one");
    check_file(&texts(), "lambdas/one/Dockerfile.dockerignore", "one");
    check_file(&texts(), "lambdas/one/handler.py", "");
}

#[track_caller]
fn check_folder(path: &str, ignore: &str, expected: &str) {
    assert_eq!(readers(&texts(), ignore, |readers| readers.of_folder(path)), expected);
}

#[test]
fn a_folder_belongs_to_contexts_above_and_below_it() {
    check_folder("lambdas/one", "", "one");
    check_folder("lambdas/one/vendor", "", "");
    check_folder("lambdas/one/handler.py", "", "one");
    check_folder("packages/high/vendor", "", "base-high");
    check_folder("lambdas", "*", "one two");
    check_folder("lambdas/on", "", "");
    check_folder("packages/high/vendor", "vendor", "");
    check_folder("packages/high/vendor", "vendor\n!vendor/kept.py", "base-high");
}

#[test]
fn a_package_without_an_image_may_have_had_one() {
    let mut texts = texts();
    texts.add("packages/plain", "plain", "", "");
    texts.dockerfiles.remove("packages/plain/Dockerfile").unwrap();
    let two = texts.pyprojects.get_mut("lambdas/two/pyproject.toml").unwrap();
    *two = two.replace("\"low\"", "\"low\", \"plain\"");
    check_file(&texts, "packages/plain/Dockerfile", "two");
}
