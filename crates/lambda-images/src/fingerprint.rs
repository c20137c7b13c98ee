//! The fingerprint: SHA-256 of everything an image's build can read, in one canonical encoding.
//!
//! # How it works
//! What a build reads of a context becomes a [`TreeDigest`] ([`crate::tree`]), what it installs
//! from a lock a [`Locked`]. An image's [`Inputs`] hold both, the Dockerfile's reachable
//! instructions, the args in effect, the platform, and what it stands on: the fingerprint of an
//! internal image, the digest or else the text of an external reference.
//! [`Inputs::fingerprint`] hashes them, every field with its length in front, after a schema
//! version.
//!
//! # Limitations
//! Of a file's mode only git's part counts (executable or not), and folders count only by
//! their files: umask and empty folders differ from checkout to checkout. The values of build
//! secrets, labels, times and git commits never count.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::Kind;
use crate::discovery::{ContextSource, ImageName};
use crate::graph::{BASE_IMAGE, BaseSource, ContextRole, Image, ImageGraph};
use crate::locks::{Locked, LockedPart};
use crate::reference::ImageReference;
use crate::stable::{StableBases, stable_fingerprint};

/// Salts every fingerprint: to be raised whenever the meaning of any field changes.
const SCHEMA: &str = "lambda-images fingerprint 3";

/// 32 bytes of SHA-256, in hex for people and files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

/// SHA-256 of an image's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub Sha256Sum);

/// SHA-256 of what is read of a folder: names, modes and contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreeDigest(pub Sha256Sum);

/// What git keeps of a file's mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// A regular file.
    #[serde(rename = "100644")]
    File,
    /// A regular file that its owner may execute.
    #[serde(rename = "100755")]
    Executable,
    /// A symbolic link; its content is the link's own text.
    #[serde(rename = "120000")]
    Symlink,
}

/// Everything that an image's build can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The one platform.
    pub platform: String,
    /// The stage, where one is set.
    pub target: Option<String>,
    /// Canonical text of the reachable stages' instructions.
    pub instructions: Vec<String>,
    /// Build args in effect: only those that the Dockerfile declares.
    pub args: BTreeMap<String, String>,
    /// Every image that the Dockerfile refers to: what it stands for.
    pub bases: BTreeMap<String, BaseIdentity>,
    /// Internal images that come first for another reason than a `FROM`.
    pub dependencies: BTreeMap<ImageName, Fingerprint>,
    /// Named contexts that are no folder: their text.
    pub remotes: BTreeMap<String, String>,
    /// What is read of the folders: `main`, `named:…`, `package:…`.
    pub contexts: BTreeMap<String, TreeDigest>,
    /// What is installed from locks, and read by an installer of `pyproject.toml`s, by their paths
    /// from the workspace root.
    #[serde(default)]
    pub locks: BTreeMap<String, Arc<Locked>>,
}

/// What an image reads of its folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadInputs {
    /// By role.
    pub contexts: BTreeMap<String, TreeDigest>,
    /// By path.
    pub locks: BTreeMap<String, Arc<Locked>>,
}

impl ReadInputs {
    /// Lets a file count by some of its parts. One that another context has counted by others
    /// counts by its bytes in this one: then it is not taken.
    pub fn narrow(&mut self, path: String, parts: &Arc<Locked>) -> bool {
        *self.locks.entry(path).or_insert_with(|| Arc::clone(parts)) == *parts
    }
}

/// What a base image counts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseIdentity {
    /// An internal image: its fingerprint.
    Fingerprint(Fingerprint),
    /// An internal base image that stands as it is, in development mode: its digest.
    Stable(String),
    /// An external image that is pinned: its digest alone.
    Digest(String),
    /// An external image that is not pinned: the reference's text.
    Reference(String),
}

/// The fingerprints of all images, each built on those of its bases. `read` has what each image
/// reads, in the graph's order.
pub fn inputs_of(
    graph: &ImageGraph,
    read: Vec<ReadInputs>,
) -> BTreeMap<ImageName, (Inputs, Fingerprint)> {
    inputs_on_stable(graph, read, &StableBases::new())
}

/// The same, where Lambdas stand on these base images as they are. The bases themselves keep the
/// fingerprints of their true inputs.
pub fn inputs_on_stable(
    graph: &ImageGraph,
    read: Vec<ReadInputs>,
    stable: &StableBases,
) -> BTreeMap<ImageName, (Inputs, Fingerprint)> {
    // Side by side those whose bases are all done.
    let mut levels: Vec<Vec<(&Image, ReadInputs)>> = Vec::new();
    let mut level_of: BTreeMap<&ImageName, usize> = BTreeMap::new();
    for (image, read) in graph.images().iter().zip(read) {
        let below = image.depends_on.keys().filter_map(|base| level_of.get(base)).max();
        let level = below.map_or(0, |below| below + 1);
        level_of.insert(image.name(), level);
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push((image, read));
    }
    let mut all: BTreeMap<ImageName, (Inputs, Fingerprint)> = BTreeMap::new();
    for level in levels {
        let of_level: Vec<(ImageName, (Inputs, Fingerprint))> = level
            .into_par_iter()
            .map(|(image, read)| {
                let none = StableBases::new();
                let stable = if image.declaration.kind == Kind::Base { &none } else { stable };
                let fingerprint_of = |name: &ImageName| match stable.get(name) {
                    Some(digest) => stable_fingerprint(digest),
                    None => all[name].1,
                };
                let mut inputs = inputs_of_image(image, read, &fingerprint_of);
                inputs.stand_on(image, stable);
                let fingerprint = inputs.fingerprint();
                (image.name().clone(), (inputs, fingerprint))
            })
            .collect();
        all.extend(of_level);
    }
    all
}

/// The inputs of one image, from what it reads and the fingerprints of what it stands on.
pub fn inputs_of_image(
    image: &Image,
    read: ReadInputs,
    fingerprint_of: &dyn Fn(&ImageName) -> Fingerprint,
) -> Inputs {
    let mut inputs = Inputs {
        platform: image.declaration.platform.to_string(),
        target: image.declaration.target.clone(),
        instructions: image.resolved.instructions.clone(),
        args: image.args(),
        bases: BTreeMap::new(),
        dependencies: BTreeMap::new(),
        remotes: BTreeMap::new(),
        contexts: read.contexts,
        locks: read.locks,
    };
    for base in &image.bases {
        let identity = match &base.source {
            BaseSource::Internal(name) => BaseIdentity::Fingerprint(fingerprint_of(name)),
            BaseSource::External { stand_in } => {
                external_identity(stand_in.as_deref().unwrap_or(&base.written))
            }
        };
        inputs.bases.insert(base.written.clone(), identity);
    }
    // A base that came through `ARG BASE_IMAGE` counts as what it stands for, not as that text.
    if image
        .resolved
        .references
        .iter()
        .any(|reference| reference.from_arg.as_deref() == Some(BASE_IMAGE))
    {
        inputs.args.remove(BASE_IMAGE);
    }
    for (name, source) in &image.declaration.contexts {
        match source {
            ContextSource::Folder(_) => {}
            ContextSource::Image(other) => drop(
                inputs.bases.insert(name.clone(), BaseIdentity::Fingerprint(fingerprint_of(other))),
            ),
            ContextSource::Reference(reference) => {
                drop(inputs.bases.insert(name.clone(), external_identity(reference)));
            }
            ContextSource::Remote(text) => drop(inputs.remotes.insert(name.clone(), text.clone())),
        }
    }
    for name in image.depends_on.keys() {
        inputs.dependencies.insert(name.clone(), fingerprint_of(name));
    }
    inputs
}

fn external_identity(reference: &str) -> BaseIdentity {
    match reference.parse::<ImageReference>() {
        Ok(ImageReference { digest: Some(digest), .. }) => BaseIdentity::Digest(digest.to_string()),
        _ => BaseIdentity::Reference(reference.to_owned()),
    }
}

impl fmt::Display for ContextRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContextRole::Main => f.write_str("main"),
            ContextRole::Named(name) => write!(f, "named:{name}"),
            ContextRole::Package(name) => write!(f, "package:{name}"),
        }
    }
}

impl Inputs {
    /// Lets bases that stand as they are count as what they are.
    pub fn stand_on(&mut self, image: &Image, stable: &StableBases) {
        let mut stand = |written: &String, name: &ImageName| {
            if let Some(digest) = stable.get(name) {
                self.bases.insert(written.clone(), BaseIdentity::Stable(digest.clone()));
            }
        };
        for base in &image.bases {
            if let BaseSource::Internal(name) = &base.source {
                stand(&base.written, name);
            }
        }
        for (context, source) in &image.declaration.contexts {
            if let ContextSource::Image(name) = source {
                stand(context, name);
            }
        }
    }

    /// SHA-256 over every field, each with its length in front.
    pub fn fingerprint(&self) -> Fingerprint {
        let Inputs {
            platform,
            target,
            instructions,
            args,
            bases,
            dependencies,
            remotes,
            contexts,
            locks,
        } = self;
        let mut encoder = Encoder::new("image");
        encoder.field(platform.as_bytes());
        encoder.list(target.iter(), |encoder, target| encoder.field(target.as_bytes()));
        encoder.list(instructions.iter(), |encoder, instruction| {
            encoder.field(instruction.as_bytes());
        });
        encoder.list(args.iter(), |encoder, (name, value)| {
            encoder.field(name.as_bytes());
            encoder.field(value.as_bytes());
        });
        encoder.list(bases.iter(), |encoder, (name, identity)| {
            encoder.field(name.as_bytes());
            match identity {
                BaseIdentity::Fingerprint(fingerprint) => {
                    encoder.field(b"fingerprint");
                    encoder.field(&fingerprint.0.0);
                }
                BaseIdentity::Stable(digest) => {
                    encoder.field(b"stable");
                    encoder.field(digest.as_bytes());
                }
                BaseIdentity::Digest(digest) => {
                    encoder.field(b"digest");
                    encoder.field(digest.as_bytes());
                }
                BaseIdentity::Reference(reference) => {
                    encoder.field(b"reference");
                    encoder.field(reference.as_bytes());
                }
            }
        });
        encoder.list(dependencies.iter(), |encoder, (name, fingerprint)| {
            encoder.field(name.as_str().as_bytes());
            encoder.field(&fingerprint.0.0);
        });
        encoder.list(remotes.iter(), |encoder, (name, text)| {
            encoder.field(name.as_bytes());
            encoder.field(text.as_bytes());
        });
        encoder.list(contexts.iter(), |encoder, (role, tree)| {
            encoder.field(role.as_bytes());
            encoder.field(&tree.0.0);
        });
        encoder.list(locks.iter(), |encoder, (path, locked)| {
            encoder.field(path.as_bytes());
            encoder.list(locked.iter(), |encoder, (name, LockedPart { sha256, .. })| {
                encoder.field(name.as_bytes());
                encoder.field(&sha256.0);
            });
        });
        Fingerprint(encoder.finish())
    }
}

/// SHA-256 over fields, each preceded by its length as 8 bytes, so that no two sequences of
/// fields give the same bytes.
pub(crate) struct Encoder(Sha256);

impl Encoder {
    pub(crate) fn new(what: &str) -> Encoder {
        let mut encoder = Encoder(Sha256::new());
        encoder.field(SCHEMA.as_bytes());
        encoder.field(what.as_bytes());
        encoder
    }

    pub(crate) fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut encode: impl FnMut(&mut Encoder, T),
    ) {
        self.0.update((items.len() as u64).to_be_bytes());
        for item in items {
            encode(self, item);
        }
    }

    pub(crate) fn finish(self) -> Sha256Sum {
        Sha256Sum(self.0.finalize().into())
    }
}

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Sha256Sum {
    Sha256Sum(Sha256::digest(bytes).into())
}

/// SHA-256 of bytes that come piece by piece, such as a file's.
#[derive(Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum of all bytes so far.
    pub fn finish(self) -> Sha256Sum {
        Sha256Sum(self.0.finalize().into())
    }
}

impl Mode {
    /// As git writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Symlink => "120000",
        }
    }
}

impl Fingerprint {
    /// The first `digits` hex digits.
    pub fn short(&self, digits: usize) -> String {
        let mut text = self.to_string();
        text.truncate(digits);
        text
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for TreeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Sha256Sum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Sum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Sha256Sum, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_hex(&text).map(Sha256Sum).ok_or_else(|| serde::de::Error::custom("not 64 hex digits"))
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
