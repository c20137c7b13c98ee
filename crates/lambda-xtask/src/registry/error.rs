//! What a registry, or the way to it, can do wrong: each with its mend. No secret is ever part of it.

use std::fmt;
use std::time::Duration;

use lambda_images::escape::escape_line;
use lambda_images::reference::{Digest, ImageReference};

/// Why a registry gave no answer, or not the one that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RegistryError {
    /// Nobody answers there.
    Unreachable { host: String, why: String },
    /// Somebody answers whom the certificates of this machine don't vouch for.
    Tls { host: String, why: String },
    /// It wants to know who asks, and docker has nothing to tell it.
    NoCredentials { host: String, is_ecr: bool },
    /// It knows who asks, and refuses: the credentials are wrong or old, or allow less.
    Refused { host: String, said: String, is_ecr: bool },
    /// It refuses, and does not say what it wants to see.
    Forbidden { host: String, said: String },
    /// It names an insecure place to send the credentials to.
    InsecureRealm { host: String, realm: String },
    /// Docker's configuration can't be read.
    Config { path: String, why: String },
    /// The program that keeps the credentials failed.
    Helper { program: String, host: String, why: String },
    /// `aws` or `docker login` failed.
    Command { command: String, why: String },
    /// `aws` or `docker login` did not end, and was ended.
    Endless { command: String, limit: Duration },
    /// Repositories that must be there before a push.
    RepositoriesMissing { names: Vec<String>, region: String },
    /// It was waited for when the run was interrupted.
    Interrupted { host: String },
    /// It turned us away for too long.
    RateLimited { host: String, waited: Duration },
    /// It answers, but with errors of its own.
    Failing { host: String, status: u16, attempts: u32, said: String },
    /// A tag leads to another image than it is to.
    TagTaken { reference: ImageReference, wanted: Digest, found: Digest },
    /// What came is not what its digest says.
    WrongBytes { reference: ImageReference, found: Digest },
    /// It sends us elsewhere, where no registry need be.
    Redirect { request: String, status: u16, to: String },
    /// It has an answer for a manifest, and that is none.
    NotAManifest { request: String, found: String },
    /// Anything else.
    Unexpected { request: String, status: u16, said: String },
}

impl RegistryError {
    /// What happened, in one line or a few.
    pub(crate) fn message(&self) -> String {
        match self {
            RegistryError::Unreachable { host, why } => {
                format!("the registry `{host}` can't be reached: {why}")
            }
            RegistryError::Tls { host, why } => {
                format!("the connection to the registry `{host}` is not secure: {why}")
            }
            RegistryError::NoCredentials { host, .. } => {
                format!("the registry `{host}` wants credentials, and docker has none for it")
            }
            RegistryError::Refused { host, said, .. } => {
                format!("the registry `{host}` refuses the credentials that docker has: {said}")
            }
            RegistryError::Forbidden { host, said } => {
                format!("the registry `{host}` refuses to answer: {said}")
            }
            RegistryError::InsecureRealm { host, realm } => format!(
                "the registry `{host}` wants a token from `{realm}`, which is not `https`: no credentials were sent there"
            ),
            RegistryError::Config { path, why } => {
                format!("docker's configuration `{path}` can't be read: {why}")
            }
            RegistryError::Helper { program, host, why } => {
                format!("`{program}` gave no credentials for `{host}`: {why}")
            }
            RegistryError::Command { command, why } => format!("failed to run `{command}`: {why}"),
            RegistryError::Endless { command, limit } => {
                format!("`{command}` did not end within {} s", limit.as_secs())
            }
            RegistryError::RepositoriesMissing { names, .. } => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("the registry has no repository {}", names.join(", "))
            }
            RegistryError::Interrupted { host } => {
                format!("interrupted while the registry `{host}` was waited for")
            }
            RegistryError::RateLimited { host, waited } => format!(
                "the registry `{host}` limits how often it is asked, and still did after {:.0} s",
                waited.as_secs_f64()
            ),
            RegistryError::Failing { host, status, attempts, said } => format!(
                "the registry `{host}` failed {attempts} times, last with status {status}: {said}"
            ),
            RegistryError::TagTaken { reference, wanted, found } => {
                format!("`{reference}` leads to another image: it is `{found}`, not `{wanted}`")
            }
            RegistryError::WrongBytes { reference, found } => {
                format!("the registry gave `{found}` in place of `{reference}`")
            }
            RegistryError::Redirect { request, status, to } => format!(
                "the registry answered `{request}` with status {status}, a redirect to `{to}`, which is not followed"
            ),
            RegistryError::NotAManifest { request, found } => {
                format!("the registry answered `{request}` with no manifest: it is {found}")
            }
            RegistryError::Unexpected { request, status, said } => {
                format!("the registry answered `{request}` with status {status}: {said}")
            }
        }
    }

    fn hint(&self) -> String {
        match self {
            RegistryError::Unreachable { .. } => {
                "is `registry` right, and the network up? `HTTPS_PROXY` and `NO_PROXY` count; `--load` needs no registry".to_owned()
            }
            RegistryError::Tls { .. } => {
                "add its certificate authority to the system's, to the file that `SSL_CERT_FILE` names, or to `/etc/docker/certs.d/HOST/ca.crt`".to_owned()
            }
            RegistryError::NoCredentials { host, is_ecr: true }
            | RegistryError::Refused { host, is_ecr: true, .. } => format!(
                "`aws ecr get-login-password | docker login --username AWS --password-stdin {host}`; may your AWS identity use it? `aws sts get-caller-identity` tells who you are"
            ),
            RegistryError::NoCredentials { host, .. } | RegistryError::Refused { host, .. } => {
                format!("`docker login {host}`, as somebody who may pull and push")
            }
            RegistryError::Forbidden { host, .. } => format!(
                "may you, and this machine, use it? `docker login {host}` and `docker pull` of one of its images show more"
            ),
            RegistryError::InsecureRealm { .. } => {
                "is `registry` right? a registry behind a proxy must be told that it is reached by `https`".to_owned()
            }
            RegistryError::Endless { command, .. } if command.starts_with("docker") => {
                "does docker's credential helper ask for something? run it by hand; it is given the password of `aws ecr get-login-password`".to_owned()
            }
            RegistryError::Endless { .. } => {
                "does it ask for something, such as an MFA code, or wait for the network? `aws sts get-caller-identity` by hand shows it, and the AWS client keeps the session of a role".to_owned()
            }
            RegistryError::Config { .. } => "mend it, or name another folder by `DOCKER_CONFIG`".to_owned(),
            RegistryError::Helper { host, .. } => {
                format!("`docker login {host}` shows more; the program is named by `credHelpers` or `credsStore` in docker's `config.json`")
            }
            RegistryError::RepositoriesMissing { names, region } => {
                let first = names.first().map_or("", String::as_str);
                format!("`cargo xtask build-lambdas --create-repositories` makes them; by hand: `aws ecr create-repository --region {region} --repository-name {first}`, and so for each")
            }
            RegistryError::Command { command, .. } if command.starts_with("docker") => {
                "run it by hand to see more; it is given the password of `aws ecr get-login-password`".to_owned()
            }
            RegistryError::Command { .. } => {
                "`aws sts get-caller-identity` tells whether the AWS client has credentials (`AWS_PROFILE`, `aws sso login`)".to_owned()
            }
            RegistryError::RateLimited { host, .. } => {
                format!("run again later; `docker login {host}` raises the limit of many registries")
            }
            RegistryError::Redirect { .. } | RegistryError::NotAManifest { .. } => {
                "is `registry` right? a sign-in page or a proxy may stand before it: `HTTPS_PROXY` and `NO_PROXY` count; `--load` needs no registry".to_owned()
            }
            RegistryError::Interrupted { .. } => {
                "run again: what was built till then is found, and not built again".to_owned()
            }
            RegistryError::Failing { .. } | RegistryError::Unexpected { .. } => {
                "run again later; `--load` needs no registry".to_owned()
            }
            RegistryError::TagTaken { .. } => {
                "somebody else gave that tag: remove it, or move it by `--force`, which builds anew (immutable tags can't be moved)".to_owned()
            }
            RegistryError::WrongBytes { .. } => {
                "is there a proxy that changes what passes?".to_owned()
            }
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", escape_line(&self.message()), escape_line(&self.hint()))
    }
}

impl std::error::Error for RegistryError {}
