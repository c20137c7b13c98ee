//! What BuildKit refuses in a mount's options once they are expanded.
//!
//! A value that isn't known is held against nothing.

use super::MountKind;
use crate::fault::{Refusal, excerpt};

const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

/// What the options read so far amount to.
pub(super) struct Checked {
    /// `None` where it can't be known.
    pub(super) kind: Option<MountKind>,
    /// `None` where it can't be known.
    pub(super) source: Option<String>,
    /// Likewise; in `Some`, empty means not given.
    pub(super) target: Option<String>,
    /// `None` where there is none; empty where it can't be known.
    pub(super) env: Option<String>,
    id: Option<String>,
    from: Option<String>,
    shared: bool,
    /// `None` where it can't be known.
    pub(super) required: Option<bool>,
    /// The first of mode, uid and gid that is given.
    owner: Option<&'static str>,
}

impl Default for Checked {
    fn default() -> Checked {
        let not_given = || Some(String::new());
        Checked {
            kind: Some(MountKind::Bind),
            source: not_given(),
            target: not_given(),
            env: None,
            id: not_given(),
            from: not_given(),
            shared: false,
            required: Some(false),
            owner: None,
        }
    }
}

impl Checked {
    fn kind_is(&self, kinds: &[MountKind]) -> bool {
        self.kind.as_ref().is_none_or(|kind| kinds.contains(kind))
    }

    fn unexpected(&self, key: &str) -> Refusal {
        let kind = self.kind.as_ref().map_or_else(String::new, |kind| format!("{kind:?}"));
        Refusal::new(format!("unexpected key `{key}` in a {} mount", kind.to_lowercase()))
            .hint("`type` has to come before the keys that hang on it")
    }

    /// A key without a value.
    pub(super) fn bare(&mut self, key: &str) -> Result<(), Refusal> {
        match key {
            "readonly" | "ro" | "readwrite" | "rw" => Ok(()),
            "required" if self.kind_is(&[MountKind::Secret, MountKind::Ssh]) => {
                self.required = Some(true);
                Ok(())
            }
            "required" => Err(self.unexpected(key)),
            _ => Err(Refusal::new(format!("mount option `{}` has no value", excerpt(key)))
                .hint("write it as `key=value`")),
        }
    }

    /// A key with its value, `None` where the value can't be known.
    pub(super) fn option(&mut self, key: &str, value: Option<String>) -> Result<(), Refusal> {
        let invalid = |value: &str| {
            Refusal::new(format!("invalid value `{}` for mount option `{key}`", excerpt(value)))
        };
        let refuse_unless = |valid: fn(&str) -> bool, value: &Option<String>| match value {
            Some(value) if !valid(value) => Err(invalid(value)),
            _ => Ok(()),
        };
        match key {
            "type" => self.kind = value.as_deref().map(parse_kind).transpose()?,
            "from" => self.from = value,
            "source" | "src" => self.source = value,
            "target" | "dst" | "destination" => self.target = value,
            "id" => self.id = value,
            "env" => self.env = Some(value.unwrap_or_default()),
            "readonly" | "ro" | "readwrite" | "rw" => refuse_unless(is_bool, &value)?,
            "required" if self.kind_is(&[MountKind::Secret, MountKind::Ssh]) => {
                refuse_unless(is_bool, &value)?;
                self.required = value.as_deref().map(is_true);
            }
            "size" if self.kind_is(&[MountKind::Tmpfs]) => refuse_unless(is_size, &value)?,
            "required" | "size" => return Err(self.unexpected(key)),
            "sharing" => {
                refuse_unless(is_sharing, &value)?;
                self.shared = true;
            }
            "mode" => self.set_owner("mode", refuse_unless(is_octal, &value))?,
            "uid" => self.set_owner("uid", refuse_unless(is_id, &value))?,
            "gid" => self.set_owner("gid", refuse_unless(is_id, &value))?,
            _ => {
                return Err(Refusal::new(format!("unknown mount option `{}`", excerpt(key)))
                    .suggest(key, KEYS));
            }
        }
        Ok(())
    }

    fn set_owner(
        &mut self,
        key: &'static str,
        checked: Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.owner.get_or_insert(key);
        checked
    }

    /// The id that a secret or an agent is asked for by (`dockerfile2llb/convert_secrets.go` and
    /// `convert_ssh.go`): a secret's is its source, its id, or the name of its target.
    pub(super) fn asked_id(&self) -> Option<String> {
        let given = |field: &Option<String>| field.as_ref().is_none_or(|text| !text.is_empty());
        match &self.kind {
            Some(MountKind::Ssh) => match self.id.as_deref() {
                Some("") => Some("default".to_owned()),
                id => id.map(str::to_owned),
            },
            _ if given(&self.source) => self.source.clone(),
            _ if given(&self.id) => self.id.clone(),
            _ => {
                let target = self.target.as_deref()?.trim_end_matches('/');
                Some(target.rsplit('/').next().unwrap_or_default().to_owned())
            }
        }
    }

    /// After the last option.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        let given = |field: &Option<String>| field.as_deref() != Some("");
        let surely_given = |field: &Option<String>| field.as_ref().is_some_and(|v| !v.is_empty());
        let Some(kind) = &self.kind else { return Ok(()) };
        if let (Some(key), MountKind::Bind | MountKind::Tmpfs) = (self.owner, kind) {
            return Err(Refusal::new(format!("`{key}` is not allowed in a bind or tmpfs mount")));
        }
        if *kind == MountKind::Secret {
            let message = if surely_given(&self.from) {
                "a secret mount takes no `from`"
            } else if self.shared {
                "a secret mount takes no `sharing`"
            } else if !given(&self.source) && !given(&self.target) && !given(&self.id) {
                "a secret mount needs an `id` or a `target`"
            } else if surely_given(&self.source) && surely_given(&self.id) {
                "a secret mount takes either `source` or `id`"
            } else {
                return Ok(());
            };
            return Err(Refusal::new(message));
        }
        if self.shared && *kind != MountKind::Cache {
            return Err(Refusal::new("`sharing` is only allowed in a cache mount"));
        }
        let mounted = matches!(kind, MountKind::Bind | MountKind::Cache | MountKind::Tmpfs);
        if mounted && self.target.as_deref() == Some("/") {
            return Err(Refusal::new("a mount can't have the target `/`"));
        }
        Ok(())
    }
}

fn parse_kind(value: &str) -> Result<MountKind, Refusal> {
    match MountKind::parse(value) {
        MountKind::Unexpanded(other) => {
            Err(Refusal::new(format!("unsupported mount type `{}`", excerpt(&other)))
                .suggest(&other, ["bind", "cache", "tmpfs", "secret", "ssh"]))
        }
        kind => Ok(kind),
    }
}

/// Go's `strconv.ParseBool`.
pub(crate) fn is_bool(value: &str) -> bool {
    is_true(value) || matches!(value, "0" | "f" | "F" | "FALSE" | "false" | "False")
}

pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

fn is_sharing(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "shared" | "private" | "locked")
}

fn is_octal(value: &str) -> bool {
    !value.starts_with('+') && u32::from_str_radix(value, 8).is_ok()
}

fn is_id(value: &str) -> bool {
    !value.starts_with('+') && value.parse::<u32>().is_ok()
}

/// A number and a unit, as docker/go-units reads them: `64m`, `1.5 GiB`, `10b`.
fn is_size(value: &str) -> bool {
    let Some(at) = value.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ') else {
        return false;
    };
    let (number, unit) = if value[at..].starts_with(' ') {
        (&value[..at], &value[at + 1..])
    } else {
        value.split_at(at + 1)
    };
    let is_unit = match unit.to_lowercase().as_bytes() {
        [] | b"b" => true,
        [b'k' | b'm' | b'g' | b't' | b'p', rest @ ..] => matches!(rest, b"" | b"b" | b"ib"),
        _ => false,
    };
    number.parse::<f64>().is_ok_and(|number| number >= 0.0) && is_unit
}
