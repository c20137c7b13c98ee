//! What is deployed: the Lambda images of a manifest, and what makes one unfit for it.
//!
//! It compares with a manifest that was deployed earlier, not with a commit: what runs is what
//! matters. It neither reads files nor deploys; the forms that deploying programs take are in
//! [`render`].

pub mod render;

use std::collections::BTreeSet;
use std::fmt;

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::fingerprint::Fingerprint;
use crate::graph::ImageGraph;
use crate::manifest::{Manifest, ManifestImage};
use crate::stable::VARIABLE;

/// Why an image should not be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The manifest has no entry of it.
    Missing,
    /// Its inputs have changed since.
    Stale,
    /// It stands on a `stable` base of development mode.
    Dev,
    /// It was built from inputs that are in no commit.
    Dirty,
    /// No registry has it, or nobody knows its digest.
    Local,
}

impl Unfit {
    /// All there are, in the order in which they are told.
    pub const ALL: [Unfit; 5] =
        [Unfit::Missing, Unfit::Stale, Unfit::Dev, Unfit::Dirty, Unfit::Local];

    /// The flag that lets it pass.
    pub fn flag(self) -> &'static str {
        match self {
            Unfit::Missing => "--allow-missing",
            Unfit::Stale => "--allow-stale",
            Unfit::Dev => "--allow-dev",
            Unfit::Dirty => "--allow-dirty",
            Unfit::Local => "--allow-local",
        }
    }

    /// What mends it for these images, as a `hint:`.
    pub fn hint(self, images: &[&ImageName]) -> String {
        let mut command = "cargo xtask build-lambdas --push".to_owned();
        const MOST_NAMES: usize = 5;
        if images.len() <= MOST_NAMES {
            images.iter().for_each(|name| command += &format!(" {name}"));
        }
        let flag = self.flag();
        match self {
            Unfit::Missing => {
                format!("`{command}` builds it or finds it in the registry; `{flag}` leaves it out")
            }
            Unfit::Stale => format!("`{command}`; `{flag}` deploys what was built"),
            Unfit::Dev => {
                format!(
                    "`{command}` without `--dev`, and without `{VARIABLE}`; `{flag}` deploys what was built"
                )
            }
            Unfit::Dirty => {
                format!("commit them, then `{command}`; `{flag}` deploys what was built")
            }
            Unfit::Local => {
                format!("`{command}`; `{flag}` is for who runs images without a registry")
            }
        }
    }
}

impl fmt::Display for Unfit {
    /// A predicate of one image.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::Missing => "not in the manifest",
            Unfit::Stale => "stale: its inputs have changed since it was built",
            Unfit::Dev => "of development mode: it stands on a `stable` base",
            Unfit::Dirty => "dirty: it was built from inputs that are in no commit",
            Unfit::Local => "only in the local Docker store",
        })
    }
}

/// The workspace as it is, and what is asked for.
pub struct DeployFacts<'a> {
    /// The images there are.
    pub graph: &'a ImageGraph,
    /// Their fingerprints.
    pub fingerprint: &'a dyn Fn(&ImageName) -> Fingerprint,
    /// The Lambda images asked for; empty: all.
    pub selected: &'a BTreeSet<ImageName>,
}

/// What is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The Lambda images, sorted by name, unfit ones among them.
    pub images: Vec<ManifestImage>,
    /// Lambda images that are deployed no more. Empty where only some images are asked for.
    pub removed: BTreeSet<ImageName>,
    /// What is wrong, by kind and then by name.
    pub unfit: BTreeSet<(Unfit, ImageName)>,
}

impl Deployment {
    /// What of a manifest is deployed.
    pub fn new(manifest: &Manifest, facts: &DeployFacts) -> Deployment {
        let mut deployment =
            Deployment { images: Vec::new(), removed: BTreeSet::new(), unfit: BTreeSet::new() };
        let is_selected =
            |name: &ImageName| facts.selected.is_empty() || facts.selected.contains(name);
        for image in facts.graph.images().iter().filter(|image| is_lambda(image)) {
            let name = image.name();
            if !is_selected(name) {
                continue;
            }
            let Some(entry) = manifest.get(name) else {
                deployment.unfit.insert((Unfit::Missing, name.clone()));
                continue;
            };
            for (unfit, holds) in [
                // The fingerprint of development mode never equals that of the true inputs.
                (Unfit::Stale, !entry.dev && entry.fingerprint != (facts.fingerprint)(name)),
                (Unfit::Dev, entry.dev),
                (Unfit::Dirty, entry.dirty),
                (Unfit::Local, !entry.pushed || entry.digest.is_none()),
            ] {
                if holds {
                    deployment.unfit.insert((unfit, name.clone()));
                }
            }
            deployment.images.push(entry.clone());
        }
        deployment.images.sort_by(|a, b| a.name.cmp(&b.name));
        if facts.selected.is_empty() {
            deployment.removed = removed_since(manifest, facts.graph);
            deployment.removed.extend(
                manifest.removed.iter().filter(|name| !is_deployed(name, facts.graph)).cloned(),
            );
        }
        deployment
    }

    /// Keeps what differs from a manifest that was deployed earlier: other digests or
    /// repositories, and what that one did not have. What is wrong with the rest is forgotten, but
    /// for what says that the manifest does not have the image of the present inputs.
    pub fn retain_changed(&mut self, earlier: &Manifest, facts: &DeployFacts) {
        self.images.retain(|image| match earlier.get(&image.name) {
            Some(old) => {
                image.digest.is_none()
                    || (&old.digest, &old.repository) != (&image.digest, &image.repository)
            }
            None => true,
        });
        let images = &self.images;
        let is_kept = |name: &ImageName| images.iter().any(|image| image.name == *name);
        // What would be built now may differ from what runs, though what was built does not.
        let may_differ = |unfit| matches!(unfit, Unfit::Missing | Unfit::Stale | Unfit::Dev);
        self.unfit.retain(|(unfit, name)| may_differ(*unfit) || is_kept(name));
        if facts.selected.is_empty() {
            self.removed = removed_since(earlier, facts.graph);
        }
    }
}

fn is_lambda(image: &crate::graph::Image) -> bool {
    image.declaration.kind == Kind::Lambda
}

fn is_deployed(name: &ImageName, graph: &ImageGraph) -> bool {
    graph.get(name).is_some_and(is_lambda)
}

/// Lambda images of a manifest that the workspace has no more.
fn removed_since(manifest: &Manifest, graph: &ImageGraph) -> BTreeSet<ImageName> {
    let lambdas = manifest.images.iter().filter(|image| image.kind == Kind::Lambda);
    let names = lambdas.map(|image| &image.name);
    names.filter(|name| !is_deployed(name, graph)).cloned().collect()
}

#[cfg(test)]
mod tests;
