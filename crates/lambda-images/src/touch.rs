//! Which images a path belongs to, also a path that no longer exists: for asking git what a
//! commit or an uncommitted change touched.
//!
//! A file of configuration (`Cargo.toml`, a `pyproject.toml`) touches an image only if the
//! settings that the image reads from it differ; see [`TouchIndex::settings_touched`].

use std::collections::{BTreeMap, HashMap};

use dockerfile::Dockerignore;

use crate::config::{Config, Kind, parse_config};
use crate::discovery::{PyprojectFile, declare};
use crate::graph::{BaseSource, ContextFolder, Image, ImageGraph};
use crate::history::ImageSet;
use crate::paths;

/// Paths to images.
pub struct TouchIndex<'a> {
    graph: &'a ImageGraph,
    config_path: &'a str,
    /// Context folders by their path, each with the images that read it.
    folders: HashMap<&'a str, Vec<(&'a ContextFolder, ImageSet)>>,
    /// Single files: Dockerfiles and ignore files.
    files: HashMap<&'a str, ImageSet>,
    /// `pyproject.toml`s whose `[tool.lambda-image]` sets up an image.
    settings: HashMap<&'a str, ImageSet>,
    ignores: &'a BTreeMap<ContextFolder, Dockerignore>,
}

impl<'a> TouchIndex<'a> {
    /// `ignores` holds the ignore file of each folder that has one.
    pub fn new(
        graph: &'a ImageGraph,
        config: &'a Config,
        ignores: &'a BTreeMap<ContextFolder, Dockerignore>,
    ) -> TouchIndex<'a> {
        let mut by_folder: BTreeMap<&ContextFolder, ImageSet> = BTreeMap::new();
        let mut files: HashMap<&str, ImageSet> = HashMap::new();
        let mut settings: HashMap<&str, ImageSet> = HashMap::new();
        for (index, image) in graph.images().iter().enumerate() {
            files.entry(&image.declaration.dockerfile).or_default().insert(index);
            if image.declaration.declared_in != config.path {
                settings.entry(&image.declaration.declared_in).or_default().insert(index);
            }
            for context in &image.contexts {
                by_folder.entry(&context.folder).or_default().insert(index);
                for ignore_file in &context.folder.ignore_files {
                    files.entry(ignore_file).or_default().insert(index);
                }
            }
        }
        let mut folders: HashMap<&str, Vec<(&ContextFolder, ImageSet)>> = HashMap::new();
        for (folder, images) in by_folder {
            folders.entry(&folder.folder).or_default().push((folder, images));
        }
        TouchIndex { graph, config_path: &config.path, folders, files, settings, ignores }
    }

    /// The images that have `path` among their own inputs, or would have if it existed.
    pub fn touched_by_path(&self, path: &str) -> ImageSet {
        let mut touched = self.files.get(path).cloned().unwrap_or_default();
        let mut folder = path;
        loop {
            folder = paths::parent(folder);
            for (context, images) in self.folders.get(folder).into_iter().flatten() {
                let relative = paths::strip_folder(folder, path).unwrap_or(path);
                if !self.ignores.get(context).is_some_and(|ignore| ignore.excludes(relative)) {
                    touched.extend(images);
                }
            }
            if folder.is_empty() {
                return touched;
            }
        }
    }

    /// Whether the old and new text of `path` are worth asking [`Self::settings_touched`].
    pub fn holds_settings(&self, path: &str) -> bool {
        path == self.config_path || self.settings.contains_key(path)
    }

    /// The images whose settings differ between two texts of a file of configuration; `None`
    /// stands for a file that does not exist.
    pub fn settings_touched(&self, path: &str, old: Option<&str>, new: Option<&str>) -> ImageSet {
        if path == self.config_path {
            return self.config_touched(path, old.unwrap_or_default(), new.unwrap_or_default());
        }
        let Some(images) = self.settings.get(path) else { return ImageSet::new() };
        let declared = |text: Option<&str>| {
            let (config, _) = parse_config(self.config_path, "");
            let file = PyprojectFile {
                path: path.to_owned(),
                kind: Kind::Lambda,
                text: text.unwrap_or_default().to_owned(),
            };
            let internal = pyproject::parse_pyproject(&file.text)
                .0
                .dependencies
                .into_iter()
                .map(|dependency| (dependency.name, dependency.extras, dependency.source));
            let requires: Vec<_> = internal.filter(|(name, ..)| self.is_internal(name)).collect();
            let images = declare(&config, &[file]).0.images.into_values().map(without_places);
            (images.collect::<Vec<_>>(), requires)
        };
        if declared(old) == declared(new) { ImageSet::new() } else { images.clone() }
    }

    fn is_internal(&self, name: &pyproject::PackageName) -> bool {
        self.graph.images().iter().any(|image| {
            image.declaration.package.as_ref() == Some(name)
                || image
                    .contexts
                    .iter()
                    .any(|context| context.role == crate::graph::ContextRole::Package(name.clone()))
        })
    }

    fn config_touched(&self, path: &str, old: &str, new: &str) -> ImageSet {
        let (old, _) = parse_config(path, old);
        let (new, _) = parse_config(path, new);
        let listed = |config: &Config| -> BTreeMap<_, _> {
            let (declarations, _) = declare(config, &[]);
            declarations
                .images
                .into_iter()
                .map(|(name, image)| (name, without_places(image)))
                .collect()
        };
        let (old_listed, new_listed) = (listed(&old), listed(&new));
        let differs = |image: &Image| {
            let name = image.name();
            old_listed.get(name) != new_listed.get(name)
                || workspace_settings(image, &old) != workspace_settings(image, &new)
        };
        self.graph
            .images()
            .iter()
            .enumerate()
            .filter(|(_, image)| differs(image))
            .map(|(index, _)| index)
            .collect()
    }

    /// `touched` and all images that stand on one of them.
    pub fn with_dependents(&self, touched: ImageSet) -> ImageSet {
        if touched.is_empty() {
            return touched;
        }
        let names =
            touched.iter().map(|index| self.graph.images()[*index].name().clone()).collect();
        let names = self.graph.with_dependents(&names);
        self.graph
            .images()
            .iter()
            .enumerate()
            .filter(|(_, image)| names.contains(image.name()))
            .map(|(index, _)| index)
            .collect()
    }
}

/// A declaration with nothing left of where it stands.
fn without_places(image: crate::discovery::ImageDeclaration) -> crate::discovery::ImageDeclaration {
    let base = image.base.map(|base| crate::table::Text { place: (0, 0), ..base });
    crate::discovery::ImageDeclaration { place: (0, 0), base, ..image }
}

/// What an image takes from the workspace's table: each value that could reach its build.
fn workspace_settings(image: &Image, config: &Config) -> Vec<Option<String>> {
    let declared = &image.resolved.declared_args;
    let mut values: Vec<Option<String>> =
        declared.iter().map(|name| config.args.get(name).cloned()).collect();
    values.push(Some(config.platform.to_string()));
    values.push(Some(format!("{:?}", config.context)));
    if image.declaration.kind == Kind::Lambda
        && !image.declaration.base_is_own
        && declared.contains(crate::graph::BASE_IMAGE)
    {
        values.push(config.base.as_ref().map(|base| base.value.clone()));
    }
    for base in &image.bases {
        if let BaseSource::External { .. } = base.source {
            values.push(config.mirrors.apply(&base.written));
        }
    }
    values
}

#[cfg(test)]
mod tests;
