use proptest::prelude::*;

use super::*;

const NAMES: &str = "one two-three base-low two";

fn repositories(template: &str) -> Repositories {
    let names = NAMES.split(' ').map(|name| {
        let kind = if name.starts_with("base-") { Kind::Base } else { Kind::Lambda };
        (ImageName::new(name).unwrap(), kind)
    });
    Repositories::of_names(template, names)
}

/// Each reference as `line:column image tag`, with a `@` where it is pinned.
fn found(text: &str, template: &str) -> Vec<String> {
    let references = find_references(text, &repositories(template));
    let shown = references.into_iter().map(|found| {
        let (line, column) = found.place;
        let pin = if found.is_pinned { "@" } else { "" };
        format!("{line}:{column} {} {}{pin}", found.image, found.tag)
    });
    shown.collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(text, "{name}-{stack}"), expected, "{text}");
}

#[test]
fn whatever_stands_around_it() {
    for text in [
        "one-dev:latest",
        "one-dev:latest\n",
        "one-dev:latest.",
        "one-dev:latest, or",
        "one-dev:latest: a key",
    ] {
        check(text, &["1:1 one latest"]);
    }
    check("image: \"one-dev:latest\"", &["1:9 one latest"]);
    check("image = 'one-prod:stable' # stable", &["1:10 one stable"]);
    check("IMAGE=one-dev:latest", &["1:7 one latest"]);
    check("{\"a\":\"one-dev:latest\"}", &["1:7 one latest"]);
    check("{\"a\":\"{\\\"b\\\":\\\"one-dev:latest\\\"}\"}", &["1:16 one latest"]);
    check("{\"a\":\"x\\none-dev:latest\\n\"}", &["1:10 one latest"]);
    check("<image>one-dev:latest</image>", &["1:8 one latest"]);
    check("docker-image://one-dev:latest", &["1:14 one latest"]);
    check("a\nü = one-dev:latest one-b:stable", &["2:5 one latest", "2:20 one stable"]);
    check("one-dev:latest;one-dev:latest", &["1:1 one latest", "1:16 one latest"]);
}

#[test]
fn any_host_and_path_and_stack() {
    check("123.dkr.ecr.eu-west-1.amazonaws.com/one-dev:latest", &["1:1 one latest"]);
    check("= localhost:5000/one-a-b:latest", &["1:3 one latest"]);
    check("https://host.example:443/team/one-dev:latest", &["1:9 one latest"]);
    check("host\\/one-dev:latest", &["1:1 one latest"]);
    check("two-three-dev:latest", &["1:1 two-three latest"]);
    check("two-four-dev:latest", &["1:1 two latest"]);
}

#[test]
fn tags_that_say_something() {
    let sha = "ab".repeat(32);
    check("one-dev:git-0123456789ab", &["1:1 one git-0123456789ab"]);
    check("one-dev:sha-0123456789ab", &["1:1 one sha-0123456789ab"]);
    check(&format!("one-dev:sha-{sha}"), &[&format!("1:1 one sha-{sha}")]);
    check("one-dev:git-0123456789ab-dirty-01234567", &["1:1 one git-0123456789ab-dirty-01234567"]);
    check("one-dev:v1.2-3-gabc-dirty", &["1:1 one v1.2-3-gabc-dirty"]);
    check("one-dev:latest@sha256:0", &["1:1 one latest@"]);
    check("one-dev:dev-0123456789ab", &["1:1 one dev-0123456789ab"]);
    check(&format!("one-dev:dev-sha-{sha}@"), &[&format!("1:1 one dev-sha-{sha}@")]);
    check(&format!("one-dev:stable-{sha}"), &[&format!("1:1 one stable-{sha}")]);
    for text in [
        "one-dev:v1.2",
        "one-dev:git-0123",
        "one-dev:git-0123456789AB",
        "one-dev:sha-0123456789abc",
        "one-dev:dev-1",
        "one-dev:dev-sha-0123456789ab",
        "one-dev:stable-0123456789ab",
        "one-dev:lateststable",
        "one-dev:",
        "one-dev: latest",
        "one-dev@sha256:0",
    ] {
        check(text, &[]);
    }
}

#[test]
fn what_is_not_an_image_of_this_workspace() {
    for text in [
        "one:latest",
        "one-:latest",
        "three-dev:latest",
        "someone-dev:latest",
        "ONE-dev:latest",
        "one-dev/more:latest",
        "http://one-dev:8080/latest",
        "one-dev:latest/more",
        "a:latest:latest",
        "${one-dev:-v1-dirty}",
        "one-dev:.-dirty",
    ] {
        check(text, &[]);
    }
    check("base-low-dev:latest", &["1:1 base-low latest"]);
}

#[test]
fn what_a_variable_decides_is_left_alone() {
    for text in [
        "one-dev:${tag}",
        "one-dev:{tag}",
        "one-dev:git-${commit}",
        "one-dev:latest${suffix}",
        "one-dev:latest{suffix}",
        "one-${stack}:latest",
        "${prefix}one-dev:latest",
        "$(prefix)one-dev:latest",
        "$name:latest",
        "%sone-dev:latest",
    ] {
        check(text, &[]);
    }
    check("${registry}/one-dev:latest", &["1:12 one latest"]);
    check("f\"{registry}/one-dev:latest\"", &["1:13 one latest"]);
    check("$REGISTRY/one-dev:latest", &["1:2 one latest"]);
    check("${a}b/one-dev:latest", &["1:5 one latest"]);
}

#[test]
fn other_templates() {
    for (template, text, expected) in [
        ("{name}", "host.example/one:latest", &["1:1 one latest"][..]),
        ("{name}", "one-dev:latest", &[]),
        ("team/{name}/{stack}", "h.example/team/one/dev:latest", &["1:1 one latest"]),
        ("team/{name}/{stack}", "one/dev:latest", &[]),
        ("{stack}-{name}", "prod-eu-two-three:latest", &["1:1 two-three latest"]),
        ("{stack}/a-{name}.{stack}", "dev/a-one.dev:latest", &["1:1 one latest"]),
        ("{stack}/a-{name}.{stack}", "dev/a-one.:latest", &[]),
        ("x{stack}y{stack}z-{name}", "xaybz-one:latest", &["1:1 one latest"]),
        ("x{stack}y{stack}z-{name}", "xybz-one:latest", &[]),
    ] {
        assert_eq!(found(text, template), expected, "{template}: {text}");
    }
}

#[test]
fn what_is_longer_than_any_name_is_none() {
    check(&format!("{}/one-dev:latest", "a".repeat(600)), &[]);
    check(&format!("one-dev:{}-dirty", "a".repeat(125)), &[]);
    check(&format!("one-{}:latest", "a".repeat(300)), &["1:1 one latest"]);
}

proptest! {
    /// Every place is of what is written there, and no reference begins within another.
    #[test]
    fn places_are_of_what_is_written(
        text in prop::collection::vec(
            prop::sample::select(&[
                "one", "two", "-dev", ":", "latest", "git-0123456789ab", "-dirty", "/", "\\", "\\/",
                "dev-0123456789ab", "@", " ", "\n", "é", "${", "}", "\"", ".", "5000", "localhost", "$", "a",
            ][..]),
            0..40,
        ),
    ) {
        let text = text.concat();
        let mut end = 0;
        for found in find_references(&text, &repositories("{name}-{stack}")) {
            let (line, column) = found.place;
            let written = text.split('\n').nth(line - 1).unwrap();
            let written: String = written.chars().skip(column - 1).collect();
            prop_assert!(written.starts_with(found.written), "{:?}", found);
            let start = found.written.as_ptr() as usize - text.as_ptr() as usize;
            prop_assert!(start >= end, "{:?}", found);
            end = start + found.written.len();
            prop_assert_eq!(TagKind::of(found.tag), Some(found.tag_kind));
        }
    }

    /// A reference that the tool itself would print is found wherever it stands.
    #[test]
    fn no_reference_is_missed(
        before in "(.*[ \"'=\n(\\[,])?",
        host in "([a-z]{1,5}\\.[a-z]{1,5}(:[0-9]{1,5})?/([a-z]{1,4}/)?)?",
        stack in "[a-z0-9]{1,6}",
        after in "([ \"'\n)\\],].*)?",
    ) {
        let written = format!("{host}one-{stack}:git-0123456789ab");
        let text = format!("{before}{written}{after}");
        let found = find_references(&text, &repositories("{name}-{stack}"));
        prop_assert!(found.iter().any(|found| found.written == written), "{:?}", found);
    }

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        find_references(&text, &repositories("{name}-{stack}"));
    }
}
