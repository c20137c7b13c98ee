//! Files that a checkout would write otherwise.

use super::*;

const HANDLER: &str = "lambdas/two/handler.py";

/// A tree whose `.gitattributes` is this, all of it committed and written by git.
fn converting(attributes: &str) -> Tree {
    let tree = Tree::committed();
    tree.write(".gitattributes", attributes);
    tree.commit("attributes");
    write_again(&tree);
    tree
}

/// Has git write the handler as a checkout does.
fn write_again(tree: &Tree) {
    tree.remove(HANDLER);
    tree.git(&["checkout", "-q", "--", HANDLER]);
}

fn is_dirty(tree: &Tree) -> bool {
    let shown = shown(tree);
    assert!(shown.contains("one clean"), "{shown}");
    let paths = format!("[\"{HANDLER}\"]");
    shown.lines().any(|line| line.starts_with("two dirty") && line.ends_with(&paths))
}

#[test]
fn line_endings_that_a_checkout_would_not_write_make_dirty() {
    for (attributes, other) in [
        ("*.py text\n", "TWO = 2\r\n"),
        ("* text=auto\n", "TWO = 2\r\n"),
        ("lambdas/two/*.py text eol=crlf\n", "TWO = 2\n"),
    ] {
        let tree = converting(attributes);
        assert!(!is_dirty(&tree), "{attributes}");
        tree.write(HANDLER, other);
        tree.git(&["add", HANDLER]);
        assert_eq!(tree.git(&["status", "--porcelain", HANDLER]), "", "{attributes}");
        assert!(is_dirty(&tree), "{attributes}");
        // What was found is kept, and found anew for other bytes.
        assert!(is_dirty(&tree), "{attributes}");
        write_again(&tree);
        assert!(!is_dirty(&tree), "{attributes}");
    }
}

#[test]
fn line_endings_by_gits_settings_count_too() {
    let tree = converting("*.md diff\n");
    tree.git(&["config", "core.autocrlf", "input"]);
    tree.write(HANDLER, "TWO = 2\r\n");
    tree.git(&["add", HANDLER]);
    assert!(is_dirty(&tree));
    tree.git(&["config", "core.autocrlf", "true"]);
    tree.git(&["rm", "-rq", "--cached", "."]);
    tree.git(&["reset", "-q", "--hard"]);
    assert!(!is_dirty(&tree));
    tree.write(HANDLER, "TWO = 2\n");
    tree.git(&["add", HANDLER]);
    assert!(is_dirty(&tree));
}

#[test]
fn an_id_that_is_not_expanded_makes_dirty() {
    let tree = Tree::committed();
    tree.write(HANDLER, "# $Id$\n");
    tree.write(".gitattributes", "*.py ident\n");
    tree.commit("attributes");
    assert!(is_dirty(&tree));
    write_again(&tree);
    assert!(!is_dirty(&tree));
    tree.write(HANDLER, "# $Id$\n");
    assert!(is_dirty(&tree));
}

#[test]
fn a_filter_that_did_not_run_makes_dirty() {
    let tree = converting("lambdas/two/*.py filter=swap\n");
    // It is not set up.
    assert!(is_dirty(&tree));
    tree.git(&["config", "filter.swap.clean", "tr ab ba"]);
    tree.git(&["config", "filter.swap.smudge", "tr ab ba"]);
    tree.write(HANDLER, "a\n");
    tree.commit("attributes");
    assert!(!is_dirty(&tree));
    tree.git(&["config", "filter.swap.smudge", "tr abc bac | cat -n"]);
    assert!(is_dirty(&tree));
}

#[test]
fn without_conversions_git_is_not_asked_about_them() {
    let tree = converting("*.md diff linguist-documentation\n");
    #[cfg(unix)]
    {
        let (environment, log) = history::listening(&tree);
        ask(&tree, &environment).unwrap();
        let words = fs::read_to_string(&log).unwrap();
        assert!(!words.contains("ls-files") && !words.contains("check-attr"), "{words}");
    }
    assert!(!is_dirty(&tree));
}
