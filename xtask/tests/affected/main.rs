//! What `cargo xtask affected` says, against a plain comparison of fingerprints.
//!
//! A small monorepo is generated and committed, and changed in one to four ways, of which git hears or
//! does not; merges of other branches, with conflicts resolved by hand, and submodules that come and go
//! are among them. The fingerprints of all images in the first commit, or at the end of another branch,
//! and in the changed tree tell which images differ: `affected --base` has to name exactly these. For a
//! submodule that differs it may name more: those are counted.
//!
//! Then real BuildKit builds the images of other monorepos before and after such changes: an image
//! whose files differ has to be affected. One that is affected and has the same files after all is
//! waste: it is counted; what a lock wastes, which counts by its bytes wherever a command may do anything
//! with it, is counted apart.
//!
//! `COPY --exclude` and `--parents` are each built where the engine's BuildKit knows it, or with a frontend
//! that `LAMBDA_IMAGES_TEST_FRONTEND` names; else it is said that it was not.
//!
//! `LAMBDA_IMAGES_CASES` sets how many cases are tried and `LAMBDA_IMAGES_SEED` where they begin; the
//! seed is printed. With `LAMBDA_IMAGES_PROBLEMS` it is said why a case could not be compared.

#![expect(clippy::unwrap_used, reason = "a test has nobody to hand an error on to")]

#[path = "../../src/bake.rs"]
mod bake;
mod checkout;
mod compare;
mod dockerfiles;
mod frontend;
mod generate;
mod installed;
mod installers;
mod locks;
mod monorepo;
mod mutate;
mod mutation;
mod precision;
mod properties;
#[path = "../buildkit/random.rs"]
mod random;
mod rebuild;
mod regressions;
mod shrink;
mod sources;
mod submodules;
mod this_repository;
mod uv;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::Write as _;

use compare::{Case, Outcome, run_case};
use generate::{Frontend, Use, generate_monorepo};
use mutate::{
    generate_branch, generate_step, generate_step_of_git, generate_step_of_lock, pick_folder,
};
use precision::Precision;
use random::Random;
use shrink::shrink;

const CASES: usize = 60;
const BUILT_CASES: usize = 5;
/// Of the affected images that BuildKit builds, this many percent have other files.
const LEAST_PRECISION: usize = 75;
/// Set by `cargo xtask test` and `cargo xtask ci`.
const REGISTRY: &str = "LAMBDA_IMAGES_TEST_REGISTRY";
/// A gate must not fail for what nobody changed: other seeds are for who looks for cases.
const SEED: u64 = 1;

#[test]
fn affected_says_what_fingerprints_say() {
    let (cases, mut random) = begin(CASES);
    let mut counts = Counts::default();
    while counts.compared < cases {
        let case = generate_case(&mut random, Use::Asked, "");
        check(&case, &mut counts);
        let Counts { compared, unusable, .. } = counts;
        assert!(unusable <= 10 + 2 * compared, "too many have problems: {counts:?}");
    }
    report(format_args!("{counts:?}"));
    let Counts { compared, unusable, bad_bases, affected, not_affected, doubted, .. } = counts;
    assert!(unusable <= compared && bad_bases * 5 <= compared, "too many have problems");
    assert!(affected * 6 >= not_affected && not_affected * 6 >= affected, "too much of one answer");
    assert!(doubted * 10 <= affected, "submodules make too much affected");
}

#[test]
fn what_is_not_affected_is_built_the_same() {
    require(REGISTRY);
    let (cases, mut random) = begin(BUILT_CASES);
    let mark = tempfile::Builder::new().prefix(", ").tempdir().unwrap();
    let mark = mark.path().file_name().unwrap().to_str().unwrap().to_owned();
    let frontend = find_frontend();
    let mut precision = Precision::default();
    let (mut compared, mut unusable) = (0, 0);
    while compared < cases {
        let case = generate_case(
            &mut random,
            Use::Built(frontend),
            &format!("{mark}{compared}-{unusable}"),
        );
        let Ok(verdicts) = rebuild::run_case(&case).map_err(|problems| explain(|| problems)) else {
            unusable += 1;
            assert!(unusable <= 10 + compared, "too many have problems");
            continue;
        };
        compared += 1;
        for verdict in verdicts {
            let is_missed = verdict.differs() && !verdict.is_affected;
            assert!(!is_missed, "{} differs: {:?}\n{case}", verdict.name, verdict.differences());
            if verdict.is_known() && verdict.is_affected && !verdict.differs() {
                explain(|| format!("wasted: {} by {:?}\n{case}", verdict.name, verdict.kinds));
            }
            let labels: Vec<&str> = case.steps.iter().map(|step| step.label).collect();
            precision.add(&verdict, &labels.join(", "));
        }
    }
    report(format_args!("{precision}"));
    let Precision { right, spared, unknown, .. } = precision;
    assert!(unknown * 2 <= right + spared, "too many can't be built");
    assert!(precision.percent() >= LEAST_PRECISION, "too much is built again");
}

/// What reads the Dockerfiles of all builds.
fn find_frontend() -> Frontend {
    let knows = |flag: &str, value: &str| {
        let is_known = frontend::knows(&format!("{flag}{value}"));
        if !is_known {
            report(format_args!("{}", frontend::note(flag)));
        }
        is_known
    };
    Frontend { exclude: knows("--exclude", "=b"), parents: knows("--parents", "") }
}

/// A variable of the tests that need an engine.
#[track_caller]
fn require(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| {
        panic!(
            "`{name}` is not set: this test needs a Docker engine, and `cargo xtask test` brings one"
        )
    })
}

/// How many cases, and where they begin.
fn begin(cases: usize) -> (usize, Random) {
    let cases = number("LAMBDA_IMAGES_CASES").map_or(cases, |cases| cases.try_into().unwrap());
    let seed = number("LAMBDA_IMAGES_SEED").unwrap_or(SEED);
    report(format_args!("LAMBDA_IMAGES_SEED={seed} LAMBDA_IMAGES_CASES={cases}"));
    (cases, Random::new(seed))
}

#[derive(Debug, Default)]
struct Counts {
    compared: usize,
    /// States with problems: there is no answer to compare.
    unusable: usize,
    bad_bases: usize,
    affected: usize,
    not_affected: usize,
    /// Affected for a submodule that differs, with the same fingerprint.
    doubted: usize,
    /// Cases whose base is on another branch, and those that begin with submodules.
    on_branches: usize,
    with_submodules: usize,
    /// How often each change was part of a case that was compared.
    labels: BTreeMap<&'static str, usize>,
}

fn generate_case(random: &mut Random, usage: Use, mark: &str) -> Case {
    let mut monorepo = generate_monorepo(random, usage, mark);
    let is_of_git = usage == Use::Asked && random.one_in(2);
    if is_of_git && random.one_in(2) {
        for _ in 0..1 + random.below(2) {
            pick_folder(random, &monorepo).iter().for_each(|folder| monorepo.add_submodule(folder));
        }
    }
    let (mut steps, mut now) = (Vec::new(), monorepo.clone());
    // Builds take their time: let there be something to see.
    let least = if usage == Use::Asked { 1 } else { 3 };
    for _ in 0..least + random.below(4) {
        let special = (is_of_git && random.one_in(2))
            .then(|| generate_step_of_git(random, &now, &monorepo))
            .flatten();
        let step = special.unwrap_or_else(|| generate_step(random, &now, &monorepo));
        step.mutation.apply(&mut now, &monorepo);
        steps.push(step);
    }
    // What a lock's bytes become is seen by builds alone.
    if usage != Use::Asked
        && random.one_in(2)
        && let Some(step) = generate_step_of_lock(random, &now)
    {
        steps.push(step);
    }
    let subfolder = if random.one_in(4) { "below/here" } else { "" };
    let is_compared_with_branch = is_of_git && monorepo.submodules.is_empty() && random.one_in(2);
    let base = is_compared_with_branch.then(|| generate_branch(random, &monorepo));
    Case { monorepo, steps, base, subfolder, asks_first: random.one_in(2) }
}

#[track_caller]
fn check(case: &Case, counts: &mut Counts) {
    match run_case(case) {
        Outcome::Same { affected, not_affected, doubted } => {
            counts.compared += 1;
            counts.on_branches += usize::from(case.base.is_some());
            counts.with_submodules += usize::from(!case.monorepo.submodules.is_empty());
            counts.doubted += doubted;
            counts.affected += affected;
            counts.not_affected += not_affected;
            for step in &case.steps {
                *counts.labels.entry(step.label).or_default() += 1;
            }
        }
        Outcome::Unusable { is_base, problems } => {
            counts.unusable += 1;
            counts.bad_bases += usize::from(is_base);
            explain(|| format!("base: {is_base}\n{problems}"));
        }
        Outcome::Differs(fault) => {
            report(format_args!("{fault}\n{case}shrinking …"));
            let (case, fault) = shrink(case.clone(), fault);
            panic!("{fault}\n{case}");
        }
    }
}

/// Says something to whoever looks for why cases can't be compared.
fn explain(text: impl FnOnce() -> String) {
    if env::var_os("LAMBDA_IMAGES_PROBLEMS").is_some() {
        report(format_args!("{}", text()));
    }
}

/// Says something to whoever watches the tests run.
fn report(text: fmt::Arguments<'_>) {
    // Not by `eprintln!`, which is kept back where the test passes.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{text}").unwrap();
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: `{text}`")))
}
