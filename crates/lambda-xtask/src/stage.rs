//! The Dockerfile that BuildKit is handed: a copy of the image's own, with an ignore file beside it
//! that lets through what the build reads.
//!
//! BuildKit walks a context and sends what its ignore file leaves, whether or not anything is
//! copied: with this one it walks and sends the inputs, whatever the context's root is. And the
//! instructions that it runs are those that the fingerprint was made from.

use std::path::Path;

use dockerfile::{Dockerignore, narrowed_ignore};
use lambda_images::discovery::ImageName;
use lambda_images::graph::{ContextRole, Image};

use crate::inputs::Found;
use crate::state::{State, write_if_other};
use crate::workspace::Workspace;

/// Writes the Dockerfile of the `index`th image that was read, and its ignore file.
pub(crate) fn stage(
    workspace: &Workspace,
    found: &Found,
    index: usize,
    image: &Image,
) -> anyhow::Result<()> {
    let path = State::staged_dockerfile(image.name());
    let text = &workspace.dockerfiles[&image.declaration.dockerfile];
    stage_text(&workspace.root.join(path), text, found, index, image)
}

/// Writes a Dockerfile of this text, and the ignore file for what it reads.
pub(crate) fn stage_text(
    path: &Path,
    text: &str,
    found: &Found,
    index: usize,
    image: &Image,
) -> anyhow::Result<()> {
    write_if_other(path, text.as_bytes())?;
    let ignore = path.with_file_name("Dockerfile.dockerignore");
    write_if_other(&ignore, ignore_text(found, index, image).as_bytes())
}

fn ignore_text(found: &Found, index: usize, image: &Image) -> String {
    let nothing = Dockerignore::default();
    let main = image.contexts.iter().find(|context| context.role == ContextRole::Main);
    let original = main.and_then(|context| found.ignore_of(&context.folder));
    let read = found.of_image(index).iter().find(|read| read.role == ContextRole::Main);
    let text = read.map_or_else(String::new, |read| {
        let listing = found.contexts.trees()[read.tree].listing();
        narrowed_ignore(original.unwrap_or(&nothing), listing, &read.selection)
    });
    // An empty one would not count.
    if text.is_empty() { "# Everything is read.\n".to_owned() } else { text }
}

/// Which of the images that were read this is.
pub(crate) fn index_of(workspace: &Workspace, name: &ImageName) -> Option<usize> {
    workspace.graph.images().iter().position(|image| image.name() == name)
}
