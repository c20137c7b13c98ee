//! Which files `check-tags` looks into, and their texts.

use std::path::{Component, Path, PathBuf};

use lambda_images::fingerprint::Mode;
use lambda_images::paths;
use lambda_images::problem::Problem;

use crate::checkout::Checkout;
use crate::display::note;
use crate::environment::Environment;
use crate::failure::{WorkspaceProblems, environment as environment_failure, usage};
use crate::files::{Links, read};
use crate::folders::Glob;
use crate::git::{Git, NoGit};
use crate::state::State;
use crate::workspace::Workspace;

/// A file to look into.
pub(super) struct File {
    /// As it is shown.
    pub(super) shown: String,
    /// From the workspace root; `None`: it lies elsewhere.
    path: Option<String>,
    source: Source,
}

enum Source {
    /// The index.
    Staged,
    /// This file.
    Disk(PathBuf),
}

/// Where files are looked for.
pub(super) struct Wanted<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) git: Result<&'a Git, &'a NoGit>,
    pub(super) is_staged: bool,
}

/// The files that are named, or else all that git keeps, and the manifest.
pub(super) fn wanted_files(
    given: &[PathBuf],
    wanted: &Wanted,
    environment: &Environment,
) -> anyhow::Result<Vec<File>> {
    let excluded = excluded(wanted.workspace)?;
    let is_excluded = |path: &str| {
        let ancestors = std::iter::successors(Some(path), |path| {
            Some(paths::parent(path)).filter(|parent| !parent.is_empty())
        });
        ancestors.into_iter().any(|path| excluded.iter().any(|glob| glob.matches(path)))
    };
    let mut files = Vec::new();
    if given.is_empty() {
        let git = wanted.git.map_err(|NoGit { why, .. }| {
            environment_failure(format!("git keeps no files here: {why}"), "name the files")
        })?;
        let kept = kept_files(git, "").filter(|path| is_looked_into(path));
        files.extend(kept.map(|path| wanted.file(path, path.to_owned())));
        let manifest = wanted.workspace.root.join(State::MANIFEST);
        if !wanted.is_staged && manifest.is_file() {
            files.push(wanted.file(State::MANIFEST, State::MANIFEST.to_owned()));
        }
    }
    for path in given {
        add_given(path, wanted, environment, &mut files)?;
    }
    files.retain(|file| !file.path.as_deref().is_some_and(is_excluded));
    Ok(files)
}

fn excluded(workspace: &Workspace) -> anyhow::Result<Vec<Glob>> {
    let config = &workspace.config;
    let parse = |glob: &lambda_images::Text| {
        Glob::parse(&glob.value).map_err(|error| {
            let message = format!("`{}` is not a glob: {error}", glob.value);
            let problem = Problem::of_file(&config.path, message);
            WorkspaceProblems(vec![problem.at(glob.place.0, glob.place.1)]).into()
        })
    };
    config.check_tags_exclude.iter().map(parse).collect()
}

fn kept_files<'g>(git: &'g Git, folder: &str) -> impl Iterator<Item = &'g str> {
    let kept = git.kept_below(folder).into_iter();
    kept.filter(|(_, mode)| *mode != Mode::Symlink).map(|(path, _)| path)
}

/// What nothing is deployed from: Dockerfiles, and texts for people.
fn is_looked_into(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_dockerfile = name == "Dockerfile"
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
        || name.ends_with(".dockerignore");
    let is_prose = [".md", ".markdown", ".rst", ".adoc"].iter().any(|end| name.ends_with(end));
    !is_dockerfile && !is_prose
}

impl Wanted<'_> {
    /// A file by its path from the workspace root.
    fn file(&self, path: &str, shown: String) -> File {
        let source = match self.is_staged {
            true => Source::Staged,
            false => Source::Disk(self.workspace.root.join(path)),
        };
        File { shown, path: Some(path.to_owned()), source }
    }
}

fn add_given(
    given: &Path,
    wanted: &Wanted,
    environment: &Environment,
    files: &mut Vec<File>,
) -> anyhow::Result<()> {
    let full = without_dots(&environment.current_dir().join(given));
    let shown = given.display().to_string();
    let inside = relative(&full, wanted.workspace);
    let below = |git: &Git, folder: &str| -> Vec<File> {
        let join = |path: &str| match paths::strip_folder(folder, path) {
            Some(rest) => given.join(rest).display().to_string(),
            None => path.to_owned(),
        };
        let kept = kept_files(git, folder).filter(|path| is_looked_into(path));
        kept.map(|path| wanted.file(path, join(path))).collect()
    };
    match (inside, wanted.git) {
        (Some(path), Ok(git)) if wanted.is_staged => {
            if git.keeps(&path) {
                files.push(wanted.file(&path, shown));
                return Ok(());
            }
            let inside = below(git, &path);
            if inside.is_empty() {
                note(&format!("note: `{shown}` is not staged, and was not looked into"));
            }
            files.extend(inside);
        }
        (Some(path), Ok(git)) if full.is_dir() => files.extend(below(git, &path)),
        (path, _) if full.is_file() => files.push(File { shown, path, source: Source::Disk(full) }),
        _ => {
            return Err(usage(
                format!("there is no file `{shown}`"),
                "name files of this repository",
            ));
        }
    }
    Ok(())
}

/// The path from the workspace root; `None`: it lies elsewhere.
fn relative(full: &Path, workspace: &Workspace) -> Option<String> {
    let folder = full.parent().and_then(|folder| folder.canonicalize().ok());
    let full = match (folder, full.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => full.to_owned(),
    };
    let path = full.strip_prefix(&workspace.root).ok()?;
    path.to_str().map(str::to_owned)
}

/// `a/./b/../c` → `a/c`
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            other => clean.push(other),
        }
    }
    clean
}

/// Git's own measure: a file with a zero byte in its first bytes is no text.
const LOOKED_AT: usize = 8000;

/// The text of a file; `None`: there is none, or it is no text.
pub(super) fn read_text(file: &File, checkout: &dyn Checkout) -> anyhow::Result<Option<String>> {
    let bytes = match (&file.source, &file.path) {
        (Source::Staged, None) => return Ok(None),
        (Source::Staged, Some(path)) => match checkout.bytes(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(problem) => anyhow::bail!("{problem}"),
        },
        (Source::Disk(path), _) => match read(path, Links::Follow, u64::MAX) {
            Ok(bytes) => bytes,
            // Git keeps it, and it was removed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => anyhow::bail!("failed to read `{}`: {error}", file.shown),
        },
    };
    if bytes[..bytes.len().min(LOOKED_AT)].contains(&0) {
        return Ok(None);
    }
    Ok(Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }))
}
