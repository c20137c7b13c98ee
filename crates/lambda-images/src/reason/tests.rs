use super::*;
use crate::fingerprint::{Inputs, Mode, sha256};
use crate::record::RecordedFile;
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
    };
    let file = |content: &str, mode| RecordedFile { mode, sha256: sha256(content.as_bytes()) };
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
fn reasons_are_json_with_a_kind() {
    let reason = Reason::FileChanged { path: "a.py".to_owned() };
    assert_eq!(serde_json::to_string(&reason).unwrap(), r#"{"kind":"file-changed","path":"a.py"}"#);
    assert_eq!(serde_json::to_string(&Reason::Forced).unwrap(), r#"{"kind":"forced"}"#);
}
