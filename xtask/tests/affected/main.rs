//! What `cargo xtask affected` says, against a plain comparison of fingerprints.
//!
//! A small monorepo is generated and committed, and changed in one to four ways, of which git hears or
//! does not. The fingerprints of all images in a clean clone of the first commit and in the changed
//! tree tell which images differ: `affected --base` has to name exactly these.
//!
//! `LAMBDA_IMAGES_CASES` sets how many cases are tried (60 without it) and `LAMBDA_IMAGES_SEED` where
//! they begin; the seed is printed. No engine is needed, and none is found.

#![expect(clippy::unwrap_used, reason = "a test has nobody to hand an error on to")]

mod checkout;
mod compare;
mod dockerfiles;
mod generate;
mod locks;
mod monorepo;
mod mutate;
mod mutation;
#[path = "../buildkit/random.rs"]
mod random;
mod shrink;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::Write as _;

use compare::{Case, Outcome, run_case};
use generate::generate_monorepo;
use mutate::{EVERYTHING, generate_step};
use random::Random;
use shrink::shrink;

const CASES: usize = 60;
/// A gate must not fail for what nobody changed: other seeds are for who looks for cases.
const SEED: u64 = 1;

#[test]
fn affected_says_what_fingerprints_say() {
    let cases = number("LAMBDA_IMAGES_CASES").map_or(CASES, |cases| cases.try_into().unwrap());
    let seed = number("LAMBDA_IMAGES_SEED").unwrap_or(SEED);
    report(format_args!("LAMBDA_IMAGES_SEED={seed} LAMBDA_IMAGES_CASES={cases}"));
    let mut random = Random::new(seed);
    let mut counts = Counts::default();
    while counts.compared < cases {
        let case = generate_case(&mut random);
        check(&case, &mut counts);
        let Counts { compared, unusable, .. } = counts;
        assert!(unusable <= 10 + 2 * compared, "too many have problems: {counts:?}");
    }
    report(format_args!("{counts:?}"));
    let Counts { compared, unusable, bad_bases, affected, not_affected, .. } = counts;
    assert!(unusable <= compared && bad_bases * 5 <= compared, "too many have problems");
    assert!(affected * 6 >= not_affected && not_affected * 6 >= affected, "too much of one answer");
}

#[derive(Debug, Default)]
struct Counts {
    compared: usize,
    /// States with problems: there is no answer to compare.
    unusable: usize,
    bad_bases: usize,
    affected: usize,
    not_affected: usize,
    /// How often each change was part of a case that was compared.
    labels: BTreeMap<&'static str, usize>,
}

fn generate_case(random: &mut Random) -> Case {
    let monorepo = generate_monorepo(random, EVERYTHING);
    let (mut steps, mut now) = (Vec::new(), monorepo.clone());
    for _ in 0..1 + random.below(4) {
        let step = generate_step(random, &now, &monorepo);
        step.mutation.apply(&mut now, &monorepo);
        steps.push(step);
    }
    let subfolder = if random.one_in(4) { "below/here" } else { "" };
    Case { monorepo, steps, subfolder, asks_first: random.one_in(2) }
}

#[track_caller]
fn check(case: &Case, counts: &mut Counts) {
    match run_case(case) {
        Outcome::Same { affected, not_affected } => {
            counts.compared += 1;
            counts.affected += affected;
            counts.not_affected += not_affected;
            for step in &case.steps {
                *counts.labels.entry(step.label).or_default() += 1;
            }
        }
        Outcome::Unusable { is_base, problems } => {
            counts.unusable += 1;
            counts.bad_bases += usize::from(is_base);
            if env::var_os("LAMBDA_IMAGES_PROBLEMS").is_some() {
                report(format_args!("base: {is_base}\n{problems}"));
            }
        }
        Outcome::Differs(fault) => {
            report(format_args!("{fault}\n{case}shrinking …"));
            let (case, fault) = shrink(case.clone(), fault);
            panic!("{fault}\n{case}");
        }
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
