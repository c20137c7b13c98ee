//! The mounts of this machine, and the way to end those below the engine's folders.
//!
//! Deliberately reads only `/proc/self/mountinfo`: what another namespace mounted is its own.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::process::run;

/// One line of mountinfo, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) point: PathBuf,
    pub(crate) kind: String,
}

/// Source: proc_pid_mountinfo(5). Fields are separated by single blanks; the type is the first
/// after a lone `-`.
fn parse_mountinfo(text: &str) -> Vec<Mount> {
    let parse = |line: &str| {
        let (mount, source) = line.split_once(" - ")?;
        Some(Mount {
            point: unescape(mount.split(' ').nth(4)?),
            kind: source.split(' ').next()?.to_owned(),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// Blanks, tabs, line breaks and backslashes are written as three octal digits.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) if first == b'\\' => {
                bytes.push(code);
                rest = &tail[3..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

pub(crate) fn load_mounts() -> Vec<Mount> {
    // Where there is no `/proc`, there is no engine of ours either.
    parse_mountinfo(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
}

/// The mounts below any of `folders`, the newest first. A mount *at* one of them was there before.
pub(crate) fn mounts_below(folders: &[&Path]) -> Vec<PathBuf> {
    let is_below = |mount: &Mount| {
        folders.iter().any(|folder| mount.point.starts_with(folder) && mount.point != *folder)
    };
    let mounts = load_mounts().into_iter().rev().filter(is_below);
    mounts.map(|mount| mount.point).collect()
}

/// Ends all mounts below `folders`.
pub(crate) fn unmount_below(folders: &[&Path]) -> Result<()> {
    for point in mounts_below(folders) {
        let umount = |option: &str| run(Command::new("umount").arg(option).arg(&point));
        // A process that still looks at a file there must not keep the engine from going away.
        umount("--no-canonicalize").or_else(|_| umount("--lazy"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
