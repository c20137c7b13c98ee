//! Text to values.

use toml_edit::TableLike;

use super::{
    Config, ContextKind, ImageSettings, Kind, Network, Reads, RegistryKind, RegistrySetting,
    RepositoryTags, TagPolicy,
};
use crate::base_lock::BaseLock;
use crate::cache::{CacheEntry, Direction, parse_cache};
use crate::keys;
use crate::mirror::Mirrors;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::reference::InvalidReference;
use crate::table::{Source, Text, Values};
use crate::variables::Variables;

/// Whether a `Cargo.toml` has a `[workspace]`, and thus is the root of one.
pub fn has_workspace(text: &str) -> bool {
    toml_edit::Document::parse(text).is_ok_and(|root| root.contains_key("workspace"))
}

/// Reads the configuration from the text of the root `Cargo.toml`. A file without the table
/// gives the defaults: the conventional layout needs no configuration.
///
/// What is wrong becomes a problem with its line and column; the rest is read all the same,
/// so that the problems of later steps can be told together with these.
pub fn parse_config(path: &str, text: &str) -> (Config, Vec<Problem>) {
    let source = Source::new(path, text);
    let mut problems = Vec::new();
    let root = toml_edit::Document::parse(text).map_or_else(
        |error| {
            let (line, column) = source.place(error.span());
            problems
                .push(Problem::of_file(path, error.message().trim().to_owned()).at(line, column));
            toml_edit::Table::new()
        },
        toml_edit::Document::into_table,
    );
    let metadata = root.get("workspace").and_then(|item| item.as_table_like()?.get("metadata"));
    let beside = |name: &str| metadata.and_then(|item| item.as_table_like()?.get(name));
    report_misnamed(&source, beside, "lambda-images", &mut problems);
    let empty = toml_edit::Table::new();
    let metadata = root.get("workspace").and_then(|item| item.as_table_like()?.get("metadata"));
    let table = metadata.and_then(|item| item.as_table_like()?.get("lambda-images"));
    let table: &dyn TableLike = match table {
        None => &empty,
        Some(item) => item.as_table_like().unwrap_or_else(|| {
            let (line, column) = source.place(item.span());
            problems.push(
                Problem::of_file(path, "`workspace.metadata.lambda-images` must be a table")
                    .at(line, column),
            );
            &empty
        }),
    };
    let values = source.read(table, keys::WORKSPACE, &mut problems);
    let config = read_config(&source, values, &mut problems);
    (config, problems)
}

/// A table beside ours that was surely meant to be ours: it is told for one by its `s`.
pub(crate) fn report_misnamed<'t>(
    source: &Source,
    table: impl Fn(&str) -> Option<&'t toml_edit::Item>,
    name: &str,
    problems: &mut Vec<Problem>,
) {
    for other in ["lambda-image", "lambda-images", "lambda_image", "lambda_images"] {
        if let Some(item) = table(other).filter(|_| other != name) {
            let (line, column) = source.place(item.span());
            let problem = Problem::of_file(source.path, format!("unknown table `{other}`"));
            problems.push(problem.at(line, column).hint(format!("did you mean `{name}`?")));
        }
    }
}

/// Reads `[tool.lambda-image]` of a `pyproject.toml`.
pub(crate) fn read_pyproject_settings(
    source: &Source,
    table: &dyn TableLike,
    place: (usize, usize),
    problems: &mut Vec<Problem>,
) -> ImageSettings {
    let values = source.read(table, keys::PYPROJECT, problems);
    read_image_settings(values, place)
}

fn read_config(source: &Source, mut values: Values, problems: &mut Vec<Problem>) -> Config {
    let mut refuse = |text: &Text, message: String, hint: &str| {
        problems
            .push(Problem::of_file(source.path, message).at(text.place.0, text.place.1).hint(hint));
    };
    let registry = values.text("registry").and_then(|text| {
        if text.value == "ecr" {
            return Some(RegistrySetting::Ecr);
        }
        match text.value.trim_end_matches('/').parse() {
            Ok(registry) => Some(RegistrySetting::Host(registry)),
            Err(error) => {
                let hint = "give a host such as `123456789012.dkr.ecr.us-east-1.amazonaws.com`, without `https://`, or `ecr`";
                refuse(&text, InvalidReference::to_string(&error), hint);
                None
            }
        }
    });
    let repository = values
        .text("repository")
        .unwrap_or_else(|| Text { value: "{name}-{stack}".to_owned(), place: (1, 1) });
    if !repository.value.contains("{name}") {
        refuse(
            &repository,
            "`repository` has no `{name}`: all images would share one repository".to_owned(),
            "as in \"{name}-{stack}\"",
        );
    }
    let platform = values.text("platform").map_or_else(Platform::default, |text| {
        text.value.parse().unwrap_or_else(|error: crate::platform::InvalidPlatform| {
            refuse(&text, error.to_string(), "as in \"linux/arm64\"");
            Platform::default()
        })
    });
    let mut mirrors = Mirrors::default();
    for (from, to) in values.table("mirrors") {
        if let Err(error) = mirrors.add(&from, &to.value) {
            refuse(
                &to,
                error.to_string(),
                "as in `\"public.ecr.aws/\" = \"mirror.example/ecr-public/\"`",
            );
        }
    }
    let globs = |name, default: &str, values: &mut Values| {
        values
            .texts(name)
            .unwrap_or_else(|| vec![Text { value: default.to_owned(), place: (1, 1) }])
    };
    let mut config = Config {
        path: source.path.to_owned(),
        packages: globs("packages", "packages/*", &mut values),
        lambdas: globs("lambdas", "lambdas/*", &mut values),
        registry,
        registry_kind: match values.text("registry-kind").map(|text| text.value).as_deref() {
            Some("ecr") => Some(RegistryKind::Ecr),
            Some(_) => Some(RegistryKind::Other),
            None => None,
        },
        ecr_tags: match values.text("ecr-tags").map(|text| text.value).as_deref() {
            Some("immutable") => RepositoryTags::Immutable,
            _ => RepositoryTags::Mutable,
        },
        repository,
        stack: values.text("stack").map_or_else(|| "dev".to_owned(), |text| text.value),
        platform,
        base: values.text("base"),
        context: match values.text("context").map(|text| text.value).as_deref() {
            Some("workspace") => ContextKind::Workspace,
            _ => ContextKind::Image,
        },
        mirrors,
        base_lock: BaseLock::default(),
        tag_policy: match values.text("tag-policy").map(|text| text.value).as_deref() {
            Some("content") => TagPolicy::Content,
            _ => TagPolicy::Git,
        },
        check_tags_exclude: values.texts("check-tags-exclude").unwrap_or_default(),
        args: values.args(),
        secrets: values.texts("secrets").unwrap_or_default(),
        ssh: values.texts("ssh").unwrap_or_default(),
        variables: Variables::default(),
        network: values
            .text("network")
            .and_then(|text| parse_network(&text.value))
            .unwrap_or(Network::Default),
        cache_from: Vec::new(),
        cache_to: Vec::new(),
        protected_stacks: match values.texts("protected-stacks") {
            None => vec!["prod".to_owned(), "production".to_owned()],
            Some(names) => names.into_iter().map(|name| name.value).collect(),
        },
        images: Vec::new(),
    };
    let has_registry = config.registry.is_some();
    let mut caches = |name: &str, direction| {
        let texts = values.texts(name).unwrap_or_default();
        read_caches(
            source.path,
            &texts,
            direction,
            Sharing { is_shared: true, has_registry },
            problems,
        )
    };
    config.cache_from = caches("cache-from", Direction::From);
    config.cache_to = caches("cache-to", Direction::To);
    for (table, place) in std::mem::take(&mut values.images) {
        let mut entry = source.read(table, keys::IMAGE_ENTRY, problems);
        let kind = match entry.text("kind").map(|text| text.value).as_deref() {
            Some("base") => Kind::Base,
            _ => Kind::Lambda,
        };
        let settings = ImageSettings { kind: Some(kind), ..read_image_settings(entry, place) };
        for (key, given) in [("name", &settings.name), ("dockerfile", &settings.dockerfile)] {
            if given.is_none() {
                let problem = Problem::of_file(source.path, format!("this image has no `{key}`"))
                    .at(place.0, place.1);
                problems.push(problem.hint(format!("add `{key} = \"…\"`")));
            }
        }
        config.images.push(settings);
    }
    config
}

/// Who uses a cache entry, and what it can lean on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sharing {
    pub(crate) is_shared: bool,
    pub(crate) has_registry: bool,
}

/// Reads the entries of `cache-from` or `cache-to`.
pub(crate) fn read_caches(
    path: &str,
    texts: &[Text],
    direction: Direction,
    sharing: Sharing,
    problems: &mut Vec<Problem>,
) -> Vec<CacheEntry> {
    let mut entries = Vec::new();
    for text in texts {
        let problem = |message: String, hint: String| {
            Problem::of_file(path, message).at(text.place.0, text.place.1).hint(hint)
        };
        match parse_cache(&text.value, direction, sharing.is_shared) {
            Err(error) => problems.push(problem(error.message, error.hint)),
            Ok(entry) if entry.needs_registry() && !sharing.has_registry => problems.push(problem(
                format!("`{}` needs a registry, and none is configured", text.value),
                "set `registry`, or name the cache's repository: \"registry,ref=…\"".to_owned(),
            )),
            Ok(entry) => entries.push(entry),
        }
    }
    entries
}

/// One of the values of `network`, in the configuration or in `LAMBDA_IMAGES_NETWORK`.
pub fn parse_network(text: &str) -> Option<Network> {
    match text {
        "default" => Some(Network::Default),
        "host" => Some(Network::Host),
        "none" => Some(Network::None),
        _ => None,
    }
}

fn read_image_settings(mut values: Values, place: (usize, usize)) -> ImageSettings {
    ImageSettings {
        place,
        name: values.text("name"),
        kind: None,
        dockerfile: values.text("dockerfile"),
        context: values.text("context"),
        contexts: values.table("contexts"),
        target: values.text("target"),
        args: values.args(),
        platform: values.text("platform"),
        base: values.text("base"),
        secrets: values.texts("secrets").unwrap_or_default(),
        ssh: values.texts("ssh").unwrap_or_default(),
        cache_from: values.texts("cache-from"),
        cache_to: values.texts("cache-to"),
        reads: match values.text("reads").map(|text| text.value).as_deref() {
            Some("context") => Reads::Context,
            _ => Reads::Dockerfile,
        },
    }
}
