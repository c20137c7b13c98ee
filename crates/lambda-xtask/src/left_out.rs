//! Images that git's index has and that a sparse checkout leaves out.
//!
//! They are not removed: a program that is given the others would delete their functions. They are found
//! by reading the workspace as the index has it, only where a file is left out that can declare an
//! image.

use std::collections::{BTreeMap, BTreeSet, HashSet};

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

/// The images that are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Each with its folder.
    images: BTreeMap<ImageName, (String, Kind)>,
    /// Folders of images whose names are not known: a partial clone lacks their files too.
    unnamed: BTreeSet<String>,
}

const PYPROJECT: &str = "/pyproject.toml";

impl LeftOut {
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn find(
        git: &Git,
        workspace: &Workspace,
        environment: &Environment,
    ) -> anyhow::Result<LeftOut> {
        let left_out: HashSet<&str> = git.left_out().collect();
        if !left_out.iter().any(|path| workspace.is_settings(path)) {
            return Ok(LeftOut::default());
        }
        let (caches, nothing) = (TreeCaches::of_hashes(Vec::new()), Found::default());
        let disk = Disk { root: &workspace.root, caches: &caches };
        let differences = git.unstaged()?;
        let objects = Objects::new(git);
        let index = AtCommit::new(disk, git, &differences, &nothing, &objects);
        let root = workspace.root.clone();
        let (whole, problems) = Workspace::read_with_problems(root, &index, environment)?;
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
        let has_dockerfile =
            |folder: &&str| left_out.contains(format!("{folder}/Dockerfile").as_str());
        let unread = problems.iter().filter(|problem| left_out.contains(problem.path.as_str()));
        let unread = unread.filter_map(|problem| problem.path.strip_suffix(PYPROJECT));
        Ok(LeftOut {
            images: images.collect(),
            unnamed: unread.filter(has_dockerfile).map(str::to_owned).collect(),
        })
    }

    /// Those whose names are known.
    pub(crate) fn names(&self) -> BTreeSet<ImageName> {
        self.images.keys().cloned().collect()
    }

    /// Whether an image is among them, or may be one of those whose names are not known.
    pub(crate) fn may_be(&self, name: &ImageName) -> bool {
        self.images.contains_key(name) || !self.unnamed.is_empty()
    }

    /// The same without base images.
    pub(crate) fn lambdas(mut self) -> LeftOut {
        self.images.retain(|_, (_, kind)| *kind == Kind::Lambda);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.images.is_empty() && self.unnamed.is_empty()
    }

    /// Their names, for people.
    pub(crate) fn shown(&self) -> String {
        let names = self.images.keys().map(ImageName::as_str);
        let names = names.chain(self.unnamed.iter().map(String::as_str));
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    /// How to have them.
    pub(crate) fn hint(&self) -> String {
        let known = self.images.values().map(|(folder, _)| folder);
        let folders: BTreeSet<&str> = known
            .chain(&self.unnamed)
            .map(String::as_str)
            .filter(|folder| !folder.is_empty())
            .collect();
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
