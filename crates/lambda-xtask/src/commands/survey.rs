//! What `build-lambdas` and `explain` both need to know first: inputs, git, names, the store.
//!
//! Files are hashed while git is asked; the store is asked when the names are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::graph::ContextFolder;
use lambda_images::plan::{Destination, ImageNames, Plan, PlanFacts, Stored, image_names, plan};
use lambda_images::record::Record;
use lambda_images::tag::GitState;

use crate::environment::Environment;
use crate::failure::usage;
use crate::git::git_states;
use crate::hash_cache::HashCache;
use crate::inputs::{Folders, ImageInputs};
use crate::state::State;
use crate::store::Store;
use crate::workspace::Workspace;

/// A workspace and all that is known about its images.
pub(crate) struct Survey {
    pub(crate) workspace: Workspace,
    pub(crate) state: State,
    /// The caller's, in the workspace root.
    pub(crate) environment: Environment,
    pub(crate) stack: String,
    pub(crate) destination: Destination,
    pub(crate) inputs: ImageInputs,
    pub(crate) git: BTreeMap<ImageName, GitState>,
    pub(crate) names: BTreeMap<ImageName, ImageNames>,
    /// Held by a run: two at once would write over each other's logs and manifest.
    _lock: Option<File>,
}

/// Which store the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The registry if one is configured, else the local store.
    Configured,
    /// `--load`
    Local,
    /// `--push`
    Registry,
}

impl Survey {
    pub(crate) fn take(
        environment: &Environment,
        stack: Option<&str>,
        wanted: Wanted,
        alone: bool,
    ) -> anyhow::Result<Survey> {
        let workspace = Workspace::load(environment)?;
        let state = State::of_workspace(&workspace.root);
        let lock = if alone { Some(state.lock()?) } else { None };
        let stack = workspace.stack(stack, environment);
        let registry = workspace.config.registry.as_ref();
        let destination = match (wanted, registry) {
            (Wanted::Local, _) | (Wanted::Configured, None) => Destination::Local,
            (Wanted::Registry | Wanted::Configured, Some(_)) => Destination::Registry,
            (Wanted::Registry, None) => {
                let hint = "set `registry = \"…\"` in `[workspace.metadata.lambda-images]` of the root `Cargo.toml`";
                return Err(usage("there is no registry to push to", hint));
            }
        };
        let known = state.read_hashes();
        let hashes = HashCache::parse(&known);
        let folders = Folders::read(&workspace.root, &workspace.graph, &hashes)?;
        if let Some(hashes) = hashes.render(|| folders.paths()) {
            state.write_hashes(&hashes);
        }
        let (inputs, git) = std::thread::scope(|scope| {
            let git = scope.spawn(|| git_states(&workspace, &folders, environment, &state));
            let inputs = folders.image_inputs(&workspace.graph);
            let git = git.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (inputs, git)
        });
        let git = git.context("failed to ask git")?;
        let mut names = BTreeMap::new();
        for image in workspace.graph.images() {
            let name = image.name();
            let fingerprint = inputs.records[name].fingerprint;
            let made =
                image_names(&workspace.config, registry, &stack, name, &git[name], &fingerprint);
            let made = made.map_err(|error| {
                usage(
                    error.to_string(),
                    format!("is `{stack}` a good stack? it is part of every repository's name"),
                )
            })?;
            names.insert(name.clone(), made);
        }
        let environment = environment.clone().in_folder(&workspace.root);
        Ok(Survey {
            workspace,
            state,
            environment,
            stack,
            destination,
            inputs,
            git,
            names,
            _lock: lock,
        })
    }

    /// Input files of an image that are not what they were when the survey was taken.
    pub(crate) fn changed_inputs(&self, name: &ImageName) -> anyhow::Result<Vec<String>> {
        let image =
            self.workspace.graph.get(name).context("an image of the plan is in the graph")?;
        let known = self.state.read_hashes();
        let root = &self.workspace.root;
        let folders =
            Folders::read_images(root, std::slice::from_ref(image), &HashCache::parse(&known))?;
        let before = &self.inputs.records[name];
        let files_of = |folder: &ContextFolder| folders.files_of(folder);
        let now = Record::new(image, &before.inputs, before.fingerprint, files_of).files;
        let is_other = |path: &&String| before.files.get(*path) != now.get(*path);
        let paths: BTreeSet<&String> = before.files.keys().chain(now.keys()).collect();
        let mut changed: Vec<String> = paths.into_iter().filter(is_other).cloned().collect();
        let path = &image.declaration.dockerfile;
        let text = std::fs::read_to_string(root.join(path)).ok();
        if text.as_ref() != self.workspace.dockerfiles.get(path) && !changed.contains(path) {
            changed.push(path.clone());
        }
        Ok(changed)
    }

    pub(crate) fn store(&self) -> Store<'_> {
        Store { environment: &self.environment, destination: self.destination }
    }

    /// Names of the images asked for and of all that they stand on.
    pub(crate) fn names_of(
        &self,
        selected: &BTreeSet<ImageName>,
    ) -> BTreeMap<ImageName, ImageNames> {
        let wanted = self.workspace.graph.with_bases(selected.iter().cloned());
        let all = selected.is_empty();
        self.names
            .iter()
            .filter(|(name, _)| all || wanted.contains(*name))
            .map(|(name, names)| (name.clone(), names.clone()))
            .collect()
    }

    /// The records of the last builds here.
    pub(crate) fn last_records(&self) -> BTreeMap<ImageName, Record> {
        self.names
            .keys()
            .filter_map(|name| Some((name.clone(), self.state.read_record(name)?)))
            .collect()
    }

    pub(crate) fn plan(
        &self,
        selected: &BTreeSet<ImageName>,
        stored: &Result<BTreeMap<ImageName, Stored>, String>,
        last: &BTreeMap<ImageName, Record>,
        force: bool,
    ) -> Plan {
        let facts = PlanFacts {
            config: &self.workspace.config,
            records: &self.inputs.records,
            last,
            names: &self.names,
            git: &self.git,
            stored: stored.as_ref().map_err(String::as_str),
            network: self.workspace.network,
            destination: self.destination,
            selected,
            force,
        };
        plan(&self.workspace.graph, &facts)
    }
}
