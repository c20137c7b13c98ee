//! The Dockerfile that BuildKit is handed: a copy of the image's own, with an ignore file beside it
//! that lets through what the build reads.
//!
//! BuildKit walks a context and sends what its ignore file leaves, whether or not anything is
//! copied: with this one it walks and sends the inputs, whatever the context's root is. And the
//! instructions that it runs are those that the fingerprint was made from.

use std::path::Path;

use dockerfile::{Dockerignore, narrowed_ignore};
use lambda_images::graph::ContextRole;

use crate::context_copy::{Source, write_file};

/// Writes the Dockerfile of an image and its ignore file.
pub(crate) fn stage(root: &Path, source: &Source) -> anyhow::Result<()> {
    let path = root.join(&source.staged);
    write_file(&path, source.dockerfile.as_bytes())?;
    let ignore = path.with_file_name("Dockerfile.dockerignore");
    write_file(&ignore, ignore_text(source).as_bytes())
}

fn ignore_text(source: &Source) -> String {
    let Source { found, index, image, .. } = source;
    let nothing = Dockerignore::default();
    let main = image.contexts.iter().find(|context| context.role == ContextRole::Main);
    let original = main.and_then(|context| found.ignore_of(&context.folder));
    let read = found.of_image(*index).iter().find(|read| read.role == ContextRole::Main);
    let text = read.map_or_else(String::new, |read| {
        let listing = found.contexts.trees()[read.tree].listing();
        narrowed_ignore(original.unwrap_or(&nothing), listing, &read.selection)
    });
    // An empty one would not count.
    if text.is_empty() { "# Everything is read.\n".to_owned() } else { text }
}
