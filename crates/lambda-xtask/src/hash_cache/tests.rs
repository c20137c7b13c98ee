use lambda_images::fingerprint::sha256;

use super::*;

const NOW: u64 = 1_000_000;

fn stamp(modified: i64) -> Stamp {
    Stamp {
        size: 3,
        inode: 7,
        modified: modified * 1_000_000_000 + 5,
        changed: modified * 1_000_000_000 + 6,
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

/// A cache's bytes after these files were hashed.
fn bytes(files: &[(&str, Stamp)]) -> Vec<u8> {
    let cache = HashCache::parse(Vec::new());
    for (path, stamp) in files {
        cache.record(path, *stamp, now(), sha256(path.as_bytes()));
    }
    cache.render(|path| files.iter().any(|(file, _)| *file == path)).unwrap_or_default()
}

/// The same answer wherever it is looked for first.
fn get(cache: &HashCache, path: &str, stamp: Stamp) -> Option<Sha256Sum> {
    let answers: Vec<_> = (0..4).map(|mut next| cache.get(path, stamp, &mut next)).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0]
}

#[test]
fn a_settled_file_is_known_in_the_same_state_only() {
    let bytes = bytes(&[("a/é.py", stamp(10)), ("", stamp(11))]);
    let cache = HashCache::parse(bytes.clone());
    assert_eq!(get(&cache, "a/é.py", stamp(10)), Some(sha256("a/é.py".as_bytes())));
    assert_eq!(get(&cache, "", stamp(11)), Some(sha256(b"")));
    assert_eq!(get(&cache, "b", stamp(10)), None);
    for other in [
        Stamp { size: 4, ..stamp(10) },
        Stamp { inode: 8, ..stamp(10) },
        Stamp { modified: 10_000_000_006, ..stamp(10) },
        Stamp { changed: 10_000_000_007, ..stamp(10) },
    ] {
        assert_eq!(get(&cache, "a/é.py", other), None);
    }
}

#[test]
fn a_file_that_just_changed_is_not_recorded() {
    let now = i64::try_from(NOW).unwrap();
    for racy in [now, now - 1, now + 100] {
        assert_eq!(bytes(&[("a", stamp(racy))]), b"");
        assert_eq!(bytes(&[("a", Stamp { changed: racy * 1_000_000_000, ..stamp(10) })]), b"");
    }
    // Where the times are not known, or are centuries away.
    assert_eq!(bytes(&[("a", Stamp { changed: i64::MAX, ..stamp(10) })]), b"");
    assert_ne!(bytes(&[("a", stamp(now - 3))]), b"");
}

#[test]
fn a_damaged_cache_is_empty() {
    let good = bytes(&[("a", stamp(10))]);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        assert_eq!(get(&HashCache::parse(bad.clone()), "a", stamp(10)), None, "byte {index}");
        assert_eq!(
            get(&HashCache::parse(good[..index].to_vec()), "a", stamp(10)),
            None,
            "cut at {index}"
        );
    }
}

#[test]
fn new_entries_join_the_old_and_gone_files_leave() {
    let old = bytes(&[("kept", stamp(10)), ("gone", stamp(10)), ("new", stamp(10))]);
    let cache = HashCache::parse(old.clone());
    cache.record("new", stamp(20), now(), sha256(b"2"));
    cache.record("another", stamp(20), now(), sha256(b"3"));
    cache.record("new", stamp(20), now(), sha256(b"2"));
    let new = cache.render(|path| path != "gone").unwrap();
    let cache = HashCache::parse(new.clone());
    assert_eq!(get(&cache, "kept", stamp(10)), Some(sha256(b"kept")));
    assert_eq!(get(&cache, "gone", stamp(10)), None);
    assert_eq!(get(&cache, "new", stamp(20)), Some(sha256(b"2")));
    assert_eq!(get(&cache, "another", stamp(20)), Some(sha256(b"3")));
}

#[test]
fn nothing_new_is_nothing_to_write() {
    let old = bytes(&[("a", stamp(10))]);
    assert_eq!(HashCache::parse(old.clone()).render(|_| true), None);
}
