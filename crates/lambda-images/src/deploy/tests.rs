use std::collections::BTreeMap;

use super::*;
use crate::fingerprint::Sha256Sum;
use crate::graph::fixture::texts;
use crate::plan::fixture::plan_of;
use crate::plan::{Destination, StoredImage};

fn stored(digit: char) -> StoredImage {
    let digest = format!("sha256:{}", digit.to_string().repeat(64));
    StoredImage { id: "x".to_owned(), digest: Some(digest.parse().unwrap()), size: None }
}

/// A manifest from `name=d`, where `d` is the digit of a digest.
pub(super) fn manifest_of(text: &str) -> Manifest {
    let mut manifest = Manifest::new("dev");
    for entry in text.split_whitespace() {
        let (name, digit) = entry.split_once('=').unwrap();
        let stored = stored(digit.chars().next().unwrap());
        let plan = plan_of(&format!("{name}=up")).plan;
        manifest.insert(&plan.images[0], &stored, Destination::Registry, 0);
    }
    manifest
}

fn name(text: &str) -> ImageName {
    ImageName::new(text).unwrap()
}

/// What is deployed of a manifest in a workspace with the Lambdas `one` and `two`, whose
/// fingerprints are zeros, since an earlier one if there is one: `name name -removed; unfit`.
#[track_caller]
fn check(manifest: &Manifest, earlier: Option<&str>, selected: &str, expected: &str) {
    let (_, graph) = texts().graph();
    let selected = selected.split_whitespace().map(name).collect();
    let facts = DeployFacts {
        graph: &graph,
        fingerprint: &|_| Fingerprint(Sha256Sum([0; 32])),
        selected: &selected,
    };
    let mut deployment = Deployment::new(manifest, &facts);
    if let Some(earlier) = earlier {
        deployment.retain_changed(&manifest_of(earlier), &facts);
    }
    let images = deployment.images.iter().map(|image| image.name.to_string());
    let removed = deployment.removed.iter().map(|name| format!("-{name}"));
    let unfit = deployment.unfit.iter().map(|(unfit, name)| format!("{unfit:?}:{name}"));
    let parts: Vec<String> = images.chain(removed).chain(unfit).collect();
    assert_eq!(parts.join(" "), expected);
}

#[test]
fn all_lambdas_of_the_workspace_and_no_others() {
    check(&manifest_of("two=1 one=2"), None, "", "one two");
    check(&manifest_of("two=1 one=2"), None, "two", "two");
    // The fixture's plans are all of Lambda images: this one was one, and is a base image now.
    check(&manifest_of("one=1 two=1 base-low=1"), None, "", "one two -base-low");
}

#[test]
fn a_lambda_that_is_gone_is_named_and_a_missing_one_is_unfit() {
    check(&manifest_of("one=1 gone=1"), None, "", "one -gone Missing:two");
    check(&manifest_of("one=1 gone=1"), None, "one", "one");
    let mut manifest = manifest_of("one=1 two=1");
    manifest.removed = [name("old"), name("one")].into();
    check(&manifest, None, "", "one two -old");
}

#[test]
fn each_fault_is_told_on_its_own() {
    let mut manifest = manifest_of("one=1 two=1");
    manifest.images[0].dirty = true;
    manifest.images[0].fingerprint = Fingerprint(Sha256Sum([1; 32]));
    manifest.images[1].pushed = false;
    check(&manifest, None, "", "one two Stale:one Dirty:one Local:two");
    check(&manifest, None, "two", "two Local:two");
    manifest.images[1].pushed = true;
    manifest.images[1].digest = None;
    check(&manifest, None, "two", "two Local:two");
}

#[test]
fn what_runs_already_is_left_out() {
    let manifest = manifest_of("one=1 two=2");
    check(&manifest, Some("one=1 two=2"), "", "");
    check(&manifest, Some("one=1 two=1"), "", "two");
    check(&manifest, Some("one=1"), "", "two");
    check(&manifest, Some("one=1 two=2 gone=3"), "", "-gone");
    check(&manifest, Some("one=1 two=1 gone=3"), "one", "");
}

#[test]
fn another_repository_and_an_unknown_digest_count_as_changed() {
    let mut manifest = manifest_of("one=1 two=2");
    manifest.images[0].repository = "elsewhere.example/one".to_owned();
    check(&manifest, Some("one=1 two=2"), "", "one");
    manifest.images[1].digest = None;
    check(&manifest, Some("one=1 two=2"), "", "one two Local:two");
}

#[test]
fn faults_of_what_is_not_deployed_are_no_fault() {
    let mut manifest = manifest_of("one=1 two=2");
    manifest.images[0].dirty = true;
    check(&manifest, Some("one=1 two=1"), "", "two");
    check(&manifest_of("two=2"), Some("one=1 two=1"), "", "two Missing:one");
}

#[test]
fn what_is_stale_or_of_development_mode_does_not_hide_behind_an_equal_digest() {
    let mut manifest = manifest_of("one=1 two=2");
    manifest.images[0].fingerprint = Fingerprint(Sha256Sum([1; 32]));
    check(&manifest, Some("one=1 two=1"), "", "two Stale:one");
    check(&manifest, Some("one=1 two=1"), "two", "two");
    manifest.images[0].dev = true;
    check(&manifest, Some("one=1 two=1"), "", "two Dev:one");
}

#[test]
fn what_is_of_development_mode_is_not_stale_by_its_true_inputs() {
    let mut manifest = manifest_of("one=1 two=1");
    manifest.images[0].dev = true;
    check(&manifest, None, "one", "one Dev:one");
    manifest.images[0].fingerprint = Fingerprint(Sha256Sum([1; 32]));
    manifest.images[0].dirty = true;
    check(&manifest, None, "", "one two Dev:one Dirty:one");
}

#[test]
fn every_fault_has_a_flag_and_a_mend_of_its_own() {
    let all = Unfit::ALL;
    let flags: BTreeMap<&str, Unfit> = all.into_iter().map(|unfit| (unfit.flag(), unfit)).collect();
    assert_eq!(flags.len(), all.len());
    let names: Vec<ImageName> = "a b c d e f".split(' ').map(name).collect();
    for unfit in all {
        let hint = unfit.hint(&[&names[0]]);
        assert!(hint.contains("cargo xtask build-lambdas --push a`"));
        assert_eq!(
            unfit == Unfit::Dev,
            hint.contains("without `--dev`, and without `USE_STATIC_BASE_IMAGE`")
        );
        let many: Vec<&ImageName> = names.iter().collect();
        assert!(unfit.hint(&many).contains("cargo xtask build-lambdas --push`"));
        assert!(unfit.hint(&many).contains(unfit.flag()));
    }
}
