//! What holds for every lock: it is the same lock however it is written, more roots install more,
//! and no text makes the parsers panic or slow.

use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Closure, Environment, Lock, LockError, Root, parse_poetry_lock, parse_uv_lock};
use crate::name::PackageName;

pub(super) const UV_LOCK: &str = include_str!("../../fixtures/uv.lock");
pub(super) const POETRY_LOCK: &str = include_str!("../../fixtures/poetry-2.1.lock");
pub(super) const OLD_POETRY_LOCK: &str = include_str!("../../fixtures/poetry-2.0.lock");

/// A root as `name[extra,…]{group,…}`.
pub(super) fn root(written: &str) -> Root {
    let (rest, groups) = written.split_once('{').unwrap_or((written, "}"));
    let (name, extras) = rest.split_once('[').unwrap_or((rest, "]"));
    let names = |list: &str| -> Vec<PackageName> {
        let list = list.trim_end_matches([']', '}']).split(',').filter(|name| !name.is_empty());
        list.map(|name| name.parse().unwrap()).collect()
    };
    Root { name: name.parse().unwrap(), extras: names(extras), groups: names(groups) }
}

/// Roots separated by blanks.
pub(super) fn closure(lock: &Lock, roots: &str, environment: &Environment) -> Closure {
    lock.closure(&roots.split(' ').map(root).collect::<Vec<_>>(), environment)
}

pub(super) fn image() -> Environment {
    Environment::cpython_on_linux("3.13", "x86_64")
}

/// Without the hashes and the URLs' hosts, a line for each distribution and condition.
pub(super) fn render(closure: &Closure) -> String {
    let mut out = String::new();
    for (name, distributions) in &closure.distributions {
        for distribution in distributions {
            let release = &distribution.release;
            write!(out, "{name}").unwrap();
            match &release.version {
                Some(version) => writeln!(out, " {version}").unwrap(),
                None => writeln!(out, " {}", release.source).unwrap(),
            }
            for condition in &distribution.conditions {
                let extra = condition.extra.as_ref().map_or(String::new(), |e| format!(" [{e}]"));
                let through = condition.through.as_ref().map(|t| format!(" through {t}"));
                let marker = condition.marker.as_ref().map(|marker| format!(" if {marker}"));
                let [through, marker] = [through, marker].map(Option::unwrap_or_default);
                writeln!(out, " {extra}{marker}{through}").unwrap();
            }
        }
    }
    for name in &closure.unresolved {
        writeln!(out, "unresolved {name}").unwrap();
    }
    out
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_error(outcome: Result<Lock, LockError>, expected: Expect) {
    expected.assert_eq(&outcome.unwrap_err().to_string());
}

#[test]
fn broken_locks() {
    check_error(
        parse_uv_lock("version = 1\n[[package]]\nname = \n"),
        expect!["3:8: invalid TOML: string values must be quoted, expected literal string"],
    );
    check_error(
        parse_uv_lock("version = 1\n[[package]]\nversion = '1'\n"),
        expect!["2:1: `package[0]` has no name"],
    );
    check_error(
        parse_uv_lock("version = 1\npackage = 1\n[[distribution]]\nname = 'a'"),
        expect!["2:11: `package` must be an array of tables, found an integer"],
    );
    check_error(
        parse_uv_lock(
            "version = 1\n[[package]]\nname = '-'\nwheels = [1]\nsource = 1\ndependencies = ['é', {}]",
        ),
        expect!["3:9: `-` is not a valid name"],
    );
    check_error(
        parse_poetry_lock(
            "metadata = { lock-version = '2.1' }\n[[package]]\nname = 'a'\nfiles = 1",
        ),
        expect!["4:9: `package[0].files` must be an array of tables, found an integer"],
    );
}

#[test]
fn unknown_versions() {
    check_error(
        parse_uv_lock("version = 2\npackage = 1"),
        expect!["a lock of the unknown version `2`"],
    );
    check_error(parse_uv_lock(""), expect!["a lock without a version"]);
    check_error(parse_uv_lock("version = []"), expect!["a lock without a version"]);
    check_error(
        parse_poetry_lock("[metadata]\nlock-version = '3.0'"),
        expect!["a lock of the unknown version `3.0`"],
    );
    check_error(
        parse_poetry_lock("[metadata]\ncontent-hash = 'x'"),
        expect!["a lock without a version"],
    );
    check_error(parse_poetry_lock(UV_LOCK), expect!["a lock without a version"]);
}

type Parse = fn(&str) -> Result<Lock, LockError>;

/// Locks, how they are read, and roots that reach most of them.
fn parsers() -> [(&'static str, Parse, &'static str); 3] {
    [
        (UV_LOCK, parse_uv_lock, "poller beta[s3]{test} mono{dev,lint}"),
        (POETRY_LOCK, parse_poetry_lock, "shop[query]{dev}"),
        (OLD_POETRY_LOCK, parse_poetry_lock, "shop[query]{dev}"),
    ]
}

/// The text up to the first package, the packages, and what is behind them.
fn split_packages(text: &str) -> (String, Vec<String>, String) {
    let (head, rest) = text.split_at(text.find("[[package]]").unwrap());
    let end = rest.find("\n[extras]").map_or(rest.len(), |at| at + 1);
    let (packages, tail) = rest.split_at(end);
    let packages = packages.split("[[package]]").skip(1);
    let packages = packages.map(|package| format!("[[package]]{package}\n"));
    (head.to_owned(), packages.collect(), tail.to_owned())
}

/// The package with this name is replaced by what `edit` makes of it.
pub(super) fn edit_package(text: &str, name: &str, edit: impl Fn(&str) -> String) -> String {
    let (head, packages, tail) = split_packages(text);
    let mark = format!("[[package]]\nname = \"{name}\"\n");
    assert!(packages.iter().any(|package| package.starts_with(&mark)), "{name}");
    let edited = packages
        .iter()
        .map(|package| if package.starts_with(&mark) { edit(package) } else { package.clone() });
    head + &edited.collect::<String>() + &tail
}

#[test]
fn formatting_and_revisions_are_noise() {
    for (text, parse, roots) in parsers() {
        let before = closure(&parse(text).unwrap(), roots, &Environment::default());
        assert!(before.distributions.len() > 10 && before.unresolved.is_empty());
        let noisy = text
            .replace("revision = ", "revision = 1")
            .replace("content-hash = \"", "content-hash = \"0")
            .replace("description = \"", "description = \"another ")
            .replace("upload-time = \"2", "upload-time = \"3")
            .replace("size = 1", "size = 2")
            .replace("requires-python = \">=3.10\"", "requires-python = \">=3.9\"")
            .replace(" = ", "   =  ")
            .replace("{ name", "{  new-key = [1], name")
            .replace('\n', " # a comment\r\n");
        assert_ne!(noisy, text);
        let after = closure(&parse(&noisy).unwrap(), roots, &Environment::default());
        assert_eq!(before, after);
        assert_eq!(before.canonical_lines(), after.canonical_lines());
    }
}

/// Whatever is edited in a package counts for those that reach it, and for nobody else.
#[test]
fn an_edit_counts_where_the_package_is_reached() {
    let lock = parse_uv_lock(UV_LOCK).unwrap();
    let everywhere = Environment::default();
    let names: Vec<_> = lock.packages().iter().map(|package| package.name.clone()).collect();
    for edited in &names {
        let text = edit_package(UV_LOCK, edited.as_str(), |package| {
            package.replace("hash = \"sha256:", "hash = \"sha256:0").replacen(
                "version = \"",
                "version = \"0",
                1,
            )
        });
        // Those that name the version among several follow it.
        let text = if text.contains(&format!("{{ name = \"{edited}\", version = \"")) {
            text.replace(
                &format!("{{ name = \"{edited}\", version = \""),
                &format!("{{ name = \"{edited}\", version = \"0"),
            )
        } else {
            text
        };
        let new = parse_uv_lock(&text).unwrap();
        for name in &names {
            let (before, after) = (
                closure(&lock, name.as_str(), &everywhere),
                closure(&new, name.as_str(), &everywhere),
            );
            let release = &lock.packages().iter().find(|p| p.name == *edited).unwrap().release;
            let counts =
                before.distributions.contains_key(edited) && release.source.folder().is_none();
            assert_eq!(before != after, counts, "{edited} for {name}");
            assert_eq!(before.canonical_lines() != after.canonical_lines(), counts);
        }
    }
}

/// 1 MiB of each thing that could be multiplied by another.
#[test]
fn large_locks_are_read() {
    let outcomes = |text: &str| {
        let (uv, poetry) = (
            parse_uv_lock(&format!("version = 1\n{text}")),
            parse_poetry_lock(&format!("metadata = {{ lock-version = '2.1' }}\n{text}")),
        );
        for lock in [uv, poetry].into_iter().flatten() {
            let closure = closure(&lock, "a[e0]", &Environment::default());
            assert!(!closure.distributions.is_empty());
            closure.canonical_lines();
        }
    };
    let many =
        |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    // One name of many versions, that many packages ask for.
    let versions = many(12_000, &|i| format!("[[package]]\nname = 'b'\nversion = '{i}'\n"));
    let asks = many(12_000, &|_| "{name = 'b'},".to_owned());
    outcomes(&format!("{versions}[[package]]\nname = 'a'\ndependencies = [{asks}]"));
    // A long chain, and a long name with many dependencies.
    outcomes(&many(16_000, &|i| {
        format!(
            "[[package]]\nname = '{}'\ndependencies = [{{name = 'b{}'}}]\n",
            if i == 0 { "a".to_owned() } else { format!("b{i}") },
            i + 1
        )
    }));
    let long = "b".repeat(400_000);
    let leaves = many(12_000, &|i| format!("[[package]]\nname = 'c{i}'\n"));
    let edges = many(12_000, &|i| format!("{{name = 'c{i}'}},"));
    outcomes(&format!(
        "[[package]]\nname = 'a'\ndependencies = [{{name = '{long}', marker = \"os_name == 'x'\"}}]\n[[package]]\nname = '{long}'\ndependencies = [{edges}]\n{leaves}"
    ));
    // Markers that are deep, long, or about many extras; a name in many groups.
    let deep = "(".repeat(400_000) + "os_name == 'x'" + &")".repeat(400_000);
    outcomes(&format!(
        "[[package]]\nname = 'a'\nmarkers = \"{deep}\"\ngroups = ['main']\ndependencies = [{{name = 'a', marker = \"{deep}\"}}]"
    ));
    let extras = many(40_000, &|i| format!("extra == 'e{i}' or ")) + "extra == 'x'";
    outcomes(&format!("[[package]]\nname = 'a'\ngroups = ['main']\nmarkers = \"{extras}\"\n"));
    // Many extras of one package, wanted by one with a long name or a long marker; what many
    // depend on has a lot of files.
    let names = many(20_000, &|i| format!("'e{i}',"));
    let tables = many(20_000, &|i| format!("e{i} = []\n"));
    let wants = |name: &str, marker: &str| {
        format!(
            "[[package]]\nname = 'a'\ndependencies = [{{name = '{name}', marker = 'os_name == \"x\"'}}]\n[[package]]\nname = '{name}'\ndependencies = [{{name = 'c', extra = [{names}], marker = '{marker}'}}]\n[[package]]\nname = 'c'\n[package.optional-dependencies]\n{tables}"
        )
    };
    outcomes(&wants(&long, "os_name == \"x\""));
    outcomes(&wants("b", &format!("os_name == \"{long}\"")));
    let files = many(20_000, &|i| format!("{{hash = '{i}'}},"));
    let asks = many(20_000, &|_| "{name = 'b'},".to_owned());
    outcomes(&format!(
        "[[package]]\nname = 'a'\ndependencies = [{asks}]\n[[package]]\nname = 'b'\nwheels = [{files}]\nfiles = [{files}]\n"
    ));
    let groups = many(60_000, &|i| format!("'g{i}',"));
    outcomes(&format!(
        "[[package]]\nname = 'a'\nmarkers = \"{}\"\ngroups = [{groups}]\n",
        "x".repeat(400_000)
    ));
}

fn fragment() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "[[package]]\nname = 'a'\nversion = '1'\n",
        "[[package]]\nname = 'a'\nversion = '2'\nresolution-markers = [\"os_name == 'x'\", '']\n",
        "[[package]]\nname = 'é'\n",
        "[[distribution]]\nname = 'b'\nsource = 'editable+x'\n",
        "[[package]]\nname = 'b'\nsource = { virtual = '.' }\n",
        "source = { git = 'x', subdirectory = 1 }\n",
        "dependencies = [{ name = 'a', extra = ['x'] }, { name = 'c' }]\n",
        "dependencies = [{ name = 'b', marker = \"extra == 'x'\" }, 'é']\n",
        "optional-dependencies = { x = [{ name = 'a', version = '2' }], é = 1 }\n",
        "[package.dev-dependencies]\nx = [{ name = 'b', extra = 'x' }]\n",
        "[package.dependencies]\na = { version = '*', optional = true }\nb = ['1', { markers = \"extra == 'x'\", extras = ['x'] }]\n",
        "[package.extras]\nx = ['a (>=1)', 'é', 1]\n",
        "[package.source]\ntype = 'git'\nurl = 'é'\n",
        "groups = ['main', 'x']\n",
        "markers = { main = \"extra == 'x'\", x = 'é' }\n",
        "markers = \"os_name == 'posix'\"\n",
        "optional = true\n",
        "category = 'dev'\n",
        "files = [{ hash = 'sha256:a' }, { file = 'x' }, 1]\n",
        "wheels = [{ url = 'é' }]\nsdist = { hash = 'é' }\n",
        "[extras]\nx = ['a', 'd']\n",
        "[metadata.files]\na = [{ hash = 'sha256:b' }]\n",
        "]\n",
        "\r\n",
    ])
}

proptest! {
    #[test]
    fn no_lock_makes_it_panic(fragments in proptest::collection::vec(fragment(), 0..12), any in ".{0,30}") {
        let body = fragments.concat();
        for text in [format!("version = 1\n{body}"), format!("metadata.lock-version = '2.1'\n{body}"), format!("{body}{any}"), any] {
            for outcome in [parse_uv_lock(&text), parse_poetry_lock(&text)] {
                match outcome {
                    Ok(lock) => {
                        for environment in [Environment::default(), image()] {
                            let closure = closure(&lock, "a[x]{x} b[x] project[x]{x}", &environment);
                            prop_assert!(closure.canonical_lines().len() >= closure.distributions.len());
                        }
                    }
                    Err(LockError::Invalid(faults)) => {
                        let lines = text.split('\n').count();
                        prop_assert!(!faults.is_empty());
                        prop_assert!(faults.iter().all(|f| (1..=lines).contains(&f.line) && f.column >= 1));
                    }
                    Err(LockError::UnknownVersion { .. }) => {}
                }
            }
        }
    }

}

proptest! {
    // Each case reads whole locks.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_packages_is_noise(which in 0..3_usize, seed in proptest::collection::vec(any::<u32>(), 64)) {
        let (text, parse, roots) = parsers()[which];
        let (head, packages, tail) = split_packages(text);
        let mut keyed: Vec<_> = packages.iter().enumerate().collect();
        keyed.sort_by_key(|(index, _)| seed[index % seed.len()].rotate_left(*index as u32));
        let shuffled = head + &keyed.into_iter().map(|(_, p)| p.as_str()).collect::<String>() + &tail;
        let (before, after) = (parse(text).unwrap(), parse(&shuffled).unwrap());
        for environment in [Environment::default(), image()] {
            prop_assert_eq!(closure(&before, roots, &environment), closure(&after, roots, &environment));
            let roots: Vec<_> = roots.split(' ').map(root).collect();
            for package in before.packages() {
                let chain = before.chain(&roots, &environment, &package.name);
                prop_assert_eq!(chain, after.chain(&roots, &environment, &package.name));
            }
        }
    }

    /// More roots install more, and an environment only rules out.
    #[test]
    fn a_closure_is_monotone(which in 0..2_usize, picks in proptest::collection::vec((any::<proptest::sample::Index>(), 0..3_usize), 1..6), split in any::<proptest::sample::Index>()) {
        let (text, parse, _) = parsers()[which];
        let lock = parse(text).unwrap();
        let parts = ["", "[s3,query,socks]", "{dev,test}"];
        let mut roots: Vec<Root> = picks.iter().map(|(pick, part)| {
            root(&format!("{}{}", pick.get(lock.packages()).name, parts[*part]))
        }).collect();
        roots.push(root("shop[query]"));
        let installed = |roots: &[Root], environment: &Environment| -> Vec<_> {
            let closure = lock.closure(roots, environment);
            let all = closure.distributions.into_iter();
            all.flat_map(|(name, all)| all.into_iter().map(move |d| (name.clone(), d.release))).collect()
        };
        let (all, some) = (&roots[..], &roots[..split.index(roots.len())]);
        for environment in [Environment::default(), image()] {
            let more = installed(all, &environment);
            prop_assert!(installed(some, &environment).iter().all(|one| more.contains(one)));
        }
        let anywhere = installed(all, &Environment::default());
        prop_assert!(installed(all, &image()).iter().all(|one| anywhere.contains(one)));
    }
}

#[test]
fn a_whole_root_has_all_that_the_lock_knows_of_it() {
    for lock in [parse_uv_lock(UV_LOCK).unwrap(), parse_poetry_lock(POETRY_LOCK).unwrap()] {
        let everything = lock.everything();
        let mut most = 0;
        for package in lock.packages() {
            let name = &package.name;
            let root = lock.whole_root(name.clone());
            let whole = lock.closure(std::slice::from_ref(&root), &Environment::default());
            let alone = lock.closure(&[Root::new(name.clone())], &Environment::default());
            for installed in alone.distributions.keys() {
                assert!(whole.distributions.contains_key(installed), "{name}: {installed}");
            }
            for installed in whole.distributions.keys() {
                assert!(everything.distributions.contains_key(installed), "{name}: {installed}");
            }
            most = most.max(root.extras.len() + root.groups.len());
        }
        assert_eq!(
            everything.distributions.values().map(std::collections::BTreeSet::len).sum::<usize>(),
            {
                let releases = lock.packages().iter().map(|p| (&p.name, &p.release));
                releases.collect::<std::collections::BTreeSet<_>>().len()
            }
        );
        assert!(most > 0, "no package of the fixture has extras");
    }
}
