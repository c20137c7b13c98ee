//! From declarations and the texts of Dockerfiles to the graph, and all that is wrong with them.

mod dependencies;
mod externals;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{ContextRead, Cut, Note, Resolved, Settings};
use pyproject::PackageName;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

pub use self::dependencies::{not_brought_in, package_use};
pub use self::externals::{ExternalBase, PinnedBy, external_bases};
use super::{
    BASE_IMAGE, BaseSource, BaseUse, ContextFolder, ContextRole, ContextUse, EdgeKind, Image,
    ImageGraph,
};
use crate::config::{Config, Kind, Reads};
use crate::cycle::{self, Edges};
use crate::discovery::{ContextSource, Declarations, ImageDeclaration, ImageName, Package};
use crate::paths;
use crate::problem::{Problem, suggestion};
use crate::reference::ImageReference;

/// Builds the graph. `dockerfiles` holds the text of every declared Dockerfile that exists, by
/// path. The graph holds what could be understood; it is whole where no problem is told.
pub fn build_graph(
    config: &Config,
    declarations: &Declarations,
    dockerfiles: &BTreeMap<String, String>,
) -> (ImageGraph, Vec<Problem>) {
    let mut problems = package_cycles(&declarations.packages);
    let packages_are_ordered = problems.is_empty();
    // A package without a Dockerfile is a package without an image.
    let declared: BTreeMap<&ImageName, &ImageDeclaration> = declarations
        .images
        .iter()
        .filter(|(_, image)| {
            image.dockerfile_required || dockerfiles.contains_key(&image.dockerfile)
        })
        .collect();
    let builder = Builder { config, packages: &declarations.packages, declared: &declared };
    let mut images: BTreeMap<ImageName, Image> = BTreeMap::new();
    let read: Vec<(Option<Image>, Vec<Problem>)> = declared
        .par_iter()
        .map(|(name, declaration)| {
            let mut problems = Vec::new();
            let Some(text) = dockerfiles.get(&declaration.dockerfile) else {
                let message = format!(
                    "`{name}` has no Dockerfile: `{}` does not exist",
                    declaration.dockerfile
                );
                let problem = Problem::of_file(&declaration.declared_in, message)
                    .at(declaration.place.0, declaration.place.1);
                let hint = "write one, or say where it is by `dockerfile`";
                return (None, vec![problem.hint(hint)]);
            };
            (builder.image(declaration, text, &mut problems), problems)
        })
        .collect();
    for (image, found) in read {
        problems.extend(found);
        images.extend(image.map(|image| (image.name().clone(), image)));
    }
    read_what_triggers_may(&mut images);
    let mut warnings = externals::unpinned_remotes(&images);
    warnings.extend(externals::unpinned_bases(config, &images));
    dependencies::add_dependencies(&builder, &mut images, &mut warnings);
    warnings.sort();
    report_other_platforms(&images, &mut problems);
    let edges = |wanted: &dyn Fn(EdgeKind) -> bool| -> Edges<ImageName> {
        let before = |image: &Image| {
            image
                .depends_on
                .iter()
                .filter(|(_, kind)| wanted(**kind))
                .map(|(name, _)| name.clone())
                .collect()
        };
        images.iter().map(|(name, image)| (name.clone(), before(image))).collect()
    };
    // A cycle of packages has been told; the images made from them need not repeat it.
    let order = cycle::topological(&edges(&|kind| packages_are_ordered || kind == EdgeKind::Base))
        .unwrap_or_else(|loops| {
            for names in loops {
                let declaration = &images[&names[0]].declaration;
                let shown: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                let problem = Problem::of_file(
                    &declaration.dockerfile,
                    format!("these images stand on each other: {}", shown.join(" → ")),
                );
                problems.push(
                    problem.hint("one of these `FROM`s, `base` settings or dependencies must go"),
                );
            }
            Vec::new()
        });
    let images: Vec<Image> = order.iter().filter_map(|name| images.remove(name)).collect();
    let index =
        images.iter().enumerate().map(|(index, image)| (image.name().clone(), index)).collect();
    let packages = declarations.packages.clone();
    (ImageGraph { images, index, packages, warnings }, problems)
}

/// What the `ONBUILD`s of a base image copy isn't written in the Dockerfile that stands on it.
fn read_what_triggers_may(images: &mut BTreeMap<ImageName, Image>) {
    let leaves_triggers: BTreeSet<ImageName> = images
        .values()
        .filter(|image| image.resolved.leaves_triggers)
        .map(|image| image.name().clone())
        .collect();
    for image in images.values_mut() {
        let base = image.bases.iter().find_map(|base| match &base.source {
            BaseSource::Internal(name) if leaves_triggers.contains(name) => Some((base.line, name)),
            _ => None,
        });
        if let Some((line, name)) = base {
            let message = format!("`{name}` runs its `ONBUILD`s here");
            image.read_whole_context(line, &message);
        }
    }
}

fn package_cycles(packages: &BTreeMap<PackageName, Package>) -> Vec<Problem> {
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

struct Builder<'a> {
    config: &'a Config,
    packages: &'a BTreeMap<PackageName, Package>,
    declared: &'a BTreeMap<&'a ImageName, &'a ImageDeclaration>,
}

impl Builder<'_> {
    fn image(
        &self,
        declaration: &ImageDeclaration,
        text: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Image> {
        let mut tell = |faults: Vec<dockerfile::Fault>| {
            for fault in faults {
                let problem = Problem::of_file(&declaration.dockerfile, fault.message)
                    .at(fault.line, fault.column);
                problems.push(Problem { hint: fault.hint, ..problem });
            }
        };
        let parsed = dockerfile::parse_dockerfile(text).map_err(&mut tell).ok()?;
        let (args, named_contexts) = given(declaration);
        let settings = settings_of(declaration, &args, &named_contexts);
        let resolved = parsed.resolve(&settings).map_err(&mut tell).ok()?;
        report_idle_settings(declaration, &resolved.declared_args, problems);
        let mut bases: BTreeMap<String, BaseUse> = BTreeMap::new();
        for reference in &resolved.references {
            if reference.named_context.is_some() || bases.contains_key(&reference.name) {
                continue;
            }
            if let Some(source) = self.base_source(declaration, reference, problems) {
                bases.insert(
                    reference.name.clone(),
                    BaseUse { written: reference.name.clone(), line: reference.line, source },
                );
            }
        }
        let mut image = Image {
            declaration: self.mirrored(declaration),
            contexts: context_uses(declaration, &resolved),
            resolved,
            bases: bases.into_values().collect(),
            externals: Vec::new(),
            depends_on: BTreeMap::new(),
            declared: BTreeMap::new(),
            copied: BTreeMap::new(),
        };
        image.externals = externals::external_uses(declaration, &image.bases);
        if declaration.reads == Reads::Context {
            image.read_whole_context(1, "`reads` is `\"context\"`");
        }
        if let Some(syntax) = parsed.directives.syntax.as_deref().filter(|s| !is_own_syntax(s)) {
            image.read_whole_context(1, &format!("nobody knows what `{syntax}` reads"));
        }
        for base in &image.bases {
            if let BaseSource::Internal(name) = &base.source {
                image.depends_on.insert(name.clone(), EdgeKind::Base);
                let path = match (&declaration.base, image.base_image_arg()) {
                    (Some(_), Some(base)) if base == name && declaration.base_is_own => {
                        &declaration.declared_in
                    }
                    (Some(_), Some(base)) if base == name => &self.config.path,
                    _ => &declaration.dockerfile,
                };
                image.declared.insert(name.clone(), path.clone());
            }
        }
        for source in declaration.contexts.values() {
            if let ContextSource::Image(name) = source {
                if self.declared.contains_key(name) {
                    image.depends_on.insert(name.clone(), EdgeKind::Base);
                    let path = || declaration.declared_in.clone();
                    image.declared.entry(name.clone()).or_insert_with(path);
                } else {
                    let message = format!("`target:{name}` names no image of this workspace");
                    let problem = Problem::of_file(&declaration.declared_in, message)
                        .at(declaration.place.0, declaration.place.1);
                    problems.push(self.with_image_hint(problem, name.as_str()));
                }
            }
        }
        Some(image)
    }

    fn base_source(
        &self,
        declaration: &ImageDeclaration,
        reference: &dockerfile::Reference,
        problems: &mut Vec<Problem>,
    ) -> Option<BaseSource> {
        let written = reference.name.as_str();
        let parsed = written.parse::<ImageReference>();
        let (path, (line, column)) = match (&reference.from_arg, &declaration.base) {
            (Some(arg), Some(base)) if arg == BASE_IMAGE && declaration.base_is_own => {
                (&declaration.declared_in, base.place)
            }
            (Some(arg), Some(base)) if arg == BASE_IMAGE => (&self.config.path, base.place),
            _ => (&declaration.dockerfile, (reference.line, 1)),
        };
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                problems.push(Problem::of_file(path, error.to_string()).at(line, column));
                return None;
            }
        };
        let name = ImageName::new(parsed.repository.as_str());
        // What bears an image's own name is another one: no image stands on itself.
        let found = name.filter(|name| *name != declaration.name);
        if let Some((found, image)) = found.and_then(|name| self.declared.get_key_value(&name)) {
            if parsed.tag.is_none() && parsed.digest.is_none() {
                return Some(BaseSource::Internal((*found).clone()));
            }
            // With a tag it is somebody else's, unless it bears the name of a base image.
            if image.kind == Kind::Base {
                let message = format!("`{written}` names a base image of this workspace by a tag");
                let problem = Problem::of_file(path, message).at(line, column);
                problems.push(problem.hint(format!("write `{found}`: the build pins it")));
                return None;
            }
        }
        // `base-…` is what this workspace calls its own base images, and nobody else's is a bare name.
        if written.starts_with("base-") && !written.contains(['/', ':', '@']) {
            let problem =
                Problem::of_file(path, format!("unknown base image `{written}`")).at(line, column);
            problems.push(self.with_image_hint(problem, written));
            return None;
        }
        if let Some(image) = self.image_of_package(written) {
            let message = format!("`{written}` is a package of this workspace, not an image");
            let problem = Problem::of_file(path, message).at(line, column);
            problems.push(problem.hint(format!("did you mean `{image}`?")));
            return None;
        }
        Some(BaseSource::External { stand_in: self.config.stand_in(written) })
    }

    fn image_of_package(&self, text: &str) -> Option<&ImageName> {
        if text.contains(['/', ':', '@']) {
            return None;
        }
        let name: PackageName = text.parse().ok()?;
        let of_package = |image: &&&ImageDeclaration| {
            image.kind == Kind::Base && image.package.as_ref() == Some(&name)
        };
        self.declared.values().find(of_package).map(|image| &image.name)
    }

    /// A declaration whose named contexts are what they count as: after mirrors.
    fn mirrored(&self, declaration: &ImageDeclaration) -> ImageDeclaration {
        let mut declaration = declaration.clone();
        for source in declaration.contexts.values_mut() {
            if let ContextSource::Reference(reference) = source
                && let Some(mirror) = self.config.stand_in(reference)
            {
                *reference = mirror;
            }
        }
        declaration
    }

    fn with_image_hint(&self, problem: Problem, given: &str) -> Problem {
        match suggestion(given, self.declared.keys().map(|name| name.as_str())) {
            Some(known) => problem.hint(format!("did you mean `{known}`?")),
            None => problem.hint("`cargo xtask graph` shows the images there are"),
        }
    }
}

/// The args and named contexts that a build is given.
fn given(declaration: &ImageDeclaration) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let mut args = declaration.args.clone();
    if let Some(base) = &declaration.base {
        args.insert(BASE_IMAGE.to_owned(), base.value.clone());
    }
    (args, declaration.contexts.keys().cloned().collect())
}

fn settings_of<'s>(
    declaration: &'s ImageDeclaration,
    args: &'s BTreeMap<String, String>,
    named_contexts: &'s BTreeSet<String>,
) -> Settings<'s> {
    Settings {
        target: declaration.target.as_deref(),
        args,
        platform: declaration.platform.as_str(),
        // The machine that builds must not show in the fingerprint.
        build_platform: None,
        named_contexts,
    }
}

/// Cuts an image's Dockerfile before the instructions on these lines. The image that is left, if it
/// does anything, refers only to what its own instructions refer to.
///
/// # Errors
/// What the Dockerfile's own rules refuse, as a fragment.
pub fn cut_image(
    image: &Image,
    text: &str,
    before: &BTreeSet<usize>,
) -> Result<(Cut, Option<Image>), String> {
    let told = |faults: Vec<dockerfile::Fault>| {
        faults.first().map_or_else(String::new, |fault| fault.message.clone())
    };
    let mut declaration = image.declaration.clone();
    let (args, named_contexts) = given(&declaration);
    let settings = settings_of(&declaration, &args, &named_contexts);
    let parsed = dockerfile::parse_dockerfile(text).map_err(told)?;
    let cut = parsed.cut(text, &settings, before).map_err(told)?;
    let Some(target) = cut.target.clone() else { return Ok((cut, None)) };
    declaration.target = Some(target);
    let settings = settings_of(&declaration, &args, &named_contexts);
    let left = dockerfile::parse_dockerfile(&cut.text).map_err(told)?;
    let resolved = left.resolve(&settings).map_err(told)?;
    let refers = |name: &String| resolved.references.iter().any(|found| found.name == *name);
    let bases: Vec<BaseUse> =
        image.bases.iter().filter(|base| refers(&base.written)).cloned().collect();
    let internal = bases.iter().filter_map(|base| match &base.source {
        BaseSource::Internal(name) => Some(name.clone()),
        BaseSource::External { .. } => None,
    });
    let contexts = declaration.contexts.values().filter_map(|source| match source {
        ContextSource::Image(name) => Some(name.clone()),
        _ => None,
    });
    let depends_on = internal.chain(contexts).map(|name| (name, EdgeKind::Base)).collect();
    let part = Image {
        contexts: context_uses(&declaration, &resolved),
        declaration,
        resolved,
        bases,
        externals: Vec::new(),
        depends_on,
        declared: BTreeMap::new(),
        copied: BTreeMap::new(),
    };
    Ok((cut, Some(part)))
}

impl Image {
    /// Lets all of its main context count, and says why.
    fn read_whole_context(&mut self, line: usize, why: &str) {
        let message = format!("{why}: the whole context is taken for read");
        self.resolved.undetermined.push(Note { line, message });
        let main = self.contexts.iter_mut().filter(|context| context.role == ContextRole::Main);
        main.for_each(|context| context.reads.push(whole(line)));
    }
}

/// A read of everything.
fn whole(line: usize) -> ContextRead {
    let patterns = vec![".".to_owned()];
    ContextRead { context: None, patterns, excludes: Vec::new(), parents: false, line }
}

/// BuildKit's own frontend, in whatever version: the one whose rules are known.
fn is_own_syntax(syntax: &str) -> bool {
    let reference = syntax.strip_prefix("docker.io/").unwrap_or(syntax);
    let repository = reference.split([':', '@']).next().unwrap_or(reference);
    matches!(repository, "docker/dockerfile" | "docker/dockerfile-upstream")
}

/// An image on a base of another platform would say that it is one thing and be another.
fn report_other_platforms(images: &BTreeMap<ImageName, Image>, problems: &mut Vec<Problem>) {
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
fn report_idle_settings(
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
    for (name, (line, column)) in &declaration.own_args {
        if !declared.contains(name) && !dockerfile::acts_undeclared(name) {
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

fn context_uses(declaration: &ImageDeclaration, resolved: &Resolved) -> Vec<ContextUse> {
    let reads = |context: Option<&str>| -> Vec<ContextRead> {
        let sources = resolved.sources.iter();
        sources.filter(|read| read.context.as_deref() == context).cloned().collect()
    };
    let main = ContextFolder {
        folder: declaration.context.clone(),
        ignore_files: vec![
            format!("{}.dockerignore", declaration.dockerfile),
            paths::in_folder(&declaration.context, ".dockerignore"),
        ],
    };
    let main = ContextUse { role: ContextRole::Main, folder: main, reads: reads(None) };
    let named = declaration.contexts.iter().filter_map(|(name, source)| match source {
        ContextSource::Folder(folder) => Some(ContextUse {
            role: ContextRole::Named(name.clone()),
            folder: plain_folder(folder),
            reads: reads(Some(name)),
        }),
        _ => None,
    });
    std::iter::once(main).chain(named).collect()
}

/// A folder that only its own `.dockerignore` narrows: BuildKit's rule for named contexts.
fn plain_folder(folder: &str) -> ContextFolder {
    ContextFolder {
        folder: folder.to_owned(),
        ignore_files: vec![paths::in_folder(folder, ".dockerignore")],
    }
}
