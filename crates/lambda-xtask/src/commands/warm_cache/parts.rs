//! What comes before each handler: found, counted, and written for the builder.

use std::collections::BTreeMap;
use std::time::SystemTime;

use lambda_images::discovery::ImageName;
use lambda_images::fingerprint::{Fingerprint, inputs_of_image};
use lambda_images::graph::Image;
use lambda_images::plan::PlannedImage;
use lambda_images::stable::stable_fingerprint;
use lambda_images::warm::warmable;

use crate::checkout::Disk;
use crate::commands::survey::Survey;
use crate::context_copy::Source;
use crate::inputs::Found;
use crate::state::State;
use crate::tree_caches::TreeCaches;

/// What can be warmed of some Lambdas.
pub(super) struct Parts {
    /// In the order of `images`.
    parts: Vec<Part>,
    images: Vec<Image>,
    found: Found,
    /// A text that no run before had.
    run: String,
    /// Lambdas before whose handlers nothing is done.
    pub(super) without: BTreeMap<ImageName, Vec<usize>>,
    /// Lambdas of which nobody knows where their handler comes in, and why.
    pub(super) unknown: BTreeMap<ImageName, String>,
}

/// What comes before one handler.
struct Part {
    text: String,
    late_runs: Vec<usize>,
    fingerprint: Fingerprint,
}

/// Finds what can be warmed of these Lambdas.
pub(super) fn find_parts(survey: &Survey, lambdas: &[PlannedImage]) -> anyhow::Result<Parts> {
    let graph = &survey.workspace.graph;
    let mut found = Vec::new();
    let (mut without, mut unknown) = (BTreeMap::new(), BTreeMap::new());
    for name in lambdas.iter().map(|lambda| &lambda.name) {
        let Some(image) = graph.get(name) else { continue };
        let text = &survey.workspace.dockerfiles[&image.declaration.dockerfile];
        match warmable(image, text, graph, &survey.found.contexts) {
            Err(why) => drop(unknown.insert(name.clone(), why)),
            Ok(warmable) => match warmable.part {
                None => drop(without.insert(name.clone(), warmable.late_runs)),
                Some(part) => found.push((part, warmable.late_runs)),
            },
        }
    }
    let images: Vec<Image> = found.iter().map(|(part, _)| part.image.clone()).collect();
    let caches = TreeCaches::of_workspace(&survey.workspace.root, &survey.state);
    let disk = Disk { root: &survey.workspace.root, caches: &caches };
    let read = Found::read_images(&disk, graph, &images)?;
    let count =
        |(index, (part, late_runs)): (usize, (lambda_images::warm::WarmPart, Vec<usize>))| {
            let fingerprint_of = |name: &ImageName| match survey.stable.get(name) {
                Some(digest) => stable_fingerprint(digest),
                None => survey.inputs[name].1,
            };
            let reads = read.read_inputs(index, &part.image, graph);
            let inputs = inputs_of_image(&part.image, reads, &fingerprint_of);
            Part { text: part.text, late_runs, fingerprint: inputs.fingerprint() }
        };
    let parts = found.into_iter().enumerate().map(count).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let run = format!("{}-{}", now.as_nanos(), std::process::id());
    Ok(Parts { parts, images, found: read, run, without, unknown })
}

impl Parts {
    fn index_of(&self, name: &ImageName) -> Option<usize> {
        self.images.iter().position(|image| image.name() == name)
    }

    /// The fingerprint of what comes before a Lambda's handler, if anything does.
    pub(super) fn fingerprint(&self, name: &ImageName) -> Option<Fingerprint> {
        self.index_of(name).map(|index| self.parts[index].fingerprint)
    }

    /// The images of the workspace that must exist before these are built.
    pub(super) fn bases(&self) -> impl Iterator<Item = &ImageName> {
        self.images.iter().flat_map(|image| image.depends_on.keys())
    }

    /// All of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &ImageName> {
        self.images.iter().map(Image::name)
    }

    /// Lines of the `RUN`s that come after a Lambda's handler.
    pub(super) fn late_runs(&self, name: &ImageName) -> &[usize] {
        match self.index_of(name) {
            Some(index) => &self.parts[index].late_runs,
            None => self.without.get(name).map_or(&[], Vec::as_slice),
        }
    }

    /// The build of what comes before a Lambda's handler.
    pub(super) fn planned(&self, lambda: &PlannedImage) -> Option<PlannedImage> {
        let index = self.index_of(&lambda.name)?;
        let staged = State::staged_warm_dockerfile(&lambda.name);
        Some(lambda.warm(&self.images[index], staged, &self.run))
    }

    /// What it is built from; `None`: it is not one of these.
    pub(super) fn source(&self, name: &ImageName) -> Option<Source<'_>> {
        let index = self.index_of(name)?;
        let staged = State::staged_warm_dockerfile(name);
        let (image, dockerfile) = (&self.images[index], self.parts[index].text.as_str());
        Some(Source { found: &self.found, index, image, staged, dockerfile })
    }
}
