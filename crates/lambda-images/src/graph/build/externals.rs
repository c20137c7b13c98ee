//! What images take from outside the workspace: base images of others, and what `ADD` fetches.

use std::collections::BTreeMap;

use dockerfile::RemoteKind;

use crate::config::Config;
use crate::discovery::{ContextSource, ImageDeclaration, ImageName};
use crate::graph::{BaseSource, BaseUse, ExternalUse, Image, ImageGraph};
use crate::problem::Problem;

/// A base image of somebody else, whatever number of images stand on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalBase {
    /// As Dockerfiles and named contexts write it.
    pub written: String,
    /// What is asked of a registry for it: a mirror's reference, or its own.
    pub mirrored: String,
    /// What keeps it from changing; `None`: nothing does.
    pub pinned: Option<PinnedBy>,
    /// The images that refer to it.
    pub images: Vec<ImageName>,
    /// Where it is written first.
    pub place: ExternalUse,
}

/// What pins an external base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinnedBy {
    /// Who wrote it wrote its digest.
    Reference,
    /// The mirror that stands in for it has a digest.
    Mirror,
    /// `lambda-images.lock`.
    Lock,
}

/// All external bases, sorted by what is written.
pub fn external_bases(config: &Config, graph: &ImageGraph) -> Vec<ExternalBase> {
    collect(config, graph.images().iter())
}

fn collect<'i>(config: &Config, images: impl Iterator<Item = &'i Image>) -> Vec<ExternalBase> {
    let mut bases: BTreeMap<&str, ExternalBase> = BTreeMap::new();
    for image in images {
        for used in &image.externals {
            let base = bases.entry(&used.written).or_insert_with(|| {
                let mirror = config.mirrors.apply(&used.written);
                ExternalBase {
                    written: used.written.clone(),
                    pinned: pinned_by(config, &used.written, mirror.as_deref()),
                    mirrored: mirror.unwrap_or_else(|| used.written.clone()),
                    images: Vec::new(),
                    place: used.clone(),
                }
            });
            if base.images.last() != Some(image.name()) {
                base.images.push(image.name().clone());
            }
        }
    }
    bases.into_values().collect()
}

fn pinned_by(config: &Config, written: &str, mirror: Option<&str>) -> Option<PinnedBy> {
    if mirror.is_some_and(|mirror| mirror.contains('@')) {
        // It keeps the digest that is written, if it has none of its own.
        let is_own = written.contains('@')
            && mirror.is_some_and(|mirror| mirror.ends_with(digest_of(written)));
        return Some(if is_own { PinnedBy::Reference } else { PinnedBy::Mirror });
    }
    if written.contains('@') {
        return Some(PinnedBy::Reference);
    }
    config.base_lock.get(written).map(|_| PinnedBy::Lock)
}

fn digest_of(reference: &str) -> &str {
    reference.split_once('@').map_or("", |(_, digest)| digest)
}

/// The images elsewhere that an image refers to.
pub(super) fn external_uses(declaration: &ImageDeclaration, bases: &[BaseUse]) -> Vec<ExternalUse> {
    let in_dockerfile = bases.iter().filter_map(|base| match base.source {
        BaseSource::Internal(_) => None,
        BaseSource::External { .. } => Some(ExternalUse {
            name: base.written.clone(),
            written: base.written.clone(),
            path: declaration.dockerfile.clone(),
            line: base.line,
        }),
    });
    let contexts = declaration.contexts.iter().filter_map(|(name, source)| match source {
        // Nothing, as in `FROM scratch`.
        ContextSource::Reference(written) if written == "scratch" => None,
        ContextSource::Reference(written) => Some(ExternalUse {
            name: name.clone(),
            written: written.clone(),
            path: declaration.declared_in.clone(),
            line: declaration.place.0,
        }),
        _ => None,
    });
    in_dockerfile.chain(contexts).collect()
}

/// External bases whose tags may lead elsewhere tomorrow: each once.
pub(super) fn unpinned_bases(config: &Config, images: &BTreeMap<ImageName, Image>) -> Vec<Problem> {
    let unpinned =
        collect(config, images.values()).into_iter().filter(|base| base.pinned.is_none());
    let problem = |base: ExternalBase| {
        let message =
            format!("`{}` is not pinned: what its tag leads to counts as no change", base.written);
        let hint = "`cargo xtask bases --update` writes its digest to `lambda-images.lock`";
        Problem::of_file(base.place.path, message).at(base.place.line, 1).hint(hint)
    };
    unpinned.map(problem).collect()
}

/// What an `ADD` or a named context brings is no input where nothing pins it: its content is unknown.
pub(super) fn unpinned_remotes(images: &BTreeMap<ImageName, Image>) -> Vec<Problem> {
    let message =
        |source: &str| format!("`{source}` is not pinned: a change of it affects no image");
    let unpinned = |image: &Image| -> Vec<Problem> {
        let declaration = &image.declaration;
        let remotes = image.resolved.remotes.iter().filter(|remote| remote.checksum.is_none());
        let added = remotes.map(|remote| {
            let hint = match remote.kind {
                RemoteKind::Git => "name a commit: `ADD https://….git#<commit> …`",
                RemoteKind::Http => "pin it: `ADD --checksum=sha256:… …`",
            };
            let problem = Problem::of_file(&declaration.dockerfile, message(&remote.source));
            problem.at(remote.line, 1).hint(hint)
        });
        let contexts = declaration.contexts.values().filter_map(|source| match source {
            ContextSource::Remote(url) if !dockerfile::is_pinned_url(url) => Some(url),
            _ => None,
        });
        let contexts = contexts.map(|url| {
            let hint = "name a commit: `https://….git#<commit>`; `ADD --checksum=…` pins a file";
            let (line, column) = declaration.place;
            let problem = Problem::of_file(&declaration.declared_in, message(url));
            problem.at(line, column).hint(hint)
        });
        added.chain(contexts).collect()
    };
    images.values().flat_map(unpinned).collect()
}
