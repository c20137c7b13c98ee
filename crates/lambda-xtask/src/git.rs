//! What git says of every image's inputs: clean or dirty, and the newest commit that touched them.
//!
//! Git is asked by its own command, always with `-z`, never taking its locks. Which commit
//! counts is decided by `lambda_images::history`, and what a path belongs to by
//! `lambda_images::touch`.

mod walk;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::process::Command;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::sha256;
use lambda_images::history::ImageSet;
use lambda_images::tag::GitState;
use lambda_images::touch::TouchIndex;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::failure::output_failure;
use crate::inputs::Folders;
use crate::state::{State, read_json, write_json};
use crate::workspace::Workspace;

/// The repository of a workspace.
pub(crate) struct Repository<'a> {
    environment: Environment,
    workspace: &'a Workspace,
    head: String,
    is_shallow: bool,
    /// The workspace root, seen from the repository's: empty, or ending with `/`.
    prefix: String,
}

/// What git says of each image, by name.
pub(crate) fn git_states(
    workspace: &Workspace,
    folders: &Folders,
    environment: &Environment,
    state: &State,
) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
    let unknown = |why: String| {
        let images = workspace.graph.images().iter();
        images.map(|image| (image.name().clone(), GitState::Unknown { why: why.clone() })).collect()
    };
    let repository = match Repository::open(workspace, environment) {
        Ok(repository) => repository,
        Err(why) => return Ok(unknown(why)),
    };
    let index = TouchIndex::new(&workspace.graph, &workspace.config, &folders.ignores);
    let dirty = repository.dirty_paths(&index, folders)?;
    let newest = repository.newest_commits(&index, folders, state)?;
    let images = workspace.graph.images().iter().enumerate();
    Ok(images
        .map(|(number, image)| {
            let paths = dirty.get(&number).cloned().unwrap_or_default();
            let state = match newest.get(&number) {
                None => GitState::Unknown { why: repository.why_no_commit() },
                Some(commit) if paths.is_empty() => GitState::Clean { commit: commit.clone() },
                Some(commit) => {
                    GitState::Dirty { commit: commit.clone(), paths: paths.into_iter().collect() }
                }
            };
            (image.name().clone(), state)
        })
        .collect())
}

impl<'a> Repository<'a> {
    /// `Err`: there is no repository, or none with a commit; why, as a lowercase fragment.
    fn open(workspace: &'a Workspace, environment: &Environment) -> Result<Repository<'a>, String> {
        let environment = environment
            .clone()
            .in_folder(&workspace.root)
            .with("GIT_OPTIONAL_LOCKS", "0")
            .with("LC_ALL", "C");
        let mut command = environment.command("git");
        command.args(["rev-parse", "--is-shallow-repository", "--show-prefix", "HEAD"]);
        let output = command.output().map_err(|error| format!("git can't be run: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("ambiguous argument 'HEAD'") {
                return Err("the repository has no commit yet".to_owned());
            }
            let first = said.lines().next().unwrap_or("git failed");
            return Err(first.trim_start_matches("fatal: ").to_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let (Some(shallow), Some(prefix), Some(head)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err("git gave no head".to_owned());
        };
        Ok(Repository {
            environment,
            workspace,
            head: head.to_owned(),
            is_shallow: shallow == "true",
            prefix: prefix.to_owned(),
        })
    }

    fn git(&self) -> Command {
        self.environment.command("git")
    }

    fn output(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let mut words = vec!["git".to_owned()];
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let output = self.git().args(arguments).output().context("failed to run `git`")?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(output_failure(&words, &output))
        }
    }

    /// A path of the repository, relative to the workspace root; `None` if it lies elsewhere.
    fn in_workspace<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str())
    }

    fn why_no_commit(&self) -> String {
        if self.is_shallow {
            "the clone is shallow and its history ends too soon: `git fetch --unshallow` brings the rest".to_owned()
        } else {
            "no commit has its inputs".to_owned()
        }
    }

    /// Each image's inputs that differ from the head, or that git does not keep.
    fn dirty_paths(
        &self,
        index: &TouchIndex,
        folders: &Folders,
    ) -> anyhow::Result<BTreeMap<usize, BTreeSet<String>>> {
        let mut dirty: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut add = |path: &str, touched: ImageSet| {
            for image in index.with_dependents(touched) {
                dirty.entry(image).or_default().insert(path.to_owned());
            }
        };
        for path in self.changed_paths()? {
            add(&path, index.touched_by_path(&path));
            if index.holds_settings(&path) {
                let old = self.text_at_head(&path)?;
                let new = std::fs::read_to_string(self.workspace.root.join(&path)).ok();
                add(&path, index.settings_touched(&path, old.as_deref(), new.as_deref()));
            }
        }
        // A file that git ignores is still an input if the build reads it: no commit has it.
        let kept = self.kept_paths()?;
        for (folder, files) in &folders.files {
            for file in files {
                let path = lambda_images::paths::join(&folder.folder, &file.path)
                    .unwrap_or_else(|| file.path.clone());
                if !kept.contains(path.as_str()) {
                    add(&path, index.touched_by_path(&path));
                }
            }
        }
        Ok(dirty)
    }

    /// Paths of the workspace that differ from the head, untracked ones included.
    fn changed_paths(&self) -> anyhow::Result<Vec<String>> {
        let arguments =
            ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."];
        let output = self.output(&arguments)?;
        let entries = output.split(|byte| *byte == 0).filter(|entry| entry.len() > 3);
        let paths = entries.map(|entry| String::from_utf8_lossy(&entry[3..]).into_owned());
        Ok(paths.filter_map(|path| self.in_workspace(&path).map(str::to_owned)).collect())
    }

    /// Every path of the workspace in git's index, those of submodules included.
    fn kept_paths(&self) -> anyhow::Result<HashSet<String>> {
        // `ls-files` prints paths relative to the current folder, which is the workspace root.
        let output = self.output(&["ls-files", "-z", "--cached", "--recurse-submodules"])?;
        Ok(output
            .split(|byte| *byte == 0)
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect())
    }

    fn text_at_head(&self, path: &str) -> anyhow::Result<Option<String>> {
        let output = self
            .git()
            .args(["cat-file", "blob", &format!("HEAD:{}{path}", self.prefix)])
            .output()
            .context("failed to run `git`")?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// The newest commit of each image that has one: from the last answer, while the head and
    /// the question are the same, else from history.
    fn newest_commits(
        &self,
        index: &TouchIndex,
        folders: &Folders,
        state: &State,
    ) -> anyhow::Result<BTreeMap<usize, String>> {
        let question = self.question(folders);
        if let Some(answer) = read_json::<Answer>(&state.git_path())
            && answer.question == question
        {
            return Ok(answer.commits);
        }
        let commits = walk::newest_commits(self, index)?;
        let answer = Answer { question, commits };
        write_json(&state.git_path(), &answer)?;
        Ok(answer.commits)
    }

    /// All that the answer depends on, in one hash.
    fn question(&self, folders: &Folders) -> String {
        let mut text =
            format!("2\n{}\n{}\n{:?}\n", self.head, self.is_shallow, self.workspace.config);
        for image in self.workspace.graph.images() {
            text +=
                &format!("{:?}\n{:?}\n{:?}\n", image.declaration, image.contexts, image.depends_on);
        }
        for (folder, ignore) in &folders.ignore_texts {
            text += &format!("{folder:?}\n{ignore}\n");
        }
        sha256(text.as_bytes()).to_string()
    }
}

/// What git said last.
#[derive(Serialize, Deserialize)]
struct Answer {
    question: String,
    commits: BTreeMap<usize, String>,
}

#[cfg(test)]
mod tests;
