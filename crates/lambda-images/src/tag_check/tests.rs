use super::*;
use crate::fingerprint::Sha256Sum;
use crate::text_references::{Repositories, find_references};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn clean() -> GitState {
    GitState::Clean { commit: COMMIT.to_owned() }
}

/// What is wrong with `text`, in which there is one reference.
#[track_caller]
fn finding(text: &str, git: &GitState) -> Option<TagFinding> {
    let names = [("one", Kind::Lambda), ("base-low", Kind::Base)];
    let names = names.map(|(name, kind)| (ImageName::new(name).unwrap(), kind));
    let repositories = Repositories::of_names("{name}-{stack}", names.into_iter());
    let references = find_references(text, &repositories);
    assert_eq!(references.len(), 1, "{text}");
    let tag = "git-0123456789ab".parse().unwrap();
    let fingerprint = Fingerprint(Sha256Sum([0xab; 32]));
    judge(&references[0], |_| Some(CurrentImage { fingerprint, git, tag }))
}

#[track_caller]
fn check(text: &str, git: &GitState, expected: Option<&str>) {
    let finding = finding(text, git);
    assert_eq!(finding.as_ref().map(|finding| finding.message.as_str()), expected);
}

#[test]
fn dirty_and_floating_need_no_inputs() {
    let dirty = Some("dirty: made from inputs that are in no commit");
    check("one-dev:git-0123456789ab-dirty-01234567", &clean(), dirty);
    check("base-low-dev:git-0123456789ab-dirty-01234567@sha256:0", &clean(), dirty);
    check("one-dev:latest", &clean(), Some("floating: what `latest` leads to changes"));
    check("one-dev:stable", &clean(), Some("floating: what `stable` leads to changes"));
    // A digest pins it, and nothing is deployed from a base.
    check("one-dev:latest@sha256:0", &clean(), None);
    check("base-low-dev:stable", &clean(), None);
}

#[test]
fn development_mode_is_a_fault_of_a_lambda_though_a_digest_pins_it() {
    let message = Some("floating: of development mode, it stands on what `stable` was");
    let (identity, base) = ("ab".repeat(32), "cd".repeat(32));
    check("one-dev:dev-abababababab", &clean(), message);
    check("one-dev:dev-abababababab@sha256:0", &clean(), message);
    check(&format!("one-dev:dev-sha-{identity}@sha256:0"), &clean(), message);
    check(&format!("one-dev:stable-{base}"), &clean(), message);
    check(&format!("base-low-dev:stable-{base}"), &clean(), None);
    let found = finding("one-dev:dev-abababababab", &clean()).unwrap();
    assert_eq!(found.fault, TagFault::Floating);
    assert_eq!(
        found.mend,
        "`cargo xtask build-lambdas --push one` without `--dev`, and without `USE_STATIC_BASE_IMAGE`, then `cargo xtask manifest one`"
    );
}

#[test]
fn a_tag_of_other_inputs_is_stale() {
    check("one-dev:git-0123456789ab", &clean(), None);
    check(
        "one-dev:git-ffffffffffff",
        &clean(),
        Some("stale: its inputs are those of another commit: it is now `git-0123456789ab`"),
    );
    check(&format!("one-dev:sha-{}", "ab".repeat(32)), &clean(), None);
    check("one-dev:sha-abababababab", &clean(), None);
    check(
        "one-dev:sha-cdcdcdcdcdcd",
        &clean(),
        Some("stale: its inputs have changed: it is now `git-0123456789ab`"),
    );
}

#[test]
fn no_commit_has_what_is_not_committed() {
    let paths = ["a", "b"].map(str::to_owned).to_vec();
    let dirty = GitState::Dirty { commit: COMMIT.to_owned(), paths };
    let message = Some("stale: its inputs are uncommitted: `a` and 1 more");
    check("one-dev:git-0123456789ab", &dirty, message);
    check("one-dev:sha-abababababab", &dirty, None);
    let mend = finding("one-dev:git-0123456789ab", &dirty).unwrap().mend;
    assert!(mend.starts_with("commit them, then `cargo xtask build-lambdas --push one`"), "{mend}");
}

#[test]
fn what_can_t_be_told_does_not_pass() {
    let unknown = GitState::Unknown { why: "the clone is shallow".to_owned(), paths: Vec::new() };
    let message = Some("stale: that can't be told: the clone is shallow");
    check("one-dev:git-0123456789ab", &unknown, message);
    check("one-dev:sha-abababababab", &unknown, None);
}
