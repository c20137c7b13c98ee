//! Images in the local Docker store.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::plan::{ImageNames, Stored, StoredImage};
use lambda_images::reference::ImageReference;
use serde::Deserialize;

use super::Store;
use crate::failure::output_failure;
use crate::process::own_group;

/// One image of `docker image inspect`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    size: Option<u64>,
}

impl Store<'_> {
    /// A `docker` that Ctrl-C in the terminal does not reach: what has been built is still named.
    fn command(&self) -> Command {
        let mut command = self.environment.command("docker");
        own_group(&mut command);
        command
    }

    pub(super) fn look_up_local(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, String> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut command = self.command();
        command
            .args(["image", "inspect"])
            .args(names.values().map(|names| names.identity.to_string()));
        let output =
            command.output().map_err(|error| format!("failed to run `docker`: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        // The command fails if any image is missing; anything else that it says is a real failure.
        let real = |line: &&str| {
            let line = line.trim().to_lowercase();
            !line.is_empty() && !line.starts_with("warning") && !line.contains("no such image")
        };
        if !output.status.success()
            && let Some(first) = said.lines().find(real)
        {
            return Err(first.trim_start_matches("Error: ").trim().to_owned());
        }
        let images: Vec<Inspected> = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("`docker image inspect` printed no JSON: {error}"))?;
        let mut by_tag: BTreeMap<&str, &Inspected> = BTreeMap::new();
        for image in &images {
            for tag in image.repo_tags.iter().flatten() {
                by_tag.insert(tag, image);
            }
        }
        let find = |reference: &ImageReference| {
            by_tag.get(familiar(&reference.to_string())).map(|image| stored(image, reference))
        };
        Ok(names
            .iter()
            .map(|(name, names)| {
                (
                    name.clone(),
                    Stored { identity: find(&names.identity), reference: find(&names.reference) },
                )
            })
            .collect())
    }

    pub(super) fn find_local(
        &self,
        reference: &ImageReference,
    ) -> anyhow::Result<Option<StoredImage>> {
        let mut command = self.command();
        command.args(["image", "inspect", &reference.to_string()]);
        let output = command.output().context("failed to run `docker`")?;
        let images: Vec<Inspected> = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok(images.first().map(|image| stored(image, reference)))
    }

    /// Gives an image of the local store one more name.
    pub(crate) fn tag_local(
        &self,
        image: &ImageReference,
        name: &ImageReference,
    ) -> anyhow::Result<()> {
        self.docker(&["image", "tag", &image.to_string(), &name.to_string()])
    }

    pub(super) fn remove_names_local(&self, names: &ImageNames) -> anyhow::Result<()> {
        let ImageNames { reference, identity } = names;
        self.docker(&["image", "rm", &identity.to_string(), &reference.to_string()])
    }

    fn docker(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.command().args(arguments).output().context("failed to run `docker`")?;
        if output.status.success() {
            return Ok(());
        }
        let words: Vec<String> =
            std::iter::once("docker").chain(arguments.iter().copied()).map(str::to_owned).collect();
        Err(output_failure(&words, &output))
    }
}

fn stored(image: &Inspected, reference: &ImageReference) -> StoredImage {
    let repository = reference.repository.as_str();
    // Only a store that keeps manifests (containerd's) has a digest for an image never pushed.
    let digest = image.repo_digests.iter().flatten().find_map(|text| {
        let (of, digest) = text.split_once('@')?;
        if of == familiar(repository) { digest.parse().ok() } else { None }
    });
    StoredImage { id: image.id.clone(), digest, size: image.size }
}

/// Docker shows images of Docker Hub without the host and `library/`.
fn familiar(reference: &str) -> &str {
    let path = reference.strip_prefix("docker.io/").unwrap_or(reference);
    path.strip_prefix("library/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_names_are_shown_short() {
        assert_eq!(familiar("docker.io/library/python:3.13"), "python:3.13");
        assert_eq!(familiar("docker.io/team/x:1"), "team/x:1");
        assert_eq!(familiar("localhost:5000/x:1"), "localhost:5000/x:1");
    }
}
