//! An image as it is declared.

use std::collections::BTreeMap;

use pyproject::PackageName;

use super::ImageName;
use crate::cache::CacheEntry;
use crate::config::{Kind, Reads};
use crate::platform::Platform;
use crate::secrets::Handed;
use crate::table::Text;

/// Where a named context comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextSource {
    /// A folder, relative to the workspace root.
    Folder(String),
    /// An image of the workspace: `target:NAME`.
    Image(ImageName),
    /// An image elsewhere: `docker-image://reference`, here without the scheme.
    Reference(String),
    /// A URL, handed on to BuildKit as it is.
    Remote(String),
}

/// An image as declared: all paths relative to the workspace root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDeclaration {
    /// Unique in the workspace.
    pub name: ImageName,
    /// Base image or Lambda image.
    pub kind: Kind,
    /// The file that declares it: a `pyproject.toml`, or the root `Cargo.toml`.
    pub declared_in: String,
    /// 1-based line and column of the declaration.
    pub place: (usize, usize),
    /// The Dockerfile.
    pub dockerfile: String,
    /// Whether a missing Dockerfile is a problem: not for a package that sets none, which is
    /// then a package without an image.
    pub dockerfile_required: bool,
    /// The main context's folder.
    pub context: String,
    /// Named contexts.
    pub contexts: BTreeMap<String, ContextSource>,
    /// The stage to build; the last where absent.
    pub target: Option<String>,
    /// Build args, the workspace's included.
    pub args: BTreeMap<String, String>,
    /// Build args whose variable is not set, and that have no value for that.
    pub unset_args: BTreeMap<String, UnsetArg>,
    /// The variables that build args get their values from, by arg.
    pub arg_variables: BTreeMap<String, String>,
    /// The image's own build args: where each stands.
    pub own_args: BTreeMap<String, (usize, usize)>,
    /// The platform.
    pub platform: Platform,
    /// Value of `ARG BASE_IMAGE`.
    pub base: Option<Text>,
    /// Whether `base` is the image's own setting, not the workspace's.
    pub base_is_own: bool,
    /// Secrets and SSH agents.
    pub handed: Vec<Handed>,
    /// What of the main context counts.
    pub reads: Reads,
    /// Where its layers are looked for.
    pub cache_from: Vec<CacheEntry>,
    /// Where its layers are left.
    pub cache_to: Vec<CacheEntry>,
    /// The project whose image it is.
    pub package: Option<PackageName>,
}

/// A build arg whose variable is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsetArg {
    /// The variable.
    pub variable: String,
    /// The file that names it.
    pub path: String,
    /// 1-based line and column.
    pub place: (usize, usize),
}
