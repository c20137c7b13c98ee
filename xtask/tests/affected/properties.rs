//! What holds of `affected` and of fingerprints, whatever the monorepo.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::checkout::{Answer, Checkout};
use crate::compare::plan_of;
use crate::generate::{Use, generate_monorepo};
use crate::monorepo::{Content, Monorepo};
use crate::mutate::{append, is_source};
use crate::mutation::{After, Mutation, Step};
use crate::random::Random;

const MONOREPOS: usize = 6;

/// Monorepos without problems.
fn monorepos(seed: u64) -> impl Iterator<Item = (Random, Monorepo, Checkout)> {
    let mut random = Random::new(seed);
    let draw = move || {
        let monorepo = generate_monorepo(&mut random, Use::Asked, "");
        let checkout = Checkout::create(&monorepo, "");
        (Random::new(random.below(1000).try_into().unwrap()), monorepo, checkout)
    };
    let is_fine = |checkout: &Checkout| plan_of(checkout, &checkout.root()).is_ok();
    std::iter::repeat_with(draw).filter(move |(.., checkout)| is_fine(checkout)).take(MONOREPOS)
}

#[test]
fn edits_affect_what_each_of_them_affects() {
    for (mut random, monorepo, mut checkout) in monorepos(1) {
        let commit = checkout.first_commit();
        let is_meant = |(path, content): &(&String, &Content)| {
            matches!(content, Content::File { .. }) && is_source(path)
        };
        let paths: Vec<&String> = monorepo.files.iter().filter(is_meant).map(|(p, _)| p).collect();
        let mut draw = || -> Vec<&String> {
            (0..1 + random.below(3)).map(|_| paths[random.below(paths.len())]).collect()
        };
        let (first, second) = (draw(), draw());
        let edits = |paths: &[&String]| -> Vec<Step> {
            paths.iter().map(|path| step(append(&monorepo, path, "# Edited.\n"))).collect()
        };
        let restore = |path: &&String| step(Mutation::Restore { path: (*path).clone() });
        checkout.run_steps(&edits(&first));
        let by_first = checkout.affected(&commit);
        checkout.run_steps(&edits(&second));
        let by_both = checkout.affected(&commit);
        checkout.run_steps(&first.iter().map(restore).collect::<Vec<_>>());
        checkout.run_steps(&edits(&second));
        let by_second = checkout.affected(&commit);
        let union: BTreeSet<String> = by_first.union(&by_second).cloned().collect();
        assert_eq!(by_both, union, "{first:?} and {second:?} of\n{monorepo}");
        check_closed(&checkout, &by_both);
        checkout.run_steps(&second.iter().map(restore).collect::<Vec<_>>());
        assert_eq!(checkout.affected(&commit), BTreeSet::new(), "all is as it was");
    }
}

fn step(mutation: Mutation) -> Step {
    Step { label: "", mutation, after: After::Nothing }
}

/// What stands on an affected image is affected.
#[track_caller]
fn check_closed(checkout: &Checkout, affected: &BTreeSet<String>) {
    let graph = match checkout.ask(&checkout.root(), &["graph", "--format", "json"]) {
        Answer::Json(graph) => graph,
        Answer::Problems(problems) => panic!("{problems}"),
    };
    for image in graph["images"].as_array().unwrap() {
        let name = image["name"].as_str().unwrap();
        for dependent in image["dependents"].as_array().unwrap() {
            let dependent = dependent.as_str().unwrap();
            assert!(
                !affected.contains(name) || affected.contains(dependent),
                "`{name}` is affected and `{dependent}`, which stands on it, is not"
            );
        }
    }
}

#[test]
fn fingerprints_are_the_same_elsewhere() {
    for (_, monorepo, checkout) in monorepos(2) {
        let here = plan_of(&checkout, &checkout.root());
        let elsewhere = checkout.beside("no repository, and\tfar/away");
        write_strictly(&monorepo, &elsewhere);
        let there = plan_of(&checkout, &elsewhere);
        assert_eq!(here, there, "{monorepo}");
        let linked = checkout.beside("linked");
        symlink(&elsewhere, &linked).unwrap();
        assert_eq!(here, plan_of(&checkout, &linked), "{monorepo}");
    }
}

/// As with umask 077, long ago, the last path first.
fn write_strictly(monorepo: &Monorepo, root: &Path) {
    for (path, content) in monorepo.files.iter().rev() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content {
            Content::Link(text) => symlink(text, &path).unwrap(),
            Content::File { text, is_executable } => {
                fs::write(&path, text).unwrap();
                let file = fs::File::options().append(true).open(&path).unwrap();
                file.set_modified(UNIX_EPOCH).unwrap();
                let mode = if *is_executable { 0o700 } else { 0o600 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        let folder = fs::Permissions::from_mode(0o700);
        fs::set_permissions(path.parent().unwrap(), folder).unwrap();
    }
}
