//! Where the engine keeps its files, and who may use them.
//!
//! Everything lies under `<root>/target/engine`, except sockets when that path is too long for
//! them. Deliberately only names: nothing here knows what the files hold.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A Unix socket's path has at most 108 bytes with its final zero. Source: unix(7).
const SOCKET_PATH_LIMIT: usize = 107;
/// The longest path that a daemon makes under the runtime folder, with some reserve:
/// `/docker/libnetwork/0123456789ab.sock`.
const LONGEST_SOCKET_NAME: usize = 48;

/// The folders and files of one checkout's engine.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    home: PathBuf,
    runtime: PathBuf,
}

impl Layout {
    /// # Errors
    /// When `root` does not exist.
    pub(crate) fn of(root: &Path) -> Result<Layout> {
        let root =
            root.canonicalize().with_context(|| format!("no folder `{}`", root.display()))?;
        let home = root.join("target/engine");
        let runtime = choose_runtime(&home);
        Ok(Layout { home, runtime })
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }
    /// Beside the folder, because `down --purge` removes the folder while it holds the lock.
    pub(crate) fn lock(&self) -> PathBuf {
        self.home.with_extension("lock")
    }
    pub(crate) fn record(&self) -> PathBuf {
        self.home.join("engine.json")
    }
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.home.join("log").join(format!("{name}.log"))
    }
    /// State and lists of the private apt.
    pub(crate) fn apt(&self) -> PathBuf {
        self.home.join("apt")
    }
    /// Unpacked packages.
    pub(crate) fn packages(&self) -> PathBuf {
        self.home.join("packages")
    }
    /// Where the packages are unpacked before they get their name.
    pub(crate) fn new_packages(&self) -> PathBuf {
        self.home.join("packages.new")
    }
    /// What `DOCKER_CONFIG` points to.
    pub(crate) fn client(&self) -> PathBuf {
        self.home.join("client")
    }
    /// Configuration files of the daemons.
    pub(crate) fn config(&self, name: &str) -> PathBuf {
        self.home.join("config").join(name)
    }
    /// Images and layers: of `docker`, `containerd` or `registry`.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.home.join("data").join(name)
    }
    /// Where the stand-in is made.
    pub(crate) fn stand_in(&self) -> PathBuf {
        self.home.join("stand-in")
    }
    /// Sockets and the state of what runs.
    pub(crate) fn runtime(&self) -> &Path {
        &self.runtime
    }
    pub(crate) fn docker_socket(&self) -> PathBuf {
        self.runtime.join("docker.sock")
    }
    pub(crate) fn containerd_socket(&self) -> PathBuf {
        self.runtime.join("containerd.sock")
    }
    /// The control group under which all containers and build steps of this engine run.
    pub(crate) fn cgroup(&self) -> String {
        own_name(&self.home)
    }

    /// Makes the folders that every start needs.
    pub(crate) fn create(&self) -> Result<()> {
        let subfolders = ["log", "config", "data", "client"].map(|name| self.home.join(name));
        for folder in [self.home.clone()].iter().chain(&subfolders) {
            fs::create_dir_all(folder)
                .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("failed to create `{}`", folder.display()))?;
            self.share(folder, 0o755)?;
        }
        Ok(())
    }

    /// Gives a file that root made to the user who called `sudo`, so that it can be removed.
    pub(crate) fn share(&self, path: &Path, mode: u32) -> Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        if let Some((user, group)) = calling_user() {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("failed to give away `{}`", path.display()))?;
        }
        Ok(())
    }
}

/// User and group of whoever called `sudo`, when this process runs under it.
pub(crate) fn calling_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let number = |name: &str| env::var(name).ok()?.parse().ok();
    Some((number("SUDO_UID")?, number("SUDO_GID")?))
}

/// `home/run`, or a short folder of this checkout's own when sockets there would be too long.
fn choose_runtime(home: &Path) -> PathBuf {
    let inside = home.join("run");
    if inside.as_os_str().len() + LONGEST_SOCKET_NAME <= SOCKET_PATH_LIMIT {
        inside
    } else {
        Path::new("/run").join(own_name(home))
    }
}

/// A name that no other checkout's engine on this machine has.
fn own_name(home: &Path) -> String {
    format!("lambda-images-{:016x}", fnv1a(home.as_os_str().as_encoded_bytes()))
}

/// FNV-1a, 64 bits: short, and the same in every build, which `std`'s hashers don't promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests;
