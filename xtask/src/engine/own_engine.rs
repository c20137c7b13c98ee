//! Sets up and starts an engine of this checkout's own, or starts it again.
//!
//! Every run begins with a sweep, so that it makes no difference what an earlier one left half
//! done. Deliberately no repair of single daemons: all start afresh within a second or two, and
//! what they stored is kept.

use std::{process::Command, sync::Mutex, thread};

use anyhow::{Result, anyhow};

use super::{
    apt::{self, Apt},
    daemons, host,
    layout::Layout,
    packages::{self, Programs, Wanted},
    process::{Process, run},
    progress::Progress,
    record::{self, Owner, Record, StandIn},
    stand_in, sweep,
};

/// Why there is no engine, and what to install.
pub(crate) fn explain_no_engine(reason: &str, why: &str) -> anyhow::Error {
    anyhow!("{reason}, and none can be set up here: {why}\n{}", host::render_install_hint())
}

/// `reason` says why no engine of somebody's is used, and `suite` which one is asked for.
pub(crate) fn start_engine(
    layout: &Layout,
    reason: &str,
    suite: Option<&str>,
    progress: Progress,
) -> Result<()> {
    let suites = host::find_suites().map_err(|why| explain_no_engine(reason, &why))?;
    progress.step(format_args!("no Docker engine to use: {reason}"));
    progress.step(format_args!("setting one up below `{}`", layout.home().display()));
    let previous = record::load_record(layout);
    sweep::sweep(layout, previous.as_ref())?;
    layout.create()?;

    let mut apts = None;
    let programs = if let Some(programs) = packages::find_programs(layout, Wanted::Engine) {
        programs
    } else {
        progress.step("fetching and unpacking the packages of the engine");
        let chosen = suites.with_engine(suite);
        let (own, engine) = apts.insert(apt::open_apts(&layout.apt(), &chosen)?);
        packages::fetch_programs(layout, Wanted::Engine, suite, own, engine)?
    };
    packages::install_client(layout, &programs)?;
    // The base image is the same for engines of all suites.
    let open_apt = || match apts.filter(|_| suite.is_none()) {
        Some((_, engine)) => Ok(engine),
        None => apt::open_apts(&layout.apt(), &suites).map(|(_, engine)| engine),
    };

    progress.step("starting containerd, dockerd and the registry");
    let mut record = Record::new(Owner::Own, previous.as_ref());
    record.socket = Some(layout.docker_socket());
    record.buildx_version = ask_buildx_version(&programs)?;
    record.docker_version = ask_docker_version(&programs)?;
    start_all(layout, &programs, &mut record, progress, open_apt)?;
    record.ready = true;
    record::store_record(layout, &record)?;
    tell_up(&record, progress);
    Ok(())
}

/// Docker in one thread; the registry and then the base image, which needs only that, in another.
fn start_all(
    layout: &Layout,
    programs: &Programs,
    record: &mut Record,
    progress: Progress,
    open_apt: impl FnOnce() -> Result<Apt>,
) -> Result<()> {
    let (previous_port, previous_stand_in) = (record.registry_port, record.stand_in.clone());
    let shared = Mutex::new(record);
    let started = |process: Process| {
        let mut record = shared.lock().expect("no thread panics while it holds the record");
        record.processes.push(process);
        record::store_record(layout, &record)
    };
    let (port, stand_in) = thread::scope(|scope| {
        let docker = scope.spawn(|| daemons::start_docker(layout, programs, started));
        let provide = || {
            let port = daemons::start_registry(layout, programs, previous_port, started)?;
            let mut buildx = Command::new(programs.find("docker-buildx")?);
            buildx.env("DOCKER_CONFIG", layout.client());
            let stand_in =
                provide_base(layout, buildx, port, previous_stand_in, progress, open_apt)?;
            anyhow::Ok((port, stand_in))
        };
        let provided = provide();
        docker.join().expect("starting dockerd does not panic").and(provided)
    })?;
    let record = shared.into_inner().expect("no thread panics while it holds the record");
    record.registry_port = Some(port);
    record.stand_in = stand_in;
    Ok(())
}

/// The end of `up`, and what the registry is good for.
pub(crate) fn tell_up(record: &Record, progress: Progress) {
    progress.step("up");
    record.registry_line().into_iter().for_each(|line| progress.step(line));
}

/// Sees to it that the Lambda base image can be had: itself, or a stand-in for it.
pub(crate) fn provide_base(
    layout: &Layout,
    mut buildx: Command,
    port: u16,
    previous: Option<StandIn>,
    progress: Progress,
    open_apt: impl FnOnce() -> Result<Apt>,
) -> Result<Option<StandIn>> {
    if let Some(previous) = previous.filter(|previous| stand_in::is_published(previous, port)) {
        return Ok(Some(previous));
    }
    if stand_in::is_mirrored_by_user() {
        return Ok(None);
    }
    let base = stand_in::BASE_IMAGE;
    if host::can_pull(&mut buildx, base) {
        return Ok(None);
    }
    progress.step(format_args!("`{base}` can't be pulled here: making a stand-in"));
    stand_in::publish_stand_in(layout, &open_apt()?, port, progress).map(Some)
}

fn ask_buildx_version(programs: &Programs) -> Result<String> {
    let text = run(Command::new(programs.find("docker-buildx")?).arg("version"))?;
    Ok(host::parse_buildx_version(&text).map_or(text, |(version, _)| version))
}

/// `Docker version 26.1.5+dfsg1, build a72d7cd` → `26.1.5+dfsg1`.
fn ask_docker_version(programs: &Programs) -> Result<String> {
    let text = run(Command::new(programs.find("dockerd")?).arg("--version"))?;
    let word = text.split_ascii_whitespace().nth(2).unwrap_or_default();
    Ok(word.trim_end_matches(',').to_owned())
}
