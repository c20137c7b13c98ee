//! Differences in words.

use expect_test::{Expect, expect};

use super::diff_closures;
use crate::{
    lock::{
        Closure, Environment, parse_requirements, parse_uv_lock,
        tests::{UV_LOCK, root},
    },
    name::PackageName,
};

fn closure(requirements: &str) -> Closure {
    parse_requirements(requirements).unwrap().closure(&Environment::default())
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(before: &str, after: &str, expected: Expect) {
    let changes = diff_closures(&closure(before), &closure(after));
    let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn differences() {
    check("a==1 --hash=x", "a==1 --hash=x", expect![[""]]);
    check(
        "a==1\nb==1\nd==1",
        "a==2\nc==1\nd",
        expect![[r#"
        `a` 1 → 2
        `b` 1 removed
        `c` 1 added
        `d` 1 → no version"#]],
    );
    check(
        "a==1 --hash=x\nb==1\nc==1\nd @ https://x.example",
        "a==1 --hash=y\nb[x]==1\nc==1 ; os_name == 'x'\nd @ https://y.example",
        expect![[r#"
            `a` 1 has other hashes
            `b` 1 has other extras
            `c` 1 has other markers
            `d` has another source"#]],
    );
    check(
        "a==1 ; os_name == 'x'\na==2 ; os_name == 'y'",
        "a==1 ; os_name == 'x'\na==3 ; os_name == 'y'",
        expect!["`a` 2 → 3"],
    );
    check(
        "a==1 ; os_name == 'x'\na==2 ; os_name == 'y'",
        "a==3",
        expect![[r#"
        `a` 1 removed
        `a` 2 removed
        `a` 3 added"#]],
    );
    check("--pre\na", "a", expect!["options removed"]);
    check("--pre\na", "--pre\n-e .\na", expect!["`--editable .` changed"]);
}

#[test]
fn what_a_lock_lost() {
    let lock = parse_uv_lock(UV_LOCK).unwrap();
    let roots = |names: &[&str]| -> Vec<_> { names.iter().map(|name| root(name)).collect() };
    let of = |names: &[&str]| lock.closure(&roots(names), &Environment::default());
    let changes = diff_closures(&of(&["idna"]), &of(&["idna", "gone"]));
    assert_eq!(
        changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["`gone` is no longer in the lock"]
    );
    let changes = diff_closures(&of(&["gone"]), &of(&["idna"]));
    let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["`idna` 3.20 added", "`gone` is now in the lock"]);
}

#[test]
fn through_whom() {
    let lock = parse_uv_lock(UV_LOCK).unwrap();
    let chain = |from: &str, to: &str| {
        let to: PackageName = to.parse().unwrap();
        let image = Environment::cpython_on_linux("3.13", "x86_64");
        let chain = lock.chain(&[root(from)], &image, &to);
        chain.iter().map(PackageName::as_str).collect::<Vec<_>>().join(" → ")
    };
    assert_eq!(chain("poller", "idna"), "poller → idna");
    assert_eq!(chain("poller", "socksio"), "poller → beta → alpha → httpx → socksio");
    assert_eq!(chain("poller", "jmespath"), "poller → beta → jmespath");
    assert_eq!(chain("poller", "colorama"), "");
    assert_eq!(chain("idna", "idna"), "idna");
}
