//! The plan: which images to build, in which order, with which argv, under which names, and why.
//!
//! Everything is decided here, so that whoever runs the plan has no policy of its own. It asks
//! neither docker nor a registry: what they hold comes in as [`Stored`].

use std::collections::{BTreeMap, BTreeSet};

use buildx::{Build, Output};
use dockerfile::{AskKind, Cut};
use serde::Serialize;

use crate::cache::Caches;
use crate::config::{Config, Kind, Network};
use crate::context_copy::context_copy;
use crate::discovery::{ContextSource, ImageName};
use crate::fingerprint::{Fingerprint, Inputs};
use crate::graph::{BASE_IMAGE, BaseSource, Image, ImageGraph};
use crate::reason::{Reason, reasons_since};
use crate::record::Record;
use crate::reference::{Digest, ImageReference, InvalidReference, Registry, Repository};
use crate::stable::{StableBases, Standing, needed_bases, on_stable};
use crate::tag::{GitState, identity_tag, policy_tag};

/// Where images go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The local Docker store.
    Local,
    /// A registry: built images are pushed.
    Registry,
}

/// The names of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNames {
    /// With the tag for people.
    pub reference: ImageReference,
    /// With the tag that is its identity.
    pub identity: ImageReference,
}

/// What the store holds of one image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// What the identity tag leads to; `None`: no such image.
    pub identity: Option<StoredImage>,
    /// What the tag for people leads to.
    pub reference: Option<StoredImage>,
}

/// One image in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// The store's own id: equal ids are equal images.
    pub id: String,
    /// The manifest's digest, where the store knows it.
    pub digest: Option<Digest>,
    /// Size in bytes, where the store knows it.
    pub size: Option<u64>,
}

/// What is done about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Built by `docker buildx build`.
    Build,
    /// Nothing: it is there, under its name.
    UpToDate,
    /// It is there, and only given its new name.
    Retag,
    /// Of its stages, what comes before the handler is built into the cache.
    Warm,
}

impl Action {
    /// Whether a build is run.
    pub fn runs_build(self) -> bool {
        matches!(self, Action::Build | Action::Warm)
    }
}

/// One image of the plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// Its name.
    pub name: ImageName,
    /// Base image or Lambda image.
    pub kind: Kind,
    /// SHA-256 of its inputs.
    pub fingerprint: Fingerprint,
    /// Its two references.
    pub names: ImageNames,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The images of the workspace that come before it, whether or not they are in the plan.
    pub depends_on: BTreeSet<ImageName>,
    /// What git says of its inputs.
    pub git: GitState,
    /// What the store holds already.
    pub stored: Stored,
    /// The platform.
    pub platform: String,
    /// Whether development mode has a part in it.
    pub standing: Standing,
    /// Where its layers are looked for and left.
    pub caches: Caches,
    build: BuildTemplate,
}

/// All that a build needs but the digests of what is built before it.
#[derive(Debug, Clone)]
struct BuildTemplate {
    build: Build,
    /// Name of a named context → the internal image that it is.
    internal: BTreeMap<String, ImageName>,
    /// The internal image that `ARG BASE_IMAGE` is to name.
    base_image_arg: Option<ImageName>,
}

/// The plan, each image after what it stands on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The images asked for, and the base images that must be built for them.
    pub images: Vec<PlannedImage>,
}

/// What the plan is made from, besides the graph.
pub struct PlanFacts<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Each image's inputs and fingerprint as they are now.
    pub inputs: &'a BTreeMap<ImageName, (Inputs, Fingerprint)>,
    /// The same with every file: asked for only where it is needed to say what changed.
    pub record_of: &'a dyn Fn(&ImageName) -> Record,
    /// The record of an image's last build here: asked for only where the image is to be built.
    pub last: &'a dyn Fn(&ImageName) -> Option<Record>,
    /// The images' names.
    pub names: &'a BTreeMap<ImageName, ImageNames>,
    /// What git says.
    pub git: &'a BTreeMap<ImageName, GitState>,
    /// What the store holds; `Err`: it could not be asked, and why.
    pub stored: Result<&'a BTreeMap<ImageName, Stored>, &'a str>,
    /// Network of the `RUN` steps.
    pub network: Network,
    /// Where images go.
    pub destination: Destination,
    /// Where the Dockerfile of an image lies that is handed to the builder.
    pub staged: &'a dyn Fn(&ImageName) -> String,
    /// The images asked for; empty: all.
    pub selected: &'a BTreeSet<ImageName>,
    /// Build what was asked for even if it exists.
    pub force: bool,
    /// In development mode, the bases that are used as they are. Names and inputs are those of this
    /// mode then.
    pub stable: &'a StableBases,
    /// The bases that a run would have to give the name first.
    pub to_come: &'a BTreeSet<ImageName>,
}

/// The names of an image with this fingerprint, for a stack.
///
/// # Errors
/// The repository's template and the stack do not make a repository's name.
pub fn image_names(
    config: &Config,
    registry: Option<&Registry>,
    stack: &str,
    name: &ImageName,
    git: &GitState,
    fingerprint: &Fingerprint,
) -> Result<ImageNames, InvalidReference> {
    let path = config.repository.value.replace("{name}", name.as_str()).replace("{stack}", stack);
    let repository: Repository = match registry {
        Some(registry) => format!("{registry}/{path}").parse()?,
        None => path.parse()?,
    };
    Ok(ImageNames {
        reference: repository.with_tag(&policy_tag(config.tag_policy, git, fingerprint)),
        identity: repository.with_tag(&identity_tag(fingerprint)),
    })
}

/// Decides about every image asked for.
pub fn plan(graph: &ImageGraph, facts: &PlanFacts) -> Plan {
    let selected = |name: &ImageName| facts.selected.is_empty() || facts.selected.contains(name);
    // From the top down: a base that nobody asked for is built only for an image that is.
    let mut needed: BTreeSet<ImageName> = BTreeSet::new();
    let mut planned = Vec::new();
    let dev = on_stable(graph, |name| facts.stable.contains_key(name));
    let unknown = on_stable(graph, |name| facts.to_come.contains(name));
    for image in graph.images().iter().rev() {
        let name = image.name();
        if !selected(name) && !needed.contains(name) {
            continue;
        }
        let standing = if facts.stable.contains_key(name) {
            Standing::StableBase
        } else if unknown.contains(name) {
            Standing::OnBaseToCome
        } else if dev.contains(name) {
            Standing::OnStableBase
        } else {
            Standing::True
        };
        let force = facts.force && selected(name);
        let (action, reasons) = decide(graph, image, standing, facts, force);
        if action == Action::Build {
            needed.extend(image.depends_on.keys().cloned());
        }
        planned.push(PlannedImage {
            name: name.clone(),
            kind: image.declaration.kind,
            fingerprint: facts.inputs[name].1,
            names: facts.names[name].clone(),
            action,
            reasons,
            depends_on: image.depends_on.keys().cloned().collect(),
            git: facts.git[name].clone(),
            stored: facts
                .stored
                .ok()
                .and_then(|stored| stored.get(name).cloned())
                .unwrap_or_default(),
            platform: image.declaration.platform.to_string(),
            standing,
            caches: Caches::default(),
            build: build_template(image, facts),
        });
    }
    planned.reverse();
    Plan { images: planned }
}

fn decide(
    graph: &ImageGraph,
    image: &Image,
    standing: Standing,
    facts: &PlanFacts,
    force: bool,
) -> (Action, Vec<Reason>) {
    let name = image.name();
    if standing == Standing::StableBase {
        let reference = facts.names[name].reference.to_string();
        return (Action::UpToDate, vec![Reason::StableUsed { reference }]);
    }
    if force {
        return (Action::Build, vec![Reason::Forced]);
    }
    let stored = match facts.stored {
        Err(message) => {
            return (Action::Build, vec![Reason::StoreUnknown { message: message.to_owned() }]);
        }
        Ok(stored) => stored.get(name).cloned().unwrap_or_default(),
    };
    if standing == Standing::OnBaseToCome {
        let below = needed_bases(graph, &BTreeSet::from([name.clone()]));
        let to_come = below.into_iter().filter(|base| facts.to_come.contains(base));
        return (Action::Build, to_come.map(|image| Reason::StableToCome { image }).collect());
    }
    let names = &facts.names[name];
    let Some(identity) = stored.identity else {
        let mut reasons = vec![Reason::IdentityMissing];
        match (facts.last)(name) {
            None => reasons.push(Reason::NeverBuilt),
            Some(last) if last.fingerprint == facts.inputs[name].1 => {
                reasons.push(Reason::ImageGone);
            }
            Some(last) => reasons.extend(reasons_since(&last, &(facts.record_of)(name))),
        }
        return (Action::Build, reasons);
    };
    let exists = Reason::IdentityExists { reference: names.identity.to_string() };
    match stored.reference {
        Some(reference) if reference.id == identity.id => (Action::UpToDate, vec![exists]),
        _ => (
            Action::Retag,
            vec![exists, Reason::NameMissing { reference: names.reference.to_string() }],
        ),
    }
}

fn build_template(image: &Image, facts: &PlanFacts) -> BuildTemplate {
    let names = &facts.names[image.name()];
    let result = ResultOf {
        dockerfile: (facts.staged)(image.name()),
        tags: match facts.destination {
            Destination::Local => vec![names.reference.to_string(), names.identity.to_string()],
            // A name that people trust can't be taken back there: it is given when all is well.
            Destination::Registry => vec![names.identity.to_string()],
        },
        network: match facts.network {
            Network::Default => None,
            Network::Host => Some("host".to_owned()),
            Network::None => Some("none".to_owned()),
        },
        output: match facts.destination {
            Destination::Local => Output::Load,
            Destination::Registry => Output::Push,
        },
    };
    template(image, result)
}

/// What of a build is not its image's own affair.
struct ResultOf {
    dockerfile: String,
    tags: Vec<String>,
    network: Option<String>,
    output: Output,
}

fn template(image: &Image, result: ResultOf) -> BuildTemplate {
    let declaration = &image.declaration;
    let mut contexts = BTreeMap::new();
    let mut internal = BTreeMap::new();
    for base in &image.bases {
        match &base.source {
            BaseSource::Internal(name) => drop(internal.insert(base.written.clone(), name.clone())),
            BaseSource::External { stand_in: Some(other) } => {
                drop(contexts.insert(base.written.clone(), format!("docker-image://{other}")));
            }
            BaseSource::External { stand_in: None } => {}
        }
    }
    for (context, source) in &declaration.contexts {
        match source {
            ContextSource::Folder(folder) => {
                drop(contexts.insert(context.clone(), context_copy(folder)));
            }
            ContextSource::Reference(reference) => {
                contexts.insert(context.clone(), format!("docker-image://{reference}"));
            }
            ContextSource::Remote(text) => drop(contexts.insert(context.clone(), text.clone())),
            ContextSource::Image(name) => drop(internal.insert(context.clone(), name.clone())),
        }
    }
    let handed = |kind: AskKind| {
        let of_kind = declaration.handed.iter().filter(|handed| handed.kind() == kind);
        of_kind.map(ToString::to_string).collect()
    };
    let build = Build {
        context: context_copy(&declaration.context),
        dockerfile: result.dockerfile,
        contexts,
        target: declaration.target.clone(),
        args: image.args(),
        platform: Some(declaration.platform.to_string()),
        tags: result.tags,
        secrets: handed(AskKind::Secret),
        ssh: handed(AskKind::Ssh),
        network: result.network,
        output: result.output,
        ..Build::default()
    };
    BuildTemplate { build, internal, base_image_arg: image.base_image_arg().cloned() }
}

impl PlannedImage {
    /// Whether it is built whatever exists.
    pub fn is_forced(&self) -> bool {
        self.reasons.contains(&Reason::Forced)
    }

    /// The named contexts that are images of the workspace.
    pub fn internal_contexts(&self) -> impl Iterator<Item = (&String, &ImageName)> {
        self.build.internal.iter()
    }

    /// The part of it that comes before its handler, to be built into the cache. `run` is a text
    /// that no build had before: see [`Cut`].
    #[must_use]
    pub fn warm(&self, part: &Image, staged: String, run: &str) -> PlannedImage {
        let network = self.build.build.network.clone();
        let result =
            ResultOf { dockerfile: staged, tags: Vec::new(), network, output: Output::None };
        let mut build = template(part, result);
        build.build.args.insert(Cut::RUN_ARG.to_owned(), run.to_owned());
        PlannedImage {
            action: Action::Warm,
            reasons: Vec::new(),
            depends_on: part.depends_on.keys().cloned().collect(),
            build,
            ..self.clone()
        }
    }

    /// The image of the workspace that `ARG BASE_IMAGE` is to name.
    pub fn base_image_arg(&self) -> Option<&ImageName> {
        self.build.base_image_arg.as_ref()
    }

    /// The build, with each internal base pinned to what `built` says it is: a reference with
    /// its digest, or in the local store (where BuildKit looks no digest up) its identity tag.
    pub fn build(&self, built: &BTreeMap<ImageName, ImageReference>) -> Build {
        let mut build = self.build.build.clone();
        build.cache_from.clone_from(&self.caches.from);
        build.cache_to.clone_from(&self.caches.to);
        for (context, image) in &self.build.internal {
            if let Some(reference) = built.get(image) {
                build.contexts.insert(context.clone(), format!("docker-image://{reference}"));
            }
        }
        if let Some(reference) =
            self.build.base_image_arg.as_ref().and_then(|image| built.get(image))
        {
            build.args.insert(BASE_IMAGE.to_owned(), reference.to_string());
        }
        build
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
