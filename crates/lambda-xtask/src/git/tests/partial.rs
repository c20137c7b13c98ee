//! Clones that lack objects. Nothing is fetched for a question.

use super::*;
use crate::commands::{Survey, Wanted};

/// A clone, by this filter, of a repository in which the settings of `two` changed, and then a file of
/// `one`.
fn partial(filter: &str, more: &[&str]) -> (Tree, Tree) {
    let origin = Tree::committed();
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    origin.append("lambdas/two/pyproject.toml", "dependencies = [\"low\"]\n");
    origin.commit("settings");
    origin.append("lambdas/one/handler.py", "#");
    origin.commit("one");
    let folder = origin.elsewhere();
    let from = format!("file://{}", origin.root.display());
    let filter = format!("--filter={filter}");
    origin.git(&[&["clone", "-q", &filter], more, &[&from, folder.to_str().unwrap()]].concat());
    let clone = origin.at(folder);
    (origin, clone)
}

/// Objects of history that are not there.
fn missing(tree: &Tree) -> usize {
    let objects = tree.git(&["rev-list", "--objects", "--all", "--missing=print"]);
    objects.lines().filter(|line| line.starts_with('?')).count()
}

#[test]
fn what_a_partial_clone_lacks_is_unknown_and_not_fetched() {
    for filter in ["blob:none", "tree:0"] {
        let (origin, clone) = partial(filter, &[]);
        let before = missing(&clone);
        assert!(before > 0, "{filter}");
        for is_reachable in [true, false] {
            if !is_reachable {
                fs::rename(&origin.root, origin.root.with_file_name("gone")).unwrap();
            }
            let states = shown(&clone);
            let two = states.lines().find(|line| line.starts_with("two ")).unwrap();
            let expected = "two unknown: history has files that are not here: the clone is partial";
            assert!(two.starts_with(expected), "{filter}: {states}");
            assert!(!states.contains("dirty") && !states.contains('['), "{filter}: {states}");
        }
        assert_eq!(missing(&clone), before, "{filter}");
    }
}

#[test]
fn a_partial_clone_that_is_completed_knows_its_commits() {
    let (_origin, clone) = partial("blob:none", &[]);
    assert!(shown(&clone).contains("two unknown: "));
    clone.git(&["fetch", "-q", "--refetch", "--no-filter", "origin"]);
    check(
        &clone,
        &expect![[r#"
            base-low clean first
            one clean one
            two clean settings
        "#]],
    );
}

#[test]
fn an_image_whose_earlier_files_are_missing_is_affected() {
    let (origin, clone) = partial("blob:none", &[]);
    fs::rename(&origin.root, origin.root.with_file_name("gone")).unwrap();
    let environment = clone.environment();
    let survey = Survey::take(&environment, Some("dev"), Wanted::Local, false).unwrap();
    let comparison = survey.compare(Some("HEAD~2"), false, &environment).unwrap();
    let affected = comparison.affected();
    assert!(affected.iter().any(|name| name.as_str() == "two"), "{affected:?}");
    let notes = comparison.notes.concat();
    assert!(notes.contains("hint: the clone is partial"), "{notes}");
}

/// The names of what is left out are not here either.
#[test]
fn a_sparse_and_partial_clone_removes_nothing() {
    let (origin, clone) = partial("blob:none", &["--sparse"]);
    clone.git(&["sparse-checkout", "set", "packages", "lambdas/one"]);
    fs::rename(&origin.root, origin.root.with_file_name("gone")).unwrap();
    let environment = clone.environment();
    let survey = Survey::take(&environment, Some("dev"), Wanted::Local, false).unwrap();
    assert_eq!(survey.left_out.shown(), "`lambdas/two`");
    assert!(survey.left_out.may_be(&ImageName::new("two").unwrap()));
    let comparison = survey.compare(Some("HEAD"), false, &environment).unwrap();
    assert_eq!(comparison.removed, []);
    assert!(comparison.notes.concat().contains("not checked out"), "{:?}", comparison.notes);
}
