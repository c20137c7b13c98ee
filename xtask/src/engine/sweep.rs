//! Takes down whatever an engine of this checkout left: processes, mounts, control groups, sockets.
//!
//! What belongs to the engine is recognised by where its program lies and by its control group,
//! not by a record alone: also after a run that was cut short, or a daemon that was killed, nothing
//! stays. Images and packages are deliberately kept.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{
    layout::Layout,
    mounts,
    process::{self, Process},
    record::Record,
    stand_in::remove_if_present,
};

/// How long dockerd may take to end its builds and to write down what it knows.
const DOCKERD_GRACE: Duration = Duration::from_secs(20);
/// How long everything else may take; a container's shell that ignores the request takes it all.
const GRACE: Duration = Duration::from_secs(1);
/// What a process is called that runs in one of the engine's control groups.
const CONTAINER: &str = "container";
/// The programs that live beyond the command that started them; a client that somebody runs from
/// the same folder is not ours to end.
const DAEMONS: [&str; 6] =
    ["containerd", "containerd-shim-runc-v2", "docker-proxy", "docker-registry", "dockerd", "runc"];

/// Ends everything, and verifies that nothing is left.
pub(crate) fn sweep(layout: &Layout, record: Option<&Record>) -> Result<()> {
    // In this order each daemon sees what it looks after end before itself.
    let recorded = record.map_or(&[][..], |record| &record.processes);
    let mut processes = find_processes(layout);
    processes.extend(recorded.iter().filter(|process| process.lives()).cloned());
    let named = |name: &str| -> Vec<Process> {
        processes.iter().filter(|process| process.name == name).cloned().collect()
    };
    process::stop(&named(CONTAINER), GRACE)?;
    process::stop(&named("dockerd"), DOCKERD_GRACE)?;
    process::stop(&processes, GRACE)?;
    // What was started while others were being ended.
    process::stop(&find_processes(layout), GRACE)?;
    mounts::unmount_below(&[layout.home(), layout.runtime()])?;
    remove_control_groups(layout)?;
    remove_if_present(layout.runtime())?;
    remove_if_present(&layout.stand_in())?;
    remove_if_present(&layout.new_packages())?;
    verify(layout)
}

fn verify(layout: &Layout) -> Result<()> {
    if let Some(process) = find_processes(layout).first() {
        bail!("`{}` ({}) still runs", process.name, process.pid);
    }
    if let Some(mount) = mounts::mounts_below(&[layout.home(), layout.runtime()]).first() {
        bail!("`{}` is still mounted", mount.display());
    }
    Ok(())
}

/// All processes of this checkout's engine.
fn find_processes(layout: &Layout) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let find = |entry: fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let program = fs::read_link(entry.path().join("exe")).ok();
        let groups = fs::read_to_string(entry.path().join("cgroup")).unwrap_or_default();
        let name = name_if_ours(program.as_deref(), &groups, layout.home(), &layout.cgroup())?;
        Process::of_pid(&name, pid)
    };
    let found = entries.filter_map(|entry| find(entry.ok()?));
    found.filter(Process::lives).collect()
}

/// The name of a process of the engine at `home`, whose containers run in `cgroup`.
fn name_if_ours(program: Option<&Path>, groups: &str, home: &Path, cgroup: &str) -> Option<String> {
    let mut groups = groups.lines().flat_map(|line| line.split('/'));
    if groups.any(|group| group == cgroup) {
        return Some(CONTAINER.to_owned());
    }
    let program = program.filter(|program| program.starts_with(home))?;
    if program.starts_with(home.join("stand-in")) {
        // A package's script, when the command that ran it was killed.
        return Some("script".to_owned());
    }
    // The kernel marks a program whose file was replaced.
    let name = program.file_name()?.to_str()?.trim_end_matches(" (deleted)");
    DAEMONS.contains(&name).then(|| name.to_owned())
}

/// Removes the engine's groups from each hierarchy; of version 1 there is one per controller.
fn remove_control_groups(layout: &Layout) -> Result<()> {
    let hierarchies = mounts::load_mounts().into_iter();
    let hierarchies =
        hierarchies.filter(|mount| matches!(mount.kind.as_str(), "cgroup" | "cgroup2"));
    for hierarchy in hierarchies {
        let group = hierarchy.point.join(layout.cgroup());
        if group.is_dir() {
            remove_group(&group).with_context(|| {
                format!("failed to remove the control group `{}`", group.display())
            })?;
        }
    }
    Ok(())
}

/// A control group's files can't be removed and need not be: it goes when it has no subgroup.
fn remove_group(group: &Path) -> Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_group(&entry.path())?;
        }
    }
    Ok(fs::remove_dir(group)?)
}

/// The folder's size on disk, in bytes, without what is mounted below it.
pub(crate) fn measure(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let device = fs::symlink_metadata(folder).ok()?.dev();
    let mut seen = std::collections::HashSet::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut blocks = 0;
    while let Some(folder) = folders.pop() {
        // Some of it is only for root; what can't be read is not counted.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.dev() != device || !seen.insert(metadata.ino()) {
                continue;
            }
            blocks += metadata.blocks();
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Some(blocks * 512)
}

#[cfg(test)]
mod tests;
