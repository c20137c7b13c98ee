//! Folders of the workspace that match a glob of the configuration.

use std::fs;
use std::path::Path;

/// A glob of folders. `*` and `?` stay within one component, `**` is any number of them. Hidden
/// folders match only by a component that starts with a dot.
#[derive(Debug, Clone)]
pub(crate) struct Glob(Vec<Component>);

impl Glob {
    /// # Errors
    /// The glob is malformed.
    pub(crate) fn parse(glob: &str) -> Result<Glob, glob::PatternError> {
        let components = glob.split('/').filter(|part| !part.is_empty() && *part != ".");
        components.map(Component::parse).collect::<Result<_, _>>().map(Glob)
    }

    /// Whether a folder with this path would match.
    pub(crate) fn matches(&self, folder: &str) -> bool {
        let names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
        matches(&self.0, &names)
    }

    /// Whether a folder that is this one, or anywhere in it, could match.
    pub(crate) fn may_match_within(&self, folder: &str) -> bool {
        let names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
        may_match_within(&self.0, &names)
    }
}

fn may_match_within(components: &[Component], names: &[&str]) -> bool {
    let Some((name, below)) = names.split_first() else { return true };
    let Some((first, rest)) = components.split_first() else { return false };
    match first {
        Component::AnyDepth => {
            may_match_within(rest, names)
                || (!name.starts_with('.') && may_match_within(components, below))
        }
        _ => first.matches_name(name) && may_match_within(rest, below),
    }
}

fn matches(components: &[Component], names: &[&str]) -> bool {
    let Some((first, rest)) = components.split_first() else { return names.is_empty() };
    match first {
        Component::AnyDepth => {
            matches(rest, names)
                || names.split_first().is_some_and(|(name, below)| {
                    !name.starts_with('.') && matches(components, below)
                })
        }
        _ => names
            .split_first()
            .is_some_and(|(name, below)| first.matches_name(name) && matches(rest, below)),
    }
}

/// All folders below `root` that match `glob`, relative to it and sorted.
pub(crate) fn matching_folders(root: &Path, glob: &Glob) -> Vec<String> {
    let mut found = Vec::new();
    collect(root, "", &glob.0, &mut found);
    found.sort();
    found.dedup();
    found
}

#[derive(Debug, Clone)]
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

    fn matches_name(&self, name: &str) -> bool {
        match self {
            Component::AnyDepth => true,
            Component::Literal(own) => own == name,
            Component::Pattern(pattern, hidden) => {
                pattern.matches(name) && (*hidden || !name.starts_with('.'))
            }
        }
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
        Component::Pattern(..) => {
            for name in subfolders(root, folder) {
                if first.matches_name(&name) {
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
        let glob = Glob::parse(glob).unwrap();
        assert_eq!(matching_folders(root.path(), &glob), expected);
        let folders = ["packages/b", "packages/a", "packages/a/src", "packages/.hidden", "lambdas"];
        for folder in folders.into_iter().chain(["lambdas/x", "lambdas/x/y", "target", "packages"])
        {
            assert_eq!(glob.matches(folder), expected.contains(&folder), "{folder}");
        }
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
    fn what_may_match_within_a_folder() {
        let may = |glob: &str, folder: &str| Glob::parse(glob).unwrap().may_match_within(folder);
        for folder in ["", "packages", "packages/a"] {
            assert!(may("packages/*", folder), "{folder}");
        }
        for folder in ["packages/a/vendor", "packages/.hidden", "lambdas", "other/packages/a"] {
            assert!(!may("packages/*", folder), "{folder}");
        }
        for folder in ["lib", "lib/a/b/packages/c", "lib/a"] {
            assert!(may("lib/**/packages/*", folder), "{folder}");
        }
        assert!(!may("lib/**/packages/*", "other/packages"));
    }

    #[test]
    fn a_malformed_glob_is_an_error() {
        assert!(Glob::parse("packages/[a").is_err());
    }
}
