//! Whether what an image begins with is for the image's platform.
//!
//! BuildKit takes a base that has one platform only for whatever is asked for, and labels the result with
//! the image's: Lambda then ends with `exec format error`. Newer BuildKits warn of it
//! (`InvalidBaseImagePlatform`), after the build.
//!
//! Stages that only lend files are not looked at: a compiler may be another platform's.

use std::collections::BTreeSet;

use dockerfile::Reference;

use crate::discovery::ContextSource;
use crate::graph::{BaseSource, Image};
use crate::problem::Problem;

/// The image from outside of the workspace that an image begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalBase {
    /// As it is asked for: after mirrors and locks.
    pub reference: String,
    /// As the Dockerfile writes it.
    written: String,
    /// The platform for which it is asked for.
    wanted: String,
    line: usize,
}

impl Image {
    /// What the image begins with, if that is from outside of the workspace.
    pub fn final_base(&self) -> Option<FinalBase> {
        let used = self.last_from()?;
        let reference = match &used.named_context {
            Some(context) => match self.declaration.contexts.get(context)? {
                ContextSource::Reference(reference) => reference.clone(),
                _ => return None,
            },
            None => {
                let base = self.bases.iter().find(|base| base.written == used.name)?;
                let BaseSource::External { stand_in } = &base.source else { return None };
                stand_in.clone().unwrap_or_else(|| used.name.clone())
            }
        };
        let own = self.declaration.platform.as_str();
        let wanted = used.platform.as_deref().unwrap_or(own).to_owned();
        Some(FinalBase { reference, written: used.name.clone(), wanted, line: used.line })
    }

    fn last_from(&self) -> Option<&Reference> {
        self.resolved.references.get(self.resolved.base?)
    }

    /// That the base is for other platforms only; `platforms` are all that it is for.
    pub fn other_platform(
        &self,
        base: &FinalBase,
        platforms: &BTreeSet<String>,
    ) -> Option<Problem> {
        if platforms.is_empty() || platforms.iter().any(|it| is_same(it, &base.wanted)) {
            return None;
        }
        let known: Vec<&str> = platforms.iter().map(String::as_str).collect();
        let (known, wanted) = (known.join(", "), &base.wanted);
        let message = format!(
            "the base `{}` is for {known} only, and `{}` is built for {wanted}: its programs can't run there",
            base.written,
            self.name()
        );
        let hint = match platforms.first().map(|it| it.parse::<crate::platform::Platform>()) {
            Some(Ok(other)) => format!("take a base for {wanted}, or set `platform = \"{other}\"`"),
            _ => format!("take a base for {wanted}"),
        };
        let dockerfile = &self.declaration.dockerfile;
        Some(Problem::of_file(dockerfile, message).at(base.line, 1).hint(hint))
    }

    /// That the last `FROM` asks for a platform that is not, or may not be, the image's.
    pub(crate) fn platform_warning(&self) -> Option<Problem> {
        let used = self.last_from()?;
        let (own, dockerfile) = (&self.declaration.platform, &self.declaration.dockerfile);
        let problem = |message: String| Problem::of_file(dockerfile, message).at(used.line, 1);
        let hint = "leave `--platform` out, or write `--platform=$TARGETPLATFORM`";
        if self.resolved.begins_on_build_platform {
            let message = format!(
                "`{}` begins with an image for the platform of the builder, and is for {own}",
                self.name()
            );
            return Some(problem(message).hint(hint));
        }
        let asked = used.platform.as_deref().filter(|asked| !is_same(asked, own.as_str()))?;
        let message =
            format!("`{}` begins with an image for {asked}, and is for {own}", self.name());
        Some(problem(message).hint(format!("{hint}, or set `platform = \"{asked}\"`")))
    }
}

/// Whether programs of one platform are those of the other: variants of it aside.
fn is_same(one: &str, other: &str) -> bool {
    let of = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let mut parts = lower.splitn(3, '/').map(str::to_owned);
        let os = parts.next().unwrap_or_default();
        let architecture = match parts.next().unwrap_or_default().as_str() {
            "x86_64" | "x86-64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        };
        (os, architecture)
    };
    of(one) == of(other)
}

#[cfg(test)]
mod tests;
