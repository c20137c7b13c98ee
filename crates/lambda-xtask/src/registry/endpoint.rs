//! Where a repository's registry answers: host, scheme, path, and the key under which docker keeps
//! its credentials. Docker's own rules; nothing is asked here.

use std::net::IpAddr;

use lambda_images::reference::Repository;

/// A repository, as its registry is asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The host and port that answer.
    pub(super) host: String,
    /// The repository's path in the registry.
    pub(super) path: String,
}

/// The host that stands for Docker Hub in references, and the one that answers for it.
const HUB: &str = "docker.io";
const HUB_API: &str = "registry-1.docker.io";

impl Endpoint {
    pub(super) fn of(repository: &Repository) -> Endpoint {
        let (host, path) = repository.split();
        let host = host.unwrap_or(HUB);
        if !matches!(host, HUB | "index.docker.io") {
            return Endpoint { host: host.to_owned(), path: path.to_owned() };
        }
        let library = if path.contains('/') { "" } else { "library/" };
        Endpoint { host: HUB_API.to_owned(), path: format!("{library}{path}") }
    }

    /// The URL of something of this repository, such as `manifests/latest`.
    pub(super) fn url(&self, what: &str) -> String {
        format!("{}://{}/v2/{}/{what}", scheme(&self.host), self.host, self.path)
    }
}

/// What docker's configuration calls a host.
pub(super) fn config_key(host: &str) -> &str {
    if host == HUB_API { "https://index.docker.io/v1/" } else { host }
}

/// Registries on this machine speak plain HTTP, as docker has it.
fn scheme(host: &str) -> &'static str {
    if is_loopback(host_name(host)) { "http" } else { "https" }
}

/// A host without its port; an IPv6 address without its brackets.
pub(super) fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// `localhost` or an address of this machine's own.
pub(super) fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(repository: &str, url: &str, key: &str) {
        let endpoint = Endpoint::of(&repository.parse().unwrap());
        assert_eq!(endpoint.url("tags/list"), url);
        assert_eq!(config_key(&endpoint.host), key);
    }

    #[test]
    fn hosts_answer_as_docker_has_it() {
        check("localhost:5000/a/b", "http://localhost:5000/v2/a/b/tags/list", "localhost:5000");
        check("127.1.2.3/a", "http://127.1.2.3/v2/a/tags/list", "127.1.2.3");
        check("mirror.example/a", "https://mirror.example/v2/a/tags/list", "mirror.example");
        let hub = "https://index.docker.io/v1/";
        check("python", "https://registry-1.docker.io/v2/library/python/tags/list", hub);
        check("docker.io/team/x", "https://registry-1.docker.io/v2/team/x/tags/list", hub);
    }

    #[test]
    fn names_have_no_port() {
        assert_eq!(host_name("[::1]:5000"), "::1");
        assert_eq!(host_name("host:5000"), "host");
        assert!(
            is_loopback("::1") && !is_loopback("10.0.0.1") && !is_loopback("localhost.example")
        );
    }
}
