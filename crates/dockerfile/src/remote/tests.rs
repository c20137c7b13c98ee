//! Paths, URLs and git references.

use super::{RemoteKind, parse_remote};

#[track_caller]
fn check(source: &str, kind: Option<RemoteKind>, commit: Option<&str>) {
    let remote = parse_remote(source);
    let found = remote.as_ref().map(|remote| remote.kind);
    assert_eq!(found, kind, "{source}");
    assert_eq!(remote.and_then(|remote| remote.commit).as_deref(), commit, "{source}");
}

#[test]
fn kinds() {
    let (http, git) = (Some(RemoteKind::Http), Some(RemoteKind::Git));
    check("https://example.com/a.tar.gz", http, None);
    check("https://example.com/a.git", git, None);
    check("https://example.com/a.git?x=1#main:dir", git, None);
    check("http://example.com", http, None);
    check("https://example.com/%zz.git", http, None);
    check("HTTP://example.com/a", None, None);
    check("HTTPS://example.com/a.git", git, None);
    check("ftp://example.com/a", None, None);
    check("git://example.com/a", git, None);
    check("ssh://git@example.com/a", git, None);
    check("git@example.com:a/b.git", git, None);
    check("user@host", None, None);
    check("a@b.c:d", git, None);
    check("github.com/a/b", None, None);
    check("./git@example.com:a", None, None);
    check("src/a", None, None);
    check("", None, None);
}

#[test]
fn commits() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let git = Some(RemoteKind::Git);
    check(&format!("https://example.com/a.git#{commit}"), git, Some(commit));
    check(&format!("https://example.com/a.git#{commit}:dir"), git, Some(commit));
    check("https://example.com/a.git#v1", git, None);
    check("https://example.com/a.git?tag=v1&checksum=abc", git, Some("abc"));
    check("git@example.com:a.git?commit=abc#main", git, Some("abc"));
}
