//! Which images read a path, or would if it existed: where an image's inputs at another commit have
//! to be looked at.
//!
//! # How it works
//! The reads of all Dockerfiles, the ignore files and the links that were followed say where each
//! image may read. That is a superset: an image that is not named can't read the path; one that is named
//! may not read it after all, as `COPY --exclude` leaves it out.
//!
//! It does not say whether the image's inputs differ. Only fingerprints do.

use std::collections::{BTreeMap, HashMap};

use dockerfile::{Dockerignore, Reach};

use crate::contexts::Contexts;
use crate::graph::{ContextFolder, ContextRole, ImageGraph};
use crate::history::ImageSet;
use crate::paths;

/// Paths to images, by their index in the graph.
#[derive(Debug, Default)]
pub struct Readers {
    /// Context folders by their path.
    folders: HashMap<String, Vec<Context>>,
    /// Dockerfiles and ignore files, also those that don't exist.
    files: HashMap<String, ImageSet>,
}

/// A folder as some images read it.
#[derive(Debug, Default)]
struct Context {
    ignore: Option<Dockerignore>,
    /// What the images read of it, and what links lead them to.
    reach: Reach,
}

impl Readers {
    /// `ignore_of` gives the ignore file of a folder that has one; `contexts` is what the images of
    /// the graph read.
    pub fn new<'a>(
        graph: &ImageGraph,
        ignore_of: impl Fn(&ContextFolder) -> Option<&'a Dockerignore>,
        contexts: &Contexts,
    ) -> Readers {
        // Images that see a folder through equal patterns share one answer.
        let mut seen: BTreeMap<(&str, Vec<String>), Context> = BTreeMap::new();
        let mut files: HashMap<String, ImageSet> = HashMap::new();
        let mut file = |path: String, image: usize| files.entry(path).or_default().insert(image);
        for (index, image) in graph.images().iter().enumerate() {
            file(image.declaration.dockerfile.clone(), index);
            for context in &image.contexts {
                let folder = &context.folder;
                let ignore = ignore_of(folder);
                let patterns = ignore.map(|ignore| ignore.patterns().collect()).unwrap_or_default();
                let shared = seen.entry((&folder.folder, patterns)).or_insert_with(|| Context {
                    ignore: ignore.cloned(),
                    reach: Reach::default(),
                });
                shared.reach.add_reads(index, &context.reads);
                for read in contexts.of_image(index).iter().filter(|read| read.role == context.role)
                {
                    if !read.selection.links.is_empty() {
                        let entries = contexts.trees()[read.tree].listing().entries();
                        let read = read.selection.entries().map(|entry| &entries[entry].path);
                        read.for_each(|path| shared.reach.add_path(index, path));
                    }
                }
                for ignore_file in &folder.ignore_files {
                    file(ignore_file.clone(), index);
                }
                if let ContextRole::Package(_) = context.role {
                    // A package counts by its folder only as long as it has no image.
                    let dockerfile = paths::join(&folder.folder, "Dockerfile");
                    dockerfile.map(|path| file(path, index));
                }
            }
        }
        let mut folders: HashMap<String, Vec<Context>> = HashMap::new();
        for ((folder, _), context) in seen {
            folders.entry(folder.to_owned()).or_default().push(context);
        }
        Readers { folders, files }
    }

    /// The images that read `path` by one of their contexts, or would if it existed.
    pub fn of_path(&self, path: &str) -> ImageSet {
        let mut images = ImageSet::new();
        let mut folder = path;
        while !folder.is_empty() {
            folder = paths::parent(folder);
            for context in self.folders.get(folder).into_iter().flatten() {
                let relative = paths::strip_folder(folder, path).unwrap_or(path);
                let readers = context.reach.readers(relative);
                let is_excluded = |ignore: &Dockerignore| ignore.excludes(relative);
                if !readers.is_empty() && !context.ignore.as_ref().is_some_and(is_excluded) {
                    images.extend(readers);
                }
            }
        }
        images
    }

    /// The images of which `path` is the Dockerfile or an ignore file, or would be if it existed.
    pub fn of_file(&self, path: &str) -> ImageSet {
        self.files.get(path).cloned().unwrap_or_default()
    }

    /// The images that read anything in this folder, or would: for a submodule, of which git says
    /// nothing more.
    pub fn of_folder(&self, path: &str) -> ImageSet {
        let mut images = ImageSet::new();
        for (file, readers) in &self.files {
            if paths::strip_folder(path, file).is_some() {
                images.extend(readers);
            }
        }
        for (folder, contexts) in &self.folders {
            let is_below = paths::strip_folder(path, folder).is_some();
            let Some(relative) = paths::strip_folder(folder, path).or(is_below.then_some(""))
            else {
                continue;
            };
            for context in contexts {
                let is_left_out = context.ignore.as_ref().is_some_and(|ignore| {
                    ignore.excludes(relative) && !ignore.may_descend(relative)
                });
                if is_below || !is_left_out {
                    images.extend(context.reach.readers_below(relative));
                }
            }
        }
        images
    }
}

#[cfg(test)]
mod tests;
