//! Credentials as docker keeps them: the variable `DOCKER_AUTH_CONFIG`, else `config.json`, and the helper
//! programs that it names. The rules are those of docker's `cli/config`.
//!
//! Read anew whenever they are asked for: a login may have changed them. Nothing is written here.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::endpoint::config_key;
use super::error::RegistryError;
use crate::environment::Environment;
use crate::failure::tail;
use crate::files::{Links, SETTINGS_LIMIT, read_text};
use crate::process::spawn_group;

/// What a registry, or the server that gives its tokens, is told.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    Password {
        user: String,
        password: String,
    },
    /// Exchanged for tokens (OAuth 2's refresh token).
    IdentityToken(String),
    /// Sent as it is.
    RegistryToken(String),
}

/// Secrets are in no log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::Password { .. } => "Password",
            Credentials::IdentityToken(_) => "IdentityToken",
            Credentials::RegistryToken(_) => "RegistryToken",
        })
    }
}

impl Credentials {
    /// The header of basic authentication; `None` for what is no password.
    pub(super) fn basic(&self) -> Option<String> {
        match self {
            Credentials::Password { user, password } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            Credentials::IdentityToken(_) | Credentials::RegistryToken(_) => None,
        }
    }
}

/// What is read of docker's `config.json`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

/// An entry of `auths`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// The variable that newer versions of docker read before `config.json`.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// What the variable may hold. Where it holds anything else docker warns, and goes on without it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    #[serde(default)]
    auths: BTreeMap<String, VariableEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableEntry {
    auth: String,
}

/// What a helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// What docker has for a host; `None`: nothing. A helper program has so much time to tell it.
pub(super) fn find_credentials(
    environment: &Environment,
    host: &str,
    limit: Duration,
) -> Result<Option<Credentials>, RegistryError> {
    let key = config_key(host);
    if let Some(credentials) = of_variable(environment, key) {
        return Ok(Some(credentials));
    }
    let Some(path) = config_path(environment) else { return Ok(None) };
    let unreadable = |why: String| RegistryError::Config { path: path.display().to_string(), why };
    let text = match read_text(&path, Links::Follow, SETTINGS_LIMIT) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    // The error would quote what it stumbled over, and that may be a secret.
    let config: Config = serde_json::from_str(&text).map_err(|error| {
        unreadable(format!(
            "line {}, column {} is not as it should be",
            error.line(),
            error.column()
        ))
    })?;
    let entry = config.auths.get(key).or_else(|| {
        config.auths.iter().find(|(name, _)| host_of(name) == host_of(key)).map(|(_, entry)| entry)
    });
    let helper = config.cred_helpers.get(key).unwrap_or(&config.creds_store);
    // Of the file, only this token counts beside a helper.
    let has_token = entry.is_some_and(|entry| !entry.registrytoken.is_empty());
    if !helper.is_empty() && !has_token {
        return ask_helper(environment, &format!("docker-credential-{helper}"), key, limit);
    }
    entry.map_or(Ok(None), |entry| {
        read_entry(entry).ok_or_else(|| unreadable(format!("the entry of `{key}` is damaged")))
    })
}

fn config_path(environment: &Environment) -> Option<PathBuf> {
    let folder = match environment.get("DOCKER_CONFIG") {
        Some(folder) => environment.current_dir().join(folder),
        None => PathBuf::from(environment.get("HOME")?).join(".docker"),
    };
    Some(folder.join("config.json"))
}

/// What the variable has for exactly this key.
fn of_variable(environment: &Environment, key: &str) -> Option<Credentials> {
    let variable: Variable = serde_json::from_str(environment.get(VARIABLE)?).ok()?;
    let mut entries = BTreeMap::new();
    for (key, VariableEntry { auth }) in variable.auths {
        entries.insert(key, decode(&auth)?);
    }
    entries.remove(key)
}

/// Older versions of docker wrote URLs where newer ones write hosts (`ConvertToHostname`).
fn host_of(key: &str) -> &str {
    let Some((_, rest)) = key.split_once("://") else {
        return key.split('/').next().unwrap_or(key);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// `None`: damaged; `Some(None)`: an entry without credentials, as those of helpers are.
fn read_entry(entry: &Auth) -> Option<Option<Credentials>> {
    if !entry.registrytoken.is_empty() {
        return Some(Some(Credentials::RegistryToken(entry.registrytoken.clone())));
    }
    if !entry.identitytoken.is_empty() {
        return Some(Some(Credentials::IdentityToken(entry.identitytoken.clone())));
    }
    if !entry.auth.is_empty() {
        return decode(&entry.auth).map(Some);
    }
    let (user, password) = (entry.username.clone(), entry.password.clone());
    Some((!user.is_empty()).then_some(Credentials::Password { user, password }))
}

/// Base64 of `user:password`.
fn decode(auth: &str) -> Option<Credentials> {
    let decoded = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = decoded.split_once(':').filter(|(user, _)| !user.is_empty())?;
    let password = password.trim_matches('\0').to_owned();
    Some(Credentials::Password { user: user.to_owned(), password })
}

/// Source: <https://github.com/docker/docker-credential-helpers#development>.
fn ask_helper(
    environment: &Environment,
    program: &str,
    key: &str,
    limit: Duration,
) -> Result<Option<Credentials>, RegistryError> {
    let failed = |why: String| RegistryError::Helper {
        program: program.to_owned(),
        host: key.to_owned(),
        why,
    };
    let mut command = environment.command(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn_group(&mut command).map_err(|error| failed(error.to_string()))?;
    let output = child.hear_out(format!("{key}\n").as_bytes(), limit).map_err(|error| {
        failed(match error.kind() {
            ErrorKind::TimedOut => format!("it gave no answer within {} s", limit.as_secs()),
            _ => error.to_string(),
        })
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        if said.contains("credentials not found in native keychain") {
            return Ok(None);
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let why =
            tail(&said, 1).first().or(tail(&stderr, 1).first()).map(|line| (*line).to_owned());
        return Err(failed(why.unwrap_or_else(|| output.status.to_string())));
    }
    let helped: Helped =
        serde_json::from_str(&said).map_err(|_| failed("it printed no credentials".to_owned()))?;
    Ok(Some(match helped.username.as_str() {
        "<token>" => Credentials::IdentityToken(helped.secret),
        _ => Credentials::Password { user: helped.username, password: helped.secret },
    }))
}

#[cfg(test)]
mod tests;
