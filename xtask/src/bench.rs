//! `cargo xtask bench`: what the tool costs, against what else would answer the same question on
//! the same tree. It judges nothing: it prints medians and ratios.

mod affected;
mod build;
mod measure;
mod peers;
mod registry;
mod table;
mod tags;
mod tree;
mod warm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::steps::say;

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    /// Which one; all if it is not given
    #[arg(value_enum)]
    bench: Option<Bench>,
    /// How often each command is measured
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Where the large monorepo is kept for the next run [default: target/bench/monorepo]
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Bench {
    /// Nine images with nothing to build, against `docker buildx bake`
    Build,
    /// A cache that is warm already, against a build of each Lambda
    Warm,
    /// What a change affects among 1,000 Lambdas, against `git status`, turbo, nx and moon; and a run
    /// there with nothing to build
    Affected,
    /// Whether references can be trusted, before each commit, against `git status` and `git grep`
    Tags,
    /// Which of 100 images a registry has, against `docker buildx imagetools inspect`
    Registry,
}

pub(crate) fn run_bench(root: &Path, arguments: &BenchArguments) -> anyhow::Result<ExitCode> {
    let is_wanted = |bench| arguments.bench.is_none_or(|wanted| wanted == bench);
    let mut tables = Vec::new();
    let mut code = ExitCode::SUCCESS;
    if is_wanted(Bench::Build) {
        tables.push(build::run_bench(root, arguments.rounds)?);
    }
    if is_wanted(Bench::Tags) {
        tables.push(tags::run_bench(root, arguments.rounds)?);
    }
    if is_wanted(Bench::Registry) {
        tables.push(registry::run_bench(root, arguments.rounds)?);
    }
    if is_wanted(Bench::Warm) {
        tables.push(warm::run_bench(root, arguments.rounds)?);
    }
    if is_wanted(Bench::Affected) {
        let keep = arguments.keep.clone().unwrap_or_else(|| root.join("target/bench/monorepo"));
        let result = affected::run_bench(root, &std::path::absolute(keep)?, arguments.rounds)?;
        tables.push(result.table);
        if !result.all_agree {
            code = ExitCode::FAILURE;
        }
    }
    say(tables.join("\n").trim_end());
    Ok(code)
}
