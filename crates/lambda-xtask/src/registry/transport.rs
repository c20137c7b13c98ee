//! HTTP: one request to one answer, over connections that stay open, through the proxies and with
//! the certificates that the environment names. It neither waits nor tries again.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use ureq::http::{HeaderMap, Method, Request as HttpRequest};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::endpoint::host_name;
use super::proxy::Proxies;
use crate::environment::Environment;

/// Connections to one host that wait for the next request.
pub(super) const CONNECTIONS: usize = 16;
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);
/// No manifest is larger (the distribution project's own limit).
const LARGEST: u64 = 4 * 1024 * 1024;
/// Where docker looks for the certificates of single registries.
const DOCKER_CERTIFICATES: &str = "/etc/docker/certs.d";

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Why nothing came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// There is nobody, or no way.
    Unreachable(String),
    /// The other end is not who it should be.
    Tls(String),
    /// The other end speaks something else than TLS.
    NotTls(String),
    /// The connection broke: it may hold the next time.
    Broken(String),
}

/// Open connections, and how new ones are made.
pub(super) struct Transport {
    proxies: Proxies,
    certificate_file: Option<PathBuf>,
    certificate_folder: Option<PathBuf>,
    agents: Mutex<BTreeMap<String, Agent>>,
}

impl Transport {
    pub(super) fn of(environment: &Environment) -> Transport {
        let path = |name: &str| environment.get(name).map(PathBuf::from);
        Transport {
            proxies: Proxies::of(|name| environment.get(name).map(str::to_owned)),
            certificate_file: path("SSL_CERT_FILE"),
            certificate_folder: path("SSL_CERT_DIR"),
            agents: Mutex::default(),
        }
    }

    pub(super) fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let agent = self.agent(&request.url)?;
        let mut builder = HttpRequest::builder().method(request.method.clone()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let unsent = |error: ureq::http::Error| NoAnswer::Unreachable(error.to_string());
        let response = match &request.body {
            Some(body) => agent.run(builder.body(body.as_slice()).map_err(unsent)?),
            None => agent.run(builder.body(()).map_err(unsent)?),
        };
        let (head, mut body) = response.map_err(classify)?.into_parts();
        // To its end, or the connection could not be used again.
        let body = if request.method == Method::HEAD {
            Vec::new()
        } else {
            body.with_config().limit(LARGEST).read_to_vec().map_err(classify)?
        };
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// The connections to the host of a URL.
    fn agent(&self, url: &str) -> Result<Agent, NoAnswer> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let host = rest.split('/').next().unwrap_or(rest);
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{scheme}://{host}");
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let agent = self.connect(scheme, host)?;
        agents.insert(key, agent.clone());
        Ok(agent)
    }

    fn connect(&self, scheme: &str, host: &str) -> Result<Agent, NoAnswer> {
        let proxy = match self.proxies.of_host(scheme, host_name(host)) {
            Some((variable, url)) => Some(Proxy::new(&url).map_err(|_| {
                NoAnswer::Unreachable(format!("`{variable}` names no proxy that can be used"))
            })?),
            None => None,
        };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Where a redirect leads no registry need be, nor `https`.
            .max_redirects(0)
            .proxy(proxy)
            .user_agent(concat!("lambda-xtask/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_recv_body(Some(ANSWER))
            .max_idle_connections(CONNECTIONS)
            .max_idle_connections_per_host(CONNECTIONS);
        if scheme == "https" {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::Specific(Arc::new(self.root_certificates(host)?)))
                .unversioned_rustls_crypto_provider(provider);
            config = config.tls_config(tls.build());
        }
        Ok(config.build().new_agent())
    }

    /// Whom the system, or in its place `SSL_CERT_FILE` and `SSL_CERT_DIR`, trusts, and whom docker
    /// trusts for this host.
    fn root_certificates(&self, host: &str) -> Result<Vec<Certificate<'static>>, NoAnswer> {
        let (file, folder) = (self.certificate_file.as_deref(), self.certificate_folder.as_deref());
        let found = match (file, folder) {
            (None, None) => load_native_certs(),
            (file, folder) => load_certs_from_paths(file, folder),
        };
        let mut found = usable(&found)?;
        let of_host = Path::new(DOCKER_CERTIFICATES).join(host);
        for entry in of_host.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "crt") {
                found.extend(usable(&load_certs_from_paths(Some(&path), None))?);
            }
        }
        Ok(found)
    }
}

/// Single certificates that can't be read do no harm; none at all is a reason to stop.
fn usable(found: &CertificateResult) -> Result<Vec<Certificate<'static>>, NoAnswer> {
    if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
        return Err(NoAnswer::Tls(format!("no certificate can be read: {error}")));
    }
    Ok(found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

fn classify(error: ureq::Error) -> NoAnswer {
    match error {
        ureq::Error::Io(error) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match (tls, error.kind()) {
                (Some(tls), _) => classify_tls(tls),
                (
                    None,
                    ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
                    | ErrorKind::UnexpectedEof,
                ) => NoAnswer::Broken(error.to_string()),
                (None, _) => NoAnswer::Unreachable(error.to_string()),
            }
        }
        ureq::Error::Rustls(error) => classify_tls(&error),
        ureq::Error::Tls(error) => NoAnswer::Tls(error.to_owned()),
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            NoAnswer::Unreachable(format!("no connection within {} s", CONNECT.as_secs()))
        }
        ureq::Error::Timeout(_) => {
            NoAnswer::Broken(format!("no answer within {} s", ANSWER.as_secs()))
        }
        error @ ureq::Error::Protocol(_) => NoAnswer::Broken(error.to_string()),
        error => NoAnswer::Unreachable(error.to_string()),
    }
}

fn classify_tls(error: &rustls::Error) -> NoAnswer {
    match error {
        rustls::Error::InvalidMessage(_) => NoAnswer::NotTls(error.to_string()),
        _ => NoAnswer::Tls(error.to_string()),
    }
}

#[cfg(test)]
pub(super) mod tests;
