//! containerd, dockerd and the registry: their configuration and their start.
//!
//! No bridge and no firewall rule: builds and containers use the machine's own network, so that
//! any number of engines live beside each other. Deliberately no configuration of the machine is
//! read (`/etc/docker`, `/etc/containerd`), and none is written.

use std::{fs, net::TcpListener, os::unix::net::UnixStream, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    http,
    layout::{Layout, calling_user},
    packages::Programs,
    process::{Process, spawn_detached, wait_until_ready},
};

/// On a busy machine with cold disks; usually each takes well under a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts containerd and, once it answers, dockerd; `started` hears of each at once.
pub(crate) fn start_docker(
    layout: &Layout,
    programs: &Programs,
    mut started: impl FnMut(Process) -> Result<()>,
) -> Result<()> {
    fs::create_dir_all(layout.runtime())?;
    layout.share(layout.runtime(), 0o755)?;
    let config = layout.config("containerd.toml");
    fs::write(&config, render_containerd_config(layout))?;
    let log = layout.log("containerd");
    let (process, mut child) =
        spawn_detached("containerd", &programs.find("containerd")?, &log, |command| {
            command.arg("--config").arg(&config).env("PATH", programs.search_path())
        })?;
    started(process)?;
    let socket = layout.containerd_socket();
    wait_until_ready("containerd", &mut child, &log, PATIENCE, || {
        UnixStream::connect(&socket).is_ok()
    })?;

    let config = layout.config("dockerd.json");
    let group = calling_user().map_or(0, |(_, group)| group);
    fs::write(&config, format!("{:#}\n", render_docker_config(layout, group)))?;
    let log = layout.log("dockerd");
    let (process, mut child) =
        spawn_detached("dockerd", &programs.find("dockerd")?, &log, |command| {
            // BuildKit cuts a step's output after 2 MiB, or 200 KiB in a second, if nobody objects.
            command
                .arg("--config-file")
                .arg(&config)
                .env("PATH", programs.search_path())
                .env("BUILDKIT_STEP_LOG_MAX_SIZE", "-1")
                .env("BUILDKIT_STEP_LOG_MAX_SPEED", "-1")
        })?;
    started(process)?;
    let socket = layout.docker_socket();
    wait_until_ready("dockerd", &mut child, &log, PATIENCE, || http::answers_docker_ping(&socket))
}

/// Starts the registry on `port`, or on a free one; says which.
pub(crate) fn start_registry(
    layout: &Layout,
    programs: &Programs,
    port: Option<u16>,
    mut started: impl FnMut(Process) -> Result<()>,
) -> Result<u16> {
    let port = match port {
        Some(port) if TcpListener::bind(("127.0.0.1", port)).is_ok() => port,
        _ => find_free_port()?,
    };
    let config = layout.config("registry.json");
    fs::write(&config, format!("{:#}\n", render_registry_config(&layout.data("registry"), port)))?;
    let log = layout.log("registry");
    let program = programs.find("docker-registry")?;
    let (process, mut child) = spawn_detached("docker-registry", &program, &log, |command| {
        // Variables named REGISTRY_… would override the configuration.
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| name.to_string_lossy().starts_with("REGISTRY_")) {
            command.env_remove(name);
        }
        command.arg("serve").arg(&config)
    })?;
    started(process)?;
    wait_until_ready("docker-registry", &mut child, &log, PATIENCE, || {
        http::answers_registry(port)
    })?;
    Ok(port)
}

/// A port that nobody has now. Whoever takes it in the meantime makes the registry's start fail,
/// visibly; the next `up` takes another.
fn find_free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// The plugins that are disabled would look at, or make, folders of the machine.
fn render_containerd_config(layout: &Layout) -> String {
    // A JSON string of a path is a TOML string as well.
    let text = |path: &Path| json!(path.to_string_lossy()).to_string();
    format!(
        "version = 2\n\
         root = {root}\n\
         state = {state}\n\
         disabled_plugins = [\n  \
           \"io.containerd.grpc.v1.cri\",\n  \
           \"io.containerd.internal.v1.opt\",\n  \
           \"io.containerd.nri.v1.nri\",\n  \
           \"io.containerd.snapshotter.v1.blockfile\",\n  \
           \"io.containerd.snapshotter.v1.btrfs\",\n  \
           \"io.containerd.snapshotter.v1.devmapper\",\n  \
           \"io.containerd.snapshotter.v1.zfs\",\n\
         ]\n\n\
         [grpc]\n\
         address = {socket}\n",
        root = text(&layout.data("containerd")),
        state = text(&layout.runtime().join("containerd")),
        socket = text(&layout.containerd_socket()),
    )
}

/// Source: <https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file>.
fn render_docker_config(layout: &Layout, group: u32) -> serde_json::Value {
    json!({
        "features": { "containerd-snapshotter": true },
        "hosts": [format!("unix://{}", layout.docker_socket().display())],
        "group": group.to_string(),
        "containerd": layout.containerd_socket(),
        "data-root": layout.data("docker"),
        "exec-root": layout.runtime().join("docker"),
        "pidfile": layout.runtime().join("docker.pid"),
        "bridge": "none",
        "iptables": false,
        "ip6tables": false,
        "ip-masq": false,
        "ip-forward": false,
        // Works with both versions of control groups, and without systemd.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": format!("/{}", layout.cgroup()),
        "shutdown-timeout": 3,
    })
}

/// Source: <https://distribution.github.io/distribution/about/configuration/>; JSON is YAML too.
fn render_registry_config(storage: &Path, port: u16) -> serde_json::Value {
    json!({
        "version": "0.1",
        "log": { "level": "warn" },
        "storage": {
            "filesystem": { "rootdirectory": storage },
            "delete": { "enabled": true },
        },
        "http": { "addr": format!("127.0.0.1:{port}") },
    })
}

#[cfg(test)]
mod tests;
