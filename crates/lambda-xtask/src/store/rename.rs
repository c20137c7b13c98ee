//! Gives an existing image another name; no byte of it changes.

use std::io::Write as _;
use std::process::{Output, Stdio};

use anyhow::{Context as _, ensure};
use buildx::{Build, ENVIRONMENT, Output as BuildOutput};
use lambda_images::plan::{Destination, ImageNames, PlannedImage};

use super::Store;
use crate::failure::output_failure;

impl Store<'_> {
    /// Gives the image that has the identity its name for people.
    pub(crate) fn rename(&self, image: &PlannedImage) -> anyhow::Result<()> {
        let (identity, reference) =
            (image.names.identity.to_string(), image.names.reference.to_string());
        match self.destination {
            Destination::Local => {
                let (words, output) = self.docker(&["image", "tag", &identity, &reference], "")?;
                succeeded(&words, &output)
            }
            Destination::Registry => {
                // With `--prefer-index=true`, the default, one manifest would be wrapped in an index.
                let create = ["buildx", "imagetools", "create", "--prefer-index=false"];
                let (words, output) =
                    self.docker(&[&create[..], &["--tag", &reference, &identity]].concat(), "")?;
                if String::from_utf8_lossy(&output.stderr).contains("unknown flag") {
                    return self.rename_by_build(image);
                }
                succeeded(&words, &output)
            }
        }
    }

    /// Takes both names from an image that must not have them.
    ///
    /// # Errors
    /// In a registry only its owner can do that.
    pub(crate) fn remove_names(&self, names: &ImageNames) -> anyhow::Result<()> {
        ensure!(self.destination == Destination::Local, "a registry's names can't be removed");
        let (identity, reference) = (names.identity.to_string(), names.reference.to_string());
        let (words, output) = self.docker(&["image", "rm", &identity, &reference], "")?;
        succeeded(&words, &output)
    }

    /// Before 0.15 buildx always wraps. A build of nothing but `FROM` pushes the very manifest
    /// that it stands on, in the form in which it was pushed first; that it did is checked.
    fn rename_by_build(&self, image: &PlannedImage) -> anyhow::Result<()> {
        let stored = image.stored.identity.as_ref().and_then(|stored| stored.digest.as_ref());
        let digest = stored.context("a registry's image has a digest")?;
        let build = Build {
            context: "-".to_owned(),
            platform: Some(image.platform.clone()),
            tags: vec![image.names.reference.to_string()],
            output: BuildOutput::Push,
            ..Build::default()
        };
        let argv = build.argv();
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let dockerfile = format!("FROM {}\n", image.names.identity.pinned(digest));
        let (words, output) = self.docker(&argv, &dockerfile)?;
        succeeded(&words, &output)?;
        let renamed = self.look_up_remote(&image.names.reference).map_err(anyhow::Error::msg)?;
        ensure!(
            renamed.is_some_and(|renamed| renamed.digest.as_ref() == Some(digest)),
            "`{}` is not the image `{}` that it was to name\nhint: update the buildx plugin to 0.15 or newer",
            image.names.reference,
            image.names.identity
        );
        Ok(())
    }

    fn docker(&self, arguments: &[&str], input: &str) -> anyhow::Result<(Vec<String>, Output)> {
        let words: Vec<String> =
            std::iter::once("docker").chain(arguments.iter().copied()).map(str::to_owned).collect();
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in ENVIRONMENT {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn().context("failed to run `docker`")?;
        if let Some(mut stdin) = child.stdin.take() {
            // Who does not read its input says why by its exit status.
            drop(stdin.write_all(input.as_bytes()));
        }
        let output = child.wait_with_output().context("failed to wait for `docker`")?;
        Ok((words, output))
    }
}

fn succeeded(words: &[String], output: &Output) -> anyhow::Result<()> {
    if output.status.success() { Ok(()) } else { Err(output_failure(words, output)) }
}
