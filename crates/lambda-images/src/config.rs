//! The configuration: `[workspace.metadata.lambda-images]` and `[tool.lambda-image]`, text to
//! values. Which images they make is `discovery`'s affair.

use std::collections::BTreeMap;

use crate::base_lock::BaseLock;
use crate::cache::CacheEntry;
use crate::mirror::Mirrors;
use crate::platform::Platform;
use crate::reference::Registry;
use crate::table::Text;
use crate::variables::{ArgValue, Variables};

mod read;

pub(crate) use self::read::{Sharing, read_caches, read_pyproject_settings, report_misnamed};
pub use self::read::{has_workspace, parse_config, parse_network};

/// How an image's human-readable tag is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagPolicy {
    /// By the newest commit that touched the image's inputs.
    Git,
    /// By the fingerprint alone.
    Content,
}

/// `registry`: where images are pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrySetting {
    /// A host, and a path if any.
    Host(Registry),
    /// The registry of whoever's AWS account it is.
    Ecr,
}

/// `registry-kind`: how a registry is logged in to, and whether repositories are made beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryKind {
    /// As ECR.
    Ecr,
    /// By docker's credentials alone; repositories are made by the push, or by somebody else.
    Other,
}

/// `ecr-tags`: whether tags can be moved in new repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RepositoryTags {
    /// They can.
    #[default]
    Mutable,
    /// A tag is given once.
    Immutable,
}

impl RepositoryTags {
    /// The value of ECR's `imageTagMutability`.
    pub fn as_ecr_has_it(self) -> &'static str {
        match self {
            RepositoryTags::Mutable => "MUTABLE",
            RepositoryTags::Immutable => "IMMUTABLE",
        }
    }
}

/// Network of the `RUN` steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The builder's default.
    Default,
    /// The host's.
    Host,
    /// None at all.
    None,
}

/// What the kind of an image is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Other images stand on it.
    Base,
    /// Deployed as an AWS Lambda function.
    Lambda,
}

impl Kind {
    /// As in the configuration and the JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Base => "base",
            Kind::Lambda => "lambda",
        }
    }
}

/// `[workspace.metadata.lambda-images]`, with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Path of the file it was read from, relative to the workspace root.
    pub path: String,
    /// Globs of package folders.
    pub packages: Vec<Text>,
    /// Globs of Lambda folders.
    pub lambdas: Vec<Text>,
    /// Where images are pushed; `None`: they stay in the local Docker store.
    pub registry: Option<RegistrySetting>,
    /// How that registry behaves; `None`: as its host's name says.
    pub registry_kind: Option<RegistryKind>,
    /// Of repositories that are made.
    pub ecr_tags: RepositoryTags,
    /// Template of a repository's name.
    pub repository: Text,
    /// The stack when nothing else names one.
    pub stack: String,
    /// Default platform of every image.
    pub platform: Platform,
    /// Default `base` of every Lambda.
    pub base: Option<Text>,
    /// Default context of every image.
    pub context: ContextKind,
    /// Replacements for external base images.
    pub mirrors: Mirrors,
    /// `lambda-images.lock`, which is a file of its own.
    pub base_lock: BaseLock,
    /// How tags are made.
    pub tag_policy: TagPolicy,
    /// Globs of what `check-tags` does not look into.
    pub check_tags_exclude: Vec<Text>,
    /// Build args of every image.
    pub args: BTreeMap<String, ArgValue>,
    /// Secrets of the images that mount them.
    pub secrets: Vec<Text>,
    /// SSH agents and keys of the images that mount them.
    pub ssh: Vec<Text>,
    /// The process's variables, for settings that take a value from one.
    pub variables: Variables,
    /// Network of the `RUN` steps.
    pub network: Network,
    /// Where every image's layers are looked for.
    pub cache_from: Vec<CacheEntry>,
    /// Where every image's layers are left.
    pub cache_to: Vec<CacheEntry>,
    /// Stacks to which nothing is pushed in development mode.
    pub protected_stacks: Vec<String>,
    /// `[[images]]`.
    pub images: Vec<ImageSettings>,
}

impl Config {
    /// What stands in for an external image, as a Dockerfile writes it: a mirror, the digest that it
    /// is locked to, or both.
    pub fn stand_in(&self, written: &str) -> Option<String> {
        let mirror = self.mirrors.apply(written);
        let reference = mirror.as_deref().unwrap_or(written);
        match self.base_lock.get(written) {
            Some(base) if !reference.contains('@') => Some(format!("{reference}@{}", base.digest)),
            _ => mirror,
        }
    }
}

/// Which folder is the main context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// The image's own folder.
    Image,
    /// The workspace root.
    Workspace,
}

/// What of an image's main context counts as an input, and is sent to the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// What the Dockerfile reads.
    #[default]
    Dockerfile,
    /// All of it.
    Context,
}

/// The settings of one image: `[tool.lambda-image]`, or an entry of `[[images]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageSettings {
    /// 1-based line and column of the table.
    pub place: (usize, usize),
    /// The image's name.
    pub name: Option<Text>,
    /// Only in `[[images]]`.
    pub kind: Option<Kind>,
    /// Path of the Dockerfile.
    pub dockerfile: Option<Text>,
    /// `image`, `workspace` or a path.
    pub context: Option<Text>,
    /// Named contexts.
    pub contexts: BTreeMap<String, Text>,
    /// The stage to build.
    pub target: Option<Text>,
    /// Build args.
    pub args: BTreeMap<String, ArgValue>,
    /// The platform.
    pub platform: Option<Text>,
    /// The base image.
    pub base: Option<Text>,
    /// Build secrets.
    pub secrets: Vec<Text>,
    /// SSH agents and keys.
    pub ssh: Vec<Text>,
    /// What of the main context counts.
    pub reads: Reads,
    /// In place of the workspace's.
    pub cache_from: Option<Vec<Text>>,
    /// In place of the workspace's.
    pub cache_to: Option<Vec<Text>>,
}

#[cfg(test)]
mod tests;
