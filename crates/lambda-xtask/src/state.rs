//! The tool's own files, all under `<workspace root>/target/lambda-images`: manifest, logs,
//! records of builds, what git said. None of them is needed: each can be deleted at any time.
//!
//! Every file is written to a temporary name beside it and then renamed, so that an
//! interrupted run leaves the old file or the new one, never half of one.
//!
//! A checkout, or a cache that a CI service restored, may have put anything in its place. A link is
//! never followed here, neither to read nor to write, and what is no regular file is not opened.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::record::Record;
use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::display::note;
use crate::files::{self, Links, OWN_LIMIT};

/// The folder, relative to the workspace root.
const OWN_FOLDER: &str = "target/lambda-images";

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
}

impl State {
    /// The manifest, relative to the workspace root.
    pub(crate) const MANIFEST: &str = "target/lambda-images/images.json";

    pub(crate) fn of_workspace(root: &Path) -> State {
        State { folder: root.join(OWN_FOLDER) }
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

    /// Which platforms external bases are for.
    pub(crate) fn base_platforms_path(&self) -> PathBuf {
        self.folder.join("base-platforms.json")
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

    /// What was found of files that git converts.
    pub(crate) fn conversions_path(&self) -> PathBuf {
        self.folder.join("conversions.json")
    }

    /// Waits until no other run of this checkout goes on; the lock ends with the file's scope.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        let path = self.folder.join("lock");
        let lock = || -> io::Result<File> {
            make_folder_of(&path)?;
            // A link is not followed, and a pipe not waited for.
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            let mut options = File::options();
            options.create(true).append(true).custom_flags(flags.bits().cast_signed());
            let file = options.open(&path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("it is no file"));
            }
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
        lock().map_err(|error| of_own(error, "lock", &path))
    }

    fn hashes_path(&self) -> PathBuf {
        self.folder.join("hashes")
    }

    fn folders_path(&self) -> PathBuf {
        self.folder.join("folders")
    }

    /// Bytes of the cache of hashes; none where there is none that can be read.
    pub(crate) fn read_hashes(&self) -> Vec<u8> {
        read_own(&self.hashes_path()).unwrap_or_default()
    }

    /// Bytes of the cache of folders; none where there is none that can be read.
    pub(crate) fn read_folders(&self) -> Vec<u8> {
        read_own(&self.folders_path()).unwrap_or_default()
    }

    fn copy_hashes_path(&self) -> PathBuf {
        self.folder.join("context-hashes")
    }

    /// The cache of hashes of what lies in the copies of contexts; none where there is none that can be read.
    pub(crate) fn read_copy_hashes(&self) -> Vec<u8> {
        read_own(&self.copy_hashes_path()).unwrap_or_default()
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
        let text = self.manifest_text().ok().flatten().unwrap_or_default();
        Manifest::parse(&text).unwrap_or_else(|| Manifest::new(stack))
    }

    /// The manifest's text; `None`: there is none.
    pub(crate) fn manifest_text(&self) -> anyhow::Result<Option<String>> {
        let path = self.manifest_path();
        match read_own(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8(bytes).context("the manifest is not UTF-8")?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(of_own(error, "read", &path)),
        }
    }

    pub(crate) fn write_manifest(&self, manifest: &Manifest) -> anyhow::Result<()> {
        write_atomically(&self.manifest_path(), manifest.render().as_bytes())
    }
}

/// `None`: there is no such file, or it can't be read as this type.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&read_own(path).ok()?).ok()
}

pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_vec(value)
        .with_context(|| format!("failed to encode `{}`", path.display()))?;
    write_atomically(path, &text)
}

/// Replaces a file whole, and keeps what may be done with it. Its folder is made where it does not exist.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let folder = make_folder_of(path)?;
        let mut file = tempfile::Builder::new().prefix(".lambda-images-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        // A temporary file is its owner's alone; a new one is anybody's to read.
        let permissions = match fs::symlink_metadata(path) {
            Ok(known) if known.is_file() => known.permissions(),
            _ => std::os::unix::fs::PermissionsExt::from_mode(0o644),
        };
        file.as_file().set_permissions(permissions)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| of_own(error, "write", path))
}

/// Makes an empty file in place of what may be there. What else leads to that stays as it is.
pub(crate) fn create_anew(path: &Path) -> anyhow::Result<File> {
    let create = || -> io::Result<File> {
        make_folder_of(path)?;
        remove(path)?;
        File::create_new(path)
    };
    create().map_err(|error| of_own(error, "write", path))
}

/// Removes what may be at the place of a file that another program is to write.
pub(crate) fn make_room(path: &Path) -> anyhow::Result<()> {
    let make_room = || make_folder_of(path).and_then(|_| remove(path));
    make_room().map_err(|error| of_own(error, "make room for", path))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a file of our own.
pub(crate) fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    refuse_links(path)?;
    files::read(path, Links::Refuse, OWN_LIMIT)
}

/// The folder that a file is to be written to.
fn make_folder_of(path: &Path) -> io::Result<&Path> {
    refuse_links(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    Ok(folder)
}

/// Below the folder of our own, and at itself, no folder on the way to a file may be a link. What is
/// above it is the user's: `target` may be on another disk.
pub(crate) fn refuse_links(path: &Path) -> io::Result<()> {
    let is_own = |folder: &&Path| folder.ends_with(OWN_FOLDER);
    let Some(own) = path.ancestors().find(is_own) else { return Ok(()) };
    let inside = path.ancestors().skip(1).take_while(|folder| folder.starts_with(own));
    for folder in inside {
        if fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_symlink()) {
            let folder = folder.display();
            return Err(io::Error::other(format!(
                "`{folder}` is a symbolic link, which is not followed"
            )));
        }
    }
    Ok(())
}

/// An error about a file that is written here, with its mend if it is one of our own.
pub(crate) fn of_own(error: io::Error, verb: &str, path: &Path) -> anyhow::Error {
    let failed = format!("failed to {verb} `{}`", path.display());
    if path.ancestors().any(|folder| folder.ends_with(OWN_FOLDER)) {
        let hint = "it holds nothing that can't be made anew";
        return anyhow::anyhow!("{failed}: {error}\nhint: remove `{OWN_FOLDER}`: {hint}");
    }
    anyhow::Error::new(error).context(failed)
}

#[cfg(test)]
mod tests;
