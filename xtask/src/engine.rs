//! `cargo xtask engine up | status | down`: a Docker engine for this checkout, wherever it is.
//!
//! An engine that somebody runs is used as it is. Where there is none, one is unpacked from the
//! distribution's packages and started below `target/engine`, with a registry on loopback beside
//! it and, where the Lambda base image can't be pulled, a stand-in for that. Deliberately a task
//! of this repository and no part of the library: whoever adopts the library has an engine.

mod apt;
mod daemons;
pub(crate) mod host;
mod http;
mod image;
mod layout;
mod mounts;
mod own_engine;
mod packages;
mod process;
mod progress;
mod record;
mod stand_in;
mod suite;
mod sweep;
mod your_engine;

use std::{
    collections::BTreeMap,
    env,
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};

use self::{
    host::Existing,
    layout::Layout,
    packages::Unpacked,
    progress::Progress,
    record::{Owner, Record},
};

/// The Docker engine that this checkout's tasks use.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum EngineCommand {
    /// Find a Docker engine, or set up and start one of this checkout's own
    ///
    /// Does nothing when it is up already, and mends what is half up.
    Up {
        /// Set up one of this checkout's own with Docker from this suite of the distribution, such as `forky`
        ///
        /// It stays with the engine until `down --purge`.
        #[arg(long, value_name = "SUITE", value_parser = host::parse_suite)]
        suite: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Show the engine; exit code 0 when it is up, else 1
    Status,
    /// Print the engine's variables for a shell: `eval "$(cargo xtask engine env)"`
    Env {
        #[command(flatten)]
        which: Which,
    },
    /// Stop what `up` started; images and downloaded packages stay
    Down {
        /// Remove the images and the packages too
        #[arg(long)]
        purge: bool,
        #[command(flatten)]
        which: Which,
    },
}

/// Which engine is meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// One more engine, below `target/engine` of this folder, whatever engine there is: a second machine
    #[arg(long, value_name = "FOLDER")]
    second: Option<PathBuf>,
}

impl Which {
    /// The folder below which the engine lies, and why no engine of somebody's is to be used.
    fn resolve<'a>(&'a self, root: &'a Path) -> (&'a Path, Option<&'static str>) {
        match &self.second {
            Some(folder) => (folder, Some("a second one is asked for")),
            None => (root, None),
        }
    }
}

/// An engine that is up.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    /// Variables for every child that builds or runs images.
    pub(crate) environment: BTreeMap<String, String>,
    /// `localhost:PORT`; `None` beside an engine of somebody's on another machine, or where the
    /// distribution has no registry.
    pub(crate) registry: Option<String>,
}

/// # Errors
/// When the engine can't be brought up or down.
pub(crate) fn run_engine(root: &Path, command: &EngineCommand) -> Result<ExitCode> {
    match command {
        EngineCommand::Up { suite, which } => {
            let (folder, alone) = which.resolve(root);
            up_in(folder, alone, suite.as_deref()).map(|_| ExitCode::SUCCESS)
        }
        EngineCommand::Status => print_status(root),
        EngineCommand::Env { which } => print_environment(which.resolve(root).0),
        EngineCommand::Down { purge, which } => down(which.resolve(root).0, *purge, which),
    }
}

fn print_environment(root: &Path) -> Result<ExitCode> {
    let engine =
        recorded(root).context("no engine is up\nhint: `cargo xtask engine up` starts one")?;
    let mut stdout = std::io::stdout().lock();
    for (name, value) in engine.environment {
        writeln!(stdout, "export {name}='{}'", value.replace('\'', r"'\''"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings the engine up, which takes a moment when it is up already.
///
/// # Errors
/// With a hint at what to install, where this machine gives no engine.
pub(crate) fn up(root: &Path) -> Result<Engine> {
    up_in(root, None, None)
}

/// `alone`: why no engine of somebody's is to be used. `asked`: the suite of an engine's own.
fn up_in(root: &Path, alone: Option<&str>, asked: Option<&str>) -> Result<Engine> {
    let layout = Layout::of(root)?;
    let progress = Progress::start();
    let answering = find_answering(&layout);
    answering.iter().try_for_each(|record| suite::check_owner(record.owner, asked))?;
    let suite = suite::settle(&layout, asked)?;
    if let Some(record) = answering {
        progress.step("up already");
        record.registry_line().into_iter().for_each(|line| progress.step(line));
        return Ok(engine_of(&layout, &record));
    }
    let existing = match (alone, &suite) {
        (Some(why), _) => Err(why.to_owned()),
        (None, Some(suite)) => Err(format!("one of the suite `{suite}` is asked for")),
        (None, None) => find_existing_engine(&layout),
    };
    let needs_root = match &existing {
        Ok(existing) => your_engine::needs_root(existing),
        Err(_) => true,
    };
    if needs_root && !host::is_root() {
        if let Err(reason) = &existing {
            // Before a password is asked for.
            host::find_suites().map_err(|why| own_engine::explain_no_engine(reason, &why))?;
        }
        let folder = root.to_string_lossy();
        let mut arguments = vec!["engine", "up"];
        arguments.extend(asked.iter().flat_map(|suite| ["--suite", suite]));
        if alone.is_some() {
            arguments.extend(["--second", &folder]);
        }
        let status = host::run_as_root(root, &arguments)?;
        if !status.success() {
            bail!("`engine up` as root failed ({status})");
        }
    } else {
        let _lock = lock(&layout, progress)?;
        if find_answering(&layout).is_none() {
            let started = match existing {
                Ok(existing) => your_engine::use_engine(&layout, &existing, progress),
                Err(reason) => {
                    own_engine::start_engine(&layout, &reason, suite.as_deref(), progress)
                }
            };
            if let Err(error) = started {
                // Half an engine is of no use to anybody; its logs are.
                sweep::sweep(&layout, None)?;
                return Err(error);
            }
        }
    }
    let record = recorded_record(&layout).context("the engine ended as soon as it was up")?;
    Ok(engine_of(&layout, &record))
}

/// The engine of the last `up`, if all that it started still lives; asks nobody and starts nothing.
pub(crate) fn recorded(root: &Path) -> Option<Engine> {
    let layout = Layout::of(root).ok()?;
    recorded_record(&layout).map(|record| engine_of(&layout, &record))
}

/// Whether a command finds no engine that answers, though nobody named one that is not this
/// checkout's: then `engine up` gives one.
pub(crate) fn is_wanted(root: &Path) -> bool {
    let Ok(layout) = Layout::of(root) else { return false };
    let own = format!("unix://{}", layout.docker_socket().display());
    let names_another = env::var_os("DOCKER_CONTEXT").is_some()
        || env::var_os("DOCKER_HOST").is_some_and(|host| host != own.as_str());
    !names_another && find_answering(&layout).is_none() && find_existing_engine(&layout).is_err()
}

/// The program of the registry beside the engine, for one more registry.
pub(crate) fn registry_program(root: &Path) -> Option<PathBuf> {
    let layout = Layout::of(root).ok()?;
    packages::find_programs(&layout, packages::Wanted::Registry)?.find("docker-registry").ok()
}

fn recorded_record(layout: &Layout) -> Option<Record> {
    record::load_record(layout).filter(Record::is_up)
}

/// An engine that is somebody's, or the reason why none can be used.
fn find_existing_engine(layout: &Layout) -> Result<Existing, String> {
    let own = format!("unix://{}", layout.docker_socket().display());
    if env::var("DOCKER_HOST").is_ok_and(|host| host == own) {
        return Err("`DOCKER_HOST` names this checkout's own, which is not up".to_owned());
    }
    host::find_existing_engine()
}

/// The record of an engine that is not only alive, but answers.
fn find_answering(layout: &Layout) -> Option<Record> {
    let record = recorded_record(layout)?;
    let engine_answers = match record.owner {
        Owner::Own => record.socket.as_deref().is_some_and(http::answers_docker_ping),
        Owner::Yours => host::find_existing_engine().is_ok(),
    };
    let registry_answers = record.registry_port.is_none_or(http::answers_registry);
    (engine_answers && registry_answers).then_some(record)
}

fn engine_of(layout: &Layout, record: &Record) -> Engine {
    let mut environment = BTreeMap::new();
    if let Some(socket) = &record.socket {
        let client = layout.client();
        let path = env::var("PATH").unwrap_or_default();
        let set = [
            ("DOCKER_HOST", format!("unix://{}", socket.display())),
            ("DOCKER_CONFIG", client.display().to_string()),
            ("DOCKER_TLS_VERIFY", String::new()),
            ("BUILDX_CONFIG", client.join("buildx").display().to_string()),
            ("BUILDX_BUILDER", "default".to_owned()),
            ("PATH", format!("{}:{path}", client.join("bin").display())),
            // There is no bridge: see `daemons`.
            ("LAMBDA_IMAGES_NETWORK", "host".to_owned()),
        ];
        environment.extend(set.map(|(name, value)| (name.to_owned(), value)));
    }
    if let (Some(stand_in), Some(port)) = (&record.stand_in, record.registry_port) {
        // What the user says about the base image holds.
        if !stand_in::is_mirrored_by_user() {
            let others = env::var("LAMBDA_IMAGES_MIRRORS").unwrap_or_default();
            // Pinned: the port is this checkout's alone, and a pinned base counts by its digest.
            let mirror = format!("{}@{}", stand_in::render_mirror(port), stand_in.digest);
            let mirrors = [mirror, others];
            let mirrors = mirrors.join(",").trim_end_matches(',').to_owned();
            environment.insert("LAMBDA_IMAGES_MIRRORS".to_owned(), mirrors);
        }
    }
    Engine { environment, registry: record.registry_port.map(|port| format!("localhost:{port}")) }
}

/// Waits until no other `up` or `down` of this checkout runs; the lock ends with the file's scope.
fn lock(layout: &Layout, progress: Progress) -> Result<File> {
    let path = layout.lock();
    let open = || -> Result<File> {
        std::fs::create_dir_all(path.parent().context("the lock has a folder")?)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        layout.share(&path, 0o644)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.step("waiting for another `engine` command of this checkout");
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(file)
    };
    open().with_context(|| format!("failed to lock `{}`", path.display()))
}

fn print_status(root: &Path) -> Result<ExitCode> {
    let layout = Layout::of(root)?;
    let record = find_answering(&layout);
    let text = match &record {
        Some(record) => render_status(&layout, record)?,
        None => "engine    down (`cargo xtask engine up` starts it)\n".to_owned(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if record.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn render_status(layout: &Layout, record: &Record) -> Result<String> {
    use std::fmt::Write;
    let mut out = String::new();
    let owner = match record.owner {
        Owner::Own => "up, this checkout's own",
        Owner::Yours => "up, yours (found, not started here)",
    };
    writeln!(out, "engine    {owner}")?;
    writeln!(out, "versions  docker {}, buildx {}", record.docker_version, record.buildx_version)?;
    if let (Owner::Own, Unpacked::Suite(suite)) = (record.owner, packages::find_unpacked(layout)) {
        writeln!(out, "suite     {suite}, as asked for")?;
    }
    if let Some(socket) = &record.socket {
        writeln!(out, "socket    {}", socket.display())?;
    }
    for process in &record.processes {
        writeln!(out, "process   {} {}", process.pid, process.name)?;
    }
    if let Some(port) = record.registry_port {
        writeln!(out, "registry  localhost:{port}")?;
        if let Some(stand_in) = &record.stand_in {
            writeln!(out, "mirror    {}", stand_in::render_mirror(port))?;
            writeln!(out, "          {}", stand_in.digest)?;
        }
    }
    if let Some(bytes) = sweep::measure(layout.home()) {
        writeln!(out, "disk      {} MB in {}", bytes / 1_000_000, layout.home().display())?;
    }
    Ok(out)
}

fn down(root: &Path, purge: bool, which: &Which) -> Result<ExitCode> {
    let layout = Layout::of(root)?;
    let progress = Progress::start();
    if !layout.home().exists() {
        progress.step("there is none");
        return Ok(ExitCode::SUCCESS);
    }
    if !host::is_root() && is_of_root(&layout) {
        let folder = root.to_string_lossy();
        let mut arguments = vec!["engine", "down"];
        arguments.extend(purge.then_some("--purge"));
        if which.second.is_some() {
            arguments.extend(["--second", &folder]);
        }
        let status = host::run_as_root(root, &arguments)?;
        return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let _lock = lock(&layout, progress)?;
    let previous = record::load_record(&layout);
    progress.step("stopping what `engine up` started");
    sweep::sweep(&layout, previous.as_ref())?;
    if purge {
        progress.step(format_args!("removing `{}`", layout.home().display()));
        stand_in::remove_if_present(layout.home())?;
    } else if let Some(previous) = previous {
        record::store_record(&layout, &Record::new(previous.owner, Some(&previous)))?;
    }
    progress.step("down: no process, no mount and no control group is left");
    Ok(ExitCode::SUCCESS)
}

/// Whether some of the files were made by root.
fn is_of_root(layout: &Layout) -> bool {
    let made = [layout.packages(), layout.data("containerd"), layout.data("registry")];
    made.iter().any(|path| path.metadata().is_ok_and(|metadata| metadata.uid() == 0))
}
