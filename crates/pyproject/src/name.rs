//! Names of packages, extras and dependency groups, in the one form that may be compared.
//!
//! It does not know which names exist.

use std::{
    cmp::Ordering,
    error, fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use crate::place::excerpt;

/// A normalised name: `Receipt_Dynamo`, `receipt.dynamo` and `receipt-dynamo` are one.
///
/// What a name may consist of is PEP 508's `identifier`; its normal form is PEP 503's (lower case,
/// each run of `-`, `_` and `.` is one `-`). PEP 685 and PEP 735 ask for the same form of extras
/// and groups.
///
/// A copy shares the text, and is known for a copy: one name, however long, may be repeated for
/// thousands of dependencies.
#[derive(Debug, Clone, Eq)]
pub struct PackageName(Arc<str>);

impl PackageName {
    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for PackageName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl PartialOrd for PackageName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PackageName {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl Hash for PackageName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl FromStr for PackageName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let bytes = text.as_bytes();
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if !ends(bytes.first()) || !ends(bytes.last()) || !bytes.iter().copied().all(is_name_byte) {
            return Err(InvalidName { name: text.to_owned() });
        }
        let mut normal = String::with_capacity(text.len());
        for character in text.chars() {
            if character.is_ascii_alphanumeric() {
                normal.push(character.to_ascii_lowercase());
            } else if !normal.ends_with('-') {
                normal.push('-');
            }
        }
        Ok(Self(normal.into()))
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no name by PEP 508.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    /// The text as it was given.
    pub name: String,
}

impl InvalidName {
    /// How to mend it.
    pub const HINT: &str = "use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit";
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            f.write_str("a name is empty")
        } else {
            write!(f, "`{}` is not a valid name", excerpt(&self.name))
        }
    }
}

impl error::Error for InvalidName {}

/// Whether a byte may stand inside a name.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests;
