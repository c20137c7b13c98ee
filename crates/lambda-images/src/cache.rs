//! Where builds read layers from and write them to: `cache-from` and `cache-to`, decided for each
//! image.
//!
//! # How it works
//! An entry of the configuration is checked when it is read ([`parse_cache`]). For an image it is
//! filled in ([`caches_of`]): placeholders, the options that the kind needs, and one place of its
//! own for each image and platform, for an export replaces what was there and never merges. What
//! the builder can't do is replaced by what it can, and said.
//!
//! Caches never count in a fingerprint: they change how fast an image is built, and not which.
//!
//! # Sources of the rules
//! BuildKit's README ("Export cache"), Docker's "Cache storage backends", moby's
//! `builder/builder-next/controller.go` for what the engine's own builder can do.

mod entry;
mod inline;

use std::collections::BTreeSet;

pub use self::entry::{CacheEntry, CacheKind, Direction, InvalidCache, parse_cache};
pub use self::inline::{EarlierBuilds, seeks_last_image};
use crate::ci::CiRun;
use crate::discovery::{ImageDeclaration, ImageName};
use crate::plan::Destination;
use crate::reference::{ImageReference, Registry, Repository};

/// Whether caches are written: `--cache-write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheWrite {
    /// By CI runs of the default branch.
    #[default]
    Auto,
    /// By this run.
    Always,
    /// Not by this run.
    Never,
}

/// Whether a run may write caches. Pull requests and laptops read what the default branch wrote.
pub fn may_write(wanted: CacheWrite, ci: Option<&CiRun>) -> bool {
    match wanted {
        CacheWrite::Always => true,
        CacheWrite::Never => false,
        CacheWrite::Auto => ci.is_some_and(CiRun::is_of_default_branch),
    }
}

/// What of the builder matters to caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheBuilder {
    /// Its name.
    pub name: String,
    /// Its driver.
    pub driver: String,
    /// What it is able to do.
    pub ability: CacheAbility,
}

/// Which kinds of caches a builder knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheAbility {
    /// All: it is a BuildKit of its own.
    All,
    /// The engine's own builder on the containerd image store: all but S3.
    Containerd,
    /// The engine's own builder on the classic image store: it exports nothing but inline caches,
    /// and imports from registries and folders alone.
    Classic,
}

impl CacheAbility {
    fn can(self, kind: CacheKind, direction: Direction) -> bool {
        match (self, direction) {
            (CacheAbility::All, _) => true,
            (CacheAbility::Containerd, _) => kind != CacheKind::S3,
            (CacheAbility::Classic, Direction::From) => {
                !matches!(kind, CacheKind::Gha | CacheKind::S3)
            }
            (CacheAbility::Classic, Direction::To) => kind == CacheKind::Inline,
        }
    }
}

/// What is known when the caches of an image are decided.
pub struct CacheFacts<'a> {
    /// The configured registry.
    pub registry: Option<&'a Registry>,
    /// The stack.
    pub stack: &'a str,
    /// Where images go.
    pub destination: Destination,
    /// The builder; `None`: it could not be asked, and is taken to be able to do all.
    pub builder: Option<&'a CacheBuilder>,
    /// See [`may_write`].
    pub may_write: bool,
    /// Whether the variables are set by which GitHub's cache is reached.
    pub has_gha: bool,
    /// The reference under which an image was last seen (see [`EarlierBuilds`]).
    pub last: &'a dyn Fn(&ImageName) -> Option<String>,
    /// Whether a folder, relative to the workspace root, holds a local cache.
    pub holds_cache: &'a dyn Fn(&str) -> bool,
}

/// The caches of one build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caches {
    /// For `--cache-from`.
    pub from: Vec<String>,
    /// For `--cache-to`.
    pub to: Vec<String>,
    /// Local caches that the build writes.
    pub folders: Vec<CacheFolder>,
    /// Repositories that the build writes caches to.
    pub repositories: BTreeSet<Repository>,
    /// What was left out or replaced, for people.
    pub notes: BTreeSet<String>,
}

/// A local cache that is written beside its place, and put there when it is whole: BuildKit adds
/// to a folder and never removes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFolder {
    /// Where the build writes, relative to the workspace root.
    pub fresh: String,
    /// Its place.
    pub folder: String,
}

/// Decides the caches of an image.
pub fn caches_of(declaration: &ImageDeclaration, facts: &CacheFacts) -> Caches {
    let mut caches = Caches::default();
    let fill = |template: &str| fill_in(template, declaration, facts);
    for entry in &declaration.cache_from {
        if is_possible(entry, Direction::From, facts, &mut caches) {
            caches.add_source(entry, declaration, facts, &fill);
        }
    }
    for entry in declaration.cache_to.iter().filter(|_| facts.may_write) {
        if is_possible(entry, Direction::To, facts, &mut caches) {
            caches.add_destination(entry, &fill);
        }
    }
    caches
}

/// Whether the builder can do it here. Where it can't, an inline cache takes the place of an
/// export if the image is pushed, for it lies in the image itself.
fn is_possible(
    entry: &CacheEntry,
    direction: Direction,
    facts: &CacheFacts,
    caches: &mut Caches,
) -> bool {
    let kind = entry.kind;
    if kind == CacheKind::Gha && !facts.has_gha {
        caches.notes.insert(
            "note: the `gha` cache is left out: `ACTIONS_RUNTIME_TOKEN` and the cache's address are not set (in GitHub Actions, `crazy-max/ghaction-github-runtime` sets them)".to_owned(),
        );
        return false;
    }
    if facts.registry.is_none() && entry.options.values().any(|value| value.contains("{registry}"))
    {
        caches.notes.insert(format!(
            "note: the `{}` cache is left out: it lies in the registry, and images are kept in the local Docker store",
            kind.as_str()
        ));
        return false;
    }
    let Some(builder) = facts.builder.filter(|builder| !builder.ability.can(kind, direction))
    else {
        return true;
    };
    let verb = if direction == Direction::From { "import" } else { "export" };
    let by_inline = direction == Direction::To && facts.destination == Destination::Registry;
    if by_inline && !caches.to.contains(&INLINE.to_owned()) {
        caches.to.push(INLINE.to_owned());
    }
    let instead = if by_inline { "an `inline` cache takes its place" } else { "it is left out" };
    let store = match builder.ability {
        CacheAbility::Classic => ", classic image store",
        CacheAbility::All | CacheAbility::Containerd => "",
    };
    caches.notes.insert(format!(
        "note: the builder `{}` ({} driver{store}) can't {verb} a `{}` cache: {instead}; a builder of `docker buildx create --use` can",
        builder.name, builder.driver, kind.as_str()
    ));
    false
}

const INLINE: &str = "type=inline";

impl Caches {
    fn add_source(
        &mut self,
        entry: &CacheEntry,
        declaration: &ImageDeclaration,
        facts: &CacheFacts,
        fill: &dyn Fn(&str) -> String,
    ) {
        let source = match entry.kind {
            // It lies in the last image, wherever that is.
            CacheKind::Inline => {
                let given = entry.options.get("ref").map(|reference| fill(reference));
                let Some(reference) = given.or_else(|| (facts.last)(&declaration.name)) else {
                    return;
                };
                format!("type=registry,ref={reference}")
            }
            CacheKind::Local => {
                let folder = fill(&entry.option("src"));
                if !(facts.holds_cache)(&folder) {
                    return;
                }
                entry.render(Direction::From, fill)
            }
            _ => entry.render(Direction::From, fill),
        };
        if !self.from.contains(&source) {
            self.from.push(source);
        }
    }

    fn add_destination(&mut self, entry: &CacheEntry, fill: &dyn Fn(&str) -> String) {
        let mut entry = entry.clone();
        if entry.kind == CacheKind::Local {
            let folder = fill(&entry.option("dest"));
            let fresh = format!("{folder}.new");
            entry.options.insert("dest".to_owned(), fresh.clone());
            self.folders.push(CacheFolder { fresh, folder });
        }
        if entry.kind == CacheKind::Registry {
            let reference = fill(&entry.option("ref")).parse::<ImageReference>();
            self.repositories.extend(reference.ok().map(|reference| reference.repository));
        }
        let destination = entry.render(Direction::To, fill);
        if !self.to.contains(&destination) {
            self.to.push(destination);
        }
    }
}

fn fill_in(template: &str, declaration: &ImageDeclaration, facts: &CacheFacts) -> String {
    let registry = facts.registry.map(ToString::to_string).unwrap_or_default();
    template
        .replace("{registry}", &registry)
        .replace("{name}", declaration.name.as_str())
        .replace("{platform}", &declaration.platform.to_string().replace('/', "-"))
        .replace("{stack}", facts.stack)
}

#[cfg(test)]
mod tests;
