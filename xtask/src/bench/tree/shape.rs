//! How large the generated monorepo is and what depends on what in it: numbers only, no text.
//!
//! Packages stand in six layers. One of a higher layer depends on up to three of lower ones, so
//! that there is no cycle and a change low down reaches far.

use std::collections::BTreeSet;

use super::text::Dice;

/// Files of the root: `Cargo.toml`, `pyproject.toml`, `.dockerignore`, `.gitignore`.
pub(super) const ROOT_FILES: usize = 4;
/// Files of a Lambda's folder.
pub(super) const LAMBDA_FILES: usize = 52;
const LAYERS: usize = 6;

/// How large a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) lambdas: usize,
    pub(crate) packages: usize,
    /// All files but git's own and those that are written for the peers only.
    pub(crate) files: usize,
}

/// What is measured.
pub(crate) const FULL: Shape = Shape { lambdas: 1_000, packages: 500, files: 107_500 };

impl Shape {
    /// Files of each package's folder: those that the total leaves, shared out evenly. The
    /// first packages have one more where it doesn't come out even.
    pub(super) fn package_files(self, package: usize) -> usize {
        let left = self.files - ROOT_FILES - LAMBDA_FILES * self.lambdas;
        left / self.packages + usize::from(package < left % self.packages)
    }
}

/// Direct dependencies, as numbers of packages.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Of each package, lower numbers only.
    pub(crate) packages: Vec<Vec<usize>>,
    /// Of each Lambda, two to four.
    pub(crate) lambdas: Vec<Vec<usize>>,
}

impl Graph {
    pub(crate) fn of(shape: Shape) -> Graph {
        let width = shape.packages.div_ceil(LAYERS);
        let packages = (0..shape.packages)
            .map(|package| {
                let below = package / width * width;
                let mut dice = Dice::of(&format!("dependencies of package {package}"));
                let mut dependencies = BTreeSet::new();
                if below > 0 && dice.below(10) > 0 {
                    // One of the layer just below keeps the depth; the others come from anywhere.
                    dependencies.insert(below - width + dice.below(width));
                    for _ in 0..[0, 0, 0, 1, 1, 2][dice.below(6)] {
                        dependencies.insert(dice.below(below));
                    }
                }
                dependencies.into_iter().collect()
            })
            .collect();
        let lambdas = (0..shape.lambdas)
            .map(|lambda| {
                let mut dice = Dice::of(&format!("dependencies of Lambda {lambda}"));
                let count = 2 + dice.below(3);
                let mut dependencies = BTreeSet::new();
                while dependencies.len() < count {
                    dependencies.insert(dice.below(shape.packages));
                }
                dependencies.into_iter().collect()
            })
            .collect();
        Graph { packages, lambdas }
    }

    /// The packages that `direct` leads to, themselves among them.
    pub(crate) fn reached_from(&self, direct: &[usize]) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = direct.to_vec();
        while let Some(package) = open.pop() {
            if reached.insert(package) {
                open.extend(&self.packages[package]);
            }
        }
        reached
    }

    /// The Lambdas that stand on `package`, directly or not.
    pub(crate) fn lambdas_on(&self, package: usize) -> BTreeSet<usize> {
        (0..self.lambdas.len())
            .filter(|lambda| self.reached_from(&self.lambdas[*lambda]).contains(&package))
            .collect()
    }
}
