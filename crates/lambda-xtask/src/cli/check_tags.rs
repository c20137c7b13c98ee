//! The command line of `check-tags`. What it does is in `commands::check_tags`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lambda_images::tag_check::TagFault;

const CHECK_TAGS_EXAMPLES: &str = "\
Examples:
  cargo xtask check-tags                        all files that git keeps, and the manifest
  cargo xtask check-tags deploy Pulumi.prod.yaml
  cargo xtask check-tags --staged               what is about to be committed
  cargo xtask check-tags --only dirty,floating

A reference is found in any text by its repository, for any stack and registry. Without FILE,
Dockerfiles and Markdown are left out. Base images may have the tags `stable` and `latest`.

Exit codes:
  0 every reference can be trusted   1 one can't   2 wrong usage
  3 problems in the workspace   4 there is no repository";

/// `check-tags`
#[derive(Debug, Clone, Args)]
#[command(after_help = CHECK_TAGS_EXAMPLES)]
pub struct CheckTags {
    /// Files or folders [default: all files that git keeps, and the manifest]
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check the files, and compare with the images, as they are about to be committed
    #[arg(long)]
    pub staged: bool,
    /// What to look for [default: all of it]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FAULT")]
    pub only: Vec<TagFaultKind>,
}

/// What can be wrong with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TagFaultKind {
    /// `…-dirty…`: its inputs were in no commit
    Dirty,
    /// `stable` or `latest` of a Lambda image, without a digest; `dev-…` even with one
    Floating,
    /// `git-…` or `sha-…` of other inputs than there are
    Stale,
}

impl TagFaultKind {
    pub(crate) fn fault(self) -> TagFault {
        match self {
            TagFaultKind::Dirty => TagFault::Dirty,
            TagFaultKind::Floating => TagFault::Floating,
            TagFaultKind::Stale => TagFault::Stale,
        }
    }
}
