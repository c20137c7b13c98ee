//! What `build-lambdas`, `explain` and a bake file need to know first: inputs, git, names, the store.
//!
//! Files are hashed while git is asked; the store is asked when the names are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::SystemTime;

use anyhow::Context as _;
use lambda_images::config::{Config, RepositoryTags};
use lambda_images::discovery::ImageName;
use lambda_images::ecr::Ecr;
use lambda_images::git_ignored::{IgnoredInput, ignored_warnings};
use lambda_images::lock_use::Doubt;
use lambda_images::plan::{
    Action, Destination, ImageNames, Plan, PlanFacts, PlannedImage, Stored, image_names, plan,
};
use lambda_images::record::Record;
use lambda_images::reference::{ImageReference, Registry, Repository};
use lambda_images::stable::{StableBases, dev_names, needed_bases, on_stable, stable_names};
use lambda_images::tag::GitState;

use super::comparison::{Comparison, compare_with_base, since_base};
use super::ignored::find_ignored;
use super::registries::{find_registry, provide_repositories};
use crate::checkout::Disk;
use crate::context_copy::Source;
use crate::display::note;
use crate::environment::Environment;
use crate::failure::usage;
use crate::git::{Against, Differences, Git, NoGit};
use crate::git_states::{earlier_commits, git_states, since_head, tell_unconverted};
use crate::inputs::{AllInputs, Found};
use crate::left_out::LeftOut;
use crate::past::Now;
use crate::process::joined;
use crate::registry::{Holds, RegistryClient, RegistryError};
use crate::state::State;
use crate::store::{FEW, Known, LookUpError, Store};
use crate::tree_caches::TreeCaches;
use crate::unvouched::Unvouched;
use crate::workspace::Workspace;

/// A workspace and all that is known about its images.
pub(crate) struct Survey {
    pub(crate) workspace: Workspace,
    pub(crate) state: State,
    /// The caller's, in the workspace root.
    pub(crate) environment: Environment,
    pub(crate) stack: String,
    pub(crate) destination: Destination,
    pub(crate) found: Found,
    pub(crate) inputs: AllInputs,
    pub(crate) git: BTreeMap<ImageName, GitState>,
    /// What differs from the head.
    since_head: Differences,
    asked_git: Result<Git, NoGit>,
    /// Why git can't be asked about a repository that there is.
    pub(crate) no_git: Option<NoGit>,
    /// What it can't vouch for.
    pub(crate) unvouched: Unvouched,
    /// Images that are not checked out.
    pub(crate) left_out: LeftOut,
    /// The registry of the images' names.
    pub(crate) host: Option<Registry>,
    registry: RegistryClient,
    ecr: Option<Ecr>,
    pub(crate) names: BTreeMap<ImageName, ImageNames>,
    /// In development mode, the bases that are used as they are.
    pub(crate) stable: StableBases,
    /// In development mode, the bases that a run would have to name `stable` first.
    pub(crate) to_come: BTreeSet<ImageName>,
    /// In development mode, `stable` bases that are known to be made from uncommitted files: which.
    pub(crate) dirty_stable: BTreeMap<ImageName, Vec<String>>,
    /// Inputs that git ignores.
    pub(crate) ignored: Vec<IgnoredInput>,
    /// What is known of the local store before it is asked.
    known: Option<Known>,
    /// Held by a run: two at once would write over each other's logs, manifest and copies of contexts.
    lock: Option<File>,
    /// A time before anything was looked at.
    pub(crate) started: SystemTime,
    /// What git said then.
    pub(crate) first_git: BTreeMap<ImageName, GitState>,
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
        let root = Workspace::find_root(environment)?;
        let state = State::of_workspace(&root);
        let lock = if alone { Some(state.lock()?) } else { None };
        let started = SystemTime::now();
        let looked = look(&root, &state, environment, &Against::Head, |workspace| {
            let destination = destination(&workspace.config, wanted)?;
            let found = find_registry(&workspace.config, destination, environment)?;
            let asks = destination == Destination::Local && workspace.graph.images().len() > FEW;
            let known = asks.then(|| Known::ask(environment, state.store_path()));
            anyhow::Ok((destination, found, known))
        })?;
        let Looked { workspace, found, git: asked_git, caches, meanwhile } = looked;
        let (destination, (registry, ecr), known) = meanwhile?;
        caches.keep(&found, &state);
        let stack = workspace.stack(stack, environment);
        tell_warnings(&workspace, &found);
        let (inputs, since_head) = thread::scope(|scope| {
            let since_head = scope.spawn(|| since_head(&asked_git, &workspace, &found));
            (found.inputs(&workspace.graph), joined(since_head))
        });
        let since_head = since_head.context("failed to ask git")?;
        let disk = Disk { root: &root, caches: &caches };
        let now = Now {
            workspace: &workspace,
            found: &found,
            inputs: &inputs,
            caches: &caches,
            checkout: &disk,
            stable: &StableBases::new(),
        };
        let git = git_states(&asked_git, &since_head, &now, &state);
        let mut git = git.context("failed to ask git")?;
        // They take a tenth of all memory.
        drop(caches);
        let no_git = asked_git.as_ref().err().filter(|none| none.is_repository).cloned();
        let unvouched = match &asked_git {
            Ok(git) => Unvouched::find(&root, git, &found).context("failed to ask git")?,
            Err(_) => Unvouched::default(),
        };
        unvouched.mark(&mut git, &workspace.graph, &found, &BTreeSet::new());
        unvouched.tell(no_git.as_ref(), &git);
        tell_unconverted(&asked_git, &found, &since_head, &state)?;
        let left_out = match &asked_git {
            Ok(git) => LeftOut::find(git, &workspace, environment)?,
            Err(_) => LeftOut::default(),
        };
        left_out.note("not built").iter().for_each(|text| note(text));
        asked_git.iter().for_each(Git::end_batch);
        let ignored = find_ignored(&workspace, &found, &asked_git, &git);
        ignored_warnings(&ignored).iter().for_each(|warning| note(&format!("warning: {warning}")));
        let mut names = BTreeMap::new();
        for image in workspace.graph.images() {
            let name = image.name();
            let fingerprint = inputs[name].1;
            let made = image_names(
                &workspace.config,
                registry.as_ref(),
                &stack,
                name,
                &git[name],
                &fingerprint,
            );
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
            host: registry,
            registry: RegistryClient::new(&environment, ecr.clone()),
            ecr,
            environment,
            stack,
            destination,
            found,
            inputs,
            first_git: git.clone(),
            git,
            since_head,
            asked_git,
            no_git,
            unvouched,
            left_out,
            names,
            stable: StableBases::new(),
            to_come: BTreeSet::new(),
            dirty_stable: BTreeMap::new(),
            ignored,
            known,
            lock,
            started,
        })
    }

    /// Lets Lambdas stand on bases as they are, `standing` by their digests; the names of what stands
    /// on one that is `to_come` are not known, and stand for nothing.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn stand_on_stable(&mut self, standing: Standings) -> anyhow::Result<()> {
        let Standings { stable, to_come, dirty } = standing;
        let graph = &self.workspace.graph;
        let mut counted = stable.clone();
        counted.extend(to_come.iter().map(|name| (name.clone(), "to come".to_owned())));
        self.inputs = self.found.inputs_on_stable(graph, &counted);
        // What changed a base changes nothing that uses it as it is, whatever digest it has.
        let same = counted.keys().map(|name| (name.clone(), "as it is".to_owned())).collect();
        let inputs = self.found.inputs_on_stable(graph, &same);
        let own = self.ask_now(&inputs, &same, |now| {
            git_states(&self.asked_git, &self.since_head, now, &self.state)
        });
        let mut own = own.context("failed to ask git")?;
        let bases = counted.keys().cloned().collect();
        self.unvouched.mark(&mut own, graph, &self.found, &bases);
        for name in on_stable(graph, |name| counted.contains_key(name)) {
            let below = needed_bases(graph, &BTreeSet::from([name.clone()]));
            let more = below.iter().filter_map(|base| dirty.get(base)).flatten().cloned();
            if let Some(state) = own.remove(&name) {
                self.git.insert(name.clone(), state.with_dirty(more));
            }
            let names = dev_names(&self.names[&name], &self.inputs[&name].1);
            self.names.insert(name, names);
        }
        for (name, digest) in &stable {
            let names = stable_names(&self.names[name], digest, self.destination);
            self.names.insert(name.clone(), names);
        }
        (self.stable, self.to_come, self.dirty_stable) = (stable, to_come, dirty);
        Ok(())
    }

    /// What differs from a commit.
    pub(crate) fn compare(
        &self,
        given: Option<&str>,
        strict: bool,
        environment: &Environment,
    ) -> anyhow::Result<Comparison> {
        let Survey { workspace, found, asked_git, .. } = self;
        let since = since_base(asked_git, workspace, found, given, environment)?;
        self.ask_now(&self.inputs, &StableBases::new(), |now| {
            compare_with_base(now, asked_git, since, strict, environment)
        })
    }

    /// Asks something of the workspace as it is.
    fn ask_now<T>(
        &self,
        inputs: &AllInputs,
        stable: &StableBases,
        ask: impl FnOnce(&Now) -> T,
    ) -> T {
        let Survey { workspace, found, state, .. } = self;
        let caches = TreeCaches::hashes_of(state);
        let disk = Disk { root: &workspace.root, caches: &caches };
        ask(&Now { workspace, found, inputs, caches: &caches, checkout: &disk, stable })
    }

    /// All that is known of one image.
    pub(crate) fn record(&self, name: &ImageName) -> Record {
        let index = index_of(&self.workspace, name).expect("an image of the plan is in the graph");
        self.found.record(index, &self.workspace.graph.images()[index], &self.inputs[name])
    }

    /// The locks of an image that count by their bytes, and why.
    pub(crate) fn lock_doubts(&self, name: &ImageName) -> BTreeMap<String, Doubt> {
        let Some(index) = index_of(&self.workspace, name) else { return BTreeMap::new() };
        let graph = &self.workspace.graph;
        let Found { contexts, locks, .. } = &self.found;
        contexts.doubts(index, &graph.images()[index], graph, locks)
    }

    /// Bytes of an image's input files.
    pub(crate) fn input_size(&self, name: &ImageName) -> u64 {
        index_of(&self.workspace, name).map_or(0, |index| self.found.contexts.size(index))
    }

    /// What an image is built from.
    pub(crate) fn source(&self, name: &ImageName) -> Option<Source<'_>> {
        let index = index_of(&self.workspace, name)?;
        let image = &self.workspace.graph.images()[index];
        let dockerfile = &self.workspace.dockerfiles[&image.declaration.dockerfile];
        let staged = State::staged_dockerfile(name);
        Some(Source { found: &self.found, index, image, staged, dockerfile })
    }

    /// What git says now, where the survey has what it said while files were hashed.
    pub(crate) fn ask_git_again(&self) -> anyhow::Result<BTreeMap<ImageName, GitState>> {
        let Survey { workspace, found, state, environment, .. } = self;
        let git = Git::ask(&workspace.root, environment, &Against::Head);
        let since_head = since_head(&git, workspace, found).context("failed to ask git")?;
        let inputs = found.inputs(&workspace.graph);
        let states = self
            .ask_now(&inputs, &StableBases::new(), |now| git_states(&git, &since_head, now, state));
        let mut states = states.context("failed to ask git")?;
        self.unvouched.mark(&mut states, &workspace.graph, found, &BTreeSet::new());
        Ok(states)
    }

    /// Held by this run, if it is one.
    pub(crate) fn lock(&self) -> Option<&File> {
        self.lock.as_ref()
    }

    pub(crate) fn store(&self) -> Store<'_> {
        let Survey { environment, destination, registry, .. } = self;
        Store { environment, destination: *destination, registry }
    }

    /// What the store holds of the images asked for and of all that they stand on.
    pub(crate) fn look_up(
        &mut self,
        selected: &BTreeSet<ImageName>,
    ) -> Result<BTreeMap<ImageName, Stored>, LookUpError> {
        // On stable bases images count by digests, which no event may tell of.
        let known = self.known.take().filter(|_| self.stable.is_empty());
        self.store().look_up_with(&self.names_of(selected), known, &self.names)
    }

    /// Sees to it that what is to be pushed has a repository to go to, where the registry makes none:
    /// images, and the caches that are written.
    ///
    /// # Errors
    /// Repositories are missing, all of which are named, or can't be made.
    pub(crate) fn provide_repositories(&self, plan: &Plan, create: bool) -> anyhow::Result<()> {
        let (Some(ecr), Some(host)) = (&self.ecr, &self.host) else { return Ok(()) };
        let mut wanted = BTreeMap::new();
        for image in &plan.images {
            let ours = image.caches.repositories.iter().map(Repository::split);
            let ours = ours.filter(|(of, _)| *of == Some(host.host()));
            wanted.extend(ours.map(|(_, path)| (path, Holds::Caches)));
        }
        // Where there is an image there is a repository.
        let is_new = |image: &&PlannedImage| {
            image.action == Action::Build && image.stored == Stored::default()
        };
        let is_pushed = self.destination == Destination::Registry;
        let holds = Holds::Images(self.workspace.config.ecr_tags);
        for image in plan.images.iter().filter(|_| is_pushed).filter(is_new) {
            let path = image.names.identity.repository.split().1;
            // Where caches are written too, each export moves a tag.
            let both = wanted.contains_key(path).then_some(Holds::Images(RepositoryTags::Mutable));
            wanted.insert(path, both.unwrap_or(holds));
        }
        provide_repositories(&self.environment, ecr, &wanted, create)
    }

    /// Which of some references the registry has, all asked for at once.
    ///
    /// # Errors
    /// It gives no answer.
    pub(crate) fn exist(&self, references: &[&ImageReference]) -> Result<Vec<bool>, RegistryError> {
        let found = self.registry.resolve_all(references)?;
        Ok(found.iter().map(Option::is_some).collect())
    }

    /// The newest commits at which the inputs of each of these images changed, newest first, as far as
    /// git tells.
    pub(crate) fn earlier_commits(
        &self,
        images: &BTreeSet<&ImageName>,
    ) -> BTreeMap<ImageName, Vec<String>> {
        let Ok(git) = &self.asked_git else { return BTreeMap::new() };
        let commits = self.ask_now(&self.inputs, &StableBases::new(), |now| {
            earlier_commits(git, now, &self.since_head, images)
        });
        // They only make a build faster.
        commits.unwrap_or_default()
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

    pub(crate) fn plan(
        &self,
        selected: &BTreeSet<ImageName>,
        stored: Result<&BTreeMap<ImageName, Stored>, &str>,
        force: bool,
    ) -> Plan {
        let facts = PlanFacts {
            config: &self.workspace.config,
            inputs: &self.inputs,
            record_of: &|name| self.record(name),
            staged: &State::staged_dockerfile,
            last: &|name| self.state.read_record(name),
            names: &self.names,
            git: &self.git,
            stored,
            network: self.workspace.network,
            destination: self.destination,
            selected,
            force,
            stable: &self.stable,
            to_come: &self.to_come,
        };
        plan(&self.workspace.graph, &facts)
    }
}

/// Which of the images that were read this is.
fn index_of(workspace: &Workspace, name: &ImageName) -> Option<usize> {
    workspace.graph.images().iter().position(|image| image.name() == name)
}

/// What Lambdas stand on in development mode.
#[derive(Default)]
pub(crate) struct Standings {
    /// The bases that there are, by their digests.
    pub(crate) stable: StableBases,
    /// Those that a run would have to name first.
    pub(crate) to_come: BTreeSet<ImageName>,
    /// The uncommitted files that one is known to be made from.
    pub(crate) dirty: BTreeMap<ImageName, Vec<String>>,
}

/// Where images go.
fn destination(config: &Config, wanted: Wanted) -> anyhow::Result<Destination> {
    match (wanted, &config.registry) {
        (Wanted::Local, _) | (Wanted::Configured, None) => Ok(Destination::Local),
        (Wanted::Registry | Wanted::Configured, Some(_)) => Ok(Destination::Registry),
        (Wanted::Registry, None) => {
            let hint = "set `registry = \"…\"` in `[workspace.metadata.lambda-images]` of the root `Cargo.toml`";
            Err(usage("there is no registry to push to", hint))
        }
    }
}

/// What is on disk, and what git says of it.
pub(crate) struct Looked<T> {
    pub(crate) workspace: Workspace,
    pub(crate) found: Found,
    pub(crate) git: Result<Git, NoGit>,
    pub(crate) caches: TreeCaches,
    /// What else was asked.
    pub(crate) meanwhile: T,
}

/// Reads a workspace and all that its images read. Whatever doesn't wait for another goes side by
/// side: git is asked, what the caches know is compared with the disk, and what needs only the
/// workspace is done `meanwhile`.
pub(crate) fn look<T: Send>(
    root: &Path,
    state: &State,
    environment: &Environment,
    against: &Against,
    meanwhile: impl FnOnce(&Workspace) -> T + Send,
) -> anyhow::Result<Looked<T>> {
    let caches = TreeCaches::of_workspace(root, state);
    let (read, git) = thread::scope(|scope| {
        let git = scope.spawn(|| Git::ask(root, environment, against));
        let read = caches.ready_while(|| {
            let workspace = Workspace::read(root, environment)?;
            let disk = Disk { root, caches: &caches };
            let (found, meanwhile) = thread::scope(|scope| {
                let meanwhile = scope.spawn(|| meanwhile(&workspace));
                (Found::read(&disk, &workspace.graph), joined(meanwhile))
            });
            anyhow::Ok((workspace, found?, meanwhile))
        });
        (read, joined(git))
    });
    let (workspace, found, meanwhile) = read?;
    Ok(Looked { workspace, found, git, caches, meanwhile })
}

/// What the images read now; what was found out is kept for the next run.
pub(crate) fn read_inputs(workspace: &Workspace, state: &State) -> anyhow::Result<Found> {
    let caches = TreeCaches::of_workspace(&workspace.root, state);
    let disk = Disk { root: &workspace.root, caches: &caches };
    let found = caches.ready_while(|| Found::read(&disk, &workspace.graph))?;
    caches.keep(&found, state);
    Ok(found)
}

/// Says what is not as it should be and keeps nothing from being built.
pub(crate) fn tell_warnings(workspace: &Workspace, found: &Found) {
    let missing = found.missing_sources(&workspace.root, &workspace.graph);
    let others = workspace.graph.warnings().iter().chain(&found.warnings).chain(&missing);
    for warning in workspace.warnings() {
        note(&format!("warning: {warning}"));
    }
    for warning in others {
        note(&format!("warning: {warning}"));
    }
}
