//! The working tree against a commit: reads the workspace as it was then, and compares.

use std::collections::BTreeSet;

use lambda_images::affected::{AffectedImage, compare};
use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::inputs_of_image;
use lambda_images::graph::ImageGraph;
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;

use crate::at_commit::AtCommit;
use crate::checkout::Disk;
use crate::environment::Environment;
use crate::failure::{WorkspaceProblems, environment as environment_failure, usage};
use crate::git::{BaseCommit, Differences, Git, NoBase, NoGit};
use crate::inputs::{AllInputs, Found};
use crate::left_out::LeftOut;
use crate::tree_caches::TreeCaches;
use crate::workspace::Workspace;

mod doubts;

/// What is compared: the workspace as it is.
pub(crate) struct Now<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) found: &'a Found,
    pub(crate) inputs: &'a AllInputs,
    pub(crate) caches: &'a TreeCaches,
}

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
        comparison.removed.retain(|name| !comparison.not_checked_out.contains(name));
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
    let disk = Disk { root: &now.workspace.root, caches: now.caches };
    let checkout = AtCommit::new(disk, git, differences, now.found);
    let before = match Before::read(now, &checkout, differences, environment) {
        Ok(before) => before,
        Err(error) => {
            // A commit whose workspace had problems: nobody knows what it would have built.
            let Some(WorkspaceProblems(problems)) = error.downcast_ref() else { return Err(error) };
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            let first = first.lines().next().unwrap_or_default();
            let why = format!("the workspace had problems at {:.12}: {first}", base.id);
            let mut notes = vec![format!("warning: {why}: all images are taken for affected")];
            notes.extend(note_of(&base));
            let images = all_affected(now, &why);
            return Ok(Comparison::new(Some(base), images, Vec::new(), notes));
        }
    };
    let old_graph = before.workspace.as_ref().map_or(&now.workspace.graph, |old| &old.graph);
    let graph = &now.workspace.graph;
    let index_of = |name: &ImageName, graph: &ImageGraph| {
        graph.images().iter().position(|image| image.name() == name)
    };
    let reasons_of = |name: &ImageName| -> Vec<Reason> {
        let (Some(old), Some(new)) = (index_of(name, old_graph), index_of(name, graph)) else {
            return Vec::new();
        };
        let (Some(found), Some(inputs)) = (&before.found, before.inputs.get(name)) else {
            return Vec::new();
        };
        let image = &graph.images()[new];
        if before.workspace.is_some() {
            let old = found.record(old, &old_graph.images()[old], inputs);
            return reasons_since(&old, &now.found.record(new, image, &now.inputs[name]));
        }
        // By the same graph nothing differs but the files that git names.
        let (contexts, (inputs_now, fingerprint)) = (&now.found.contexts, &now.inputs[name]);
        let (was, is) = contexts.files_that_may_differ(
            new,
            &inputs_now.locks,
            &found.contexts,
            &inputs.0.locks,
        );
        let old = Record::new(image, &inputs.0, inputs.1, was);
        reasons_since(&old, &Record::new(image, inputs_now, *fingerprint, is))
    };
    let fingerprint = |name: &ImageName| match before.inputs.get(name) {
        Some((_, fingerprint)) => Some(*fingerprint),
        // What isn't told is as it is now.
        None if before.workspace.is_none() => Some(now.inputs[name].1),
        None => None,
    };
    let doubts = doubts::doubts(now, &before, differences)?;
    let images = compare(graph, &fingerprint, now.inputs, &doubts, &reasons_of);
    let removed = old_graph.images().iter().map(lambda_images::graph::Image::name);
    let removed = removed.filter(|name| graph.get(name).is_none()).cloned().collect();
    let notes = note_of(&base).into_iter().collect();
    Ok(Comparison::new(Some(base), images, removed, notes))
}

fn note_of(base: &BaseCommit) -> Option<String> {
    let BaseCommit { note, source, .. } = base;
    note.as_ref().map(|why| format!("warning: {why}: the commit to compare with is by {source}"))
}

/// The workspace as it was.
#[derive(Default)]
struct Before {
    /// `None`: nothing has changed that shapes it.
    workspace: Option<Workspace>,
    found: Option<Found>,
    /// Of all images, or without a workspace of its own only of those whose inputs may differ.
    inputs: AllInputs,
}

impl Before {
    fn read(
        now: &Now,
        checkout: &AtCommit,
        differences: &Differences,
        environment: &Environment,
    ) -> anyhow::Result<Before> {
        if differences.files.is_empty() {
            return Ok(Before::default());
        }
        if !differences.files.keys().any(|path| now.workspace.is_settings(path))
            && let Some(before) = Before::derive(now, checkout)?
        {
            return Ok(before);
        }
        let root = now.workspace.root.clone();
        let workspace = Workspace::read_checkout(root, checkout, environment)?;
        let found = Found::read(checkout, &workspace.graph)?;
        let inputs = found.inputs(&workspace.graph);
        Ok(Before { workspace: Some(workspace), found: Some(found), inputs })
    }

    /// The same graph of other files. `None`: it is not as simple as that.
    fn derive(now: &Now, checkout: &AtCommit) -> anyhow::Result<Option<Before>> {
        let graph = &now.workspace.graph;
        let Some((found, changed)) = now.found.as_it_was(checkout, graph)? else {
            return Ok(None);
        };
        let mut inputs = AllInputs::new();
        for (index, image) in graph.images().iter().enumerate() {
            let stands_on_changed = image.depends_on.keys().any(|base| inputs.contains_key(base));
            if changed[index] || stands_on_changed {
                let of = |name: &ImageName| {
                    inputs.get(name).map_or(now.inputs[name].1, |(_, fingerprint)| *fingerprint)
                };
                let own = inputs_of_image(image, found.read_inputs(index, image, graph), &of);
                let fingerprint = own.fingerprint();
                inputs.insert(image.name().clone(), (own, fingerprint));
            }
        }
        Ok(Some(Before { workspace: None, found: Some(found), inputs }))
    }
}

fn nothing_to_compare_with(now: &Now, why: &str, hint: &str) -> Comparison {
    let note = format!("warning: {why}: all images are taken for affected\n  hint: {hint}");
    Comparison::new(None, all_affected(now, why), Vec::new(), vec![note])
}

fn all_affected(now: &Now, why: &str) -> Vec<AffectedImage> {
    let graph = &now.workspace.graph;
    let doubt = || Reason::BaseUnknown { message: why.to_owned() };
    let doubts = graph.images().iter().map(|image| (image.name().clone(), doubt())).collect();
    compare(graph, &|name| Some(now.inputs[name].1), now.inputs, &doubts, &|_| Vec::new())
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
