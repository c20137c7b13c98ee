//! `RUN --mount=type=…,from=…,source=…`.
//!
//! Options are read twice, as BuildKit reads them (`instructions/commands_runmount.go`): by
//! [`parse_mount`] without variables, where only `from` is looked at, and by
//! [`Mount::expand`] once the stage's variables are known, where everything is checked.

use crate::csv::parse_fields;
use crate::expand::ExpandError;
use crate::fault::Refusal;

mod check;

pub(crate) use check::{is_bool, is_true};

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// Files of a context, a stage or an image.
    Bind,
    /// A folder that outlives the build, at first filled from `from`.
    Cache,
    /// Memory.
    Tmpfs,
    /// A file that the caller of the build provides.
    Secret,
    /// An agent's socket.
    Ssh,
    /// A type that is not one of these as it is written, such as one with a variable.
    Unexpanded(String),
}

impl MountKind {
    fn parse(text: &str) -> MountKind {
        match text.to_lowercase().as_str() {
            "bind" => MountKind::Bind,
            "cache" => MountKind::Cache,
            "tmpfs" => MountKind::Tmpfs,
            "secret" => MountKind::Secret,
            "ssh" => MountKind::Ssh,
            _ => MountKind::Unexpanded(text.to_owned()),
        }
    }
}

/// One `key=value` of a mount, its value not expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountOption {
    /// In lowercase.
    pub key: String,
    /// `None` for a bare key such as `rw`.
    pub value: Option<String>,
}

/// A mount as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The type; `bind` where none is given.
    pub kind: MountKind,
    /// A stage, a named context or an image. It takes no variables.
    pub from: Option<String>,
    /// The path in what is mounted, not expanded.
    pub source: Option<String>,
    /// The path in the container, not expanded.
    pub target: Option<String>,
    /// All options in order, the ones above included.
    pub options: Vec<MountOption>,
}

/// A mount whose options have been expanded and checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExpandedMount {
    /// `None` where it can't be known.
    pub(crate) kind: Option<MountKind>,
    /// `None` where it can't be known; empty for the root.
    pub(crate) source: Option<String>,
    /// `None` where it can't be known; empty where there is none.
    pub(crate) target: Option<String>,
    /// The variable that a secret's value is put into; empty where it can't be known.
    pub(crate) env: Option<String>,
    /// By which a secret or an agent is asked for; `None` where it can't be known.
    pub(crate) id: Option<String>,
    /// Whether the build fails without the secret or the agent; `None` where it can't be known.
    pub(crate) required: Option<bool>,
    /// The first variable whose value can't be known.
    pub(crate) undetermined: Option<ExpandError>,
}

pub(crate) fn parse_mount(text: &str) -> Result<Mount, Refusal> {
    let options: Vec<MountOption> =
        parse_fields(text)?.iter().map(|field| parse_option(field)).collect();
    for option in &options {
        let value = option.value.as_deref().unwrap_or_default();
        // A lone `$` at the end is text.
        let variable = value.find('$').is_some_and(|at| at + 1 != value.len());
        if option.key == "from" && variable {
            let message = "`from` of a mount takes no variables";
            return Err(
                Refusal::new(message).hint("define a stage with FROM and name it in `from`")
            );
        }
    }
    let last = |keys: &[&str]| {
        options
            .iter()
            .rev()
            .find(|option| option.value.is_some() && keys.contains(&option.key.as_str()))
            .and_then(|option| option.value.clone())
    };
    Ok(Mount {
        kind: last(&["type"]).map_or(MountKind::Bind, |kind| MountKind::parse(&kind)),
        from: last(&["from"]).filter(|from| !from.is_empty()),
        source: last(&["source", "src"]),
        target: last(&["target", "dst", "destination"]),
        options,
    })
}

fn parse_option(field: &str) -> MountOption {
    match field.split_once('=') {
        Some((key, value)) => {
            MountOption { key: key.to_lowercase(), value: Some(value.to_owned()) }
        }
        None => MountOption { key: field.to_lowercase(), value: None },
    }
}

impl Mount {
    /// Expands all options and refuses what BuildKit refuses.
    pub(crate) fn expand(
        &self,
        mut expand: impl FnMut(&str) -> Result<String, ExpandError>,
    ) -> Result<ExpandedMount, Refusal> {
        let mut checked = check::Checked::default();
        let mut undetermined = None;
        for option in &self.options {
            let value = match option.value.as_deref().map(&mut expand) {
                None => {
                    checked.bare(&option.key)?;
                    continue;
                }
                Some(Ok(value)) => Some(value),
                Some(Err(ExpandError::Refused(message))) => return Err(Refusal::new(message)),
                Some(Err(unknown)) => {
                    undetermined.get_or_insert(unknown);
                    None
                }
            };
            checked.option(&option.key, value)?;
        }
        checked.finish()?;
        let (id, required) = (checked.asked_id(), checked.required);
        let check::Checked { kind, source, target, env, .. } = checked;
        Ok(ExpandedMount { kind, source, target, env, id, required, undetermined })
    }
}

#[cfg(test)]
mod tests;
