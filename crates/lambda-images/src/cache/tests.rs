use super::*;
use crate::graph::fixture::{Texts, texts};
use expect_test::{Expect, expect};

struct World {
    destination: Destination,
    builder: Option<CacheBuilder>,
    may_write: bool,
    has_gha: bool,
    last: Option<&'static str>,
}

fn world() -> World {
    World {
        destination: Destination::Registry,
        builder: None,
        may_write: true,
        has_gha: true,
        last: None,
    }
}

fn classic() -> Option<CacheBuilder> {
    engine(CacheAbility::Classic)
}

fn engine(ability: CacheAbility) -> Option<CacheBuilder> {
    Some(CacheBuilder { name: "default".to_owned(), driver: "docker".to_owned(), ability })
}

/// The caches of `one` with these entries.
#[track_caller]
fn check(world: &World, from: &str, to: &str, expected: &Expect) {
    let config = format!(
        "{}registry = \"r.example\"\ncache-from = [{from}]\ncache-to = [{to}]\n",
        texts().config
    );
    let registry = "r.example".parse().unwrap();
    let (_, graph) = Texts { config, ..texts() }.graph();
    let one = graph.get(&ImageName::new("one").unwrap()).unwrap();
    let caches = caches_of(
        &one.declaration,
        &CacheFacts {
            registry: Some(&registry),
            stack: "dev",
            destination: world.destination,
            builder: world.builder.as_ref(),
            may_write: world.may_write,
            has_gha: world.has_gha,
            last: &|_| world.last.map(str::to_owned),
            holds_cache: &|folder| folder == "here/one",
        },
    );
    let mut text = String::new();
    caches.from.iter().for_each(|source| text += &format!("from {source}\n"));
    caches.to.iter().for_each(|destination| text += &format!("to {destination}\n"));
    for CacheFolder { fresh, folder } in &caches.folders {
        text += &format!("move {fresh} to {folder}\n");
    }
    for repository in &caches.repositories {
        text += &format!("repository {}\n", repository.as_str());
    }
    caches.notes.iter().for_each(|note| text += &format!("{note}\n"));
    expected.assert_eq(&text);
}

#[test]
fn each_image_and_platform_has_a_place_of_its_own() {
    check(
        &world(),
        "\"registry\", \"gha\", \"local\", \"local,src=here/{name}\"",
        "\"registry\", \"local,dest=here/{name}\", \"inline\"",
        &expect![[r#"
            from type=registry,ref=r.example/cache:one-linux-amd64
            from type=gha,scope=one-linux-amd64
            from type=local,src=here/one
            to type=registry,ignore-error=true,image-manifest=true,mode=max,oci-mediatypes=true,ref=r.example/cache:one-linux-amd64
            to type=local,dest=here/one.new,ignore-error=true,mode=max
            to type=inline
            move here/one.new to here/one
            repository r.example/cache
        "#]],
    );
}

#[test]
fn who_may_not_write_only_reads() {
    check(
        &World { may_write: false, ..world() },
        "\"registry\"",
        "\"registry\", \"inline\"",
        &expect![[r#"
            from type=registry,ref=r.example/cache:one-linux-amd64
        "#]],
    );
}

#[test]
fn the_classic_store_exports_inline_and_says_so_once() {
    let world = World { builder: classic(), ..world() };
    check(
        &world,
        "\"registry\", \"s3,bucket=b\"",
        "\"registry\", \"gha\", \"inline\"",
        &expect![[r#"
            from type=registry,ref=r.example/cache:one-linux-amd64
            to type=inline
            note: the builder `default` (docker driver, classic image store) can't export a `gha` cache: an `inline` cache takes its place; a builder of `docker buildx create --use` can
            note: the builder `default` (docker driver, classic image store) can't export a `registry` cache: an `inline` cache takes its place; a builder of `docker buildx create --use` can
            note: the builder `default` (docker driver, classic image store) can't import a `s3` cache: it is left out; a builder of `docker buildx create --use` can
        "#]],
    );
    check(
        &World { destination: Destination::Local, ..world },
        "",
        "\"registry\"",
        &expect![[r#"
            note: the builder `default` (docker driver, classic image store) can't export a `registry` cache: it is left out; a builder of `docker buildx create --use` can
        "#]],
    );
}

#[test]
fn the_containerd_store_can_do_all_but_s3() {
    check(
        &World { builder: engine(CacheAbility::Containerd), ..world() },
        "\"gha\"",
        "\"s3,bucket=b\", \"registry,ref=r.example/c:{name}\"",
        &expect![[r#"
            from type=gha,scope=one-linux-amd64
            to type=inline
            to type=registry,ignore-error=true,image-manifest=true,mode=max,oci-mediatypes=true,ref=r.example/c:one
            repository r.example/c
            note: the builder `default` (docker driver) can't export a `s3` cache: an `inline` cache takes its place; a builder of `docker buildx create --use` can
        "#]],
    );
}

#[test]
fn github_s_cache_without_its_variables_is_left_out() {
    check(
        &World { has_gha: false, ..world() },
        "\"gha\"",
        "\"gha\"",
        &expect![[r#"
            note: the `gha` cache is left out: `ACTIONS_RUNTIME_TOKEN` and the cache's address are not set (in GitHub Actions, `crazy-max/ghaction-github-runtime` sets them)
        "#]],
    );
}

#[test]
fn an_inline_cache_is_read_from_the_last_image() {
    check(&world(), "\"inline\"", "", &expect![""]);
    check(
        &World { last: Some("r.example/one-dev:git-0"), ..world() },
        "\"inline\"",
        "",
        &expect![[r#"
            from type=registry,ref=r.example/one-dev:git-0
        "#]],
    );
}

#[test]
fn the_default_branch_in_ci_writes() {
    let ci = |branch: &str| CiRun {
        variable: "CI",
        is_pull_request: false,
        branch: Some(branch.to_owned()),
        default_branch: None,
    };
    let main = ci("main");
    let pull = CiRun { is_pull_request: true, ..ci("main") };
    assert!(may_write(CacheWrite::Auto, Some(&main)));
    for other in [None, Some(&ci("topic")), Some(&pull)] {
        assert!(!may_write(CacheWrite::Auto, other), "{other:?}");
        assert!(may_write(CacheWrite::Always, other));
    }
    assert!(!may_write(CacheWrite::Never, Some(&main)));
}
