//! The JSON schema and the reference, made from the tables of keys.

use serde_json::{Map, Value, json};

use super::{ARG_VARIABLE, IMAGE_ENTRY, Key, PYPROJECT, Shape, WORKSPACE};

/// The JSON schema (draft 2020-12) of both tables, for editors: `$defs/workspace` is
/// `[workspace.metadata.lambda-images]`, `$defs/pyproject` is `[tool.lambda-image]`.
pub fn render_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lambda-images",
        "description": "Configuration of the Lambda images of a workspace.",
        "$ref": "#/$defs/workspace",
        "$defs": {
            "workspace": table_schema(WORKSPACE, &[]),
            "pyproject": table_schema(PYPROJECT, &[]),
            "image": table_schema(IMAGE_ENTRY, &["name", "dockerfile"]),
            "arg": table_schema(ARG_VARIABLE, &["env"]),
        }
    })
}

fn table_schema(keys: &[Key], required: &[&str]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut schema = match key.shape {
                Shape::Text => json!({ "type": "string" }),
                Shape::OneOf(values) => json!({ "type": "string", "enum": values }),
                Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
                Shape::TextTable => {
                    json!({ "type": "object", "additionalProperties": { "type": "string" } })
                }
                Shape::Args => {
                    let value =
                        json!({ "oneOf": [{ "type": "string" }, { "$ref": "#/$defs/arg" }] });
                    json!({ "type": "object", "additionalProperties": value })
                }
                Shape::Images => json!({ "type": "array", "items": { "$ref": "#/$defs/image" } }),
            };
            schema["description"] = Value::from(key.about);
            if let Some(default) = default_literal(key) {
                schema["default"] = serde_json::from_str(&default).expect("a default is a literal");
            }
            (key.name.to_owned(), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The default as TOML writes it, which for strings and lists of strings is JSON too.
fn default_literal(key: &Key) -> Option<String> {
    match key.shape {
        _ if key.default.is_empty() => None,
        Shape::Text | Shape::OneOf(_) => Some(format!("\"{}\"", key.default)),
        Shape::Texts | Shape::TextTable | Shape::Args | Shape::Images => {
            Some(key.default.to_owned())
        }
    }
}

pub(super) const INTRODUCTION: &str = r#"# Configuration

The configuration of a workspace is one table of its root `Cargo.toml`; an image's own settings are
one table of its `pyproject.toml`. Both may be absent: in the conventional layout (`packages/*`,
`lambdas/*`, a `Dockerfile` beside each `pyproject.toml`) every key has a default that fits.

```toml
[workspace.metadata.lambda-images]
registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
platform = "linux/arm64"
base = "base-receipt-label"
mirrors = { "public.ecr.aws/" = "mirror.example/ecr-public/" }

[[workspace.metadata.lambda-images.images]]
name = "ocr"
dockerfile = "services/ocr/Dockerfile"
context = "workspace"
```

```toml
[tool.lambda-image]
target = "production"
args = { LEVEL = "3" }
secrets = ["id=pip-token,env=PIP_TOKEN"]
```

- What is nearer to the image wins: its own settings, then the workspace's, then the default. The
  stack comes from `--stack`, else `LAMBDA_STACK`, else `PULUMI_STACK`, else `stack`.
- An unknown key, and a value of the wrong shape, is an error with file, line, column and a hint.
  All of them are reported at once, with exit code 3.
- Paths are written with `/`, and stay below the workspace root.
- A key counts as an input of an image only where it can change what the build gives. `registry`,
  `registry-kind`, `ecr-tags`, `repository`, `stack`, `tag-policy`, `check-tags-exclude`, `network`,
  `secrets`, `ssh`, `cache-from`, `cache-to` and `protected-stacks` never do.
- A package without a Dockerfile is a package without an image: its files are inputs of the images
  that depend on it. A Lambda without a Dockerfile is an error.

[`lambda-images.schema.json`](lambda-images.schema.json) says the same as a JSON schema:
`$defs/workspace` is the first of the tables below, `$defs/pyproject` the second, `$defs/image` the
third. `cargo xtask schema` prints it. It describes these tables, not the files that they stand in.

This page and the schema are made from `crates/lambda-images/src/keys.rs`, from which the reader of
the configuration takes its keys too. `UPDATE_EXPECT=1 cargo test -p lambda-images keys` writes both.
"#;

/// `docs/configuration.md`: the reference of the configuration.
pub fn render_reference() -> String {
    [
        INTRODUCTION.to_owned(),
        render_table("`[workspace.metadata.lambda-images]` in the root `Cargo.toml`", WORKSPACE),
        render_table(
            "`[tool.lambda-image]` in the `pyproject.toml` of a package or a Lambda",
            PYPROJECT,
        ),
        render_table("`[[workspace.metadata.lambda-images.images]]`", IMAGE_ENTRY),
        APPENDIX.to_owned(),
    ]
    .join("\n")
}

fn render_table(title: &str, keys: &[Key]) -> String {
    let mut text = format!(
        "## {title}\n\n| key | value | default | what it is for |\n| --- | --- | --- | --- |\n"
    );
    for key in keys {
        let shape = match key.shape {
            Shape::Text => "string".to_owned(),
            Shape::OneOf(values) => {
                values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(" or ")
            }
            Shape::Texts => "list of strings".to_owned(),
            Shape::TextTable => "table of strings".to_owned(),
            Shape::Args => "table of strings or `{ env = \"…\" }`".to_owned(),
            Shape::Images => "list of tables".to_owned(),
        };
        let default = default_literal(key).map_or_else(String::new, |text| format!("`{text}`"));
        text += &format!("| `{}` | {shape} | {default} | {} |\n", key.name, key.about);
    }
    text
}

const APPENDIX: &str = r#"## Secrets and SSH

A secret is written as for `docker buildx build --secret`:

| entry | where its content comes from |
| --- | --- |
| `id=NAME,env=VARIABLE` or `id=NAME,type=env,src=VARIABLE` | the variable |
| `id=NAME,src=PATH` or `id=NAME,source=PATH` | the file, of at most 500 KiB |
| `id=NAME` | the variable `NAME` if it is set, else the file `NAME` in the workspace root |

An SSH agent or key is written as for `docker buildx build --ssh`: `default` or `NAME` is the agent of
`SSH_AUTH_SOCK`, `NAME=PATH` a socket or a private key, `NAME=PATH,PATH` several keys. A path may begin
with a variable: `default=$HOME/.ssh/id_ed25519`. A Dockerfile uses it by `RUN --mount=type=ssh`.

- The contents never count as inputs: a new token rebuilds nothing.
- A run ends with exit code 4 before it builds anything, if an image that is to be built has an entry
  whose variable is not set or empty, or whose file is missing, empty or unreadable, or if its
  Dockerfile mounts a secret or agent with `required` that is not configured. `--dry-run` warns.
- An entry that no reached stage mounts is a warning, and so is `RUN --mount=type=ssh` without an agent.
- An image's own entry replaces the workspace's entry of the same id.

## Args from variables

```toml
[tool.lambda-image.args]
VERSION = { env = "VERSION" }
LEVEL = { env = "LEVEL", default = "info" }
```

- The value counts as an input, like the value of any other arg: another value is another image.
  `affected` uses the present value for both commits.
- A variable that is empty counts as not set. One that is not set, has no `default`, and belongs to an
  arg that a Dockerfile declares, is an error (exit code 3) in every command that needs the images'
  inputs.
- Build args stay readable in the image's history and in our logs. Use a secret for a secret.
"#;
