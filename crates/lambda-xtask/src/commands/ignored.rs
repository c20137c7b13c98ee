//! Inputs of images that git ignores: found among those that are in no commit.

use std::collections::{BTreeMap, BTreeSet};

use lambda_images::discovery::ImageName;
use lambda_images::git_ignored::{IgnoreRule, IgnoredInput};
use lambda_images::graph::Image;
use lambda_images::paths;
use lambda_images::tag::GitState;

use crate::git::{Git, NoGit};
use crate::inputs::Found;
use crate::workspace::Workspace;

/// The inputs of all images that git ignores. Where git can't be asked, none is known.
pub(super) fn find_ignored(
    workspace: &Workspace,
    found: &Found,
    git: &Result<Git, NoGit>,
    states: &BTreeMap<ImageName, GitState>,
) -> Vec<IgnoredInput> {
    let Ok(git) = git else { return Vec::new() };
    let asked: BTreeSet<String> =
        states.values().flat_map(|state| state.dirty_paths().iter().cloned()).collect();
    let rules = git.ignored(&asked).unwrap_or_default();
    if rules.is_empty() {
        return Vec::new();
    }
    let images = workspace.graph.images().iter().enumerate();
    let of_image = |(index, image): (usize, &Image)| -> Vec<IgnoredInput> {
        let dirty = states.get(image.name()).map_or(&[][..], GitState::dirty_paths);
        let rules = dirty.iter().filter_map(|path| rules.get_key_value(path));
        rules.filter_map(|(path, rule)| input(found, index, image, path, rule)).collect()
    };
    images.flat_map(of_image).collect()
}

/// The input of an image that a path is; `None`: it is one of its bases'.
fn input(
    found: &Found,
    index: usize,
    image: &Image,
    path: &str,
    rule: &IgnoreRule,
) -> Option<IgnoredInput> {
    let reads = |read: &&lambda_images::contexts::ReadContext| {
        let tree = &found.contexts.trees()[read.tree];
        let below = paths::strip_folder(&tree.folder, path);
        let entry = below.and_then(|below| tree.listing().find(below));
        entry.is_some_and(|entry| read.selection.reads(entry))
    };
    let read = found.of_image(index).iter().find(reads)?;
    let context = image.contexts.iter().find(|context| context.role == read.role);
    let files = context.map_or(&[][..], |context| &context.folder.ignore_files);
    let exists = files.iter().find(|file| found.ignore_files.contains(*file));
    Some(IgnoredInput {
        path: path.to_owned(),
        image: image.name().clone(),
        context: found.contexts.trees()[read.tree].folder.clone(),
        ignore_file: exists.or(files.last()).cloned(),
        rule: rule.clone(),
    })
}
