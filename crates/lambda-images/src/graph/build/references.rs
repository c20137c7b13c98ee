//! References that are probably not what was meant: an image of this workspace by its name in the
//! registry, and a stage's name with a typing error.

use std::collections::BTreeMap;

use dockerfile::Via;

use crate::config::{Config, RegistrySetting};
use crate::discovery::ImageName;
use crate::ecr::Ecr;
use crate::graph::{ExternalUse, Image};
use crate::problem::Problem;
use crate::reference::ImageReference;
use crate::text_references::Repositories;

pub(super) fn doubtful_references(
    config: &Config,
    images: &BTreeMap<ImageName, Image>,
) -> Vec<Problem> {
    let own = OwnRepositories::new(config, images);
    let mut problems = Vec::new();
    for image in images.values() {
        let pushed = image.externals.iter().filter_map(|used| pushed_image(&own, image, used));
        problems.extend(pushed);
        problems.extend(misspelt_stages(image));
    }
    problems
}

/// An image of this workspace that is taken as an earlier run pushed it.
fn pushed_image(own: &OwnRepositories<'_>, image: &Image, used: &ExternalUse) -> Option<Problem> {
    let found = own.image_of(&used.written).filter(|found| found != image.name())?;
    let message = format!(
        "`{}` is `{found}` of this workspace as it was pushed: a change of `{found}` does not affect `{}`",
        used.written,
        image.name()
    );
    let is_context = image.declaration.contexts.contains_key(&used.name);
    let fix = if is_context { format!("target:{found}") } else { found.to_string() };
    let problem = Problem::of_file(&*used.path, message).at(used.line, 1);
    Some(problem.hint(format!("write `{fix}`: the build pins it")))
}

/// Names of stages that no stage has, so that BuildKit takes them for images.
fn misspelt_stages(image: &Image) -> impl Iterator<Item = Problem> {
    let is_internal = |name: &str| {
        let mut bases = image.bases.iter();
        bases.any(|base| base.written == name && base.is_internal())
    };
    let references = image.resolved.references.iter();
    references.filter(move |found| !is_internal(&found.name)).filter_map(|found| {
        let stage = found.similar_stage.as_ref()?;
        let (name, dockerfile) = (&found.name, &image.declaration.dockerfile);
        let message = format!("`{name}` is no stage: BuildKit takes it for an image of Docker Hub");
        let written = match found.via {
            Via::From => format!("FROM docker.io/library/{name}"),
            Via::CopyFrom | Via::MountFrom => format!("from=docker.io/library/{name}"),
        };
        let hint = format!("did you mean stage `{stage}`? if not, write `{written}`");
        Some(Problem::of_file(dockerfile, message).at(found.line, 1).hint(hint))
    })
}

/// The repositories that images of this workspace are pushed to.
struct OwnRepositories<'c> {
    registry: Option<&'c RegistrySetting>,
    repositories: Repositories,
}

impl<'c> OwnRepositories<'c> {
    fn new(config: &'c Config, images: &BTreeMap<ImageName, Image>) -> OwnRepositories<'c> {
        let names = images.values().map(|image| (image.name().clone(), image.declaration.kind));
        OwnRepositories {
            registry: config.registry.as_ref(),
            repositories: Repositories::of_names(&config.repository.value, names),
        }
    }

    /// The image that a reference names, with any stack and tag.
    fn image_of(&self, written: &str) -> Option<ImageName> {
        let reference: ImageReference = written.parse().ok()?;
        let path = match self.registry? {
            RegistrySetting::Host(registry) => {
                let prefix = format!("{registry}/");
                reference.repository.as_str().strip_prefix(&prefix)?
            }
            // Whoever's account it is.
            RegistrySetting::Ecr => {
                let (host, path) = reference.repository.split();
                host.and_then(Ecr::of_host).map(|_| path)?
            }
        };
        self.repositories.image_at(path).cloned()
    }
}
