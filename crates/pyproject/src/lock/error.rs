//! Why a text is not read as a lock: it is broken, or written for other readers.
//!
//! It doesn't know the file's name.

use std::{error, fmt};

use crate::place::{Fault, excerpt};

/// Why a text is not read as a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockError {
    /// It is broken: all faults in the order of the text, at least one.
    Invalid(Vec<Fault>),
    /// Its format is of a version that is not known here, so that all its bytes have to count.
    UnknownVersion {
        /// As written; absent where the text names none.
        found: Option<String>,
    },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(faults) => match faults.split_first() {
                None => f.write_str("invalid lock"),
                Some((first, [])) => write!(f, "{first}"),
                Some((first, others)) => write!(f, "{first} (and {} more faults)", others.len()),
            },
            Self::UnknownVersion { found: Some(found) } => {
                write!(f, "a lock of the unknown version `{}`", excerpt(found))
            }
            Self::UnknownVersion { found: None } => f.write_str("a lock without a version"),
        }
    }
}

impl error::Error for LockError {}
