//! A workspace as it was at a commit, and what its images read then: found out by the code that reads
//! the tree, so that the two can be compared.
//!
//! # How it works
//! Where nothing that shapes the workspace differs, the graph is today's, and only the inputs of images
//! that read a changed file are computed ([`derive`]). Else the workspace is read anew. A problem of one
//! image is that image's alone: the others are read without it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use lambda_images::base_lock::BASE_LOCK;
use lambda_images::discovery::{ImageDeclaration, ImageName};
use lambda_images::fingerprint::{Fingerprint, Inputs, inputs_of_image};
use lambda_images::graph::{Image, ImageGraph};
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::readers::Readers;
use lambda_images::stable::{StableBases, stable_fingerprint};

use crate::at_commit::AtCommit;
use crate::checkout::{Checkout, Disk};
use crate::environment::Environment;
use crate::failure::WorkspaceProblems;
use crate::inputs::{AllInputs, Found};
use crate::tree_caches::TreeCaches;
use crate::workspace::{CONFIG_FILE, Workspace};

/// The workspace as it is, on disk or in git's index.
pub(crate) struct Now<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) found: &'a Found,
    pub(crate) inputs: &'a AllInputs,
    pub(crate) caches: &'a TreeCaches,
    /// Where it was read from.
    pub(crate) checkout: &'a dyn Checkout,
    /// Bases that Lambdas use as they are, in development mode.
    pub(crate) stable: &'a StableBases,
}

/// The workspace as it was.
#[derive(Default)]
pub(crate) struct Past {
    /// `None`: nothing has changed that shapes it.
    pub(crate) workspace: Option<Workspace>,
    pub(crate) found: Option<Found>,
    /// Of all images that could be read, or without a workspace of its own only of those whose inputs
    /// may differ.
    pub(crate) inputs: AllInputs,
    problems: Vec<Problem>,
    /// The images that could not be read, and why.
    troubled: BTreeMap<ImageName, String>,
}

/// The workspace at one time.
#[derive(Clone)]
pub(crate) struct View<'a> {
    pub(crate) now: &'a Now<'a>,
    /// `None`: as it is.
    past: Option<Arc<Past>>,
}

impl<'a> Now<'a> {
    pub(crate) fn disk(&self) -> Disk<'a> {
        Disk { root: &self.workspace.root, caches: self.caches }
    }

    pub(crate) fn is_stable(&self, name: &ImageName) -> bool {
        self.stable.contains_key(name)
    }
}

impl<'a> View<'a> {
    pub(crate) fn now(now: &'a Now<'a>) -> View<'a> {
        View { now, past: None }
    }

    pub(crate) fn at(now: &'a Now<'a>, past: Arc<Past>) -> View<'a> {
        View { now, past: Some(past) }
    }

    pub(crate) fn workspace(&self) -> &Workspace {
        let past = self.past.as_ref().and_then(|past| past.workspace.as_ref());
        past.unwrap_or(self.now.workspace)
    }

    pub(crate) fn graph(&self) -> &ImageGraph {
        &self.workspace().graph
    }

    /// Whether the workspace had another shape, or may have had.
    pub(crate) fn has_own_graph(&self) -> bool {
        self.past.as_ref().is_some_and(|past| past.workspace.is_some())
    }

    pub(crate) fn found(&self) -> &Found {
        let past = self.past.as_ref().and_then(|past| past.found.as_ref());
        past.unwrap_or(self.now.found)
    }

    /// The inputs of an image; `None`: there was none that could be read.
    pub(crate) fn inputs(&self, name: &ImageName) -> Option<&(Inputs, Fingerprint)> {
        match &self.past {
            None => self.now.inputs.get(name),
            Some(past) if self.has_own_graph() => past.inputs.get(name),
            // What isn't said is as it is now.
            Some(past) => past.inputs.get(name).or_else(|| self.now.inputs.get(name)),
        }
    }

    pub(crate) fn fingerprint(&self, name: &ImageName) -> Option<Fingerprint> {
        self.inputs(name).map(|(_, fingerprint)| *fingerprint)
    }

    /// The same in which the inputs of some images count as unknown, and why.
    pub(crate) fn without(
        mut self,
        names: impl IntoIterator<Item = (ImageName, String)>,
    ) -> View<'a> {
        let past = self.past.as_mut().and_then(Arc::get_mut).expect("it was just made");
        for (name, why) in names {
            past.inputs.remove(&name);
            past.troubled.entry(name).or_insert(why);
        }
        self
    }

    /// Why an image of today could not be read.
    pub(crate) fn trouble(&self, declaration: &ImageDeclaration) -> Option<String> {
        let past = self.past.as_ref()?;
        let own = past.troubled.get(&declaration.name);
        own.cloned().or_else(|| {
            let declared = [&declaration.dockerfile, &declaration.declared_in];
            let is_empty = past.workspace.as_ref().is_some_and(|it| it.graph.images().is_empty());
            let is_own = |problem: &&Problem| {
                is_empty || is_everybodys(problem) || declared.contains(&&problem.path)
            };
            past.problems.iter().find(is_own).map(first_line)
        })
    }

    /// Whether an image reads a file, by its index in the graph.
    pub(crate) fn reads(&self, image: usize, path: &str) -> bool {
        let contexts = &self.found().contexts;
        contexts.of_image(image).iter().any(|read| {
            let tree = &contexts.trees()[read.tree];
            let relative = paths::strip_folder(&tree.folder, path);
            let entry = relative.and_then(|relative| tree.listing().find(relative));
            entry.is_some_and(|entry| read.selection.reads(entry))
        })
    }

    /// Which images read a path, or would if it existed.
    pub(crate) fn readers(&self) -> Readers {
        let found = self.found();
        Readers::new(self.graph(), |folder| found.ignore_of(folder), &found.contexts)
    }

    /// Images and all that stand on one of them.
    pub(crate) fn with_dependents(&self, names: &BTreeSet<ImageName>) -> BTreeSet<ImageName> {
        self.graph().with_dependents_but(names, &|name| self.now.is_stable(name))
    }

    /// Images and all that they stand on.
    pub(crate) fn with_bases(&self, names: &BTreeSet<ImageName>) -> BTreeSet<ImageName> {
        self.graph().with_bases_but(names.iter().cloned(), &|name| self.now.is_stable(name))
    }

    /// The same graph with other files: what was found, and the inputs of those of the `wanted` images
    /// that may differ; all images without it. `None`: it is not as simple as that.
    pub(crate) fn derive(
        &self,
        checkout: &AtCommit,
        wanted: Option<&BTreeSet<ImageName>>,
    ) -> anyhow::Result<Option<(Found, AllInputs)>> {
        let graph = self.graph();
        let is_wanted = |image: &Image| wanted.is_none_or(|wanted| wanted.contains(image.name()));
        let found = match self.found().as_it_was(checkout, graph, &is_wanted) {
            Ok(found) => found,
            Err(error) if error.is::<WorkspaceProblems>() => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((found, changed)) = found else { return Ok(None) };
        let mut inputs = AllInputs::new();
        for (index, image) in graph.images().iter().enumerate() {
            let stands_on_changed = image.depends_on.keys().any(|base| inputs.contains_key(base));
            if !is_wanted(image) || !(changed[index] || stands_on_changed) {
                continue;
            }
            let of = |name: &ImageName| match self.now.stable.get(name) {
                Some(digest) if !is_base(image) => stable_fingerprint(digest),
                _ => match inputs.get(name) {
                    Some((_, fingerprint)) => *fingerprint,
                    None => self.fingerprint(name).expect("a base of an image that was read"),
                },
            };
            let mut own = inputs_of_image(image, found.read_inputs(index, image, graph), &of);
            if !is_base(image) {
                own.stand_on(image, self.now.stable);
            }
            let fingerprint = own.fingerprint();
            inputs.insert(image.name().clone(), (own, fingerprint));
        }
        Ok(Some((found, inputs)))
    }
}

fn is_base(image: &Image) -> bool {
    image.declaration.kind == lambda_images::config::Kind::Base
}

impl Past {
    /// Reads the workspace, and the inputs of the `wanted` images and of all that they stand on; of
    /// all images without it.
    ///
    /// # Errors
    /// Git can't be asked, or the environment's settings are wrong.
    pub(crate) fn read(
        root: PathBuf,
        checkout: &dyn Checkout,
        environment: &Environment,
        stable: &StableBases,
        wanted: Option<&BTreeSet<ImageName>>,
    ) -> anyhow::Result<Past> {
        let (workspace, problems) = Workspace::read_with_problems(root, checkout, environment)?;
        let graph = &workspace.graph;
        let wanted = wanted.map(|wanted| graph.with_bases(wanted.iter().cloned()));
        let is_wanted = |image: &Image| wanted.as_ref().is_none_or(|it| it.contains(image.name()));
        let mut troubled = troubled_by(&workspace, &problems);
        let read = |troubled: &BTreeMap<ImageName, String>| {
            Found::read_some(checkout, graph, graph.images(), &|image| {
                is_wanted(image) && !troubled.contains_key(image.name())
            })
        };
        let mut found = read(&troubled);
        if found.as_ref().is_err_and(anyhow::Error::is::<WorkspaceProblems>) {
            for image in graph.images().iter().filter(|image| is_wanted(image)) {
                if troubled.contains_key(image.name()) {
                    continue;
                }
                let own = Found::read_images(checkout, graph, std::slice::from_ref(image));
                if let Err(error) = own {
                    let why = error.downcast::<WorkspaceProblems>()?;
                    let why = why.0.first().map(first_line).unwrap_or_default();
                    troubled.insert(image.name().clone(), why);
                }
            }
            add_dependents(graph, &mut troubled);
            found = read(&troubled);
        }
        let found = found?;
        let mut inputs = found.inputs_on_stable(graph, stable);
        inputs.retain(|name, _| {
            let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
            is_wanted && !troubled.contains_key(name)
        });
        Ok(Past { workspace: Some(workspace), found: Some(found), inputs, problems, troubled })
    }

    /// The same graph with other files.
    pub(crate) fn derived((found, inputs): (Found, AllInputs)) -> Past {
        Past { found: Some(found), inputs, ..Past::default() }
    }
}

fn first_line(problem: &Problem) -> String {
    problem.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The images that can't be trusted where a workspace has these problems, and why. What is wrong with a
/// file of one image is that image's, with that of a package everybody's who requires it.
fn troubled_by(workspace: &Workspace, problems: &[Problem]) -> BTreeMap<ImageName, String> {
    let graph = &workspace.graph;
    let mut troubled = BTreeMap::new();
    for problem in problems {
        let package = graph.packages().values().find(|it| it.declared_in == problem.path);
        let is_of = |image: &&Image| {
            let declaration = &image.declaration;
            let packages = || graph.packages_of(image);
            let requires = package.is_some_and(|it| packages().contains_key(&it.name));
            is_everybodys(problem) || problem.path == declaration.dockerfile || requires
        };
        for image in graph.images().iter().filter(is_of) {
            troubled.entry(image.name().clone()).or_insert_with(|| first_line(problem));
        }
    }
    add_dependents(graph, &mut troubled);
    troubled
}

/// Whether a problem is no single image's.
fn is_everybodys(problem: &Problem) -> bool {
    [CONFIG_FILE, BASE_LOCK].contains(&problem.path.as_str())
}

fn add_dependents(graph: &ImageGraph, troubled: &mut BTreeMap<ImageName, String>) {
    for image in graph.images() {
        let why = image.depends_on.keys().find_map(|base| troubled.get(base)).cloned();
        if let Some(why) = why {
            troubled.entry(image.name().clone()).or_insert(why);
        }
    }
}
