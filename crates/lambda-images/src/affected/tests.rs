use expect_test::{Expect, expect};

use super::*;
use crate::fingerprint::{ReadInputs, TreeDigest, inputs_of, sha256};
use crate::graph::fixture::{Texts, texts};

/// The inputs of a workspace of which what each image reads is told by `content`.
fn state(texts: &Texts, content: impl Fn(&str) -> String) -> (ImageGraph, AllInputs) {
    let (_, graph) = texts.graph();
    let read = |image: &crate::graph::Image| ReadInputs {
        contexts: BTreeMap::from([(
            "main".to_owned(),
            TreeDigest(sha256(content(image.name().as_str()).as_bytes())),
        )]),
        locks: BTreeMap::new(),
    };
    let inputs = inputs_of(&graph, graph.images().iter().map(read).collect());
    (graph, inputs)
}

fn compared(
    (before, now): (&Texts, &Texts),
    changed: &str,
    doubts: &[&str],
) -> (ImageGraph, Vec<AffectedImage>) {
    let (_, before) = state(before, |_| String::new());
    let (graph, now) = state(now, |name| if name == changed { "new" } else { "" }.to_owned());
    let doubts = doubts.iter().map(|name| {
        let reason = Reason::BaseUnknown { message: "who knows".to_owned() };
        (ImageName::new(name).unwrap(), reason)
    });
    let file = |name: &ImageName| {
        let path = match name.as_str() {
            "base-low" => "packages/low/low.py",
            _ => "lambdas/one/handler.py",
        };
        let is_changed = name.as_str() == changed;
        is_changed.then(|| Reason::FileChanged { path: path.to_owned() }).into_iter().collect()
    };
    let images = compare(
        &graph,
        &|name| before.get(name).map(|inputs| inputs.1),
        &now,
        &doubts.collect(),
        &file,
        &|_| false,
    );
    (graph, images)
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(sides: (&Texts, &Texts), changed: &str, doubts: &[&str], expected: Expect) {
    let (graph, images) = compared(sides, changed, doubts);
    let mut text = String::new();
    for (name, lines) in chains(&graph, &images) {
        lines.iter().for_each(|line| text += &format!("{name}: {line}\n"));
    }
    let levels: Vec<String> = levels(&graph, &images)
        .into_iter()
        .map(|level| level.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    expected.assert_eq(&format!("{text}{}", levels.join(" | ")));
}

#[test]
fn nothing_changed_affects_nothing() {
    check((&texts(), &texts()), "", &[], expect![[""]]);
}

#[test]
fn a_chain_leads_from_the_file_to_the_image() {
    check(
        (&texts(), &texts()),
        "base-low",
        &[],
        expect![[r#"
            base-high: `packages/low/low.py` changed → low → base-low → base-high
            base-low: `packages/low/low.py` changed → low → base-low
            one: `packages/low/low.py` changed → low → base-low → one
            two: `packages/low/low.py` changed → low → base-low → base-high → two
            base-low | base-high one | two"#]],
    );
    check(
        (&texts(), &texts()),
        "one",
        &[],
        expect![[r#"
            one: `lambdas/one/handler.py` changed → one
            one"#]],
    );
}

#[test]
fn a_doubt_affects_all_that_stands_on_it() {
    check(
        (&texts(), &texts()),
        "",
        &["base-high"],
        expect![[r#"
            base-high: who knows → base-high
            two: who knows → base-high → two
            base-high | two"#]],
    );
}

#[test]
fn new_images_are_affected_and_removed_ones_are_not_there() {
    let mut before = texts();
    before.pyprojects.remove("lambdas/one/pyproject.toml");
    before.dockerfiles.remove("lambdas/one/Dockerfile");
    let added = expect![[r#"
        one: the image is new → one
        one"#]];
    check((&before, &texts()), "", &[], added);
    check((&texts(), &before), "", &[], expect![[""]]);
}

#[test]
fn a_difference_that_nobody_can_name_is_told_all_the_same() {
    let mut after = texts();
    after
        .dockerfiles
        .insert("lambdas/one/Dockerfile".to_owned(), "FROM base-low\nRUN x\n".to_owned());
    let (_, images) = compared((&texts(), &after), "", &[]);
    let one = images.iter().find(|image| image.name.as_str() == "one").unwrap();
    assert!(
        matches!(&one.reasons[..], [Reason::SettingChanged { name, .. }] if name == "fingerprint")
    );
}
