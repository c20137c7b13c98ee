//! The working tree against a commit: reads the workspace as it was then, and compares.

use std::collections::BTreeSet;

use lambda_images::affected::{AffectedImage, compare};
use lambda_images::discovery::ImageName;
use lambda_images::reason::Reason;

use crate::difference::Difference;
use crate::environment::Environment;
use crate::failure::{environment as environment_failure, usage};
use crate::git::{BaseCommit, Differences, Git, NoBase, NoGit};
use crate::inputs::Found;
use crate::left_out::LeftOut;
use crate::past::Now;
use crate::workspace::Workspace;

/// What came out of it.
pub(crate) struct Comparison {
    /// The commit; `None`: there was none to compare with.
    pub(crate) base: Option<BaseCommit>,
    /// All images, bases first.
    pub(crate) images: Vec<AffectedImage>,
    /// Images that only the commit has.
    pub(crate) removed: Vec<ImageName>,
    /// Images that a sparse checkout leaves out.
    pub(crate) not_checked_out: BTreeSet<ImageName>,
    /// What to tell people.
    pub(crate) notes: Vec<String>,
}

/// What differs from the commit that is given, or that the CI service means. `Err`: there is none.
pub(crate) type SinceBase = Result<(BaseCommit, Differences), NoBase>;

/// Finds the commit, and what differs from it.
pub(crate) fn since_base(
    git: &Result<Git, NoGit>,
    workspace: &Workspace,
    found: &Found,
    given: Option<&str>,
    environment: &Environment,
) -> anyhow::Result<SinceBase> {
    let git = match git {
        Ok(git) => git,
        Err(NoGit { why, hint, .. }) => {
            return Ok(Err(NoBase {
                why: format!("there is no commit to compare with: {why}"),
                hint: hint.clone(),
                is_mistake: false,
            }));
        }
    };
    Ok(match git.find_base(given, environment) {
        Ok(base) => {
            let differences = git.differences(&base, workspace, found)?;
            Ok((base, differences))
        }
        Err(none) => Err(none),
    })
}

/// Compares with that commit.
///
/// # Errors
/// A commit was asked for that there is not; with `strict`, where there is no commit to compare with; else all images are affected then.
pub(crate) fn compare_with_base(
    now: &Now,
    git: &Result<Git, NoGit>,
    since: SinceBase,
    strict: bool,
    environment: &Environment,
) -> anyhow::Result<Comparison> {
    let mut comparison = match (since, git) {
        (Ok((base, differences)), Ok(git)) => {
            compare_with(now, git, base, &differences, environment)?
        }
        (Err(NoBase { why, hint, is_mistake: true }), _) => return Err(usage(why, hint)),
        (Err(NoBase { why, hint, .. }), _) if strict => return Err(environment_failure(why, hint)),
        (Err(NoBase { why, hint, .. }), _) => nothing_to_compare_with(now, &why, &hint),
        (Ok(_), Err(NoGit { why, hint, .. })) => nothing_to_compare_with(now, why, hint),
    };
    if let Ok(git) = git {
        let left_out = LeftOut::find(git, now.workspace, environment)?;
        let what = "not compared: whether they are affected is unknown";
        comparison.notes.extend(left_out.note(what));
        comparison.not_checked_out = left_out.names();
        comparison.removed.retain(|name| !left_out.may_be(name));
        comparison.notes.extend(git.missing_hint().map(|hint| {
            let what = "what differs from the commit is unknown where its files are not here";
            format!("warning: {what}\n  hint: {hint}")
        }));
    }
    Ok(comparison)
}

fn compare_with(
    now: &Now,
    git: &Git,
    base: BaseCommit,
    differences: &Differences,
    environment: &Environment,
) -> anyhow::Result<Comparison> {
    let named = format!("{:.12}", base.id);
    let Difference { images, removed, .. } =
        Difference::find(now, git, differences, &named, environment)?;
    let notes = note_of(&base).into_iter().collect();
    Ok(Comparison::new(Some(base), images, removed, notes))
}

fn note_of(base: &BaseCommit) -> Option<String> {
    let BaseCommit { note, source, .. } = base;
    note.as_ref().map(|why| format!("warning: {why}: the commit to compare with is by {source}"))
}

fn nothing_to_compare_with(now: &Now, why: &str, hint: &str) -> Comparison {
    let note = format!("warning: {why}: all images are taken for affected\n  hint: {hint}");
    Comparison::new(None, all_affected(now, why), Vec::new(), vec![note])
}

fn all_affected(now: &Now, why: &str) -> Vec<AffectedImage> {
    let graph = &now.workspace.graph;
    let doubt = || Reason::BaseUnknown { message: why.to_owned() };
    let doubts = graph.images().iter().map(|image| (image.name().clone(), doubt())).collect();
    let fingerprint = |name: &ImageName| Some(now.inputs[name].1);
    compare(graph, &fingerprint, now.inputs, &doubts, &|_| Vec::new(), &|_| false)
}

impl Comparison {
    fn new(
        base: Option<BaseCommit>,
        images: Vec<AffectedImage>,
        removed: Vec<ImageName>,
        notes: Vec<String>,
    ) -> Comparison {
        Comparison { base, images, removed, not_checked_out: BTreeSet::new(), notes }
    }

    /// The same about some of the images; all where none is selected.
    pub(crate) fn of(mut self, selected: &BTreeSet<ImageName>) -> Comparison {
        if !selected.is_empty() {
            self.images.retain(|image| selected.contains(&image.name));
            self.removed.clear();
            self.not_checked_out.clear();
        }
        self
    }

    /// Names of the images that are affected.
    pub(crate) fn affected(&self) -> BTreeSet<ImageName> {
        let affected = self.images.iter().filter(|image| image.affected);
        affected.map(|image| image.name.clone()).collect()
    }

    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        let affected = self.images.iter().filter(|image| image.affected).count();
        let base = match &self.base {
            Some(base) => format!(" since {:.12} ({})", base.id, base.source),
            None => String::new(),
        };
        let removed = match self.removed.as_slice() {
            [] => String::new(),
            names => {
                let names: Vec<&str> = names.iter().map(ImageName::as_str).collect();
                format!("; removed: {}", names.join(", "))
            }
        };
        format!("{affected} of {} images affected{base}{removed}", self.images.len())
    }
}
