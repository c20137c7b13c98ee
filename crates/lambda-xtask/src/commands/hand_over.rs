//! Makes ready what builders are given, and makes sure that a name is of the bytes that are built.
//!
//! Files are hashed while git is asked. A file that was edited in between would be built under a name that
//! git gave to other bytes: such an image fails here, before anything of it is built or named.

use std::collections::BTreeSet;

use anyhow::Context as _;
use lambda_images::plan::{Action, Plan, PlannedImage};

use super::survey::Survey;
use crate::context_copy::{Source, context_folders, copy_contexts};
use crate::stage::stage;

/// Says of each image of the plan why it can be neither built nor named, if there is a reason. Of those
/// that are built, contexts are copied and Dockerfiles written.
///
/// # Errors
/// Nothing can be written, or git can't be asked.
pub(crate) fn hand_over<'s>(
    survey: &'s Survey,
    plan: &Plan,
    source: &dyn Fn(&PlannedImage) -> Option<Source<'s>>,
) -> anyhow::Result<Vec<Option<String>>> {
    let mut sources = Vec::new();
    for image in plan.images.iter().filter(|image| image.action.runs_build()) {
        let source = source(image).context("an image of the plan is in the graph")?;
        stage(&survey.workspace.root, &source)?;
        sources.push((image, source));
    }
    let mut faults = vec![None; plan.images.len()];
    copy(survey, plan, sources, &mut faults)?;
    find_changes(survey, plan, &mut faults)?;
    Ok(faults)
}

fn copy(
    survey: &Survey,
    plan: &Plan,
    sources: Vec<(&PlannedImage, Source)>,
    faults: &mut [Option<String>],
) -> anyhow::Result<()> {
    let (images, sources): (Vec<&PlannedImage>, Vec<Source>) = sources.into_iter().unzip();
    if sources.is_empty() {
        return Ok(());
    }
    let workspace = &survey.workspace;
    let known: BTreeSet<&str> = workspace.graph.images().iter().flat_map(context_folders).collect();
    let found = copy_contexts(&workspace.root, &survey.state, &sources, &known)?;
    for (image, source) in images.into_iter().zip(&sources) {
        let at = plan.images.iter().position(|other| std::ptr::eq(other, image));
        if let (Some(fault), Some(at)) =
            (found.iter().find(|fault| source.is_sent(&fault.path)), at)
        {
            faults[at] = Some(fault.to_string());
        }
    }
    Ok(())
}

/// Finds images whose files are no longer what was hashed, or of which git says something else now.
fn find_changes(survey: &Survey, plan: &Plan, faults: &mut [Option<String>]) -> anyhow::Result<()> {
    let names_or_builds =
        |image: &&PlannedImage| matches!(image.action, Action::Build | Action::Retag);
    let graph = &survey.workspace.graph;
    let index = |image: &PlannedImage| graph.images().iter().position(|i| *i.name() == image.name);
    let images: Vec<(usize, usize)> = (plan.images.iter().enumerate())
        .filter(|(_, image)| names_or_builds(image))
        .filter_map(|(at, image)| Some((at, index(image)?)))
        .collect();
    let read: Vec<usize> = images.iter().map(|(_, index)| *index).collect();
    let is_new = survey.found.stamps(&read).any(|stamp| !stamp.is_settled(survey.started));
    // What was left alone since before the start was the same when git looked at it.
    let again = if is_new { Some(survey.ask_git_again()?) } else { None };
    let changed = survey.found.changed_since(&survey.workspace.root, &read);
    for (at, index) in images {
        let name = &plan.images[at].name;
        let path = changed.iter().find(|path| survey.found.reads(index, path));
        let is_other = again.as_ref().is_some_and(|again| again[name] != survey.first_git[name]);
        let what = match path {
            Some(path) => format!("`{path}`"),
            None if is_other => "what git says of its files".to_owned(),
            None => continue,
        };
        faults[at].get_or_insert_with(|| changed_fault(&what));
    }
    Ok(())
}

fn changed_fault(what: &str) -> String {
    format!("{what} changed while the workspace was read\nhint: build again")
}
