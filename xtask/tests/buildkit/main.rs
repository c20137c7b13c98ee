//! What `dockerfile::select` names, against what real BuildKit copies.
//!
//! A world is a small context: a tree of files, folders and symlinks, an ignore file, and `COPY`
//! or `ADD` instructions. Each file's content and each link's text tells which one it is, so that
//! what arrives in a build's output tells what was read. It has to be what we name, no more and no
//! less; and a second build with the narrowed ignore file has to give the same output.
//!
//! One build carries many worlds: the first as its main context, the others as named contexts,
//! each with its own ignore file and transfer. `LAMBDA_IMAGES_CASES` sets how many instructions
//! are tried (300 without it) and `LAMBDA_IMAGES_SEED` where they begin; the seed is printed.
//!
//! `--exclude` is tried where the engine's BuildKit knows it; else it is said that it was not. Not
//! covered, for want of a frontend that has it or of a shell: `--parents` and `RUN --mount`. Tables in
//! `crates/dockerfile` hold these.

#![expect(clippy::unwrap_used, reason = "a test has nobody to hand an error on to")]

mod build;
mod compare;
#[path = "../affected/frontend.rs"]
mod frontend;
mod generate;
mod instructions;
mod named;
mod random;
mod refusal;
mod sent;
mod shrink;
mod table;
mod world;

use std::env;

use compare::{Counts, compare_batch, report};
use generate::{Generated, generate_world};
use random::Random;
use world::World;

/// How many worlds a build carries: each `COPY` is a layer, and an engine knows at most 125.
const WORLDS_PER_BUILD: usize = 30;
const CASES: usize = 300;
/// A gate must not fail for what nobody changed: other seeds are for who looks for cases.
const SEED: u64 = 2;

#[test]
fn random_worlds() {
    build::require_engine();
    let excludes = knows_exclude();
    let cases = number("LAMBDA_IMAGES_CASES").map_or(CASES, |cases| cases.try_into().unwrap());
    let seed = number("LAMBDA_IMAGES_SEED").unwrap_or(SEED);
    report(format_args!("LAMBDA_IMAGES_SEED={seed} LAMBDA_IMAGES_CASES={cases}"));
    let mut random = Random::new(seed);
    let (mut tried, mut counts, mut must_fail) = (0, Counts::default(), Vec::new());
    while tried < cases {
        let mut worlds = Vec::new();
        while worlds.len() < WORLDS_PER_BUILD && tried < cases {
            let Generated { world, hopeless } =
                generate_world(&mut random, worlds.is_empty(), excludes);
            must_fail.extend(hopeless);
            tried += world.instructions.len();
            worlds.push(world);
        }
        let Counts { refused, imprecise } = compare_batch(&worlds);
        counts.refused += refused;
        counts.imprecise += imprecise;
    }
    report(format_args!("{tried} instructions: {counts:?}"));
    assert!(counts.refused * 5 <= tried && counts.imprecise * 20 <= tried, "too many: {counts:?}");
    check_refused(&must_fail);
}

/// Where we say that a source leads nowhere, BuildKit refuses the build.
fn check_refused(worlds: &[World]) {
    const MOST: usize = 8;
    for world in worlds.iter().take(MOST) {
        let built = build::build_original(std::slice::from_ref(world));
        assert!(built.is_err(), "BuildKit builds what we say it refuses:\n{world}");
    }
}

#[test]
fn known_worlds() {
    build::require_engine();
    for worlds in table::known_worlds() {
        assert_eq!(compare_batch(&worlds), Counts::default(), "the table has no vague cases");
    }
    check_refused(&table::refused_worlds());
    if knows_exclude() {
        assert_eq!(compare_batch(&table::excluding_worlds()), Counts::default());
    }
}

fn knows_exclude() -> bool {
    let is_known = frontend::knows("--exclude=b");
    if !is_known {
        report(format_args!("{}", frontend::note("--exclude")));
    }
    is_known
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: `{text}`")))
}
