//! Caches of a run's builds: what the builder is able to do, and local caches that are put in their
//! place when they are whole. Which caches a build has is decided by `lambda_images::cache`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use buildx::Builder;
use lambda_images::cache::{CacheAbility, CacheBuilder, CacheFolder, Caches};

use crate::environment::Environment;
use crate::patience::ask_docker;
use crate::state::refuse_links;

/// What of the builder matters to caches. It asks the engine which image store it has, for on that
/// hangs what the engine's own builder can do.
pub(crate) fn cache_builder(environment: &Environment, builder: &Builder) -> CacheBuilder {
    let ability = if !builder.is_docker_driver() {
        CacheAbility::All
    } else if has_containerd_store(environment) {
        CacheAbility::Containerd
    } else {
        CacheAbility::Classic
    };
    CacheBuilder { name: builder.name.clone(), driver: builder.driver.clone(), ability }
}

fn has_containerd_store(environment: &Environment) -> bool {
    let mut info = environment.command("docker");
    info.args(["info", "--format", "{{json .DriverStatus}}"]);
    ask_docker(&mut info).is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).contains("io.containerd.snapshotter.v1")
    })
}

/// Whether a folder holds a local cache.
pub(crate) fn holds_cache(root: &Path, folder: &str) -> bool {
    root.join(folder).join("index.json").is_file()
}

/// Removes what an interrupted run left of the folders that a build is to write.
pub(crate) fn clear_folders(root: &Path, caches: &Caches) -> anyhow::Result<()> {
    caches.folders.iter().try_for_each(|CacheFolder { fresh, folder }| {
        let clear = || {
            refuse_links(&root.join(folder).join("index.json"))?;
            refuse_links(&root.join(fresh))?;
            remove(&root.join(fresh))
        };
        clear().with_context(|| format!("failed to remove `{fresh}`"))
    })
}

/// Puts the folders that a build has written in their places. One that it didn't write, since the
/// export failed, leaves the old cache as it is.
pub(crate) fn keep_folders(root: &Path, caches: &Caches) -> anyhow::Result<()> {
    caches.folders.iter().filter(|folder| holds_cache(root, &folder.fresh)).try_for_each(|folder| {
        replace(&root.join(&folder.fresh), &root.join(&folder.folder))
            .with_context(|| format!("failed to write the cache `{}`", folder.folder))
    })
}

fn replace(fresh: &Path, folder: &Path) -> io::Result<()> {
    let mut old = folder.as_os_str().to_owned();
    old.push(".old");
    let old = PathBuf::from(old);
    remove(&old)?;
    match fs::rename(folder, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(fresh, folder)?;
    remove(&old)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_replaced_whole_or_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let read = |path: &str| fs::read_to_string(root.path().join(path)).ok();
        let folders =
            vec![CacheFolder { fresh: "c/one.new".to_owned(), folder: "c/one".to_owned() }];
        let caches = Caches { folders, ..Caches::default() };

        write("c/one.new/index.json", "1");
        write("c/one.new/blobs/a", "a");
        keep_folders(root.path(), &caches).unwrap();
        assert_eq!(read("c/one/index.json").as_deref(), Some("1"));

        // What a failed export leaves has no index yet.
        write("c/one.new/blobs/b", "b");
        keep_folders(root.path(), &caches).unwrap();
        assert_eq!(read("c/one/blobs/a").as_deref(), Some("a"));

        clear_folders(root.path(), &caches).unwrap();
        assert!(!root.path().join("c/one.new").exists());
        write("c/one.new/index.json", "2");
        keep_folders(root.path(), &caches).unwrap();
        assert_eq!(read("c/one/index.json").as_deref(), Some("2"));
        assert_eq!(read("c/one/blobs/a"), None);
        assert_eq!(fs::read_dir(root.path().join("c")).unwrap().count(), 1);
    }
}
