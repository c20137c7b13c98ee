//! Reads the folders that images are built from: every file that the ignore file leaves, with
//! its mode and its SHA-256. Each folder once, however many images read it; files in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dockerfile::{Dockerignore, parse_dockerignore};
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::{
    FileEntry, Fingerprint, Hasher, Inputs, Mode, TreeDigest, inputs_of, sha256, tree_digest,
};
use lambda_images::graph::{ContextFolder, ImageGraph};
use lambda_images::paths;
use lambda_images::problem::Problem;
use lambda_images::record::Record;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::failure::WorkspaceProblems;

/// The folders of all images.
pub(crate) struct Folders {
    pub(crate) files: BTreeMap<ContextFolder, Vec<FileEntry>>,
    pub(crate) ignores: BTreeMap<ContextFolder, Dockerignore>,
    pub(crate) ignore_texts: BTreeMap<ContextFolder, String>,
}

/// The files of one folder, or why they can't be read.
type FolderFiles = Result<Vec<FileEntry>, Vec<Problem>>;

/// What counts of every image.
pub(crate) struct ImageInputs {
    pub(crate) records: BTreeMap<ImageName, Record>,
    /// Bytes of each image's input files.
    pub(crate) sizes: BTreeMap<ImageName, u64>,
}

impl Folders {
    /// Reads and hashes every folder of `graph`.
    ///
    /// # Errors
    /// A folder that does not exist, a bad ignore file, a file that BuildKit could not send:
    /// all of them at once.
    pub(crate) fn read(root: &Path, graph: &ImageGraph) -> anyhow::Result<Folders> {
        let wanted: BTreeSet<&ContextFolder> = graph
            .images()
            .iter()
            .flat_map(|image| image.contexts.iter().map(|context| &context.folder))
            .collect();
        let mut folders = Folders {
            files: BTreeMap::new(),
            ignores: BTreeMap::new(),
            ignore_texts: BTreeMap::new(),
        };
        let mut problems = Vec::new();
        for folder in &wanted {
            if let Some((path, text)) = read_ignore_file(root, folder)? {
                match parse_dockerignore(&text) {
                    Ok(ignore) => drop(folders.ignores.insert((*folder).clone(), ignore)),
                    Err(faults) => problems.extend(faults.into_iter().map(|fault| {
                        let problem =
                            Problem::of_file(&path, fault.message).at(fault.line, fault.column);
                        Problem { hint: fault.hint, ..problem }
                    })),
                }
                folders.ignore_texts.insert((*folder).clone(), text);
            }
        }
        let read: Vec<(ContextFolder, FolderFiles)> = wanted
            .into_par_iter()
            .map(|folder| {
                (folder.clone(), read_folder(root, &folder.folder, folders.ignores.get(folder)))
            })
            .collect();
        for (folder, result) in read {
            match result {
                Ok(files) => drop(folders.files.insert(folder, files)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(folders) } else { Err(WorkspaceProblems(problems).into()) }
    }

    /// The inputs, fingerprint and record of every image.
    pub(crate) fn image_inputs(&self, graph: &ImageGraph) -> ImageInputs {
        let trees: BTreeMap<ContextFolder, TreeDigest> =
            self.files.iter().map(|(folder, files)| (folder.clone(), tree_digest(files))).collect();
        let inputs: BTreeMap<ImageName, (Inputs, Fingerprint)> = inputs_of(graph, &trees);
        let files_of =
            |folder: &ContextFolder| self.files.get(folder).map_or(&[][..], Vec::as_slice);
        let mut all = ImageInputs { records: BTreeMap::new(), sizes: BTreeMap::new() };
        for image in graph.images() {
            let (inputs, fingerprint) = &inputs[image.name()];
            all.records
                .insert(image.name().clone(), Record::new(image, inputs, *fingerprint, files_of));
            let size = image
                .contexts
                .iter()
                .flat_map(|context| files_of(&context.folder))
                .map(|file| file.size)
                .sum();
            all.sizes.insert(image.name().clone(), size);
        }
        all
    }
}

fn read_ignore_file(
    root: &Path,
    folder: &ContextFolder,
) -> anyhow::Result<Option<(String, String)>> {
    for path in &folder.ignore_files {
        match fs::read_to_string(root.join(path)) {
            Ok(text) => return Ok(Some((path.clone(), text))),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(error).with_context(|| format!("failed to read `{path}`")),
        }
    }
    Ok(None)
}

fn read_folder(root: &Path, folder: &str, ignore: Option<&Dockerignore>) -> FolderFiles {
    let mut walk =
        Walk { root: root.join(folder), folder, ignore, found: Vec::new(), problems: Vec::new() };
    if !walk.root.is_dir() {
        let problem = Problem::of_file(
            paths::shown(folder),
            "this folder is a build context, and does not exist",
        );
        return Err(vec![problem]);
    }
    walk.enter("");
    if !walk.problems.is_empty() {
        return Err(walk.problems);
    }
    let hashed: Vec<Result<FileEntry, Problem>> = walk
        .found
        .par_iter()
        .map(|found| {
            found.read(&walk.root).map_err(|error| {
                Problem::of_file(walk.shown(&found.path), format!("failed to read it: {error}"))
            })
        })
        .collect();
    let mut files = Vec::with_capacity(hashed.len());
    let mut problems = Vec::new();
    for result in hashed {
        match result {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// One walk of one folder.
struct Walk<'a> {
    root: PathBuf,
    folder: &'a str,
    ignore: Option<&'a Dockerignore>,
    found: Vec<Found>,
    problems: Vec<Problem>,
}

/// A file that counts, before it is read.
struct Found {
    path: String,
    mode: Mode,
}

impl Walk<'_> {
    fn shown(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    fn enter(&mut self, folder: &str) {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) => {
                return self.problems.push(Problem::of_file(
                    self.shown(folder),
                    format!("failed to read it: {error}"),
                ));
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problems.push(Problem::of_file(
                        self.shown(folder),
                        format!("failed to read it: {error}"),
                    ));
                    continue;
                }
            };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let shown = self.shown(&format!("{folder}/{}", name.to_string_lossy()));
                let problem =
                    Problem::of_file(shown, "its name is not UTF-8, and BuildKit can't send it");
                self.problems
                    .push(problem.hint("rename it, or exclude its folder in `.dockerignore`"));
                continue;
            };
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            self.visit(path, &entry);
        }
    }

    fn visit(&mut self, path: String, entry: &fs::DirEntry) {
        let Ok(metadata) = entry.metadata() else {
            // It went away between the listing and now: it is no input.
            return;
        };
        let excluded = self.ignore.is_some_and(|ignore| ignore.excludes(&path));
        if metadata.is_dir() {
            if !excluded || self.ignore.is_some_and(|ignore| ignore.may_descend(&path)) {
                self.enter(&path);
            }
        } else if excluded {
        } else if metadata.is_symlink() {
            self.found.push(Found { path, mode: Mode::Symlink });
        } else if metadata.is_file() {
            self.found.push(Found { mode: file_mode(&metadata), path });
        }
        // Sockets are never sent by BuildKit; pipes and devices hold nothing to hash.
    }
}

#[cfg(unix)]
fn file_mode(metadata: &fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt as _;
    // Git's rule: what its owner may execute is executable.
    if metadata.permissions().mode() & 0o100 == 0 { Mode::File } else { Mode::Executable }
}

#[cfg(not(unix))]
fn file_mode(_: &fs::Metadata) -> Mode {
    Mode::File
}

impl Found {
    fn read(&self, root: &Path) -> io::Result<FileEntry> {
        let path = root.join(&self.path);
        let (sha256, size) = match self.mode {
            Mode::Symlink => {
                let target = fs::read_link(&path)?;
                let bytes = target.as_os_str().as_encoded_bytes();
                (sha256(bytes), bytes.len() as u64)
            }
            Mode::File | Mode::Executable => {
                let mut file = File::open(&path)?;
                let mut hasher = Hasher::default();
                let mut buffer = [0; 64 * 1024];
                let mut size = 0;
                loop {
                    match file.read(&mut buffer)? {
                        0 => break (hasher.finish(), size),
                        count => {
                            hasher.update(&buffer[..count]);
                            size += count as u64;
                        }
                    }
                }
            }
        };
        Ok(FileEntry { path: self.path.clone(), mode: self.mode, sha256, size })
    }
}
