//! A copy of this repository's files, as git sees them, in a git repository of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use lambda_xtask::Environment;

/// Copies what git keeps or would keep, and commits it.
pub(crate) fn copy_tree(from: &Path, to: &Path, environment: &Environment) -> anyhow::Result<()> {
    let environment = environment.clone();
    let mut list = environment.clone().in_folder(from).command("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = list.output().context("failed to run `git ls-files`")?;
    ensure!(
        output.status.success(),
        "failed to list this repository's files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    for path in String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty())
    {
        let (source, copy) = (from.join(path), to.join(path));
        // A file that was deleted but not yet committed is listed all the same.
        if source.is_file() {
            let folder = copy.parent().context("a file is in a folder")?;
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create `{}`", folder.display()))?;
            fs::copy(&source, &copy).with_context(|| format!("failed to copy `{path}`"))?;
        }
    }
    let identity = [
        "-c",
        "user.name=demo",
        "-c",
        "user.email=demo@example.invalid",
        "-c",
        "commit.gpgsign=false",
    ];
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--no-verify", "--message", "The demo's copy"],
    ] {
        let mut command = environment.clone().in_folder(to).command("git");
        let output =
            command.args(identity).args(arguments).output().context("failed to run `git`")?;
        ensure!(
            output.status.success(),
            "`git {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
