//! An engine that was there before: it is used as it is, and nothing of it is touched.
//!
//! Where the distribution has a registry, one is started beside it. Deliberately no container of
//! ours in somebody's engine: a registry that can't be a process of this machine is left out.

use std::process::Command;

use anyhow::Result;

use super::{
    apt, daemons,
    host::{self, Existing},
    layout::Layout,
    own_engine::{provide_base, tell_up},
    packages::{self, Wanted},
    process::Process,
    progress::Progress,
    record::{self, Owner, Record},
    stand_in, sweep,
};

/// Whether something that only root can do is missing: the stand-in for the base image.
pub(crate) fn needs_root(existing: &Existing) -> bool {
    existing.is_local && host::find_suites().is_ok() && !base_is_at_hand()
}

fn base_is_at_hand() -> bool {
    stand_in::is_mirrored_by_user() || host::can_pull(&mut docker_buildx(), stand_in::BASE_IMAGE)
}

fn docker_buildx() -> Command {
    let mut command = Command::new("docker");
    command.arg("buildx");
    command
}

/// Records the engine, with a registry beside it where that is possible.
pub(crate) fn use_engine(layout: &Layout, existing: &Existing, progress: Progress) -> Result<()> {
    progress.step(format_args!(
        "using your Docker engine {} with buildx {}",
        existing.docker_version, existing.buildx_version
    ));
    let previous = record::load_record(layout);
    sweep::sweep(layout, previous.as_ref())?;
    layout.create()?;
    let mut record = Record::new(Owner::Yours, previous.as_ref());
    record.docker_version.clone_from(&existing.docker_version);
    record.buildx_version.clone_from(&existing.buildx_version);
    if existing.is_local && host::find_suites().is_ok() {
        add_registry(layout, &mut record, progress)?;
    } else {
        (record.registry_port, record.stand_in) = (None, None);
        if !base_is_at_hand() {
            let base = stand_in::BASE_IMAGE;
            progress.step(format_args!("warning: `{base}` can't be pulled, and is not mirrored"));
            progress.step(format_args!(
                "hint: name a reachable copy by `LAMBDA_IMAGES_MIRRORS={base}=REGISTRY/NAME:TAG`"
            ));
        }
    }
    record.ready = true;
    record::store_record(layout, &record)?;
    tell_up(&record, progress);
    Ok(())
}

fn add_registry(layout: &Layout, record: &mut Record, progress: Progress) -> Result<()> {
    let suites = host::find_suites().map_err(anyhow::Error::msg)?;
    let open_apts = || apt::open_apts(&layout.apt(), &suites);
    let programs = if let Some(programs) = packages::find_programs(layout, Wanted::Registry) {
        programs
    } else {
        progress.step("fetching and unpacking the package of the registry");
        let (own, engine) = open_apts()?;
        packages::fetch_programs(layout, Wanted::Registry, None, &own, &engine)?
    };
    progress.step("starting the registry");
    let previous_port = record.registry_port;
    let port = daemons::start_registry(layout, &programs, previous_port, |process: Process| {
        record.processes.push(process);
        record::store_record(layout, record)
    })?;
    record.registry_port = Some(port);
    let previous = record.stand_in.clone();
    let open_apt = || open_apts().map(|(_, engine)| engine);
    record.stand_in = provide_base(layout, docker_buildx(), port, previous, progress, open_apt)?;
    Ok(())
}
