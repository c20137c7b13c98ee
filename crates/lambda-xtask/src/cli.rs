//! The command line, as clap sees it. What each command does is in `commands`.

mod bases;
mod check_tags;
mod manifest;

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::duration::parse_duration;

pub use bases::Bases;
pub use check_tags::{CheckTags, TagFaultKind};
pub use manifest::{Manifest, ManifestFormat};
mod warm_cache;

pub use self::warm_cache::WarmCache;

/// The commands for Lambda images. An xtask of one's own flattens them into its own:
///
/// ```
/// #[derive(clap::Parser)]
/// struct Cli {
///     #[command(subcommand)]
///     task: Task,
/// }
///
/// #[derive(clap::Subcommand)]
/// enum Task {
///     #[command(flatten)]
///     Images(lambda_xtask::Command),
///     /// Deploys what was built.
///     Deploy,
/// }
/// ```
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Build the images that are not built yet, base images first, the rest in parallel
    BuildLambdas(BuildLambdas),
    /// Pull, import and build what comes before the handlers, so that the next build only adds them
    WarmCache(WarmCache),
    /// Show which images differ from a commit, and why
    Affected(Affected),
    /// Show which external base images there are, and what their tags lead to now
    Bases(Bases),
    /// Show what stands on what
    Graph(Graph),
    /// Show every input of an image, and what changed since it was last built
    Explain(Explain),
    /// Print what to deploy: each Lambda image with its digest, for Terraform, Pulumi and others
    Manifest(Manifest),
    /// Find references to images that are dirty, floating or stale, in any file
    CheckTags(CheckTags),
    /// Print the JSON schema of the configuration
    Schema,
    /// Print a shell completion script
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell that is to complete
        shell: clap_complete::Shell,
        /// The word that is completed: an alias for `cargo xtask`
        #[arg(long, default_value = "xtask")]
        name: String,
    },
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  alias xtask='cargo xtask' && source <(cargo xtask completions bash)
  cargo xtask completions zsh > ~/.zfunc/_xtask
  cargo xtask completions fish --name x > ~/.config/fish/completions/x.fish";

const BUILD_EXAMPLES: &str = "\
Examples:
  cargo xtask build-lambdas                       build what changed
  cargo xtask build-lambdas --dry-run             only say what would be built, and why
  cargo xtask build-lambdas submit-to-openai      one image, and the bases it needs
  cargo xtask build-lambdas --stack prod --push   for another stack, to the registry
  cargo xtask build-lambdas --affected=main       only what differs from `main`
  cargo xtask build-lambdas --dev                 on the base images tagged `stable`

Exit codes:
  0 all is built   1 an image failed, or a dirty one would be pushed   2 wrong usage
  3 problems in the workspace
  4 docker, buildx, the store or a secret is missing   130 interrupted";

/// `build-lambdas`
#[derive(Debug, Clone, Args)]
#[command(after_help = BUILD_EXAMPLES)]
pub struct BuildLambdas {
    /// Images to build, by name or folder; all if none is given
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Only print the plan: what would be built, why, and by which command
    #[arg(long)]
    pub dry_run: bool,
    /// Say why each image is built or not
    #[arg(long)]
    pub explain: bool,
    /// Only images whose inputs differ from a commit, as by `affected --base REF`
    #[arg(long, value_name = "REF", num_args = 0..=1, require_equals = true)]
    pub affected: Option<Option<String>>,
    /// Fail if there is no commit to compare with, instead of treating every image as affected
    #[arg(long, requires = "affected")]
    pub strict: bool,
    /// Build the images even if they exist
    #[arg(long)]
    pub force: bool,
    /// Builds at once [default: the number of cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// End a build that takes longer, and let its image fail: `90s`, `10m`, `1h30m`
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// After the first failure start nothing more, and end what runs
    #[arg(long)]
    pub fail_fast: bool,
    /// Keep images in the local Docker store, even if a registry is configured
    #[arg(long, conflicts_with = "push")]
    pub load: bool,
    /// Push images to the configured registry
    #[arg(long)]
    pub push: bool,
    /// Push images even if their inputs are in no commit
    #[arg(long)]
    pub allow_dirty: bool,
    /// Make repositories that ECR lacks, with scans on push (`ecr-tags` in the configuration)
    #[arg(long, conflicts_with = "load")]
    pub create_repositories: bool,
    /// Use base images tagged `stable` as they are, whatever changed in the packages
    #[arg(long)]
    pub dev: bool,
    /// Build base images from their present inputs, and move `stable` to them; implies `--dev`
    #[arg(long)]
    pub refresh_base: bool,
    /// Allow `--dev` in CI, and a push by it to a protected stack
    #[arg(long)]
    pub allow_dev: bool,
    /// Whether the caches of `cache-to` are written; `auto`: by CI runs of the default branch
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = CacheWriting::Auto, num_args = 0..=1, require_equals = true, default_missing_value = "always")]
    pub cache_write: CacheWriting,
    /// The stack, part of every repository's name [default: LAMBDA_STACK, PULUMI_STACK, the configuration's]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

const AFFECTED_EXAMPLES: &str = "\
Examples:
  cargo xtask affected                                 what differs from the default branch
  cargo xtask affected --base v1.2                     from a tag, a branch or a commit
  cargo xtask affected --base last-success             from the last run that succeeded
  cargo xtask affected --format names | xargs -n1 …    one name a line
  levels=$(cargo xtask affected --format github) && echo \"levels=$levels\" >> \"$GITHUB_OUTPUT\"
  cargo xtask affected --format bake > docker-bake.json

The commit is `--base`, in CI the base of the event that runs this, else the merge base with the
default branch. A tag, a schedule and a manual run of the default branch have no base. Files that
git does not know count where a build reads them. Without a commit all images are affected.
`last-success` is the commit in LAMBDA_IMAGES_LAST_SUCCESS, or `refs/lambda-images/last-success`.";

/// `affected`
#[derive(Debug, Clone, Args)]
#[command(after_help = AFFECTED_EXAMPLES)]
pub struct Affected {
    /// Images to tell of, by name or folder; all if none is given
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// The commit to compare with
    #[arg(long, visible_alias = "since", value_name = "REF")]
    pub base: Option<String>,
    /// Fail if there is no commit to compare with, instead of treating every image as affected
    #[arg(long)]
    pub strict: bool,
    /// The stack, for the tags of `bake` [default: LAMBDA_STACK, PULUMI_STACK, the configuration's]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = AffectedFormat::Text)]
    pub format: AffectedFormat,
}

/// Forms of the affected images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AffectedFormat {
    /// Each affected image with its chains of reasons, for people
    Text,
    /// All images with their reasons: the versioned JSON that `docs/json.md` describes
    Json,
    /// The names of the affected images, a line each, bases first
    Names,
    /// Matrices for GitHub Actions: a list for each level of bases, of at most 256 images each
    Github,
    /// A `docker-bake.json` of the affected images
    Bake,
}

/// Whether caches are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CacheWriting {
    /// By CI runs of the default branch, and by no others
    Auto,
    /// By this run
    Always,
    /// Not by this run
    Never,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// The versioned JSON that `docs/json.md` describes
    Json,
}

/// `graph`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask graph\n  cargo xtask graph --format dot | dot -Tsvg > images.svg\n  cargo xtask graph --format mermaid >> README.md"
)]
pub struct Graph {
    /// Form of the graph
    #[arg(long, value_enum, default_value_t = GraphFormat::Tree)]
    pub format: GraphFormat,
}

/// Forms of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A tree, bases at the root
    Tree,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// Versioned JSON
    Json,
}

/// `explain`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask explain submit-to-openai\n  cargo xtask explain lambdas/submit_to_openai --format json | jq '.inputs[].path'"
)]
pub struct Explain {
    /// The image, by name or folder
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// As `build-lambdas --dev` would have it: on base images tagged `stable`
    #[arg(long)]
    pub dev: bool,
    /// The stack, part of every repository's name [default: LAMBDA_STACK, PULUMI_STACK, the configuration's]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
