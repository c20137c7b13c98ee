//! Single `COPY` and `ADD` instructions: BuildKit copies what we name, or refuses where we say so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use dockerfile::{
    Entry, EntryKind, Listing, Miss, MissReason, Settings, parse_dockerfile, parse_dockerignore,
    select,
};

use crate::build::require_engine;
use crate::named::{build, write};

/// Files of the context hold their path; `no` is excluded.
const TREE: &str =
    "x y d/a d/e/b no/z in->d out->../other up->d/e/../a hidden->no/z hiding->no gone->none";

/// What is named, or that BuildKit is said to refuse it.
fn named(text: &str) -> Option<BTreeSet<String>> {
    let entries = TREE.split_whitespace().map(|word| match word.split_once("->") {
        Some((path, text)) => {
            Entry { path: path.to_owned(), kind: EntryKind::Symlink(text.to_owned()) }
        }
        None => Entry { path: word.to_owned(), kind: EntryKind::File },
    });
    let archive = Entry { path: "tar".to_owned(), kind: EntryKind::File };
    let ignore = parse_dockerignore("no\n").unwrap();
    let listing = Listing::new(entries.chain([archive]).collect()).without_ignored(&ignore);
    let settings = Settings {
        target: None,
        args: &BTreeMap::new(),
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &BTreeSet::new(),
    };
    let resolved = parse_dockerfile(text).ok()?.resolve(&settings).ok()?;
    let selection = select(&listing, &resolved.sources.iter().collect::<Vec<_>>());
    // Of a folder from which nothing is copied, BuildKit isn't sent the folder itself.
    let is_refused =
        |miss: &Miss| miss.reason != MissReason::NoMatch || !["", "."].contains(&&*miss.path);
    if selection.misses.iter().any(is_refused) {
        return None;
    }
    let entries = selection.ranges.into_iter().flatten().map(|index| &listing.entries()[index]);
    Some(entries.filter(|entry| entry.kind == EntryKind::File).map(|e| e.path.clone()).collect())
}

/// `also`: what arrives and is no file of the context.
#[track_caller]
fn check(instruction: &str, also: &[&str]) {
    let root = tempfile::Builder::new().prefix("instruction-").tempdir().unwrap();
    let main = root.path().join("main");
    fs::create_dir(&main).unwrap();
    write(&main, TREE);
    write(root.path(), "other/x");
    fs::write(root.path().join("inside"), "inside").unwrap();
    let mut tar = Command::new("tar");
    tar.current_dir(root.path()).args(["cf", "main/tar", "inside"]);
    assert!(tar.status().unwrap().success());
    fs::remove_file(root.path().join("inside")).unwrap();
    let text = format!("FROM scratch\n{instruction}\n");
    fs::write(root.path().join("Dockerfile"), &text).unwrap();
    fs::write(root.path().join("Dockerfile.dockerignore"), "no\n").unwrap();
    let built = build(root.path(), &["--file=Dockerfile", "main"]);
    match (named(&text), built) {
        (None, Err(_)) => {}
        (Some(named), Ok(arrived)) => {
            // The archive's bytes are no path.
            let mut named = named;
            named.remove("tar");
            named.extend(also.iter().map(|text| (*text).to_owned()));
            let arrived: BTreeSet<String> =
                arrived.into_iter().filter(|text| !text.contains('\0')).collect();
            assert_eq!(arrived, named, "{instruction}");
        }
        (named, built) => panic!("{instruction}: we name {named:?}, BuildKit says {built:?}"),
    }
}

#[test]
fn copy_and_add() {
    require_engine();
    for sources in [
        "x/", "../x", "d/../x", "d/", "x y", ".", "nope", "x/y", "nope*", "d/*.nope", "d/*",
        "[xy]", "in/", "in/a", "in/*", "out", "up", "hidden", "hiding/z", "hid*", "gone", "no/*",
    ] {
        check(&format!("COPY {sources} /o/"), &[]);
    }
    for (instruction, also) in [
        ("COPY --link d /o/", &[][..]),
        ("COPY --link --chmod=0644 x /o/", &[]),
        ("COPY --checksum=sha256:00 x /o/", &[]),
        ("COPY <<A /o/\nA", &[""]),
        ("COPY <<A x /o/\ntext\nA", &["text\n"]),
        ("COPY <<-A <<B /o/\n\tone\nA\ntwo\nB", &["one\n", "two\n"]),
        ("COPY [\"x\", \"d\", \"/o/\"]", &[]),
        ("COPY x https://a.example/y /o/", &[]),
        ("COPY https://a.example/y.git /o/", &[]),
        ("ADD <<A /o/\ntext\nA", &["text\n"]),
        ("ADD tar /o/", &["inside"]),
        ("ADD t* /o/", &["inside"]),
        ("COPY tar /o/", &[]),
        ("ADD d x /o/", &[]),
        ("ADD hidden /o/", &[]),
        ("ADD --keep-git-dir=true x /o/", &[]),
        ("ADD --checksum=sha256:00 x /o/", &[]),
        ("ADD --link d /o/", &[]),
    ] {
        check(instruction, also);
    }
}
