//! The environment that a marker asks about, and one comparison with it, by the rules of PEP 508.
//!
//! It evaluates with three values: what depends on a variable that is not stated, or what tools
//! read differently (`sys_platform < "x"`, `platform_release == "6"`), is unknown, and nobody may
//! conclude from it that something isn't installed. It knows no running interpreter.

use std::collections::BTreeSet;

use super::version_order::{release_numbers, satisfies};
use crate::name::PackageName;

/// The environment that is installed into: what is known of PEP 508's variables. The default knows
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// As in `3.13.1`.
    pub python_full_version: Option<String>,
    /// As in `3.13`; where it is absent, it follows from the full version. Where only this one is
    /// known, a final release of it is meant, and what all of those have in common is decided.
    pub python_version: Option<String>,
    /// As in `posix`.
    pub os_name: Option<String>,
    /// As in `linux`.
    pub sys_platform: Option<String>,
    /// As in `x86_64`.
    pub platform_machine: Option<String>,
    /// As in `Linux`.
    pub platform_system: Option<String>,
    /// As in `6.8.0-51-generic`.
    pub platform_release: Option<String>,
    /// As in `#52-Ubuntu SMP`.
    pub platform_version: Option<String>,
    /// As in `CPython`.
    pub platform_python_implementation: Option<String>,
    /// As in `cpython`.
    pub implementation_name: Option<String>,
    /// As in `3.13.1`.
    pub implementation_version: Option<String>,
    /// The extras that are asked for, of a `pylock.toml`.
    pub extras: Option<BTreeSet<PackageName>>,
    /// Likewise the dependency groups.
    pub dependency_groups: Option<BTreeSet<PackageName>>,
}

impl Environment {
    /// CPython on Linux: `python` is `3.13` or, better, `3.13.1`; `machine` is what `uname -m` says
    /// there, `x86_64` or `aarch64`.
    pub fn cpython_on_linux(python: &str, machine: &str) -> Self {
        let known = |text: &str| Some(text.to_owned());
        let full = (python.matches('.').count() >= 2).then(|| python.to_owned());
        Self {
            python_version: if full.is_none() { known(python) } else { None },
            implementation_version: full.clone(),
            python_full_version: full,
            os_name: known("posix"),
            sys_platform: known("linux"),
            platform_machine: known(machine),
            platform_system: known("Linux"),
            platform_python_implementation: known("CPython"),
            implementation_name: known("cpython"),
            ..Self::default()
        }
    }

    /// `X.Y`.
    fn python_minor(&self) -> Option<String> {
        self.python_version.clone().or_else(|| {
            let release = release_numbers(self.python_full_version.as_deref()?)?;
            Some(format!("{}.{}", release.first()?, release.get(1).unwrap_or(&0)))
        })
    }

    fn text(&self, variable: &str) -> Option<&str> {
        match variable {
            "os_name" => self.os_name.as_deref(),
            "sys_platform" => self.sys_platform.as_deref(),
            "platform_machine" => self.platform_machine.as_deref(),
            "platform_system" => self.platform_system.as_deref(),
            "platform_release" => self.platform_release.as_deref(),
            "platform_version" => self.platform_version.as_deref(),
            "platform_python_implementation" => self.platform_python_implementation.as_deref(),
            "implementation_name" => self.implementation_name.as_deref(),
            _ => None,
        }
    }
}

/// Ordered: `and` is the least, `or` the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

impl From<Option<bool>> for Truth {
    fn from(decided: Option<bool>) -> Self {
        match decided {
            Some(false) => Self::False,
            None => Self::Unknown,
            Some(true) => Self::True,
        }
    }
}

/// Which extra `extra == "…"` speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requested<'a> {
    /// Nothing is known: uv writes its own conditions into this variable.
    Unknown,
    NoExtra,
    /// This one, and others possibly.
    Extra(&'a PackageName),
}

/// One comparison of a variable with a text.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    /// As PEP 508 spells it.
    pub(super) variable: &'static str,
    pub(super) operator: &'static str,
    pub(super) literal: String,
    /// The text stands on the left.
    pub(super) swapped: bool,
}

impl Comparison {
    pub(super) fn evaluate(&self, environment: &Environment, requested: Requested<'_>) -> Truth {
        let python = || environment.python_minor();
        let decided = match self.variable {
            "extra" => return self.evaluate_extra(requested),
            "extras" => self.is_met_by_names(environment.extras.as_ref()),
            "dependency_groups" => self.is_met_by_names(environment.dependency_groups.as_ref()),
            "python_version" => python().and_then(|python| self.is_satisfied_by(&python)),
            "python_full_version" => match &environment.python_full_version {
                Some(full) => self.is_satisfied_by(full),
                None => python().and_then(|python| self.is_satisfied_by_all_of(&python)),
            },
            "implementation_version" => environment
                .implementation_version
                .as_ref()
                .and_then(|version| self.is_satisfied_by(version)),
            variable => environment.text(variable).and_then(|value| self.is_met_by_text(value)),
        };
        decided.into()
    }

    fn evaluate_extra(&self, requested: Requested<'_>) -> Truth {
        let equal = match (requested, self.literal.parse::<PackageName>()) {
            (Requested::NoExtra, Ok(_)) => Some(false),
            (Requested::Extra(extra), Ok(wanted)) if *extra == wanted => Some(true),
            _ => None,
        };
        match self.operator {
            "==" => equal.into(),
            "!=" => equal.map(|equal| !equal).into(),
            _ => Truth::Unknown,
        }
    }

    /// By version, as the variable is one.
    fn is_satisfied_by(&self, version: &str) -> Option<bool> {
        match self.operator {
            // `packaging` looks for a part of the text, uv for a version of a list: only where
            // both agree is it decided.
            "in" | "not in" if !self.swapped => {
                let separators = |character: char| character.is_whitespace() || character == ',';
                let listed = self.literal.split(separators).any(|listed| listed == version);
                let found = self.literal.contains(version);
                (listed == found).then_some(found == (self.operator == "in"))
            }
            "in" | "not in" => None,
            operator if self.swapped => satisfies(&self.literal, operator, version),
            operator => satisfies(version, operator, &self.literal),
        }
    }

    /// Whether it holds for all final releases of `X.Y`, or for none.
    fn is_satisfied_by_all_of(&self, python: &str) -> Option<bool> {
        if self.swapped || matches!(self.operator, "===" | "in" | "not in") {
            return None;
        }
        let minor = release_numbers(python)?;
        let wanted = release_numbers(self.literal.trim().trim_end_matches(".*"))?;
        let names_a_micro = wanted.len() > 2 && wanted[..2] == minor[..];
        if matches!(self.operator, "==" | "!=") && names_a_micro {
            return None;
        }
        let first = self.is_satisfied_by(&format!("{python}.0"))?;
        let last = self.is_satisfied_by(&format!("{python}.{}", u32::MAX))?;
        (first == last).then_some(first)
    }

    /// `'name' in extras`.
    fn is_met_by_names(&self, names: Option<&BTreeSet<PackageName>>) -> Option<bool> {
        let name: PackageName = self.literal.parse().ok()?;
        let is_there = names?.contains(&name);
        match self.operator {
            "in" if self.swapped => Some(is_there),
            "not in" if self.swapped => Some(!is_there),
            _ => None,
        }
    }

    fn is_met_by_text(&self, value: &str) -> Option<bool> {
        let equal = value == self.literal;
        // Of a release of the platform some compare the text, others the version.
        let ambiguous = self.variable == "platform_release" && !equal;
        match self.operator {
            "==" | "!=" if ambiguous => None,
            "==" => Some(equal),
            "!=" => Some(!equal),
            "in" if self.swapped => Some(value.contains(&self.literal)),
            "not in" if self.swapped => Some(!value.contains(&self.literal)),
            "in" => Some(self.literal.contains(value)),
            "not in" => Some(!self.literal.contains(value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
