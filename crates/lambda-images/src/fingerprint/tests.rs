use super::*;
use crate::graph::ContextUse;
use crate::graph::fixture::{Texts, texts};
use proptest::prelude::*;

/// Fingerprints of a workspace in which every folder holds one file, named by the folder, with
/// `content` for those whose path contains `changed`.
fn fingerprints(texts: &Texts, changed: &str, content: &str) -> BTreeMap<String, Fingerprint> {
    let (_, graph) = texts.graph();
    let read = |image: &Image| {
        let digest = |context: &ContextUse| {
            let is_changed = context.folder.folder.contains(changed);
            let content = if is_changed { content } else { "same" };
            (context.role.to_string(), TreeDigest(sha256(content.as_bytes())))
        };
        ReadInputs { contexts: image.contexts.iter().map(digest).collect(), locks: BTreeMap::new() }
    };
    inputs_of(&graph, graph.images().iter().map(read).collect())
        .into_iter()
        .map(|(name, (_, fingerprint))| (name.to_string(), fingerprint))
        .collect()
}

/// Names of the images whose fingerprint differs.
#[track_caller]
fn check_affected(before: &Texts, after: &Texts, expected: &str) {
    let (before, after) = (fingerprints(before, "-", ""), fingerprints(after, "-", ""));
    let affected: Vec<&str> = before
        .iter()
        .filter(|(name, sum)| after.get(*name) != Some(*sum))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(affected.join(" "), expected);
}

#[test]
fn a_changed_file_affects_what_stands_on_it() {
    let all = |changed: &str| {
        let (before, after) =
            (fingerprints(&texts(), changed, "old"), fingerprints(&texts(), changed, "new"));
        before
            .iter()
            .filter(|(name, sum)| after[*name] != **sum)
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(all("lambdas/one"), "one");
    assert_eq!(all("packages/high"), "base-high two");
    assert_eq!(all("packages/low"), "base-high base-low one two");
}

#[test]
fn settings_that_reach_the_build_count_and_others_do_not() {
    let with = |config: &str| Texts { config: format!("{}{config}\n", texts().config), ..texts() };
    check_affected(&texts(), &with("platform = \"linux/arm64\""), "base-high base-low one two");
    check_affected(&texts(), &with("args = { LEVEL = \"3\" }"), "one");
    check_affected(&texts(), &with("args = { UNHEARD = \"3\" }"), "");
    check_affected(
        &texts(),
        &with("mirrors = { \"public.ecr.aws/\" = \"mirror.example/\" }"),
        "base-high base-low one two",
    );
    check_affected(
        &texts(),
        &with(
            "stack = \"prod\"\nregistry = \"registry.example\"\ntag-policy = \"content\"\nnetwork = \"host\"",
        ),
        "",
    );
    check_affected(&texts(), &with("base = \"base-high\""), "");
    check_affected(&texts(), &with("base = \"base-low\""), "two");
}

#[test]
fn only_instructions_of_a_dockerfile_count() {
    let with = |text: &str| {
        let mut texts = texts();
        texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), text.to_owned());
        texts
    };
    check_affected(
        &texts(),
        &with("# a comment\nFROM base-low\n\nARG LEVEL\nCOPY \\\n  handler.py ./\n"),
        "",
    );
    check_affected(&texts(), &with("FROM base-low\nARG LEVEL\nCOPY handler.py ./app/\n"), "one");
    check_affected(
        &texts(),
        &with("FROM base-low AS unused\nRUN x\nFROM base-low\nARG LEVEL\nCOPY handler.py ./\n"),
        "",
    );
}

#[test]
fn a_mirrored_context_counts_as_what_the_mirror_points_to() {
    let mut before = texts();
    let settings =
        "[tool.lambda-image]\ncontexts = { tools = \"docker-image://ghcr.io/x/tools:1\" }\n";
    before.pyprojects.get_mut("lambdas/one/pyproject.toml").unwrap().push_str(settings);
    let with_mirror = |mirror: &str| Texts {
        config: format!("{}mirrors = {{ \"ghcr.io/\" = \"{mirror}\" }}\n", before.config),
        ..before.clone()
    };
    check_affected(&before, &with_mirror("ghcr.io/"), "");
    check_affected(&before, &with_mirror("mirror.example/"), "one");
}

#[test]
fn args_that_buildkit_takes_undeclared_count() {
    let with = |config: &str| Texts { config: format!("{}{config}\n", texts().config), ..texts() };
    check_affected(
        &texts(),
        &with("args = { SOURCE_DATE_EPOCH = \"1\" }"),
        "base-high base-low one two",
    );
}

#[test]
fn a_pinned_base_counts_by_its_digest_alone() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    assert_eq!(
        external_identity(&format!("python:3.13@{digest}")),
        BaseIdentity::Digest(digest.clone())
    );
    assert_eq!(
        external_identity(&format!("mirror.example/py@{digest}")),
        BaseIdentity::Digest(digest)
    );
    assert_eq!(external_identity("python:3.13"), BaseIdentity::Reference("python:3.13".to_owned()));
}

#[test]
fn the_encoding_does_not_change_unseen() {
    // A change here rebuilds every image of every user once: raise `SCHEMA` with it.
    let one = fingerprints(&texts(), "-", "")["one"].to_string();
    expect_test::expect!["7dbc5e638bea9fa9f0abab35d40a46f86daceaa82d4847ecd85664de73fa3338"]
        .assert_eq(&one);
}

#[test]
fn sums_survive_json() {
    let sum = sha256(b"x");
    let text = serde_json::to_string(&sum).unwrap();
    assert_eq!(serde_json::from_str::<Sha256Sum>(&text).unwrap(), sum);
    assert!(serde_json::from_str::<Sha256Sum>("\"abc\"").is_err());
}

proptest! {
    #[test]
    fn a_sum_is_read_back_as_it_was_written(bytes in any::<[u8; 32]>()) {
        prop_assert_eq!(parse_hex(&Sha256Sum(bytes).to_string()), Some(bytes));
    }

    /// Text that moves from one field to the next gives other inputs.
    #[test]
    fn fields_never_run_together(a in "[xy]{0,3}", b in "[xy]{0,3}", c in "[xy]{0,3}", d in "[xy]{0,3}") {
        let part = |text: &str| -> Locked {
            [(text.to_owned(), LockedPart { version: None, sha256: sha256(text.as_bytes()) })].into()
        };
        let inputs = |first: &str, second: &str| Inputs {
            platform: "linux/amd64".to_owned(),
            target: None,
            instructions: vec![first.to_owned(), second.to_owned()],
            args: BTreeMap::from([(first.to_owned(), second.to_owned())]),
            bases: BTreeMap::new(),
            dependencies: BTreeMap::new(),
            remotes: BTreeMap::new(),
            contexts: BTreeMap::new(),
            locks: BTreeMap::from([(first.to_owned(), Arc::new(part(second)))]),
        };
        let (one, other) = (inputs(&a, &b), inputs(&c, &d));
        prop_assert_eq!(one.fingerprint() == other.fingerprint(), one == other);
    }
}
