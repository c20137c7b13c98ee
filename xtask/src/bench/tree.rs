//! The large monorepo: written to disk, committed, and kept from run to run.
//!
//! Its bytes come from the shape alone. It holds nothing that anybody would want to run.

mod project;
mod shape;
#[cfg(test)]
mod tests;
mod text;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use lambda_xtask::Environment;

pub(crate) use project::{File, lambda_name, package_name, project_name};
pub(crate) use shape::{FULL, Graph, Shape};

use super::peers::files::peer_files;

/// To be raised whenever any byte of the tree changes.
const GENERATOR: u32 = 2;
/// In git's own folder, so that no tool counts it.
const MARKER: &str = ".git/lambda-images-bench";
const THREADS: usize = 2;
/// What could be set otherwise for the whole machine, and would change the tree, its commits or
/// the time that it takes to make them.
const SETTINGS: [(&str, &str); 7] = [
    ("user.name", "bench"),
    ("user.email", "bench@example.invalid"),
    ("commit.gpgsign", "false"),
    ("core.autocrlf", "false"),
    ("core.excludesFile", ""),
    ("core.fsync", "none"),
    ("gc.auto", "0"),
];

/// All files of the tree, project by project, but those for the peers.
fn files_of_project(shape: Shape, graph: &Graph, project: usize) -> Vec<File> {
    match project {
        0 => project::root_files(shape),
        package if package <= shape.packages => project::package_files(shape, graph, package - 1),
        lambda => project::lambda_files(graph, lambda - 1 - shape.packages),
    }
}

/// The root, the packages and the Lambdas.
fn project_count(shape: Shape) -> usize {
    1 + shape.packages + shape.lambdas
}

/// Makes sure that `folder` holds the tree, committed and as it was made. One that an earlier
/// run of this generator left is used again.
pub(crate) fn ensure_tree(shape: Shape, graph: &Graph, folder: &Path) -> anyhow::Result<()> {
    let marker = folder.join(MARKER);
    let wanted = format!("{GENERATOR} {shape:?}\n");
    let environment = Environment::of_process()?.in_folder(folder);
    if fs::read_to_string(&marker).is_ok_and(|text| text == wanted) {
        // An interrupted run leaves its edit.
        return restore(&environment);
    }
    if marker.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to remove `{}`", folder.display()))?;
    } else if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(
            "`{}` holds something that no bench made\nhint: name another folder by `--keep`",
            folder.display()
        );
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    git(&environment, &["init", "--quiet", "--initial-branch", "main"])?;
    // From here on an interrupted run's folder is known as ours.
    fs::write(&marker, "unfinished\n").context("failed to write the marker")?;
    for (name, value) in SETTINGS {
        git(&environment, &["config", name, value])?;
    }
    let count = write_tree(shape, graph, folder)?;
    ensure!(count == shape.files, "the tree has {count} files, not {}", shape.files);
    commit(&environment, "The monorepo")?;
    write_files(folder, &peer_files(graph))?;
    commit(&environment, "What turbo, nx and moon want to read")?;
    git(&environment, &["repack", "-a", "-d", "--quiet"])?;
    // Files as young as the index would be read again by every `git status`.
    thread::sleep(Duration::from_millis(1100));
    git(&environment, &["update-index", "--refresh", "-q"])?;
    fs::write(&marker, wanted).context("failed to write the marker")
}

/// Takes back what was edited in the tree; what git ignores stays.
pub(crate) fn restore(environment: &Environment) -> anyhow::Result<()> {
    git(environment, &["checkout", "--quiet", "--force", "main"])?;
    git(environment, &["clean", "--quiet", "--force", "-d"])
}

/// Writes all files, and gives their number.
fn write_tree(shape: Shape, graph: &Graph, folder: &Path) -> anyhow::Result<usize> {
    let write_part = |part: usize| -> anyhow::Result<usize> {
        let mut count = 0;
        for project in (part..project_count(shape)).step_by(THREADS) {
            let files = files_of_project(shape, graph, project);
            write_files(folder, &files)?;
            count += files.len();
        }
        Ok(count)
    };
    thread::scope(|scope| {
        let parts: Vec<_> =
            (0..THREADS).map(|part| scope.spawn(move || write_part(part))).collect();
        parts.into_iter().try_fold(0, |count, part| {
            let written = part.join().unwrap_or_else(|_| bail!("a thread that writes panicked"))?;
            Ok(count + written)
        })
    })
}

fn write_files(folder: &Path, files: &[File]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

/// Commits all there is, at a fixed time: the commit's hash is the same each time.
fn commit(environment: &Environment, message: &str) -> anyhow::Result<()> {
    let environment = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"]
        .into_iter()
        .fold(environment.clone(), |environment, name| {
            environment.with(name, "2026-01-01T00:00:00Z")
        });
    git(&environment, &["add", "--all"])?;
    git(&environment, &["commit", "--quiet", "--no-verify", "--message", message])
}

fn git(environment: &Environment, arguments: &[&str]) -> anyhow::Result<()> {
    let output =
        environment.command("git").args(arguments).output().context("failed to run `git`")?;
    ensure!(
        output.status.success(),
        "`git {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
