//! Snapshots of whole command lines, and a property per field. Whether buildx takes them is for
//! the tests with a real engine.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::quote_command;

#[track_caller]
fn check(build: &Build, expected: &Expect) {
    expected.assert_eq(&build.argv().join("\n"));
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn smallest() {
    check(
        &Build { context: ".".to_owned(), ..Build::default() },
        &expect![[r#"
            buildx
            build
            --progress=rawjson
            --provenance=false
            --sbom=false
            --load
            ."#]],
    );
}

fn full() -> Build {
    Build {
        context: "lambdas/polling".to_owned(),
        dockerfile: "lambdas/polling/Dockerfile".to_owned(),
        contexts: map(&[("base-dynamo", "docker-image://r.example/dynamo@sha256:00")]),
        target: Some("runtime".to_owned()),
        args: map(&[("B", ""), ("A", "x=y z")]),
        labels: map(&[("org.opencontainers.image.revision", "abc")]),
        platform: Some("linux/arm64".to_owned()),
        tags: vec!["r.example/polling:git-0".to_owned(), "r.example/polling:sha-1".to_owned()],
        cache_from: vec!["type=registry,ref=r.example/cache:p".to_owned()],
        cache_to: vec!["type=registry,ref=r.example/cache:p,mode=max".to_owned()],
        secrets: vec!["id=token,env=TOKEN".to_owned()],
        ssh: vec!["default".to_owned()],
        network: Some("none".to_owned()),
        output: Output::Push,
        no_cache: true,
        pull: true,
        builder: Some("ci".to_owned()),
        metadata_file: Some("target/polling.json".to_owned()),
    }
}

#[test]
fn every_field() {
    check(
        &full(),
        &expect![[r#"
            buildx
            build
            --progress=rawjson
            --provenance=false
            --sbom=false
            --builder=ci
            --file=lambdas/polling/Dockerfile
            --target=runtime
            --platform=linux/arm64
            --build-context=base-dynamo=docker-image://r.example/dynamo@sha256:00
            --build-arg=A=x=y z
            --build-arg=B=
            --label=org.opencontainers.image.revision=abc
            --secret=id=token,env=TOKEN
            --ssh=default
            --network=none
            --cache-from=type=registry,ref=r.example/cache:p
            --cache-to=type=registry,ref=r.example/cache:p,mode=max
            --tag=r.example/polling:git-0
            --tag=r.example/polling:sha-1
            --metadata-file=target/polling.json
            --no-cache
            --pull
            --output=type=image,push=true,unpack=false,oci-mediatypes=false,compression=gzip,force-compression=true
            lambdas/polling"#]],
    );
}

#[test]
fn command_for_a_message() {
    let build =
        Build { context: "a b".to_owned(), args: map(&[("GREETING", "it's")]), ..Build::default() };
    expect![[r#"buildx build --progress=rawjson --provenance=false --sbom=false '--build-arg=GREETING=it'\''s' --load 'a b'"#]]
    .assert_eq(&quote_command(build.argv()));
}

#[test]
fn outputs() {
    let cases = [
        (Output::Load, "--load"),
        (Output::None, "--output=type=cacheonly"),
        (Output::Local("out".to_owned()), "--output=type=local,dest=out"),
        (Output::Local("a,\"b\"".to_owned()), "--output=type=local,\"dest=a,\"\"b\"\"\""),
        (Output::Oci("x.tar".to_owned()), "--output=type=oci,dest=x.tar"),
    ];
    for (output, word) in cases {
        let argv = Build { output, ..Build::default() }.argv();
        assert_eq!(argv[argv.len() - 2], word);
    }
}

#[test]
fn a_context_is_never_a_flag() {
    let cases = [("-x", "./-x"), ("--push", "./--push"), ("-", "-"), ("a-b", "a-b")];
    for (context, word) in cases {
        let argv = Build { context: context.to_owned(), ..Build::default() }.argv();
        assert_eq!(argv.last().map(String::as_str), Some(word));
    }
}

#[test]
fn serialized_with_the_names_of_bake() {
    let value = serde_json::to_value(full()).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    expect!["args builder cache-from cache-to context contexts dockerfile labels metadata-file network no-cache output platform pull secrets ssh tags target"]
        .assert_eq(&keys.join(" "));
    assert_eq!(value["output"], String::from(Output::Push));
}

fn text() -> impl Strategy<Value = String> {
    "[ -~é\n]{0,12}"
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 0..3)
}

fn text_map() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[a-zA-Z_]{1,6}", text(), 0..3)
}

prop_compose! {
    fn builds()(
        names in (text(), text(), proptest::option::of(text()), proptest::option::of(text())),
        maps in (text_map(), text_map(), text_map()),
        lists in (texts(), texts(), texts(), texts(), texts()),
        rest in (proptest::option::of(text()), proptest::option::of(text()), any::<(bool, bool)>()),
    ) -> Build {
        let (context, dockerfile, target, platform) = names;
        let (contexts, args, labels) = maps;
        let (tags, cache_from, cache_to, secrets, ssh) = lists;
        let (builder, metadata_file, (no_cache, pull)) = rest;
        Build {
            context, dockerfile, target, platform, contexts, args, labels, tags, cache_from,
            cache_to, secrets, ssh, builder, metadata_file, no_cache, pull,
            network: None, output: Output::None,
        }
    }
}

/// The values that follow `--flag=`, in order.
fn values<'a>(argv: &'a [String], flag: &str) -> Vec<&'a str> {
    let start = format!("--{flag}=");
    argv.iter().filter_map(|word| word.strip_prefix(&start)).collect()
}

fn joined(map: &BTreeMap<String, String>) -> Vec<String> {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

proptest! {
    #[test]
    fn argv_holds_each_field_once(build in builds()) {
        let argv = build.argv();
        let (context, options) = argv[2..].split_last().unwrap();
        prop_assert!(options.iter().all(|word| word.starts_with("--")));
        prop_assert_eq!(context.strip_prefix("./-").is_some(), build.context.starts_with("./-")
            || (build.context.starts_with('-') && build.context != "-"));
        prop_assert!(context.ends_with(&build.context));
        prop_assert_eq!(values(options, "tag"), build.tags);
        prop_assert_eq!(values(options, "cache-from"), build.cache_from);
        prop_assert_eq!(values(options, "cache-to"), build.cache_to);
        prop_assert_eq!(values(options, "secret"), build.secrets);
        prop_assert_eq!(values(options, "ssh"), build.ssh);
        prop_assert_eq!(values(options, "target"), Vec::from_iter(build.target.as_deref()));
        prop_assert_eq!(values(options, "platform"), Vec::from_iter(build.platform.as_deref()));
        prop_assert_eq!(values(options, "builder"), Vec::from_iter(build.builder.as_deref()));
        prop_assert_eq!(
            values(options, "metadata-file"), Vec::from_iter(build.metadata_file.as_deref())
        );
        prop_assert_eq!(values(options, "build-context"), joined(&build.contexts));
        prop_assert_eq!(values(options, "build-arg"), joined(&build.args));
        prop_assert_eq!(values(options, "label"), joined(&build.labels));
        prop_assert_eq!(options.iter().any(|word| word == "--no-cache"), build.no_cache);
        prop_assert_eq!(options.iter().any(|word| word == "--pull"), build.pull);
        prop_assert_eq!(values(options, "provenance"), ["false"]);
        prop_assert_eq!(values(options, "sbom"), ["false"]);
    }
}
