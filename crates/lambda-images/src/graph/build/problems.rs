//! What is wrong with images and packages that could be read, taken by themselves or together.

use std::collections::{BTreeMap, BTreeSet};

use pyproject::PackageName;

use super::{BASE_IMAGE, EdgeKind, Image};
use crate::cycle::{self, Edges};
use crate::discovery::{ImageDeclaration, ImageName, Package, UnsetArg};
use crate::problem::{Problem, suggestion};

pub(super) fn package_cycles(packages: &BTreeMap<PackageName, Package>) -> Vec<Problem> {
    let edges: Edges<PackageName> = packages
        .iter()
        .map(|(name, package)| (name.clone(), package.requires.keys().cloned().collect()))
        .collect();
    let loops = cycle::topological(&edges).err().unwrap_or_default();
    loops
        .into_iter()
        .map(|names| {
            let package = &packages[&names[0]];
            let shown: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            Problem::of_file(
                &package.declared_in,
                format!("these packages depend on each other: {}", shown.join(" → ")),
            )
            .at(package.place.0, package.place.1)
            .hint(
                "one of these dependencies must go: move what both need into a package below them",
            )
        })
        .collect()
}

/// An image on a base of another platform would say that it is one thing and be another.
pub(super) fn report_other_platforms(
    images: &BTreeMap<ImageName, Image>,
    problems: &mut Vec<Problem>,
) {
    for image in images.values() {
        let declaration = &image.declaration;
        let bases = image.depends_on.iter().filter(|(_, kind)| **kind == EdgeKind::Base);
        for base in bases.filter_map(|(name, _)| images.get(name)) {
            let (own, other) = (&declaration.platform, &base.declaration.platform);
            if own != other {
                let name = base.name();
                let message = format!(
                    "`{}` is for {own} and stands on `{name}`, which is for {other}",
                    declaration.name
                );
                let place = declaration.place;
                let problem =
                    Problem::of_file(&declaration.declared_in, message).at(place.0, place.1);
                problems.push(problem.hint("give both one `platform`, or list a second base image with its own in `[[workspace.metadata.lambda-images.images]]`"));
            }
        }
    }
}

/// Settings of the image's own that its Dockerfile takes no notice of: a typing error, mostly.
pub(super) fn report_idle_settings(
    declaration: &ImageDeclaration,
    declared: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    let path = &declaration.declared_in;
    let idle = |what: &str, arg: &str| {
        let dockerfile = &declaration.dockerfile;
        format!("{what} has no effect: `{dockerfile}` declares no `ARG {arg}`")
    };
    if declaration.base_is_own && !declared.contains(BASE_IMAGE) {
        let (line, column) = declaration.base.as_ref().map_or(declaration.place, |base| base.place);
        let problem = Problem::of_file(path, idle("`base`", BASE_IMAGE)).at(line, column);
        problems.push(problem.hint(format!(
            "start the Dockerfile with `ARG {BASE_IMAGE}` and `FROM ${{{BASE_IMAGE}}}`, or remove `base`"
        )));
    }
    let acts = |name: &str| declared.contains(name) || dockerfile::acts_undeclared(name);
    for (name, UnsetArg { variable, path, place }) in &declaration.unset_args {
        if acts(name) {
            let message =
                format!("the variable `{variable}` is not set: arg `{name}` is its value");
            let problem = Problem::of_file(path, message).at(place.0, place.1);
            problems.push(problem.hint(format!(
                "set `{variable}`, or give a value for when it is not set: `{{ env = \"{variable}\", default = \"…\" }}`"
            )));
        }
    }
    for (name, (line, column)) in &declaration.own_args {
        if !acts(name) {
            let problem =
                Problem::of_file(path, idle(&format!("arg `{name}`"), name)).at(*line, *column);
            problems.push(match suggestion(name, declared.iter().map(String::as_str)) {
                Some(known) => problem.hint(format!("did you mean `{known}`?")),
                None => problem
                    .hint(format!("declare `ARG {name}` in the stage that uses it, or remove it")),
            });
        }
    }
}
