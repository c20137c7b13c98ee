//! The keys of the configuration, as data: one table that the reader, the JSON schema and
//! the reference in `docs/configuration.md` are all made from, so that they cannot differ.
//!
//! What the values mean is `config`'s affair; here stand only names, shapes and words.

/// The shape that a key's value must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One string.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// A table of strings.
    TextTable,
    /// A table of build args: strings, or tables that name a variable.
    Args,
    /// A list of tables with the keys of [`IMAGE_ENTRY`].
    Images,
}

/// One key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As written in TOML.
    pub name: &'static str,
    /// What its value must look like.
    pub shape: Shape,
    /// What stands there when the key is absent, a list as in TOML; empty: nothing does.
    pub default: &'static str,
    /// What it is for, in a sentence or two of Markdown.
    pub about: &'static str,
}

const fn key(name: &'static str, shape: Shape, default: &'static str, about: &'static str) -> Key {
    Key { name, shape, default, about }
}

const READS: Key = key(
    "reads",
    Shape::OneOf(&["dockerfile", "context"]),
    "dockerfile",
    "What of the main context counts as an input and is sent to the builder: what the Dockerfile reads, or all of the `\"context\"` after its ignore file, for an external base image whose `ONBUILD` copies from it.",
);

/// `[workspace.metadata.lambda-images]` in the root `Cargo.toml`.
pub const WORKSPACE: &[Key] = &[
    key(
        "packages",
        Shape::Texts,
        "[\"packages/*\"]",
        "Globs of the folders of internal packages. A matched folder counts where it holds a `pyproject.toml`.",
    ),
    key(
        "lambdas",
        Shape::Texts,
        "[\"lambdas/*\"]",
        "Globs of the folders of Lambda functions. A matched folder counts where it holds a `pyproject.toml`.",
    ),
    key(
        "registry",
        Shape::Text,
        "",
        "Host, and path if any, that images are pushed to, as in `registry.example/team`; or `\"ecr\"`: the registry of your AWS account in the region that `AWS_REGION` or `AWS_DEFAULT_REGION` names (`us-east-1` where neither does). Absent: images stay in the local Docker store.",
    ),
    key(
        "registry-kind",
        Shape::OneOf(&["ecr", "other"]),
        "",
        "`\"ecr\"`: the `aws` client logs in where docker has no credentials, and repositories are looked for before anything is built. Default: by the host's name; to be set for a stand-in for ECR.",
    ),
    key(
        "ecr-tags",
        Shape::OneOf(&["mutable", "immutable"]),
        "mutable",
        "Whether tags can be moved in repositories that `--create-repositories` makes.",
    ),
    key(
        "repository",
        Shape::Text,
        "{name}-{stack}",
        "Template of the repository's name. `{name}` is the image's name, `{stack}` the stack.",
    ),
    key(
        "stack",
        Shape::Text,
        "dev",
        "The stack, where neither `--stack` nor `LAMBDA_STACK` nor `PULUMI_STACK` gives one.",
    ),
    key(
        "platform",
        Shape::Text,
        "linux/amd64",
        "The one platform that images are built for: `linux/amd64` or `linux/arm64`. Never taken from the machine: equal inputs must give equal images.",
    ),
    key(
        "base",
        Shape::Text,
        "",
        "Value of `ARG BASE_IMAGE` for every Lambda whose Dockerfile declares it and that sets no `base` of its own: the name of an internal base image, or a reference.",
    ),
    key(
        "context",
        Shape::OneOf(&["image", "workspace"]),
        "image",
        "Context of every image that sets none: `\"image\"` (the image's own folder) or `\"workspace\"` (the workspace root).",
    ),
    key(
        "mirrors",
        Shape::TextTable,
        "",
        "Replacements for external base images: a reference, or a prefix of references that ends at a `/`, `:` or `@`, to what stands in for it. The longest match wins; a replacement with a digest stands for the whole reference. A mirrored base counts as what the mirror points to. `LAMBDA_IMAGES_MIRRORS` (`from=to,from=to`) adds to it on one machine.",
    ),
    key(
        "tag-policy",
        Shape::OneOf(&["git", "content"]),
        "git",
        "`\"git\"`: `git-<commit>`, with `-dirty-<fingerprint>` where the image's inputs have uncommitted changes, and `sha-<fingerprint>` where git knows no commit. `\"content\"`: always `sha-<fingerprint>`.",
    ),
    key(
        "check-tags-exclude",
        Shape::Texts,
        "[]",
        "Globs of files and folders that `check-tags` does not look into: old examples, fixtures.",
    ),
    key(
        "args",
        Shape::Args,
        "",
        "Build args. Each image gets those that its Dockerfile declares, and only those count as its inputs. `NAME = { env = \"VARIABLE\" }` takes the value from a variable, see [below](#args-from-variables).",
    ),
    key(
        "secrets",
        Shape::Texts,
        "",
        "Build secrets, as in `docker buildx build --secret`, see [below](#secrets-and-ssh). Each image gets those that its Dockerfile mounts. Paths are relative to the workspace root.",
    ),
    key(
        "ssh",
        Shape::Texts,
        "",
        "SSH agents and keys, as in `docker buildx build --ssh`, see [below](#secrets-and-ssh). Each image gets those that its Dockerfile mounts. Paths are relative to the workspace root.",
    ),
    key(
        "network",
        Shape::OneOf(&["default", "host", "none"]),
        "default",
        "Network of the `RUN` steps, as in `docker buildx build --network`. `LAMBDA_IMAGES_NETWORK` replaces it on one machine.",
    ),
    key(
        "cache-from",
        Shape::Texts,
        "",
        "Where builds look for layers: `\"registry\"`, `\"local\"`, `\"gha\"`, `\"s3\"`, `\"inline\"`, each with the options of `docker buildx build --cache-from` behind it, as in `\"registry,ref={registry}/cache:{name}-{platform}\"` (the default of `ref`). `{registry}`, `{name}`, `{platform}` and `{stack}` are filled in.",
    ),
    key(
        "cache-to",
        Shape::Texts,
        "",
        "Where builds leave layers, written alike. An export replaces what was there: each image and platform has a place of its own. Options that are not given: `mode=max`, `ignore-error=true`, and for a registry what ECR needs (`image-manifest=true`, `oci-mediatypes=true`). Written by CI runs of the default branch, see `--cache-write`.",
    ),
    key(
        "protected-stacks",
        Shape::Texts,
        "[\"prod\", \"production\"]",
        "Stacks to which nothing is pushed in development mode (`--dev`), unless by `--allow-dev`.",
    ),
    key(
        "images",
        Shape::Images,
        "",
        "Images that are only a Dockerfile somewhere in the tree: a list of tables, see below.",
    ),
];

/// `[tool.lambda-image]` in the `pyproject.toml` of a package or a Lambda.
pub const PYPROJECT: &[Key] = &[
    key(
        "name",
        Shape::Text,
        "",
        "The image's name. Default: the project's normalised name, with `base-` in front for a package.",
    ),
    key(
        "dockerfile",
        Shape::Text,
        "Dockerfile",
        "The Dockerfile, relative to the folder of this `pyproject.toml`.",
    ),
    key(
        "context",
        Shape::Text,
        "",
        "The main context: `\"image\"` (the folder of this `pyproject.toml`), `\"workspace\"`, or a path relative to that folder.",
    ),
    key(
        "contexts",
        Shape::TextTable,
        "",
        "Named contexts: a path relative to the folder of this `pyproject.toml`, `docker-image://REFERENCE`, `target:IMAGE` for another image of the workspace, or a URL, which counts as its text.",
    ),
    key("target", Shape::Text, "", "The Dockerfile stage to build. Default: the last."),
    key(
        "args",
        Shape::Args,
        "",
        "Build args, on top of those of the workspace, see [below](#args-from-variables).",
    ),
    key("platform", Shape::Text, "", "The platform, in place of the workspace's."),
    key(
        "base",
        Shape::Text,
        "",
        "Value of `ARG BASE_IMAGE`: the name of an internal base image, or a reference. An error where the Dockerfile does not declare it.",
    ),
    key(
        "secrets",
        Shape::Texts,
        "",
        "Build secrets, on top of those of the workspace, as in `docker buildx build --secret`: `id=NAME,env=VARIABLE` or `id=NAME,src=PATH`, the path relative to the folder of this `pyproject.toml`. See [below](#secrets-and-ssh).",
    ),
    key(
        "ssh",
        Shape::Texts,
        "",
        "SSH agents and keys, on top of those of the workspace, as in `docker buildx build --ssh`: `default` or `NAME=PATH`, the path relative to the folder of this `pyproject.toml`. See [below](#secrets-and-ssh).",
    ),
    key(
        "cache-from",
        Shape::Texts,
        "",
        "Where builds look for layers, in place of the workspace's `cache-from`; `[]`: nowhere.",
    ),
    key(
        "cache-to",
        Shape::Texts,
        "",
        "Where builds leave layers, in place of the workspace's `cache-to`; `[]`: nowhere.",
    ),
    READS,
];

/// An entry of `[[workspace.metadata.lambda-images.images]]`.
pub const IMAGE_ENTRY: &[Key] = &[
    key("name", Shape::Text, "", "The image's name. Required."),
    key(
        "kind",
        Shape::OneOf(&["base", "lambda"]),
        "lambda",
        "What it is: a base image or a Lambda image.",
    ),
    key("dockerfile", Shape::Text, "", "The Dockerfile, relative to the workspace root. Required."),
    key(
        "context",
        Shape::Text,
        "",
        "The main context: `\"image\"` (the Dockerfile's folder), `\"workspace\"`, or a path relative to the workspace root.",
    ),
    key(
        "contexts",
        Shape::TextTable,
        "",
        "Named contexts: a path relative to the workspace root, `docker-image://REFERENCE`, `target:IMAGE` for another image of the workspace, or a URL, which counts as its text.",
    ),
    key("target", Shape::Text, "", "The Dockerfile stage to build. Default: the last."),
    key(
        "args",
        Shape::Args,
        "",
        "Build args, on top of those of the workspace, see [below](#args-from-variables).",
    ),
    key("platform", Shape::Text, "", "The platform, in place of the workspace's."),
    key(
        "base",
        Shape::Text,
        "",
        "Value of `ARG BASE_IMAGE`: the name of an internal base image, or a reference. An error where the Dockerfile does not declare it.",
    ),
    key(
        "secrets",
        Shape::Texts,
        "",
        "Build secrets, on top of those of the workspace, as in `docker buildx build --secret`: `id=NAME,env=VARIABLE` or `id=NAME,src=PATH`, the path relative to the workspace root. See [below](#secrets-and-ssh).",
    ),
    key(
        "ssh",
        Shape::Texts,
        "",
        "SSH agents and keys, on top of those of the workspace, as in `docker buildx build --ssh`: `default` or `NAME=PATH`, the path relative to the workspace root. See [below](#secrets-and-ssh).",
    ),
    key(
        "cache-from",
        Shape::Texts,
        "",
        "Where builds look for layers, in place of the workspace's `cache-from`; `[]`: nowhere.",
    ),
    key(
        "cache-to",
        Shape::Texts,
        "",
        "Where builds leave layers, in place of the workspace's `cache-to`; `[]`: nowhere.",
    ),
    READS,
];

/// An arg whose value is a variable's.
pub(crate) const ARG_VARIABLE: &[Key] = &[
    key("env", Shape::Text, "", "The variable. Required."),
    key("default", Shape::Text, "", "The value where the variable is not set, or is empty."),
];

/// A `[[base]]` of `lambda-images.lock`: reference, digest, day.
pub(crate) const LOCKED_BASE: &[Key] = &[
    key("reference", Shape::Text, "", "The base, as Dockerfiles write it."),
    key("digest", Shape::Text, "", "What its tag is taken to lead to."),
    key("resolved", Shape::Text, "", "The day on which a registry said so."),
];

mod render;

pub use self::render::{render_reference, render_schema};

#[cfg(test)]
mod tests;
