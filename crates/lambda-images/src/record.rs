//! What is remembered of an image's last build on this machine: its inputs, file by file, so
//! that the next run can say what changed, and how long it took, so that it can start the
//! longest first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::discovery::ImageName;
use crate::fingerprint::{Fingerprint, Inputs};
use crate::graph::Image;
use crate::tree::FileState;

/// Inputs of one build of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Raised when the form changes; a record of another version is not read.
    pub version: u32,
    /// SHA-256 of `inputs`.
    pub fingerprint: Fingerprint,
    /// Path of the Dockerfile, relative to the workspace root.
    pub dockerfile: String,
    /// All that counts.
    pub inputs: Inputs,
    /// Every input file, by its path from the workspace root; locks are in `inputs`.
    pub files: BTreeMap<String, FileState>,
    /// The file that each of the inputs' dependencies is declared in; older records don't say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declared: BTreeMap<ImageName, String>,
    /// Why more counts than the Dockerfile seems to read, as `path:line: why`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undetermined: Vec<String>,
    /// How long the build took, in milliseconds; absent before it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

impl Record {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 2;

    /// What an image's build would read now.
    pub fn new(
        image: &Image,
        inputs: &Inputs,
        fingerprint: Fingerprint,
        files: BTreeMap<String, FileState>,
    ) -> Record {
        Record {
            version: Record::VERSION,
            fingerprint,
            dockerfile: image.declaration.dockerfile.clone(),
            inputs: inputs.clone(),
            files,
            declared: image.declared.clone(),
            undetermined: image
                .resolved
                .undetermined
                .iter()
                .map(|note| {
                    format!("{}:{}: {}", image.declaration.dockerfile, note.line, note.message)
                })
                .collect(),
            duration_ms: None,
        }
    }
}
