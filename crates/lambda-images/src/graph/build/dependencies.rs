//! Internal dependencies: what an image depends on by its `pyproject.toml`, and whether its build
//! brings it in.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::Reach;
use pyproject::PackageName;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::contexts::plain_folder;
use super::{Builder, whole};
use crate::discovery::{ImageName, Package};
use crate::graph::{ContextRole, ContextUse, Declared, EdgeKind, Image};
use crate::paths;
use crate::problem::Problem;

/// Internal dependencies. What an image neither copies nor finds in its bases counts all the
/// same, doubt means build: by an edge to the package's image, or by the package's folder.
pub(super) fn add_dependencies(
    builder: &Builder,
    images: &mut BTreeMap<ImageName, Image>,
    warnings: &mut Vec<Problem>,
) {
    let by_package: BTreeMap<&PackageName, &ImageName> = builder
        .declared
        .iter()
        .filter_map(|(name, declaration)| Some((declaration.package.as_ref()?, *name)))
        .filter(|(_, name)| images.contains_key(*name))
        .collect();
    let search = Search { packages: builder.packages, by_package: &by_package, images };
    let found: Vec<Found> =
        images.par_iter().map(|(name, image)| search.dependencies(name, image)).collect();
    for (image, found) in images.values_mut().zip(found) {
        warnings.extend(found.warnings);
        image.copied = found.copied;
        for (base, path) in found.edges {
            image.declared.entry(base.clone()).or_insert(path);
            image.depends_on.entry(base).or_insert(EdgeKind::Dependency);
        }
        image.contexts.extend(found.contexts);
        image.contexts.sort_by(|a, b| a.role.cmp(&b.role));
    }
}

/// What is known while the images are gone through.
struct Search<'a> {
    packages: &'a BTreeMap<PackageName, Package>,
    by_package: &'a BTreeMap<&'a PackageName, &'a ImageName>,
    images: &'a BTreeMap<ImageName, Image>,
}

/// What the dependencies of one image add to it.
#[derive(Default)]
struct Found {
    copied: BTreeMap<PackageName, Declared>,
    /// Each with the `pyproject.toml` that it comes from.
    edges: Vec<(ImageName, String)>,
    /// The folders of packages that nothing brings in.
    contexts: Vec<ContextUse>,
    warnings: Vec<Problem>,
}

impl Search<'_> {
    fn dependencies(&self, name: &ImageName, image: &Image) -> Found {
        let mut found = Found::default();
        let own = image.declaration.package.as_ref().and_then(|own| self.packages.get(own));
        let Some(own) = own.filter(|own| !own.requires.is_empty()) else { return found };
        let own_reaches = reaches(image);
        let bases = base_images(self.images, image);
        let bases: Vec<(&Image, Reaches)> =
            bases.into_iter().map(|base| (base, reaches(base))).collect();
        let mut left: Vec<(&PackageName, Declared)> = declared_by(own).collect();
        let mut seen = BTreeSet::from([&own.name]);
        while let Some((package, declared)) = left.pop() {
            let Some(package) = self.packages.get(package).filter(|p| seen.insert(&p.name)) else {
                continue;
            };
            if copies(&own_reaches, package) {
                left.extend(declared_by(package));
                found.copied.insert(package.name.clone(), declared);
                continue;
            }
            let own_image = self.by_package.get(&package.name).copied();
            let is_in_base = bases.iter().any(|(base, reaches)| {
                own_image == Some(base.name())
                    || base.declaration.package.as_ref() == Some(&package.name)
                    || copies(reaches, package)
            });
            if is_in_base {
                continue;
            }
            found.warnings.push(not_brought_in(image, package, &declared));
            match own_image.filter(|base| *base != name) {
                Some(base) => found.edges.push((base.clone(), declared.path)),
                None => {
                    left.extend(declared_by(package));
                    found.contexts.push(package_use(package));
                }
            }
        }
        found
    }
}

fn declared_by(package: &Package) -> impl Iterator<Item = (&PackageName, Declared)> {
    let declared = |place| Declared { path: package.declared_in.clone(), place };
    package.requires.iter().map(move |(name, place)| (name, declared(*place)))
}

/// All images that an image stands on.
fn base_images<'i>(images: &'i BTreeMap<ImageName, Image>, image: &'i Image) -> Vec<&'i Image> {
    let mut found: BTreeMap<&ImageName, &Image> = BTreeMap::new();
    let mut left = vec![image];
    while let Some(image) = left.pop() {
        let bases = image.depends_on.iter().filter(|(_, kind)| **kind == EdgeKind::Base);
        for base in bases.filter_map(|(name, _)| images.get(name)) {
            if found.insert(base.name(), base).is_none() {
                left.push(base);
            }
        }
    }
    found.into_values().collect()
}

/// Where each of an image's contexts lies, and what is read of it.
type Reaches<'i> = Vec<(&'i str, Reach)>;

fn reaches(image: &Image) -> Reaches<'_> {
    let contexts = image.contexts.iter();
    contexts.map(|context| (context.folder.folder.as_str(), Reach::new(&context.reads))).collect()
}

/// Whether a build may read something of a package's folder.
fn copies(reaches: &Reaches, package: &Package) -> bool {
    reaches.iter().any(|(folder, reach)| {
        let below = paths::strip_folder(folder, &package.folder);
        // The context may also lie inside the package.
        let is_inside = paths::strip_folder(&package.folder, folder).is_some();
        below.is_some_and(|path| reach.touches(path)) || (is_inside && reach.root().is_some())
    })
}

/// Says that an image lacks what it depends on.
pub fn not_brought_in(image: &Image, package: &Package, declared: &Declared) -> Problem {
    let message = format!(
        "`{}` depends on `{}`, which `{}` neither copies nor has in a base image",
        image.name(),
        package.name,
        image.declaration.dockerfile
    );
    Problem::of_file(&declared.path, message).at(declared.place.0, declared.place.1).hint(
        "copy it, or stand on an image that has it, or remove the dependency; until then every change of it affects the image",
    )
}

/// A package's folder as a context that is read whole.
pub fn package_use(package: &Package) -> ContextUse {
    ContextUse {
        role: ContextRole::Package(package.name.clone()),
        folder: plain_folder(&package.folder),
        reads: vec![whole(1)],
    }
}
