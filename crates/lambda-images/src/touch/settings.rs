//! What a change of `Cargo.toml` or of a `pyproject.toml` means for images: a difference of
//! what they read from it, not of its text.

use std::collections::{BTreeMap, BTreeSet};

use pyproject::{Dependency, PackageName, Section};

use crate::base_lock::{BASE_LOCK, parse_base_lock};
use crate::config::{Config, Kind, parse_config};
use crate::discovery::{ImageDeclaration, PyprojectFile, declare};
use crate::graph::{BASE_IMAGE, BaseSource, Image, ImageGraph};
use crate::history::ImageSet;
use crate::paths;
use crate::table::Text;

const PYPROJECT: &str = "pyproject.toml";

/// Two texts of a file of configuration; `None` stands for a file that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsChange {
    /// Relative to the workspace root.
    pub path: String,
    /// The text before.
    pub old: Option<String>,
    /// The text after.
    pub new: Option<String>,
}

pub(super) struct Settings<'a> {
    graph: &'a ImageGraph,
    config_path: &'a str,
    pyprojects: &'a [PyprojectFile],
    /// Read when first needed: most changes are of other files.
    projects: Option<Projects>,
}

/// What the projects of the workspace ask for.
struct Projects {
    /// Names of all projects, and of those that older changes still had.
    internal: BTreeSet<PackageName>,
    /// For each image of a project, every name that the project requires, however indirectly;
    /// third-party ones and its own included.
    required: Vec<(usize, BTreeSet<PackageName>)>,
}

/// What images read from a `pyproject.toml`.
struct Project {
    name: BTreeSet<PackageName>,
    images: Vec<ImageDeclaration>,
    dependencies: Vec<Dependency>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(
        graph: &'a ImageGraph,
        config_path: &'a str,
        pyprojects: &'a [PyprojectFile],
    ) -> Settings<'a> {
        Settings { graph, config_path, pyprojects, projects: None }
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        path == self.config_path || path == BASE_LOCK || path.rsplit('/').next() == Some(PYPROJECT)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let pyprojects = self.pyprojects.iter().map(|file| file.path.as_str());
        [self.config_path, BASE_LOCK].into_iter().chain(pyprojects)
    }

    pub(super) fn touched(&mut self, changes: &[SettingsChange]) -> Vec<ImageSet> {
        let read: Vec<(Option<Project>, Option<Project>)> = changes
            .iter()
            .map(|change| {
                let project = |text: &Option<String>| {
                    let is_project = change.path.rsplit('/').next() == Some(PYPROJECT);
                    let text = text.as_ref().filter(|_| is_project)?;
                    Some(Project::read(&change.path, text))
                };
                (project(&change.old), project(&change.new))
            })
            .collect();
        // First all names: a requirement that went is one for a package that went with it.
        if read.iter().any(|(old, new)| old.is_some() || new.is_some()) {
            let names = read.iter().flat_map(|(old, _)| old.iter().flat_map(|old| &old.name));
            self.projects().internal.extend(names.cloned());
        }
        let changes = changes.iter().zip(&read);
        changes
            .map(|(change, (old, new))| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                if change.path == self.config_path {
                    self.config_touched(&text(&change.old), &text(&change.new))
                } else if change.path == BASE_LOCK {
                    self.lock_touched(&text(&change.old), &text(&change.new))
                } else {
                    self.projects().touched(old.as_ref(), new.as_ref())
                }
            })
            .collect()
    }

    /// The images of all projects that lie in a folder.
    pub(super) fn touched_by_folder(&mut self, folder: &str) -> ImageSet {
        let inside = |file: &&PyprojectFile| paths::strip_folder(folder, &file.path).is_some();
        let names: BTreeSet<PackageName> = self
            .pyprojects
            .iter()
            .filter(inside)
            .flat_map(|file| Project::read(&file.path, &file.text).name)
            .collect();
        if names.is_empty() { ImageSet::new() } else { self.projects().users(&names) }
    }

    fn projects(&mut self) -> &mut Projects {
        self.projects.get_or_insert_with(|| Projects::read(self.graph, self.pyprojects))
    }

    /// The images on a base that is locked to something else.
    fn lock_touched(&self, old: &str, new: &str) -> ImageSet {
        let ((old, _), (new, _)) = (parse_base_lock(old), parse_base_lock(new));
        let changed: BTreeSet<&str> = old.differences(&new).collect();
        let stands_on = |image: &Image| {
            image.externals.iter().any(|used| changed.contains(used.written.as_str()))
        };
        let images = self.graph.images().iter().enumerate();
        images.filter(|(_, image)| stands_on(image)).map(|(index, _)| index).collect()
    }

    fn config_touched(&self, old: &str, new: &str) -> ImageSet {
        let (old, _) = parse_config(self.config_path, old);
        let (new, _) = parse_config(self.config_path, new);
        let listed = |config: &Config| -> BTreeMap<_, _> {
            let (declarations, _) = declare(config, &[]);
            let images = declarations.images.into_iter();
            images.map(|(name, image)| (name, what_counts(image))).collect()
        };
        let (old_listed, new_listed) = (listed(&old), listed(&new));
        let has_other_packages = globs(&old).ne(globs(&new));
        let differs = |image: &Image| {
            let name = image.name();
            old_listed.get(name) != new_listed.get(name)
                || workspace_settings(image, &old) != workspace_settings(image, &new)
                // Which of its requirements are internal may have changed: who knows?
                || (has_other_packages && image.declaration.package.is_some())
        };
        let images = self.graph.images().iter().enumerate();
        images.filter(|(_, image)| differs(image)).map(|(index, _)| index).collect()
    }
}

impl Projects {
    fn read(graph: &ImageGraph, pyprojects: &[PyprojectFile]) -> Projects {
        let mut required: BTreeMap<PackageName, BTreeSet<PackageName>> = BTreeMap::new();
        for file in pyprojects {
            let project = Project::read(&file.path, &file.text);
            let dependencies = project.dependencies.into_iter().map(|dependency| dependency.name);
            let dependencies: BTreeSet<PackageName> = dependencies.collect();
            for name in project.name {
                required.entry(name).or_default().extend(dependencies.iter().cloned());
            }
        }
        let all_required = |name: &PackageName| {
            let mut all = BTreeSet::new();
            let mut left = vec![name];
            while let Some(name) = left.pop() {
                if all.insert(name.clone()) {
                    left.extend(required.get(name).into_iter().flatten());
                }
            }
            all
        };
        let images = graph.images().iter().enumerate();
        let packages =
            images.filter_map(|(index, image)| Some((index, image.declaration.package.as_ref()?)));
        Projects {
            required: packages.map(|(index, name)| (index, all_required(name))).collect(),
            internal: required.keys().cloned().collect(),
        }
    }

    fn touched(&self, old: Option<&Project>, new: Option<&Project>) -> ImageSet {
        let internal = |project: &Project| -> BTreeSet<_> {
            let dependencies = project.dependencies.iter();
            dependencies
                .filter(|dependency| self.internal.contains(&dependency.name))
                .map(|Dependency { name, extras, section, source, .. }| {
                    (name.clone(), extras.clone(), section.clone(), source.clone())
                })
                .collect()
        };
        let read = |project: Option<&Project>| {
            project.map(|project| (project.name.clone(), project.images.clone(), internal(project)))
        };
        if read(old) == read(new) {
            return ImageSet::new();
        }
        self.users(&[old, new].into_iter().flatten().flat_map(|it| it.name.clone()).collect())
    }

    /// The images whose project is one of these or requires one of them.
    fn users(&self, names: &BTreeSet<PackageName>) -> ImageSet {
        let images = self.required.iter();
        images
            .filter(|(_, required)| !required.is_disjoint(names))
            .map(|(index, _)| *index)
            .collect()
    }
}

impl Project {
    fn read(path: &str, text: &str) -> Project {
        // What comes from the workspace's table is the same on both sides of a comparison.
        let (config, _) = parse_config("", "");
        let file =
            PyprojectFile { path: path.to_owned(), kind: Kind::Lambda, text: text.to_owned() };
        let (declarations, _) = declare(&config, &[file]);
        let (pyproject, _) = pyproject::parse_pyproject(text);
        let is_shipped = |dependency: &Dependency| !matches!(dependency.section, Section::Group(_));
        Project {
            name: declarations.packages.into_keys().collect(),
            images: declarations.images.into_values().map(what_counts).collect(),
            dependencies: pyproject.dependencies.into_iter().filter(is_shipped).collect(),
        }
    }
}

fn globs(config: &Config) -> impl Iterator<Item = (Kind, &str)> {
    let packages = config.packages.iter().map(|glob| (Kind::Base, glob.value.as_str()));
    packages.chain(config.lambdas.iter().map(|glob| (Kind::Lambda, glob.value.as_str())))
}

/// A declaration with nothing left of where it stands, nor of what only says how it is built: no
/// fingerprint has secrets or caches.
fn what_counts(image: ImageDeclaration) -> ImageDeclaration {
    let base = image.base.map(|base| Text { place: (0, 0), ..base });
    let own_args = image.own_args.into_keys().map(|name| (name, (0, 0))).collect();
    ImageDeclaration {
        place: (0, 0),
        base,
        own_args,
        secrets: Vec::new(),
        cache_from: Vec::new(),
        cache_to: Vec::new(),
        ..image
    }
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
        && declared.contains(BASE_IMAGE)
    {
        values.push(config.base.as_ref().map(|base| base.value.clone()));
    }
    for base in &image.bases {
        if let BaseSource::External { .. } = base.source {
            values.push(config.stand_in(&base.written));
        }
    }
    values
}
