//! Where links lead, as seen with buildx 0.13 and BuildKit 0.12.

use super::*;
use crate::checkout::Disk;
use crate::tree_caches::TreeCaches;
use crate::workspace::fixture::Tree;

/// `a->b` is a link; other words are files, which hold their path.
#[track_caller]
fn check(tree: &str, expected: &Linked) {
    let made = Tree::plain();
    std::fs::create_dir(made.path("a")).unwrap();
    for word in tree.split_whitespace() {
        match word.split_once("->") {
            Some((path, text)) => made.link(path, text),
            None => made.write(word, word),
        }
    }
    let disk = Disk { root: &made.root, caches: &TreeCaches::of_hashes(Vec::new()) };
    assert_eq!(read_linked(&disk, "a/Dockerfile").as_ref(), Ok(expected), "{tree}");
}

fn passed(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[test]
fn links_are_followed_within_their_folder() {
    let text = |text: &str, paths: &[&str]| Linked::Text(text.to_owned(), passed(paths));
    check("", &Linked::Missing);
    check("a/Dockerfile", &text("a/Dockerfile", &[]));
    let (link, target) = ("a/Dockerfile", "a/Dockerfile.prod");
    check("a/Dockerfile.prod a/Dockerfile->Dockerfile.prod", &text(target, &[link, target]));
    check("a/Dockerfile.prod a/Dockerfile->./x/../Dockerfile.prod", &text(target, &[link, target]));
    // The folder is the root.
    check("a/Dockerfile.prod a/Dockerfile->/Dockerfile.prod", &text(target, &[link, target]));
    check("a/Dockerfile.prod a/Dockerfile->../Dockerfile.prod", &text(target, &[link, target]));
    check("a/d/x a/Dockerfile->e/x a/e->d", &text("a/d/x", &["a/Dockerfile", "a/e", "a/d/x"]));
    check("a/y a/x->y a/Dockerfile->x", &text("a/y", &["a/Dockerfile", "a/x", "a/y"]));
}

#[test]
fn links_that_lead_elsewhere_lead_to_nothing() {
    let lost = |paths: &[&str]| Linked::Lost(passed(paths));
    check(
        "shared/Dockerfile a/Dockerfile->../shared/Dockerfile",
        &lost(&["a/Dockerfile", "a/shared/Dockerfile"]),
    );
    check("a/Dockerfile->nothing", &lost(&["a/Dockerfile", "a/nothing"]));
    check("a/Dockerfile->/etc/hostname", &lost(&["a/Dockerfile", "a/etc/hostname"]));
    check("a/Dockerfile->Dockerfile", &Linked::Lost(vec!["a/Dockerfile".to_owned(); MOST_LINKS]));
}
