//! What an image stands on, and where the digest of each base comes from.

use lambda_images::base_lock::BASE_LOCK;
use lambda_images::discovery::{ContextSource, ImageName};
use lambda_images::fingerprint::BaseIdentity;
use lambda_images::graph::{
    BaseSource, ExternalBase, ExternalUse, Image, PinnedBy, external_bases,
};
use lambda_images::reference::{Digest, ImageReference};
use serde_json::{Value, json};

use super::some_of;
use crate::commands::survey::Survey;

/// A base image from outside the workspace, as one image uses it.
struct External<'i> {
    used: &'i ExternalUse,
    base: ExternalBase,
    /// What is built on.
    digest: Option<Digest>,
    /// The day on which the lock's digest was what the tag led to.
    resolved: Option<String>,
}

fn externals<'i>(survey: &Survey, image: &'i Image) -> Vec<External<'i>> {
    let workspace = &survey.workspace;
    let all = external_bases(&workspace.config, &workspace.graph);
    let external = |used: &'i ExternalUse| {
        let base = all.iter().find(|base| base.written == used.written)?.clone();
        let locked = workspace.config.base_lock.get(&used.written);
        let locked = locked.filter(|_| base.pinned == Some(PinnedBy::Lock));
        let written = || base.mirrored.parse::<ImageReference>().ok()?.digest;
        let digest = locked.map_or_else(written, |locked| Some(locked.digest.clone()));
        let resolved = locked.map(|locked| locked.resolved.clone());
        Some(External { used, base, digest, resolved })
    };
    image.externals.iter().filter_map(external).collect()
}

impl External<'_> {
    /// Who says what is built on.
    fn source(&self) -> String {
        let ExternalUse { written, path, line, .. } = self.used;
        match (self.base.pinned, &self.resolved) {
            (Some(PinnedBy::Lock), Some(day)) => {
                format!("`{written}` locked by `{BASE_LOCK}` on {day}")
            }
            (Some(PinnedBy::Lock), None) => format!("`{written}` locked by `{BASE_LOCK}`"),
            (Some(PinnedBy::Reference), _) => format!("pinned in {path}:{line}"),
            (Some(PinnedBy::Mirror), _) => format!("pinned by the mirror `{}`", self.base.mirrored),
            (None, _) => format!("not pinned in {path}:{line}"),
        }
    }
}

/// A line of each image that it refers to: its name there, and what it counts as.
pub(super) fn base_lines(
    survey: &Survey,
    image: &Image,
    bases: impl IntoIterator<Item = (String, BaseIdentity)>,
) -> Vec<String> {
    let externals = externals(survey, image);
    let line = |(name, identity): (String, BaseIdentity)| {
        let external = externals.iter().find(|external| external.used.name == name);
        let is = match identity {
            BaseIdentity::Fingerprint(fingerprint) => {
                format!("image of this workspace, sha-{}", fingerprint.short(12))
            }
            BaseIdentity::Stable(digest) => stable_text(survey, internal_of(image, &name), &digest),
            BaseIdentity::Digest(digest) => match external {
                Some(external) => format!("{}, {digest}", external.source()),
                None => format!("pinned, {digest}"),
            },
            BaseIdentity::Reference(reference) => {
                format!("not pinned, counts as the text `{reference}`")
            }
        };
        format!("{name}: {is}")
    };
    bases.into_iter().map(line).collect()
}

/// The image of the workspace that the build calls `name`.
fn internal_of<'i>(image: &'i Image, name: &str) -> Option<&'i ImageName> {
    let of_dockerfile = image.bases.iter().find(|base| base.written == name);
    match (image.declaration.contexts.get(name), of_dockerfile.map(|base| &base.source)) {
        (Some(ContextSource::Image(internal)), _) | (_, Some(BaseSource::Internal(internal))) => {
            Some(internal)
        }
        _ => None,
    }
}

fn stable_text(survey: &Survey, name: Option<&ImageName>, digest: &str) -> String {
    let Some(name) = name else { return format!("`stable` of this workspace, {digest}") };
    if survey.to_come.contains(name) {
        return "`stable` of this workspace, not known before it is built".to_owned();
    }
    let dirty = match survey.dirty_stable.get(name) {
        Some(paths) => format!(", made when these were in no commit: {}", some_of(paths)),
        None => String::new(),
    };
    format!("`{}` of this workspace, {digest}{dirty}", survey.names[name].reference)
}

/// What each of them counts as, by the name that the build has for it.
pub(super) fn bases_json<'b>(
    survey: &Survey,
    image: &Image,
    bases: impl IntoIterator<Item = (&'b String, &'b BaseIdentity)>,
) -> Value {
    let value = |(name, identity): (&String, &BaseIdentity)| {
        let is_to_come = internal_of(image, name).is_some_and(|name| survey.to_come.contains(name));
        let value = match identity {
            BaseIdentity::Stable(_) if is_to_come => json!({ "stable": null }),
            identity => json!(identity),
        };
        (name.clone(), value)
    };
    Value::Object(bases.into_iter().map(value).collect())
}

/// Where the digests of those from outside the workspace come from.
pub(super) fn externals_json(survey: &Survey, image: &Image) -> Vec<Value> {
    let value = |external: External| {
        json!({
            "name": external.used.name,
            "reference": external.used.written,
            "mirrored": external.base.mirrored,
            "pinned_by": external.base.pinned,
            "digest": external.digest.as_ref().map(ToString::to_string),
            "resolved": external.resolved,
            "path": external.used.path,
            "line": external.used.line,
        })
    };
    externals(survey, image).into_iter().map(value).collect()
}
