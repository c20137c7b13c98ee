//! `target/engine/engine.json`: what `engine up` started and chose, for every command after it.
//!
//! The record is written after each step, so that a run which is cut short can be tidied up. It is
//! deliberately never trusted alone: a process counts only while it lives.

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{layout::Layout, process::Process};

/// Changes whenever an older record can't be read as this one.
const VERSION: u32 = 1;

/// Whose Docker engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Owner {
    /// Started by `engine up`, belongs to this checkout.
    Own,
    /// Was there before; only the registry beside it, if any, is ours.
    Yours,
}

/// The base image that stands in for the real one, on the loopback registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandIn {
    /// How it was made; another recipe means that it is made again.
    pub(crate) recipe: String,
    /// Of the manifest in the registry.
    pub(crate) digest: String,
}

/// The whole record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) version: u32,
    pub(crate) owner: Owner,
    /// The kernel's id of the boot in which the processes were started.
    pub(crate) boot: String,
    /// Whether `up` went through to its end.
    pub(crate) ready: bool,
    pub(crate) processes: Vec<Process>,
    /// The Docker socket of an engine of our own.
    pub(crate) socket: Option<PathBuf>,
    /// On loopback. Kept over `down`, so that image references stay the same.
    pub(crate) registry_port: Option<u16>,
    pub(crate) stand_in: Option<StandIn>,
    pub(crate) docker_version: String,
    pub(crate) buildx_version: String,
}

impl Record {
    /// A record in which nothing runs yet; it keeps what outlives the processes of `previous`.
    pub(crate) fn new(owner: Owner, previous: Option<&Record>) -> Record {
        Record {
            version: VERSION,
            owner,
            boot: boot_id(),
            ready: false,
            processes: Vec::new(),
            socket: None,
            registry_port: previous.and_then(|record| record.registry_port),
            stand_in: previous.and_then(|record| record.stand_in.clone()),
            docker_version: String::new(),
            buildx_version: String::new(),
        }
    }

    /// Whether `up` came to its end and everything that it started still lives.
    pub(crate) fn is_up(&self) -> bool {
        self.ready && self.boot == boot_id() && self.processes.iter().all(Process::lives)
    }

    /// How to push to the registry, if there is one: the line of the configuration.
    pub(crate) fn registry_line(&self) -> Option<String> {
        let port = self.registry_port?;
        Some(format!(
            "to try `--push`: `registry = \"localhost:{port}\"` in `[workspace.metadata.lambda-images]` of the root `Cargo.toml`"
        ))
    }
}

/// Tells boots, and thereby machines, apart; empty where the kernel has no such id.
fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// `None` also for a record of another version: there is nothing in it to rely on.
fn parse_record(text: &str) -> Option<Record> {
    serde_json::from_str(text).ok().filter(|record: &Record| record.version == VERSION)
}

pub(crate) fn load_record(layout: &Layout) -> Option<Record> {
    parse_record(&fs::read_to_string(layout.record()).ok()?)
}

/// Replaces the record in one step.
pub(crate) fn store_record(layout: &Layout, record: &Record) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    let write = || -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(layout.home())?;
        file.write_all(&text)?;
        // A temporary file is private; the record is for every user of the checkout.
        layout.share(file.path(), 0o644)?;
        file.persist(layout.record())?;
        Ok(())
    };
    write().with_context(|| format!("failed to write `{}`", layout.record().display()))
}

#[cfg(test)]
mod tests;
