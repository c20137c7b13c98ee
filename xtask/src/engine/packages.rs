//! The engine's programs, unpacked from the distribution's packages into the checkout.
//!
//! Deliberately not installed: no maintainer script runs, no service is enabled, no file of the
//! machine changes. The folder appears in one step when it is whole.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use anyhow::{Context, Result};

use super::{apt::Apt, layout::Layout, process::run};

/// Changes when other packages are wanted.
const RECIPE: &str = "1";

/// Which programs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Docker engine, client, buildx and the registry.
    Engine,
    /// Only the registry, beside an engine that is somebody's.
    Registry,
}

/// Where the programs lie.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The file of one program.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf> {
        let folders = ["usr/bin", "usr/sbin", "usr/libexec/docker/cli-plugins"];
        let mut paths = folders.iter().map(|folder| self.folder.join(folder).join(name));
        paths
            .find(|path| path.exists())
            .with_context(|| format!("no `{name}` in `{}`", self.folder.display()))
    }

    /// A search path on which the daemons find each other, and the machine's programs after them.
    pub(crate) fn search_path(&self) -> String {
        let system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let folder = self.folder.display();
        format!("{folder}/usr/bin:{folder}/usr/sbin:{system}")
    }
}

/// The programs of an earlier run, when they are all there.
pub(crate) fn find_programs(layout: &Layout, wanted: Wanted) -> Option<Programs> {
    let names: &[&str] = match wanted {
        Wanted::Engine => {
            &["dockerd", "containerd", "runc", "docker", "docker-buildx", "docker-registry"]
        }
        Wanted::Registry => &["docker-registry"],
    };
    let programs = Programs { folder: layout.packages() };
    let recipe = fs::read_to_string(programs.folder.join("recipe")).ok()?;
    let is_whole = recipe == render_recipe(suite_of(&recipe))
        && names.iter().all(|name| programs.find(name).is_ok());
    is_whole.then_some(programs)
}

/// What was unpacked by an earlier run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unpacked {
    Nothing,
    /// From the suite that this distribution's engine comes from if nobody names one.
    Usual,
    /// From a suite that `up` was asked for.
    Suite(String),
}

/// What was unpacked: also whatever is not whole, or of an older recipe.
pub(crate) fn find_unpacked(layout: &Layout) -> Unpacked {
    let recipe = fs::read_to_string(layout.packages().join("recipe"));
    recipe.map_or(Unpacked::Nothing, |recipe| match suite_of(&recipe) {
        Some(suite) => Unpacked::Suite(suite.to_owned()),
        None => Unpacked::Usual,
    })
}

/// Downloads and unpacks the programs. `suite`: the one that `up` was asked for, of which `engine` is.
pub(crate) fn fetch_programs(
    layout: &Layout,
    wanted: Wanted,
    suite: Option<&str>,
    own: &Apt,
    engine: &Apt,
) -> Result<Programs> {
    let staging = layout.new_packages();
    let downloads = staging.join("downloads");
    let mut names = vec!["docker-registry"];
    if wanted == Wanted::Engine {
        names.extend(["docker.io", "containerd", "docker-buildx"]);
        // Debian keeps the client in a package of its own, Ubuntu within `docker.io`.
        names.extend(Some("docker-cli").filter(|name| engine.has(name)));
        // Linked against the machine's libseccomp and libc, which every apt brings with it.
        let linked = ["runc"].into_iter().chain(Some("tini").filter(|name| own.has(name)));
        let linked: Vec<_> = linked.collect();
        own.download(&linked, &downloads)
            .with_context(|| format!("failed to download `{}`", linked.join("`, `")))?;
    }
    engine.download(&names, &downloads).context("failed to download the engine's packages")?;
    let unpacked = staging.join("unpacked");
    unpack_all(list_packages(&downloads)?, &unpacked)?;
    fs::write(unpacked.join("recipe"), render_recipe(suite))?;
    let folder = layout.packages();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::rename(&unpacked, &folder)?;
    fs::remove_dir_all(&staging)?;
    Ok(Programs { folder })
}

/// Names what the unpacked programs depend on besides their own versions.
fn render_recipe(suite: Option<&str>) -> String {
    let words = [RECIPE, std::env::consts::ARCH].into_iter().chain(suite);
    words.collect::<Vec<_>>().join(" ")
}

fn suite_of(recipe: &str) -> Option<&str> {
    recipe.split(' ').nth(2)
}

/// The packages in a folder, `base-files` first: it brings the links by which the others' files
/// land in `/usr`.
pub(crate) fn list_packages(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut packages = entries.collect::<Result<Vec<_>, _>>()?;
    packages.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let rank = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (!name.starts_with("base-files_"), name)
    };
    packages.sort_by_key(|path| rank(path));
    Ok(packages)
}

/// Unpacks the packages into `folder`: the first alone, the others on all cores.
pub(crate) fn unpack_all(packages: Vec<PathBuf>, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let unpack = |package: &Path| {
        run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(folder)).map(drop)
    };
    let mut packages = packages.into_iter();
    packages.next().map_or(Ok(()), |first| unpack(&first))?;
    let queue = Mutex::new(packages);
    let next = || queue.lock().expect("no thread panics while it holds the queue").next();
    let work = || -> Result<()> {
        while let Some(package) = next() {
            unpack(&package)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("unpacking does not panic"))
    })
}

/// Makes the folder that `DOCKER_CONFIG` points to, with a client and its plugin.
pub(crate) fn install_client(layout: &Layout, programs: &Programs) -> Result<()> {
    let client = layout.client();
    let links = [("bin", "docker"), ("cli-plugins", "docker-buildx")];
    for (folder, name) in links {
        let folder = client.join(folder);
        fs::create_dir_all(&folder)?;
        layout.share(&folder, 0o755)?;
        let link = folder.join(name);
        if link.symlink_metadata().is_ok() {
            fs::remove_file(&link)?;
        }
        symlink(programs.find(name)?, &link)?;
    }
    let config = client.join("config.json");
    fs::write(&config, format!("{}\n", render_client_config(|name| std::env::var(name).ok())))?;
    layout.share(&config, 0o644)
}

/// The proxies of this machine, for builds and containers.
/// Source: <https://docs.docker.com/engine/cli/proxy/>.
fn render_client_config(variable: impl Fn(&str) -> Option<String>) -> serde_json::Value {
    let keys =
        [("httpProxy", "http_proxy"), ("httpsProxy", "https_proxy"), ("noProxy", "no_proxy")];
    let proxy = |(key, name): (&str, &str)| {
        let value = variable(name).or_else(|| variable(&name.to_uppercase()));
        value.filter(|value| !value.is_empty()).map(|value| (key.to_owned(), value.into()))
    };
    let proxies: serde_json::Map<_, _> = keys.into_iter().filter_map(proxy).collect();
    if proxies.is_empty() {
        serde_json::json!({})
    } else {
        serde_json::json!({ "proxies": { "default": proxies } })
    }
}

#[cfg(test)]
mod tests;
