//! Counter-examples made small: whatever can go without the fault going, goes.

use crate::compare::{Case, Outcome, run_case};

/// Each try is some runs of the program.
const MOST_TRIES: usize = 400;

/// The smallest case that still differs, and how.
pub(crate) fn shrink(mut case: Case, mut fault: String) -> (Case, String) {
    let mut tries = 0;
    loop {
        let smaller = smaller_cases(&case).into_iter().find_map(|smaller| {
            tries += 1;
            if tries > MOST_TRIES {
                return None;
            }
            match run_case(&smaller) {
                Outcome::Differs(fault) => Some((smaller, fault)),
                Outcome::Same { .. } | Outcome::Unusable { .. } => None,
            }
        });
        match smaller {
            Some(found) => (case, fault) = found,
            None => return (case, fault),
        }
    }
}

/// The case without one of its parts, the largest parts first.
fn smaller_cases(case: &Case) -> Vec<Case> {
    let mut smaller = Vec::new();
    for index in 0..case.steps.len() {
        let mut without = case.clone();
        without.steps.remove(index);
        smaller.push(without);
    }
    for folder in &case.monorepo.submodules {
        let mut without = case.clone();
        without.monorepo.submodules.remove(folder);
        smaller.push(without);
    }
    if case.base.is_some() {
        smaller.push(Case { base: None, ..case.clone() });
    }
    let projects = case.monorepo.projects("lambdas").into_iter();
    for folder in projects.chain(case.monorepo.projects("packages")) {
        let mut without = case.clone();
        without.monorepo.remove(&folder);
        smaller.push(without);
    }
    for path in case.monorepo.files.keys() {
        let mut without = case.clone();
        without.monorepo.remove(path);
        smaller.push(without);
    }
    for path in case.monorepo.files.keys() {
        let lines: Vec<&str> = case.monorepo.text(path).lines().collect();
        for index in 0..lines.len() {
            let left = lines.iter().enumerate().filter(|(at, _)| *at != index);
            let mut without = case.clone();
            without
                .monorepo
                .write(path, left.map(|(_, line)| format!("{line}\n")).collect::<String>());
            smaller.push(without);
        }
    }
    if !case.subfolder.is_empty() {
        smaller.push(Case { subfolder: "", ..case.clone() });
    }
    smaller
}
