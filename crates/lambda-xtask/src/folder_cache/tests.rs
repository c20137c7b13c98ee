use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::inputs::read_folder;

/// What a folder holds, by name; of the files that are looked at, their sizes.
type Held = BTreeMap<String, (EntryKind, Option<u64>)>;

/// Reads a folder as the walk does, and looks at the files that `is_wanted` names.
fn read(root: &Path, path: &str, cache: &FolderCache, is_wanted: &dyn Fn(&str) -> bool) -> Held {
    let mut held = Held::new();
    read_folder(root, path, (cache, &mut 0), &mut |name, kind, look| {
        let name = name.to_str().unwrap().to_owned();
        let size = if is_wanted(&name) { look().map(|seen| seen.stamp.size) } else { None };
        held.insert(name, (kind, size));
    })
    .unwrap();
    held
}

fn read_all(root: &Path, path: &str, cache: &FolderCache) -> Held {
    read(root, path, cache, &|_| true)
}

/// A cache whose clock is an hour ahead: what was listed a moment ago has long been settled.
fn cache(root: &Path, bytes: &[u8]) -> FolderCache {
    FolderCache { ahead: Duration::from_secs(3600), ..FolderCache::parse(root, bytes.to_vec()) }
}

/// The file after `paths` were read.
fn recorded(root: &Path, paths: &[&str]) -> Vec<u8> {
    let cache = cache(root, b"");
    for path in paths {
        read_all(root, path, &cache);
    }
    cache.render().unwrap()
}

/// Waits until the file system's clock has gone on: what changes now has another time.
fn next_tick(root: &Path) {
    let of = |name: &str| {
        fs::write(root.join(name), "").unwrap();
        let metadata = fs::metadata(root.join(name)).unwrap();
        fs::remove_file(root.join(name)).unwrap();
        metadata.modified().unwrap()
    };
    let first = of(".tick");
    while of(".tick") == first {}
}

fn tree() -> TempDir {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("a/b")).unwrap();
    fs::write(root.path().join("a/one.py"), "1").unwrap();
    fs::write(root.path().join("a/b/two.py"), "22").unwrap();
    std::os::unix::fs::symlink("one.py", root.path().join("a/link")).unwrap();
    root
}

/// Whether the folder was taken from the cache.
fn is_known(root: &Path, bytes: &[u8], path: &str) -> bool {
    cache(root, bytes).unchanged(path, &mut 0).is_some()
}

#[test]
fn a_folder_that_has_not_changed_is_not_listed_again() {
    let tree = tree();
    let root = tree.path();
    let bytes = recorded(root, &["", "a", "a/b"]);
    let again = cache(root, &bytes);
    again.look_ahead();
    for path in ["", "a", "a/b"] {
        assert!(is_known(root, &bytes, path), "{path}");
        assert_eq!(read_all(root, path, &again), read_all(root, path, &cache(root, b"")));
    }
    assert_eq!(again.render(), None);
    assert!(!is_known(root, &bytes, "a/b/c"));
}

#[test]
fn the_state_of_a_file_is_its_present_one() {
    let tree = tree();
    let root = tree.path();
    let bytes = recorded(root, &["a"]);
    fs::write(root.join("a/one.py"), "12345").unwrap();
    assert!(is_known(root, &bytes, "a"));
    assert_eq!(read_all(root, "a", &cache(root, &bytes))["one.py"], (EntryKind::File, Some(5)));
}

#[test]
fn what_comes_goes_or_becomes_something_else_is_seen() {
    type Change = fn(&Path);
    let changes: [Change; 5] = [
        |root| fs::write(root.join("a/new.py"), "").unwrap(),
        |root| fs::remove_file(root.join("a/one.py")).unwrap(),
        |root| fs::rename(root.join("a/one.py"), root.join("a/three.py")).unwrap(),
        |root| {
            fs::remove_file(root.join("a/one.py")).unwrap();
            fs::create_dir(root.join("a/one.py")).unwrap();
        },
        |root| {
            fs::remove_dir_all(root.join("a")).unwrap();
            fs::create_dir(root.join("a")).unwrap();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let tree = tree();
        let root = tree.path();
        let bytes = recorded(root, &["a"]);
        next_tick(root);
        change(root);
        assert!(!is_known(root, &bytes, "a"), "change {number}");
        assert_eq!(
            read_all(root, "a", &cache(root, &bytes)),
            read_all(root, "a", &cache(root, b"")),
            "change {number}"
        );
    }
}

#[test]
fn a_folder_that_just_changed_is_not_recorded() {
    let tree = tree();
    let cache = FolderCache::parse(tree.path(), Vec::new());
    read_all(tree.path(), "a", &cache);
    assert_eq!(cache.render(), None);
}

#[test]
fn a_file_that_nobody_looked_at_is_looked_at_when_somebody_does() {
    let tree = tree();
    let root = tree.path();
    let first = cache(root, b"");
    read(root, "a", &first, &|_| false);
    let second = cache(root, &first.render().unwrap());
    assert_eq!(read_all(root, "a", &second)["one.py"], (EntryKind::File, Some(1)));
    let third = cache(root, &second.render().unwrap());
    assert_eq!(read_all(root, "a", &third)["one.py"], (EntryKind::File, Some(1)));
    // What is wanted by one is not forgotten when another wants less.
    read(root, "a", &third, &|_| false);
    assert_eq!(third.render(), None);
}

#[test]
fn folders_that_nobody_asks_for_leave() {
    let tree = tree();
    let root = tree.path();
    let bytes = recorded(root, &["a", "a/b"]);
    let next = cache(root, &bytes);
    read_all(root, "", &next);
    read_all(root, "a", &next);
    let bytes = next.render().unwrap();
    assert!(is_known(root, &bytes, "") && is_known(root, &bytes, "a"));
    assert!(!is_known(root, &bytes, "a/b"));
}

#[test]
fn a_damaged_cache_is_empty() {
    let tree = tree();
    let root = tree.path();
    let good = recorded(root, &["a"]);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        assert!(!is_known(root, &bad, "a"), "byte {index}");
        assert!(!is_known(root, &good[..index], "a"), "cut at {index}");
    }
}

#[test]
fn another_file_system_is_not_trusted() {
    let tree = tree();
    let bytes = recorded(tree.path(), &["a"]);
    let elsewhere = FolderCache { root: None, ..cache(tree.path(), &bytes) };
    assert!(elsewhere.unchanged("a", &mut 0).is_none());
    assert!(Root::open(Path::new("/proc")).is_none());
}

proptest! {
    /// Whatever its order, a file finds its folders, first from anywhere, then one behind the other.
    #[test]
    fn folders_are_found_in_any_order(
        names in proptest::collection::btree_set("[a.-]{1,3}(/[a.-]{1,2}){0,2}", 1..12),
        next in 0_usize..12,
    ) {
        let stamp = Stamp { size: 0, inode: 0, modified: 0, changed: 0 };
        let folder = |path| Known { path, stamp, names: b"" };
        let bytes = format::render(names.iter().rev().map(|name| folder(name)).collect());
        let cache = FolderCache {
            known: format::parse(&bytes).unwrap().into_iter().map(Remembered::new).collect(),
            bytes,
            ..FolderCache::none()
        };
        for name in &names {
            let found = cache.find(name, &mut { next });
            prop_assert_eq!(found.and_then(|known| cache.folder(known)).map(|f| f.path), Some(&**name));
        }
        let absent = cache.find("absent", &mut { next });
        prop_assert!(absent.is_none());
    }
}
