//! What exists already, and giving it a new name: the local Docker store, or a registry, asked
//! through the `docker` command.

mod rename;

use std::collections::BTreeMap;

use std::process::Command;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::plan::{Destination, ImageNames, Stored, StoredImage};
use lambda_images::reference::{Digest, ImageReference, InvalidReference};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Deserialize;

use crate::environment::Environment;
use crate::failure::tail;
use crate::process::own_group;

/// Questions to a registry at once.
const LOOK_UPS: usize = 32;

/// Where images are looked for and named.
pub(crate) struct Store<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) destination: Destination,
}

/// One image of `docker image inspect`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    size: Option<u64>,
}

/// The manifest, of `docker buildx imagetools inspect`.
#[derive(Deserialize)]
struct RemoteManifest {
    digest: String,
}

impl Store<'_> {
    /// A `docker` that Ctrl-C in the terminal does not reach: what has been built is still named.
    fn command(&self) -> Command {
        let mut command = self.environment.command("docker");
        own_group(&mut command);
        command
    }

    /// What the store holds of each image. One process for the local store, whatever the
    /// number of images; for a registry one for each reference, side by side.
    ///
    /// # Errors
    /// The store can't be asked: a text for people.
    pub(crate) fn look_up(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, String> {
        match self.destination {
            Destination::Local => self.look_up_local(names),
            Destination::Registry => self.look_up_all_remote(names),
        }
    }

    fn look_up_all_remote(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, String> {
        let look_up = |(name, names): (&ImageName, &ImageNames)| {
            let (identity, reference) = rayon::join(
                || self.look_up_remote(&names.identity),
                || self.look_up_remote(&names.reference),
            );
            Ok((name.clone(), Stored { identity: identity?, reference: reference? }))
        };
        // All of these wait for the network, and none for a core.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(LOOK_UPS).build();
        let pool = pool.map_err(|error| format!("failed to start threads: {error}"))?;
        pool.install(|| names.par_iter().map(look_up).collect())
    }

    fn look_up_local(
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

    fn look_up_remote(&self, reference: &ImageReference) -> Result<Option<StoredImage>, String> {
        let mut command = self.command();
        command.args([
            "buildx",
            "imagetools",
            "inspect",
            "--format",
            "{{json .Manifest}}",
            &reference.to_string(),
        ]);
        let output =
            command.output().map_err(|error| format!("failed to run `docker`: {error}"))?;
        if output.status.success() {
            let manifest: RemoteManifest =
                serde_json::from_slice(&output.stdout).map_err(|error| {
                    format!("`docker buildx imagetools inspect` printed no digest: {error}")
                })?;
            let digest: Digest =
                manifest.digest.parse().map_err(|error: InvalidReference| error.to_string())?;
            return Ok(Some(StoredImage {
                id: digest.to_string(),
                digest: Some(digest),
                size: None,
            }));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if is_missing(&said) {
            return Ok(None);
        }
        Err(tail(&said, 1).first().map_or_else(
            || "docker gave no reason".to_owned(),
            |line| line.trim_start_matches("ERROR: ").to_owned(),
        ))
    }

    /// One image, by its reference, after it was built.
    pub(crate) fn find(&self, reference: &ImageReference) -> anyhow::Result<Option<StoredImage>> {
        if self.destination == Destination::Registry {
            return self.look_up_remote(reference).map_err(anyhow::Error::msg);
        }
        let mut command = self.command();
        command.args(["image", "inspect", &reference.to_string()]);
        let output = command.output().context("failed to run `docker`")?;
        let images: Vec<Inspected> = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok(images.first().map(|image| stored(image, reference)))
    }
}

/// How registries say that there is no such tag or repository: containerd's resolver, the OCI
/// distribution specification's codes, ECR's own words. Who may not look is told the same by
/// some of them, with a word more: that is no answer.
fn is_missing(said: &str) -> bool {
    let said = said.to_lowercase();
    let refused = ["credential", "authoriz", "authentication", "denied", "executable file"];
    if refused.iter().any(|text| said.contains(text)) {
        return false;
    }
    said.lines().any(|line| line.trim_end().ends_with(": not found"))
        || [
            "manifest unknown",
            "manifest_unknown",
            "name unknown",
            "name_unknown",
            "does not exist",
        ]
        .iter()
        .any(|text| said.contains(text))
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

    #[test]
    fn a_missing_image_is_told_from_a_failing_registry() {
        assert!(is_missing("ERROR: localhost:5000/x:sha-1: not found"));
        assert!(is_missing("repository does not exist"));
        assert!(!is_missing(
            "ERROR: failed to do request: Head: dial tcp 127.0.0.1:1: connect: connection refused"
        ));
        assert!(!is_missing("401 Unauthorized"));
        assert!(!is_missing(
            "pull access denied, repository does not exist or may require authorization"
        ));
        assert!(!is_missing(
            "error getting credentials - err: exec: \"docker-credential-x\": executable file not found in $PATH"
        ));
        assert!(is_missing(
            "The repository with name 'x' does not exist in the registry with id '1'"
        ));
    }
}
