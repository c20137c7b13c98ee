//! What one registry wants to see with a request: nothing, a password, or a token that is fetched
//! for the purpose, and fetched again when it is old.
//!
//! For ECR a login by the `aws` client is tried once, when docker's credentials are missing or refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use super::RegistryClient;
use super::challenge::{Challenge, parse_challenge};
use super::credentials::{Credentials, find_credentials};
use super::ecr::log_in;
use super::endpoint::Endpoint;
use super::error::RegistryError;
use super::token::{Wanted, fetch_token, scope};
use super::transport::Answer;

/// What a request is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    Pull,
    Push,
}

/// What is known of one host's wishes.
#[derive(Debug, Default)]
pub(super) struct HostAuthorization {
    known: Mutex<Known>,
    /// Held while somebody logs in; what came of it.
    login: Mutex<Option<Result<(), RegistryError>>>,
}

#[derive(Debug, Default)]
struct Known {
    challenge: Option<Challenge>,
    /// Docker's, once they were asked for. An error stays: a helper that gives no answer is not waited
    /// for by one request after the other.
    credentials: Option<Result<Option<Credentials>, RegistryError>>,
    tokens: BTreeMap<(String, Access), String>,
    /// Raised with each login: what was sent before it is old.
    generation: u32,
}

/// What a request was sent with.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) header: Option<String>,
    /// A token that was fetched for this very request.
    is_fresh: bool,
    generation: u32,
}

impl Known {
    /// Takes over what a refusal says is wanted; `true`: it is another thing than was known.
    fn learn(&mut self, answer: &Answer) -> bool {
        let values = answer.headers.get_all("www-authenticate");
        let values = values.iter().filter_map(|value| value.to_str().ok());
        let Some(told) = parse_challenge(values).filter(|_| answer.status == 401) else {
            return false;
        };
        if self.challenge.as_ref().is_some_and(|known| known.is_like(&told)) {
            return false;
        }
        self.challenge = Some(told);
        self.tokens.clear();
        true
    }
}

impl HostAuthorization {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The header for a request, from all that is known now.
    pub(super) fn header(
        &self,
        client: &RegistryClient,
        endpoint: &Endpoint,
        access: Access,
    ) -> Result<Sent, RegistryError> {
        let key = (endpoint.path.clone(), access);
        let (challenge, generation) = {
            let known = self.known();
            let Some(challenge) = known.challenge.clone() else { return Ok(Sent::default()) };
            if let Some(token) = known.tokens.get(&key) {
                let header = Some(format!("Bearer {token}"));
                return Ok(Sent { header, is_fresh: false, generation: known.generation });
            }
            (challenge, known.generation)
        };
        let credentials = self.credentials(client, &endpoint.host)?;
        let (header, is_fresh) = match challenge {
            Challenge::Basic => (credentials.and_then(|credentials| credentials.basic()), true),
            Challenge::Bearer { realm, service, .. } => {
                let token = match credentials {
                    Some(Credentials::RegistryToken(token)) => token,
                    credentials => {
                        let wanted = Wanted {
                            realm: &realm,
                            service: service.as_deref(),
                            scope: scope(&key),
                        };
                        fetch_token(client, endpoint, &wanted, credentials.as_ref())?
                    }
                };
                self.known().tokens.insert(key, token.clone());
                (Some(format!("Bearer {token}")), true)
            }
        };
        Ok(Sent { header, is_fresh, generation })
    }

    /// Docker's credentials, asked for once in each generation.
    fn credentials(
        &self,
        client: &RegistryClient,
        host: &str,
    ) -> Result<Option<Credentials>, RegistryError> {
        let mut known = self.known();
        if let Some(credentials) = &known.credentials {
            return credentials.clone();
        }
        let limit = client.login_limit;
        known.credentials.insert(find_credentials(&client.environment, host, limit)).clone()
    }

    /// A request was refused: learns from it. `Ok`: there is something else to try.
    ///
    /// What a registry wants to see is told by a 401 with its header, and by nothing else: a firewall's
    /// 403 says nothing about it.
    pub(super) fn refused(
        &self,
        client: &RegistryClient,
        endpoint: &Endpoint,
        access: Access,
        sent: &Sent,
        answer: &Answer,
    ) -> Result<(), RegistryError> {
        let is_bearer = {
            let mut known = self.known();
            if sent.generation != known.generation {
                return Ok(());
            }
            if known.learn(answer) && sent.header.is_some() {
                return Ok(());
            }
            if let Some(header) = &sent.header {
                let key = (endpoint.path.clone(), access);
                if !sent.is_fresh && answer.status == 401 {
                    // A token lives for minutes. Another thread may have a new one by now.
                    let is_it = |token: &String| header.strip_prefix("Bearer ") == Some(token);
                    if known.tokens.get(&key).is_some_and(is_it) {
                        known.tokens.remove(&key);
                    }
                    return Ok(());
                }
                false
            } else {
                match &known.challenge {
                    Some(challenge) if answer.status == 401 => {
                        matches!(challenge, Challenge::Bearer { .. })
                    }
                    _ => {
                        let (host, said) = (endpoint.host.clone(), said(answer));
                        return Err(RegistryError::Forbidden { host, said });
                    }
                }
            }
        };
        let credentials = self.credentials(client, &endpoint.host)?;
        let has_password = credentials.as_ref().is_some_and(|found| found.basic().is_some());
        if sent.header.is_none() && (is_bearer || has_password) {
            return Ok(());
        }
        self.log_in(client, &endpoint.host, sent, credentials.is_some(), said(answer))
    }

    /// The last resort, once for each host. `Ok`: it was done, by this thread or another.
    fn log_in(
        &self,
        client: &RegistryClient,
        host: &str,
        sent: &Sent,
        had_credentials: bool,
        said: String,
    ) -> Result<(), RegistryError> {
        let mut done = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        if self.known().generation != sent.generation {
            return Ok(());
        }
        match (&client.ecr, &*done) {
            (Some(ecr), None) => {
                done.insert(log_in(&client.environment, ecr, host, client.login_limit)).clone()?;
                let mut known = self.known();
                known.credentials = None;
                known.tokens.clear();
                known.generation += 1;
                Ok(())
            }
            (_, Some(Err(error))) => Err(error.clone()),
            (ecr, _) => {
                let (host, is_ecr) = (host.to_owned(), ecr.is_some());
                Err(if had_credentials {
                    RegistryError::Refused { host, said, is_ecr }
                } else {
                    RegistryError::NoCredentials { host, is_ecr }
                })
            }
        }
    }
}

/// What an answer says in words: the messages of the OCI distribution specification, else the start
/// of its text, else its status alone.
pub(super) fn said(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<OneError>,
    }
    #[derive(Deserialize)]
    struct OneError {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    if let Ok(Errors { errors }) = serde_json::from_slice(&answer.body) {
        let texts: Vec<String> = errors
            .iter()
            .map(|OneError { code, message }| format!("{code} {message}").trim().to_owned())
            .collect();
        return texts.join(", ").chars().take(1000).collect();
    }
    let text = String::from_utf8_lossy(&answer.body);
    let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
    if line.trim().is_empty() {
        format!("status {}", answer.status)
    } else {
        line.trim().to_owned()
    }
}
