use super::*;
use crate::fingerprint::{Inputs, Mode, sha256};
use crate::tree::FileState;
use expect_test::{Expect, expect};
use std::collections::BTreeMap;

fn record(change: impl FnOnce(&mut Record)) -> Record {
    let inputs = Inputs {
        platform: "linux/amd64".to_owned(),
        target: None,
        instructions: vec!["FROM base".to_owned()],
        args: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
        bases: BTreeMap::from([(
            "python:3".to_owned(),
            BaseIdentity::Reference("python:3".to_owned()),
        )]),
        dependencies: BTreeMap::from([(
            ImageName::new("base-low").unwrap(),
            Fingerprint(sha256(b"low")),
        )]),
        remotes: BTreeMap::new(),
        contexts: BTreeMap::new(),
        locks: BTreeMap::new(),
    };
    let file =
        |content: &str, mode| FileState { mode, sha256: sha256(content.as_bytes()), size: 0 };
    let files = BTreeMap::from([
        ("a.py".to_owned(), file("a", Mode::File)),
        ("b.py".to_owned(), file("b", Mode::File)),
    ]);
    let mut record = Record {
        version: Record::VERSION,
        fingerprint: inputs.fingerprint(),
        dockerfile: "f/Dockerfile".to_owned(),
        inputs,
        files,
        declared: BTreeMap::new(),
        undetermined: Vec::new(),
        duration_ms: None,
    };
    change(&mut record);
    // Files reach the fingerprint through the contexts' digests, which these tests leave out.
    record.fingerprint =
        Fingerprint(sha256(format!("{:?}{:?}", record.inputs, record.files).as_bytes()));
    record
}

#[track_caller]
fn check(change: impl FnOnce(&mut Record), expected: &Expect) {
    let reasons = reasons_since(&record(|_| {}), &record(change));
    expected.assert_eq(&reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_difference_is_told_once() {
    check(|_| {}, &expect![[""]]);
    check(
        |record| {
            record.files.get_mut("a.py").unwrap().sha256 = sha256(b"other");
            record.files.get_mut("b.py").unwrap().mode = Mode::Executable;
        },
        &expect![[r#"
            `a.py` changed
            `b.py` changed its executable bit"#]],
    );
    check(
        |record| {
            let file = record.files.remove("a.py").unwrap();
            record.files.insert("c.py".to_owned(), file);
        },
        &expect![[r#"
            `c.py` is new
            `a.py` is gone"#]],
    );
    check(
        |record| {
            record.inputs.platform = "linux/arm64".to_owned();
            record.inputs.target = Some("final".to_owned());
            record.inputs.args = BTreeMap::from([("B".to_owned(), "2".to_owned())]);
            record.inputs.instructions.push("RUN x".to_owned());
        },
        &expect![[r#"
            instructions of `f/Dockerfile` changed
            platform was linux/amd64, is linux/arm64
            target was nothing, is final
            arg A was 1, is nothing
            arg B was nothing, is 2"#]],
    );
    check(
        |record| {
            record
                .inputs
                .bases
                .insert("python:3".to_owned(), BaseIdentity::Digest("sha256:00".to_owned()));
            record
                .inputs
                .dependencies
                .insert(ImageName::new("base-low").unwrap(), Fingerprint(sha256(b"other")));
        },
        &expect![[r#"
            base `python:3` was python:3, is sha256:00
            `base-low`, which it stands on, changed"#]],
    );
}

#[test]
fn an_image_that_it_newly_stands_on_has_not_changed() {
    let high = || ImageName::new("base-high").unwrap();
    check(
        |record| {
            record.inputs.dependencies = BTreeMap::from([(high(), Fingerprint(sha256(b"high")))]);
            record.declared = BTreeMap::from([(high(), "packages/mid/pyproject.toml".to_owned())]);
        },
        &expect![[r#"
            `base-high` is new among what it stands on, by `packages/mid/pyproject.toml`
            `base-low` is gone from what it stands on"#]],
    );
}

#[test]
fn distributions_of_a_lock_are_told_by_name() {
    let part = |version: &str, content: &str| LockedPart {
        version: Some(version.to_owned()),
        sha256: sha256(content.as_bytes()),
    };
    let locked = |parts: &[(&str, LockedPart)]| {
        let parts = parts.iter().map(|(name, part)| ((*name).to_owned(), part.clone()));
        BTreeMap::from([("f/uv.lock".to_owned(), std::sync::Arc::new(parts.collect()))])
    };
    let before = record(|record| {
        record.inputs.locks = locked(&[
            ("numpy", part("2.2", "a")),
            ("gone", part("1", "b")),
            ("same", part("1", "c")),
            ("boto3", part("1", "d")),
        ]);
    });
    let after = record(|record| {
        record.inputs.locks = locked(&[
            ("numpy", part("2.3", "e")),
            ("new", part("1", "f")),
            ("same", part("1", "c")),
            ("boto3", part("1", "other hashes")),
        ]);
    });
    let reasons = reasons_since(&before, &after);
    expect![[r#"
        `boto3` changed in `f/uv.lock`
        `gone` 1 is gone from `f/uv.lock`
        `new` 1 is new in `f/uv.lock`
        `numpy` 2.2 → 2.3 in `f/uv.lock`"#]]
    .assert_eq(&reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_changed_file_of_a_context_that_counts_whole_says_why() {
    check(
        |record| {
            record.files.remove("a.py");
            record.undetermined.push("f/Dockerfile:3: `X` may be set".to_owned());
        },
        &expect![[r#"
            `a.py` is gone
            f/Dockerfile:3: `X` may be set"#]],
    );
}

#[test]
fn reasons_are_json_with_a_kind() {
    let reason = Reason::FileChanged { path: "a.py".to_owned() };
    assert_eq!(serde_json::to_string(&reason).unwrap(), r#"{"kind":"file-changed","path":"a.py"}"#);
    assert_eq!(serde_json::to_string(&Reason::Forced).unwrap(), r#"{"kind":"forced"}"#);
}

/// One reason of each kind. A new variant has to take its place in the chain to compile.
fn one_of_each() -> Vec<Reason> {
    let (text, path) = (|| "x".to_owned(), || "a.py".to_owned());
    let after = |reason: &Reason| match reason {
        Reason::Forced => Some(Reason::StoreUnknown { message: text() }),
        Reason::StoreUnknown { .. } => Some(Reason::IdentityExists { reference: text() }),
        Reason::IdentityExists { .. } => Some(Reason::StableUsed { reference: text() }),
        Reason::StableUsed { .. } => {
            Some(Reason::StableToCome { image: ImageName::new("base-x").unwrap() })
        }
        Reason::StableToCome { .. } => Some(Reason::NameMissing { reference: text() }),
        Reason::NameMissing { .. } => Some(Reason::IdentityMissing),
        Reason::IdentityMissing => Some(Reason::NeverBuilt),
        Reason::NeverBuilt => Some(Reason::ImageGone),
        Reason::ImageGone => Some(Reason::ImageAdded),
        Reason::ImageAdded => Some(Reason::BaseUnknown { message: text() }),
        Reason::BaseUnknown { .. } => Some(Reason::FileChanged { path: path() }),
        Reason::FileChanged { .. } => Some(Reason::FileAdded { path: path() }),
        Reason::FileAdded { .. } => Some(Reason::FileRemoved { path: path() }),
        Reason::FileRemoved { .. } => Some(Reason::ModeChanged { path: path() }),
        Reason::ModeChanged { .. } => Some(Reason::WholeContext { message: text() }),
        Reason::WholeContext { .. } => {
            Some(Reason::DistributionChanged { name: text(), was: None, is: None, path: path() })
        }
        Reason::DistributionChanged { .. } => Some(Reason::InstructionsChanged { path: path() }),
        Reason::InstructionsChanged { .. } => {
            Some(Reason::SettingChanged { name: text(), was: None, is: None })
        }
        Reason::SettingChanged { .. } => {
            Some(Reason::BaseAffected { image: ImageName::new("x").unwrap() })
        }
        Reason::BaseAffected { .. } => Some(Reason::DependencyAdded {
            image: ImageName::new("x").unwrap(),
            path: Some(path()),
        }),
        Reason::DependencyAdded { image, path } => {
            Some(Reason::DependencyRemoved { image: image.clone(), path: path.clone() })
        }
        Reason::DependencyRemoved { .. } => {
            Some(Reason::ExternalBaseChanged { name: text(), was: None, is: None })
        }
        Reason::ExternalBaseChanged { .. } => None,
    };
    std::iter::successors(Some(Reason::Forced), after).collect()
}

#[test]
fn the_documentation_names_every_kind_with_its_fields() {
    let documented: Vec<String> = include_str!("../../../../docs/json.md")
        .split_once("\n## Reasons\n")
        .unwrap()
        .1
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').skip(1).take(2).map(str::trim).collect::<Vec<_>>())
        .map(|cells| cells.join(" ").trim().to_owned())
        .collect();
    let expected: Vec<String> = one_of_each()
        .iter()
        .map(|reason| {
            let value = serde_json::to_value(reason).unwrap();
            let fields = value.as_object().unwrap();
            let mut names: Vec<String> = fields
                .keys()
                .filter(|name| *name != "kind")
                .map(|name| format!("`{name}`"))
                .collect();
            // As people read them: what it was before what it is.
            names.sort_by_key(|name| ["`was`", "`is`"].iter().position(|last| last == name));
            format!("`{}` {}", fields["kind"].as_str().unwrap(), names.join(", ")).trim().to_owned()
        })
        .collect();
    assert_eq!(documented, expected);
}
