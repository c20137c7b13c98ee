//! Which folders an image reads, and what of each.

use dockerfile::{ContextRead, Resolved};

use super::{ContextFolder, ContextRole, ContextUse};
use crate::discovery::{ContextSource, ImageDeclaration};
use crate::graph::{OWN, OWN_STATE, OwnFolder};
use crate::paths;

pub(super) fn context_uses(declaration: &ImageDeclaration, resolved: &Resolved) -> Vec<ContextUse> {
    let reads = |context: Option<&str>| -> Vec<ContextRead> {
        let sources = resolved.sources.iter();
        sources.filter(|read| read.context.as_deref() == context).cloned().collect()
    };
    let main_reads = reads(None);
    let main = ContextFolder {
        folder: declaration.context.clone(),
        ignore_files: vec![
            format!("{}.dockerignore", declaration.dockerfile),
            paths::in_folder(&declaration.context, ".dockerignore"),
        ],
        left_out: left_out(&declaration.context, &main_reads),
    };
    let main = ContextUse { role: ContextRole::Main, folder: main, reads: main_reads };
    let named = declaration.contexts.iter().filter_map(|(name, source)| match source {
        ContextSource::Folder(folder) => {
            let reads = reads(Some(name));
            let left_out = left_out(folder, &reads);
            let folder = ContextFolder { left_out, ..plain_folder(folder) };
            Some(ContextUse { role: ContextRole::Named(name.clone()), folder, reads })
        }
        _ => None,
    });
    std::iter::once(main).chain(named).collect()
}

/// A folder that only its own `.dockerignore` narrows: BuildKit's rule for named contexts.
pub(super) fn plain_folder(folder: &str) -> ContextFolder {
    ContextFolder {
        folder: folder.to_owned(),
        ignore_files: vec![paths::in_folder(folder, ".dockerignore")],
        left_out: left_out(folder, &[]),
    }
}

/// What a context must not hold: only that of the workspace root could.
fn left_out(folder: &str, reads: &[ContextRead]) -> Vec<&'static str> {
    if !folder.is_empty() {
        return Vec::new();
    }
    let names = |folder: &str| {
        let mut patterns = reads.iter().flat_map(|read| &read.patterns);
        patterns.any(|pattern| paths::strip_folder(folder, pattern).is_some())
    };
    // An image may well copy something that Cargo has built.
    let own =
        |own: &OwnFolder| if own.name != ".git" && names(own.name) { OWN_STATE } else { own.name };
    OWN.iter().map(own).collect()
}
