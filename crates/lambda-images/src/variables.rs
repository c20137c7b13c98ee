//! The variables of the process, as a value, and settings that take their value from one.

use std::collections::BTreeMap;
use std::fmt;

use crate::table::Text;

/// Variables by name. Its `Debug` form shows no values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// A variable's value; one that is empty counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Variables {
        Variables(variables.into_iter().collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variables({})", self.0.len())
    }
}

/// The value of a build arg, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgValue {
    /// The text itself.
    Text(Text),
    /// The value of a variable.
    Variable {
        /// Its name.
        name: Text,
        /// The value where it is not set.
        default: Option<String>,
    },
}

impl ArgValue {
    /// 1-based line and column of the value.
    pub fn place(&self) -> (usize, usize) {
        match self {
            ArgValue::Text(text) | ArgValue::Variable { name: text, .. } => text.place,
        }
    }

    /// What the arg is set to; `None`: its variable is not set, and there is no default.
    pub fn value<'v>(&'v self, variables: &'v Variables) -> Option<&'v str> {
        match self {
            ArgValue::Text(text) => Some(&text.value),
            ArgValue::Variable { name, default } => {
                variables.get(&name.value).or(default.as_deref())
            }
        }
    }
}
