//! The configurations, for a checkout in a folder with a blank.

use expect_test::expect;

use super::*;

/// The layout of a folder that exists, and the text that stands for it in a snapshot.
fn with_layout(render: impl FnOnce(&Layout) -> String) -> String {
    // Short on every system, so that the sockets lie inside.
    let root = tempfile::tempdir_in("/tmp").unwrap();
    let folder = root.path().canonicalize().unwrap().join("a b");
    fs::create_dir(&folder).unwrap();
    let layout = Layout::of(&folder).unwrap();
    let text = render(&layout).replace(folder.to_str().unwrap(), "ROOT");
    text.replace(&layout.cgroup(), "GROUP")
}

#[test]
fn containerd() {
    expect![[r#"
        version = 2
        root = "ROOT/target/engine/data/containerd"
        state = "ROOT/target/engine/run/containerd"
        disabled_plugins = [
          "io.containerd.grpc.v1.cri",
          "io.containerd.internal.v1.opt",
          "io.containerd.nri.v1.nri",
          "io.containerd.snapshotter.v1.blockfile",
          "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs",
        ]

        [grpc]
        address = "ROOT/target/engine/run/containerd.sock"
    "#]]
    .assert_eq(&with_layout(render_containerd_config));
}

#[test]
fn dockerd() {
    expect![[r#"
        {
          "bridge": "none",
          "cgroup-parent": "/GROUP",
          "containerd": "ROOT/target/engine/run/containerd.sock",
          "data-root": "ROOT/target/engine/data/docker",
          "exec-opts": [
            "native.cgroupdriver=cgroupfs"
          ],
          "exec-root": "ROOT/target/engine/run/docker",
          "features": {
            "containerd-snapshotter": true
          },
          "group": "1000",
          "hosts": [
            "unix://ROOT/target/engine/run/docker.sock"
          ],
          "ip-forward": false,
          "ip-masq": false,
          "ip6tables": false,
          "iptables": false,
          "pidfile": "ROOT/target/engine/run/docker.pid",
          "shutdown-timeout": 3
        }"#]]
    .assert_eq(&with_layout(|layout| format!("{:#}", render_docker_config(layout, 1000))));
}

#[test]
fn registry() {
    let config = render_registry_config(Path::new("/data"), 5000);
    assert_eq!(config["http"]["addr"], "127.0.0.1:5000");
    assert_eq!(config["storage"]["filesystem"]["rootdirectory"], "/data");
}

#[test]
fn a_free_port_can_be_bound() {
    let port = find_free_port().unwrap();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
}
