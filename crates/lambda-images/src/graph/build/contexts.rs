//! Which folders an image reads, and what of each.

use dockerfile::{ContextRead, Resolved};

use super::{ContextFolder, ContextRole, ContextUse};
use crate::discovery::{ContextSource, ImageDeclaration};
use crate::paths;

pub(super) fn context_uses(declaration: &ImageDeclaration, resolved: &Resolved) -> Vec<ContextUse> {
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
pub(super) fn plain_folder(folder: &str) -> ContextFolder {
    ContextFolder {
        folder: folder.to_owned(),
        ignore_files: vec![paths::in_folder(folder, ".dockerignore")],
    }
}
