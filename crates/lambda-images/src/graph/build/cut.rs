//! What is left of an image before some of its instructions.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::Cut;

use super::contexts::context_uses;
use super::{BaseSource, BaseUse, EdgeKind, Image, given, settings_of};
use crate::discovery::ContextSource;

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
