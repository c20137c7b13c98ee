//! A builder, from `docker buildx inspect` (buildx's `commands/inspect.go`). The output is made for
//! people and has no machine-readable form; its keys at the start of a line are the contract here.
//!
//! It doesn't read drivers' options, garbage collection rules, devices or configuration files.

use std::collections::{BTreeMap, HashSet};

/// A builder instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Builder {
    /// What `--builder` takes.
    pub name: String,
    /// `docker`, `docker-container`, `kubernetes`, `remote` or `cloud`.
    pub driver: String,
    /// Why the builder can't be used.
    pub error: Option<String>,
    /// Its nodes, in order.
    pub nodes: Vec<Node>,
}

/// One BuildKit daemon of a builder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Name within the builder.
    pub name: String,
    /// A docker context or an address.
    pub endpoint: String,
    /// `running`, `inactive`, `stopped`, …; empty where there is an error instead.
    pub status: String,
    /// Version of BuildKit; empty while it is not running.
    pub buildkit_version: String,
    /// What it can build for, without the mark of those that were set by hand.
    pub platforms: Vec<String>,
    /// Worker labels, such as `org.mobyproject.buildkit.worker.snapshotter`.
    pub labels: BTreeMap<String, String>,
    /// Why the node can't be used.
    pub error: Option<String>,
}

impl Builder {
    /// The driver that builds inside the Docker engine: it sees local images, and exports caches
    /// to a registry only with the containerd image store.
    #[must_use]
    pub fn is_docker_driver(&self) -> bool {
        self.driver == "docker"
    }

    /// Endpoint of the first node.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.nodes.first().map(|node| &*node.endpoint)
    }

    /// Why nothing can be built by it: its own error, or that of its nodes if all have one.
    #[must_use]
    pub fn why_unusable(&self) -> Option<&str> {
        let of_nodes = || {
            let mut errors = self.nodes.iter().map(|node| node.error.as_deref());
            let first = errors.next()??;
            errors.all(|error| error.is_some()).then_some(first)
        };
        self.error.as_deref().or_else(of_nodes)
    }

    /// What any of the nodes can build for, in order, each once.
    #[must_use]
    pub fn platforms(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let platforms = self.nodes.iter().flat_map(|node| &node.platforms).map(String::as_str);
        platforms.filter(|platform| seen.insert(*platform)).collect()
    }
}

/// Reads the output of `docker buildx inspect`. `None` when it names no builder,
/// and neither a driver nor an error.
#[must_use]
pub fn parse_builder(text: &str) -> Option<Builder> {
    let mut builder = Builder::default();
    let mut in_nodes = false;
    let mut section = "";
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        // Driver options, labels and addresses hold colons too: the first one ends the key.
        let Some((key, value)) = line.trim().split_once(':') else {
            continue;
        };
        let value = value.trim();
        if is_nested {
            if let ("Labels", Some(node)) = (section, builder.nodes.last_mut()) {
                node.labels.insert(key.to_owned(), value.to_owned());
            }
            continue;
        }
        section = key;
        match key {
            "Nodes" => in_nodes = true,
            "Name" if in_nodes => {
                builder.nodes.push(Node { name: value.to_owned(), ..Node::default() });
            }
            _ => match builder.nodes.last_mut() {
                Some(node) => node.set(key, value),
                None => builder.set(key, value),
            },
        }
    }
    // Without an engine buildx knows no driver, and says why.
    let is_known = !builder.driver.is_empty() || builder.error.is_some();
    (!builder.name.is_empty() && is_known).then_some(builder)
}

impl Builder {
    fn set(&mut self, key: &str, value: &str) {
        match key {
            "Name" => self.name = value.to_owned(),
            "Driver" => self.driver = value.to_owned(),
            "Error" => self.error = Some(value.to_owned()),
            _ => {}
        }
    }
}

impl Node {
    fn set(&mut self, key: &str, value: &str) {
        match key {
            "Endpoint" => self.endpoint = value.to_owned(),
            "Status" => self.status = value.to_owned(),
            // `Buildkit` up to buildx 0.10, `BuildKit` up to 0.12.
            "BuildKit version" | "BuildKit" | "Buildkit" => {
                self.buildkit_version = value.to_owned();
            }
            "Platforms" => {
                let platforms = value.split(',').map(|name| name.trim().trim_end_matches('*'));
                self.platforms =
                    platforms.filter(|name| !name.is_empty()).map(str::to_owned).collect();
            }
            "Error" => self.error = Some(value.to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
