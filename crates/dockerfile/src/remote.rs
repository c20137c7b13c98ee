//! Sources of `ADD` that are no paths: URLs and git references.
//!
//! It decides which of the three a source is, as `dfgitutil.ParseGitRef` does, and which
//! commit a git reference names. It fetches nothing.

/// What a source outside the contexts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteKind {
    /// A file at an `http://` or `https://` URL.
    Http,
    /// A git repository.
    Git,
}

/// A remote source, and the commit that the source's own text asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) kind: RemoteKind,
    pub(crate) commit: Option<String>,
}

/// Whether a URL of a context says which commit, or which digest, it means.
#[must_use]
pub fn is_pinned_url(url: &str) -> bool {
    let is_layout = url.starts_with("oci-layout://") && url.contains("@sha256:");
    is_layout || parse_remote(url).is_some_and(|remote| remote.commit.is_some())
}

/// `None` for a path.
pub(crate) fn parse_remote(source: &str) -> Option<Remote> {
    // Every form has one.
    if !source.contains(':') {
        return None;
    }
    if let Some(git) = parse_git(source) {
        return Some(git);
    }
    let http = source.starts_with("http://") || source.starts_with("https://");
    http.then_some(Remote { kind: RemoteKind::Http, commit: None })
}

fn parse_git(source: &str) -> Option<Remote> {
    if ["./", "../", "github.com/"].iter().any(|path| source.starts_with(path)) {
        return None;
    }
    let (before, fragment) = match source.split_once('#') {
        Some((before, fragment)) => (before, fragment),
        None => (source, ""),
    };
    let (address, query) = match before.split_once('?') {
        Some((address, query)) => (address, query),
        None => (before, ""),
    };
    let is_git = match split_scheme(address) {
        Some((scheme, rest)) => match scheme.as_str() {
            "ssh" | "git" => is_url(rest),
            // Other URLs of these are files.
            "http" | "https" => is_url(rest) && rest.contains('/') && rest.ends_with(".git"),
            _ => false,
        },
        None => is_scp_style(address),
    };
    is_git.then(|| Remote { kind: RemoteKind::Git, commit: commit_of(fragment, query) })
}

/// `scheme://…` with the scheme in lowercase.
fn split_scheme(address: &str) -> Option<(String, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let valid = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    valid.then(|| (scheme.to_lowercase(), rest))
}

/// Go's `url.Parse` refuses control characters and broken percent escapes.
fn is_url(rest: &str) -> bool {
    let escapes_valid = rest
        .split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    escapes_valid && !rest.chars().any(|c| c.is_ascii_control())
}

/// `user@host:path`
fn is_scp_style(address: &str) -> bool {
    let Some((user, rest)) = address.split_once('@') else { return false };
    let Some((host, path)) = rest.split_once(':') else { return false };
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    plain(user, b"-_") && plain(host, b"-.") && !path.contains('\n')
}

/// `#commit:folder`, `?checksum=commit` or `?commit=commit`; a branch or tag is no commit.
fn commit_of(fragment: &str, query: &str) -> Option<String> {
    let pinned = query.split('&').find_map(|pair| match pair.split_once('=') {
        Some(("checksum" | "commit", value)) if !value.is_empty() => Some(value),
        _ => None,
    });
    let reference = fragment.split(':').next().unwrap_or_default();
    let is_commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    pinned.or(is_commit.then_some(reference)).map(str::to_owned)
}

#[cfg(test)]
mod tests;
