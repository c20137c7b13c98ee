//! `cargo xtask fuzz`: coverage-guided fuzzing of every parser, target after target, and what each
//! costs as texts grow.
//!
//! The targets and what must hold of them are in `crates/fuzz-checks`; `fuzz/` only hands them to
//! libFuzzer. A run starts from `fuzz/corpus-seeds` and keeps what it learns in `target/fuzz`, where
//! it also puts the input that broke something: mend it, and add that input to the seeds.
//!
//! cargo-fuzz asks for a nightly compiler only for its sanitizers, which look for what unsafe code
//! does; these crates have none. Without them the toolchain of this repository does, and
//! `RUSTC_BOOTSTRAP` isn't needed.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use fuzz_checks::{TARGETS, Target, find_target};
use xshell::{Shell, cmd};

use crate::steps::{run, say, step};

/// An input that takes longer than this, in seconds, is one that broke something.
const TIMEOUT: u32 = 20;

/// The longest input that is tried; longer ones are for `--growth`.
const LONGEST: u32 = 16 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct FuzzCommand {
    /// Only this target
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
    /// Fuzz nothing: print the CPU time of each shape of text at 128 KiB and at 1 MiB
    #[arg(long, conflicts_with = "seconds")]
    growth: bool,
}

pub(crate) fn run_fuzz(root: &Path, command: &FuzzCommand) -> anyhow::Result<ExitCode> {
    let targets: Vec<&Target> = match &command.target {
        None => TARGETS.iter().collect(),
        Some(name) => vec![find_target(name).with_context(|| unknown_target(name))?],
    };
    let shell = Shell::new()?;
    shell.change_dir(root);
    if command.growth {
        return measure_growth(&shell, command.target.as_deref());
    }
    ensure_cargo_fuzz()?;
    for target in targets {
        step(&format!("fuzz `{}` for {} s", target.name, command.seconds), || {
            fuzz(&shell, target.name, command.seconds)
        })?;
    }
    say("fuzz: nothing found");
    Ok(ExitCode::SUCCESS)
}

fn unknown_target(name: &str) -> String {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    format!("there is no fuzz target `{name}`\nhint: the targets are {}", names.join(", "))
}

/// cargo-fuzz is no crate of this workspace, and nothing else here needs it.
fn ensure_cargo_fuzz() -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context("failed to run `cargo`")?;
    ensure!(status.success(), "there is no `cargo fuzz`\nhint: cargo install cargo-fuzz");
    Ok(())
}

fn fuzz(shell: &Shell, name: &str, seconds: u32) -> anyhow::Result<()> {
    let folder = shell.current_dir().join("target/fuzz");
    let corpus = shell.create_dir(folder.join("corpus").join(name))?;
    let found = shell.create_dir(folder.join("found").join(name))?;
    let build = folder.join("build");
    let seeds = Path::new("fuzz/corpus-seeds").join(name);
    let dictionary = Path::new("fuzz/dictionaries").join(name).with_extension("dict");
    let mut options = vec![
        format!("-max_total_time={seconds}"),
        format!("-timeout={TIMEOUT}"),
        format!("-max_len={LONGEST}"),
        format!("-artifact_prefix={}/", found.display()),
        "-print_final_stats=1".to_owned(),
    ];
    if shell.path_exists(&dictionary) {
        options.push(format!("-dict={}", dictionary.display()));
    }
    let command = cmd!(
        shell,
        "cargo fuzz run --sanitizer none --target-dir {build} {name} {corpus} {seeds} -- {options...}"
    );
    run(command).with_context(|| {
        format!(
            "`{name}` broke, or could not be built\n\
             hint: the input is in `{}`; once mended, add it to `{}`",
            found.display(),
            seeds.display()
        )
    })
}

fn measure_growth(shell: &Shell, target: Option<&str>) -> anyhow::Result<ExitCode> {
    let command = cmd!(
        shell,
        "cargo run --quiet --release --package fuzz-checks --example growth -- {target...}"
    );
    let mut command: Command = command.into();
    let status = command.status().context("failed to run `cargo`")?;
    if !status.success() {
        bail!("some parser takes more than linear time, or could not be built");
    }
    Ok(ExitCode::SUCCESS)
}
