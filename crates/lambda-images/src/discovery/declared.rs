//! One image's declaration: settings to values, with paths from the root.

use std::collections::BTreeMap;

use dockerfile::image_name::short_name;
use dockerfile::is_pinned_url;

use super::{ContextSource, ImageDeclaration, ImageName, UnsetArg};
use crate::cache::{CacheEntry, Direction};
use crate::config::{Config, ContextKind, ImageSettings, Kind, Sharing, read_caches};
use crate::paths;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::secrets::Written;
use crate::table::Text;
use crate::variables::ArgValue;

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
        let args = Args::new(config, self.path, &settings.args);
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
        let written =
            Written { path: self.path, folder: self.folder, variables: &config.variables };
        let handed = written.read_all(&settings.secrets, &settings.ssh, problems);
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
            args: args.values,
            unset_args: args.unset,
            arg_variables: args.variables,
            own_args: settings.args.iter().map(|(name, arg)| (name.clone(), arg.place())).collect(),
            platform,
            base_is_own: settings.base.is_some(),
            base: settings.base.clone().or(inherited),
            handed,
            reads: settings.reads,
            cache_from,
            cache_to,
            package: None,
        })
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

/// Build args, after variables.
#[derive(Default)]
struct Args {
    values: BTreeMap<String, String>,
    unset: BTreeMap<String, UnsetArg>,
    variables: BTreeMap<String, String>,
}

impl Args {
    /// Those of the workspace, and `own` ones in their place, which `path` sets.
    fn new(config: &Config, path: &str, own: &BTreeMap<String, ArgValue>) -> Args {
        let mut args = Args::default();
        let shared = config.args.iter().filter(|(name, _)| !own.contains_key(*name));
        shared.for_each(|(name, arg)| args.add(config, &config.path, name, arg));
        own.iter().for_each(|(name, arg)| args.add(config, path, name, arg));
        args
    }

    fn add(&mut self, config: &Config, path: &str, name: &str, arg: &ArgValue) {
        let ArgValue::Variable { name: variable, .. } = arg else {
            self.values.extend(arg.value(&config.variables).map(|v| (name.into(), v.into())));
            return;
        };
        self.variables.insert(name.to_owned(), variable.value.clone());
        match arg.value(&config.variables) {
            Some(value) => drop(self.values.insert(name.to_owned(), value.to_owned())),
            None => {
                let (variable, path) = (variable.value.clone(), path.to_owned());
                let unset = UnsetArg { variable, path, place: arg.place() };
                self.unset.insert(name.to_owned(), unset);
            }
        }
    }
}
