//! The image graph: every image with its resolved Dockerfile, what it stands on, and which
//! folders its build can read.
//!
//! # How it works
//! `discovery` says which images there are; here each Dockerfile is parsed and resolved, and
//! every image that a reachable stage refers to is looked up: a named context of the image's
//! own, an internal image by name, else an external base, after mirrors. Nothing is read: the
//! Dockerfiles come in as texts.
//!
//! # Limitations
//! An external base's `ONBUILD` instructions are not seen.

mod build;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{ContextRead, Resolved};
use pyproject::PackageName;

pub use self::build::{
    ExternalBase, PinnedBy, build_graph, cut_image, external_bases, not_brought_in, package_use,
};
use crate::config::Kind;
use crate::discovery::{ImageDeclaration, ImageName, Package};
use crate::problem::Problem;

/// The build arg by which a Dockerfile lets the image's `base` setting say what it stands on.
pub const BASE_IMAGE: &str = "BASE_IMAGE";

/// All images of the workspace.
#[derive(Debug, Clone, Default)]
pub struct ImageGraph {
    /// Each image after all that it stands on; equals by name.
    images: Vec<Image>,
    index: BTreeMap<ImageName, usize>,
    packages: BTreeMap<PackageName, Package>,
    warnings: Vec<Problem>,
}

/// One image, with all that its Dockerfile says.
#[derive(Debug, Clone)]
pub struct Image {
    /// As declared.
    pub declaration: ImageDeclaration,
    /// Its Dockerfile, for its target, args and platform.
    pub resolved: Resolved,
    /// Every image from outside its Dockerfile that a reachable stage refers to.
    pub bases: Vec<BaseUse>,
    /// Those of them, and of its named contexts, that are not of this workspace.
    pub externals: Vec<ExternalUse>,
    /// Folders that the build can read, or that count as inputs all the same.
    pub contexts: Vec<ContextUse>,
    /// Internal images that come before it, and why.
    pub depends_on: BTreeMap<ImageName, EdgeKind>,
    /// The file that says so, for each of them.
    pub declared: BTreeMap<ImageName, String>,
    /// The internal packages that it depends on and that its contexts may bring in; where each is
    /// declared.
    pub copied: BTreeMap<PackageName, Declared>,
}

/// An image elsewhere that an image refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUse {
    /// What the build calls it: what a Dockerfile writes, or the name of a named context.
    pub name: String,
    /// The reference, before mirrors and locks.
    pub written: String,
    /// The file that it is written in.
    pub path: String,
    /// 1-based.
    pub line: usize,
}

/// Where an image's dependency on a package is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The `pyproject.toml`.
    pub path: String,
    /// 1-based line and column.
    pub place: (usize, usize),
}

/// Why one image comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// The Dockerfile refers to it.
    Base,
    /// The project depends on the package that it is made from.
    Dependency,
}

/// An image that a Dockerfile refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUse {
    /// The name in the Dockerfile, after expansion: what a named context must be called to
    /// replace it.
    pub written: String,
    /// 1-based line in the Dockerfile.
    pub line: usize,
    /// What it is.
    pub source: BaseSource,
}

/// What a [`BaseUse`] leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseSource {
    /// An image of this workspace.
    Internal(ImageName),
    /// An image elsewhere.
    External {
        /// What stands in for it: a mirror, the digest that it is locked to, or both.
        stand_in: Option<String>,
    },
}

/// A folder that a build may read, as its ignore file leaves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextFolder {
    /// Relative to the workspace root.
    pub folder: String,
    /// Ignore files, of which the first that exists counts: `<Dockerfile>.dockerignore`
    /// beside the Dockerfile before `.dockerignore` at the context's root (BuildKit's rule,
    /// `frontend/dockerui/config.go`).
    pub ignore_files: Vec<String>,
    /// What is never part of it, whatever the ignore files say: see [`OWN`].
    pub left_out: Vec<&'static str>,
}

/// What git and this tool write, relative to the workspace root: it changes with every commit or run,
/// and differs from checkout to checkout.
pub const OWN: [OwnFolder; 2] = [
    OwnFolder { name: ".git", holds: ".git/HEAD" },
    OwnFolder { name: "target", holds: "target/lambda-images/images.json" },
];

/// A folder of [`OWN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnFolder {
    /// The line that an ignore file should have.
    pub name: &'static str,
    /// A file in it that stands for the others.
    pub holds: &'static str,
}

/// What is left of [`OWN`] where a Dockerfile copies something else from `target`.
pub const OWN_STATE: &str = "target/lambda-images";

/// What a folder is for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextUse {
    /// Its part in the build.
    pub role: ContextRole,
    /// The folder.
    pub folder: ContextFolder,
    /// What the build reads of it.
    pub reads: Vec<ContextRead>,
}

/// The part of a folder in a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextRole {
    /// The main context.
    Main,
    /// A named context.
    Named(String),
    /// An internal package that the image depends on and that nothing else brings in: doubt
    /// means build.
    Package(PackageName),
}

impl BaseUse {
    /// Whether it is an image of this workspace.
    pub fn is_internal(&self) -> bool {
        matches!(self.source, BaseSource::Internal(_))
    }
}

impl ImageGraph {
    /// All images, each after what it stands on.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// All internal packages, by name.
    pub fn packages(&self) -> &BTreeMap<PackageName, Package> {
        &self.packages
    }

    /// An image's own package, and all that it requires, however indirectly.
    pub fn packages_of<'g>(&'g self, image: &'g Image) -> BTreeMap<&'g PackageName, &'g Package> {
        let mut packages = BTreeMap::new();
        let mut left: Vec<&PackageName> = image.declaration.package.iter().collect();
        while let Some(name) = left.pop() {
            if let Some(package) = self.packages.get(name)
                && packages.insert(name, package).is_none()
            {
                left.extend(package.requires.keys());
            }
        }
        packages
    }

    /// What is not as it should be and keeps nothing from being built.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// One image.
    pub fn get(&self, name: &ImageName) -> Option<&Image> {
        self.index.get(name).map(|index| &self.images[*index])
    }

    /// The place of an image among [`ImageGraph::images`].
    pub fn position(&self, name: &ImageName) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// `names` and all that they stand on.
    pub fn with_bases(&self, names: impl IntoIterator<Item = ImageName>) -> BTreeSet<ImageName> {
        self.with_bases_but(names, &|_| false)
    }

    /// The same where Lambdas use the images that are `stable` as they are.
    pub fn with_bases_but(
        &self,
        names: impl IntoIterator<Item = ImageName>,
        is_stable: &dyn Fn(&ImageName) -> bool,
    ) -> BTreeSet<ImageName> {
        let mut all = BTreeSet::new();
        let mut left: Vec<ImageName> = names.into_iter().collect();
        while let Some(name) = left.pop() {
            if let Some(image) = self.get(&name)
                && all.insert(name)
            {
                let is_base = image.declaration.kind == Kind::Base;
                let bases = image.depends_on.keys();
                left.extend(bases.filter(|name| is_base || !is_stable(name)).cloned());
            }
        }
        all
    }

    /// `names` and all that stand on them.
    pub fn with_dependents(&self, names: &BTreeSet<ImageName>) -> BTreeSet<ImageName> {
        self.with_dependents_but(names, &|_| false)
    }

    /// The same where Lambdas use the images that are `stable` as they are, whatever becomes of them.
    pub fn with_dependents_but(
        &self,
        names: &BTreeSet<ImageName>,
        is_stable: &dyn Fn(&ImageName) -> bool,
    ) -> BTreeSet<ImageName> {
        let mut all = names.clone();
        for image in &self.images {
            let is_base = image.declaration.kind == Kind::Base;
            let passes = |name: &ImageName| is_base || !is_stable(name);
            if image.depends_on.keys().any(|name| all.contains(name) && passes(name)) {
                all.insert(image.declaration.name.clone());
            }
        }
        all
    }

    /// The edges that no longer path implies, for drawing: base first, then what stands on it.
    pub fn reduced_edges(&self) -> BTreeMap<ImageName, BTreeSet<ImageName>> {
        self.images
            .iter()
            .map(|image| {
                let direct = &image.depends_on;
                let kept = direct.keys().filter(|name| {
                    !direct.keys().any(|other| {
                        other != *name && self.with_bases([other.clone()]).contains(*name)
                    })
                });
                (image.declaration.name.clone(), kept.cloned().collect())
            })
            .collect()
    }
}

impl Image {
    /// The image's name.
    pub fn name(&self) -> &ImageName {
        &self.declaration.name
    }

    /// Build args that reach the build: those that the Dockerfile declares and those that BuildKit
    /// takes undeclared, without `BASE_IMAGE` where an internal image
    /// is its value: that one is given when the base's name is known.
    pub fn args(&self) -> BTreeMap<String, String> {
        let declared = &self.resolved.declared_args;
        let acts = |name: &String| declared.contains(name) || dockerfile::acts_undeclared(name);
        let given = self.declaration.args.iter().filter(|(name, _)| acts(name));
        let mut args: BTreeMap<String, String> =
            given.map(|(name, value)| (name.clone(), value.clone())).collect();
        if declared.contains(BASE_IMAGE) {
            match (&self.declaration.base, self.base_image_arg()) {
                (_, Some(_)) => drop(args.remove(BASE_IMAGE)),
                (Some(base), None) => drop(args.insert(BASE_IMAGE.to_owned(), base.value.clone())),
                (None, None) => {}
            }
        }
        args
    }

    /// The internal base that stands behind `ARG BASE_IMAGE`, where the Dockerfile uses it so.
    pub fn base_image_arg(&self) -> Option<&ImageName> {
        let reference = self
            .resolved
            .references
            .iter()
            .find(|reference| reference.from_arg.as_deref() == Some(BASE_IMAGE))?;
        self.bases.iter().find(|base| base.written == reference.name).and_then(|base| {
            match &base.source {
                BaseSource::Internal(name) => Some(name),
                BaseSource::External { .. } => None,
            }
        })
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
