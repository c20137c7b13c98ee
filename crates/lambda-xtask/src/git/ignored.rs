//! Which paths git ignores, and by which pattern: asked of git itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use lambda_images::git_ignored::IgnoreRule;
use lambda_images::paths;
use std::process::Stdio;

use super::Git;
use crate::process::{DOCKER_LIMIT, spawn_group};

impl Git {
    /// Those of some paths that git neither keeps nor would: each with the pattern.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn ignored(
        &self,
        asked: &BTreeSet<String>,
    ) -> anyhow::Result<BTreeMap<String, IgnoreRule>> {
        let unknown: BTreeSet<&str> =
            asked.iter().map(String::as_str).filter(|path| !self.keeps(path)).collect();
        if unknown.is_empty() {
            return Ok(BTreeMap::new());
        }
        // With the folders above each, of which the uppermost that is ignored is to be found.
        let mut all = unknown.clone();
        for path in &unknown {
            let mut folder = paths::parent(path);
            while !folder.is_empty() && all.insert(folder) {
                folder = paths::parent(folder);
            }
        }
        let input: Vec<u8> =
            all.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        let mut command = self.repository.git();
        command.args(["check-ignore", "-z", "--verbose", "--stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = spawn_group(&mut command).context("failed to run `git check-ignore`")?;
        let output = child.hear_out(&input, DOCKER_LIMIT);
        let output = output.context("failed to run `git check-ignore`")?;
        // 1: none of them is ignored.
        if !matches!(output.status.code(), Some(0 | 1)) {
            bail!("`git check-ignore`: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let rules = parse(&String::from_utf8_lossy(&output.stdout));
        let with_top = |path: &&str| {
            let rule = rules.get(*path)?;
            let mut top = *path;
            let mut folder = paths::parent(path);
            while !folder.is_empty() {
                if rules.contains_key(folder) {
                    top = folder;
                }
                folder = paths::parent(folder);
            }
            Some(((*path).to_owned(), IgnoreRule { top: top.to_owned(), ..rule.clone() }))
        };
        Ok(unknown.iter().filter_map(with_top).collect())
    }
}

/// Reads source, line, pattern and path of each, all with a NUL behind.
fn parse(said: &str) -> BTreeMap<String, IgnoreRule> {
    let fields: Vec<&str> = said.split('\0').collect();
    let rule = |fields: &[&str]| match fields {
        // One that takes a path in again is told as well.
        [source, line, pattern, path] if !pattern.starts_with('!') => {
            let rule = IgnoreRule {
                source: (*source).to_owned(),
                line: line.parse().unwrap_or(1),
                pattern: (*pattern).to_owned(),
                top: String::new(),
            };
            Some(((*path).to_owned(), rule))
        }
        _ => None,
    };
    fields.chunks(4).filter_map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_with_their_places() {
        let said =
            ".gitignore\x003\x00*.pyc\x00a/b.pyc\x00x/.gitignore\x001\x00!keep\x00x/keep\x00";
        let rules = parse(said);
        assert_eq!(rules.keys().collect::<Vec<_>>(), ["a/b.pyc"]);
        assert_eq!((rules["a/b.pyc"].line, rules["a/b.pyc"].pattern.as_str()), (3, "*.pyc"));
    }
}
