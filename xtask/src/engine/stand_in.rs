//! A stand-in for the Lambda base image of Python 3.13, for machines that can't pull the real one.
//!
//! Made from the distribution's packages, with Python where the real image has it (`/var/lang`),
//! the runtime interface client, and the same entry point, variables and working directory.
//! Deliberately not a copy: no `dnf`, no boto3 in `/var/runtime`, no runtime interface emulator.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    apt::Apt,
    image::{self, Image},
    layout::Layout,
    packages::{list_packages, unpack_all},
    process::run,
    progress::Progress,
    record::StandIn,
};

/// What the stand-in stands in for.
pub(crate) const BASE_IMAGE: &str = "public.ecr.aws/lambda/python:3.13";
const REPOSITORY: &str = "lambda/python";
const TAG: &str = "3.13";
/// The runtime interface client and all that it needs.
const CLIENT: [&str; 3] =
    ["awslambdaric==4.2.2", "simplejson==4.3.0", "snapshot-restore-py==1.0.0"];
/// The distribution's packages, besides those that it calls essential.
const PACKAGES: [&str; 4] = ["?essential", "python3.13", "python3-venv", "ca-certificates"];
/// Changes with whatever else goes into the image.
const RECIPE: &str = "1";
const CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Variables of this machine that lead pip to an index.
const INDEX_VARIABLES: [&str; 8] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// Runs inside the new root. All packages are configured in one go: everything that their
/// scripts call is unpacked already, which is why dependencies may be forced; whether the result
/// is whole is asked at the end.
const CONFIGURE: &str = r#"
exclude="--path-exclude=/usr/share/doc/* --path-exclude=/usr/share/man/*"
exclude="$exclude --path-exclude=/usr/share/info/* --path-exclude=/usr/share/locale/*"
dpkg $exclude --force-depends --force-unsafe-io --install /debs/*.deb
audit=$(dpkg --audit)
[ -z "$audit" ] || { echo "$audit"; exit 1; }
[ ! -e /host-ca ] || mv /host-ca /etc/ssl/certs/ca-certificates.crt
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Makes Python's byte-code name the source by its hash, not by its time.
export SOURCE_DATE_EPOCH="$1"
shift
/usr/bin/python3.13 -m venv /var/lang
/var/lang/bin/pip install --no-cache-dir --disable-pip-version-check "$@"
rm -rf /debs /etc/resolv.conf /root/.cache /tmp/* /var/tmp/* /var/log/*
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old
rm -f /var/cache/ldconfig/aux-cache
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* /usr/share/lintian
"#;

/// As in the real image, but for the emulator that this one doesn't have.
const ENTRY_POINT: &str = r#"#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" >&2
  exit 142
fi
if [ -z "$AWS_LAMBDA_RUNTIME_API" ]; then
  echo "AWS_LAMBDA_RUNTIME_API is not set, and this stand-in of the Lambda base image has no emulator" >&2
  exit 143
fi
exec /var/lang/bin/python3 -m awslambdaric "$1"
"#;

/// Names everything that decides what is in the image, except the packages' versions.
pub(crate) fn render_recipe() -> String {
    format!("{RECIPE} {}", CLIENT.join(" "))
}

/// `REFERENCE=REPLACEMENT`, as the tool's setting of mirrors takes it.
pub(crate) fn render_mirror(port: u16) -> String {
    format!("{BASE_IMAGE}=localhost:{port}/{REPOSITORY}:{TAG}")
}

/// Whether this machine's user says where the base image is.
pub(crate) fn is_mirrored_by_user() -> bool {
    let mirrors = std::env::var("LAMBDA_IMAGES_MIRRORS").unwrap_or_default();
    names_mirror(&mirrors)
}

/// A mirror is for a reference or a prefix of it.
fn names_mirror(mirrors: &str) -> bool {
    let mut references = mirrors.split(',').filter_map(|mirror| mirror.split_once('='));
    references.any(|(from, _)| !from.trim().is_empty() && BASE_IMAGE.starts_with(from.trim()))
}

/// Whether the registry still has the stand-in of an earlier run.
pub(crate) fn is_published(stand_in: &StandIn, port: u16) -> bool {
    stand_in.recipe == render_recipe()
        && image::find_digest(port, REPOSITORY, TAG).is_some_and(|digest| digest == stand_in.digest)
}

/// Makes the image and hands it to the registry on `port`.
pub(crate) fn publish_stand_in(
    layout: &Layout,
    apt: &Apt,
    port: u16,
    progress: Progress,
) -> Result<StandIn> {
    if !apt.has("python3.13") {
        bail!(
            "`{BASE_IMAGE}` can't be pulled, and this distribution has no Python 3.13 to make a \
             stand-in from\nhint: name a reachable copy of it by \
             `LAMBDA_IMAGES_MIRRORS={BASE_IMAGE}=REGISTRY/REPOSITORY:TAG`"
        );
    }
    let folder = layout.stand_in();
    remove_if_present(&folder)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let root = folder.join("root");
    progress.step("fetching and unpacking the packages of the stand-in base image");
    let packages = root.join("debs");
    apt.download_closure(&PACKAGES, &packages).context("failed to download its packages")?;
    unpack_all(list_packages(&packages)?, &root)?;
    progress.step("configuring the stand-in base image");
    // Nothing in the image is newer than the packages: equal packages make an equal image.
    let newest = find_newest_file(&root.join("usr"))?;
    configure(&root, newest)?;
    progress.step("publishing the stand-in base image");
    let image = Image { repository: REPOSITORY, tag: TAG, newest, config: render_config() };
    let digest = image::publish(&root, &image, &folder, port)?;
    fs::remove_dir_all(&folder)?;
    Ok(StandIn { recipe: render_recipe(), digest })
}

fn configure(root: &Path, newest: i64) -> Result<()> {
    // Packages come without device nodes, and their scripts write to `/dev/null`.
    for (name, minor) in [("null", "3"), ("zero", "5"), ("random", "8"), ("urandom", "9")] {
        let node = root.join("dev").join(name);
        run(Command::new("mknod").args(["-m", "666"]).arg(node).args(["c", "1", minor]))?;
    }
    copy_if_present("/etc/resolv.conf", &root.join("etc/resolv.conf"))?;
    // Where the network has a certificate authority of its own, builds need it too.
    copy_if_present(CA_BUNDLE, &root.join("host-ca"))?;
    copy_if_present("/etc/pip.conf", &root.join("etc/pip.conf"))?;
    let entry_point = root.join("lambda-entrypoint.sh");
    fs::write(&entry_point, ENTRY_POINT)?;
    fs::set_permissions(&entry_point, fs::Permissions::from_mode(0o755))?;
    for folder in ["var/task", "var/runtime", "opt"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let kept = INDEX_VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut chroot = Command::new("chroot");
    chroot.arg(root).args(["/bin/sh", "-euc", CONFIGURE, "configure"]);
    chroot.arg(newest.to_string()).args(CLIENT);
    chroot.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
    chroot.env("DEBIAN_FRONTEND", "noninteractive").env("HOME", "/root").envs(kept);
    run(&mut chroot).context("failed to configure the stand-in base image")?;
    Ok(())
}

/// When the newest file below `folder` was changed, in seconds since 1970.
fn find_newest_file(folder: &Path) -> Result<i64> {
    let mut newest = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            newest = newest.max(find_newest_file(&entry.path())?);
        } else if metadata.is_file() {
            newest = newest.max(metadata.mtime());
        }
    }
    Ok(newest)
}

/// Source: the configuration of the real image, as `docker buildx imagetools inspect` shows it.
fn render_config() -> serde_json::Value {
    json!({
        "Env": [
            "LANG=C.UTF-8",
            "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            format!("SSL_CERT_FILE={CA_BUNDLE}"),
            "LAMBDA_TASK_ROOT=/var/task",
            "LAMBDA_RUNTIME_DIR=/var/runtime",
        ],
        "WorkingDir": "/var/task",
        "Entrypoint": ["/lambda-entrypoint.sh"],
    })
}

fn copy_if_present(from: &str, to: &Path) -> Result<()> {
    match fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("failed to copy `{from}`")),
    }
}

/// Removes a folder, unless there is none.
pub(crate) fn remove_if_present(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("failed to remove `{}`", folder.display()))
        }
    }
}

#[cfg(test)]
mod tests;
