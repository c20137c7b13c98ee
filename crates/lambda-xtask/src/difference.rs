//! Which images differ between a commit and the workspace as it is, and why: one answer for `affected`
//! and for what git calls dirty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lambda_images::affected::{AffectedImage, compare};
use lambda_images::base_lock::BASE_LOCK;
use lambda_images::discovery::ImageName;
use lambda_images::graph::{Image, ImageGraph};
use lambda_images::reason::{Reason, reasons_since};
use lambda_images::record::Record;

use crate::at_commit::{AtCommit, Objects};
use crate::doubts::{Doubts, doubts};
use crate::environment::Environment;
use crate::git::{Differences, Git};
use crate::past::{Now, Past, View};
use crate::workspace::CONFIG_FILE;

/// What came out of a comparison.
pub(crate) struct Difference<'a> {
    /// The workspace as it was.
    pub(crate) past: View<'a>,
    /// All images of today, bases first.
    pub(crate) images: Vec<AffectedImage>,
    /// Images that only the commit has.
    pub(crate) removed: Vec<ImageName>,
    doubts: Doubts,
}

impl<'a> Difference<'a> {
    /// Compares with a commit, of which these files differ. `named` is what people call the commit.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn find(
        now: &'a Now<'a>,
        git: &Git,
        differences: &Differences,
        named: &str,
        environment: &Environment,
    ) -> anyhow::Result<Difference<'a>> {
        let objects = Objects::new(git);
        let view = View::now(now);
        let past = read_past(now, git, differences, &objects, environment)?;
        let past = View::at(now, Arc::new(past));
        let doubts = doubts(&view, &past, differences, &objects)?;
        let graph = &now.workspace.graph;
        let mut all: BTreeMap<ImageName, Reason> = BTreeMap::new();
        for image in graph.images() {
            let name = image.name();
            let message = match (doubts.get(name), past.trouble(&image.declaration)) {
                (Some(doubt), _) => doubt.message.clone(),
                (None, Some(why)) => format!("`{name}` had a problem at {named}: {why}"),
                (None, None) => continue,
            };
            all.insert(name.clone(), Reason::BaseUnknown { message });
        }
        // What can't be read there is no news.
        let fingerprint = |name: &ImageName| {
            past.fingerprint(name).or_else(|| all.contains_key(name).then(|| now.inputs[name].1))
        };
        let reasons = |name: &ImageName| reasons_of(name, &view, &past);
        let is_stable = |name: &ImageName| now.is_stable(name);
        let images = compare(graph, &fingerprint, now.inputs, &all, &reasons, &is_stable);
        let removed = past.graph().images().iter().map(Image::name);
        let removed = removed.filter(|name| graph.get(name).is_none()).cloned().collect();
        Ok(Difference { past, images, removed, doubts })
    }

    /// For each image that differs, the files of the workspace that make it differ, those of its bases
    /// included: from among what differs from the commit.
    pub(crate) fn paths(&self, differences: &Differences) -> BTreeMap<ImageName, BTreeSet<String>> {
        let mut all: BTreeMap<ImageName, BTreeSet<String>> = BTreeMap::new();
        for image in self.images.iter().filter(|image| image.affected) {
            let mut paths: BTreeSet<String> = BTreeSet::new();
            paths.extend(self.doubts.get(&image.name).map(|doubt| doubt.path.clone()));
            let mut is_explained = true;
            for reason in &image.reasons {
                match (reason, reason.path()) {
                    (Reason::BaseAffected { image: base }, _) => {
                        paths.extend(all.get(base).into_iter().flatten().cloned());
                    }
                    (_, Some(path)) if differences.files.contains_key(path) => {
                        paths.insert(path.to_owned());
                    }
                    (Reason::WholeContext { .. }, _) => {}
                    (Reason::BaseUnknown { .. }, _) if self.doubts.contains_key(&image.name) => {}
                    (_, _) => is_explained = false,
                }
            }
            if paths.is_empty() || !is_explained {
                paths.extend(self.settings_of(&image.name, differences));
            }
            all.insert(image.name.clone(), paths);
        }
        all
    }

    /// What differs of the files that say how an image is built, and of all that it reads if it is new.
    fn settings_of(&self, name: &ImageName, differences: &Differences) -> BTreeSet<String> {
        let now = self.past.now;
        let mut files = BTreeSet::from([CONFIG_FILE.to_owned(), BASE_LOCK.to_owned()]);
        for graph in [&now.workspace.graph, self.past.graph()] {
            files
                .extend(graph.get(name).into_iter().flat_map(|image| settings_files(graph, image)));
        }
        if let (None, Some(index)) = (self.past.inputs(name), now.workspace.graph.position(name)) {
            files.extend(now.found.contexts.files(index, &BTreeMap::new()).into_keys());
        }
        let differs = |path: &String| differences.files.contains_key(path);
        let differing: BTreeSet<String> = files.into_iter().filter(differs).collect();
        if !differing.is_empty() {
            return differing;
        }
        // Something else shapes the workspace.
        let shapes = |path: &&String| now.workspace.is_settings(path);
        let all: BTreeSet<String> = differences.files.keys().filter(shapes).cloned().collect();
        if all.is_empty() { differences.files.keys().cloned().collect() } else { all }
    }
}

/// The files that say how an image is built.
fn settings_files(graph: &ImageGraph, image: &Image) -> Vec<String> {
    let declaration = &image.declaration;
    let mut files = vec![declaration.dockerfile.clone(), declaration.declared_in.clone()];
    files.extend(image.contexts.iter().flat_map(|context| context.folder.ignore_files.clone()));
    files.extend(graph.packages_of(image).values().map(|package| package.declared_in.clone()));
    files
}

fn read_past(
    now: &Now,
    git: &Git,
    differences: &Differences,
    objects: &Objects,
    environment: &Environment,
) -> anyhow::Result<Past> {
    if differences.files.is_empty() {
        return Ok(Past::default());
    }
    let checkout = AtCommit::new(now.disk(), git, differences, now.found, objects);
    if !differences.files.keys().any(|path| now.workspace.shapes(path))
        && let Some(derived) = View::now(now).derive(&checkout, None)?
    {
        return Ok(Past::derived(derived));
    }
    Past::read(now.workspace.root.clone(), &checkout, environment, now.stable, None)
}

fn reasons_of(name: &ImageName, now: &View, past: &View) -> Vec<Reason> {
    let (Some(new), Some(old)) = (now.graph().get(name), past.graph().get(name)) else {
        return Vec::new();
    };
    let (Some(inputs_now), Some(inputs)) = (now.inputs(name), past.inputs(name)) else {
        return Vec::new();
    };
    let index = |view: &View| view.graph().position(name).expect("it is in the graph");
    if past.has_own_graph() {
        let old = past.found().record(index(past), old, inputs);
        return reasons_since(&old, &now.found().record(index(now), new, inputs_now));
    }
    // By the same graph nothing differs but the files that git names.
    let (was, is) = now.found().contexts.files_that_may_differ(
        index(now),
        &inputs_now.0.locks,
        &past.found().contexts,
        &inputs.0.locks,
    );
    let old = Record::new(new, &inputs.0, inputs.1, was);
    reasons_since(&old, &Record::new(new, &inputs_now.0, inputs_now.1, is))
}
