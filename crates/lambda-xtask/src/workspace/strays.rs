//! Folders that a glob of the configuration finds, that have a Dockerfile, and that are no image's: without
//! a `pyproject.toml` nobody declares it.
//!
//! What lies inside a project is that project's own affair.

use std::collections::BTreeSet;

use lambda_images::discovery::{Declarations, PyprojectFile};
use lambda_images::paths;
use lambda_images::problem::Problem;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::checkout::Checkout;

/// Which of the folders without a `pyproject.toml`, `bare`, they are.
pub(super) fn strays(
    checkout: &dyn Checkout,
    bare: &BTreeSet<String>,
    pyprojects: &[PyprojectFile],
    declarations: &Declarations,
) -> Vec<String> {
    let projects: BTreeSet<&str> =
        pyprojects.iter().map(|file| paths::parent(&file.path)).collect();
    let listed: BTreeSet<&str> = declarations
        .images
        .values()
        .flat_map(|image| [paths::parent(&image.dockerfile), &image.context])
        .collect();
    let is_anothers = |folder: &str| {
        let mut above = folder;
        while !above.is_empty() {
            above = paths::parent(above);
            if projects.contains(above) {
                return true;
            }
        }
        folder.is_empty() || listed.contains(folder)
    };
    let left: Vec<&String> = bare.iter().filter(|folder| !is_anothers(folder)).collect();
    let has_dockerfile = |folder: &&String| {
        // One that can't be read is there.
        !matches!(checkout.bytes(&dockerfile_in(folder)), Ok(None))
    };
    left.into_par_iter().filter(has_dockerfile).cloned().collect()
}

/// Says so of one.
pub(super) fn problem(folder: &str) -> Problem {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let message = "there is no `pyproject.toml` beside it, so that it makes no image";
    Problem::of_file(dockerfile_in(folder), message).hint(format!(
        "add one (`[project]` with `name = \"{name}\"`), or list the image in `[[workspace.metadata.lambda-images.images]]`"
    ))
}

fn dockerfile_in(folder: &str) -> String {
    paths::in_folder(folder, "Dockerfile")
}
