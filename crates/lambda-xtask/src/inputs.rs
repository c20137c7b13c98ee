//! Reads the folders that images are built from: every file that the ignore file leaves, with
//! its mode and its SHA-256. Each folder once, however many images read it; in parallel.
//!
//! It does not decide what an image reads: that is the graph's affair.

mod walk;

pub(crate) use walk::file_mode;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use dockerfile::{Dockerignore, parse_dockerignore};
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::{FileEntry, Fingerprint, Inputs, inputs_of, tree_digest};
use lambda_images::graph::{ContextFolder, Image, ImageGraph};
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::record::Record;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::failure::WorkspaceProblems;
use crate::hash_cache::HashCache;
use crate::state::State;
use crate::workspace::report_link;

/// The folders of all images.
pub(crate) struct Folders {
    trees: Vec<Tree>,
    /// Which of `trees` each folder is: two images can read one folder through one ignore file.
    by_folder: BTreeMap<ContextFolder, usize>,
    /// The ignore file of each folder that has one.
    pub(crate) ignores: BTreeMap<ContextFolder, Dockerignore>,
}

/// A folder as one ignore file leaves it.
pub(crate) struct Tree {
    /// Relative to the workspace root.
    pub(crate) folder: String,
    /// Sorted by path.
    pub(crate) files: Vec<FileEntry>,
}

/// What counts of every image.
pub(crate) struct ImageInputs {
    pub(crate) records: BTreeMap<ImageName, Record>,
    /// Bytes of each image's input files.
    pub(crate) sizes: BTreeMap<ImageName, u64>,
}

impl Folders {
    /// Reads every folder of `graph`, and hashes the files that `hashes` does not know.
    ///
    /// # Errors
    /// A folder that does not exist, a bad ignore file, a file that BuildKit could not send:
    /// all of them at once.
    pub(crate) fn read(
        root: &Path,
        graph: &ImageGraph,
        hashes: &HashCache,
    ) -> anyhow::Result<Folders> {
        Folders::read_images(root, graph.images(), hashes)
    }

    /// The same for the folders of some images.
    pub(crate) fn read_images(
        root: &Path,
        images: &[Image],
        hashes: &HashCache,
    ) -> anyhow::Result<Folders> {
        let contexts = images.iter().flat_map(|image| &image.contexts);
        let wanted: BTreeSet<&ContextFolder> = contexts.map(|context| &context.folder).collect();
        let (ignore_files, mut problems) = read_ignore_files(root, &wanted)?;
        let mut indexes: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        let mut by_folder = BTreeMap::new();
        let mut ignores = BTreeMap::new();
        for folder in wanted {
            let ignore = ignore_files.of(folder);
            let next = indexes.len();
            let key = (folder.folder.as_str(), ignore.map(|(path, _)| path));
            by_folder.insert(folder.clone(), *indexes.entry(key).or_insert(next));
            if let Some((_, Some(ignore))) = ignore {
                ignores.insert(folder.clone(), ignore.clone());
            }
        }
        report_own_files(&by_folder, &ignores, &mut problems);
        let mut keys: Vec<_> = indexes.into_iter().collect();
        keys.sort_by_key(|(_, index)| *index);
        let read: Vec<Result<Tree, Vec<Problem>>> = keys
            .into_par_iter()
            .map(|((folder, ignore), _)| {
                let files = match ignore.map(|path| ignore_files.parsed(path)) {
                    // Its problem is told; what it would have left out must not make others.
                    Some(None) => Vec::new(),
                    Some(ignore) => walk::read_folder(root, folder, ignore, hashes)?,
                    None => walk::read_folder(root, folder, None, hashes)?,
                };
                Ok(Tree { folder: folder.to_owned(), files })
            })
            .collect();
        let mut trees = Vec::with_capacity(read.len());
        for result in read {
            match result {
                Ok(tree) => trees.push(tree),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(WorkspaceProblems(problems).into());
        }
        Ok(Folders { trees, by_folder, ignores })
    }

    /// Everything that was read, each folder once for each ignore file that it is read through.
    pub(crate) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Paths of all files, relative to the workspace root.
    pub(crate) fn paths(&self) -> HashSet<String> {
        let of_tree = |tree: &Tree| {
            let files = tree.files.iter();
            files.map(|file| paths::in_folder(&tree.folder, &file.path)).collect::<Vec<_>>()
        };
        self.trees.iter().flat_map(of_tree).collect()
    }

    /// The files of one folder.
    pub(crate) fn files_of(&self, folder: &ContextFolder) -> &[FileEntry] {
        self.by_folder.get(folder).map_or(&[], |index| &self.trees[*index].files)
    }

    /// The inputs, fingerprint and record of every image.
    pub(crate) fn image_inputs(&self, graph: &ImageGraph) -> ImageInputs {
        let digests: Vec<_> = self.trees.iter().map(|tree| tree_digest(&tree.files)).collect();
        let digests = self
            .by_folder
            .iter()
            .map(|(folder, index)| (folder.clone(), digests[*index]))
            .collect();
        let inputs: BTreeMap<ImageName, (Inputs, Fingerprint)> = inputs_of(graph, &digests);
        let mut all = ImageInputs { records: BTreeMap::new(), sizes: BTreeMap::new() };
        for image in graph.images() {
            let (inputs, fingerprint) = &inputs[image.name()];
            let record = Record::new(image, inputs, *fingerprint, |folder| self.files_of(folder));
            all.records.insert(image.name().clone(), record);
            let files = image.contexts.iter().flat_map(|context| self.files_of(&context.folder));
            all.sizes.insert(image.name().clone(), files.map(|file| file.size).sum());
        }
        all
    }
}

/// A context that holds what this tool or git writes is another one after every run.
fn report_own_files(
    folders: &BTreeMap<ContextFolder, usize>,
    ignores: &BTreeMap<ContextFolder, Dockerignore>,
    problems: &mut Vec<Problem>,
) {
    for folder in folders.keys() {
        for (name, file) in [("target", State::MANIFEST), (".git", ".git/HEAD")] {
            let Some(path) = paths::strip_folder(&folder.folder, file) else { continue };
            if !ignores.get(folder).is_some_and(|ignore| ignore.excludes(path)) {
                let shown = paths::shown(&folder.folder);
                let message =
                    format!("the context `{shown}` holds `{name}`, which changes with every run");
                let ignore = folder.ignore_files.last().map_or(".dockerignore", String::as_str);
                let problem = Problem::of_file(ignore, message);
                problems.push(problem.hint(format!("add the line `{name}` to `{ignore}`")));
            }
        }
    }
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
    root: &Path,
    folders: &BTreeSet<&ContextFolder>,
) -> anyhow::Result<(IgnoreFiles, Vec<Problem>)> {
    let mut files = BTreeMap::new();
    let mut problems = Vec::new();
    let paths: BTreeSet<&String> = folders.iter().flat_map(|folder| &folder.ignore_files).collect();
    for path in paths {
        report_link(root, path, &mut problems);
        let text = match fs::read_to_string(root.join(path)) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("failed to read `{path}`")),
        };
        let parsed = parse_dockerignore(&text).map_err(|faults| {
            for fault in faults {
                let problem = Problem::of_file(path, fault.message).at(fault.line, fault.column);
                problems.push(Problem { hint: fault.hint, ..problem });
            }
        });
        files.insert(path.clone(), parsed.ok());
    }
    Ok((IgnoreFiles(files), problems))
}

#[cfg(test)]
mod tests;
