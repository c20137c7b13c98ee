//! The distribution's packages, through a private apt: own lists, own cache, own sources.
//!
//! The machine's mirrors, proxies and keys are taken from its own configuration. Deliberately
//! nothing is installed on the machine: packages are only downloaded, and unpacked elsewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{host::Suites, process::run};

/// One line of a sources list, as apt itself reads the machine's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    uri: String,
    release: String,
    component: String,
}

/// An apt of its own, for one set of sources.
#[derive(Debug)]
pub(crate) struct Apt {
    options: Vec<String>,
}

/// What `apt-get indextargets` is asked for, one line per index.
const TARGET_FORMAT: &str = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(IDENTIFIER)";

impl Apt {
    /// An apt that reads the machine's own sources and lists, and writes only below `folder`.
    pub(crate) fn of_machine(folder: &Path) -> Result<Apt> {
        fs::create_dir_all(folder)?;
        let cache = format!("Dir::Cache={}", folder.join("cache").display());
        Ok(Apt { options: render_options(&[cache]) })
    }

    /// An apt that reads the machine's own sources into lists below `folder`.
    fn of_machine_with_own_lists(folder: &Path) -> Result<Apt> {
        Ok(Apt { options: render_options(&create_state(folder)?) })
    }

    /// An apt that reads only `sources`, and takes no package for installed.
    fn of_sources(folder: &Path, sources: &str) -> Result<Apt> {
        let mut settings = create_state(folder)?;
        let list = folder.join("sources.list");
        fs::write(&list, sources)?;
        settings.push(format!("Dir::Etc::sourcelist={}", list.display()));
        settings.push("Dir::Etc::sourceparts=/dev/null".to_owned());
        settings.push("Dir::Etc::preferences=/dev/null".to_owned());
        settings.push("Dir::Etc::preferencesparts=/dev/null".to_owned());
        Ok(Apt { options: render_options(&settings) })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).env("LC_ALL", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    fn update(&self) -> Result<()> {
        run(self.command("apt-get").args(["-qq", "update"])).map(drop)
    }

    fn sources(&self) -> Result<Vec<Source>> {
        let arguments = ["indextargets", "--format", TARGET_FORMAT];
        Ok(parse_targets(&run(self.command("apt-get").args(arguments))?))
    }

    /// Whether the sources have a package of this name.
    pub(crate) fn has(&self, package: &str) -> bool {
        let arguments = ["show", "--no-all-versions", package];
        run(self.command("apt-cache").args(arguments))
            .is_ok_and(|text| text.starts_with("Package:"))
    }

    /// Downloads exactly these packages into `folder`.
    pub(crate) fn download(&self, packages: &[&str], folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        run(self.command("apt-get").args(["-qq", "download"]).args(packages).current_dir(folder))
            .map(drop)
    }

    /// Downloads these packages and all that they depend on into `folder`.
    pub(crate) fn download_closure(&self, packages: &[&str], folder: &Path) -> Result<()> {
        fs::create_dir_all(folder.join("partial"))?;
        let archives = format!("Dir::Cache::archives={}", folder.display());
        let install = ["-qq", "--yes", "--download-only", "--no-install-recommends", "install"];
        run(self.command("apt-get").args(["-o", &archives]).args(install).args(packages))?;
        fs::remove_dir_all(folder.join("partial"))?;
        Ok(())
    }
}

/// The two apts that an engine's packages come from: the machine's own, and the engine's suite.
pub(crate) fn open_apts(folder: &Path, suites: &Suites) -> Result<(Apt, Apt)> {
    let mut own = Apt::of_machine(&folder.join("own"))?;
    let mut sources = own.sources()?;
    if !sources.iter().any(|source| source.release == suites.own) {
        // Images of containers come without lists.
        own = Apt::of_machine_with_own_lists(&folder.join("own"))?;
        own.update()?;
        sources = own.sources()?;
    }
    let text = render_sources(&sources, suites, find_keyring().as_deref(), &architecture()?);
    if text.is_empty() {
        bail!("no source of the suite `{}` is configured in `/etc/apt`", suites.own);
    }
    let engine = Apt::of_sources(&folder.join("engine"), &text)?;
    engine.update()?;
    Ok((own, engine))
}

fn architecture() -> Result<String> {
    Ok(run(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned())
}

fn create_state(folder: &Path) -> Result<Vec<String>> {
    let state = folder.join("state");
    fs::create_dir_all(state.join("lists/partial"))
        .with_context(|| format!("failed to create `{}`", state.display()))?;
    let status = state.join("status");
    fs::write(&status, "")?;
    Ok(vec![
        format!("Dir::State={}", state.display()),
        format!("Dir::State::status={}", status.display()),
        format!("Dir::Cache={}", folder.join("cache").display()),
    ])
}

fn render_options(settings: &[String]) -> Vec<String> {
    let common = [
        // The user `_apt` can't write into a checkout.
        "APT::Sandbox::User=root",
        "APT::Get::AllowUnauthenticated=false",
        "Acquire::Retries=3",
        "Acquire::Languages=none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        "Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled=false",
        "Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled=false",
        "Acquire::IndexTargets::deb::CNF::DefaultEnabled=false",
    ];
    let all = common.iter().copied().chain(settings.iter().map(String::as_str));
    all.flat_map(|setting| ["-o".to_owned(), setting.to_owned()]).collect()
}

/// Only the distribution's own sources count: what else is configured is somebody's choice for
/// something else.
fn parse_targets(text: &str) -> Vec<Source> {
    let parse = |line: &str| match line.split('|').collect::<Vec<_>>()[..] {
        [uri, release, component, "Debian" | "Ubuntu", "Packages"] => Some(Source {
            uri: uri.to_owned(),
            release: release.to_owned(),
            component: component.to_owned(),
        }),
        _ => None,
    };
    let sources: BTreeSet<Source> = text.lines().filter_map(parse).collect();
    sources.into_iter().collect()
}

/// The sources of the machine's own suite (and its `-updates`, `-security`), for the engine's.
fn render_sources(
    sources: &[Source],
    suites: &Suites,
    keyring: Option<&Path>,
    architecture: &str,
) -> String {
    let signed_by = keyring.map(|path| format!(" signed-by={}", path.display()));
    let signed_by = signed_by.unwrap_or_default();
    let line = |source: &Source| {
        let pocket = source.release.strip_prefix(suites.own.as_str())?;
        // Debian's unstable is one suite, without any other beside it.
        let has_pockets = !matches!(suites.engine.as_str(), "sid" | "unstable");
        let is_wanted =
            pocket.is_empty() || has_pockets && matches!(pocket, "-updates" | "-security");
        is_wanted.then(|| {
            let Source { uri, component, .. } = source;
            let suite = &suites.engine;
            format!("deb [arch={architecture}{signed_by}] {uri} {suite}{pocket} {component}\n")
        })
    };
    sources.iter().filter_map(line).collect()
}

fn find_keyring() -> Option<PathBuf> {
    let names = ["debian-archive-keyring.gpg", "ubuntu-archive-keyring.gpg"];
    let mut paths = names.iter().map(|name| Path::new("/usr/share/keyrings").join(name));
    paths.find(|path| path.exists())
}

#[cfg(test)]
mod tests;
