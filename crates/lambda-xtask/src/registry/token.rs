//! Tokens: how a server that gives them is asked, with a password, with an identity, or with nothing.

use serde::Deserialize;
use ureq::http::Method;

use super::authorization::{Access, said};
use super::credentials::Credentials;
use super::endpoint::{Endpoint, host_name, is_loopback};
use super::error::RegistryError;
use super::transport::Request;
use super::{RegistryClient, redirect};

/// What a token is to be good for.
pub(super) struct Wanted<'a> {
    pub(super) realm: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) scope: String,
}

/// The scope of a token for a repository.
pub(super) fn scope((path, access): &(String, Access)) -> String {
    let actions = match access {
        Access::Pull => "pull",
        Access::Push => "pull,push",
    };
    format!("repository:{path}:{actions}")
}

/// What carries the credentials is encrypted, unless the registry itself is this machine's.
fn is_secure(realm: &str, host: &str) -> bool {
    let scheme = realm.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
        || is_loopback(host_name(host))
}

/// Source: <https://distribution.github.io/distribution/spec/auth/token/>, and `oauth/` beside it.
pub(super) fn fetch_token(
    client: &RegistryClient,
    endpoint: &Endpoint,
    wanted: &Wanted,
    credentials: Option<&Credentials>,
) -> Result<String, RegistryError> {
    // What goes to an insecure registry as it is may also go there for a token.
    let own = format!("http://{}/", endpoint.host);
    let is_own = client.is_plain(&endpoint.host) && wanted.realm.starts_with(&own);
    if !is_own && !is_secure(wanted.realm, &endpoint.host) {
        let (host, realm) = (endpoint.host.clone(), wanted.realm.to_owned());
        return Err(RegistryError::InsecureRealm { host, realm });
    }
    let mut fields = vec![("scope", wanted.scope.as_str())];
    fields.extend(wanted.service.map(|service| ("service", service)));
    let mut headers = Vec::new();
    let (method, url, body) = if let Some(Credentials::IdentityToken(token)) = credentials {
        fields.extend([
            ("grant_type", "refresh_token"),
            ("client_id", "lambda-xtask"),
            ("refresh_token", token.as_str()),
        ]);
        headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        (Method::POST, wanted.realm.to_owned(), Some(render_form(&fields)))
    } else {
        let header = credentials.and_then(Credentials::basic);
        headers.extend(header.map(|header| ("Authorization", header)));
        let separator = if wanted.realm.contains('?') { '&' } else { '?' };
        (Method::GET, format!("{}{separator}{}", wanted.realm, render_form(&fields)), None)
    };
    let request = Request { method, url, headers, body: body.map(String::into_bytes) };
    let answer = client.answer(&endpoint.host, &request)?;
    let (host, is_ecr) = (endpoint.host.clone(), client.ecr.is_some());
    match answer.status {
        200 => {}
        300..=399 => return Err(redirect(&request, &answer)),
        // It may still answer to who has none.
        400 | 401 | 403 if credentials.is_some() => {
            return Err(RegistryError::Refused { host, said: said(&answer), is_ecr });
        }
        401 | 403 => return Err(RegistryError::NoCredentials { host, is_ecr }),
        status => {
            let request = format!("a request for a token from {}", wanted.realm);
            return Err(RegistryError::Unexpected { request, status, said: said(&answer) });
        }
    }
    let token = serde_json::from_slice(&answer.body)
        .ok()
        .and_then(|token: Token| token.token.or(token.access_token));
    token.ok_or_else(|| RegistryError::Unexpected {
        request: format!("a request for a token from {}", wanted.realm),
        status: 200,
        said: "there is no token in the answer".to_owned(),
    })
}

/// `application/x-www-form-urlencoded`.
fn render_form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte));
                }
                _ => out += &format!("%{byte:02X}"),
            }
            out
        })
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// What a token server prints.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let fields = [("scope", "repository:a/b:pull,push"), ("x", "ä")];
        assert_eq!(render_form(&fields), "scope=repository%3Aa%2Fb%3Apull%2Cpush&x=%C3%A4");
    }

    #[test]
    fn credentials_go_to_https_or_stay_on_this_machine() {
        let check = |realm, host, wanted| assert_eq!(is_secure(realm, host), wanted, "{realm}");
        check("https://auth.example/token", "registry.example", true);
        check("HTTPS://auth.example/token", "registry.example:5000", true);
        check("http://auth.example/token", "registry.example", false);
        check("httpsx://auth.example", "registry.example", false);
        check("auth.example/token", "registry.example", false);
        check("http://127.0.0.1:1/token", "registry.example", false);
        check("http://auth.example/token", "localhost:5000", true);
        check("http://auth.example/token", "[::1]:5000", true);
    }

    #[test]
    fn scopes() {
        let scope = |access| scope(&("a/b".to_owned(), access));
        assert_eq!(scope(Access::Pull), "repository:a/b:pull");
        assert_eq!(scope(Access::Push), "repository:a/b:pull,push");
    }
}
