//! The tool's own files, all under `<workspace root>/target/lambda-images`: manifest, logs,
//! records of builds, what git said. None of them is needed: each can be deleted at any time.
//!
//! Every file is written to a temporary name beside it and then renamed, so that an
//! interrupted run leaves the old file or the new one, never half of one.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::record::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::display::note;

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
}

impl State {
    /// The manifest, relative to the workspace root.
    pub(crate) const MANIFEST: &str = "target/lambda-images/images.json";

    pub(crate) fn of_workspace(root: &Path) -> State {
        State { folder: root.join("target").join("lambda-images") }
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.folder.join("images.json")
    }

    pub(crate) fn log_path(&self, image: &ImageName) -> PathBuf {
        self.folder.join("logs").join(format!("{image}.log"))
    }

    /// The output of the build that filled the cache for an image.
    pub(crate) fn warm_log_path(&self, image: &ImageName) -> PathBuf {
        self.folder.join("logs").join(format!("{image}.warm.log"))
    }

    /// What was known of a base image when it was given the name `stable`.
    pub(crate) fn stable_path(&self, image: &ImageName) -> PathBuf {
        self.folder.join("stable").join(format!("{image}.json"))
    }

    /// What the cache was warmed for last.
    pub(crate) fn warm_path(&self) -> PathBuf {
        self.folder.join("warm.json")
    }

    /// What was found in the local store.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.join("store.json")
    }

    /// Where BuildKit's metadata of one build goes.
    pub(crate) fn metadata_path(&self, image: &ImageName) -> PathBuf {
        self.folder.join("metadata").join(format!("{image}.json"))
    }

    /// Where the Dockerfile lies that an image is built by, relative to the workspace root; its
    /// ignore file lies beside it.
    pub(crate) fn staged_dockerfile(image: &ImageName) -> String {
        format!("target/lambda-images/staged/{image}/Dockerfile")
    }

    /// The same for the part of an image that `warm-cache` builds.
    pub(crate) fn staged_warm_dockerfile(image: &ImageName) -> String {
        format!("target/lambda-images/staged/{image}/warm/Dockerfile")
    }

    fn record_path(&self, image: &ImageName) -> PathBuf {
        self.folder.join("records").join(format!("{image}.json"))
    }

    /// What git said last, by a key that stands for the question; `dev`: of development mode.
    pub(crate) fn git_path(&self, dev: bool) -> PathBuf {
        self.folder.join(if dev { "git-dev.json" } else { "git.json" })
    }

    /// Waits until no other run of this checkout goes on; the lock ends with the file's scope.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        let path = self.folder.join("lock");
        let lock = || -> std::io::Result<File> {
            fs::create_dir_all(&self.folder)?;
            let file = File::options().create(true).append(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    note("waiting for another run of this checkout");
                    file.lock()?;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            Ok(file)
        };
        lock().with_context(|| format!("failed to lock `{}`", path.display()))
    }

    fn hashes_path(&self) -> PathBuf {
        self.folder.join("hashes")
    }

    fn folders_path(&self) -> PathBuf {
        self.folder.join("folders")
    }

    /// Bytes of the cache of hashes; none where there is none that can be read.
    pub(crate) fn read_hashes(&self) -> Vec<u8> {
        fs::read(self.hashes_path()).unwrap_or_default()
    }

    /// Bytes of the cache of folders; none where there is none that can be read.
    pub(crate) fn read_folders(&self) -> Vec<u8> {
        fs::read(self.folders_path()).unwrap_or_default()
    }

    fn copy_hashes_path(&self) -> PathBuf {
        self.folder.join("context-hashes")
    }

    /// The cache of hashes of what lies in the copies of contexts; none where there is none that can be read.
    pub(crate) fn read_copy_hashes(&self) -> Vec<u8> {
        fs::read(self.copy_hashes_path()).unwrap_or_default()
    }

    /// Keeps it. Where that can't be done, the next run hashes the copies again.
    pub(crate) fn write_copy_hashes(&self, bytes: &[u8]) {
        drop(write_atomically(&self.copy_hashes_path(), bytes));
    }

    /// Keeps the names in folders. Where that can't be done, the next run lists them again.
    pub(crate) fn write_folders(&self, bytes: &[u8]) {
        drop(write_atomically(&self.folders_path(), bytes));
    }

    /// Keeps the cache of hashes. Where that can't be done, the next run hashes again.
    pub(crate) fn write_hashes(&self, bytes: &[u8]) {
        drop(write_atomically(&self.hashes_path(), bytes));
    }

    /// The record of an image's last build, if there is one that this version can read.
    pub(crate) fn read_record(&self, image: &ImageName) -> Option<Record> {
        read_json::<Record>(&self.record_path(image))
            .filter(|record| record.version == Record::VERSION)
    }

    pub(crate) fn has_record(&self, image: &ImageName) -> bool {
        self.record_path(image).exists()
    }

    pub(crate) fn write_record(&self, image: &ImageName, record: &Record) -> anyhow::Result<()> {
        write_json(&self.record_path(image), record)
    }

    /// The manifest, or an empty one for this stack where there is none that can be read.
    pub(crate) fn read_manifest(&self, stack: &str) -> Manifest {
        let text = fs::read_to_string(self.manifest_path()).unwrap_or_default();
        Manifest::parse(&text).unwrap_or_else(|| Manifest::new(stack))
    }

    /// The manifest's text; `None`: there is none.
    pub(crate) fn manifest_text(&self) -> anyhow::Result<Option<String>> {
        match fs::read_to_string(self.manifest_path()) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("failed to read the manifest"),
        }
    }

    pub(crate) fn write_manifest(&self, manifest: &Manifest) -> anyhow::Result<()> {
        write_atomically(&self.manifest_path(), manifest.render().as_bytes())
    }
}

/// `None`: there is no such file, or it can't be read as this type.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_vec(value)
        .with_context(|| format!("failed to encode `{}`", path.display()))?;
    write_atomically(path, &text)
}

/// Replaces a file whole, and keeps what may be done with it. Its folder is made where it does not exist.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".lambda-images-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        // A temporary file is its owner's alone; a new one is anybody's to read.
        let permissions = match fs::metadata(path) {
            Ok(known) => known.permissions(),
            Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
        };
        file.as_file().set_permissions(permissions)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("failed to write `{}`", path.display()))
}

#[cfg(test)]
mod tests;
