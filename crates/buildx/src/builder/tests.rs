//! Outputs in the form of buildx 0.13 and later: the docker driver, a container builder with all
//! that it may print, and builders that can't be used.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_debug_eq(&parse_builder(text));
}

#[test]
fn docker_driver() {
    check(
        "\
Name:          default
Driver:        docker
Last Activity: 2024-03-06 10:11:12 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.13.2
Platforms:        linux/amd64, linux/amd64/v2, linux/386
Labels:
 org.mobyproject.buildkit.worker.containerd.namespace: moby
 org.mobyproject.buildkit.worker.snapshotter:          overlayfs
GC Policy rule#0:
 All:           false
 Filters:       type==source.local,type==exec.cachemount,type==source.git.checkout
 Keep Duration: 48h0m0s
",
        &expect![[r#"
            Some(
                Builder {
                    name: "default",
                    driver: "docker",
                    error: None,
                    nodes: [
                        Node {
                            name: "default",
                            endpoint: "default",
                            status: "running",
                            buildkit_version: "v0.13.2",
                            platforms: [
                                "linux/amd64",
                                "linux/amd64/v2",
                                "linux/386",
                            ],
                            labels: {
                                "org.mobyproject.buildkit.worker.containerd.namespace": "moby",
                                "org.mobyproject.buildkit.worker.snapshotter": "overlayfs",
                            },
                            error: None,
                        },
                    ],
                },
            )
        "#]],
    );
}

const TWO_NODES: &str = "\
Name:          ci
Driver:        docker-container
Last Activity: 2024-03-06 10:11:12 +0000 UTC

Nodes:
Name:                  ci0
Endpoint:              unix:///var/run/docker.sock
Driver Options:        env.TRACE=\"localhost:6831\" network=\"host\"
Status:                running
BuildKit daemon flags: --allow-insecure-entitlement=network.host
BuildKit version:      v0.31.1
Platforms:             linux/arm64*, linux/amd64
Features:
 Cache export:              true
Labels:
 org.mobyproject.buildkit.worker.network: host
Devices:
 Name:                  vendor.com/device
 On-Demand:             false
File#buildkitd.toml:
 > [registry.\"r.example\"]
 >   Name: x

Name:      ci1
Endpoint:  ssh://builder
Platforms: linux/amd64
Error:     failed to dial: no such host
";

#[test]
fn container_builder_of_two_nodes() {
    check(
        TWO_NODES,
        &expect![[r#"
            Some(
                Builder {
                    name: "ci",
                    driver: "docker-container",
                    error: None,
                    nodes: [
                        Node {
                            name: "ci0",
                            endpoint: "unix:///var/run/docker.sock",
                            status: "running",
                            buildkit_version: "v0.31.1",
                            platforms: [
                                "linux/arm64",
                                "linux/amd64",
                            ],
                            labels: {
                                "org.mobyproject.buildkit.worker.network": "host",
                            },
                            error: None,
                        },
                        Node {
                            name: "ci1",
                            endpoint: "ssh://builder",
                            status: "",
                            buildkit_version: "",
                            platforms: [
                                "linux/amd64",
                            ],
                            labels: {},
                            error: Some(
                                "failed to dial: no such host",
                            ),
                        },
                    ],
                },
            )
        "#]],
    );
}

#[test]
fn summaries() {
    let builder = parse_builder(TWO_NODES).unwrap();
    assert!(!builder.is_docker_driver());
    assert_eq!(builder.endpoint(), Some("unix:///var/run/docker.sock"));
    assert_eq!(builder.platforms(), ["linux/arm64", "linux/amd64"]);
}

#[test]
fn engine_that_does_not_answer() {
    check(
        "Name:   default\nDriver: docker\nError:  Cannot connect to the Docker daemon at \
         unix:///var/run/docker.sock. Is the docker daemon running?\n",
        &expect![[r#"
            Some(
                Builder {
                    name: "default",
                    driver: "docker",
                    error: Some(
                        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                    ),
                    nodes: [],
                },
            )
        "#]],
    );
}

#[test]
fn no_builder() {
    for text in ["", "ERROR: no builder \"x\" found\n", "Name: x\n", "Driver: docker\n"] {
        assert_eq!(parse_builder(text), None);
    }
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,40}|((Name|Driver|Nodes|Labels| a|Platforms):[ ,*a-z:]{0,6}\n){0,9}") {
        drop(parse_builder(&text));
    }
}

#[test]
fn a_builder_is_unusable_where_all_its_nodes_are() {
    let node = |error: Option<&str>| Node { error: error.map(str::to_owned), ..Node::default() };
    let check = |error: Option<&str>, nodes: Vec<Node>, expected: Option<&str>| {
        let builder = Builder { error: error.map(str::to_owned), nodes, ..Builder::default() };
        assert_eq!(builder.why_unusable(), expected);
    };
    check(None, vec![], None);
    check(None, vec![node(None)], None);
    check(None, vec![node(Some("gone")), node(None)], None);
    check(None, vec![node(Some("gone")), node(Some("away"))], Some("gone"));
    check(Some("broken"), vec![node(None)], Some("broken"));
}

#[test]
fn without_an_engine_there_is_an_error_and_no_driver() {
    let text = "Name:          default\nDriver:        \nLast Activity: 2026-11-30 17:02:26 +0000 UTC\n\
         Error:         Cannot connect to the Docker daemon at unix:///none. Is the docker daemon running?\n";
    let builder = parse_builder(text).unwrap();
    let why = "Cannot connect to the Docker daemon at unix:///none. Is the docker daemon running?";
    assert_eq!(builder.why_unusable(), Some(why));
}
