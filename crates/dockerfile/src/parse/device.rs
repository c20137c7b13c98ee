//! `RUN --device` (`instructions/commands_rundevice.go`).

use crate::csv::parse_fields;
use crate::fault::{Refusal, excerpt};
use crate::instruction::Device;
use crate::mount::{is_bool, is_true};

pub(super) fn parse_device(text: &str) -> Result<Device, Refusal> {
    let mut device = Device { name: String::new(), required: false };
    for field in parse_fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_lowercase(), Some(value)),
            None => (field.to_lowercase(), None),
        };
        match (key.as_str(), value) {
            ("required", None) => device.required = true,
            ("required", Some(value)) if is_bool(value) => device.required = is_true(value),
            ("required", Some(value)) => {
                let message = format!("invalid value `{}` for `required`", excerpt(value));
                return Err(Refusal::new(message));
            }
            ("name", Some(_)) if !device.name.is_empty() => {
                return Err(Refusal::new(format!("device name is already `{}`", device.name)));
            }
            ("name", Some(value)) => value.clone_into(&mut device.name),
            // A CDI name holds a `=` itself.
            _ if device.name.is_empty() => device.name = field,
            (key, _) => {
                return Err(Refusal::new(format!("unknown device option `{}`", excerpt(key)))
                    .suggest(key, ["name", "required"]));
            }
        }
    }
    Ok(device)
}

#[cfg(test)]
mod tests;
