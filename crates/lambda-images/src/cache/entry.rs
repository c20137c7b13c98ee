//! One entry of `cache-from` or `cache-to`: its kind and its options, checked.
//!
//! It is written as buildx has it, `type=registry,ref=…`, or shorter: `registry`,
//! `registry,ref=…`, or a reference alone. Options that are left out get what the kind needs.

use std::collections::BTreeMap;
use std::fmt;

use crate::paths;
use crate::problem::suggestion;
use crate::reference::ImageReference;

/// Where a cache lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheKind {
    /// A repository of a registry.
    Registry,
    /// A folder.
    Local,
    /// GitHub's cache for Actions.
    Gha,
    /// An S3 bucket.
    S3,
    /// Inside the image.
    Inline,
}

/// Which way layers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `cache-from`
    From,
    /// `cache-to`
    To,
}

/// An entry that was checked. Values may hold placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// Where it lies.
    pub kind: CacheKind,
    /// As written, without `type`.
    pub options: BTreeMap<String, String>,
}

/// Why a text is no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCache {
    /// A lowercase fragment.
    pub message: String,
    /// The mend.
    pub hint: String,
}

impl fmt::Display for InvalidCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

const KINDS: [CacheKind; 5] =
    [CacheKind::Registry, CacheKind::Local, CacheKind::Gha, CacheKind::S3, CacheKind::Inline];

/// Options of every export but an inline one.
const EXPORT: &[&str] = &["mode", "ignore-error"];
const COMPRESSION: &[&str] =
    &["oci-mediatypes", "image-manifest", "compression", "compression-level", "force-compression"];
const S3: &[&str] = &[
    "region",
    "bucket",
    "name",
    "prefix",
    "blobs_prefix",
    "manifests_prefix",
    "endpoint_url",
    "use_path_style",
];
/// What must not stand in a file or in argv.
const SECRETS: [&str; 5] =
    ["token", "ghtoken", "access_key_id", "secret_access_key", "session_token"];
const PLACEHOLDERS: [&str; 4] = ["registry", "name", "platform", "stack"];

impl CacheKind {
    /// As in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            CacheKind::Registry => "registry",
            CacheKind::Local => "local",
            CacheKind::Gha => "gha",
            CacheKind::S3 => "s3",
            CacheKind::Inline => "inline",
        }
    }

    fn options(self, direction: Direction) -> Vec<&'static str> {
        let parts: &[&[&'static str]] = match (self, direction) {
            (CacheKind::Registry, Direction::From) | (CacheKind::Inline, Direction::From) => {
                &[&["ref"]]
            }
            (CacheKind::Registry, Direction::To) => &[&["ref"], EXPORT, COMPRESSION],
            (CacheKind::Local, Direction::From) => &[&["src", "digest", "tag"]],
            (CacheKind::Local, Direction::To) => &[&["dest", "tag"], EXPORT, COMPRESSION],
            (CacheKind::Gha, Direction::From) => &[&["scope", "url", "timeout"]],
            (CacheKind::Gha, Direction::To) => &[&["scope", "url", "timeout"], EXPORT],
            (CacheKind::S3, Direction::From) => &[S3],
            (CacheKind::S3, Direction::To) => {
                &[S3, EXPORT, &["touch_refresh", "upload_parallelism"]]
            }
            (CacheKind::Inline, Direction::To) => &[],
        };
        parts.concat()
    }

    /// What stands where an option is left out.
    fn defaults(self, direction: Direction) -> Vec<(&'static str, &'static str)> {
        let mut defaults = match (self, direction) {
            (CacheKind::Registry, _) => vec![("ref", "{registry}/cache:{name}-{platform}")],
            (CacheKind::Local, Direction::From) => vec![("src", FOLDER)],
            (CacheKind::Local, Direction::To) => vec![("dest", FOLDER)],
            (CacheKind::Gha, _) => vec![("scope", "{name}-{platform}")],
            (CacheKind::S3, _) => vec![("name", "{name}-{platform}")],
            (CacheKind::Inline, _) => vec![],
        };
        if direction == Direction::To && self != CacheKind::Inline {
            // An image that was built is built, whatever becomes of its cache.
            defaults.extend([("mode", "max"), ("ignore-error", "true")]);
        }
        if direction == Direction::To && self == CacheKind::Registry {
            // ECR takes a cache only as an image, and others take that too.
            defaults.extend([("image-manifest", "true"), ("oci-mediatypes", "true")]);
        }
        defaults
    }

    /// The option by which the caches of two images are told apart.
    fn place(self, direction: Direction) -> Option<&'static str> {
        match (self, direction) {
            (CacheKind::Registry, _) | (CacheKind::Inline, Direction::From) => Some("ref"),
            (CacheKind::Local, Direction::From) => Some("src"),
            (CacheKind::Local, Direction::To) => Some("dest"),
            (CacheKind::Gha, _) => Some("scope"),
            (CacheKind::S3, _) => Some("name"),
            (CacheKind::Inline, Direction::To) => None,
        }
    }
}

const FOLDER: &str = "target/lambda-images/cache/{name}-{platform}";

/// Reads an entry. `is_shared`: it is of all images, and must tell them apart.
///
/// # Errors
/// An unknown kind, option or placeholder, a value that can't be one, a place that images would
/// share, a secret.
pub fn parse_cache(
    text: &str,
    direction: Direction,
    is_shared: bool,
) -> Result<CacheEntry, InvalidCache> {
    let entry = read_entry(text, direction)?;
    for (name, value) in &entry.options {
        check_value(name, value)?;
    }
    if entry.kind == CacheKind::S3 && !entry.options.contains_key("bucket") {
        return Err(invalid(format!("`{text}` has no bucket"), "as in \"s3,bucket=layers\""));
    }
    let place = entry.kind.place(direction);
    if let Some((name, value)) = place.and_then(|name| Some((name, entry.options.get(name)?)))
        && is_shared
        && !value.contains("{name}")
    {
        return Err(invalid(
            format!(
                "`{value}` has no `{{name}}`: all images would share one cache, and each export replaces the last"
            ),
            format!("as in \"{},{name}={value}-{{name}}-{{platform}}\"", entry.kind.as_str()),
        ));
    }
    Ok(entry)
}

fn invalid(message: impl Into<String>, hint: impl Into<String>) -> InvalidCache {
    InvalidCache { message: message.into(), hint: hint.into() }
}

fn read_entry(text: &str, direction: Direction) -> Result<CacheEntry, InvalidCache> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    let mut kind = None;
    for (index, field) in text.split(',').map(str::trim).enumerate() {
        match field.split_once('=') {
            Some(("type", value)) => kind = Some(value),
            Some(field) => fields.push(field),
            // A reference alone, as buildx takes one.
            None if index == 0 && field.contains(['/', ':']) => {
                kind = Some("registry");
                fields.push(("ref", field));
            }
            None if index == 0 => kind = Some(field),
            None => {
                return Err(invalid(
                    format!("`{field}` is no option"),
                    "options are written `name=value`",
                ));
            }
        }
    }
    let names = || KINDS.iter().map(|kind| kind.as_str());
    let given = kind.unwrap_or_default();
    let Some(kind) = KINDS.into_iter().find(|kind| kind.as_str() == given) else {
        let hint = match suggestion(given, names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "the kinds are `registry`, `local`, `gha`, `s3` and `inline`".to_owned(),
        };
        return Err(invalid(format!("`{given}` is no kind of cache"), hint));
    };
    let known = kind.options(direction);
    let mut options = BTreeMap::new();
    for (name, value) in fields {
        if SECRETS.contains(&name) {
            return Err(invalid(
                format!("`{name}` is a secret, and the command line of a build is no place for it"),
                "leave it out: docker takes it from its environment or its configuration",
            ));
        }
        if !known.contains(&name) {
            let hint = match suggestion(name, known.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None if known.is_empty() => format!("`{}` has no options here", kind.as_str()),
                None => format!("the options are {}", quoted(&known)),
            };
            return Err(invalid(format!("`{}` has no option `{name}`", kind.as_str()), hint));
        }
        options.insert(name.to_owned(), value.to_owned());
    }
    Ok(CacheEntry { kind, options })
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn check_value(name: &str, value: &str) -> Result<(), InvalidCache> {
    let one_of = |allowed: &[&str]| match allowed.contains(&value) {
        true => Ok(()),
        false => Err(invalid(
            format!("`{name}` can't be `{value}`"),
            format!("it can be {}", quoted(allowed)),
        )),
    };
    let mut filled = value.to_owned();
    for placeholder in PLACEHOLDERS {
        let example = if placeholder == "registry" { "registry.example" } else { "x" };
        filled = filled.replace(&format!("{{{placeholder}}}"), example);
    }
    if value.is_empty() || filled.contains(['{', '}', '"']) {
        return Err(invalid(
            format!("`{name}` can't be `{value}`"),
            "the placeholders are `{registry}`, `{name}`, `{platform}` and `{stack}`",
        ));
    }
    match name {
        "mode" => one_of(&["min", "max"]),
        "image-manifest" | "oci-mediatypes" | "force-compression" | "ignore-error"
        | "use_path_style" => one_of(&["true", "false"]),
        "compression" => one_of(&["gzip", "estargz", "zstd", "uncompressed"]),
        "ref" => filled.parse::<ImageReference>().map(drop).map_err(|error| {
            invalid(error.to_string(), "as in \"registry,ref={registry}/cache:{name}-{platform}\"")
        }),
        "src" | "dest" => match paths::join("", &filled) {
            Some(path) if !path.is_empty() => Ok(()),
            _ => Err(invalid(
                format!("`{value}` leads out of the workspace"),
                "a local cache is a folder below the workspace root",
            )),
        },
        _ => Ok(()),
    }
}

impl CacheEntry {
    /// An option as written, or what stands in its place.
    pub fn option(&self, name: &str) -> String {
        self.options.get(name).cloned().unwrap_or_else(|| {
            let all = self.kind.defaults(Direction::From).into_iter();
            let mut all = all.chain(self.kind.defaults(Direction::To));
            let default = all.find(|default| default.0 == name);
            default.map(|default| default.1.to_owned()).unwrap_or_default()
        })
    }

    /// Whether it can't be told where it lies without a registry.
    pub fn needs_registry(&self) -> bool {
        match self.kind {
            CacheKind::Registry => self.option("ref").contains("{registry}"),
            _ => self.options.values().any(|value| value.contains("{registry}")),
        }
    }

    /// As buildx takes it, its placeholders filled in.
    pub(super) fn render(&self, direction: Direction, fill: &dyn Fn(&str) -> String) -> String {
        let mut options: Vec<(&str, String)> = Vec::new();
        for (name, value) in &self.options {
            options.push((name, fill(value)));
        }
        for (name, value) in self.kind.defaults(direction) {
            if !self.options.contains_key(name) {
                options.push((name, fill(value)));
            }
        }
        options.sort();
        let mut text = format!("type={}", self.kind.as_str());
        for (name, value) in options {
            text += &format!(",{name}={value}");
        }
        text
    }
}

#[cfg(test)]
mod tests;
