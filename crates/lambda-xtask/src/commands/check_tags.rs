//! `check-tags`: whether the image references that stand in files can be trusted.
//!
//! The files are those of the tree or, with `--staged`, of git's index; so are the inputs that they
//! are compared with, which are read only where a reference hangs on them. What is found and what is
//! wrong with it is decided by `lambda_images::text_references` and `tag_check`.

mod files;

use std::collections::BTreeMap;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::escape::escape_line;
use lambda_images::stable::StableBases;
use lambda_images::tag::{GitState, policy_tag};
use lambda_images::tag_check::{CurrentImage, TagFault, TagFinding, judge};
use lambda_images::text_references::{Repositories, TagKind, TextReference, find_references};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use self::files::{File, Wanted, read_text, wanted_files};
use crate::at_commit::{AtCommit, Objects};
use crate::checkout::{Checkout, Disk};
use crate::cli::CheckTags;
use crate::display::note;
use crate::environment::Environment;
use crate::failure::{EXIT_FAILURE, EXIT_SUCCESS, environment as environment_failure};
use crate::git::{Against, Differences, Git, NoGit};
use crate::git_states::{git_states, since_head};
use crate::inputs::{AllInputs, Found};
use crate::past::Now;
use crate::state::State;
use crate::tree_caches::TreeCaches;
use crate::workspace::Workspace;

pub(crate) fn check_tags(arguments: &CheckTags, environment: &Environment) -> anyhow::Result<u8> {
    let root = Workspace::find_root(environment)?;
    let state = State::of_workspace(&root);
    let caches = TreeCaches::of_workspace(&root, &state);
    let disk = Disk { root: &root, caches: &caches };
    let against = if arguments.staged { Against::Staged } else { Against::Head };
    let git = Git::ask(&root, environment, &against);
    let images = |checkout, unstaged| -> anyhow::Result<Images> {
        let workspace = Workspace::read_checkout(root.clone(), checkout, environment)?;
        Ok(Images { workspace, git: &git, checkout, unstaged, caches: &caches, state: &state })
    };
    let checked = match &git {
        Ok(git) if arguments.staged => {
            let (nothing, differences) = (Found::default(), git.unstaged()?);
            let objects = Objects::new(git);
            let index = AtCommit::new(disk, git, &differences, &nothing, &objects);
            check(arguments, &images(&index, Some(&differences))?, environment)?
        }
        Err(NoGit { why, .. }) if arguments.staged && why != NoGit::NO_COMMIT => {
            let hint = "leave `--staged` out to check the files on disk";
            return Err(environment_failure(format!("nothing is staged: {why}"), hint));
        }
        git => {
            if let (Err(NoGit { why, .. }), true) = (git, arguments.staged) {
                note(&format!("note: {why}: the files on disk are checked"));
            }
            check(arguments, &images(&disk, None)?, environment)?
        }
    };
    super::print(&checked.text)?;
    note(&checked.summary());
    if let Some(found) = &checked.read {
        caches.keep(found, &state);
    }
    Ok(if checked.findings == 0 { EXIT_SUCCESS } else { EXIT_FAILURE })
}

fn faults(arguments: &CheckTags) -> Vec<TagFault> {
    match arguments.only.as_slice() {
        [] => vec![TagFault::Dirty, TagFault::Floating, TagFault::Stale],
        only => only.iter().map(|kind| kind.fault()).collect(),
    }
}

/// The images that references are compared with.
struct Images<'a> {
    workspace: Workspace,
    git: &'a Result<Git, NoGit>,
    checkout: &'a dyn Checkout,
    /// What differs between git's index, of which the images are, and the tree; `None`: they are those
    /// of the tree.
    unstaged: Option<&'a Differences>,
    caches: &'a TreeCaches,
    state: &'a State,
}

/// What is known of their inputs.
struct Current {
    found: Found,
    inputs: AllInputs,
    git: BTreeMap<ImageName, GitState>,
}

impl Images<'_> {
    fn read(&self) -> anyhow::Result<Current> {
        let Images { workspace, git, checkout, unstaged, caches, state } = self;
        let found = Found::read(*checkout, &workspace.graph)?;
        let inputs = found.inputs(&workspace.graph);
        let since_head = match (git, unstaged) {
            (Ok(git), Some(unstaged)) => git.staged_since_head(unstaged),
            _ => since_head(git, workspace, &found),
        };
        let since_head = since_head.context("failed to ask git")?;
        let now = Now {
            workspace,
            found: &found,
            inputs: &inputs,
            caches,
            checkout: *checkout,
            stable: &StableBases::new(),
        };
        let git = git_states(git, &since_head, &now, state).context("failed to ask git")?;
        Ok(Current { inputs, found, git })
    }
}

impl Current {
    fn of<'a>(&'a self, name: &ImageName, workspace: &Workspace) -> Option<CurrentImage<'a>> {
        let (fingerprint, git) = (self.inputs.get(name)?.1, self.git.get(name)?);
        let tag = policy_tag(workspace.config.tag_policy, git, &fingerprint);
        Some(CurrentImage { fingerprint, git, tag })
    }
}

/// What came out.
struct Checked {
    /// A finding's place and words, and what to run, for each.
    text: String,
    findings: usize,
    references: usize,
    files: usize,
    /// What images read, if that was looked at.
    read: Option<Found>,
}

impl Checked {
    fn summary(&self) -> String {
        let Checked { findings, references, files, .. } = self;
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let seen = format!("{} in {}", plural(*references, "reference"), plural(*files, "file"));
        match findings {
            0 => format!("{seen}: none is wrong"),
            1 => format!("{seen}: 1 is wrong"),
            _ => format!("{seen}: {findings} are wrong"),
        }
    }
}

fn check(
    arguments: &CheckTags,
    images: &Images,
    environment: &Environment,
) -> anyhow::Result<Checked> {
    let Images { workspace, checkout, git, unstaged, .. } = images;
    let is_staged = unstaged.is_some();
    let wanted = Wanted { workspace, git: git.as_ref(), is_staged };
    let files = wanted_files(&arguments.files, &wanted, environment)?;
    let faults = faults(arguments);
    let repositories = Repositories::new(&workspace.config.repository.value, &workspace.graph);
    let texts: Vec<(&File, String)> = files
        .par_iter()
        .map(|file| Ok(read_text(file, *checkout)?.map(|text| (file, text))))
        .filter_map(Result::transpose)
        .collect::<anyhow::Result<_>>()?;
    let references: Vec<(&File, TextReference)> = texts
        .par_iter()
        .flat_map_iter(|(file, text)| {
            find_references(text, &repositories).into_iter().map(move |found| (*file, found))
        })
        .collect();
    let needs_inputs = |kind: TagKind| matches!(kind, TagKind::Commit | TagKind::Fingerprint);
    let is_wanted = references.iter().any(|(_, found)| needs_inputs(found.tag_kind));
    let current = match faults.contains(&TagFault::Stale) {
        true if is_wanted => Some(images.read()?),
        // Problems are told whether or not a reference depends on them.
        true => Found::read(*checkout, &workspace.graph).map(|_| None)?,
        false => None,
    };
    let mut checked = Checked {
        text: String::new(),
        findings: 0,
        references: references.len(),
        files: texts.len(),
        read: None,
    };
    for (file, found) in &references {
        let finding = judge(found, |name| current.as_ref()?.of(name, workspace));
        if let Some(finding) = finding.filter(|finding| faults.contains(&finding.fault)) {
            checked.findings += 1;
            checked.text += &render(file, found, &finding);
        }
    }
    checked.read = current.map(|current| current.found);
    Ok(checked)
}

fn render(file: &File, found: &TextReference, finding: &TagFinding) -> String {
    let (line, column) = found.place;
    let TextReference { image, written, .. } = found;
    let TagFinding { message, mend, .. } = finding;
    let [shown, written, message] = [file.shown.as_str(), written, message].map(escape_line);
    format!("{shown}:{line}:{column}: {image}: `{written}` is {message}\n  run: {mend}\n")
}
