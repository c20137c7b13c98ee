//! Images in the local Docker store.

use std::collections::BTreeMap;
use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use lambda_images::discovery::ImageName;
use lambda_images::plan::{ImageNames, Stored, StoredImage};
use lambda_images::reference::ImageReference;
use serde::Deserialize;

use super::Store;
use super::kept::KeptImage;
use super::watch::Known;
use crate::environment::Environment;
use crate::failure::output_failure;
use crate::patience::{Late, ask_docker};
use crate::process::{DOCKER_LIMIT, Ending, end_group, joined, spawn_group};

/// Names in one `docker image inspect`: an argv has its bounds, and an engine more than one core.
const AT_ONCE: usize = 100;
/// More processes at once wait for each other in the engine.
const PROCESSES: usize = 4;

/// One image of `docker image inspect`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    size: Option<u64>,
    created: Option<String>,
}

/// What an engine that answers needs for one image, when nobody has any more time.
const LAST: Duration = Duration::from_secs(2);

impl Store<'_> {
    /// Runs a `docker` that Ctrl-C in the terminal does not reach: what has been built is still named.
    /// An engine that never answers must not hold whoever wants to leave at once.
    fn run(&self, arguments: &[&str], last: Duration) -> io::Result<Output> {
        let mut command = self.environment.command("docker");
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn_group(&mut command)?;
        let group = child.id();
        let _note = Late::note(format!("docker {}", arguments[..arguments.len().min(2)].join(" ")));
        let _bound = Late::after(DOCKER_LIMIT, move || end_group(group, Ending::Kill));
        let pipes = child.stdout.take().zip(child.stderr.take());
        let (stdout, stderr) = pipes.expect("both are piped");
        let read = self.registry.unless_killed(last, move || read_both(stdout, stderr));
        if !matches!(read, Ok(Some(_))) {
            end_group(child.id(), Ending::Kill);
        }
        let status = child.wait()?;
        let silent = || io::Error::other("interrupted, while the engine had not answered");
        let (stdout, stderr) = read?.ok_or_else(silent)??;
        Ok(Output { status, stdout, stderr })
    }

    pub(super) fn look_up_local(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, String> {
        let images = self.inspect_all(names)?;
        let find = find_in(&images);
        Ok(names.iter().map(|(name, names)| (name.clone(), find(names).0)).collect())
    }

    /// The same; what is `known` already is not asked for. What was found is kept for the next run of
    /// this workspace, whose images all have one of `all` names.
    pub(super) fn look_up_kept(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
        known: Known,
        all: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<BTreeMap<ImageName, Stored>, String> {
        let mut stored = BTreeMap::new();
        let mut unknown = BTreeMap::new();
        for (name, names) in names {
            match known.stored(names) {
                Some(known) => drop(stored.insert(name.clone(), known)),
                None => drop(unknown.insert(name.clone(), names.clone())),
            }
        }
        let images = self.inspect_all(&unknown)?;
        let find = find_in(&images);
        let mut found = Vec::new();
        for (name, names) in &unknown {
            let (one, created) = find(names);
            found.extend(KeptImage::of(names, &one, created));
            stored.insert(name.clone(), one);
        }
        known.keep(self.environment, found, all);
        Ok(stored)
    }

    fn inspect_all(
        &self,
        names: &BTreeMap<ImageName, ImageNames>,
    ) -> Result<Vec<Inspected>, String> {
        let identities: Vec<String> =
            names.values().map(|names| names.identity.to_string()).collect();
        let parts: Vec<&[String]> = identities.chunks(AT_ONCE).collect();
        let next = AtomicUsize::new(0);
        let inspect_parts = || -> Result<Vec<Inspected>, String> {
            let mut images = Vec::new();
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                images.extend(read_inspected(ask_docker(&mut inspect(self.environment, part)))?);
            }
            Ok(images)
        };
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..PROCESSES.min(parts.len())).map(|_| scope.spawn(inspect_parts)).collect();
            let mut images = Vec::new();
            for thread in threads {
                images.extend(joined(thread)?);
            }
            Ok(images)
        })
    }

    pub(super) fn find_local(
        &self,
        reference: &ImageReference,
    ) -> anyhow::Result<Option<StoredImage>> {
        let output = self.run(&["image", "inspect", &reference.to_string()], LAST);
        // An engine that doesn't answer is not one that lacks the image.
        let images = read_inspected(output)
            .map_err(|why| anyhow!("the image store can't be asked: {why}"))?;
        Ok(images.first().map(|image| stored(image, reference)))
    }

    /// Gives an image of the local store, by its id or a name that it has, one more name.
    pub(crate) fn tag_local(&self, image: &str, name: &ImageReference) -> anyhow::Result<()> {
        self.docker(&["image", "tag", image, &name.to_string()])
    }

    fn docker(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.run(arguments, LAST).context("failed to run `docker`")?;
        if output.status.success() {
            return Ok(());
        }
        let words: Vec<String> =
            std::iter::once("docker").chain(arguments.iter().copied()).map(str::to_owned).collect();
        Err(output_failure(&words, &output))
    }
}

/// Both at once: a child waits for somebody to take what it says.
fn read_both(
    mut stdout: impl io::Read,
    mut stderr: impl io::Read + Send,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let read = scope.spawn(|| stderr.read_to_end(&mut said));
        stdout.read_to_end(&mut printed)?;
        joined(read)
    })?;
    Ok((printed, said))
}

/// Asks for images by their names.
pub(super) fn inspect(environment: &Environment, names: &[impl AsRef<str>]) -> Command {
    let mut command = environment.command("docker");
    command.args(["image", "inspect"]).args(names.iter().map(AsRef::as_ref));
    command
}

/// Those that exist; what else docker has to say of them is an error.
fn read_inspected(output: io::Result<Output>) -> Result<Vec<Inspected>, String> {
    let output = output.map_err(|error| format!("failed to run `docker`: {error}"))?;
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
    parse_inspected(&output.stdout)
        .map_err(|error| format!("`docker image inspect` printed no JSON: {error}"))
}

pub(super) fn parse_inspected(bytes: &[u8]) -> serde_json::Result<Vec<Inspected>> {
    serde_json::from_slice(bytes)
}

/// What some images are to a pair of names, and when the one of the identity was made.
pub(super) fn find_in<'a>(images: &'a [Inspected]) -> impl Fn(&ImageNames) -> (Stored, &'a str) {
    let mut by_tag: BTreeMap<&str, &Inspected> = BTreeMap::new();
    for image in images {
        for tag in image.repo_tags.iter().flatten() {
            by_tag.insert(tag, image);
        }
    }
    move |names| {
        let find = |name: &ImageReference| by_tag.get(familiar(&name.to_string())).copied();
        let of = |name| find(name).map(|image| stored(image, name));
        let created = find(&names.identity).and_then(|image| image.created.as_deref());
        let stored = Stored { identity: of(&names.identity), reference: of(&names.reference) };
        (stored, created.unwrap_or_default())
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
mod tests;
