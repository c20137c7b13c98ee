//! Stages on named contexts, and Dockerfiles and ignore files that are links: what real BuildKit copies
//! has to be what is named, or more where a stage begins with a context.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use dockerfile::{Listing, Settings, parse_dockerfile, parse_dockerignore, select};

use crate::build::require_engine;

/// A workspace: files that hold their own path, and links as `path->text`.
pub(crate) fn write(root: &Path, tree: &str) {
    for word in tree.split_whitespace() {
        let (path, text) = word.split_once("->").unwrap_or((word, ""));
        let full = root.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        match text {
            "" => fs::write(full, path).unwrap(),
            text => symlink(text, full).unwrap(),
        }
    }
}

/// The files of the image that BuildKit makes, by what is in them; its words where it refuses.
pub(crate) fn build(root: &Path, arguments: &[&str]) -> Result<BTreeSet<String>, String> {
    let mut command = Command::new("docker");
    command.current_dir(root).args(["buildx", "build", "--progress=plain", "--no-cache"]);
    let ended = command.args(["--output=type=local,dest=out"]).args(arguments).output().unwrap();
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).into_owned());
    }
    let mut files = BTreeSet::new();
    let mut folders = vec![root.join("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.insert(text);
            }
        }
    }
    fs::remove_dir_all(root.join("out")).unwrap();
    Ok(files)
}

/// The named context `name` is the folder `rootfs`, whose ignore file leaves `rootfs/no` out. `is_exact`:
/// just what is named arrives.
#[track_caller]
fn check_named(name: &str, text: &str, target: Option<&str>, is_exact: bool) {
    let root = tempfile::Builder::new().prefix("named-").tempdir().unwrap();
    write(root.path(), "rootfs/a rootfs/d/b rootfs/no main/x");
    fs::write(root.path().join("rootfs/.dockerignore"), "no\n.dockerignore\n").unwrap();
    fs::write(root.path().join("main/Dockerfile"), text).unwrap();
    let context = format!("--build-context={name}=rootfs");
    let target_argument = target.map(|target| format!("--target={target}"));
    let mut arguments = vec![&*context, "main"];
    arguments.extend(target_argument.as_deref());
    let arrived = build(root.path(), &arguments).unwrap();
    let ignore = parse_dockerignore("no\n.dockerignore\n").unwrap();
    let entries = ["a", "d", "d/b", "no"].map(|path| dockerfile::Entry {
        path: path.to_owned(),
        kind: match path {
            "d" => dockerfile::EntryKind::Folder,
            _ => dockerfile::EntryKind::File,
        },
    });
    let listing = Listing::new(entries.to_vec()).without_ignored(&ignore);
    let settings = Settings {
        target,
        args: &BTreeMap::new(),
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &BTreeSet::from([name.to_owned()]),
    };
    let resolved = parse_dockerfile(text).unwrap().resolve(&settings).unwrap();
    let reads = resolved.sources.iter().filter(|read| read.context.as_deref() == Some(name));
    let selection = select(&listing, &reads.collect::<Vec<_>>());
    let files = selection.ranges.into_iter().flatten().map(|index| &listing.entries()[index]);
    let named: BTreeSet<String> = files
        .filter(|entry| entry.kind == dockerfile::EntryKind::File)
        .map(|entry| format!("rootfs/{}", entry.path))
        .collect();
    let arrived: BTreeSet<String> =
        arrived.into_iter().filter(|text| text.starts_with("rootfs/")).collect();
    assert!(arrived.is_subset(&named), "{arrived:?} arrive, {named:?} are named:\n{text}");
    assert!(!arrived.is_empty(), "{text}");
    assert!(!is_exact || arrived == named, "{arrived:?} arrive, {named:?} are named:\n{text}");
}

#[test]
fn stages_on_named_contexts() {
    require_engine();
    check_named("files", "FROM files\n", None, true);
    check_named("files", "FROM files AS one\nFROM one\n", None, true);
    check_named("files", "FROM nowhere/x AS Files\nFROM files\n", None, true);
    check_named("files", "FROM nowhere/x AS files\n", None, true);
    check_named("files", "FROM nowhere/x AS files\nFROM nowhere/y\n", Some("FILES"), true);
    check_named("python", "FROM docker.io/library/python:latest\n", None, true);
    check_named("a.example/x:1", "ARG BASE=a.example/x:1\nFROM $BASE\n", None, true);
    check_named("context", "FROM context\n", None, true);
    check_named("files", "FROM files AS one\nFROM scratch\nCOPY --from=one /d /\n", None, false);
    check_named("files", "FROM scratch\nCOPY --from=files d /\n", None, true);
    check_named("files", "FROM x/y AS files\nFROM scratch\nCOPY --from=0 a /\n", None, true);
}

/// A build of the folder `a`, whose Dockerfile copies everything: what of `a/x` and `a/y` arrives.
#[track_caller]
fn check_links(tree: &str, expected: Result<&str, &str>) {
    let root = tempfile::Builder::new().prefix("links-").tempdir().unwrap();
    write(root.path(), tree);
    write(root.path(), "a/x a/y");
    for (name, text) in [("prod", "FROM scratch\nCOPY x* y* /\n"), ("no-x", "x\n"), ("no-y", "y\n")]
    {
        fs::write(root.path().join("a").join(name), text).unwrap();
    }
    fs::create_dir_all(root.path().join("b")).unwrap();
    fs::copy(root.path().join("a/prod"), root.path().join("b/prod")).unwrap();
    fs::copy(root.path().join("a/no-x"), root.path().join("b/no-x")).unwrap();
    let arrived = build(root.path(), &["--file=a/Dockerfile", "a"]);
    let arrived = arrived.map(|files| files.into_iter().collect::<Vec<_>>().join(" "));
    match (&arrived, expected) {
        (Ok(files), Ok(expected)) => assert_eq!(files, expected, "{tree}"),
        (Err(words), Err(expected)) => assert!(words.contains(expected), "{tree}: {words}"),
        _ => panic!("{tree}: {arrived:?}"),
    }
}

/// What `lambda_xtask`'s reader of links goes by.
#[test]
fn linked_dockerfiles_and_ignore_files() {
    require_engine();
    let refused = Err("failed to read dockerfile");
    check_links("a/Dockerfile->prod", Ok("a/x a/y"));
    check_links("a/Dockerfile->/prod", Ok("a/x a/y"));
    check_links("a/Dockerfile->../prod", Ok("a/x a/y"));
    check_links("a/Dockerfile->d/prod a/d->.", Ok("a/x a/y"));
    check_links("a/Dockerfile->../b/prod", refused);
    check_links("a/Dockerfile->Dockerfile", Err("Dockerfile"));
    // Beside the link, and not beside what it leads to.
    check_links("a/Dockerfile->prod a/Dockerfile.dockerignore->no-x", Ok("a/y"));
    check_links("a/Dockerfile->prod a/prod.dockerignore->no-x", Ok("a/x a/y"));
    check_links("a/Dockerfile->prod a/.dockerignore->no-x", Ok("a/y"));
    check_links("a/Dockerfile->prod a/.dockerignore->../no-x", Ok("a/y"));
    check_links("a/Dockerfile->prod a/.dockerignore->../b/no-x", Ok("a/x a/y"));
    check_links("a/Dockerfile->prod a/.dockerignore->nothing", Ok("a/x a/y"));
    let both = "a/Dockerfile->prod a/Dockerfile.dockerignore->../b/no-x a/.dockerignore->no-y";
    check_links(both, Ok("a/x"));
}
