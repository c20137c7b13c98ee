//! Registries that docker's engine was told to trust without TLS (`insecure-registries` in its
//! `daemon.json`): they are asked by plain HTTP where nobody there speaks HTTPS.
//!
//! The engine is asked once, and only when HTTPS has failed at a host that never answered by it. That HTTPS is spoken, by somebody whom no
//! certificate vouches for, stays an error: docker's `certs.d` mends it.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::Duration;

use serde::Deserialize;

use super::endpoint::host_name;
use crate::environment::Environment;
use crate::process::output_within;

/// What `docker info` may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What the engine says of registries.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InsecureRegistries {
    #[serde(rename = "InsecureRegistryCIDRs")]
    networks: Option<Vec<String>>,
    #[serde(rename = "IndexConfigs")]
    indexes: Option<BTreeMap<String, Index>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    secure: bool,
}

impl InsecureRegistries {
    /// None where there is no engine to ask.
    pub(super) fn ask(environment: &Environment) -> InsecureRegistries {
        let mut info = environment.command("docker");
        info.args(["info", "--format", "{{json .RegistryConfig}}"]);
        let said = output_within(&mut info, LIMIT);
        said.and_then(|said| serde_json::from_slice(&said).ok()).unwrap_or_default()
    }

    /// Docker's own rule: the host and port as they are written, else the addresses of the name.
    pub(super) fn hold(&self, host: &str) -> bool {
        self.hold_by(host, |name| {
            let found = (name, 0).to_socket_addrs();
            found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
        })
    }

    fn hold_by(&self, host: &str, addresses: impl Fn(&str) -> Vec<IpAddr>) -> bool {
        if let Some(index) = self.indexes.as_ref().and_then(|indexes| indexes.get(host)) {
            return !index.secure;
        }
        let addresses = addresses(host_name(host));
        self.networks.iter().flatten().any(|network| {
            addresses.iter().any(|address| is_within(*address, network).unwrap_or(false))
        })
    }
}

/// Whether an address is of a network, as in `10.0.0.0/8`.
fn is_within(address: IpAddr, network: &str) -> Option<bool> {
    let (base, length) = network.split_once('/')?;
    let (base, length): (IpAddr, u32) = (base.parse().ok()?, length.parse().ok()?);
    let (base, address, width): (u128, u128, u32) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            (u128::from(base.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits(), address.to_bits(), 128),
        _ => return Some(false),
    };
    // Of `::/0` all bits are shifted away.
    let differs = (base ^ address).checked_shr(width.checked_sub(length)?).unwrap_or(0);
    Some(differs == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, address: &str, expected: bool) {
        let said = r#"{
            "AllowNondistributableArtifactsCIDRs": null,
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8", "10.20.0.0/15"],
            "IndexConfigs": {
                "docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true},
                "registry.lan:5000": {"Name": "registry.lan:5000", "Mirrors": [], "Secure": false, "Official": false}
            },
            "Mirrors": null
        }"#;
        let known: InsecureRegistries = serde_json::from_str(said).unwrap();
        assert_eq!(known.hold_by(host, |_| vec![address.parse().unwrap()]), expected, "{host}");
    }

    #[test]
    fn hosts_and_networks_as_docker_has_them() {
        check("registry.lan:5000", "192.168.0.1", true);
        check("registry.lan:5001", "192.168.0.1", false);
        check("docker.io", "127.0.0.1", false);
        check("other.lan", "10.21.3.4", true);
        check("other.lan", "10.22.3.4", false);
        check("other.lan", "::1", true);
        check("other.lan", "::2", false);
        assert!(
            !InsecureRegistries::default().hold_by("a", |_| vec!["127.0.0.1".parse().unwrap()])
        );
    }

    /// Go writes what is empty as `null`.
    #[test]
    fn null_is_none_and_takes_nothing_from_the_others() {
        let parse = |said| serde_json::from_str::<InsecureRegistries>(said).unwrap();
        let known = parse(r#"{"InsecureRegistryCIDRs":["10.0.0.0/8"],"IndexConfigs":null}"#);
        assert!(known.hold_by("a", |_| vec!["10.1.2.3".parse().unwrap()]));
        let known = parse(
            r#"{"InsecureRegistryCIDRs":null,"IndexConfigs":{"a":{"Secure":false},"b":{"Secure":true}}}"#,
        );
        assert!(known.hold_by("a", |_| Vec::new()));
        assert!(!known.hold_by("b", |_| Vec::new()));
    }

    #[test]
    fn networks() {
        let check = |address: &str, network: &str, expected: Option<bool>| {
            assert_eq!(is_within(address.parse().unwrap(), network), expected, "{network}");
        };
        check("1.2.3.4", "0.0.0.0/0", Some(true));
        check("fe80::1", "::/0", Some(true));
        check("1.2.3.4", "1.2.3.4/32", Some(true));
        check("1.2.3.5", "1.2.3.4/32", Some(false));
        check("1.2.3.4", "1.2.3.4/33", None);
        check("1.2.3.4", "1.2.3.4", None);
        check("1.2.3.4", "::/0", Some(false));
    }
}
