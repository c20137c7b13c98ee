//! What a build is about to be refused for: a `COPY`, an `ADD` or a mount of something that is not in
//! its context.
//!
//! It is told, and keeps nothing from being built: what is missing may be made before that. The disk
//! is asked only about what is missing.

use std::fs;
use std::path::Path;

use dockerfile::{Miss, MissReason};
use lambda_images::graph::{ContextRole, ContextUse, Image, ImageGraph};
use lambda_images::paths;
use lambda_images::problem::Problem;

use super::Found;

impl Found {
    /// Says which sources lead to nothing, of all images of the graph.
    pub(crate) fn missing_sources(&self, root: &Path, graph: &ImageGraph) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, image) in graph.images().iter().enumerate() {
            for read in self.of_image(index) {
                let misses = read.selection.misses.iter().filter(|miss| is_sure(image, miss));
                for miss in misses {
                    let context = image.contexts.iter().find(|context| context.role == read.role);
                    problems.extend(context.and_then(|it| self.problem(root, image, it, miss)));
                }
            }
        }
        problems.sort();
        problems.dedup();
        problems
    }

    fn problem(
        &self,
        root: &Path,
        image: &Image,
        ContextUse { role, folder, .. }: &ContextUse,
        miss: &Miss,
    ) -> Option<Problem> {
        if matches!(role, ContextRole::Package(_)) {
            return None;
        }
        let problem = |message: String| {
            Problem::of_file(&image.declaration.dockerfile, message).at(miss.line, 1)
        };
        let path = &miss.path;
        let on_disk = root.join(&folder.folder).join(path);
        let excludes = self.ignore_of(folder).is_some_and(|ignore| ignore.excludes(path));
        if excludes && fs::symlink_metadata(&on_disk).is_ok() {
            let source = &miss.pattern;
            let what = match source == path || source.contains(['*', '?', '[', '\\']) {
                true => format!("`{path}` is"),
                false => format!("`{source}` leads to `{path}`, which is"),
            };
            let own = folder.left_out.iter().find(|own| paths::strip_folder(own, path).is_some());
            if let Some(own) = own {
                let message = format!("{what} never part of a context");
                return Some(problem(message).hint(format!("copy what is needed out of `{own}`")));
            }
            let mut files = folder.ignore_files.iter();
            let file = files.find(|file| self.ignore_files.contains(*file))?;
            let message = format!("{what} excluded by `{file}`");
            return Some(problem(message).hint(format!("`!{path}` at its end brings it back")));
        }
        // An empty folder is in no listing, and there all the same.
        match fs::metadata(&on_disk) {
            Ok(_) => None,
            Err(_) => Some(problem(miss.to_string())),
        }
    }
}

/// Whether BuildKit refuses the build for it, as far as anybody can tell.
fn is_sure(image: &Image, miss: &Miss) -> bool {
    // The first line stands for the Dockerfile as a whole.
    let is_doubtful = |line: usize| line == miss.line || line == 1;
    let mut notes = image.resolved.undetermined.iter();
    miss.reason != MissReason::NoMatch && !notes.any(|note| is_doubtful(note.line))
}

#[cfg(test)]
mod tests;
