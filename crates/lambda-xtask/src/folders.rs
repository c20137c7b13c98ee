//! Folders of the workspace that match a glob of the configuration.

use std::fs;
use std::path::Path;

/// All folders below `root` that match `glob`, relative to it and sorted. `*` and `?` stay
/// within one component, `**` is any number of them. Hidden folders match only by a
/// component that starts with a dot.
///
/// # Errors
/// The glob is malformed.
pub(crate) fn matching_folders(root: &Path, glob: &str) -> Result<Vec<String>, glob::PatternError> {
    let components: Vec<Component> = glob
        .split('/')
        .filter(|component| !component.is_empty() && *component != ".")
        .map(Component::parse)
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    collect(root, "", &components, &mut found);
    found.sort();
    found.dedup();
    Ok(found)
}

enum Component {
    AnyDepth,
    Literal(String),
    Pattern(glob::Pattern, bool),
}

impl Component {
    fn parse(text: &str) -> Result<Component, glob::PatternError> {
        if text == "**" {
            return Ok(Component::AnyDepth);
        }
        if !text.contains(['*', '?', '[']) {
            return Ok(Component::Literal(text.to_owned()));
        }
        Ok(Component::Pattern(glob::Pattern::new(text)?, text.starts_with('.')))
    }
}

fn collect(root: &Path, folder: &str, components: &[Component], found: &mut Vec<String>) {
    let Some((first, rest)) = components.split_first() else {
        found.push(folder.to_owned());
        return;
    };
    match first {
        Component::Literal(name) => {
            let below = join(folder, name);
            if root.join(&below).is_dir() {
                collect(root, &below, rest, found);
            }
        }
        Component::Pattern(matcher, hidden) => {
            for name in subfolders(root, folder) {
                if matcher.matches(&name) && (*hidden || !name.starts_with('.')) {
                    collect(root, &join(folder, &name), rest, found);
                }
            }
        }
        Component::AnyDepth => {
            collect(root, folder, rest, found);
            for name in subfolders(root, folder) {
                if !name.starts_with('.') {
                    collect(root, &join(folder, &name), components, found);
                }
            }
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Names of the folders in a folder; links to folders are left out, so that no walk is endless.
fn subfolders(root: &Path, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(glob: &str, expected: &[&str]) {
        let root = tempfile::tempdir().unwrap();
        for folder in ["packages/b", "packages/a/src", "packages/.hidden", "lambdas/x/y", "target"]
        {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("packages/file"), "").unwrap();
        assert_eq!(matching_folders(root.path(), glob).unwrap(), expected);
    }

    #[test]
    fn globs_match_folders_only() {
        check("packages/*", &["packages/a", "packages/b"]);
        check("./packages/a/", &["packages/a"]);
        check("packages/none", &[]);
        check("packages/.h*", &["packages/.hidden"]);
        check("lambdas/**", &["lambdas", "lambdas/x", "lambdas/x/y"]);
        check("**/y", &["lambdas/x/y"]);
        check("packages/[ab]", &["packages/a", "packages/b"]);
    }

    #[test]
    fn a_malformed_glob_is_an_error() {
        assert!(matching_folders(Path::new("/"), "packages/[a").is_err());
    }
}
