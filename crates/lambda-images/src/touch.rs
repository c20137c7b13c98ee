//! Which images a path belongs to, also a path that no longer exists: for asking git what a
//! commit or an uncommitted change touched.
//!
//! # How it works
//! The graph of today is asked about paths of any day. That is exact as long as whatever shaped
//! the graph counts as touched when it changes: Dockerfiles and ignore files are inputs of
//! their images, and a file of configuration (`Cargo.toml`, a `pyproject.toml`) touches an
//! image where the settings that the image reads from it differ
//! ([`TouchIndex::settings_touched`]).
//!
//! # Limitations
//! - Where a package was removed first, and the requirement for it only later, in a
//!   `pyproject.toml` that is no input itself, the removal goes unnoticed.
//! - A `FROM` that once named an image of the workspace and now names one elsewhere goes
//!   unnoticed unless its Dockerfile changed as well.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dockerfile::{Dockerignore, Reach, Sweep};

use crate::config::Config;
use crate::contexts::Contexts;
use crate::discovery::{ImageName, PyprojectFile};
use crate::graph::{ContextFolder, ContextRole, ImageGraph};
use crate::history::ImageSet;
use crate::paths;

mod settings;

use settings::Settings;
pub use settings::SettingsChange;

/// Paths to images.
pub struct TouchIndex<'a> {
    graph: &'a ImageGraph,
    /// Context folders by their path.
    folders: HashMap<&'a str, Vec<Context<'a>>>,
    /// Single files: Dockerfiles and ignore files.
    files: HashMap<String, ImageSet>,
    settings: Settings<'a>,
    stable: BTreeSet<ImageName>,
}

/// A folder as some images read it.
struct Context<'a> {
    ignore: Option<&'a Dockerignore>,
    /// Paths come sorted from git, as they are fastest.
    sweep: Option<Sweep<'a>>,
    /// What the images read of it, and what links lead them to.
    reach: Reach,
}

impl<'a> TouchIndex<'a> {
    /// `ignore_of` tells the ignore file of a folder that has one, `pyprojects` is what the graph
    /// was made from, `contexts` what images read now.
    pub fn new(
        graph: &'a ImageGraph,
        config: &'a Config,
        ignore_of: impl Fn(&ContextFolder) -> Option<&'a Dockerignore>,
        pyprojects: &'a [PyprojectFile],
        contexts: &Contexts,
    ) -> TouchIndex<'a> {
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
                    ignore,
                    sweep: ignore.map(Sweep::new),
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
        let mut folders: HashMap<&str, Vec<Context>> = HashMap::new();
        for ((folder, _), context) in seen {
            folders.entry(folder).or_default().push(context);
        }
        let settings = Settings::new(graph, &config.path, pyprojects);
        TouchIndex { graph, folders, files, settings, stable: BTreeSet::new() }
    }

    /// The same where Lambdas stand on these base images as those are, in development mode: what
    /// touched the bases touches no Lambda.
    #[must_use]
    pub fn on_stable(self, stable: BTreeSet<ImageName>) -> TouchIndex<'a> {
        TouchIndex { stable, ..self }
    }

    /// The images that have `path` among their own inputs, or would have if it existed.
    pub fn touched_by_path(&mut self, path: &str) -> ImageSet {
        let mut touched = self.files.get(path).cloned().unwrap_or_default();
        let mut folder = path;
        while !folder.is_empty() {
            folder = paths::parent(folder);
            for context in self.folders.get_mut(folder).into_iter().flatten() {
                let relative = paths::strip_folder(folder, path).unwrap_or(path);
                let readers = context.reach.readers(relative);
                if !readers.is_empty()
                    && !context.sweep.as_mut().is_some_and(|sweep| sweep.excludes(relative))
                {
                    touched.extend(readers);
                }
            }
        }
        touched
    }

    /// The images that have anything in this folder among their inputs, or would have: for a
    /// submodule, of which git tells nothing more.
    pub fn touched_by_folder(&mut self, path: &str) -> ImageSet {
        let mut touched = self.settings.touched_by_folder(path);
        for (file, images) in &self.files {
            if paths::strip_folder(path, file).is_some() {
                touched.extend(images);
            }
        }
        for (folder, contexts) in &self.folders {
            let is_below = paths::strip_folder(path, folder).is_some();
            let Some(relative) = paths::strip_folder(folder, path).or(is_below.then_some(""))
            else {
                continue;
            };
            for context in contexts {
                let is_left_out = context.ignore.is_some_and(|ignore| {
                    ignore.excludes(relative) && !ignore.may_descend(relative)
                });
                if is_below || !is_left_out {
                    touched.extend(context.reach.readers_below(relative));
                }
            }
        }
        touched
    }

    /// The files that count one by one, wherever they lie: Dockerfiles, ignore files, files of
    /// configuration. Some of them may not exist.
    pub fn single_files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).chain(self.settings.files())
    }

    /// Whether the old and new text of `path` are worth asking [`Self::settings_touched`].
    pub fn holds_settings(&self, path: &str) -> bool {
        self.settings.holds(path)
    }

    /// The images whose settings differ by each of these changes, which were made at once.
    ///
    /// Changes come newest first: what a removed package was called counts for older ones.
    pub fn settings_touched(&mut self, changes: &[SettingsChange]) -> Vec<ImageSet> {
        self.settings.touched(changes)
    }

    /// `touched` and all images that stand on one of them.
    pub fn with_dependents(&self, touched: ImageSet) -> ImageSet {
        if touched.is_empty() {
            return touched;
        }
        let names =
            touched.iter().map(|index| self.graph.images()[*index].name().clone()).collect();
        let names = self.graph.with_dependents_but(&names, &self.stable);
        self.graph
            .images()
            .iter()
            .enumerate()
            .filter(|(_, image)| names.contains(image.name()))
            .map(|(index, _)| index)
            .collect()
    }
}

#[cfg(test)]
mod tests;
