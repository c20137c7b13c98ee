use super::*;
use crate::commands::{Comparison, Survey, Wanted};
use crate::workspace::fixture::Tree;

fn survey(tree: &Tree) -> Survey {
    let environment = tree.environment();
    Survey::take(&environment, Some("dev"), Wanted::Local, false).unwrap()
}

fn compared(tree: &Tree, base: &str) -> Comparison {
    survey(tree).compare(Some(base), false, &tree.environment()).unwrap()
}

fn names(names: &[&str]) -> BTreeSet<ImageName> {
    names.iter().map(|name| ImageName::new(name).unwrap()).collect()
}

/// The forms in which git leaves folders out.
const FORMS: [&[&str]; 3] = [
    &["set", "--cone", "packages", "lambdas/one"],
    &["set", "--cone", "--sparse-index", "packages", "lambdas/one"],
    &["set", "--no-cone", "/*", "!/lambdas/two"],
];

#[test]
fn images_that_are_not_checked_out_are_not_removed() {
    for form in FORMS {
        let tree = Tree::committed();
        tree.git(&[&["sparse-checkout"], form].concat());
        assert!(!tree.path("lambdas/two").exists());
        let left_out = survey(&tree).left_out;
        assert_eq!(left_out.names(), names(&["two"]), "{form:?}");
        assert_eq!(
            left_out.hint(),
            "`git sparse-checkout add lambdas/two`, or `git sparse-checkout disable`"
        );
        let comparison = compared(&tree, "HEAD");
        assert_eq!(comparison.removed, [], "{form:?}");
        assert_eq!(comparison.not_checked_out, names(&["two"]));
        assert_eq!(comparison.affected(), names(&[]));
        let note = comparison.notes.concat();
        assert!(note.starts_with("warning: not checked out, and not compared"), "{note}");
    }
}

#[test]
fn an_image_that_git_no_longer_keeps_is_removed() {
    let tree = Tree::committed();
    tree.git(&[&["sparse-checkout"], FORMS[0]].concat());
    tree.git(&["rm", "-q", "-r", "--sparse", "--cached", "lambdas/two"]);
    let comparison = compared(&tree, "HEAD");
    assert_eq!(comparison.removed, [ImageName::new("two").unwrap()]);
    assert_eq!(comparison.not_checked_out, names(&[]));
}

#[test]
fn an_image_without_some_of_its_files_has_no_clean_name() {
    let tree = Tree::committed();
    tree.write("lambdas/two/data/a.txt", "");
    tree.commit("data");
    tree.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/lambdas/two/data"]);
    let survey = survey(&tree);
    let two = ImageName::new("two").unwrap();
    assert_eq!(survey.git[&two].dirty_paths(), ["lambdas/two/data/a.txt"]);
    assert!(survey.names[&two].reference.to_string().contains("-dirty-"));
    let mends = survey.unvouched.mends(survey.git[&two].dirty_paths());
    assert_eq!(mends, ["`git sparse-checkout add FOLDER`, or `git sparse-checkout disable`"]);
    assert!(survey.left_out.is_empty());
}
