//! `warm-cache` on the command line.

use std::time::Duration;

use clap::Args;

use super::Format;
use crate::duration::parse_duration;

const EXAMPLES: &str = "\
Examples:
  cargo xtask warm-cache                      all base images, and what comes before each handler
  cargo xtask warm-cache submit-to-openai     for one image
  cargo xtask warm-cache --dev                on the base images tagged `stable`

A file of a Lambda's own folder is its handler's, unless it says what is installed
(`requirements.txt`, `pyproject.toml`, a lock, a wheel). Images are pulled where a registry is
configured: by the tag of the present inputs, else `stable`, else `latest`.

Exit codes:
  0 all is warm   1 a build failed   2 wrong usage   3 problems in the workspace
  4 docker, buildx, the store or a secret is missing   130 interrupted";

/// `warm-cache`
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct WarmCache {
    /// Images to warm the cache for, by name or folder; all if none is given
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Use base images tagged `stable` as they are, whatever changed in the packages
    #[arg(long)]
    pub dev: bool,
    /// Allow `--dev` in CI, and a push by it to a protected stack
    #[arg(long)]
    pub allow_dev: bool,
    /// Keep base images in the local Docker store, even if a registry is configured
    #[arg(long)]
    pub load: bool,
    /// Push base images even if their inputs are in no commit
    #[arg(long, conflicts_with = "load")]
    pub allow_dirty: bool,
    /// Builds at once [default: the number of cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// End a build that takes longer, and let its image fail: `90s`, `10m`, `1h30m`
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// The stack, part of every repository's name [default: LAMBDA_STACK, PULUMI_STACK, the configuration's]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
