use expect_test::{Expect, expect};

use super::*;
use crate::commands::{Survey, Wanted};
use crate::workspace::fixture::Tree;

fn survey(tree: &Tree) -> Survey {
    let environment = tree.environment();
    Survey::take(&environment, Some("dev"), Wanted::Local, false).unwrap()
}

/// The uncommitted inputs of each image, the warnings, and what is affected since the head.
fn shown(tree: &Tree) -> String {
    let survey = survey(tree);
    let states = survey.git.iter().map(|(name, state)| match state.is_dirty() {
        true => format!("{name} dirty {:?}\n", state.dirty_paths()),
        false => format!("{name} clean\n"),
    });
    let mut text: String = states.collect();
    for warning in survey.unvouched.warnings(&survey.git) {
        text += &format!("{warning}\n");
    }
    let comparison = survey.compare(Some("HEAD"), false, &tree.environment()).unwrap();
    text + &format!("affected {:?}\n", comparison.affected())
}

#[track_caller]
fn check(tree: &Tree, expected: &Expect) {
    expected.assert_eq(&shown(tree));
}

fn pointer(content: &str) -> String {
    let sha256 = lambda_images::fingerprint::sha256(content.as_bytes());
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 7\n")
}

#[test]
fn pointers_of_git_lfs_make_their_readers_dirty() {
    let tree = Tree::committed();
    tree.write("packages/low/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    tree.write("packages/low/model.bin", &pointer("1"));
    // It has the text, and git does not convert it.
    tree.write("lambdas/two/sample.txt", &pointer("2"));
    tree.commit("model");
    check(
        &tree,
        &expect![[r#"
            base-low dirty ["packages/low/model.bin"]
            one dirty ["packages/low/model.bin"]
            two clean
            warning: pointers of Git LFS instead of the files: `packages/low/model.bin`, read by `base-low`, `one`
              hint: `git lfs pull` (in GitHub Actions set `lfs: true` of `actions/checkout`)
            affected {}
        "#]],
    );
    // What a pull would bring, which git does not take for a change.
    tree.git(&["config", "filter.lfs.clean", "cat .git/pointer"]);
    tree.write(".git/pointer", &pointer("1"));
    tree.write("packages/low/model.bin", "content");
    assert!(shown(&tree).starts_with("base-low clean\none clean\n"), "{}", shown(&tree));
}

#[test]
fn submodules_that_are_not_checked_out_are_said_and_affect_their_readers() {
    let origin = Tree::committed();
    let vendored = origin.elsewhere();
    std::fs::create_dir(&vendored).unwrap();
    origin.git_in(&vendored, &["init", "-q"]);
    origin.git_in(&vendored, &["commit", "-q", "--allow-empty", "-m", "vendored"]);
    let path = "lambdas/two/vendor";
    origin.git(&["submodule", "--quiet", "add", vendored.to_str().unwrap(), path]);
    origin.commit("submodule");
    let folder = origin.elsewhere().with_file_name("clone");
    origin.git(&["clone", "-q", ".", folder.to_str().unwrap()]);
    check(
        &origin.at(folder),
        &expect![[r#"
            base-low clean
            one clean
            two dirty ["lambdas/two/vendor"]
            warning: submodules that are not checked out: `lambdas/two/vendor`, read by `two`
              hint: `git submodule update --init --recursive` (in GitHub Actions set `submodules: recursive` of `actions/checkout`)
            affected {ImageName("two")}
        "#]],
    );
}

#[test]
fn each_cause_of_dirty_inputs_has_its_mend() {
    let unvouched = Unvouched(BTreeMap::from([
        ("model.bin".to_owned(), Kind::Pointer),
        ("vendor".to_owned(), Kind::Submodule),
    ]));
    let mends = |paths: &[&str]| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        unvouched.mends(&paths).iter().map(|mend| mend[..12].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(mends(&["handler.py"]), ["commit these"]);
    assert_eq!(mends(&["model.bin"]), ["`git lfs pul"]);
    let all = ["handler.py", "model.bin", "vendor"];
    assert_eq!(mends(&all), ["`git submodu", "`git lfs pul", "commit these"]);
}
