//! Go's `path.Clean`, by which BuildKit makes paths and ignore patterns comparable.
//!
//! It works on text alone: no symlink is followed.

/// The shortest equivalent of `path`: no empty, `.` or inner `..` components, no trailing
/// slash; `.` for the empty path.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(".."),
            },
            name => kept.push(name),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}

/// `path` as seen from the root of a context: cleaned below `/`, without the leading slash;
/// `.` for the root itself.
pub(crate) fn below_root(path: &str) -> String {
    if path.split('/').all(|component| !matches!(component, "" | "." | "..")) {
        return path.to_owned();
    }
    let cleaned = clean(&format!("/{path}"));
    match &cleaned[1..] {
        "" => ".".to_owned(),
        relative => relative.to_owned(),
    }
}

#[cfg(test)]
mod tests;
