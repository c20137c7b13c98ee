//! Reads what images are built from: lists the folders of their contexts, hashes the files that
//! some Dockerfile reads. Each folder and file once, however many images read it; in parallel.
//!
//! It does not decide what an image reads: that is for the graph and `lambda_images::contexts`.

mod folder;
mod hash;
mod misses;
mod readable;
mod since;
mod walk;

#[cfg(test)]
pub(crate) use folder::read_folder;
pub(crate) use folder::{Root, Seen};
pub(crate) use hash::{file_mode, hash_file, hash_wanted};
pub(crate) use walk::{SeenFiles, list_folder};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use dockerfile::{ContextRead, Dockerignore, Reach, parse_dockerignore};
use lambda_images::contexts::{Contexts, ReadContext};
use lambda_images::fingerprint::{Fingerprint, Inputs, ReadInputs, inputs_on_stable, sha256};
use lambda_images::graph::{
    ContextFolder, ContextUse, Image, ImageGraph, OWN, OwnFolder, not_brought_in, package_use,
};
use lambda_images::locks::Locks;
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::record::Record;
use lambda_images::stable::StableBases;
use lambda_images::tree::Tree;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _,
    ParallelIterator as _,
};

use rustc_hash::FxHashSet;

use crate::at_commit::AtCommit;
use crate::checkout::Checkout;
use crate::failure::WorkspaceProblems;
use crate::hash_cache::Stamp;
use crate::links::{Linked, lost_ignore_file, read_linked};

/// What was read for some images.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) contexts: Contexts,
    /// How each of the trees was walked.
    pub(crate) views: Vec<Arc<View>>,
    /// Paths of all ignore files that exist.
    pub(crate) ignore_files: BTreeSet<String>,
    pub(crate) locks: Mutex<Locks>,
    /// Of each tree.
    seen: Vec<SeenFiles>,
    /// What is not as it should be and keeps nothing from being built.
    pub(crate) warnings: Vec<Problem>,
}

/// What a walk of a folder went by.
pub(crate) struct View {
    /// The folder's ignore file, if it has one.
    pub(crate) ignore: Option<Dockerignore>,
    /// What is read of it by any of the images, and what links lead to.
    pub(crate) reach: Reach,
}

pub(crate) use lambda_images::affected::AllInputs;

impl Found {
    /// Reads what the images of `graph` read, and hashes the files that `hashes` does not know.
    ///
    /// # Errors
    /// A folder that does not exist, a bad ignore file, a file that BuildKit could not send:
    /// all of them at once.
    pub(crate) fn read(checkout: &dyn Checkout, graph: &ImageGraph) -> anyhow::Result<Found> {
        Found::read_images(checkout, graph, graph.images())
    }

    /// The same for some images of the graph.
    pub(crate) fn read_images(
        checkout: &dyn Checkout,
        graph: &ImageGraph,
        images: &[Image],
    ) -> anyhow::Result<Found> {
        Found::read_some(checkout, graph, images, &|_| true)
    }

    /// The same without the images that are not `wanted`: what those read is left out.
    pub(crate) fn read_some(
        checkout: &dyn Checkout,
        graph: &ImageGraph,
        images: &[Image],
        is_wanted: &(dyn Fn(&Image) -> bool + Sync),
    ) -> anyhow::Result<Found> {
        let mut found = Found::default();
        let read = images.iter().filter(|image| is_wanted(image));
        let wanted: Vec<&ContextUse> = read.flat_map(|image| &image.contexts).collect();
        found.list(checkout, &wanted)?;
        let contexts = &found.contexts;
        let read = |image: &Image| match is_wanted(image) {
            true => contexts.read(image, &image.contexts),
            false => Vec::new(),
        };
        let reads = images.par_iter().map(read).collect();
        found.contexts.set_reads(reads);
        found.add_left_out(checkout, graph, images, is_wanted)?;
        let seen = std::mem::take(&mut found.seen);
        found.seen = checkout.fill(&mut found.contexts, seen).map_err(workspace_problems)?;
        found.read_locks(checkout);
        Ok(found)
    }

    /// Adds the trees of the contexts that have none yet.
    fn list(&mut self, checkout: &dyn Checkout, wanted: &[&ContextUse]) -> anyhow::Result<()> {
        let folders: FxHashSet<&ContextFolder> = wanted
            .iter()
            .map(|context| &context.folder)
            .filter(|folder| self.contexts.tree_of(folder).is_none())
            .collect();
        let (ignore_files, mut problems) =
            read_ignore_files(checkout, &folders, &mut self.warnings);
        self.ignore_files.extend(ignore_files.0.keys().cloned());
        let mut groups: BTreeMap<(&str, Option<&str>, &[&str]), Group> = BTreeMap::new();
        for context in wanted.iter().filter(|context| folders.contains(&context.folder)) {
            let folder = &context.folder;
            let ignore = ignore_files.of(folder);
            let key = (folder.folder.as_str(), ignore.map(|(path, _)| path), &*folder.left_out);
            let group = groups.entry(key).or_default();
            // Images mostly read what others read too.
            let mut new: Vec<&ContextRead> = Vec::new();
            for read in &context.reads {
                let patterns = read.patterns.iter().map(|pattern| (pattern.as_str(), read.parents));
                if patterns.filter(|pattern| group.added.insert(*pattern)).count() > 0 {
                    new.push(read);
                }
            }
            group.reach.add_reads(0, new);
            group.folders.insert(folder);
        }
        let listed: Vec<Result<Option<Listed>, Vec<Problem>>> = groups
            .into_iter()
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|((folder, path, left_out), mut group)| {
                let ignore = match path.map(|path| ignore_files.parsed(path)) {
                    // Its problem is told; what it would have left out must not make others.
                    Some(None) => return Ok(None),
                    ignore => ignore.flatten(),
                };
                let warning = warn_of_own(folder, path, ignore, &group.reach);
                let ignore = leave_out(ignore, left_out);
                let (tree, seen) = checkout.list(folder, ignore.as_ref(), &mut group.reach)?;
                let view = View { ignore, reach: group.reach };
                Ok(Some(Listed { tree, seen, view, warning, folders: group.folders }))
            })
            .collect();
        for result in listed {
            match result {
                Ok(None) => {}
                Ok(Some(Listed { tree, seen, view, warning, folders })) => {
                    self.warnings.extend(warning);
                    self.seen.push(seen);
                    self.views.push(Arc::new(view));
                    self.contexts.add_tree(tree, folders.into_iter().cloned());
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(workspace_problems(problems)) }
    }

    /// The packages that an image depends on and that its contexts don't bring in after all: they
    /// count all the same.
    fn add_left_out(
        &mut self,
        checkout: &dyn Checkout,
        graph: &ImageGraph,
        images: &[Image],
        is_wanted: &(dyn Fn(&Image) -> bool + Sync),
    ) -> anyhow::Result<()> {
        let mut added: Vec<(usize, ContextUse)> = Vec::new();
        for (index, image) in images.iter().enumerate().filter(|(_, image)| is_wanted(image)) {
            for (package, declared) in self.contexts.left_out(index, image, graph) {
                let package = &graph.packages()[package];
                self.warnings.push(not_brought_in(image, package, declared));
                added.push((index, package_use(package)));
            }
        }
        let wanted: Vec<&ContextUse> = added.iter().map(|(_, context)| context).collect();
        self.list(checkout, &wanted)?;
        for (index, context) in &added {
            let reads = self.contexts.read(&images[*index], std::slice::from_ref(context));
            self.contexts.add_reads(*index, reads);
        }
        Ok(())
    }

    /// Reads the locks that may count by what is installed from them.
    fn read_locks(&mut self, checkout: &dyn Checkout) {
        let locks = self.locks.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (path, content) in self.contexts.locks().into_keys() {
            if locks.knows(&path, &content) {
                continue;
            }
            // One that can't be read as text counts by its bytes, as does one that has changed since.
            let text = checkout.text(&path).ok().flatten();
            if let Some(text) = text.filter(|text| sha256(text.as_bytes()) == content) {
                locks.add(&path, content, &text);
            }
        }
    }

    /// The state on disk in which a file was found.
    pub(crate) fn stamp(&self, tree: usize, entry: usize) -> Option<&Stamp> {
        self.seen.get(tree)?.get(entry)?.as_ref().map(|seen| &seen.stamp)
    }

    /// The ignore file of a folder, if it has one.
    pub(crate) fn ignore_of(&self, folder: &ContextFolder) -> Option<&Dockerignore> {
        self.views.get(self.contexts.index_of(folder)?)?.ignore.as_ref()
    }

    /// Tells of a path from the workspace root whether some image reads it.
    pub(crate) fn reader(&self) -> impl Fn(&str) -> bool {
        let wanted = self.contexts.wanted();
        move |path| {
            let mut trees = self.contexts.trees().iter().zip(&wanted);
            trees.any(|(tree, wanted)| {
                let path = paths::strip_folder(&tree.folder, path);
                let place = path.and_then(|path| tree.listing().find(path));
                place.is_some_and(|place| wanted[place])
            })
        }
    }

    /// The inputs and fingerprint of every image.
    pub(crate) fn inputs(&self, graph: &ImageGraph) -> AllInputs {
        self.inputs_on_stable(graph, &StableBases::new())
    }

    /// The same where Lambdas stand on these bases as they are.
    pub(crate) fn inputs_on_stable(&self, graph: &ImageGraph, stable: &StableBases) -> AllInputs {
        let images = graph.images().par_iter().enumerate();
        let read = |(index, image)| self.read_inputs(index, image, graph);
        let read: Vec<ReadInputs> = images.map(read).collect();
        inputs_on_stable(graph, read, stable)
    }

    /// What one image reads, as it counts.
    pub(crate) fn read_inputs(
        &self,
        index: usize,
        image: &Image,
        graph: &ImageGraph,
    ) -> ReadInputs {
        self.contexts.read_inputs(index, image, graph, &self.locks)
    }

    /// The same images by the same graph as they were, and which of them may read something else: of
    /// those that are `wanted`. `None`: it is not as simple as that.
    pub(crate) fn as_it_was(
        &self,
        checkout: &AtCommit,
        graph: &ImageGraph,
        is_wanted: &dyn Fn(&Image) -> bool,
    ) -> anyhow::Result<Option<(Found, Vec<bool>)>> {
        let Some(trees) = checkout.derive_all() else { return Ok(None) };
        let contexts = self.contexts.with_trees(trees);
        let mut found = Found { contexts, views: self.views.clone(), ..Found::default() };
        let mut changed = vec![false; graph.images().len()];
        for (index, image) in graph.images().iter().enumerate() {
            if !is_wanted(image) {
                found.contexts.set_read(index, Vec::new());
                continue;
            }
            let mut is_other_listing = false;
            for read in self.of_image(index) {
                let (tree, was) =
                    (&self.contexts.trees()[read.tree], &found.contexts.trees()[read.tree]);
                is_other_listing |= !tree.shares_listing_with(was);
                changed[index] |= was.unknown().iter().any(|&entry| read.selection.reads(entry));
            }
            if is_other_listing {
                let reads = found.contexts.read(image, &image.contexts);
                found.contexts.set_read(index, reads);
                if !found.contexts.left_out(index, image, graph).is_empty() {
                    return Ok(None);
                }
                changed[index] = true;
            }
        }
        checkout.fill(&mut found.contexts, Vec::new()).map_err(workspace_problems)?;
        let known = self.locks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.locks = Mutex::new(known);
        found.read_locks(checkout);
        Ok(Some((found, changed)))
    }

    /// All that is known of one image, which is the `index`th of those that were read.
    pub(crate) fn record(
        &self,
        index: usize,
        image: &Image,
        (inputs, fingerprint): &(Inputs, Fingerprint),
    ) -> Record {
        Record::new(image, inputs, *fingerprint, self.contexts.files(index, &inputs.locks))
    }

    /// What an image reads.
    pub(crate) fn of_image(&self, index: usize) -> &[ReadContext] {
        self.contexts.of_image(index)
    }
}

/// A folder that was listed for a group.
struct Listed<'c> {
    tree: Tree,
    seen: SeenFiles,
    view: View,
    warning: Option<Problem>,
    folders: FxHashSet<&'c ContextFolder>,
}

/// The contexts that see a folder through one ignore file.
#[derive(Default)]
struct Group<'c> {
    reach: Reach,
    /// The patterns that are in it, each with whether it is one of `--parents`.
    added: FxHashSet<(&'c str, bool)>,
    folders: FxHashSet<&'c ContextFolder>,
}

pub(crate) fn workspace_problems(mut problems: Vec<Problem>) -> anyhow::Error {
    problems.sort();
    problems.dedup();
    WorkspaceProblems(problems).into()
}

/// The ignore file of a folder, with what is never part of its context.
fn leave_out(ignore: Option<&Dockerignore>, own: &[&str]) -> Option<Dockerignore> {
    let is_sent = |path: &&&str| !ignore.is_some_and(|ignore| ignore.excludes(path));
    let own: Vec<&str> = own.iter().filter(is_sent).copied().collect();
    if own.is_empty() {
        return ignore.cloned();
    }
    let nothing = Dockerignore::default();
    let with_own = ignore.unwrap_or(&nothing).leaving_out(&own);
    Some(with_own.expect("plain paths are patterns"))
}

/// Says what is left out of a context that is copied whole although no ignore file leaves it out.
fn warn_of_own(
    folder: &str,
    path: Option<&str>,
    ignore: Option<&Dockerignore>,
    reach: &Reach,
) -> Option<Problem> {
    let is_read = |own: &&OwnFolder| {
        let path = paths::strip_folder(folder, own.holds);
        path.is_some_and(|path| {
            reach.reads(path) && !ignore.is_some_and(|ignore| ignore.excludes(path))
        })
    };
    let names: Vec<String> =
        OWN.iter().filter(is_read).map(|own| format!("`{}`", own.name)).collect();
    if names.is_empty() {
        return None;
    }
    let (names, shown) = (names.join(" and "), paths::shown(folder));
    let message =
        format!("the context `{shown}` is used without {names}, which change with every run");
    let path = path.map_or_else(|| paths::in_folder(folder, ".dockerignore"), str::to_owned);
    let hint = format!("add {names} to `{path}`, each on a line of its own");
    Some(Problem::of_file(path, message).hint(hint))
}

/// The ignore files that exist, by path; `None` for one with faults.
struct IgnoreFiles(BTreeMap<String, Option<Dockerignore>>);

impl IgnoreFiles {
    /// The one that counts for a folder.
    fn of<'a>(&'a self, folder: &ContextFolder) -> Option<(&'a str, Option<&'a Dockerignore>)> {
        let mut files = folder.ignore_files.iter();
        let (path, ignore) = files.find_map(|path| self.0.get_key_value(path))?;
        Some((path, ignore.as_ref()))
    }

    fn parsed(&self, path: &str) -> Option<&Dockerignore> {
        self.0.get(path)?.as_ref()
    }
}

fn read_ignore_files(
    checkout: &dyn Checkout,
    folders: &FxHashSet<&ContextFolder>,
    warnings: &mut Vec<Problem>,
) -> (IgnoreFiles, Vec<Problem>) {
    let mut files = BTreeMap::new();
    let mut problems = Vec::new();
    let paths: BTreeSet<&String> = folders.iter().flat_map(|folder| &folder.ignore_files).collect();
    let read = paths.into_par_iter().map(|path| (path, read_linked(checkout, path)));
    for (path, read) in read.collect::<Vec<_>>() {
        let text = match read {
            Ok(Linked::Text(text, _)) => text,
            Ok(Linked::Missing) => continue,
            Ok(Linked::Lost(_)) => {
                warnings.push(lost_ignore_file(path));
                continue;
            }
            Err(problem) => {
                problems.push(problem);
                files.insert(path.clone(), None);
                continue;
            }
        };
        let parsed = parse_dockerignore(&text).map_err(|faults| {
            for fault in faults {
                let problem = Problem::of_file(path, fault.message).at(fault.line, fault.column);
                problems.push(Problem { hint: fault.hint, ..problem });
            }
        });
        files.insert(path.clone(), parsed.ok());
    }
    (IgnoreFiles(files), problems)
}

#[cfg(test)]
mod tests;
