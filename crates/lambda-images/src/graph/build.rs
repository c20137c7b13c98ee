//! From declarations and the texts of Dockerfiles to the graph, and all that is wrong with them.

mod contexts;
mod cut;
mod dependencies;
mod externals;
mod frontend;
mod modes;
mod problems;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{Ask, ContextRead, Note, Resolved, Settings};
use pyproject::PackageName;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use self::contexts::context_uses;
pub use self::cut::cut_image;
pub use self::dependencies::{not_brought_in, package_use};
pub use self::externals::{ExternalBase, PinnedBy, external_bases};
use self::frontend::{count_everything, foreign_frontend};
use self::problems::{package_cycles, report_idle_settings, report_other_platforms};
use super::{
    BASE_IMAGE, BaseSource, BaseUse, ContextFolder, ContextRole, ContextUse, EdgeKind, Image,
    ImageGraph,
};
use crate::config::{Config, Kind, Reads};
use crate::cycle::{self, Edges};
use crate::discovery::{ContextSource, Declarations, ImageDeclaration, ImageName, Package};
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
    images.values_mut().for_each(|image| image.take_handed(&declarations.handed));
    let mut warnings = externals::unpinned_remotes(&images);
    warnings.extend(externals::unpinned_bases(config, &images));
    warnings.extend(references::doubtful_references(config, &images));
    warnings.extend(images.values().flat_map(Image::handed_warnings));
    warnings.extend(images.values().filter_map(Image::platform_warning));
    warnings.extend(images.values().flat_map(Image::hidden_by_chmod));
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
        let (args, named_contexts) = given(declaration);
        let settings = settings_of(declaration, &args, &named_contexts);
        let foreign = foreign_frontend(text, &args);
        let read = dockerfile::parse_dockerfile(text).and_then(|parsed| parsed.resolve(&settings));
        let mut resolved = match (read, &foreign) {
            (Ok(resolved), _) => resolved,
            // To another frontend it may be as it should be.
            (Err(_), Some(_)) => Resolved::default(),
            (Err(faults), None) => {
                tell(faults);
                return None;
            }
        };
        if foreign.is_some() {
            count_everything(&mut resolved, text, &args);
        }
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
        if let Some(frontend) = &foreign {
            image.read_whole_contexts(frontend);
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

impl Image {
    /// Lets all of its main context count, and says why.
    fn read_whole_context(&mut self, line: usize, why: &str) {
        let message = format!("{why}: the whole context is taken for read");
        self.resolved.undetermined.push(Note { line, message });
        // Who reads what is not written here may mount what is not written here.
        self.resolved.asks.push(Ask { kind: None, id: None, required: false, line });
        let main = self.contexts.iter_mut().filter(|context| context.role == ContextRole::Main);
        main.for_each(|context| context.reads.push(whole(line)));
    }
}

/// A read of everything.
fn whole(line: usize) -> ContextRead {
    let patterns = vec![".".to_owned()];
    ContextRead { context: None, patterns, excludes: Vec::new(), parents: false, line }
}
