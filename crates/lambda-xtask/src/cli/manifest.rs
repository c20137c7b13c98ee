//! The command line of `manifest`. What it does is in `commands::manifest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lambda_images::deploy::render::DeployForm;

const MANIFEST_EXAMPLES: &str = "\
Examples:
  cargo xtask manifest --output deployed.json                keep it once it is deployed
  cargo xtask manifest --changed-since deployed.json         what differs from what runs
  cargo xtask manifest --format tfvars --output images.auto.tfvars && terraform apply
  cargo xtask manifest --format sam --output target/images.sam &&
    sam deploy --parameter-overrides $(cat target/images.sam)

`--output` and `&&`: a shell goes on after `$(…)` that failed, and `>` empties a file before
anybody knows whether there is something to write.

Exit codes:
  0 all is fit to be deployed   1 an image is not   2 wrong usage
  3 problems in the workspace   4 there is no manifest, or images are not checked out";

/// `manifest`
#[derive(Debug, Clone, Args)]
#[command(after_help = MANIFEST_EXAMPLES)]
pub struct Manifest {
    /// Lambda images, by name or folder; all if none is given
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, default_value_t = ManifestFormat::Json)]
    pub format: ManifestFormat,
    /// Where to write it instead, whole or, if an image is not fit to be deployed, not at all
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only images whose digest differs from this manifest, which was deployed earlier
    #[arg(long, value_name = "FILE")]
    pub changed_since: Option<PathBuf>,
    /// The stack that is deployed [default: LAMBDA_STACK, PULUMI_STACK, the configuration's]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Also images whose inputs have changed since they were built
    #[arg(long)]
    pub allow_stale: bool,
    /// Also images of development mode, which stand on a `stable` base
    #[arg(long)]
    pub allow_dev: bool,
    /// Also images that were built from inputs that are in no commit
    #[arg(long)]
    pub allow_dirty: bool,
    /// Also images that are only in the local Docker store
    #[arg(long)]
    pub allow_local: bool,
    /// Leave out images that the manifest does not have
    #[arg(long)]
    pub allow_missing: bool,
    /// Only some images in a form (`tfvars`, `pulumi`) that stands for all, or of a sparse checkout:
    /// others may be removed
    #[arg(long)]
    pub allow_partial: bool,
}

/// Forms of what is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ManifestFormat {
    /// The versioned JSON that `docs/json.md` describes
    Json,
    /// `SUBMIT_TO_OPENAI_IMAGE=…`, a line each, for a shell or an `.env` file
    Env,
    /// The variable `lambda_images` for Terraform, a map by name
    Tfvars,
    /// JSON for `pulumi config set-all --json`: the object `lambda-images:images`, by name
    Pulumi,
    /// `SubmitToOpenaiImage=…`, a line each, for `sam deploy --parameter-overrides`
    Sam,
    /// `--context=lambda-images:submit-to-openai=…`, a line each, for `cdk deploy`
    Cdk,
    /// A JSON file of parameters, for `aws cloudformation … file://`
    Cloudformation,
}

impl ManifestFormat {
    pub(crate) fn form(self) -> DeployForm {
        match self {
            ManifestFormat::Json => DeployForm::Json,
            ManifestFormat::Env => DeployForm::Env,
            ManifestFormat::Tfvars => DeployForm::Tfvars,
            ManifestFormat::Pulumi => DeployForm::Pulumi,
            ManifestFormat::Sam => DeployForm::Sam,
            ManifestFormat::Cdk => DeployForm::Cdk,
            ManifestFormat::Cloudformation => DeployForm::Cloudformation,
        }
    }
}
