//! What is remembered of an image's last build on this machine: its inputs, file by file, so
//! that the next run can say what changed, and how long it took, so that it can start the
//! longest first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fingerprint::{FileEntry, Fingerprint, Inputs, Mode, Sha256Sum};
use crate::graph::{ContextFolder, Image};
use crate::paths;

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
    /// Every input file of the image's folders, relative to the workspace root.
    pub files: BTreeMap<String, RecordedFile>,
    /// How long the build took, in milliseconds; absent before it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// One input file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// As git records it.
    pub mode: Mode,
    /// SHA-256 of its bytes, or of a link's text.
    pub sha256: Sha256Sum,
}

impl Record {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 1;

    /// What an image's build would read now. `files_of` gives the files of one folder.
    pub fn new<'a>(
        image: &Image,
        inputs: &Inputs,
        fingerprint: Fingerprint,
        files_of: impl Fn(&ContextFolder) -> &'a [FileEntry],
    ) -> Record {
        let mut files = BTreeMap::new();
        for context in &image.contexts {
            for entry in files_of(&context.folder) {
                let path = paths::in_folder(&context.folder.folder, &entry.path);
                files.insert(path, RecordedFile { mode: entry.mode, sha256: entry.sha256 });
            }
        }
        Record {
            version: Record::VERSION,
            fingerprint,
            dockerfile: image.declaration.dockerfile.clone(),
            inputs: inputs.clone(),
            files,
            duration_ms: None,
        }
    }
}
