//! Paths relative to the workspace root, `/`-separated on every machine; the root itself is
//! the empty string. No path here is looked up: these are texts.

/// `relative` seen from `folder`, normalised. `None`: it is absolute, or leads out of the root.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `path`, which is relative to `folder`, from the root.
pub fn in_folder(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The folder that holds `path`.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` relative to `folder`; `None` where it lies elsewhere. The folder itself is "".
pub fn strip_folder<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// For people and for `docker`: the root is `.`.
pub fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &str, relative: &str, joined: Option<&str>) {
        assert_eq!(join(folder, relative).as_deref(), joined);
    }

    #[test]
    fn joins_inside_the_root_only() {
        check("lambdas/a", "Dockerfile", Some("lambdas/a/Dockerfile"));
        check("lambdas/a", "../../packages/./b", Some("packages/b"));
        check("lambdas/a", "../..", Some(""));
        check("lambdas/a", "../../..", None);
        check("lambdas/a", "/etc", None);
        check("", "a//b/", Some("a/b"));
    }

    #[test]
    fn a_folder_is_not_a_prefix_of_its_neighbour() {
        assert_eq!(strip_folder("lambdas/a", "lambdas/a/handler.py"), Some("handler.py"));
        assert_eq!(strip_folder("lambdas/a", "lambdas/ab"), None);
        assert_eq!(strip_folder("lambdas/a", "lambdas/a"), Some(""));
        assert_eq!(strip_folder("", "x"), Some("x"));
    }
}
