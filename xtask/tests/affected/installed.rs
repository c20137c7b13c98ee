//! What `uv` really installs, against what is affected: random workspaces, random
//! Dockerfiles of known and unknown shapes, random edits of locks and `pyproject.toml`s.
//!
//! No image is built. The commands of a stage are run in a scratch folder that holds the files of the
//! stage, in the same folders, with the same variables, before and after the edit. Where what they
//! leave in the folder that the image takes differs, the image has to be affected. Where it doesn't,
//! and only the lock changed, an affected image is needless: counted, for the known shapes.
//!
//! The distributions are made up, in an index on loopback.

mod index;
mod shapes;
mod stage;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use self::index::Index;
use self::stage::{Outcome, run_stage};
use self::world::World;
use crate::checkout::Checkout;
use crate::monorepo::Monorepo;
use crate::mutation::{After, Mutation, Step};
use crate::random::Random;
use crate::{begin, report};

/// Images that are compared in each run; 5,000 are tried by hand.
const CASES: usize = 300;
/// Of the images of known shapes, at most this many in a thousand may be affected for nothing.
const MOST_NEEDLESS: usize = 10;

#[derive(Debug, Default)]
struct Counts {
    images: usize,
    differ: usize,
    failed: usize,
    unknown_shapes: usize,
    known_by_lock_alone: usize,
    needless: usize,
}

#[test]
fn what_is_installed_otherwise_is_affected() {
    let (cases, mut random) = begin(CASES);
    let index = Index::start();
    let mut counts = Counts::default();
    while counts.images < cases {
        let seed = random.below(usize::MAX);
        check(&index, seed, &mut counts);
    }
    let Counts { images, unknown_shapes, known_by_lock_alone, needless, .. } = counts;
    let share = unknown_shapes * 100 / images;
    report(format_args!("{counts:?}; {share} % of the shapes are unknown"));
    assert!(counts.differ * 10 >= images, "too little changes to see anything: {counts:?}");
    assert!(counts.failed * 4 <= images, "too many commands fail: {counts:?}");
    assert!(
        needless * 1000 <= known_by_lock_alone * MOST_NEEDLESS,
        "too much is needless: {counts:?}"
    );
}

/// One workspace, one edit, some images.
fn check(index: &Index, seed: usize, counts: &mut Counts) {
    let mut random = Random::new(u64::try_from(seed).unwrap());
    let world = World::generate(&mut random, index);
    let Some((edit, edited)) = world.edited(&mut random, index) else { return };
    let (before, after) = (world.monorepo(), edited.monorepo());
    let affected = affected(&before, &after);
    let outcomes = |world: &World| -> Vec<Outcome> {
        // Half of the images at a time: each command uses one processor.
        let names: Vec<&String> = world.images.keys().collect();
        std::thread::scope(|scope| {
            let parts = names.chunks(names.len().div_ceil(2));
            let run = |part: &[&String]| -> Vec<Outcome> {
                part.iter().map(|name| run_stage(world, name, index)).collect()
            };
            let threads: Vec<_> = parts.map(|part| scope.spawn(move || run(part))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    };
    let (was, is) = (outcomes(&world), outcomes(&edited));
    let only_lock = before.files.iter().all(|(path, content)| {
        path.ends_with(".lock") || path.ends_with(".txt") || after.files.get(path) == Some(content)
    });
    for ((name, shape), (was, is)) in world.images.iter().zip(was.iter().zip(&is)) {
        let is_affected = affected.contains(name);
        let differs = was != is;
        counts.images += 1;
        counts.differ += usize::from(differs);
        counts.failed += usize::from(matches!(is, Outcome::Failed(_)));
        counts.unknown_shapes += usize::from(!shape.is_known);
        let describe = || {
            let mut text = format!("seed {seed}, {edit}, {name}:\n{}\n", shape.dockerfile);
            writeln!(text, "before: {was:#?}\nafter: {is:#?}").unwrap();
            let paths = before.files.keys();
            for path in paths.filter(|path| before.files.get(*path) != after.files.get(*path)) {
                let (was, is) = (before.text(path), after.text(path));
                writeln!(text, "== {path}\n{was}\n== after\n{is}").unwrap();
            }
            text
        };
        assert!(!differs || is_affected, "missed: {}", describe());
        // A command that fails installs nothing that could be compared.
        if shape.is_known && only_lock && !matches!(is, Outcome::Failed(_)) {
            counts.known_by_lock_alone += 1;
            if is_affected && !differs {
                counts.needless += 1;
                crate::explain(|| format!("needless: {}", describe()));
            }
        }
    }
}

fn affected(before: &Monorepo, after: &Monorepo) -> BTreeSet<String> {
    let mut checkout = Checkout::create(before, "");
    let base = checkout.first_commit();
    let mutation = |path: &String| match after.files.get(path) {
        Some(_) => Mutation::Write { path: path.clone(), text: after.text(path).to_owned() },
        None => Mutation::Remove { path: path.clone() },
    };
    let paths: BTreeSet<&String> = before.files.keys().chain(after.files.keys()).collect();
    let changed =
        paths.into_iter().filter(|path| before.files.get(*path) != after.files.get(*path));
    let steps: Vec<Step> = changed
        .map(|path| Step { label: "", mutation: mutation(path), after: After::Nothing })
        .collect();
    checkout.run_steps(&steps);
    checkout.affected(&base)
}
