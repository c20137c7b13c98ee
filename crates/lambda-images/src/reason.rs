//! Why an image is built, or is not: values, in the order in which they weigh.

use std::fmt;

use serde::Serialize;

use crate::discovery::ImageName;
use crate::escape::escape_line;
use crate::fingerprint::{BaseIdentity, Fingerprint};
use crate::locks::{Locked, LockedPart};
use crate::record::Record;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// `--force` was given.
    Forced,
    /// The store could not be asked, and doubt means build.
    StoreUnknown {
        /// What it said.
        message: String,
    },
    /// An image of exactly these inputs is in the store.
    IdentityExists {
        /// Under this reference.
        reference: String,
    },
    /// In development mode, a base is used as `stable` has it.
    StableUsed {
        /// Under this reference.
        reference: String,
    },
    /// In development mode, a base that it stands on has no `stable` yet, and what that will be is
    /// not known before it is built.
    StableToCome {
        /// The base.
        image: ImageName,
    },
    /// It lacks the name that it is to have.
    NameMissing {
        /// The reference that is to be given.
        reference: String,
    },
    /// The store holds no image of these inputs.
    IdentityMissing,
    /// This checkout has built no image of this name before.
    NeverBuilt,
    /// The inputs are those of the last build here, but its image is gone.
    ImageGone,
    /// The commit that is compared with has no image of this name.
    ImageAdded,
    /// What the image was made from can't be told: doubt means affected.
    BaseUnknown {
        /// Why.
        message: String,
    },
    /// An input file differs from the last build's.
    FileChanged {
        /// Relative to the workspace root.
        path: String,
    },
    /// An input file that the last build did not have.
    FileAdded {
        /// Relative to the workspace root.
        path: String,
    },
    /// An input file that only the last build had.
    FileRemoved {
        /// Relative to the workspace root.
        path: String,
    },
    /// An input file whose executable bit differs from the last build's.
    ModeChanged {
        /// Relative to the workspace root.
        path: String,
    },
    /// What the build reads can't be told, so that the whole context counts.
    WholeContext {
        /// Which instruction, and why.
        message: String,
    },
    /// What is installed from a lock differs.
    DistributionChanged {
        /// The distribution; `options` for those of a requirements file.
        name: String,
        /// Its version at the last build; `None` where it wasn't installed, or has none.
        was: Option<String>,
        /// Its version now.
        is: Option<String>,
        /// The lock, relative to the workspace root.
        path: String,
    },
    /// Instructions that the build runs differ.
    InstructionsChanged {
        /// The Dockerfile.
        path: String,
    },
    /// A setting differs.
    SettingChanged {
        /// `platform`, `target`, `arg NAME`, `context NAME`.
        name: String,
        /// At the last build.
        was: Option<String>,
        /// Now.
        is: Option<String>,
    },
    /// An image of the workspace that it stands on has another fingerprint.
    BaseAffected {
        /// Its name.
        image: ImageName,
    },
    /// It stands on an image of the workspace that it didn't stand on.
    DependencyAdded {
        /// That image.
        image: ImageName,
        /// The file that says so, mostly a `pyproject.toml`; `None` where that was not recorded.
        path: Option<String>,
    },
    /// It stood on an image of the workspace that it doesn't stand on any more.
    DependencyRemoved {
        /// That image.
        image: ImageName,
        /// The file that said so; `None` where that was not recorded.
        path: Option<String>,
    },
    /// An external base is another one.
    ExternalBaseChanged {
        /// As the Dockerfile names it.
        name: String,
        /// What it counted as.
        was: Option<String>,
        /// What it counts as now.
        is: Option<String>,
    },
}

/// One line, which is safe to show.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(&escape_line(&text))
    }
}

impl Reason {
    fn write(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let or_nothing =
            |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let by = |path: &Option<String>| {
            path.as_ref().map(|path| format!(", by `{path}`")).unwrap_or_default()
        };
        match self {
            Reason::Forced => write!(f, "forced by `--force`"),
            Reason::StoreUnknown { message } => {
                write!(f, "the image store could not be asked: {message}")
            }
            Reason::IdentityExists { reference } => write!(f, "`{reference}` has these inputs"),
            Reason::StableUsed { reference } => {
                write!(f, "`{reference}` is used as it is, in development mode")
            }
            Reason::StableToCome { image } => {
                write!(f, "what `stable` of `{image}` will be is not known before that is built")
            }
            Reason::NameMissing { reference } => write!(f, "`{reference}` is to name it"),
            Reason::IdentityMissing => write!(f, "the store has no image of these inputs"),
            Reason::NeverBuilt => write!(f, "never built here"),
            Reason::ImageGone => write!(f, "same inputs as the last build, but its image is gone"),
            Reason::ImageAdded => write!(f, "the image is new"),
            Reason::BaseUnknown { message } => f.write_str(message),
            Reason::FileChanged { path } => write!(f, "`{path}` changed"),
            Reason::FileAdded { path } => write!(f, "`{path}` is new"),
            Reason::FileRemoved { path } => write!(f, "`{path}` is gone"),
            Reason::ModeChanged { path } => write!(f, "`{path}` changed its executable bit"),
            Reason::WholeContext { message } => f.write_str(message),
            Reason::DistributionChanged { name, was, is, path } => match (was, is) {
                (Some(was), Some(is)) if was != is => {
                    write!(f, "`{name}` {was} → {is} in `{path}`")
                }
                (Some(was), None) => write!(f, "`{name}` {was} is gone from `{path}`"),
                (None, Some(is)) => write!(f, "`{name}` {is} is new in `{path}`"),
                _ => write!(f, "`{name}` changed in `{path}`"),
            },
            Reason::InstructionsChanged { path } => write!(f, "instructions of `{path}` changed"),
            Reason::SettingChanged { name, was, is } => {
                write!(f, "{name} was {}, is {}", or_nothing(was), or_nothing(is))
            }
            Reason::BaseAffected { image } => write!(f, "`{image}`, which it stands on, changed"),
            Reason::DependencyAdded { image, path } => {
                write!(f, "`{image}` is new among what it stands on{}", by(path))
            }
            Reason::DependencyRemoved { image, path } => {
                write!(f, "`{image}` is gone from what it stands on{}", by(path))
            }
            Reason::ExternalBaseChanged { name, was, is } => {
                write!(f, "base `{name}` was {}, is {}", or_nothing(was), or_nothing(is))
            }
        }
    }
}

impl Reason {
    /// The file of the workspace that it speaks of.
    pub fn path(&self) -> Option<&str> {
        match self {
            Reason::FileChanged { path }
            | Reason::FileAdded { path }
            | Reason::FileRemoved { path }
            | Reason::ModeChanged { path }
            | Reason::DistributionChanged { path, .. }
            | Reason::InstructionsChanged { path } => Some(path),
            Reason::DependencyAdded { path, .. } | Reason::DependencyRemoved { path, .. } => {
                path.as_deref()
            }
            _ => None,
        }
    }
}

/// What differs between the last build here and now. Empty: nothing does.
pub fn reasons_since(last: &Record, now: &Record) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if last.fingerprint == now.fingerprint {
        return reasons;
    }
    for (path, file) in &now.files {
        match last.files.get(path) {
            None => reasons.push(Reason::FileAdded { path: path.clone() }),
            Some(old) if old.sha256 != file.sha256 => {
                reasons.push(Reason::FileChanged { path: path.clone() });
            }
            Some(old) if old.mode != file.mode => {
                reasons.push(Reason::ModeChanged { path: path.clone() });
            }
            Some(_) => {}
        }
    }
    reasons.extend(
        last.files
            .keys()
            .filter(|path| !now.files.contains_key(*path))
            .map(|path| Reason::FileRemoved { path: path.clone() }),
    );
    if !reasons.is_empty() {
        let notes = now.undetermined.iter();
        reasons.extend(notes.map(|message| Reason::WholeContext { message: message.clone() }));
    }
    distribution_reasons(last, now, &mut reasons);
    if last.inputs.instructions != now.inputs.instructions {
        reasons.push(Reason::InstructionsChanged { path: now.dockerfile.clone() });
    }
    let mut setting = |name: String, was: Option<&String>, is: Option<&String>| {
        if was != is {
            reasons.push(Reason::SettingChanged { name, was: was.cloned(), is: is.cloned() });
        }
    };
    setting("platform".to_owned(), Some(&last.inputs.platform), Some(&now.inputs.platform));
    setting("target".to_owned(), last.inputs.target.as_ref(), now.inputs.target.as_ref());
    for name in union(&last.inputs.args, &now.inputs.args) {
        setting(format!("arg {name}"), last.inputs.args.get(name), now.inputs.args.get(name));
    }
    for name in union(&last.inputs.remotes, &now.inputs.remotes) {
        setting(
            format!("context {name}"),
            last.inputs.remotes.get(name),
            now.inputs.remotes.get(name),
        );
    }
    for name in union(&last.inputs.bases, &now.inputs.bases) {
        let (was, is) = (last.inputs.bases.get(name), now.inputs.bases.get(name));
        let internal = |identity: Option<&BaseIdentity>| {
            matches!(identity, None | Some(BaseIdentity::Fingerprint(_)))
        };
        // Internal images are told below, by their own names.
        if was != is && !(internal(was) && internal(is)) {
            let text = |identity: Option<&BaseIdentity>| identity.map(identity_text);
            reasons.push(Reason::ExternalBaseChanged {
                name: name.clone(),
                was: text(was),
                is: text(is),
            });
        }
    }
    dependency_reasons(last, now, &mut reasons);
    reasons
}

fn dependency_reasons(last: &Record, now: &Record, reasons: &mut Vec<Reason>) {
    let declared_in = |record: &Record, name: &ImageName| record.declared.get(name).cloned();
    for name in union(&last.inputs.dependencies, &now.inputs.dependencies) {
        let image = name.clone();
        reasons.extend(
            match (last.inputs.dependencies.get(name), now.inputs.dependencies.get(name)) {
                (None, _) => Some(Reason::DependencyAdded { image, path: declared_in(now, name) }),
                (_, None) => {
                    Some(Reason::DependencyRemoved { image, path: declared_in(last, name) })
                }
                (was, is) => (was != is).then_some(Reason::BaseAffected { image }),
            },
        );
    }
}

fn distribution_reasons(last: &Record, now: &Record, reasons: &mut Vec<Reason>) {
    let nothing = Locked::new();
    for path in union(&last.inputs.locks, &now.inputs.locks) {
        let of = |record: &Record| record.inputs.locks.get(path).cloned();
        let (was, is) = (of(last), of(now));
        let (was, is) = (was.as_deref().unwrap_or(&nothing), is.as_deref().unwrap_or(&nothing));
        for name in union(was, is) {
            let (was, is) = (was.get(name), is.get(name));
            if was.map(|part| part.sha256) != is.map(|part| part.sha256) {
                let version =
                    |part: Option<&LockedPart>| part.and_then(|part| part.version.clone());
                reasons.push(Reason::DistributionChanged {
                    name: name.clone(),
                    was: version(was),
                    is: version(is),
                    path: path.clone(),
                });
            }
        }
    }
}

fn identity_text(identity: &BaseIdentity) -> String {
    match identity {
        BaseIdentity::Fingerprint(Fingerprint(sum)) => format!("sha-{sum}"),
        BaseIdentity::Stable(digest) => format!("`stable`, {digest}"),
        BaseIdentity::Digest(text) | BaseIdentity::Reference(text) => text.clone(),
    }
}

fn union<'a, K: Ord, A, B>(
    a: &'a std::collections::BTreeMap<K, A>,
    b: &'a std::collections::BTreeMap<K, B>,
) -> std::collections::BTreeSet<&'a K> {
    a.keys().chain(b.keys()).collect()
}

#[cfg(test)]
mod tests;
