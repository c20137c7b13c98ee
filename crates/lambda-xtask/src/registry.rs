//! A client of the OCI distribution API, for what is asked of a registry here: which digest a tag
//! leads to, a manifest's bytes, and the same bytes under another tag.
//!
//! It keeps connections open, authenticates with docker's credentials, and waits where a registry
//! asks it to. Blobs are BuildKit's affair: none is read or written here.

mod authorization;
mod challenge;
mod credentials;
mod ecr;
mod ending;
mod endpoint;
mod error;
mod insecure;
mod manifest;
mod platforms;
mod proxy;
mod retry;
mod token;
mod transport;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use lambda_images::ecr::Ecr;
use lambda_images::reference::{Digest, ImageReference};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use ureq::http::Method;

use self::authorization::{Access, HostAuthorization, said};
use self::ecr::LIMIT;
use self::ending::Requests;
use self::endpoint::Endpoint;
use self::insecure::InsecureRegistries;
use self::retry::{Clock, Patience, SystemClock, parse_retry_after};
use self::transport::{Answer, CONNECTIONS, NoAnswer, Request, Transport};
use crate::environment::Environment;
use crate::process::Ending;

pub(crate) use self::ecr::{Holds, ask_account, create_repository, find_missing};
pub(crate) use self::error::RegistryError;
pub(crate) use self::platforms::{Platform, Platforms};

/// Refusals of one request after which something else was tried: the challenge, an old token, a
/// login, and the token after that.
const REFUSALS: u32 = 5;

/// How a host is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// With TLS, whoever vouches for it.
    Https,
    /// Without, with the engine's consent.
    Http,
}

/// Registries as this environment reaches them. Any number of threads may ask at once.
pub(crate) struct RegistryClient {
    environment: Environment,
    transport: Arc<Transport>,
    clock: Box<dyn Clock>,
    requests: Arc<Requests>,
    hosts: Mutex<BTreeMap<String, Arc<HostAuthorization>>>,
    /// The engine's, once it was asked.
    insecure: OnceLock<InsecureRegistries>,
    /// How hosts have answered: who has done so by HTTPS is never asked without.
    schemes: Mutex<BTreeMap<String, Scheme>>,
    /// Of a registry of ECR's kind.
    ecr: Option<Ecr>,
    /// How long each program of a login may take.
    login_limit: Duration,
}

impl RegistryClient {
    /// With `ecr` the registry is of ECR's kind: the `aws` client logs in where docker has no
    /// credentials that are accepted.
    pub(crate) fn new(environment: &Environment, ecr: Option<Ecr>) -> RegistryClient {
        RegistryClient {
            environment: environment.clone(),
            transport: Arc::new(Transport::of(environment)),
            clock: Box::new(SystemClock),
            requests: Arc::default(),
            hosts: Mutex::default(),
            insecure: OnceLock::new(),
            schemes: Mutex::default(),
            ecr,
            login_limit: LIMIT,
        }
    }

    /// What each reference leads to, in their order: all at once, over [`CONNECTIONS`] connections.
    ///
    /// # Errors
    /// The first of any.
    pub(crate) fn resolve_all(
        &self,
        references: &[&ImageReference],
    ) -> Result<Vec<Option<Digest>>, RegistryError> {
        // All of these wait for the network, and none for a core.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(CONNECTIONS.min(references.len()));
        let pool = match pool.build() {
            Ok(pool) => pool,
            // One after the other is slower, and no more.
            Err(_) => return references.iter().map(|reference| self.resolve(reference)).collect(),
        };
        pool.install(|| references.par_iter().map(|reference| self.resolve(reference)).collect())
    }

    /// Ends what is waited for, as builds are ended: a busy registry is not asked again. Each request is
    /// sent once all the same, so that what has been built gets its name and what is false loses it;
    /// killed, it is left behind.
    pub(crate) fn end(&self, ending: Ending) {
        self.requests.end(ending);
    }

    /// For others that wait for a store: does `work`, which is left behind where this client's requests
    /// are killed, and it is not over so long `after`.
    ///
    /// # Errors
    /// There is no thread to be had for it.
    pub(crate) fn unless_killed<T: Send + 'static>(
        &self,
        after: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<Option<T>> {
        self.requests.unless_killed(after, work)
    }

    /// One request about a repository, with whatever its registry wants to see; any answer but a
    /// refusal and a registry's own failure is the caller's to understand.
    fn ask(
        &self,
        endpoint: &Endpoint,
        access: Access,
        request: &Request,
    ) -> Result<Answer, RegistryError> {
        let host = self.host(&endpoint.host);
        let mut refusals = 0;
        loop {
            let sent = host.header(self, endpoint, access)?;
            let mut request = request.clone();
            request.headers.extend(sent.header.clone().map(|header| ("Authorization", header)));
            let answer = self.answer(&endpoint.host, &request)?;
            match answer.status {
                401 | 403 => {}
                300..=399 => return Err(redirect(&request, &answer)),
                _ => return Ok(answer),
            }
            refusals += 1;
            if refusals == REFUSALS {
                let (host, is_ecr) = (endpoint.host.clone(), self.ecr.is_some());
                return Err(RegistryError::Refused { host, said: said(&answer), is_ecr });
            }
            host.refused(self, endpoint, access, &sent, &answer)?;
        }
    }

    /// One request, sent again while the registry is busy or the connection breaks.
    fn answer(&self, host: &str, request: &Request) -> Result<Answer, RegistryError> {
        let mut patience = Patience::default();
        let interrupted = || RegistryError::Interrupted { host: host.to_owned() };
        loop {
            let result = self.send(host, request)?;
            let asked = match &result {
                Ok(answer) if matches!(answer.status, 429 | 500..=599) => answer
                    .header("retry-after")
                    .and_then(|text| parse_retry_after(text, self.clock.now())),
                Err(NoAnswer::Broken(_)) => None,
                Ok(_) | Err(NoAnswer::Unreachable(_) | NoAnswer::Tls(_) | NoAnswer::NotTls(_)) => {
                    return result.map_err(|error| no_answer(host, error));
                }
            };
            match patience.after_failure(asked, self.clock.random()) {
                Some(wait) => self.clock.wait(wait, &self.requests),
                None => return Err(given_up(host, result, &patience)),
            }
            if self.requests.are_ended() {
                return Err(interrupted());
            }
        }
    }

    /// One request, sent once: by HTTPS, and without TLS where nobody there may know it.
    fn send(
        &self,
        host: &str,
        request: &Request,
    ) -> Result<Result<Answer, NoAnswer>, RegistryError> {
        let plain = as_http(host, request);
        if let Some(plain) = plain.as_ref().filter(|_| self.is_plain(host)) {
            return self.send_as_it_is(host, plain);
        }
        let secure = self.send_as_it_is(host, request)?;
        let Some(plain) = plain else { return Ok(secure) };
        let why = match secure {
            Err(why) if !matches!(why, NoAnswer::Tls(_)) => why,
            secure => {
                self.schemes().insert(host.to_owned(), Scheme::Https);
                return Ok(secure);
            }
        };
        let is_told = matches!(why, NoAnswer::NotTls(_)) || !carries_credentials(request);
        if !is_told || !self.may_be_plain(host) {
            return Ok(Err(why));
        }
        Ok(match self.send_as_it_is(host, &plain)? {
            Ok(answer) if is_spoken_to_rightly(&answer, &why) => {
                self.schemes().entry(host.to_owned()).or_insert(Scheme::Http);
                Ok(answer)
            }
            // It may hold the next time, and HTTPS is tried first then.
            Err(NoAnswer::Broken(broken)) => Err(NoAnswer::Broken(broken)),
            _ => Err(why),
        })
    }

    fn send_as_it_is(
        &self,
        host: &str,
        request: &Request,
    ) -> Result<Result<Answer, NoAnswer>, RegistryError> {
        let (transport, request) = (Arc::clone(&self.transport), request.clone());
        let send = move || transport.send(&request);
        let sent = self.requests.unless_killed(Duration::ZERO, send);
        let sent = sent.map_err(|error| no_thread(host, &error))?;
        sent.ok_or_else(|| RegistryError::Interrupted { host: host.to_owned() })
    }

    fn schemes(&self) -> MutexGuard<'_, BTreeMap<String, Scheme>> {
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a host is asked by plain HTTP, with the engine's consent.
    fn is_plain(&self, host: &str) -> bool {
        self.schemes().get(host) == Some(&Scheme::Http)
    }

    /// Whether a host that gave no answer by HTTPS may be asked without. One that has answered by it
    /// before only can't be reached at the moment: who breaks a connection must not get what is meant
    /// for TLS.
    fn may_be_plain(&self, host: &str) -> bool {
        let ask = || InsecureRegistries::ask(&self.environment);
        let is_known = self.schemes().contains_key(host);
        !is_known && self.insecure.get_or_init(ask).hold(host)
    }

    fn host(&self, host: &str) -> Arc<HostAuthorization> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(host.to_owned()).or_default())
    }
}

/// The same request without TLS; `None`: it is none to this host, or has none.
fn as_http(host: &str, request: &Request) -> Option<Request> {
    let rest = request.url.strip_prefix("https://")?;
    rest.strip_prefix(host).filter(|path| path.starts_with('/'))?;
    Some(Request { url: format!("http://{rest}"), ..request.clone() })
}

/// Whether secrets go with a request: those of a sign-in are sent by POST.
fn carries_credentials(request: &Request) -> bool {
    request.method == Method::POST
        || request.headers.iter().any(|(name, _)| *name == "Authorization")
}

/// Whether an answer without TLS, where HTTPS had none for this reason, shows that the host wants none.
/// Servers that speak TLS answer what comes without it by status 400.
fn is_spoken_to_rightly(answer: &Answer, why: &NoAnswer) -> bool {
    matches!(why, NoAnswer::NotTls(_)) || answer.status != 400
}

/// Each request has a thread, so that it can be left behind.
fn no_thread(host: &str, error: &std::io::Error) -> RegistryError {
    let why = format!("no thread can be started to ask it: {error}");
    RegistryError::Unreachable { host: host.to_owned(), why }
}

/// What stands behind a `?` may be a secret of the sign-in.
fn redirect(request: &Request, answer: &Answer) -> RegistryError {
    let to = answer.header("location").unwrap_or("nowhere");
    let to = to.split(['?', '#']).next().unwrap_or(to).to_owned();
    let request = format!("{} {}", request.method, request.url);
    RegistryError::Redirect { request, status: answer.status, to }
}

fn no_answer(host: &str, error: NoAnswer) -> RegistryError {
    let host = host.to_owned();
    match error {
        NoAnswer::Unreachable(why) | NoAnswer::Broken(why) => {
            RegistryError::Unreachable { host, why }
        }
        NoAnswer::Tls(why) | NoAnswer::NotTls(why) => RegistryError::Tls { host, why },
    }
}

fn given_up(host: &str, last: Result<Answer, NoAnswer>, patience: &Patience) -> RegistryError {
    match last {
        Err(error) => no_answer(host, error),
        Ok(answer) if answer.status == 429 => {
            RegistryError::RateLimited { host: host.to_owned(), waited: patience.waited }
        }
        Ok(answer) => RegistryError::Failing {
            host: host.to_owned(),
            status: answer.status,
            attempts: patience.attempts,
            said: said(&answer),
        },
    }
}

/// A request without a body.
fn plain(method: Method, url: &str, accept: &str) -> Request {
    Request {
        method,
        url: url.to_owned(),
        headers: vec![("Accept", accept.to_owned())],
        body: None,
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
