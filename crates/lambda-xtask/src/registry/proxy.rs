//! Which proxy stands between this machine and a host: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as
//! Go's `httpproxy`, and so docker, reads them. Nothing is asked here.

use std::net::IpAddr;

use super::endpoint::is_loopback;

/// What the environment says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Proxies {
    https: Option<(&'static str, String)>,
    http: Option<(&'static str, String)>,
    /// Hosts that are reached without one.
    except: Vec<String>,
}

impl Proxies {
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, variable(name)?)))
        };
        let except = first(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, list)| list);
        Proxies {
            https: first(["HTTPS_PROXY", "https_proxy"]),
            http: first(["HTTP_PROXY", "http_proxy"]),
            except: except
                .split(',')
                .map(|entry| entry.trim().to_lowercase())
                .filter(|entry| !entry.is_empty())
                .collect(),
        }
    }

    /// The variable, and the URL that it gives. This machine itself is never behind a proxy.
    pub(super) fn of_host(&self, scheme: &str, name: &str) -> Option<(&'static str, String)> {
        let (variable, url) =
            if scheme == "https" { self.https.as_ref() } else { self.http.as_ref() }?;
        let name = name.to_lowercase();
        if is_loopback(&name) || self.except.iter().any(|entry| excepts(entry, &name)) {
            return None;
        }
        let scheme = if url.contains("://") { "" } else { "http://" };
        Some((variable, format!("{scheme}{url}")))
    }
}

/// A domain means itself and all below it, with a dot in front only what is below it; addresses may
/// be given as a network. A port after it is not looked at: all of a host is one host.
fn excepts(entry: &str, name: &str) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return in_network(entry, address);
    }
    let entry = entry.split(':').next().unwrap_or(entry);
    let entry = entry.strip_prefix('*').unwrap_or(entry);
    match entry.strip_prefix('.') {
        Some(domain) => name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => name == entry || name.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// `10.0.0.0/8`, or an address.
fn in_network(entry: &str, address: IpAddr) -> bool {
    let (network, prefix) = entry.split_once('/').unwrap_or((entry, "128"));
    let (Ok(network), Ok(prefix)) = (network.parse::<IpAddr>(), prefix.parse::<u32>()) else {
        return false;
    };
    let shift = |bits: u32| bits.saturating_sub(prefix);
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.checked_shr(shift(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.checked_shr(shift(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], url: (&str, &str), wanted: Option<&str>) {
        let proxies = Proxies::of(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(proxies.of_host(url.0, url.1).map(|(_, url)| url).as_deref(), wanted);
    }

    #[test]
    fn a_proxy_for_each_scheme() {
        let both = [("HTTPS_PROXY", "http://proxy:1"), ("http_proxy", "proxy:2")];
        check(&both, ("https", "registry.example"), Some("http://proxy:1"));
        check(&both, ("http", "registry.example"), Some("http://proxy:2"));
        check(&both, ("http", "localhost"), None);
        check(&both, ("https", "127.0.0.1"), None);
        check(&[], ("https", "registry.example"), None);
    }

    #[test]
    fn exceptions() {
        let check = |list: &str, name: &str, is_direct: bool| {
            let variables = [("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", list)];
            check(&variables, ("https", name), (!is_direct).then_some("http://proxy"));
        };
        check("example.com, other", "registry.example.com", true);
        check("example.com", "EXAMPLE.com", true);
        check("example.com", "badexample.com", false);
        check(".example.com", "example.com", false);
        check("*.example.com", "a.example.com", true);
        check("example.com:443", "example.com", true);
        check("*", "registry.example", true);
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "11.1.2.3", false);
        check("0.0.0.0/0", "11.1.2.3", true);
        check("10.1.2.3", "10.1.2.3", true);
        check("10.1.2.3", "10.1.2.4", false);
        check("fd00::/8", "fd12::1", true);
    }
}
