use expect_test::{Expect, expect};

use super::*;

fn digest(digit: char) -> Digest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn locked(digit: char) -> LockedBase {
    LockedBase { digest: digest(digit), resolved: "2026-11-24".to_owned() }
}

#[track_caller]
fn check(text: &str, expected: &Expect) {
    let (_, problems) = parse_base_lock(text);
    let shown: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    expected.assert_eq(&shown);
}

#[test]
fn what_is_written_is_read() {
    let mut lock = BaseLock::default();
    assert_eq!(parse_base_lock(&lock.render()), (lock.clone(), Vec::new()));
    lock.insert("python:3.13", locked('b'));
    lock.insert("public.ecr.aws/lambda/python:3.13", locked('a'));
    expect![[r#"
        # External base images, and what their tags led to when somebody last looked: this is built on.
        # Commit this file. `cargo xtask bases --update` writes it.

        version = 1

        [[base]]
        reference = "public.ecr.aws/lambda/python:3.13"
        digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        resolved = "2026-11-24"

        [[base]]
        reference = "python:3.13"
        digest = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        resolved = "2026-11-24"
    "#]]
    .assert_eq(&lock.render());
    assert_eq!(parse_base_lock(&lock.render()), (lock, Vec::new()));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    check(
        "version = 1\n[[base]\n",
        &expect![[r#"
            lambda-images.lock:2:8: invalid TOML: unclosed array table, expected `]`
              hint: `cargo xtask bases --update` writes it anew, once it is removed
        "#]],
    );
    check(
        "version = 2\n",
        &expect![[r#"
        lambda-images.lock:1:11: `version` is not 1
          hint: another version of this tool wrote it: use that, or remove the file and run `cargo xtask bases --update`
    "#]],
    );
    check(
        "",
        &expect![[r#"
        lambda-images.lock:1:1: `version` is not 1
          hint: another version of this tool wrote it: use that, or remove the file and run `cargo xtask bases --update`
    "#]],
    );
    check(
        "version = 1\nother = 1\n",
        &expect![[r#"
        lambda-images.lock: there is more in it than `version` and `[[base]]`
          hint: `cargo xtask bases --update` writes it anew, once it is removed
    "#]],
    );
    check(
        "version = 1\nbase = 1\n",
        &expect![[r#"
        lambda-images.lock: there is more in it than `version` and `[[base]]`
          hint: `cargo xtask bases --update` writes it anew, once it is removed
    "#]],
    );
    check(
        "version = 1\n[[base]]\nreference = \"a:1\"\ndigest = \"sha256:1\"\nresolve = \"\"\n",
        &expect![[r#"
            lambda-images.lock:5:1: unknown key `resolve`
              hint: did you mean `resolved`?
            lambda-images.lock:2:1: a base needs a `reference` without a digest and a `digest`, `sha256:…`
              hint: `cargo xtask bases --update` writes it anew, once it is removed
        "#]],
    );
    let twice = "[[base]]\nreference = \"a:1\"\ndigest = \"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\nresolved = \"2026-11-24\"\n";
    check(
        &format!("version = 1\n{twice}{twice}"),
        &expect![[r#"
        lambda-images.lock:6:1: `a:1` is locked twice
          hint: remove one of the two
    "#]],
    );
}

#[test]
fn differences_are_of_digests_and_not_of_days() {
    let (mut old, mut new) = (BaseLock::default(), BaseLock::default());
    for (reference, was, is) in [
        ("same:1", Some('a'), Some('a')),
        ("moved:1", Some('a'), Some('b')),
        ("gone:1", Some('a'), None),
    ] {
        was.into_iter().for_each(|digit| old.insert(reference, locked(digit)));
        is.into_iter().for_each(|digit| {
            new.insert(
                reference,
                LockedBase { resolved: "2026-12-24".to_owned(), ..locked(digit) },
            );
        });
    }
    let differ = |a: &BaseLock, b: &BaseLock| -> std::collections::BTreeSet<String> {
        a.differences(b).map(str::to_owned).collect()
    };
    let expected = ["gone:1", "moved:1"].map(str::to_owned).into();
    assert_eq!(differ(&old, &new), expected);
    assert_eq!(differ(&new, &old), expected);
    assert_eq!(new.retain(|reference| reference == "same:1"), ["moved:1"]);
    assert!(new.get("same:1").is_some() && new.get("moved:1").is_none());
}
