//! The forms in which deploying programs take image references.
//!
//! Where a form has no room for an image's own name, the name becomes an identifier; two images
//! whose identifiers are equal are an error, never a guess. It knows what each program reads, and
//! runs none of them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use super::Deployment;
use crate::discovery::ImageName;
use crate::manifest::{Manifest, ManifestImage};

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeployForm {
    /// The manifest's own JSON, of what is deployed.
    Json,
    /// `NAME_IMAGE=reference`, for a shell or an `.env` file.
    Env,
    /// A variable `lambda_images` for Terraform.
    Tfvars,
    /// What `pulumi config set-all --json` takes.
    Pulumi,
    /// What `sam deploy --parameter-overrides` takes.
    Sam,
    /// What `cdk deploy` takes.
    Cdk,
    /// A file of parameters for CloudFormation.
    Cloudformation,
}

/// Two images that one identifier would stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameIdentifier {
    /// The identifier.
    pub identifier: String,
    /// The images.
    pub images: [ImageName; 2],
}

impl fmt::Display for SameIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.images;
        write!(f, "`{first}` and `{second}` would both be `{}`", self.identifier)
    }
}

impl std::error::Error for SameIdentifier {}

impl DeployForm {
    /// Whether a program that is given only some of the images takes the others for removed.
    pub fn is_whole(self) -> bool {
        matches!(self, DeployForm::Tfvars | DeployForm::Pulumi)
    }
}

/// The text of a form. `all` are the names of all Lambda images of the workspace: which
/// identifiers are taken must not hang on what is deployed today.
///
/// # Errors
/// The form has one identifier for two of them.
pub fn render_deployment<'a>(
    form: DeployForm,
    stack: &str,
    deployment: &Deployment,
    all: impl Iterator<Item = &'a ImageName>,
) -> Result<String, SameIdentifier> {
    let images = &deployment.images;
    Ok(match form {
        DeployForm::Json => render_json(stack, deployment),
        DeployForm::Tfvars => render_tfvars(images),
        DeployForm::Pulumi => render_pulumi(images),
        DeployForm::Cdk => render_cdk(images),
        DeployForm::Env => {
            let identifiers = identifiers(all, environment_variable)?;
            lines(images, |image| {
                format!(
                    "{}={}",
                    identifiers[&image.name],
                    buildx::quote_command([&image.image_ref])
                )
            })
        }
        DeployForm::Sam => {
            let identifiers = identifiers(all, parameter)?;
            lines(images, |image| format!("{}={}", identifiers[&image.name], image.image_ref))
        }
        DeployForm::Cloudformation => {
            let identifiers = identifiers(all, parameter)?;
            let parameters = images.iter().map(|image| {
                json!({
                    "ParameterKey": identifiers[&image.name],
                    "ParameterValue": image.image_ref,
                })
            });
            format!("{:#}\n", Value::Array(parameters.collect()))
        }
    })
}

fn lines(images: &[ManifestImage], line: impl Fn(&ManifestImage) -> String) -> String {
    images.iter().map(|image| line(image) + "\n").collect()
}

fn render_json(stack: &str, deployment: &Deployment) -> String {
    Manifest {
        images: deployment.images.clone(),
        removed: deployment.removed.clone(),
        ..Manifest::new(stack)
    }
    .render()
}

fn render_tfvars(images: &[ManifestImage]) -> String {
    let width = images.iter().map(|image| quote_hcl(image.name.as_str()).len()).max().unwrap_or(0);
    let lines = lines(images, |image| {
        let name = quote_hcl(image.name.as_str());
        format!("  {name:width$} = {}", quote_hcl(&image.image_ref))
    });
    format!("lambda_images = {{\n{lines}}}\n")
}

/// A quoted template of HCL in which nothing is a template.
fn quote_hcl(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// One object under a namespace of its own: it needs no project's name, and an image that goes
/// leaves nothing behind. Pulumi writes its own file, with its comments and secrets.
fn render_pulumi(images: &[ManifestImage]) -> String {
    let references: Map<String, Value> = by_name(images);
    let text = Value::Object(references.clone()).to_string();
    let value = json!({ "value": text, "objectValue": references, "secret": false });
    format!("{:#}\n", json!({ "lambda-images:images": value }))
}

fn by_name(images: &[ManifestImage]) -> Map<String, Value> {
    let entry = |image: &ManifestImage| (image.name.to_string(), json!(image.image_ref));
    images.iter().map(entry).collect()
}

/// Words for the command line: a value of the context that comes from there is always a string.
fn render_cdk(images: &[ManifestImage]) -> String {
    lines(images, |image| format!("--context=lambda-images:{}={}", image.name, image.image_ref))
}

/// `submit-to-openai` → `SUBMIT_TO_OPENAI_IMAGE`
fn environment_variable(name: &ImageName) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let start = if name.as_str().starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    let name: String = name.as_str().chars().map(letter).collect();
    format!("{start}{name}_IMAGE")
}

/// `submit-to-openai` → `SubmitToOpenaiImage`: CloudFormation's names are letters and digits.
fn parameter(name: &ImageName) -> String {
    let mut parameter = String::new();
    for word in name.as_str().split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        parameter.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        parameter.push_str(letters.as_str());
    }
    parameter + "Image"
}

fn identifiers<'a>(
    names: impl Iterator<Item = &'a ImageName>,
    identifier: impl Fn(&ImageName) -> String,
) -> Result<BTreeMap<ImageName, String>, SameIdentifier> {
    let mut taken: BTreeMap<String, ImageName> = BTreeMap::new();
    for name in names {
        let identifier = identifier(name);
        if let Some(other) = taken.insert(identifier.clone(), name.clone()) {
            return Err(SameIdentifier { identifier, images: [other, name.clone()] });
        }
    }
    Ok(taken.into_iter().map(|(identifier, name)| (name, identifier)).collect())
}

#[cfg(test)]
mod tests;
