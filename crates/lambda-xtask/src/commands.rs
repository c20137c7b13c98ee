//! One file per command.

mod affected;
mod bake;
mod bases;
mod build_lambdas;
mod check_tags;
mod comparison;
mod dev;
mod execution;
mod explain;
mod graph;
mod hand_over;
mod ignored;
mod last_images;
mod manifest;
mod registries;
mod report;
mod survey;
mod warm_cache;

pub(crate) use affected::affected;
pub(crate) use bases::bases;
pub(crate) use build_lambdas::build_lambdas;
pub(crate) use check_tags::check_tags;
pub(crate) use explain::explain;
pub(crate) use graph::graph;
pub(crate) use manifest::manifest;
pub(crate) use warm_cache::warm_cache;
#[cfg(test)]
pub(crate) use {
    comparison::Comparison,
    survey::{Survey, Wanted},
};

use std::io::Write as _;

use anyhow::Context as _;
use lambda_images::escape::escape_text;

/// Prints what people read, made safe to show.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_exact(&escape_text(text))
}

/// Prints what programs read. A reader that has had enough (`| head`) is no error.
pub(crate) fn print_exact(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("failed to print"),
    }
}
