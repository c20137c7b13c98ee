//! The command line as a library: `cargo xtask build-lambdas` for a monorepo of one's own.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     lambda_xtask::main()
//! }
//! ```
//!
//! This crate acts: it reads the tree, asks git and docker, spawns builds, shows what happens.
//! What to build and why is decided by `lambda_images`, which this crate feeds. An xtask with
//! tasks of its own flattens [`Command`] into its own subcommands and calls [`run`].

#[cfg(not(unix))]
compile_error!("this tool runs on Linux and macOS; on Windows run it inside of WSL");

mod at_commit;
mod base_platforms;
mod build;
mod caches;
mod checkout;
mod cli;
mod commands;
mod context_copy;
mod difference;
mod display;
mod doubts;
mod duration;
mod engine;
mod environment;
mod failure;
mod files;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "folders are remembered on Linux alone")
)]
mod folder_cache;
mod folders;
mod git;
mod git_states;
mod handed;
mod hash_cache;
mod inputs;
mod interrupt;
mod left_out;
mod links;
mod newest;
mod past;
mod patience;
mod process;
mod pull;
mod registry;
mod run;
mod sealed;
mod stage;
mod state;
mod store;
mod switches;
mod tree_caches;
mod unvouched;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use lambda_images::reference::ImageReference;

pub use cli::{
    Affected, AffectedFormat, Bases, BuildLambdas, CacheWriting, CheckTags, Command, Explain,
    Format, Graph, GraphFormat, Manifest, ManifestFormat, TagFaultKind, WarmCache,
};
pub use environment::Environment;
pub use failure::{
    EXIT_ENVIRONMENT, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_SUCCESS, EXIT_USAGE, EXIT_WORKSPACE,
};

// A big repository is some million small pieces of memory, taken by all threads at once: glibc's own
// allocator takes half as long again for a whole run.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Ships the Lambda container images of a Python monorepo.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// A whole `xtask`: parses the process's arguments and runs the command they name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match Environment::of_process() {
        Ok(environment) => run(&cli.command, &environment, Cli::command()),
        Err(error) => report(&error),
    }
}

/// Runs one command in an environment. `whole` is the command line that it is part of, for
/// completions.
pub fn run(command: &Command, environment: &Environment, whole: clap::Command) -> ExitCode {
    if let Err(error) = interrupt::hear_signals() {
        return report(&error);
    }
    let result = match command {
        Command::BuildLambdas(arguments) => commands::build_lambdas(arguments, environment),
        Command::WarmCache(arguments) => commands::warm_cache(arguments, environment),
        Command::Affected(arguments) => commands::affected(arguments, environment),
        Command::Bases(arguments) => commands::bases(arguments, environment),
        Command::Graph(arguments) => commands::graph(arguments, environment),
        Command::Explain(arguments) => commands::explain(arguments, environment),
        Command::Manifest(arguments) => commands::manifest(arguments, environment),
        Command::CheckTags(arguments) => commands::check_tags(arguments, environment),
        Command::Schema => {
            commands::print_exact(&format!("{:#}\n", lambda_images::keys::render_schema()))
                .map(|()| EXIT_SUCCESS)
        }
        Command::Completions { shell, name } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut whole.bin_name(name), name, &mut text);
            commands::print_exact(&String::from_utf8_lossy(&text)).map(|()| EXIT_SUCCESS)
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => report(&error),
    }
}

/// The digests that references lead to in their registries, all asked at once, as a run asks; `None`
/// for what is not there.
///
/// # Errors
/// A text that is no reference, or a registry that gives no answer.
pub fn resolve_references(
    references: &[String],
    environment: &Environment,
) -> anyhow::Result<Vec<Option<String>>> {
    let parsed: Vec<ImageReference> =
        references.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let client = registry::RegistryClient::new(environment, None);
    let found = client.resolve_all(&parsed.iter().collect::<Vec<_>>())?;
    Ok(found.into_iter().map(|digest| digest.map(|digest| digest.to_string())).collect())
}

/// Shows an error on stderr, and gives its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    display::note(&format!("error: {error:#}"));
    ExitCode::from(failure::exit_code(error))
}
