//! The table of Go's own documentation of `path.Clean`, and the corners around it.

use super::{below_root, clean};

#[track_caller]
fn check(path: &str, cleaned: &str, relative: &str) {
    assert_eq!(clean(path), cleaned, "clean({path:?})");
    assert_eq!(below_root(path), relative, "below_root({path:?})");
}

#[test]
fn cleaning() {
    check("", ".", ".");
    check(".", ".", ".");
    check("/", "/", ".");
    check("a/b/", "a/b", "a/b");
    check("a//b/./c", "a/b/c", "a/b/c");
    check("a/../b", "b", "b");
    check("../a", "../a", "a");
    check("../../a/..", "../..", ".");
    check("/../a", "/a", "a");
    check("a/b/../../..", "..", ".");
    check("...", "...", "...");
    check("a/!b", "a/!b", "a/!b");
}
