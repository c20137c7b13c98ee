//! Which suite of the distribution the engine comes from: the usual one, or one that `up` is asked for.
//!
//! The unpacked programs say it to every command after, until `down --purge` removes them. Deliberately
//! no engine changes its suite: what one Docker stored, an older one need not be able to read.

use anyhow::{Result, bail};

use super::{
    host,
    layout::Layout,
    packages::{self, Unpacked},
    record::Owner,
};

/// The suite of the engine of this checkout's own, unless it is the usual one.
///
/// # Errors
/// When the engine that is set up is of another suite than the one that is asked for.
pub(crate) fn settle(layout: &Layout, asked: Option<&str>) -> Result<Option<String>> {
    let usual = host::find_suites().ok().map(|suites| suites.engine);
    choose(asked, usual.as_deref(), packages::find_unpacked(layout))
}

fn choose(asked: Option<&str>, usual: Option<&str>, unpacked: Unpacked) -> Result<Option<String>> {
    let unpacked = match unpacked {
        Unpacked::Nothing => return Ok(asked.filter(|_| asked != usual).map(str::to_owned)),
        Unpacked::Usual => None,
        Unpacked::Suite(suite) => Some(suite),
    };
    let is = unpacked.as_deref().or(usual);
    match asked {
        Some(asked) if is != Some(asked) => bail!(
            "the engine of this checkout is of the suite `{}`, not `{asked}`\n\
             hint: `cargo xtask engine down --purge` removes it with its images; \
             `--second FOLDER` sets one up beside it",
            is.unwrap_or("that is usual here")
        ),
        _ => Ok(unpacked),
    }
}

/// # Errors
/// When an engine of somebody's is in use, and one of a suite is asked for.
pub(crate) fn check_owner(owner: Owner, asked: Option<&str>) -> Result<()> {
    match (owner, asked) {
        (Owner::Yours, Some(asked)) => bail!(
            "the engine that is in use is yours, and of no suite; `{asked}` is asked for\n\
             hint: `cargo xtask engine down` lets go of it"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
