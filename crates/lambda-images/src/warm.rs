//! Warming: of a Lambda's stages, what comes before its handler, so that the next build only adds
//! the handler.
//!
//! # How it works
//! A Dockerfile is cut before the first instruction of each stage that reads a file of the
//! *handler's own part*: a file of the Lambda's own folder that does not say what is installed. What
//! says so (`requirements.txt`, `pyproject.toml`, a lock, a wheel), and the folders of internal
//! packages, may be read by what is left. So a `COPY requirements.txt` with its `pip install` is
//! warmed, and `COPY handler.py` is where the cut is. What is left is an image like any other, with
//! inputs and a fingerprint of its own: an edit of the handler does not change it.
//!
//! # Limitations
//! A step that comes after the handler runs anew with every edit, whatever it does. Of an image of
//! which nobody knows what its instructions read (`reads = "context"`, a foreign frontend) nothing
//! is warmed.

use std::collections::BTreeSet;

use dockerfile::{Cut, select};

use crate::contexts::Contexts;
use crate::graph::{ContextRole, Image, ImageGraph, cut_image};
use crate::paths;

/// What comes before the handler of an image.
#[derive(Debug, Clone)]
pub struct WarmPart {
    /// It, as an image of its own: the same name, contexts and settings, another Dockerfile.
    pub image: Image,
    /// The Dockerfile's text.
    pub text: String,
}

/// What can be warmed of an image.
#[derive(Debug, Clone)]
pub struct Warmable {
    /// `None`: nothing before the handler copies or runs anything.
    pub part: Option<WarmPart>,
    /// Lines of the `RUN`s that come after the handler.
    pub late_runs: Vec<usize>,
}

/// Finds what can be warmed of an image, whose Dockerfile's text is `text`.
///
/// # Errors
/// Nobody knows where the handler comes in: why, as a fragment.
pub fn warmable(
    image: &Image,
    text: &str,
    graph: &ImageGraph,
    contexts: &Contexts,
) -> Result<Warmable, String> {
    if text.contains("TARGETSTAGE") {
        return Err(
            "its Dockerfile asks for `TARGETSTAGE`, which is another for a part of it".to_owned()
        );
    }
    let before = handler_lines(image, graph, contexts)?;
    let (cut, part) = cut_image(image, text, &before)?;
    let Cut { text, late_runs, .. } = cut;
    Ok(Warmable { part: part.map(|image| WarmPart { image, text }), late_runs })
}

/// The lines of the instructions that read a file of the handler's own part.
fn handler_lines(
    image: &Image,
    graph: &ImageGraph,
    contexts: &Contexts,
) -> Result<BTreeSet<usize>, String> {
    let mut lines = BTreeSet::new();
    for context in &image.contexts {
        let Some(tree) = contexts.tree_of(&context.folder) else { continue };
        if matches!(context.role, ContextRole::Package(_)) {
            continue;
        }
        for read in &context.reads {
            let selection = select(tree.listing(), &[read]);
            let links = selection.links.iter().copied();
            let mut files = selection.ranges.iter().cloned().flatten().chain(links);
            if !files.any(|index| is_of_handler(&tree.path(index), image, graph)) {
                continue;
            }
            if !image.resolved.sources.contains(read) {
                return Err("nobody knows which instruction reads its handler".to_owned());
            }
            lines.insert(read.line);
        }
    }
    Ok(lines)
}

/// Whether a file, by its path from the workspace root, is of the handler's own part.
fn is_of_handler(path: &str, image: &Image, graph: &ImageGraph) -> bool {
    let declaration = &image.declaration;
    let own = match &declaration.package {
        Some(_) => paths::parent(&declaration.declared_in),
        None => paths::parent(&declaration.dockerfile),
    };
    let is_of_other = graph.packages().values().any(|package| {
        declaration.package.as_ref() != Some(&package.name)
            && package.folder.len() > own.len()
            && paths::strip_folder(&package.folder, path).is_some()
    });
    let Some(below) = paths::strip_folder(own, path) else { return false };
    !is_of_other && !says_what_is_installed(below)
}

/// Files that say what is installed, or how: by their names, as the tools of Python have them.
fn says_what_is_installed(path: &str) -> bool {
    const NAMES: [&str; 14] = [
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "Pipfile",
        "Pipfile.lock",
        "pip.conf",
        "uv.toml",
        "poetry.toml",
        "environment.yml",
        "environment.yaml",
        "package.json",
        "package-lock.json",
        ".python-version",
        "MANIFEST.in",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let in_requirements = paths::parent(path).rsplit('/').next() == Some("requirements");
    let lists = stem.contains("requirements") || stem.contains("constraints") || in_requirements;
    NAMES.contains(&name)
        || matches!(extension, "lock" | "whl")
        || (lists && matches!(extension, "txt" | "in" | "lock"))
}

#[cfg(test)]
mod tests;
