//! One image's declaration: settings to values, with paths from the root.

use std::collections::BTreeMap;

use dockerfile::image_name::short_name;
use dockerfile::is_pinned_url;

use super::{ContextSource, ImageDeclaration, ImageName};
use crate::cache::{CacheEntry, Direction};
use crate::config::{Config, ContextKind, ImageSettings, Kind, Sharing, read_caches};
use crate::paths;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::table::Text;

/// The file, folder and place that a declaration's paths and problems are relative to.
pub(super) struct Declared<'a> {
    pub(super) path: &'a str,
    pub(super) folder: &'a str,
    pub(super) place: (usize, usize),
}

impl Declared<'_> {
    fn problem(&self, text: Option<&Text>, message: String) -> Problem {
        let (line, column) = text.map_or(self.place, |text| text.place);
        Problem::of_file(self.path, message).at(line, column)
    }

    pub(super) fn image_name(&self, text: &str, problems: &mut Vec<Problem>) -> Option<ImageName> {
        let name = ImageName::new(text);
        if name.is_none() {
            let problem = self.problem(None, format!("`{text}` can't be an image's name"));
            problems.push(problem.hint("an image's name is part of its repository's: lowercase letters and digits, joined by `-`, `_` or `.`"));
        }
        name
    }

    pub(super) fn join(
        &self,
        relative: &str,
        text: Option<&Text>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let joined = paths::join(self.folder, relative);
        if joined.is_none() {
            let problem = self.problem(text, format!("`{relative}` leads out of the workspace"));
            problems.push(problem.hint("paths are relative, and stay below the workspace root"));
        }
        joined
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "every argument is a different part of one declaration"
    )]
    pub(super) fn image(
        &self,
        config: &Config,
        name: ImageName,
        kind: Kind,
        dockerfile: String,
        own_folder: &str,
        settings: &ImageSettings,
        problems: &mut Vec<Problem>,
    ) -> Option<ImageDeclaration> {
        let context = match settings.context.as_ref().map(|text| text.value.as_str()) {
            None => match config.context {
                ContextKind::Image => own_folder.to_owned(),
                ContextKind::Workspace => String::new(),
            },
            Some("image") => own_folder.to_owned(),
            Some("workspace") => String::new(),
            Some(path) => self.join(path, settings.context.as_ref(), problems)?,
        };
        let mut contexts = BTreeMap::new();
        for (context_name, text) in &settings.contexts {
            self.check_context_name(context_name, text, &contexts, problems);
            if let Some(source) = self.context_source(text, problems) {
                contexts.insert(context_name.clone(), source);
            }
        }
        let mut args = config.args.clone();
        args.extend(settings.args.iter().map(|(name, text)| (name.clone(), text.value.clone())));
        let platform = match &settings.platform {
            None => config.platform.clone(),
            Some(text) => match text.value.parse::<Platform>() {
                Ok(platform) => platform,
                Err(error) => {
                    problems.push(
                        self.problem(Some(text), error.to_string()).hint("as in \"linux/arm64\""),
                    );
                    config.platform.clone()
                }
            },
        };
        for secret in &settings.secrets {
            if !secret.value.split(',').any(|part| part.starts_with("id=")) {
                let problem =
                    self.problem(Some(secret), format!("the secret `{}` has no id", secret.value));
                problems.push(problem.hint("as in \"id=pip-token,env=PIP_TOKEN\""));
            }
        }
        let has_registry = config.registry.is_some();
        let sharing = Sharing { is_shared: false, has_registry };
        let mut caches = |own: &Option<Vec<Text>>, shared: &Vec<CacheEntry>, direction| match own {
            None => shared.clone(),
            Some(texts) => read_caches(self.path, texts, direction, sharing, problems),
        };
        let cache_from = caches(&settings.cache_from, &config.cache_from, Direction::From);
        let cache_to = caches(&settings.cache_to, &config.cache_to, Direction::To);
        let inherited = if kind == Kind::Lambda { config.base.clone() } else { None };
        Some(ImageDeclaration {
            name,
            kind,
            declared_in: self.path.to_owned(),
            place: self.place,
            dockerfile,
            dockerfile_required: true,
            context,
            contexts,
            target: settings.target.as_ref().map(|text| text.value.clone()),
            args,
            own_args: settings.args.iter().map(|(name, text)| (name.clone(), text.place)).collect(),
            platform,
            base_is_own: settings.base.is_some(),
            base: settings.base.clone().or(inherited),
            secrets: settings.secrets.iter().map(|text| self.secret(&text.value)).collect(),
            reads: settings.reads,
            cache_from,
            cache_to,
            package: None,
        })
    }

    /// A secret with its file, if it has one, from the root: like every path, it was written
    /// relative to the folder of the declaration.
    fn secret(&self, text: &str) -> String {
        let part = |part: &str| match part.split_once('=') {
            Some((key @ ("src" | "source"), path)) => {
                let joined = paths::join(self.folder, path).unwrap_or_else(|| path.to_owned());
                format!("{key}={joined}")
            }
            _ => part.to_owned(),
        };
        text.split(',').map(part).collect::<Vec<_>>().join(",")
    }

    /// A named context's name is that of an image, and what Dockerfiles call it may be shorter.
    fn check_context_name(
        &self,
        name: &str,
        text: &Text,
        others: &BTreeMap<String, ContextSource>,
        problems: &mut Vec<Problem>,
    ) {
        let Some(short) = short_name(name) else {
            let problem = self.problem(Some(text), format!("`{name}` can't name a context"));
            problems.push(problem.hint("a context's name is that of an image: `files`, `python:3.13` or `registry.example/team/x:1`"));
            return;
        };
        if let Some(other) = others.keys().find(|other| short_name(other).as_ref() == Some(&short))
        {
            let message = format!("the contexts `{other}` and `{name}` are one name to BuildKit");
            problems.push(self.problem(Some(text), message).hint("remove one of them"));
        }
    }

    fn context_source(&self, text: &Text, problems: &mut Vec<Problem>) -> Option<ContextSource> {
        let value = text.value.as_str();
        if let Some(reference) = value.strip_prefix("docker-image://") {
            return Some(ContextSource::Reference(reference.to_owned()));
        }
        if let Some(name) = value.strip_prefix("target:") {
            return self.image_name(name, problems).map(ContextSource::Image);
        }
        if value.starts_with("oci-layout://") && !is_pinned_url(value) {
            let problem = self.problem(Some(text), format!("`{value}` has no digest"));
            problems.push(problem.hint("write `oci-layout://FOLDER@sha256:…`: the files of the folder are no inputs, and its tags may move"));
            return None;
        }
        if value.contains("://") || value.starts_with("git@") {
            return Some(ContextSource::Remote(value.to_owned()));
        }
        self.join(value, Some(text), problems).map(ContextSource::Folder)
    }
}
