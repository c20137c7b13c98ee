//! Images that git's index has and that a sparse checkout leaves out.
//!
//! They are not removed: a program that is given the others would delete their functions. They are found
//! by reading the workspace as the index has it, only where a file is left out that can declare an
//! image.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Context as _;
use lambda_images::config::Kind;
use lambda_images::discovery::ImageName;
use lambda_images::paths;

use crate::at_commit::{AtCommit, Objects};
use crate::checkout::Disk;
use crate::environment::Environment;
use crate::git::Git;
use crate::inputs::Found;
use crate::tree_caches::TreeCaches;
use crate::workspace::Workspace;

/// The images that are left out, each with its folder and whether it is a Lambda image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut(BTreeMap<ImageName, (String, Kind)>);

impl LeftOut {
    /// # Errors
    /// Git can't be asked, or the workspace has problems as the index has it.
    pub(crate) fn find(
        git: &Git,
        workspace: &Workspace,
        environment: &Environment,
    ) -> anyhow::Result<LeftOut> {
        let left_out: HashSet<&str> =
            git.left_out().filter(|path| workspace.is_settings(path)).collect();
        if left_out.is_empty() {
            return Ok(LeftOut::default());
        }
        let (caches, nothing) = (TreeCaches::of_hashes(Vec::new()), Found::default());
        let disk = Disk { root: &workspace.root, caches: &caches };
        let differences = git.unstaged()?;
        let objects = Objects::new(git);
        let index = AtCommit::new(disk, git, &differences, &nothing, &objects);
        let whole = Workspace::read_checkout(workspace.root.clone(), &index, environment)
            .context("failed to read what the sparse checkout leaves out, from git's index")?;
        let images = whole.graph.images().iter().map(|image| &image.declaration);
        let absent = images.filter(|image| workspace.graph.get(&image.name).is_none());
        let by_checkout = absent.filter(|image| {
            [&image.declared_in, &image.dockerfile]
                .into_iter()
                .any(|path| left_out.contains(path.as_str()))
        });
        let folder = |declared_in: &str| paths::parent(declared_in).to_owned();
        let images =
            by_checkout.map(|image| (image.name.clone(), (folder(&image.declared_in), image.kind)));
        Ok(LeftOut(images.collect()))
    }

    pub(crate) fn names(&self) -> BTreeSet<ImageName> {
        self.0.keys().cloned().collect()
    }

    /// The Lambda images among them.
    pub(crate) fn lambdas(&self) -> LeftOut {
        let lambdas = self.0.iter().filter(|(_, (_, kind))| *kind == Kind::Lambda);
        LeftOut(lambdas.map(|(name, image)| (name.clone(), image.clone())).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, for people.
    pub(crate) fn shown(&self) -> String {
        let names: Vec<String> = self.0.keys().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }

    /// How to have them.
    pub(crate) fn hint(&self) -> String {
        let folders: BTreeSet<&str> =
            self.0.values().map(|(folder, _)| folder.as_str()).filter(|f| !f.is_empty()).collect();
        let folders = folders.into_iter().collect::<Vec<_>>().join(" ");
        format!("`git sparse-checkout add {folders}`, or `git sparse-checkout disable`")
    }

    /// That they are not checked out, and what follows; `None`: there are none.
    pub(crate) fn note(&self, what: &str) -> Option<String> {
        let (shown, hint) = (self.shown(), self.hint());
        (!self.is_empty())
            .then(|| format!("warning: not checked out, and {what}: {shown}\n  hint: {hint}"))
    }
}

#[cfg(test)]
mod tests;
