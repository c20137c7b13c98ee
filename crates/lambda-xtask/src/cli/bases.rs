//! The command line of `bases`. What it does is in `commands::bases`.

use clap::Args;

use super::Format;

const BASES_EXAMPLES: &str = "\
Examples:
  cargo xtask bases                          which external bases there are, and what is newer
  cargo xtask bases --update                 build on what their tags lead to now, all of them
  cargo xtask bases --update python:3.13     only this one
  cargo xtask bases --offline                without asking any registry

Exit codes:
  0 all is known   1 a registry gave no answer   2 wrong usage   3 problems in the workspace";

/// `bases`
#[derive(Debug, Clone, Args)]
#[command(after_help = BASES_EXAMPLES)]
pub struct Bases {
    /// External base images, as Dockerfiles write them, or by the end of that; all if none is given
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Write what their tags lead to now to `lambda-images.lock`, which is to be committed
    #[arg(long)]
    pub update: bool,
    /// Ask no registry
    #[arg(long, conflicts_with = "update")]
    pub offline: bool,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
