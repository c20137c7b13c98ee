use super::*;
use crate::config::TagPolicy;
use crate::fingerprint::{
    BaseIdentity, Inputs, ReadInputs, Sha256Sum, inputs_of, inputs_on_stable, sha256,
};
use crate::graph::fixture::texts;
use crate::plan::image_names;
use crate::tag::GitState;

fn name(text: &str) -> ImageName {
    ImageName::new(text).unwrap()
}

fn names(texts: &[&str]) -> BTreeSet<ImageName> {
    texts.iter().map(|text| name(text)).collect()
}

fn digest(of: &str) -> String {
    format!("sha256:{}", sha256(of.as_bytes()))
}

fn inputs(stable: &StableBases) -> BTreeMap<ImageName, (Inputs, Fingerprint)> {
    let (_, graph) = texts().graph();
    let read = graph.images().iter().map(|_| ReadInputs::default()).collect();
    inputs_on_stable(&graph, read, stable)
}

#[test]
fn words_of_the_switch() {
    for text in ["1", "true", "TRUE", "Yes"] {
        assert_eq!(parse_switch(text), Some(true), "{text}");
    }
    for text in ["", "0", "false", "No", "NO"] {
        assert_eq!(parse_switch(text), Some(false), "{text}");
    }
    for text in ["on", "2", "y", " true"] {
        assert_eq!(parse_switch(text), None, "{text}");
    }
}

#[test]
fn refused_in_ci_and_for_pushes_to_protected_stacks() {
    let protected = ["prod".to_owned()];
    let ci = CiRun { variable: "CI", is_pull_request: false, branch: None, default_branch: None };
    let told = |ci, destination, stack| refusal(ci, destination, stack, &protected).is_some();
    assert!(told(Some(&ci), Destination::Local, "dev"));
    assert!(told(None, Destination::Registry, "prod"));
    assert!(!told(None, Destination::Local, "prod"));
    assert!(!told(None, Destination::Registry, "dev"));
}

#[test]
fn bases_that_lambdas_stand_on_are_needed_and_those_below_are_not() {
    let (_, graph) = texts().graph();
    assert_eq!(needed_bases(&graph, &names(&["one"])), names(&["base-low"]));
    assert_eq!(needed_bases(&graph, &names(&["base-high"])), names(&["base-high"]));
    assert_eq!(needed_bases(&graph, &names(&[])), names(&["base-high", "base-low"]));
}

/// Invariant 4: what stands on a stable base never bears the identity of what stands on the true one.
#[test]
fn a_stable_base_is_never_taken_for_the_true_one() {
    let (_, graph) = texts().graph();
    let read = || graph.images().iter().map(|_| ReadInputs::default()).collect();
    let usual = inputs_of(&graph, read());
    // Even if the digest were that of the base's own fingerprint.
    let same = |base: &str| (name(base), format!("sha256:{}", usual[&name(base)].1));
    let stable = StableBases::from(["base-low", "base-high"].map(same));
    let dev = inputs(&stable);
    for base in ["base-low", "base-high"] {
        assert_eq!(dev[&name(base)], usual[&name(base)], "bases keep their own identity");
    }
    for lambda in ["one", "two"] {
        assert_ne!(dev[&name(lambda)].1, usual[&name(lambda)].1);
    }
    assert_eq!(on_stable(&graph, |name| stable.contains_key(name)), names(&["one", "two"]));
    let pinned = BaseIdentity::Stable(stable[&name("base-low")].clone());
    assert_eq!(dev[&name("one")].0.bases["base-low"], pinned);
}

#[test]
fn a_lambda_counts_the_digest_of_its_stable_base() {
    let on = |text: &str| inputs(&StableBases::from([(name("base-low"), digest(text))]));
    assert_eq!(on("a"), on("a"));
    assert_ne!(on("a")[&name("one")].1, on("b")[&name("one")].1);
}

#[test]
fn dirty_is_what_is_known_to_be_in_no_commit() {
    let paths = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    let clean = GitState::Clean { commit: "0123".to_owned() };
    let dirty = GitState::Dirty { commit: "0123".to_owned(), paths: paths(&["now.py"]) };
    let then = paths(&["then.py"]);
    // Named here from what was in no commit, and another one since.
    assert_eq!(dirty_inputs(Some(&then), false, &clean), then);
    assert_eq!(dirty_inputs(Some(&then), false, &dirty), then);
    // The same, and committed since, or not.
    assert_eq!(dirty_inputs(Some(&then), true, &clean), paths(&[]));
    assert_eq!(dirty_inputs(Some(&then), true, &dirty), paths(&["now.py"]));
    // Named here from a commit.
    assert_eq!(dirty_inputs(Some(&[]), false, &dirty), paths(&[]));
    assert_eq!(dirty_inputs(Some(&[]), true, &dirty), paths(&[]));
    // Named by somebody else.
    assert_eq!(dirty_inputs(None, false, &dirty), paths(&[]));
    assert_eq!(dirty_inputs(None, true, &dirty), paths(&["now.py"]));
}

#[test]
fn names_say_what_they_are() {
    let (config, _) = texts().graph();
    let fingerprint = Fingerprint(Sha256Sum([0xab; 32]));
    let git = GitState::Clean { commit: "0123456789abcdef".to_owned() };
    assert_eq!(config.tag_policy, TagPolicy::Git);
    let usual = image_names(&config, None, "dev", &name("one"), &git, &fingerprint).unwrap();
    let dev = dev_names(&usual, &fingerprint);
    assert_eq!(dev.reference.to_string(), "one-dev:dev-abababababab");
    assert_eq!(dev.identity.to_string(), format!("one-dev:dev-sha-{}", "ab".repeat(32)));
    let sum = digest("x");
    let local = stable_names(&usual, &sum, Destination::Local);
    assert_eq!(local.reference.to_string(), "one-dev:stable");
    assert_eq!(local.identity.to_string(), format!("one-dev:stable-{}", &sum[7..]));
    let pushed = stable_names(&usual, &sum, Destination::Registry);
    assert_eq!(pushed.identity.to_string(), format!("one-dev:stable@{sum}"));
}
