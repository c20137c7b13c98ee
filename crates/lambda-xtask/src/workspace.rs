//! Reads a workspace: where its root is, its configuration, its `pyproject.toml`s and
//! Dockerfiles. What they mean is decided by `lambda_images`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lambda_images::base_lock::{BASE_LOCK, parse_base_lock};
use lambda_images::config::{Config, Kind, Network, parse_config, parse_network};
use lambda_images::discovery::{ImageName, PyprojectFile, declare};
use lambda_images::graph::{ImageGraph, build_graph};
use lambda_images::paths;
use lambda_images::problem::{Problem, suggestion};

use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::checkout::{Checkout, Disk};
use crate::environment::Environment;
use crate::failure::{WorkspaceProblems, environment as environment_failure, usage};
use crate::files::{self, Links, SETTINGS_LIMIT};
use crate::folders::Glob;
use crate::links::{Linked, lost_dockerfile, read_linked};
use crate::tree_caches::TreeCaches;

/// A workspace without problems.
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`; all paths are relative to it.
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    pub(crate) graph: ImageGraph,
    /// What the graph was made from.
    pub(crate) pyprojects: Vec<PyprojectFile>,
    pub(crate) network: Network,
    /// Folders that look like an image's, and are none's.
    strays: Vec<String>,
    /// Texts of all Dockerfiles, by path.
    pub(crate) dockerfiles: BTreeMap<String, String>,
    /// Whether there is a lock of external bases.
    has_lock: bool,
    /// Paths of all Dockerfiles that there could be.
    declared: HashSet<String>,
    /// Their file names, which are few.
    declared_names: BTreeSet<String>,
    /// Where links that stand for Dockerfiles and ignore files lead, and what they pass.
    linked: BTreeSet<String>,
}

pub(crate) const CONFIG_FILE: &str = "Cargo.toml";
const PYPROJECT: &str = "pyproject.toml";
const ATTRIBUTES: &str = ".gitattributes";

impl Workspace {
    /// Finds the workspace of the current folder and reads it.
    pub(crate) fn load(environment: &Environment) -> anyhow::Result<Workspace> {
        Workspace::read(&Workspace::find_root(environment)?, environment)
    }

    /// The root of the Cargo workspace that the current folder belongs to.
    pub(crate) fn find_root(environment: &Environment) -> anyhow::Result<PathBuf> {
        match nearest_root(environment.current_dir()) {
            Some(root) => Ok(root),
            None => ask_cargo_for_root(environment),
        }
    }

    /// Reads the workspace whose root is known.
    pub(crate) fn read(root: &Path, environment: &Environment) -> anyhow::Result<Workspace> {
        let disk = Disk { root, caches: &TreeCaches::of_hashes(Vec::new()) };
        Workspace::read_checkout(root.to_owned(), &disk, environment)
    }

    /// Reads the workspace as it is in a checkout.
    pub(crate) fn read_checkout(
        root: PathBuf,
        checkout: &dyn Checkout,
        environment: &Environment,
    ) -> anyhow::Result<Workspace> {
        let (workspace, problems) = Workspace::read_with_problems(root, checkout, environment)?;
        if problems.is_empty() { Ok(workspace) } else { Err(WorkspaceProblems(problems).into()) }
    }

    /// The same of a workspace that may have problems: its graph is what could be understood.
    ///
    /// # Errors
    /// The environment's settings are wrong.
    pub(crate) fn read_with_problems(
        root: PathBuf,
        checkout: &dyn Checkout,
        environment: &Environment,
    ) -> anyhow::Result<(Workspace, Vec<Problem>)> {
        let mut problems = Vec::new();
        let text = read_text(checkout, CONFIG_FILE, &mut problems).unwrap_or_default();
        let (mut config, found) = parse_config(CONFIG_FILE, &text);
        problems.extend(found);
        let lock = read_text(checkout, BASE_LOCK, &mut problems);
        let has_lock = lock.is_some();
        if let Some(text) = lock {
            let (lock, found) = parse_base_lock(&text);
            problems.extend(found);
            config.base_lock = lock;
        }
        let network = apply_environment(&mut config, environment)?;
        let (pyprojects, bare) = read_pyprojects(checkout, &config, &mut problems);
        let (declarations, found) = declare(&config, &pyprojects);
        problems.extend(found);
        let strays = strays::strays(checkout, &bare, &pyprojects, &declarations);
        let declared = declarations.images.values().map(|image| image.dockerfile.clone());
        let declared: BTreeSet<String> = declared.collect();
        let mut linked = BTreeSet::new();
        let dockerfiles = read_dockerfiles(checkout, &declared, &mut linked, &mut problems);
        let declared_names = declared.iter().map(|path| file_name(path).to_owned()).collect();
        let declared = declared.into_iter().collect();
        let (graph, found) = build_graph(&config, &declarations, &dockerfiles);
        problems.extend(found);
        linked.extend(linked_ignore_files(checkout, &graph));
        problems.sort();
        problems.dedup();
        let workspace = Workspace {
            root,
            config,
            graph,
            pyprojects,
            network,
            strays,
            dockerfiles,
            declared,
            declared_names,
            linked,
            has_lock,
        };
        Ok((workspace, problems))
    }

    /// What is not as it should be and keeps nothing from being built, the graph's own left out.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Problem> {
        self.strays.iter().map(|folder| strays::problem(folder))
    }

    /// The files that were read to make the graph.
    pub(crate) fn settings_files(&self) -> impl Iterator<Item = &str> {
        let pyprojects = self.pyprojects.iter().map(|file| file.path.as_str());
        let dockerfiles = self.dockerfiles.keys().map(String::as_str);
        let lock = self.has_lock.then_some(BASE_LOCK);
        let linked = self.linked.iter().map(String::as_str);
        [CONFIG_FILE].into_iter().chain(lock).chain(pyprojects).chain(dockerfiles).chain(linked)
    }

    /// Whether a file with this path shapes the graph, or is an ignore file, or could be.
    pub(crate) fn is_settings(&self, path: &str) -> bool {
        let name = file_name(path);
        path == CONFIG_FILE
            || path == BASE_LOCK
            || name == PYPROJECT
            || name.ends_with(".dockerignore")
            || name == ATTRIBUTES
            || (self.declared_names.contains(name) && self.declared.contains(path))
            || self.linked.contains(path)
    }

    /// Whether a link that stands for a Dockerfile or an ignore file passes this path.
    pub(crate) fn is_linked(&self, path: &str) -> bool {
        self.linked.contains(path)
    }

    /// The same without the files that say how git converts others: those shape no graph.
    pub(crate) fn shapes(&self, path: &str) -> bool {
        !is_attributes(path) && self.is_settings(path)
    }

    /// The stack: `--stack`, `LAMBDA_STACK`, `PULUMI_STACK`, the configuration's.
    pub(crate) fn stack(&self, given: Option<&str>, environment: &Environment) -> String {
        given
            .or_else(|| environment.get("LAMBDA_STACK"))
            .or_else(|| environment.get("PULUMI_STACK"))
            .unwrap_or(&self.config.stack)
            .to_owned()
    }

    /// The images that the command line names: by name, in any spelling that PEP 503 holds
    /// equal, or by folder.
    pub(crate) fn select(&self, given: &[String]) -> anyhow::Result<BTreeSet<ImageName>> {
        given.iter().map(|text| self.select_one(text)).collect()
    }

    fn select_one(&self, text: &str) -> anyhow::Result<ImageName> {
        let folder = text.trim_start_matches("./").trim_end_matches('/');
        let spelled = normalised(text);
        let images = self.graph.images();
        let by_name = images
            .iter()
            .find(|image| image.name().as_str() == text)
            .or_else(|| images.iter().find(|image| normalised(image.name().as_str()) == spelled));
        let by_folder = || {
            images.iter().find(|image| {
                let declaration = &image.declaration;
                let declared = paths::parent(&declaration.declared_in);
                let dockerfile = paths::parent(&declaration.dockerfile);
                !folder.is_empty() && (declared == folder || dockerfile == folder)
            })
        };
        let by_package = || {
            images.iter().find(|image| {
                let package = image.declaration.package.as_ref();
                package.is_some_and(|package| package.as_str() == spelled)
            })
        };
        if let Some(image) = by_name.or_else(by_folder).or_else(by_package) {
            return Ok(image.name().clone());
        }
        let is_meant = |stray: &&String| *stray == folder || file_name(stray) == text;
        if let Some(stray) = self.strays.iter().find(is_meant) {
            let Problem { path, message, hint, .. } = strays::problem(stray);
            let message = format!("there is no image `{text}`: `{path}`: {message}");
            return Err(usage(message, hint.unwrap_or_default()));
        }
        let hint = match suggestion(&spelled, images.iter().map(|image| image.name().as_str())) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "`cargo xtask graph` shows the images there are".to_owned(),
        };
        Err(usage(format!("there is no image `{text}`"), hint))
    }
}

/// A name as PEP 503 compares names.
fn normalised(name: &str) -> String {
    let mut normalised = String::with_capacity(name.len());
    for c in name.to_lowercase().chars() {
        match c {
            '-' | '_' | '.' if normalised.ends_with('-') => {}
            '-' | '_' | '.' => normalised.push('-'),
            c => normalised.push(c),
        }
    }
    normalised
}

/// Whether a file says how git converts others.
pub(crate) fn is_attributes(path: &str) -> bool {
    file_name(path) == ATTRIBUTES
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Where the nearest `Cargo.toml` has a `[workspace]`, it is the root: Cargo's own rule. That spares
/// a process.
fn nearest_root(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let has_config = |folder: &&Path| {
        fs::metadata(folder.join(CONFIG_FILE)).is_ok_and(|metadata| !metadata.is_dir())
    };
    let nearest = folder.ancestors().find(has_config)?;
    match files::read_text(&nearest.join(CONFIG_FILE), Links::Follow, SETTINGS_LIMIT) {
        Ok(text) => lambda_images::config::has_workspace(&text).then(|| nearest.to_owned()),
        // What is wrong with it is said when the workspace is read.
        Err(_) => Some(nearest.to_owned()),
    }
}

fn ask_cargo_for_root(environment: &Environment) -> anyhow::Result<PathBuf> {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.no_deps().current_dir(environment.current_dir());
    let mut child = environment.command(environment.get("CARGO").unwrap_or("cargo"));
    child.args(command.cargo_command().get_args());
    let output = child.output().map_err(|error| {
        environment_failure(
            format!("failed to run `cargo metadata`: {error}"),
            "is cargo on the `PATH`?",
        )
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("error: ");
        return Err(environment_failure(
            format!("failed to find the Cargo workspace: {said}"),
            "run this inside a repository whose root `Cargo.toml` has a `[workspace]`",
        ));
    }
    let text = String::from_utf8(output.stdout).context("`cargo metadata` did not print UTF-8")?;
    let metadata = cargo_metadata::MetadataCommand::parse(text)
        .context("failed to read what `cargo metadata` printed")?;
    Ok(metadata.workspace_root.into_std_path_buf())
}

/// What one machine adds: values of variables, `LAMBDA_IMAGES_MIRRORS` and `LAMBDA_IMAGES_NETWORK`.
fn apply_environment(config: &mut Config, environment: &Environment) -> anyhow::Result<Network> {
    config.variables = environment.variables().collect();
    if let Some(text) = environment.get("LAMBDA_IMAGES_MIRRORS") {
        config.mirrors.add_list(text).map_err(|error| {
            usage(format!("`LAMBDA_IMAGES_MIRRORS`: {error}"), "as in `from=to,from=to`")
        })?;
    }
    match environment.get("LAMBDA_IMAGES_NETWORK") {
        None => Ok(config.network),
        Some(text) => parse_network(text).ok_or_else(|| {
            usage(
                format!("`LAMBDA_IMAGES_NETWORK` is `{text}`"),
                "it can be `default`, `host` or `none`",
            )
        }),
    }
}

/// The `pyproject.toml`s, and the folders that a glob finds and that have none.
fn read_pyprojects(
    checkout: &dyn Checkout,
    config: &Config,
    problems: &mut Vec<Problem>,
) -> (Vec<PyprojectFile>, BTreeSet<String>) {
    let mut bare = BTreeSet::new();
    let mut files: BTreeMap<String, PyprojectFile> = BTreeMap::new();
    for (kind, globs) in [(Kind::Base, &config.packages), (Kind::Lambda, &config.lambdas)] {
        for glob in globs {
            let problem = |message: String| {
                Problem::of_file(&config.path, message).at(glob.place.0, glob.place.1)
            };
            if glob.value.starts_with('/') || glob.value.split('/').any(|part| part == "..") {
                let message = format!("`{}` leads out of the workspace", glob.value);
                problems.push(problem(message).hint("globs are relative to the workspace root"));
                continue;
            }
            let parsed = match Glob::parse(&glob.value) {
                Ok(parsed) => parsed,
                Err(error) => {
                    problems.push(problem(format!("`{}` is not a glob: {error}", glob.value)));
                    continue;
                }
            };
            let folders = checkout.folders(&parsed);
            let paths = folders.par_iter().map(|folder| paths::in_folder(folder, PYPROJECT));
            let texts: Vec<_> = paths.map(|path| (checkout.text(&path), path)).collect();
            let mut matched = false;
            for (text, path) in texts {
                matched |= matches!(text, Ok(Some(_)));
                match text {
                    // The first glob that finds a folder says what it is.
                    Ok(Some(text)) => drop(files.entry(path.clone()).or_insert(PyprojectFile {
                        path,
                        kind,
                        text,
                    })),
                    Ok(None) => drop(bare.insert(paths::parent(&path).to_owned())),
                    Err(problem) => problems.push(problem),
                }
            }
            // Lambdas that vanish would vanish from what is deployed. A default that matches
            // nothing was not written by anybody.
            if kind == Kind::Lambda && !matched && glob.place != (1, 1) {
                let message = format!("`{}` matches no folder with a `{PYPROJECT}`", glob.value);
                problems.push(problem(message).hint("mend the glob, or remove it"));
            }
        }
    }
    (files.into_values().collect(), bare)
}

fn read_dockerfiles(
    checkout: &dyn Checkout,
    paths: &BTreeSet<String>,
    linked: &mut BTreeSet<String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let read: Vec<_> = paths.par_iter().map(|path| (path, read_linked(checkout, path))).collect();
    let mut dockerfiles = BTreeMap::new();
    for (path, read) in read {
        let problem = match read {
            Ok(Linked::Missing) => continue,
            Ok(Linked::Text(text, passed)) => {
                dockerfiles.insert(path.clone(), text);
                linked.extend(passed);
                continue;
            }
            Ok(Linked::Lost(_)) => lost_dockerfile(path),
            Err(problem) => problem,
        };
        // That it is missing would be told as well, and it isn't.
        dockerfiles.insert(path.clone(), UNREADABLE.to_owned());
        problems.push(problem);
    }
    dockerfiles
}

/// What decides besides the ignore files themselves, where they are links.
fn linked_ignore_files(checkout: &dyn Checkout, graph: &ImageGraph) -> Vec<String> {
    let contexts = graph.images().iter().flat_map(|image| &image.contexts);
    let files: BTreeSet<&String> =
        contexts.flat_map(|context| &context.folder.ignore_files).collect();
    let passed = files.into_par_iter().map(|path| match checkout.link(path) {
        Ok(Some(_)) => match read_linked(checkout, path) {
            Ok(Linked::Text(_, passed) | Linked::Lost(passed)) => passed,
            // Its problem is told where it is read.
            Ok(Linked::Missing) | Err(_) => Vec::new(),
        },
        Ok(None) | Err(_) => Vec::new(),
    });
    passed.flatten_iter().collect()
}

/// Stands for a Dockerfile whose problem has been told.
const UNREADABLE: &str = "FROM scratch\n";

fn read_text(checkout: &dyn Checkout, path: &str, problems: &mut Vec<Problem>) -> Option<String> {
    match checkout.text(path) {
        Ok(text) => text,
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

mod strays;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
