//! From the configuration and the texts of all `pyproject.toml`s to the packages and images
//! that they declare. Dockerfiles come in one step later (`graph`).
//!
//! # How it works
//! Every `pyproject.toml` found by the globs is a *project* with a PEP 503-normalised name.
//! A dependency is internal if its name is a project's and its source is none (an index),
//! the workspace, or a path. Each project with a Dockerfile makes an image; so does each
//! `[[images]]` entry.

mod declared;
mod image;

use std::collections::BTreeMap;
use std::fmt;

use pyproject::{Dependency, PackageName, Pyproject, Section, Source as DependencySource};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use self::declared::Declared;
pub use self::image::{ContextSource, ImageDeclaration, UnsetArg};
use crate::config::{Config, ImageSettings, Kind, read_pyproject_settings, report_misnamed};
use crate::paths;
use crate::problem::{Problem, suggestion};
use crate::reference::Repository;
use crate::secrets::{Handed, Written};
use crate::table::Source;

/// The name of an image: one path component of a repository.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct ImageName(String);

impl ImageName {
    /// `None`: the text can't be a component of a repository's name.
    pub fn new(text: &str) -> Option<ImageName> {
        (!text.contains('/') && text.parse::<Repository>().is_ok())
            .then(|| ImageName(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A `pyproject.toml` that a glob of the configuration found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PyprojectFile {
    /// Path relative to the workspace root.
    pub path: String,
    /// [`Kind::Base`] for a package, [`Kind::Lambda`] for a Lambda.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

/// A project of the workspace: an internal package, or a Lambda's own project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// PEP 503-normalised name.
    pub name: PackageName,
    /// Its folder, relative to the workspace root.
    pub folder: String,
    /// Path of its `pyproject.toml`, and the place of its name there.
    pub declared_in: String,
    /// 1-based line and column.
    pub place: (usize, usize),
    /// Direct internal dependencies, without those of extras that nobody asks for; where each is
    /// declared, as 1-based line and column.
    pub requires: BTreeMap<PackageName, (usize, usize)>,
    /// `[tool.uv] default-groups`.
    pub default_groups: DefaultGroups,
}

/// The dependency groups that uv installs where nobody asks for any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DefaultGroups {
    /// Not set: `dev`.
    #[default]
    Unset,
    /// `"all"`, or something that can't be read.
    All,
    /// These.
    These(Vec<PackageName>),
}

/// What the configuration and the `pyproject.toml`s declare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declarations {
    /// All projects, by name.
    pub packages: BTreeMap<PackageName, Package>,
    /// All images, by name.
    pub images: BTreeMap<ImageName, ImageDeclaration>,
    /// Secrets and SSH agents of the workspace, for images that ask for them.
    pub handed: Vec<Handed>,
}

struct Project<'a> {
    file: &'a PyprojectFile,
    folder: String,
    dependencies: Vec<Dependency>,
    default_groups: DefaultGroups,
    name: PackageName,
    place: (usize, usize),
    settings: ImageSettings,
}

/// Reads all declarations, and all that is wrong with them.
pub fn declare(config: &Config, files: &[PyprojectFile]) -> (Declarations, Vec<Problem>) {
    let mut problems = Vec::new();
    let read: Vec<(Option<Project>, Vec<Problem>)> = files
        .par_iter()
        .map(|file| {
            let mut problems = Vec::new();
            (read_project(file, &mut problems), problems)
        })
        .collect();
    let mut projects: Vec<Project> = Vec::with_capacity(read.len());
    for (project, found) in read {
        problems.extend(found);
        projects.extend(project);
    }
    let written = Written { path: &config.path, folder: "", variables: &config.variables };
    let handed = written.read_all(&config.secrets, &config.ssh, &mut problems);
    let mut declarations = Declarations { handed, ..Declarations::default() };
    let mut by_name: BTreeMap<&PackageName, &Project> = BTreeMap::new();
    for project in &projects {
        if let Some(first) = by_name.get(&project.name) {
            let message = format!(
                "two packages are named `{}`: here and in `{}`",
                project.name, first.file.path
            );
            let problem =
                Problem::of_file(&project.file.path, message).at(project.place.0, project.place.1);
            problems.push(problem.hint(
                "names are equal when their PEP 503-normalised forms are: rename one of the two",
            ));
            continue;
        }
        by_name.insert(&project.name, project);
    }
    let in_order: Vec<&Project> = by_name.values().copied().collect();
    let found: Vec<_> = in_order
        .par_iter()
        .map(|project| {
            let mut problems = Vec::new();
            let package = Package {
                name: project.name.clone(),
                folder: project.folder.clone(),
                declared_in: project.file.path.clone(),
                place: project.place,
                requires: internal_requirements(project, &by_name, &mut problems),
                default_groups: project.default_groups.clone(),
            };
            let image = declare_project_image(config, project, &mut problems);
            (package, image, problems)
        })
        .collect();
    let mut declared: Vec<ImageDeclaration> = Vec::new();
    for (package, image, found) in found {
        declarations.packages.insert(package.name.clone(), package);
        declared.extend(image);
        problems.extend(found);
    }
    for settings in &config.images {
        declared.extend(declare_listed_image(config, settings, &mut problems));
    }
    for image in declared {
        if let Some(first) = declarations.images.get(&image.name) {
            let message = format!(
                "two images are named `{}`: here and in `{}`",
                image.name, first.declared_in
            );
            let problem =
                Problem::of_file(&image.declared_in, message).at(image.place.0, image.place.1);
            problems.push(problem.hint("give one of the two another `name`"));
            continue;
        }
        declarations.images.insert(image.name.clone(), image);
    }
    (declarations, problems)
}

fn read_project<'a>(file: &'a PyprojectFile, problems: &mut Vec<Problem>) -> Option<Project<'a>> {
    let (pyproject, faults) = pyproject::parse_pyproject(&file.text);
    let broken = !faults.is_empty();
    for fault in faults {
        let problem = Problem::of_file(&file.path, fault.message).at(fault.line, fault.column);
        problems.push(Problem { hint: fault.hint, ..problem });
    }
    let folder = paths::parent(&file.path).to_owned();
    let source = Source::new(&file.path, &file.text);
    report_misnamed(&source, |name| pyproject.tool(name), "lambda-image", problems);
    let settings = match pyproject.tool("lambda-image") {
        None => ImageSettings { place: (1, 1), ..ImageSettings::default() },
        Some(item) => {
            let place = source.place(item.span());
            match item.as_table_like() {
                Some(table) => read_pyproject_settings(&source, table, place, problems),
                None => {
                    problems.push(
                        Problem::of_file(&file.path, "`tool.lambda-image` must be a table")
                            .at(place.0, place.1),
                    );
                    ImageSettings { place, ..ImageSettings::default() }
                }
            }
        }
    };
    let (name, place) = match &pyproject.name {
        Some(name) => (name.value.clone(), (name.line, name.column)),
        None => {
            // A broken file has had its problem told; its folder's name keeps the images
            // that stand on it from being reported as well.
            if !broken {
                let problem = Problem::of_file(&file.path, "this project has no name");
                problems.push(problem.hint("add `name = \"…\"` to `[project]`"));
            }
            (folder.rsplit('/').next()?.parse().ok()?, (1, 1))
        }
    };
    let default_groups = default_groups(&pyproject);
    // The rest of it is not needed any more: of thousands it would be much.
    let dependencies = pyproject.dependencies;
    Some(Project { file, folder, dependencies, default_groups, name, place, settings })
}

/// The project's internal dependencies: those of `[project]`, and of the extras that the
/// project itself asks of them. Groups (PEP 735) are for development and not shipped.
fn internal_requirements(
    project: &Project,
    by_name: &BTreeMap<&PackageName, &Project>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<PackageName, (usize, usize)> {
    let mut requires = BTreeMap::new();
    for dependency in &project.dependencies {
        if dependency.section != Section::Main {
            continue;
        }
        let here = |message: String| {
            Problem::of_file(&project.file.path, message).at(dependency.line, dependency.column)
        };
        let found = match &dependency.source {
            DependencySource::Index => by_name.get(&dependency.name).copied(),
            DependencySource::Workspace => {
                let found = by_name.get(&dependency.name).copied();
                if found.is_none() {
                    let known = suggestion(
                        dependency.name.as_str(),
                        by_name.keys().map(|name| name.as_str()),
                    );
                    problems.push(here(format!("`{}` is to come from the workspace, which has no such package", dependency.name)).hint(
                        known.map_or_else(
                            || "is its folder matched by `packages` in `[workspace.metadata.lambda-images]`?".to_owned(),
                            |known| format!("did you mean `{known}`?"),
                        ),
                    ));
                }
                found
            }
            DependencySource::Path(path) if is_archive(path) => None,
            DependencySource::Path(path) if path.starts_with('/') => {
                by_name.get(&dependency.name).copied()
            }
            DependencySource::Path(path) => {
                let folder = paths::join(&project.folder, path);
                let found =
                    by_name.values().copied().find(|other| Some(&other.folder) == folder.as_ref());
                match found {
                    None => problems.push(
                        here(format!("`{}` comes from `{path}`, which is not an internal package", dependency.name))
                            .hint("match its folder by `packages` in `[workspace.metadata.lambda-images]`, or mend the path"),
                    ),
                    Some(other) if other.name != dependency.name => problems.push(
                        here(format!("`{}` comes from `{path}`, where the package `{}` lives", dependency.name, other.name))
                            .hint("mend the name or the path"),
                    ),
                    Some(_) => {}
                }
                found
            }
            DependencySource::Url(_)
            | DependencySource::Git(_)
            | DependencySource::NamedIndex(_) => None,
        };
        let Some(found) = found.filter(|found| found.name != project.name) else { continue };
        let place = (dependency.line, dependency.column);
        requires.entry(found.name.clone()).or_insert(place);
        for extra in found.dependencies.iter().filter(|other| match &other.section {
            Section::Extra(extra) => dependency.extras.contains(extra),
            _ => false,
        }) {
            if by_name.contains_key(&extra.name) && extra.name != project.name {
                requires.entry(extra.name.clone()).or_insert(place);
            }
        }
    }
    requires
}

fn default_groups(pyproject: &Pyproject) -> DefaultGroups {
    let uv = pyproject.tool("uv").and_then(|item| item.as_table_like());
    let Some(value) = uv.and_then(|uv| uv.get("default-groups")) else {
        return DefaultGroups::Unset;
    };
    let names = value.as_array().map(|names| {
        let names = names.iter().map(|name| name.as_str()?.parse().ok());
        names.collect::<Option<Vec<PackageName>>>()
    });
    match names.flatten() {
        Some(names) => DefaultGroups::These(names),
        None => DefaultGroups::All,
    }
}

fn is_archive(path: &str) -> bool {
    [".whl", ".tar.gz", ".zip"].iter().any(|end| path.ends_with(end))
}

fn declare_project_image(
    config: &Config,
    project: &Project,
    problems: &mut Vec<Problem>,
) -> Option<ImageDeclaration> {
    let settings = &project.settings;
    let place = settings.name.as_ref().map_or(project.place, |name| name.place);
    let default_name = match project.file.kind {
        Kind::Base => format!("base-{}", project.name),
        Kind::Lambda => project.name.as_str().to_owned(),
    };
    let text = settings.name.as_ref().map_or(default_name, |name| name.value.clone());
    let from = Declared { path: &project.file.path, folder: &project.folder, place };
    let name = from.image_name(&text, problems)?;
    let dockerfile = settings.dockerfile.as_ref().map_or("Dockerfile", |text| text.value.as_str());
    let dockerfile = from.join(dockerfile, settings.dockerfile.as_ref(), problems)?;
    let own_folder = project.folder.clone();
    let image =
        from.image(config, name, project.file.kind, dockerfile, &own_folder, settings, problems)?;
    Some(ImageDeclaration {
        dockerfile_required: project.file.kind == Kind::Lambda
            || *settings != ImageSettings { place: settings.place, ..ImageSettings::default() },
        package: Some(project.name.clone()),
        ..image
    })
}

fn declare_listed_image(
    config: &Config,
    settings: &ImageSettings,
    problems: &mut Vec<Problem>,
) -> Option<ImageDeclaration> {
    let place = settings.name.as_ref().map_or(settings.place, |name| name.place);
    let from = Declared { path: &config.path, folder: "", place };
    let name = from.image_name(&settings.name.as_ref()?.value, problems)?;
    let dockerfile =
        from.join(&settings.dockerfile.as_ref()?.value, settings.dockerfile.as_ref(), problems)?;
    let own_folder = paths::parent(&dockerfile).to_owned();
    from.image(
        config,
        name,
        settings.kind.unwrap_or(Kind::Lambda),
        dockerfile,
        &own_folder,
        settings,
        problems,
    )
}

#[cfg(test)]
mod tests;
