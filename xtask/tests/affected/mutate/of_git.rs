//! Changes that are git's: submodules that come and go, other branches, and merges of these.

use super::{generate_step, is_file, pick_path};
use crate::monorepo::{Monorepo, parent};
use crate::mutation::{After, Mutation, Resolution, Step};
use crate::random::Random;

/// A change of what git makes of the tree: of submodules, or a merge.
pub(crate) fn generate_step_of_git(
    random: &mut Random,
    monorepo: &Monorepo,
    first: &Monorepo,
) -> Option<Step> {
    let after = [After::Nothing, After::Stage, After::Commit][random.below(3)];
    let has_submodules = !monorepo.submodules.is_empty() || !first.submodules.is_empty();
    let (label, mutation) = match random.below(3) {
        0 => ("add submodule", Mutation::AddSubmodule { folder: pick_folder(random, monorepo)? }),
        1 if has_submodules => {
            let folders: Vec<&String> = monorepo.submodules.iter().collect();
            let folder = (!folders.is_empty()).then(|| folders[random.below(folders.len())])?;
            let keeps_files = random.one_in(3);
            ("remove submodule", Mutation::RemoveSubmodule { folder: folder.clone(), keeps_files })
        }
        _ if !has_submodules => {
            let theirs = generate_branch(random, first);
            let resolution =
                [Resolution::Ours, Resolution::Theirs, Resolution::Both][random.below(3)];
            ("merge", Mutation::Merge { theirs, resolution })
        }
        _ => return None,
    };
    Some(Step { label, mutation, after })
}

/// What is done on another branch, from the first commit on.
pub(crate) fn generate_branch(random: &mut Random, first: &Monorepo) -> Vec<Mutation> {
    let (mut mutations, mut now) = (Vec::new(), first.clone());
    for _ in 0..1 + random.below(3) {
        let Step { mutation, .. } = generate_step(random, &now, first);
        mutation.apply(&mut now, first);
        mutations.push(mutation);
    }
    mutations
}

/// A folder that has files, and isn't all of the workspace, or of its packages or Lambdas.
pub(crate) fn pick_folder(random: &mut Random, monorepo: &Monorepo) -> Option<String> {
    let path = pick_path(random, monorepo, is_file)?;
    let folder = parent(&path);
    (!["", "packages", "lambdas"].contains(&folder)).then(|| folder.to_owned())
}
